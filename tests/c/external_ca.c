#include "external_ca.h"

#include <openssl/ec.h>
#include <openssl/pem.h>
#include <openssl/x509v3.h>

#include "check.h"

static void extend(X509 *certificate, X509 *issuer, int nid, const char *value)
{
    X509V3_CTX context;
    X509V3_set_ctx_nodb(&context);
    X509V3_set_ctx(&context, issuer, certificate, NULL, NULL, 0);
    X509_EXTENSION *extension = X509V3_EXT_conf_nid(NULL, &context, nid, value);
    CHECK(extension != NULL && X509_add_ext(certificate, extension, -1) == 1);
    X509_EXTENSION_free(extension);
}

// A certificate without extensions and signature.
static X509 *new_certificate(EVP_PKEY *key, const X509_NAME *subject, const X509_NAME *issuer, long serial)
{
    X509 *certificate = X509_new();
    CHECK(certificate != NULL && X509_set_version(certificate, 2) == 1);
    CHECK(ASN1_INTEGER_set(X509_get_serialNumber(certificate), serial) == 1);
    CHECK(X509_gmtime_adj(X509_getm_notBefore(certificate), -3600) != NULL);
    CHECK(X509_gmtime_adj(X509_getm_notAfter(certificate), 10 * 365 * 86400L) != NULL);
    CHECK(X509_set_subject_name(certificate, subject) == 1);
    CHECK(X509_set_issuer_name(certificate, issuer) == 1);
    CHECK(X509_set_pubkey(certificate, key) == 1);
    return certificate;
}

external_ca external_ca_new(void)
{
    external_ca ca = {.key = EVP_EC_gen("P-256")};
    X509_NAME *name = X509_NAME_new();
    CHECK(ca.key != NULL && name != NULL);
    CHECK(X509_NAME_add_entry_by_txt(name, "O", MBSTRING_ASC, (const uint8_t *)"Acme", -1, -1, 0) == 1);
    CHECK(X509_NAME_add_entry_by_txt(name, "CN", MBSTRING_ASC, (const uint8_t *)"Acme CA", -1, -1, 0) == 1);
    ca.certificate = new_certificate(ca.key, name, name, 1);
    extend(ca.certificate, ca.certificate, NID_basic_constraints, "critical,CA:TRUE");
    extend(ca.certificate, ca.certificate, NID_key_usage, "critical,keyCertSign,cRLSign");
    extend(ca.certificate, ca.certificate, NID_subject_key_identifier, "hash");
    CHECK(X509_sign(ca.certificate, ca.key, EVP_sha256()) > 0);
    X509_NAME_free(name);
    return ca;
}

void external_ca_free(external_ca *ca)
{
    X509_free(ca->certificate);
    EVP_PKEY_free(ca->key);
}

static char *taken_from(BIO *bio)
{
    char *data = NULL;
    const long len = BIO_get_mem_data(bio, &data);
    char *text = OPENSSL_strndup(data, (size_t)len);
    CHECK(text != NULL);
    BIO_free(bio);
    return text;
}

static char *pem_of(X509 *certificate)
{
    BIO *bio = BIO_new(BIO_s_mem());
    CHECK(bio != NULL && PEM_write_bio_X509(bio, certificate) == 1);
    return taken_from(bio);
}

char *external_ca_answer(const external_ca *ca, const uint8_t *csr, size_t csr_len)
{
    X509_REQ *request = d2i_X509_REQ(NULL, &csr, (long)csr_len);
    CHECK(request != NULL);
    EVP_PKEY *key = X509_REQ_get_pubkey(request);
    // OpenSSL verifies the signature of the request.
    CHECK(X509_REQ_verify(request, key) == 1);
    X509 *certificate = new_certificate(key, X509_REQ_get_subject_name(request),
                                        X509_get_subject_name(ca->certificate), 2);
    extend(certificate, ca->certificate, NID_basic_constraints, "critical,CA:TRUE,pathlen:0");
    extend(certificate, ca->certificate, NID_key_usage, "critical,keyCertSign,cRLSign");
    extend(certificate, ca->certificate, NID_subject_key_identifier, "hash");
    extend(certificate, ca->certificate, NID_authority_key_identifier, "keyid:always");
    CHECK(X509_sign(certificate, ca->key, EVP_sha256()) > 0);
    char *pem = pem_of(certificate);
    X509_free(certificate);
    EVP_PKEY_free(key);
    X509_REQ_free(request);
    return pem;
}

char *external_ca_pem(const external_ca *ca)
{
    return pem_of(ca->certificate);
}

char *external_ca_private_key(const external_ca *ca, const char *passphrase)
{
    BIO *bio = BIO_new(BIO_s_mem());
    const EVP_CIPHER *cipher = passphrase == NULL ? NULL : EVP_aes_256_cbc();
    const int len = passphrase == NULL ? 0 : (int)strlen(passphrase);
    CHECK(bio != NULL);
    CHECK(PEM_write_bio_PKCS8PrivateKey(bio, ca->key, cipher, passphrase, len, NULL, NULL) == 1);
    return taken_from(bio);
}
