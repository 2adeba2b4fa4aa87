// Enrollment certificates: under the authority's root, of an external CA, and with the key in a
// secure element; CRLs, OCSP, and the certificates of servers.
#include <openssl/ocsp.h>
#include <openssl/pem.h>

#include "external_ca.h"
#include "fleet.h"
#include "secure_element.h"

#define BYTES(text) ((const uint8_t *)(text)), strlen(text)

static provkey_store *store;
static fleet sensors;

static void begin(void)
{
    OK(provkey_store_memory(&store, ERR));
    sensors = fleet_new((fleet_parts){.store = store}, 9);
}

static void end(void)
{
    fleet_free(&sensors);
    provkey_store_free(store);
}

static void certificates_are_made_found_and_deleted(void)
{
    begin();
    provkey_enrollment_certificate *made = NULL;
    provkey_enrollment_certificate *found = NULL;
    provkey_enrollment_certificate_page *page = NULL;
    uint64_t count = 7;
    const provkey_new_certificate new_certificate = {
        .struct_size = sizeof(new_certificate),
        .name = "Pumps",
        .algorithm = PROVKEY_KEY_ALGORITHM_P384,
        .validity_seconds = 86400,
        .leaf_validity_seconds = 7200,
        .renewal_grace_seconds = PROVKEY_NO_RENEWAL_GRACE,
        .crl_validity_seconds = 3600,
        .crl_url = "http://crl.example/1",
        .ocsp_url = "http://ocsp.example",
        .ca_issuers_url = "http://ca.example/1",
    };
    OK(provkey_authority_create_certificate(sensors.authority, &new_certificate, &made, ERR));
    CHECK_TEXT(made->name, "Pumps");
    CHECK_TEXT(made->crl_url, "http://crl.example/1");
    CHECK_TEXT(made->ocsp_url, "http://ocsp.example");
    CHECK_TEXT(made->ca_issuers_url, "http://ca.example/1");
    CHECK(made->leaf_validity_seconds == 7200 && made->renewal_grace_seconds == 0 && made->keys == 0);
    CHECK(!made->key_elsewhere && made->external_pem == NULL && made->retired_at_ms == 0);
    CHECK(made->warnings_len == 1);
    CHECK_TEXT(made->warnings[0], "expires_soon");
    OK(provkey_authority_certificate(sensors.authority, made->id, &found, ERR));
    CHECK_TEXT(found->pem, made->pem);
    CHECK(memcmp(found->sha256, made->sha256, 32) == 0);
    provkey_enrollment_certificate_free(found);
    OK(provkey_authority_find_certificate(sensors.authority, "pumps", &found, ERR));
    CHECK_TEXT(found->id, made->id);
    provkey_enrollment_certificate_free(found);
    OK(provkey_authority_list_certificates(sensors.authority, NULL, &page, ERR));
    CHECK(page->items_len == 2 && page->next == NULL);
    provkey_enrollment_certificate_free((provkey_enrollment_certificate *)(uintptr_t)page->items[0]);
    CHECK_TEXT(page->items[0]->name, "Devices");
    CHECK(page->items[0]->keys == 1);
    provkey_enrollment_certificate_page_free(page);

    provkey_identity_free(fleet_connector(&sensors));
    OK(provkey_authority_count_connectors(sensors.authority, sensors.certificate->id, &count, ERR));
    CHECK(count == 1);
    OK(provkey_authority_retire_certificate(sensors.authority, made->id, ERR));
    OK(provkey_authority_delete_certificate(sensors.authority, made->id, ERR));
    provkey_enrollment_certificate_free(made);
    end();
}

// Makes a key for the certificate, and enrolls a connector with it.
static void enroll_under(const provkey_enrollment_certificate *certificate, const char *key_name)
{
    provkey_key_details *key = NULL;
    provkey_identity *identity = NULL;
    const provkey_new_key new_key = {
        .struct_size = sizeof(new_key),
        .name = key_name,
        .group = sensors.group->id,
        .certificate = certificate->id,
        .max_uses = 1,
    };
    OK(provkey_authority_create_key(sensors.authority, &new_key, &key, ERR));
    provkey_provisioning_key *text = fleet_provisioning_key(sensors.authority, key->id);
    OK(provkey_identity_generate(0, &identity, ERR));
    fleet_enroll(sensors.authority, text, identity);
    provkey_identity_free(identity);
    provkey_provisioning_key_free(text);
    provkey_key_details_free(key);
}

