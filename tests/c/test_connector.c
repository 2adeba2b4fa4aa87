// The connector's half: key texts, identities, requests, answers, renewals.
#include <stdio.h>

#include "fleet.h"
#include "secure_element.h"

#define BYTES(text) ((const uint8_t *)(text)), strlen(text)

static const char TEXT[] = "pvk1_api.private.example.com_q2w3e4r5t6y77sccukxymwv377st3086hr4rex5g5h9epatvwqw2eyrrqe0h"
                           "a5jrshchsu9rqxq8yxjx6jfwj";
static const uint8_t PIN[] = {0x0f, 0x56, 0xc7, 0x01, 0xca, 0xc9, 0x06, 0x30,
                              0x65, 0xf7, 0xed, 0x24, 0x38, 0x5f, 0x17};
static const uint64_t YEAR_MS = 365 * 24 * 60 * 60 * 1000ull;

static void versions_agree(void)
{
    char expected[32];
    snprintf(expected, sizeof(expected), "%d.%d.%d", PROVKEY_VERSION_MAJOR, PROVKEY_VERSION_MINOR,
             PROVKEY_VERSION_PATCH);
    CHECK_TEXT(PROVKEY_VERSION, expected);
    CHECK_TEXT(provkey_version(), expected);
    CHECK(provkey_abi_version() == PROVKEY_ABI_VERSION);
}

static void statuses_have_codes(void)
{
    CHECK_TEXT(provkey_status_code(PROVKEY_STATUS_KEY_EXHAUSTED), "key_exhausted");
    CHECK_TEXT(provkey_status_code(PROVKEY_STATUS_OK), "ok");
    CHECK(provkey_status_code(-1) == NULL);
    CHECK(provkey_status_code(INT32_MAX) == NULL);
}

static void freeing_null_does_nothing(void)
{
    provkey_bytes_free(NULL);
    provkey_error_free(NULL);
    provkey_identity_free(NULL);
    provkey_identity_details_free(NULL);
    provkey_provisioning_key_free(NULL);
    provkey_request_free(NULL);
    provkey_signer_free(NULL);
    provkey_random_free(NULL);
}

static void a_key_text_is_read(void)
{
    provkey_provisioning_key *key = NULL;
    provkey_bytes *text = NULL;
    OK(provkey_provisioning_key_read(BYTES(TEXT), &key, ERR));
    CHECK_TEXT(key->host, "api.private.example.com");
    CHECK_TEXT(key->id, "q2w3e4r5t6y7");
    CHECK(memcmp(key->pin, PIN, sizeof(PIN)) == 0 && sizeof(PIN) == sizeof(key->pin));
    CHECK(strstr(TEXT, "7sccukxymwv") != NULL && strstr(key->public_text, "7sccukxymwv") == NULL);
    OK(provkey_provisioning_key_text(key, &text, ERR));
    CHECK_TEXT((const char *)text->data, TEXT);
    CHECK(text->len == strlen(TEXT));
    provkey_bytes_free(text);
    provkey_provisioning_key_free(key);
}

static void a_damaged_key_text_is_explained(void)
{
    char damaged[sizeof(TEXT)];
    provkey_provisioning_key *key = NULL;
    provkey_bytes *repaired = NULL;
    memcpy(damaged, TEXT, sizeof(TEXT));
    damaged[60] = damaged[60] == 'q' ? 'p' : 'q';
    FAILS(PROVKEY_STATUS_KEY_MISCOPIED, provkey_provisioning_key_read(BYTES(damaged), &key, ERR));
    CHECK(key == NULL);
    CHECK(check_error->positions_len == 1 && check_error->positions[0] == 60);
    CHECK(check_error->repairable && !check_error->retryable && !check_error->outcome_unknown);
    // Characters that may be part of the secret are not shown.
    CHECK(strstr(check_error->shown, "\xc2\xb7") != NULL && strstr(check_error->shown, "7sccu") == NULL);
    CHECK(check_error->marks[60] == '^' && strchr(check_error->marks, '^') == check_error->marks + 60);
    OK(provkey_provisioning_key_repair(BYTES(damaged), &repaired, ERR));
    CHECK_TEXT((const char *)repaired->data, TEXT);
    provkey_bytes_free(repaired);
    FAILS(PROVKEY_STATUS_NO_REPAIR, provkey_provisioning_key_repair(BYTES(TEXT), &repaired, ERR));

    FAILS(PROVKEY_STATUS_KEY_TRUNCATED,
          provkey_provisioning_key_read((const uint8_t *)TEXT, strlen(TEXT) - 3, &key, ERR));
    CHECK(check_error->missing == 3 && check_error->extra == 0);
    char longer[sizeof(TEXT) + 2];
    snprintf(longer, sizeof(longer), "%sqq", TEXT);
    FAILS(PROVKEY_STATUS_KEY_EXTRA, provkey_provisioning_key_read(BYTES(longer), &key, ERR));
    CHECK(check_error->extra == 2 && check_error->missing == 0 && key == NULL);
}

