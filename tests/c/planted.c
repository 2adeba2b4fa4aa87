// Planted faults. The tools that watch the tests must report them; otherwise their silence means
// nothing.
//
// usage: planted leak|overflow|use-after-free|undefined|race|race-in-library
#include <limits.h>
#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>

#include "check.h"

static volatile size_t seven = 7;
static volatile int value;

// An object of the library that is never freed.
static void leak(void)
{
    provkey_identity *volatile identity = NULL;
    OK(provkey_identity_generate(0, (provkey_identity **)&identity, ERR));
    identity = NULL;
}

static void overflow(void)
{
    volatile char *block = malloc(seven);
    CHECK(block != NULL);
    block[seven] = 1;
    free((void *)(uintptr_t)block);
}

// An object of the library that is used after it was freed.
static void use_after_free(void)
{
    provkey_bytes *bytes = NULL;
    provkey_identity *identity = NULL;
    OK(provkey_identity_generate(0, &identity, ERR));
    OK(provkey_identity_to_bytes(identity, &bytes, ERR));
    provkey_identity_free(identity);
    const volatile uint8_t *data = bytes->data;
    provkey_bytes_free(bytes);
    // A branch: memcheck does not report a value that is read and not used.
    if (data[seven] == 1) {
        puts("");
    }
}

static void undefined(void)
{
    value = INT_MAX;
    value = value + (int)seven;
}

static void *change(void *nothing)
{
    value = value + 1;
    return nothing;
}

// Both threads let the library write a fingerprint to the same memory.
static void *write_fingerprint(void *fingerprint)
{
    OK(provkey_fingerprint_of((const uint8_t *)"machine", 7, fingerprint, ERR));
    return NULL;
}

static void race(void *(*work)(void *), void *argument)
{
    pthread_t threads[2];
    for (size_t i = 0; i < 2; i++) {
        CHECK(pthread_create(&threads[i], NULL, work, argument) == 0);
    }
    for (size_t i = 0; i < 2; i++) {
        CHECK(pthread_join(threads[i], NULL) == 0);
    }
}

int main(int count, char **argument)
{
    provkey_fingerprint fingerprint;
    CHECK(count == 2);
    const char *what = argument[1];
    if (strcmp(what, "leak") == 0) {
        leak();
    } else if (strcmp(what, "overflow") == 0) {
        overflow();
    } else if (strcmp(what, "use-after-free") == 0) {
        use_after_free();
    } else if (strcmp(what, "undefined") == 0) {
        undefined();
    } else if (strcmp(what, "race") == 0) {
        race(change, NULL);
    } else if (strcmp(what, "race-in-library") == 0) {
        race(write_fingerprint, &fingerprint);
    } else {
        return 2;
    }
    // Without a tool the program ends here, with success.
    return 0;
}
