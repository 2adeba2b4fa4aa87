// Hostile calls: a valid object of every type, so that in each call exactly one argument is wrong.
#include <openssl/ec.h>
#include <openssl/x509.h>
#include <stdlib.h>
#include <unistd.h>

#include "external_ca.h"
#include "fleet.h"
#include "hostile.h"
#include "secure_element.h"
#include "table_store.h"

#define DEFINE_HANDLE(name) provkey_##name *good_##name;
HOSTILE_HANDLES(DEFINE_HANDLE)

static const uint8_t key_of_record[] = "a key";
static const char *ranges[] = {"192.0.2.0/24"};
static uint8_t *public_key;
static int public_key_len;
static char checkpoint[32];
static char token_text[128];
static char *external_pem;
static char *external_key;
static char path[64];
static fleet sensors;

static uint64_t read_clock(void *user_data)
{
    (void)user_data;
    return now_ms();
}

static provkey_status fill(void *user_data, uint8_t *bytes, size_t len)
{
    (void)user_data;
    for (size_t i = 0; i < len; i++) {
        bytes[i] = (uint8_t)rand();
    }
    return PROVKEY_STATUS_OK;
}

static void observe(void *user_data, const provkey_event *event)
{
    (void)user_data;
    (void)event;
}

static provkey_status get(void *user_data, const provkey_slice *keys, size_t keys_len,
                          provkey_record_sink *sink)
{
    (void)user_data;
    (void)keys;
    (void)keys_len;
    hostile_record_sink(sink);
    return PROVKEY_STATUS_STORE_UNAVAILABLE;
}

static provkey_status scan(void *user_data, const provkey_scan_range *range, size_t limit,
                           provkey_record_sink *sink)
{
    (void)user_data;
    (void)range;
    (void)limit;
    (void)sink;
    return PROVKEY_STATUS_STORE_UNAVAILABLE;
}

static provkey_status apply(void *user_data, const provkey_unit *units, size_t units_len,
                            provkey_outcome_sink *sink)
{
    (void)user_data;
    (void)units;
    (void)units_len;
    hostile_outcome_sink(sink);
    return PROVKEY_STATUS_STORE_UNAVAILABLE;
}

static provkey_status sign(void *user_data, const uint8_t *message, size_t message_len,
                           provkey_bytes_sink *sink)
{
    (void)user_data;
    (void)message;
    (void)message_len;
    hostile_bytes_sink(sink);
    return PROVKEY_STATUS_SIGNER_FAILED;
}

#define SIZED(type) .struct_size = sizeof(type)

provkey_actor good_actor = {SIZED(provkey_actor), .name = "anna"};
provkey_audit_filter good_audit_filter = {SIZED(provkey_audit_filter)};
provkey_certificate_import good_certificate_import = {SIZED(provkey_certificate_import), .name = "Acme"};
provkey_clock_callbacks good_clock_callbacks = {SIZED(provkey_clock_callbacks), .now_ms = read_clock};
provkey_connector_filter good_connector_filter = {SIZED(provkey_connector_filter)};
provkey_counter good_counter = {.used = 1};
provkey_enroll_request good_enroll_request = {SIZED(provkey_enroll_request)};
provkey_environment good_environment = {SIZED(provkey_environment)};
provkey_fingerprint good_fingerprint = {{1, 2, 3}};
provkey_key_filter good_key_filter = {SIZED(provkey_key_filter)};
provkey_key_update good_key_update = {SIZED(provkey_key_update), .name = "Roof", .max_uses = 9,
                                      .enabled = 1, .allowed_addresses = ranges, .fields = 0x7f,
                                      .allowed_addresses_len = 1};
provkey_new_authority good_new_authority = {SIZED(provkey_new_authority), .host = "api.example.com"};
provkey_new_certificate good_new_certificate = {SIZED(provkey_new_certificate), .name = "More"};
provkey_new_key good_new_key = {SIZED(provkey_new_key), .name = "Barn", .max_uses = 1,
                                .allowed_addresses = ranges, .allowed_addresses_len = 1};