static void an_error_of_an_argument_has_no_positions(void)
{
    FAILS(PROVKEY_STATUS_NULL_ARGUMENT, provkey_provisioning_key_read(BYTES(TEXT), NULL, ERR));
    CHECK(check_error->positions_len == 0 && check_error->shown == NULL && check_error->marks == NULL);
    CHECK(check_error->missing == 0 && check_error->extra == 0 && !check_error->repairable);
    // The error may be NULL.
    CHECK(provkey_provisioning_key_read(BYTES(TEXT), NULL, NULL) == PROVKEY_STATUS_NULL_ARGUMENT);
}

static void a_fingerprint_is_made_and_printed(void)
{
    provkey_fingerprint fingerprint = {{0}};
    char text[PROVKEY_FINGERPRINT_TEXT_SIZE];
    OK(provkey_fingerprint_of(MATERIAL, &fingerprint, ERR));
    OK(provkey_fingerprint_text(&fingerprint, text, ERR));
    CHECK(strlen(text) == PROVKEY_FINGERPRINT_TEXT_SIZE - 1);
    CHECK(strspn(text, "0123456789abcdef") == strlen(text));
    FAILS(PROVKEY_STATUS_FINGERPRINT_EMPTY, provkey_fingerprint_of(NULL, 0, &fingerprint, ERR));
}

static provkey_certificate_state state_at(const provkey_identity *identity, uint64_t moment)
{
    provkey_identity_details *details = NULL;
    OK(provkey_identity_describe(identity, moment, &details, ERR));
    const provkey_certificate_state state = details->state;
    provkey_identity_details_free(details);
    return state;
}

static void an_identity_goes_through_all_its_states(provkey_key_algorithm algorithm)
{
    fleet fleet = fleet_in_memory(1);
    provkey_identity *identity = NULL;
    provkey_identity_details *details = NULL;
    provkey_bytes *bytes = NULL;

    OK(provkey_identity_generate(algorithm, &identity, ERR));
    OK(provkey_identity_describe(identity, now_ms(), &details, ERR));
    CHECK(details->algorithm == (algorithm == 0 ? PROVKEY_KEY_ALGORITHM_P256 : algorithm));
    CHECK(details->state == PROVKEY_CERTIFICATE_STATE_NONE && details->chain_pem == NULL);
    CHECK(details->asked_key == NULL && details->enrolled_key == NULL && details->connector == NULL);
    CHECK(details->public_key.len > 40 && !details->key_elsewhere && !details->renewing);
    provkey_identity_details_free(details);
    FAILS(PROVKEY_STATUS_CERTIFICATE_MISSING, provkey_identity_certificate(identity, &bytes, ERR));
    OK(provkey_identity_private_key(identity, &bytes, ERR));
    CHECK(strncmp((const char *)bytes->data, "-----BEGIN PRIVATE KEY-----", 27) == 0);
    provkey_bytes_free(bytes);

    fleet_enroll(fleet.authority, fleet.provisioning_key, identity);
    OK(provkey_identity_describe(identity, now_ms(), &details, ERR));
    CHECK_TEXT(details->asked_host, "api.example.com:8443");
    CHECK_TEXT(details->asked_key, fleet.key->id);
    CHECK_TEXT(details->enrolled_host, "api.example.com:8443");
    CHECK_TEXT(details->enrolled_key, fleet.key->id);
    CHECK(details->connector != NULL && strstr(details->chain_pem, "BEGIN CERTIFICATE") != NULL);
    CHECK(details->not_before_ms < details->renew_at_ms && details->renew_at_ms < details->not_after_ms);
    CHECK(details->state == PROVKEY_CERTIFICATE_STATE_VALID);
    CHECK(state_at(identity, details->renew_at_ms) == PROVKEY_CERTIFICATE_STATE_RENEW_SOON);
    CHECK(state_at(identity, details->not_after_ms + 1000) == PROVKEY_CERTIFICATE_STATE_EXPIRED);
    provkey_identity_details_free(details);
    OK(provkey_identity_certificate(identity, &bytes, ERR));
    CHECK(bytes->len > 200 && bytes->data[0] == 0x30);
    provkey_bytes_free(bytes);

    fleet_renew(fleet.authority, identity);
    CHECK(fleet_used(fleet.authority, fleet.key->id) == 1);
    provkey_identity_free(identity);
    fleet_free(&fleet);
}

