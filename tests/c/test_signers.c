// Signers that fail, lie and call back, for a connector and for an enrollment certificate.
#include <openssl/ec.h>
#include <openssl/x509.h>

#include "fleet.h"
#include "secure_element.h"

// A key, and what the next signatures are.
typedef struct element {
    EVP_PKEY *key;
    provkey_status status;
    enum { SIGNS, NOTHING, GARBAGE, OTHER_MESSAGE, FLOODS, USES_IDENTITY } what;
    provkey_identity *identity;
    int destroyed;
} element;

static provkey_status sign(void *user_data, const uint8_t *message, size_t message_len,
                           provkey_bytes_sink *sink)
{
    static const uint8_t zeros[4096];
    element *element = user_data;
    uint8_t signature[128];
    size_t len = sizeof(signature);
    provkey_bytes *file = NULL;
    switch (element->what) {
    case NOTHING:
        return element->status;
    case GARBAGE:
        provkey_bytes_sink_write(sink, zeros, 64);
        return element->status;
    case FLOODS:
        for (int i = 0; i < 4; i++) {
            CHECK(provkey_bytes_sink_write(sink, zeros, sizeof(zeros)) == PROVKEY_STATUS_OK);
        }
        CHECK(provkey_bytes_sink_write(sink, zeros, 1) == PROVKEY_STATUS_ARGUMENT_TOO_LARGE);
        CHECK(provkey_bytes_sink_write(sink, NULL, 1) == PROVKEY_STATUS_NULL_ARGUMENT);
        CHECK(provkey_bytes_sink_write(sink, zeros, SIZE_MAX) == PROVKEY_STATUS_ARGUMENT_TOO_LARGE);
        CHECK(provkey_bytes_sink_write(NULL, zeros, 1) == PROVKEY_STATUS_NULL_ARGUMENT);
        return element->status;
    case USES_IDENTITY:
        // The identity that it signs for is in use by this call.
        CHECK(provkey_identity_to_bytes(element->identity, &file, NULL) == PROVKEY_STATUS_HANDLE_IN_USE);
        break;
    case OTHER_MESSAGE:
        message_len -= 1;
        break;
    case SIGNS:
        break;
    }
    CHECK(secure_element_sign(element->key, message, message_len, signature, &len));
    // In two parts, as from a driver with a small buffer.
    provkey_bytes_sink_write(sink, signature, 10);
    provkey_bytes_sink_write(sink, signature + 10, len - 10);
    return element->status;
}

static void destroy_element(void *user_data)
{
    element *element = user_data;
    element->destroyed += 1;
    EVP_PKEY_free(element->key);
}

static provkey_signer *signer_of(element *element)
{
    provkey_signer *signer = NULL;
    uint8_t *spki = NULL;
    element->key = EVP_EC_gen("P-256");
    const int spki_len = i2d_PUBKEY(element->key, &spki);
    provkey_signer_callbacks callbacks = {
        .struct_size = sizeof(callbacks),
        .user_data = element,
        .destroy = destroy_element,
        .sign = sign,
    };
    FAILS(PROVKEY_STATUS_PUBLIC_KEY_MALFORMED,
          provkey_signer_new(&callbacks, spki, (size_t)spki_len - 1, &signer, ERR));
    callbacks.sign = NULL;
    FAILS(PROVKEY_STATUS_CALLBACK_MISSING,
          provkey_signer_new(&callbacks, spki, (size_t)spki_len, &signer, ERR));
    // A call that fails does not destroy user data.
    CHECK(signer == NULL && element->destroyed == 0);
    callbacks.sign = sign;
    OK(provkey_signer_new(&callbacks, spki, (size_t)spki_len, &signer, ERR));
    OPENSSL_free(spki);
    return signer;
}

static provkey_status status_of_signer(provkey_status status)
{
    return status == PROVKEY_STATUS_SIGNER_UNAVAILABLE ? status : PROVKEY_STATUS_SIGNER_FAILED;
}