provkey_observer_callbacks good_observer_callbacks = {SIZED(provkey_observer_callbacks), .observe = observe};
provkey_operation good_operation = {SIZED(provkey_operation), .type = PROVKEY_OPERATION_TYPE_PUT,
                                    .key = {key_of_record, 5}, .body = {key_of_record, 5}};
provkey_page_request good_page_request = {SIZED(provkey_page_request)};
provkey_query_limits good_query_limits = {SIZED(provkey_query_limits)};
provkey_random_callbacks good_random_callbacks = {SIZED(provkey_random_callbacks), .fill = fill};
provkey_record good_record = {SIZED(provkey_record), .key = {key_of_record, 5}, .version = 1,
                              .type = PROVKEY_RECORD_TYPE_BODY, .body = {key_of_record, 5}};
provkey_renew_request good_renew_request = {SIZED(provkey_renew_request)};
provkey_signer_callbacks good_signer_callbacks = {SIZED(provkey_signer_callbacks), .sign = sign};
provkey_store_callbacks good_store_callbacks = {SIZED(provkey_store_callbacks), .get = get, .scan = scan,
                                                .apply = apply};
provkey_unit good_unit = {SIZED(provkey_unit), .operations = &good_operation, .operations_len = 1};

char hostile_too_long[4098];

static hostile_object objects[64];
const hostile_object *hostile_objects = objects;
size_t hostile_objects_len;

static void object(const char *type, const void *pointer)
{
    CHECK(pointer != NULL && hostile_objects_len < sizeof(objects) / sizeof(*objects));
    objects[hostile_objects_len++] = (hostile_object){type, (void *)(uintptr_t)pointer};
}

#define OBJECT(name) object("provkey_" #name, good_##name);

static void list_objects(void)
{
    HOSTILE_HANDLES(OBJECT)
    object("a record of a page", good_audit_page->items[0]);
    object("a key of a page", good_key_page->items[0]);
    object("zeros", "\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0");
}

static void make_parts(void)
{
    EVP_PKEY *key = EVP_EC_gen("P-256");
    external_ca ca = external_ca_new();
    public_key_len = i2d_PUBKEY(key, &public_key);
    EVP_PKEY_free(key);
    external_pem = external_ca_pem(&ca);
    external_key = external_ca_private_key(&ca, NULL);
    external_ca_free(&ca);
    good_certificate_import.certificates = (const uint8_t *)external_pem;
    good_certificate_import.certificates_len = strlen(external_pem);
    good_certificate_import.private_key = (const uint8_t *)external_key;
    good_certificate_import.private_key_len = strlen(external_key);
    OK(provkey_clock_new(&good_clock_callbacks, &good_clock, ERR));
    OK(provkey_random_new(&good_random_callbacks, &good_random, ERR));
    OK(provkey_observer_new(&good_observer_callbacks, &good_observer, ERR));
    OK(provkey_store_memory(&good_store, ERR));
    good_signer = secure_element_new();
}

static void make_fleet(void)
{
    sensors = fleet_new((fleet_parts){good_store, good_clock, good_random, good_observer}, 9);
    good_keyring = sensors.keyring;
    good_authority = sensors.authority;
    good_connector_group = sensors.group;
    good_enrollment_certificate = sensors.certificate;
    good_key_details = sensors.key;
    good_provisioning_key = sensors.provisioning_key;
    good_environment.store = good_store;
    good_new_key.group = good_connector_group->id;
    good_new_key.certificate = good_key_update.certificate = good_enrollment_certificate->id;

    good_identity = fleet_connector(&sensors);
    good_request = fleet_request(good_identity, good_provisioning_key);
    good_enroll_request = fleet_enroll_request(good_request);
    good_renew_request.csr = good_request->der.data;
    good_renew_request.csr_len = good_request->der.len;
    OK(provkey_authority_enroll(good_authority, &good_enroll_request, &good_enrolled, ERR));
    good_new_certificate.name = "Asked for";
    OK(provkey_authority_request_certificate(good_authority, &good_new_certificate,
                                             &good_certificate_request, ERR));
    good_new_certificate.name = "More";
}