static void identities_of_all_algorithms(void)
{
    an_identity_goes_through_all_its_states(0);
    an_identity_goes_through_all_its_states(PROVKEY_KEY_ALGORITHM_P256);
    an_identity_goes_through_all_its_states(PROVKEY_KEY_ALGORITHM_P384);
    an_identity_goes_through_all_its_states(PROVKEY_KEY_ALGORITHM_ED25519);
    provkey_identity *identity = NULL;
    FAILS(PROVKEY_STATUS_SIGNER_ALGORITHM_UNSUPPORTED,
          provkey_identity_generate(PROVKEY_KEY_ALGORITHM_RSA, &identity, ERR));
    FAILS(PROVKEY_STATUS_VALUE_UNKNOWN, provkey_identity_generate(5, &identity, ERR));
}

// An identity with a certificate and a renewal under way.
static void renewing_identity(fleet *fleet, provkey_identity **identity)
{
    provkey_request *request = NULL;
    *identity = fleet_connector(fleet);
    OK(provkey_identity_renew_request(*identity, PROVKEY_KEY_ALGORITHM_ED25519, NULL, NULL, &request, ERR));
    provkey_request_free(request);
}

// A renewal is dropped, for instance because another connector has the new key pair; the next
// one begins anew.
static void a_renewal_can_be_dropped(void)
{
    fleet fleet = fleet_in_memory(1);
    provkey_identity *identity = NULL;
    provkey_identity_details *details = NULL;
    renewing_identity(&fleet, &identity);
    OK(provkey_identity_drop_renewal(identity, ERR));
    OK(provkey_identity_drop_renewal(identity, ERR));
    OK(provkey_identity_describe(identity, now_ms(), &details, ERR));
    CHECK(!details->renewing);
    provkey_identity_details_free(details);
    fleet_renew(fleet.authority, identity);
    provkey_identity_free(identity);
    fleet_free(&fleet);
}

static void check_same(const provkey_identity *identity, const provkey_identity *other)
{
    provkey_bytes *a = NULL;
    provkey_bytes *b = NULL;
    OK(provkey_identity_to_bytes(identity, &a, ERR));
    OK(provkey_identity_to_bytes(other, &b, ERR));
    CHECK(a->len == b->len && memcmp(a->data, b->data, a->len) == 0);
    provkey_bytes_free(a);
    provkey_bytes_free(b);
}

static void an_identity_is_saved_and_opened(void)
{
    fleet fleet = fleet_in_memory(1);
    provkey_identity *identity = NULL;
    provkey_identity *opened = NULL;
    provkey_bytes *file = NULL;
    renewing_identity(&fleet, &identity);

    OK(provkey_identity_seal(identity, MATERIAL, NULL, &file, ERR));
    OK(provkey_identity_open(file->data, file->len, MATERIAL, &opened, ERR));
    check_same(identity, opened);
    provkey_identity_free(opened);
    FAILS(PROVKEY_STATUS_IDENTITY_OTHER_MACHINE,
          provkey_identity_open(file->data, file->len, BYTES("machine 2"), &opened, ERR));
    FAILS(PROVKEY_STATUS_IDENTITY_SEALED,
          provkey_identity_from_bytes(file->data, file->len, &opened, ERR));
    provkey_bytes_free(file);

    OK(provkey_identity_to_bytes(identity, &file, ERR));
    OK(provkey_identity_from_bytes(file->data, file->len, &opened, ERR));
    check_same(identity, opened);
    provkey_identity_free(opened);
    FAILS(PROVKEY_STATUS_IDENTITY_NOT_SEALED,
          provkey_identity_open(file->data, file->len, MATERIAL, &opened, ERR));
    provkey_bytes_free(file);

    provkey_identity_free(identity);
    fleet_free(&fleet);
}

