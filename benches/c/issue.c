/* How many certificates a second OpenSSL makes of a CSR: issue COUNT|version. It reads the CSR from
 * standard input. benches/benches/issuing runs this in turn with provkey. */
#define _DEFAULT_SOURCE

#include <openssl/crypto.h>
#include <openssl/ec.h>
#include <openssl/evp.h>
#include <openssl/rand.h>
#include <openssl/x509v3.h>

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

static void check(int good)
{
    if (good)
        return;
    fprintf(stderr, "error: OpenSSL failed\n");
    exit(1);
}

static double seconds(void)
{
    struct timespec now;
    clock_gettime(CLOCK_MONOTONIC, &now);
    return (double)now.tv_sec + (double)now.tv_nsec / 1e9;
}

static void add(X509 *certificate, X509 *issuer, int kind, const char *value)
{
    X509V3_CTX context;
    X509V3_set_ctx(&context, issuer, certificate, NULL, NULL, 0);
    X509_EXTENSION *extension = X509V3_EXT_conf_nid(NULL, &context, kind, value);
    check(extension != NULL && X509_add_ext(certificate, extension, -1));
    X509_EXTENSION_free(extension);
}

static X509 *begin(const char *subject, X509_NAME *issuer, EVP_PKEY *key)
{
    X509 *certificate = X509_new();
    unsigned char bytes[17];
    check(RAND_bytes(bytes, sizeof bytes));
    bytes[0] = (unsigned char)((bytes[0] & 0x3f) | 0x40);
    BIGNUM *serial = BN_bin2bn(bytes, sizeof bytes, NULL);
    check(BN_to_ASN1_INTEGER(serial, X509_get_serialNumber(certificate)) != NULL);
    BN_free(serial);
    check(X509_set_version(certificate, 2));
    X509_NAME *name = X509_get_subject_name(certificate);
    check(X509_NAME_add_entry_by_txt(name, "CN", MBSTRING_UTF8, (const unsigned char *)subject, -1, -1, 0));
    check(X509_set_issuer_name(certificate, issuer != NULL ? issuer : name));
    check(X509_gmtime_adj(X509_getm_notBefore(certificate), 0) != NULL);
    check(X509_gmtime_adj(X509_getm_notAfter(certificate), 86400) != NULL);
    check(X509_set_pubkey(certificate, key));
    return certificate;
}

static void certify(const unsigned char *der, long length, X509 *issuer, EVP_PKEY *issuer_key)
{
    X509_REQ *csr = d2i_X509_REQ(NULL, &der, length);
    check(csr != NULL);
    EVP_PKEY *key = X509_REQ_get0_pubkey(csr);
    check(X509_REQ_verify(csr, key) == 1);
    X509 *leaf = begin("qqqqqqqqqqqqqqqqqqqqqqqqqq", X509_get_subject_name(issuer), key);
    add(leaf, issuer, NID_subject_key_identifier, "hash");
    add(leaf, issuer, NID_authority_key_identifier, "keyid:always");
    add(leaf, issuer, NID_basic_constraints, "critical,CA:FALSE");
    add(leaf, issuer, NID_key_usage, "critical,digitalSignature");
    add(leaf, issuer, NID_ext_key_usage, "clientAuth");
    add(leaf, issuer, NID_subject_alt_name,
        "URI:spiffe://api.private.example.com/group/qqqqqqqqqqqq/connector/qqqqqqqqqqqqqqqqqqqqqqqqqq");
    check(X509_sign(leaf, issuer_key, EVP_sha256()) > 0);
    unsigned char *out = NULL;
    check(i2d_X509(leaf, &out) > 0);
    OPENSSL_free(out);
    X509_free(leaf);
    X509_REQ_free(csr);
}

int main(int count, char **arguments)
{
    if (count != 2)
        return 2;
    if (strcmp(arguments[1], "version") == 0) {
        printf("%s\n", OpenSSL_version(OPENSSL_VERSION_STRING));
        return 0;
    }
    unsigned char der[16384];
    long length = (long)fread(der, 1, sizeof der, stdin);
    EVP_PKEY *key = EVP_EC_gen("P-256");
    check(key != NULL);
    X509 *issuer = begin("bench", NULL, key);
    add(issuer, issuer, NID_subject_key_identifier, "hash");
    check(X509_sign(issuer, key, EVP_sha256()) > 0);
    long times = atol(arguments[1]);
    double started = seconds();
    for (long i = 0; i < times; i++)
        certify(der, length, issuer, key);
    printf("%f\n", (double)times / (seconds() - started));
    X509_free(issuer);
    EVP_PKEY_free(key);
    return 0;
}
