// Memory runs out at every single allocation of a whole enrollment, on both sides of it and over each
// store. Each call succeeds or says so; the process lives, nothing leaks, and no use is lost or counted
// twice. The library must be built so that it may say so: with RUSTC_BOOTSTRAP=provkey.
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

#include "failing_allocator.h"
#include "fleet.h"
#include "secure_element.h"
#include "table_store.h"

static fleet sensors;
static uint64_t enrolled_so_far;

// A whole enrollment, under the allocator as it is; gives up at the first error, whose status it returns.
static provkey_status enroll_once(provkey_identity **identity, bool in_hardware)
{
    static const uint8_t answer_of_nobody[] = "";
    provkey_provisioning_key *key = NULL;
    provkey_request *request = NULL;
    provkey_enrolled *enrolled = NULL;
    provkey_bytes *text = NULL;
    provkey_bytes *file = NULL;
    provkey_identity *opened = NULL;
    provkey_identity_details *details = NULL;
    provkey_error *error = NULL;
    (void)answer_of_nobody;

    provkey_status status = provkey_authority_copy_key(sensors.authority, sensors.key->id, &text, &error);
    if (status == PROVKEY_STATUS_OK) {
        status = provkey_provisioning_key_read(text->data, text->len, &key, &error);
    }
    if (status == PROVKEY_STATUS_OK && *identity == NULL && !in_hardware) {
        status = provkey_identity_generate(0, identity, &error);
    }
    if (status == PROVKEY_STATUS_OK) {
        status = provkey_identity_request(*identity, key, NULL, &request, &error);
    }
    if (status == PROVKEY_STATUS_OK) {
        const provkey_enroll_request enroll_request = fleet_enroll_request(request);
        status = provkey_authority_enroll(sensors.authority, &enroll_request, &enrolled, &error);
    }
    if (status == PROVKEY_STATUS_OK) {
        const char *chain = enrolled->chain_pem;
        status = provkey_identity_accept(*identity, (const uint8_t *)chain, strlen(chain), now_ms(), NULL,
                                         &error);
    }
    if (status == PROVKEY_STATUS_OK) {
        status = provkey_identity_seal(*identity, MATERIAL, NULL, &file, &error);
    }
    if (status == PROVKEY_STATUS_OK) {
        status = provkey_identity_open(file->data, file->len, MATERIAL, &opened, &error);
    }
    if (status == PROVKEY_STATUS_OK) {
        status = provkey_identity_describe(opened, now_ms(), &details, &error);
    }
    // An error that could not be had either is none; one that could has the status.
    CHECK(status != PROVKEY_STATUS_OK || error == NULL);
    CHECK(error == NULL || error->status == status);
    provkey_error_free(error);
    provkey_identity_details_free(details);
    provkey_identity_free(opened);
    provkey_bytes_free(file);
    provkey_enrolled_free(enrolled);
    provkey_request_free(request);
    provkey_provisioning_key_free(key);
    provkey_bytes_free(text);
    return status;
}

static bool may_be(provkey_status status)
{
    return status == PROVKEY_STATUS_OK || status == PROVKEY_STATUS_OUT_OF_MEMORY ||
           status == PROVKEY_STATUS_SIGNER_FAILED || status == PROVKEY_STATUS_SIGNER_UNAVAILABLE ||
           (status >= PROVKEY_STATUS_STORE_BUSY && status <= PROVKEY_STATUS_STORE_UNAVAILABLE);
}

// With the allocation number `n` failing, and `more` after it. Returns whether there was one.
static bool enroll_with_failure(size_t n, size_t more, provkey_signer *signer)
{
    provkey_identity *identity = NULL;
    if (signer != NULL) {
        OK(provkey_identity_with_signer(signer, &identity, ERR));
    }
    allocator_fail_at(n, more);
    const provkey_status status = enroll_once(&identity, signer != NULL);
    const bool failed = allocator_stop();
    if (!may_be(status)) {
        fprintf(stderr, "allocation %zu: status %d\n", n, (int)status);
    }
    CHECK(may_be(status));
    CHECK(failed || status == PROVKEY_STATUS_OK);
    // The same connector asks again.
    CHECK(enroll_once(&identity, false) == PROVKEY_STATUS_OK);
    enrolled_so_far += signer == NULL || n == 1;
    CHECK(fleet_used(sensors.authority, sensors.key->id) == enrolled_so_far);
    provkey_identity_free(identity);
    return failed;
}

static void enroll_with_every_failure(const char *over, size_t more, provkey_signer *signer)
{
    size_t n = 1;
    while (enroll_with_failure(n, more, signer)) {
        n += 1;
    }
    printf("%s: %zu allocations failed, %zu more each time\n", over, n - 1, more);
    CHECK(n > 100);
}

// Opens a fleet on the store, fails everywhere, and looks for what was left behind.
static void over(const char *name, provkey_store *(*make)(void))
{
    const long before = allocator_blocks();
    provkey_store *store = make();
    CHECK(store != NULL);
    sensors = fleet_new((fleet_parts){.store = store}, 1000000);
    enrolled_so_far = 0;
    enroll_with_every_failure(name, 0, NULL);
    enroll_with_every_failure(name, 1000000, NULL);
    fleet_free(&sensors);
    provkey_store_free(store);
    check_thread_done();
    printf("%s: %ld blocks more than before\n", name, allocator_blocks() - before);
}

static provkey_store *new_memory(void)
{
    provkey_store *store = NULL;
    OK(provkey_store_memory(&store, ERR));
    return store;
}

static char path[64];

static provkey_store *new_sqlite(void)
{
    provkey_store *store = NULL;
    OK(provkey_store_sqlite_create(path, &store, ERR));
    return store;
}

static void memory(void)
{
    over("memory", new_memory);
}

static void table_in_c(void)
{
    over("table", table_store_new);
    CHECK(table_stores_alive() == 0);
}

static void sqlite(void)
{
    char other[80];
    snprintf(path, sizeof(path), "/tmp/provkey-memory-%ld.db", (long)getpid());
    over("sqlite", new_sqlite);
    unlink(path);
    snprintf(other, sizeof(other), "%s-wal", path);
    unlink(other);
    snprintf(other, sizeof(other), "%s-shm", path);
    unlink(other);
}

int main(void)
{
    RUN(memory);
    RUN(table_in_c);
    RUN(sqlite);
    return check_done();
}