static void make_answers(void)
{
    OK(provkey_authority_describe(good_authority, &good_authority_details, ERR));
    OK(provkey_authority_connector(good_authority, good_enrolled->connector, &good_connector, ERR));
    OK(provkey_authority_crl(good_authority, good_enrollment_certificate->id, &good_crl, ERR));
    OK(provkey_authority_list_audit(good_authority, NULL, NULL, &good_audit_page, ERR));
    OK(provkey_authority_list_certificates(good_authority, NULL, &good_enrollment_certificate_page, ERR));
    OK(provkey_authority_list_certificate_requests(good_authority, NULL, &good_certificate_request_page,
                                                   ERR));
    OK(provkey_authority_list_connectors(good_authority, NULL, NULL, &good_connector_page, ERR));
    OK(provkey_authority_list_groups(good_authority, NULL, &good_connector_group_page, ERR));
    OK(provkey_authority_list_keys(good_authority, NULL, NULL, &good_key_page, ERR));
    OK(provkey_authority_create_token(good_authority, "Watch", PROVKEY_ADMIN_ROLE_VIEWER, 0,
                                      &good_admin_token, &good_bytes, ERR));
    snprintf(token_text, sizeof(token_text), "%s", (const char *)good_bytes->data);
    provkey_bytes_free(good_bytes);
    good_bytes = NULL;
    OK(provkey_authority_list_tokens(good_authority, NULL, &good_admin_token_page, ERR));
    OK(provkey_authority_issue_server_certificate(good_authority, "api.example.com:8443", public_key,
                                                  (size_t)public_key_len, 86400, &good_server_certificate,
                                                  ERR));
    OK(provkey_identity_describe(good_identity, now_ms(), &good_identity_details, ERR));
    OK(provkey_authority_checkpoint(good_authority, &good_bytes, ERR));
    snprintf(checkpoint, sizeof(checkpoint), "%s", (const char *)good_bytes->data);
    provkey_bytes_free(good_bytes);
    good_bytes = NULL;
    OK(provkey_keyring_text(good_keyring, &good_bytes, ERR));
    CHECK(provkey_keyring_text(NULL, &good_bytes, &good_error) == PROVKEY_STATUS_NULL_ARGUMENT);
}

// A query needs a store with views, unlike the one of the calls.
static void make_query_result(void)
{
    provkey_store *store = NULL;
    OK(provkey_store_sqlite_create(path, &store, ERR));
    OK(provkey_store_query(store, "SELECT 1", NULL, &good_query_result, ERR));
    provkey_store_free(store);
    unlink(path);
}

static void free_all(void)
{
    provkey_query_result_free(good_query_result);
    provkey_admin_token_free(good_admin_token);
    provkey_admin_token_page_free(good_admin_token_page);
    provkey_authority_details_free(good_authority_details);
    provkey_audit_page_free(good_audit_page);
    provkey_bytes_free(good_bytes);
    provkey_certificate_request_free(good_certificate_request);
    provkey_certificate_request_page_free(good_certificate_request_page);
    provkey_connector_free(good_connector);
    provkey_connector_group_page_free(good_connector_group_page);
    provkey_connector_page_free(good_connector_page);
    provkey_crl_free(good_crl);
    provkey_enrolled_free(good_enrolled);
    provkey_enrollment_certificate_page_free(good_enrollment_certificate_page);
    provkey_error_free(good_error);
    provkey_identity_free(good_identity);
    provkey_identity_details_free(good_identity_details);
    provkey_key_page_free(good_key_page);
    provkey_request_free(good_request);
    provkey_server_certificate_free(good_server_certificate);
    fleet_free(&sensors);
    provkey_clock_free(good_clock);
    provkey_random_free(good_random);
    provkey_observer_free(good_observer);
    provkey_signer_free(good_signer);
    provkey_store_free(good_store);
    OPENSSL_free(public_key);
    OPENSSL_free(external_pem);
    OPENSSL_free(external_key);
}

