// The smallest connector: reads a key, makes a request, accepts the answer. The key is the first
// line of the input, the answer follows; the request goes to the output.
//
// It is valid C and C++, and also runs with a library for connectors only.
#include <provkey.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

static void must(provkey_status status, provkey_error *const *error) {
    if (status != PROVKEY_STATUS_OK) {
        fprintf(stderr, "connector: %s: %s\n", (*error)->code, (*error)->message);
        exit(1);
    }
}

static uint64_t now_ms(void) {
    return (uint64_t)time(NULL) * 1000;
}

int main(void) {
    char line[1024], answer[16384];
    provkey_error *error = NULL;

    if (strcmp(provkey_version(), PROVKEY_VERSION) != 0 || provkey_abi_version() != PROVKEY_ABI_VERSION) {
        fputs("connector: the library is not that of the header\n", stderr);
        return 1;
    }

    provkey_provisioning_key *key = NULL;
    if (!fgets(line, sizeof line, stdin)) return 1;
    must(provkey_provisioning_key_read((const uint8_t *)line, strlen(line), &key, &error), &error);

    provkey_identity *identity = NULL;
    must(provkey_identity_generate(PROVKEY_KEY_ALGORITHM_P256, &identity, &error), &error);
    provkey_request *request = NULL;
    must(provkey_identity_request(identity, key, NULL, &request, &error), &error);
    fputs(request->pem, stdout);
    fflush(stdout);

    size_t len = fread(answer, 1, sizeof answer, stdin);
    provkey_accepted accepted;
    memset(&accepted, 0, sizeof accepted);
    must(provkey_identity_accept(identity, (const uint8_t *)answer, len, now_ms(), &accepted, &error), &error);
    fputs(accepted.not_after_ms > now_ms() ? "connector: enrolled\n" : "connector: expired\n", stderr);

    provkey_request_free(request);
    provkey_identity_free(identity);
    provkey_provisioning_key_free(key);
    return 0;
}