static void an_external_ca_answers_a_request(void)
{
    begin();
    external_ca ca = external_ca_new();
    provkey_certificate_request *request = NULL;
    provkey_certificate_request *found = NULL;
    provkey_certificate_request_page *page = NULL;
    provkey_enrollment_certificate *certificate = NULL;
    const provkey_new_certificate new_certificate = {
        .struct_size = sizeof(new_certificate), .name = "Acme devices"};
    OK(provkey_authority_request_certificate(sensors.authority, &new_certificate, &request, ERR));
    CHECK_TEXT(request->name, "Acme devices");
    CHECK(request->created_at_ms > 0 && request->leaf_validity_seconds > 0 && !request->key_elsewhere);
    CHECK(strstr(request->csr_pem, "BEGIN CERTIFICATE REQUEST") != NULL);
    OK(provkey_authority_certificate_request(sensors.authority, request->id, &found, ERR));
    CHECK(found->csr.len == request->csr.len);
    provkey_certificate_request_free(found);
    OK(provkey_authority_find_certificate_request(sensors.authority, "acme DEVICES", &found, ERR));
    CHECK_TEXT(found->id, request->id);
    provkey_certificate_request_free(found);
    OK(provkey_authority_list_certificate_requests(sensors.authority, NULL, &page, ERR));
    CHECK(page->items_len == 1 && page->next == NULL);
    provkey_certificate_request_free((provkey_certificate_request *)(uintptr_t)page->items[0]);
    CHECK_TEXT(page->items[0]->id, request->id);
    provkey_certificate_request_page_free(page);
    char *answer = external_ca_answer(&ca, request->csr.data, request->csr.len);
    OK(provkey_authority_import_answer(sensors.authority, request->id, BYTES(answer), &certificate, ERR));
    CHECK_TEXT(certificate->id, request->id);
    CHECK(certificate->external_pem != NULL);
    enroll_under(certificate, "External");
    FAILS(PROVKEY_STATUS_CERTIFICATE_REQUEST_NOT_FOUND,
          provkey_authority_import_answer(sensors.authority, request->id, BYTES(answer), &certificate, ERR));
    provkey_certificate_request_free(request);

    OK(provkey_authority_request_certificate(
        sensors.authority,
        &(provkey_new_certificate){.struct_size = sizeof(provkey_new_certificate), .name = "Given up"},
        &request, ERR));
    OK(provkey_authority_delete_certificate_request(sensors.authority, request->id, ERR));
    provkey_certificate_request_free(request);
    provkey_enrollment_certificate_free(certificate);
    OPENSSL_free(answer);
    external_ca_free(&ca);
    end();
}

static void an_external_ca_is_imported_with_its_key(void)
{
    begin();
    external_ca ca = external_ca_new();
    provkey_enrollment_certificate *certificate = NULL;
    char *pem = external_ca_pem(&ca);
    char *key = external_ca_private_key(&ca, "open sesame");
    provkey_certificate_import import = {
        .struct_size = sizeof(import),
        .name = "Acme",
        .certificates = (const uint8_t *)pem,
        .certificates_len = strlen(pem),
    };
    import.private_key = (const uint8_t *)key;
    import.private_key_len = strlen(key);
    import.passphrase = (const uint8_t *)"open says me";
    import.passphrase_len = 12;
    FAILS(PROVKEY_STATUS_PRIVATE_KEY_PASSPHRASE_WRONG,
          provkey_authority_import_certificate(sensors.authority, &import, &certificate, ERR));
    import.passphrase = (const uint8_t *)"open sesame";
    import.passphrase_len = 11;
    OK(provkey_authority_import_certificate(sensors.authority, &import, &certificate, ERR));
    enroll_under(certificate, "Imported");
    provkey_enrollment_certificate_free(certificate);
    OPENSSL_free(pem);
    OPENSSL_free(key);
    external_ca_free(&ca);
    end();
}