const char *good_text(const char *function, const char *argument)
{
    static const char *const by_function[][2] = {
        {"certificate_request", "request"}, {"import_answer", "request"}, {"count_connectors", "certificate"},
        {"certificate", "certificate"},     {"crl", "certificate"},       {"connector", "connector"},
        {"group", "group"},                 {"key", "key"},               {"token", "token"},
    };
    if (strcmp(argument, "id") != 0 && strcmp(argument, "id_or_name") != 0) {
        return strcmp(argument, "path") == 0     ? path
               : strcmp(argument, "reason") == 0 ? "superseded"
               : strcmp(argument, "checkpoint") == 0  ? checkpoint
               : strcmp(argument, "lost") == 0   ? checkpoint
               : strcmp(argument, "token_text") == 0 ? token_text
                                                 : "api";
    }
    // The function's name without the prefix.
    const char *verb = function + strlen("provkey_");
    for (size_t i = 0; i < sizeof(by_function) / sizeof(*by_function); i++) {
        if (strstr(verb, by_function[i][0]) != NULL) {
            const char *of = by_function[i][1];
            return of[0] == 'r' ? good_certificate_request->id
                   : of[0] == 'g' ? good_connector_group->id
                   : of[0] == 'k' ? good_key_details->id
                   : of[0] == 't' ? good_admin_token->id
                   : of[1] == 'e' ? good_enrollment_certificate->id
                                  : good_connector->id;
        }
    }
    fprintf(stderr, "no id for %s\n", function);
    exit(1);
}

provkey_slice good_buffer(const char *function, const char *argument)
{
    (void)function;
    if (strcmp(argument, "public_key") == 0 || strcmp(argument, "spki") == 0) {
        return (provkey_slice){public_key, (size_t)public_key_len};
    }
    return (provkey_slice){SOME_BYTES, 10};
}

uint32_t good_number(const char *function, const char *argument)
{
    (void)function;
    return strcmp(argument, "reason") == 0 ? PROVKEY_REASON_EXISTS
           : strcmp(argument, "role") == 0 ? PROVKEY_ADMIN_ROLE_VIEWER
                                           : 0;
}

static void calls(void)
{
    hostile_calls();
}

// Sinks can only be used inside of callbacks.
static void calls_of_callbacks(void)
{
    provkey_store *store = NULL;
    provkey_signer *signer = NULL;
    provkey_identity *identity = NULL;
    provkey_request *request = NULL;
    bool exists = false;
    OK(provkey_store_new(&good_store_callbacks, &store, ERR));
    FAILS(PROVKEY_STATUS_STORE_UNAVAILABLE, provkey_authority_exists(store, &exists, ERR));
    provkey_store_free(store);
    // For `apply` to be called, `get` must answer like an empty store.
    provkey_store_callbacks callbacks = table_store_callbacks();
    provkey_environment environment = {SIZED(provkey_environment)};
    provkey_authority *authority = NULL;
    callbacks.apply = apply;
    OK(provkey_store_new(&callbacks, &store, ERR));
    environment.store = store;
    CHECK(provkey_authority_create(&environment, good_keyring, &good_new_authority, &authority, ERR) !=
          PROVKEY_STATUS_OK);
    provkey_store_free(store);

    OK(provkey_signer_new(&good_signer_callbacks, public_key, (size_t)public_key_len, &signer, ERR));
    OK(provkey_identity_with_signer(signer, &identity, ERR));
    FAILS(PROVKEY_STATUS_SIGNER_FAILED,
          provkey_identity_request(identity, good_provisioning_key, NULL, &request, ERR));
    provkey_identity_free(identity);
    provkey_signer_free(signer);
}

static void good_calls(void)
{
    hostile_good_calls();
    unlink(path);
}

int main(void)
{
    snprintf(path, sizeof(path), "/tmp/provkey-hostile-%ld.db", (long)getpid());
    memset(hostile_too_long, 'a', sizeof(hostile_too_long) - 1);
    make_parts();
    make_fleet();
    make_answers();
    make_query_result();
    list_objects();
    RUN(calls);
    RUN(calls_of_callbacks);
    RUN(good_calls);
    free_all();
    return check_done();
}
