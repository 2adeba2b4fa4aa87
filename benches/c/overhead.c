/* How many of something the C ABI does in a second: overhead read|request|enroll COUNT.
 * benches/benches/c_abi.rs does the same in Rust, and runs this in turn. */
#define _DEFAULT_SOURCE

#include <provkey.h>

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

static provkey_error *error;

static void check(provkey_status status)
{
    if (status == PROVKEY_STATUS_OK)
        return;
    fprintf(stderr, "error: %s\n", error != NULL ? error->message : provkey_status_code(status));
    exit(1);
}

static double seconds(void)
{
    struct timespec now;
    clock_gettime(CLOCK_MONOTONIC, &now);
    return (double)now.tv_sec + (double)now.tv_nsec / 1e9;
}

/* An authority in memory, and the text of a key. */
static provkey_authority *make_authority(provkey_bytes **text)
{
    provkey_store *store = NULL;
    provkey_keyring *keyring = NULL;
    provkey_authority *authority = NULL;
    provkey_connector_group *group = NULL;
    provkey_enrollment_certificate *certificate = NULL;
    provkey_key_details *key = NULL;
    check(provkey_store_memory(&store, &error));
    check(provkey_keyring_generate(NULL, &keyring, &error));
    provkey_environment environment = {.struct_size = sizeof environment, .store = store};
    provkey_new_authority wanted = {.struct_size = sizeof wanted, .host = "api.private.example.com"};
    provkey_new_certificate new_certificate = {.struct_size = sizeof new_certificate, .name = "c"};
    check(provkey_authority_create(&environment, keyring, &wanted, &authority, &error));
    check(provkey_authority_create_group(authority, "group", &group, &error));
    check(provkey_authority_create_certificate(authority, &new_certificate, &certificate, &error));
    provkey_new_key new_key = {.struct_size = sizeof new_key, .name = "key", .max_uses = 1000000};
    new_key.group = group->id;
    new_key.certificate = certificate->id;
    check(provkey_authority_create_key(authority, &new_key, &key, &error));
    check(provkey_authority_copy_key(authority, key->id, text, &error));
    provkey_key_details_free(key);
    provkey_enrollment_certificate_free(certificate);
    provkey_connector_group_free(group);
    provkey_keyring_free(keyring);
    provkey_store_free(store);
    return authority;
}

static double read_keys(const provkey_bytes *text, size_t count)
{
    double started = seconds();
    for (size_t each = 0; each < count; each++) {
        provkey_provisioning_key *key = NULL;
        check(provkey_provisioning_key_read(text->data, text->len, &key, &error));
        provkey_provisioning_key_free(key);
    }
    return seconds() - started;
}

static provkey_request *make_request(provkey_identity *identity, const provkey_provisioning_key *key)
{
    provkey_request *request = NULL;
    check(provkey_identity_request(identity, key, NULL, &request, &error));
    return request;
}

static provkey_identity *make_identity(void)
{
    provkey_identity *identity = NULL;
    check(provkey_identity_generate(PROVKEY_KEY_ALGORITHM_P256, &identity, &error));
    return identity;
}

static double make_requests(const provkey_provisioning_key *key, size_t count)
{
    provkey_identity *identity = make_identity();
    double started = seconds();
    for (size_t each = 0; each < count; each++)
        provkey_request_free(make_request(identity, key));
    double took = seconds() - started;
    provkey_identity_free(identity);
    return took;
}

static double enroll(const provkey_authority *authority, const provkey_provisioning_key *key,
                     size_t count)
{
    provkey_request **requests = calloc(count, sizeof *requests);
    for (size_t each = 0; requests != NULL && each < count; each++) {
        provkey_identity *identity = make_identity();
        requests[each] = make_request(identity, key);
        provkey_identity_free(identity);
    }
    double started = seconds();
    for (size_t each = 0; requests != NULL && each < count; each++) {
        provkey_enroll_request request = {.struct_size = sizeof request};
        provkey_enrolled *enrolled = NULL;
        request.csr = requests[each]->der.data;
        request.csr_len = requests[each]->der.len;
        check(provkey_authority_enroll(authority, &request, &enrolled, &error));
        provkey_enrolled_free(enrolled);
    }
    double took = seconds() - started;
    for (size_t each = 0; requests != NULL && each < count; each++)
        provkey_request_free(requests[each]);
    free(requests);
    return took;
}

int main(int arguments_len, char **arguments)
{
    const char *what = arguments_len == 3 ? arguments[1] : "";
    size_t count = arguments_len == 3 ? strtoul(arguments[2], NULL, 10) : 0;
    provkey_bytes *text = NULL;
    provkey_provisioning_key *key = NULL;
    provkey_authority *authority = make_authority(&text);
    check(provkey_provisioning_key_read(text->data, text->len, &key, &error));
    double took = 0;
    if (strcmp(what, "read") == 0)
        took = read_keys(text, count);
    else if (strcmp(what, "request") == 0)
        took = make_requests(key, count);
    else if (strcmp(what, "enroll") == 0)
        took = enroll(authority, key, count);
    provkey_provisioning_key_free(key);
    provkey_bytes_free(text);
    provkey_authority_free(authority);
    if (took <= 0)
        return 2;
    printf("%f\n", (double)count / took);
    return 0;
}