static void a_connectors_signer_fails_and_lies(void)
{
    element element = {.status = PROVKEY_STATUS_OK};
    provkey_identity *identity = NULL;
    provkey_request *request = NULL;
    provkey_signer *signer = signer_of(&element);
    fleet fleet = fleet_in_memory(1);
    OK(provkey_identity_with_signer(signer, &identity, ERR));
    provkey_signer_free(signer);
    element.identity = identity;

    element.what = NOTHING;
    FAILS(PROVKEY_STATUS_SIGNER_FAILED,
          provkey_identity_request(identity, fleet.provisioning_key, NULL, &request, ERR));
    for (provkey_status status = -1; status < 1400; status++) {
        if (status != PROVKEY_STATUS_OK && (status < 0 || provkey_status_code(status) != NULL)) {
            element.status = status;
            FAILS(status_of_signer(status),
                  provkey_identity_request(identity, fleet.provisioning_key, NULL, &request, ERR));
            CHECK(check_error->retryable == (status == PROVKEY_STATUS_SIGNER_UNAVAILABLE));
        }
    }
    element.status = PROVKEY_STATUS_OK;
    const int lies[] = {GARBAGE, OTHER_MESSAGE, FLOODS};
    for (size_t i = 0; i < sizeof(lies) / sizeof(*lies); i++) {
        // The authority detects what the connector did not.
        provkey_enrolled *enrolled = NULL;
        element.what = lies[i];
        if (provkey_identity_request(identity, fleet.provisioning_key, NULL, &request, ERR) ==
            PROVKEY_STATUS_OK) {
            const provkey_enroll_request enroll_request = fleet_enroll_request(request);
            CHECK(provkey_authority_enroll(fleet.authority, &enroll_request, &enrolled, ERR) !=
                  PROVKEY_STATUS_OK);
            provkey_request_free(request);
        }
        CHECK(enrolled == NULL);
    }
    CHECK(fleet_used(fleet.authority, fleet.key->id) == 0);
    element.what = USES_IDENTITY;
    fleet_enroll(fleet.authority, fleet.provisioning_key, identity);
    CHECK(fleet_used(fleet.authority, fleet.key->id) == 1);
    provkey_identity_free(identity);
    CHECK(element.destroyed == 1);
    fleet_free(&fleet);
}

static void an_authoritys_signer_fails_and_lies(void)
{
    element element = {.status = PROVKEY_STATUS_OK};
    provkey_enrollment_certificate *certificate = NULL;
    provkey_key_details *key = NULL;
    provkey_enrolled *enrolled = NULL;
    provkey_signer *signer = signer_of(&element);
    fleet fleet = fleet_in_memory(1);
    const provkey_new_certificate new_certificate = {
        .struct_size = sizeof(new_certificate), .name = "Hardware", .signer = signer};
    OK(provkey_authority_create_certificate(fleet.authority, &new_certificate, &certificate, ERR));
    provkey_signer_free(signer);
    const provkey_new_key new_key = {
        .struct_size = sizeof(new_key),
        .name = "By hardware",
        .group = fleet.group->id,
        .certificate = certificate->id,
        .max_uses = 1,
    };
    OK(provkey_authority_create_key(fleet.authority, &new_key, &key, ERR));
    provkey_provisioning_key *text = fleet_provisioning_key(fleet.authority, key->id);
    asking asking = asking_with(text);

    const struct {
        int what;
        provkey_status status;
        provkey_status expected;
    } lies[] = {
        {NOTHING, PROVKEY_STATUS_OK, PROVKEY_STATUS_SIGNER_FAILED},
        {NOTHING, PROVKEY_STATUS_SIGNER_UNAVAILABLE, PROVKEY_STATUS_SIGNER_UNAVAILABLE},
        {SIGNS, PROVKEY_STATUS_STORE_BUSY, PROVKEY_STATUS_SIGNER_FAILED},
        {SIGNS, -77, PROVKEY_STATUS_SIGNER_FAILED},
        {GARBAGE, PROVKEY_STATUS_OK, PROVKEY_STATUS_SIGNER_BAD_SIGNATURE},
        {OTHER_MESSAGE, PROVKEY_STATUS_OK, PROVKEY_STATUS_SIGNER_BAD_SIGNATURE},
        {FLOODS, PROVKEY_STATUS_OK, PROVKEY_STATUS_SIGNER_BAD_SIGNATURE},
    };
    for (size_t i = 0; i < sizeof(lies) / sizeof(*lies); i++) {
        element.what = lies[i].what;
        element.status = lies[i].status;
        FAILS(lies[i].expected,
              provkey_authority_enroll(fleet.authority, &asking.enroll_request, &enrolled, ERR));
        CHECK(fleet_used(fleet.authority, key->id) == 0);
    }
    element.what = SIGNS;
    element.status = PROVKEY_STATUS_OK;
    fleet_enroll(fleet.authority, text, asking.identity);
    CHECK(fleet_used(fleet.authority, key->id) == 1);
    asking_free(&asking);
    provkey_provisioning_key_free(text);
    provkey_key_details_free(key);
    provkey_enrollment_certificate_free(certificate);
    CHECK(element.destroyed == 0);
    fleet_free(&fleet);
    CHECK(element.destroyed == 1);
}

int main(void)
{
    RUN(a_connectors_signer_fails_and_lies);
    RUN(an_authoritys_signer_fails_and_lies);
    return check_done();
}
