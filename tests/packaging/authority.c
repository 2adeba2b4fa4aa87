// The smallest authority: writes a key to the output, reads a request from the input, and answers
// it. `authority FILE` uses a store in a SQLite file, otherwise one in memory.
//
// It is valid C and C++.
#include <provkey.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static void must(provkey_status status, provkey_error *const *error) {
    if (status != PROVKEY_STATUS_OK) {
        fprintf(stderr, "authority: %s: %s\n", (*error)->code, (*error)->message);
        exit(1);
    }
}

static provkey_authority *create(const char *path) {
    provkey_error *error = NULL;
    provkey_store *store = NULL;
    if (path) {
        must(provkey_store_sqlite_create(path, &store, &error), &error);
    } else {
        must(provkey_store_memory(&store, &error), &error);
    }

    provkey_keyring *keyring = NULL;
    must(provkey_keyring_generate(NULL, &keyring, &error), &error);
    provkey_environment environment;
    memset(&environment, 0, sizeof environment);
    environment.struct_size = sizeof environment;
    environment.store = store;
    provkey_new_authority how;
    memset(&how, 0, sizeof how);
    how.struct_size = sizeof how;
    how.host = "enroll.example";
    provkey_authority *authority = NULL;
    must(provkey_authority_create(&environment, keyring, &how, &authority, &error), &error);
    provkey_keyring_free(keyring);
    provkey_store_free(store);
    return authority;
}

static void print_key(const provkey_authority *authority) {
    provkey_error *error = NULL;
    provkey_connector_group *group = NULL;
    must(provkey_authority_create_group(authority, "branch", &group, &error), &error);
    provkey_new_certificate new_certificate;
    memset(&new_certificate, 0, sizeof new_certificate);
    new_certificate.struct_size = sizeof new_certificate;
    new_certificate.name = "branch";
    provkey_enrollment_certificate *certificate = NULL;
    must(provkey_authority_create_certificate(authority, &new_certificate, &certificate, &error), &error);
    provkey_new_key new_key;
    memset(&new_key, 0, sizeof new_key);
    new_key.struct_size = sizeof new_key;
    new_key.name = "branch";
    new_key.group = group->id;
    new_key.certificate = certificate->id;
    new_key.max_uses = 1;
    provkey_key_details *key = NULL;
    must(provkey_authority_create_key(authority, &new_key, &key, &error), &error);

    provkey_bytes *text = NULL;
    must(provkey_authority_copy_key(authority, key->id, &text, &error), &error);
    puts((const char *)text->data);
    fflush(stdout);

    provkey_bytes_free(text);
    provkey_key_details_free(key);
    provkey_enrollment_certificate_free(certificate);
    provkey_connector_group_free(group);
}

// Reads a request in PEM up to its last line.
static size_t read_request(char *request, size_t size) {
    size_t len = 0;
    while (fgets(request + len, (int)(size - len), stdin)) {
        int last = strncmp(request + len, "-----END", 8) == 0;
        len += strlen(request + len);
        if (last) break;
    }
    return len;
}

int main(int argc, char **argv) {
    char csr[16384];
    provkey_error *error = NULL;
    provkey_authority *authority = create(argc > 1 ? argv[1] : NULL);
    print_key(authority);

    provkey_enroll_request request;
    memset(&request, 0, sizeof request);
    request.struct_size = sizeof request;
    request.csr = (const uint8_t *)csr;
    request.csr_len = read_request(csr, sizeof csr);
    provkey_enrolled *enrolled = NULL;
    must(provkey_authority_enroll(authority, &request, &enrolled, &error), &error);
    fputs(enrolled->chain_pem, stdout);

    provkey_enrolled_free(enrolled);
    provkey_authority_free(authority);
    return 0;
}