static void an_answer_is_checked(void)
{
    fleet fleet = fleet_in_memory(9);
    provkey_identity *identity = NULL;
    provkey_identity *other = NULL;
    provkey_enrolled *enrolled = NULL;
    provkey_accepted accepted = {0};
    OK(provkey_identity_generate(0, &identity, ERR));
    OK(provkey_identity_generate(0, &other, ERR));

    provkey_request *request = fleet_request(identity, fleet.provisioning_key);
    const provkey_enroll_request enroll_request = fleet_enroll_request(request);
    OK(provkey_authority_enroll(fleet.authority, &enroll_request, &enrolled, ERR));
    const uint8_t *answer = (const uint8_t *)enrolled->chain_pem;
    const size_t len = strlen(enrolled->chain_pem);

    provkey_request_free(fleet_request(other, fleet.provisioning_key));
    FAILS(PROVKEY_STATUS_ANSWER_FOR_ANOTHER_KEY,
          provkey_identity_accept(other, answer, len, now_ms(), NULL, ERR));
    CHECK(state_at(other, now_ms()) == PROVKEY_CERTIFICATE_STATE_NONE);

    // A clock that starts in 1970 is reported as behind.
    OK(provkey_identity_accept(identity, answer, len, 1000, &accepted, ERR));
    CHECK(accepted.clock_behind_ms > YEAR_MS && accepted.now_ms == accepted.not_before_ms);
    CHECK(accepted.not_before_ms == enrolled->not_before_ms && accepted.not_after_ms > now_ms());
    OK(provkey_identity_accept(identity, answer, len, now_ms(), &accepted, ERR));
    CHECK(accepted.clock_behind_ms == 0 && accepted.now_ms > accepted.not_before_ms);

    provkey_enrolled_free(enrolled);
    provkey_request_free(request);
    provkey_identity_free(identity);
    provkey_identity_free(other);
    fleet_free(&fleet);
}

// An identity whose key is in a secure element enrolls, is saved and opened, gets its signer again,
// and renews for a key in another element.
static void a_key_may_live_in_a_secure_element(void)
{
    fleet fleet = fleet_in_memory(1);
    provkey_signer *signer = secure_element_new();
    provkey_signer *next = secure_element_new();
    provkey_identity *identity = NULL;
    provkey_identity *opened = NULL;
    provkey_identity_details *details = NULL;
    provkey_request *request = NULL;
    provkey_enrolled *renewed = NULL;
    provkey_bytes *bytes = NULL;

    OK(provkey_identity_with_signer(signer, &identity, ERR));
    fleet_enroll(fleet.authority, fleet.provisioning_key, identity);
    OK(provkey_identity_describe(identity, now_ms(), &details, ERR));
    CHECK(details->key_elsewhere && details->state == PROVKEY_CERTIFICATE_STATE_VALID);
    provkey_identity_details_free(details);
    FAILS(PROVKEY_STATUS_PRIVATE_KEY_MISSING, provkey_identity_private_key(identity, &bytes, ERR));

    OK(provkey_identity_seal(identity, MATERIAL, NULL, &bytes, ERR));
    OK(provkey_identity_open(bytes->data, bytes->len, MATERIAL, &opened, ERR));
    provkey_bytes_free(bytes);
    FAILS(PROVKEY_STATUS_SIGNER_UNAVAILABLE,
          provkey_identity_renew_request(opened, 0, NULL, NULL, &request, ERR));
    FAILS(PROVKEY_STATUS_SIGNER_KEY_MISMATCH, provkey_identity_attach_signer(opened, next, ERR));
    OK(provkey_identity_attach_signer(opened, signer, ERR));
    fleet_renew(fleet.authority, opened);

    FAILS(PROVKEY_STATUS_VALUE_UNKNOWN,
          provkey_identity_renew_request(opened, PROVKEY_KEY_ALGORITHM_P256, next, NULL, &request, ERR));
    OK(provkey_identity_renew_request(opened, 0, next, NULL, &request, ERR));
    const provkey_renew_request renew_request = {
        .struct_size = sizeof(renew_request), .csr = request->der.data, .csr_len = request->der.len};
    OK(provkey_authority_renew(fleet.authority, &renew_request, &renewed, ERR));
    OK(provkey_identity_accept(opened, BYTES(renewed->chain_pem), now_ms(), NULL, ERR));
    provkey_enrolled_free(renewed);
    provkey_request_free(request);

    // The identities still use the signers.
    provkey_signer_free(signer);
    provkey_signer_free(next);
    CHECK(secure_elements_alive() == 2);
    fleet_renew(fleet.authority, opened);
    provkey_identity_free(identity);
    provkey_identity_free(opened);
    CHECK(secure_elements_alive() == 0);
    fleet_free(&fleet);
}

int main(void)
{
    RUN(versions_agree);
    RUN(statuses_have_codes);
    RUN(freeing_null_does_nothing);
    RUN(a_key_text_is_read);
    RUN(a_damaged_key_text_is_explained);
    RUN(an_error_of_an_argument_has_no_positions);
    RUN(a_fingerprint_is_made_and_printed);
    RUN(identities_of_all_algorithms);
    RUN(a_renewal_can_be_dropped);
    RUN(an_identity_is_saved_and_opened);
    RUN(an_answer_is_checked);
    RUN(a_key_may_live_in_a_secure_element);
    return check_done();
}