static void the_key_of_an_external_ca_may_be_in_a_secure_element(void)
{
    begin();
    external_ca ca = external_ca_new();
    provkey_enrollment_certificate *certificate = NULL;
    char *pem = external_ca_pem(&ca);
    EVP_PKEY_up_ref(ca.key);
    provkey_signer *signer = secure_element_of(ca.key);
    const provkey_certificate_import import = {
        .struct_size = sizeof(import),
        .name = "Acme",
        .certificates = (const uint8_t *)pem,
        .certificates_len = strlen(pem),
        .signer = signer,
    };
    OK(provkey_authority_import_certificate(sensors.authority, &import, &certificate, ERR));
    CHECK(certificate->key_elsewhere);
    enroll_under(certificate, "Imported");
    provkey_enrollment_certificate_free(certificate);
    provkey_signer_free(signer);
    OPENSSL_free(pem);
    external_ca_free(&ca);
    end();
    CHECK(secure_elements_alive() == 0);
}

// The CA's key is in a secure element: an authority that is opened again signs once it is attached.
static void the_key_of_an_enrollment_certificate_may_be_in_a_secure_element(void)
{
    begin();
    provkey_signer *signer = secure_element_new();
    provkey_enrollment_certificate *certificate = NULL;
    provkey_crl *crl = NULL;
    const provkey_new_certificate new_certificate = {
        .struct_size = sizeof(new_certificate), .name = "In hardware", .signer = signer};
    OK(provkey_authority_create_certificate(sensors.authority, &new_certificate, &certificate, ERR));
    CHECK(certificate->key_elsewhere);
    enroll_under(certificate, "Before");
    provkey_authority_free(sensors.authority);
    sensors.authority = fleet_reopen((fleet_parts){.store = store}, sensors.keyring);
    FAILS(PROVKEY_STATUS_SIGNER_MISSING,
          provkey_authority_crl(sensors.authority, certificate->id, &crl, ERR));
    OK(provkey_authority_attach_signer(sensors.authority, signer, ERR));
    provkey_signer_free(signer);
    enroll_under(certificate, "After");
    OK(provkey_authority_crl(sensors.authority, certificate->id, &crl, ERR));
    provkey_crl_free(crl);
    provkey_enrollment_certificate_free(certificate);
    CHECK(secure_elements_alive() == 1);
    end();
    CHECK(secure_elements_alive() == 0);
}

static X509 *issuer_certificate(void)
{
    BIO *bio = BIO_new_mem_buf(sensors.certificate->pem, -1);
    X509 *issuer = PEM_read_bio_X509(bio, NULL, NULL, NULL);
    CHECK(issuer != NULL);
    BIO_free(bio);
    return issuer;
}

// The OCSP status of an identity's certificate, with OpenSSL as the client.
static int ocsp_status(const provkey_identity *identity)
{
    provkey_bytes *der = NULL;
    provkey_bytes *answer = NULL;
    OK(provkey_identity_certificate(identity, &der, ERR));
    const uint8_t *at = der->data;
    X509 *leaf = d2i_X509(NULL, &at, (long)der->len);
    X509 *issuer = issuer_certificate();
    OCSP_CERTID *id = OCSP_cert_to_id(EVP_sha1(), leaf, issuer);
    OCSP_REQUEST *request = OCSP_REQUEST_new();
    OCSP_CERTID *asked = OCSP_CERTID_dup(id);
    CHECK(OCSP_request_add0_id(request, asked) != NULL);
    uint8_t *request_der = NULL;
    const int request_len = i2d_OCSP_REQUEST(request, &request_der);
    OK(provkey_authority_ocsp(sensors.authority, request_der, (size_t)request_len, &answer, ERR));

    at = answer->data;
    OCSP_RESPONSE *response = d2i_OCSP_RESPONSE(NULL, &at, (long)answer->len);
    CHECK(response != NULL && OCSP_response_status(response) == OCSP_RESPONSE_STATUS_SUCCESSFUL);
    OCSP_BASICRESP *basic = OCSP_response_get1_basic(response);
    int status = -1;
    CHECK(OCSP_resp_find_status(basic, id, &status, NULL, NULL, NULL, NULL) == 1);
    OCSP_BASICRESP_free(basic);
    OCSP_RESPONSE_free(response);
    OCSP_REQUEST_free(request);
    OCSP_CERTID_free(id);
    OPENSSL_free(request_der);
    X509_free(issuer);
    X509_free(leaf);
    provkey_bytes_free(answer);
    provkey_bytes_free(der);
    return status;
}

static void a_revoked_connector_is_on_the_crl_and_in_ocsp(void)
{
    begin();
    provkey_identity *identity = fleet_connector(&sensors);
    provkey_identity_details *details = NULL;
    provkey_crl *crl = NULL;
    provkey_bytes *answer = NULL;
    OK(provkey_identity_describe(identity, now_ms(), &details, ERR));
    CHECK(ocsp_status(identity) == V_OCSP_CERTSTATUS_GOOD);
    OK(provkey_authority_crl(sensors.authority, sensors.certificate->id, &crl, ERR));
    CHECK(crl->entries == 0 && crl->this_update_ms < crl->next_update_ms);
    const uint64_t number = crl->number;
    provkey_crl_free(crl);

    FAILS(PROVKEY_STATUS_VALUE_UNKNOWN,
          provkey_authority_revoke_connector(sensors.authority, details->connector, "dislike", ERR));
    OK(provkey_authority_revoke_connector(sensors.authority, details->connector, "keyCompromise", ERR));
    CHECK(ocsp_status(identity) == V_OCSP_CERTSTATUS_REVOKED);
    OK(provkey_authority_crl(sensors.authority, sensors.certificate->id, &crl, ERR));
    CHECK(crl->entries == 1 && crl->number > number);
    const uint8_t *at = crl->der.data;
    X509_CRL *read = d2i_X509_CRL(NULL, &at, (long)crl->der.len);
    X509 *issuer = issuer_certificate();
    CHECK(read != NULL && X509_CRL_verify(read, X509_get0_pubkey(issuer)) == 1);
    CHECK(strstr(crl->pem, "BEGIN X509 CRL") != NULL);
    X509_CRL_free(read);
    X509_free(issuer);
    provkey_crl_free(crl);

    OK(provkey_authority_root_crl(sensors.authority, &crl, ERR));
    CHECK(crl->entries == 0 && crl->der.len > 0);
    provkey_crl_free(crl);
    OK(provkey_authority_ocsp(sensors.authority, BYTES("nonsense"), &answer, ERR));
    provkey_bytes_free(answer);
    provkey_identity_details_free(details);
    provkey_identity_free(identity);
    end();
}

static void a_connector_trusts_the_server_of_its_authority(void)
{
    begin();
    provkey_identity *identity = fleet_connector(&sensors);
    provkey_identity_details *details = NULL;
    OK(provkey_identity_describe(identity, now_ms(), &details, ERR));
    EVP_PKEY *key = EVP_EC_gen("P-256");
    uint8_t *spki = NULL;
    const int spki_len = i2d_PUBKEY(key, &spki);
    CHECK(spki_len > 0);
    provkey_server_certificate *server = NULL;
    FAILS(PROVKEY_STATUS_CSR_BAD_KEY,
          provkey_authority_issue_server_certificate(sensors.authority, details->asked_host,
                                                     BYTES("nonsense"), 86400, &server, ERR));
    OK(provkey_authority_issue_server_certificate(sensors.authority, details->asked_host, spki,
                                                  (size_t)spki_len, 86400, &server, ERR));
    const uint8_t *chain = (const uint8_t *)server->chain_pem;
    uint64_t checked = 0;
    OK(provkey_identity_check_server(identity, chain, strlen(server->chain_pem), now_ms(), &checked,
                                     ERR));
    CHECK(checked >= server->not_before_ms && checked < server->not_after_ms);
    OK(provkey_identity_check_server(identity, chain, strlen(server->chain_pem), 0, NULL, ERR));
    // A connector's certificate is not a server's.
    FAILS(PROVKEY_STATUS_CHAIN_WRONG_USAGE,
          provkey_identity_check_server(identity, (const uint8_t *)details->chain_pem,
                                        strlen(details->chain_pem), now_ms(), &checked, ERR));
    provkey_server_certificate_free(server);
    OPENSSL_free(spki);
    EVP_PKEY_free(key);
    provkey_identity_details_free(details);
    provkey_identity_free(identity);
    end();
}

int main(void)
{
    RUN(certificates_are_made_found_and_deleted);
    RUN(an_external_ca_answers_a_request);
    RUN(an_external_ca_is_imported_with_its_key);
    RUN(the_key_of_an_external_ca_may_be_in_a_secure_element);
    RUN(the_key_of_an_enrollment_certificate_may_be_in_a_secure_element);
    RUN(a_revoked_connector_is_on_the_crl_and_in_ocsp);
    RUN(a_connector_trusts_the_server_of_its_authority);
    return check_done();
}
