/* Whether Mbed TLS accepts a chain for a TLS client: verify ROOT ENROLLMENT LEAF. */
#include <mbedtls/oid.h>
#include <mbedtls/x509_crt.h>
#include <stdio.h>

static int may(const mbedtls_x509_crt *certificate, const char *oid, size_t length)
{
    return mbedtls_x509_crt_check_extended_key_usage(certificate, oid, length) == 0;
}

int main(int argc, char **argv)
{
    mbedtls_x509_crt root, chain;
    uint32_t flags = 0;
    int status;

    if (argc != 4)
        return 2;
    mbedtls_x509_crt_init(&root);
    mbedtls_x509_crt_init(&chain);
    status = mbedtls_x509_crt_parse_file(&root, argv[1]);
    if (status == 0)
        status = mbedtls_x509_crt_parse_file(&chain, argv[3]);
    if (status == 0)
        status = mbedtls_x509_crt_parse_file(&chain, argv[2]);
    if (status == 0)
        status = mbedtls_x509_crt_verify(&chain, &root, NULL, NULL, &flags, NULL, NULL);
    if (status != 0) {
        fprintf(stderr, "error -0x%04x, flags 0x%x\n", (unsigned) -status, (unsigned) flags);
        return 1;
    }
    if (!may(&chain, MBEDTLS_OID_CLIENT_AUTH, MBEDTLS_OID_SIZE(MBEDTLS_OID_CLIENT_AUTH))
        || may(&chain, MBEDTLS_OID_SERVER_AUTH, MBEDTLS_OID_SIZE(MBEDTLS_OID_SERVER_AUTH))) {
        fprintf(stderr, "not a TLS client alone\n");
        return 1;
    }
    mbedtls_x509_crt_free(&chain);
    mbedtls_x509_crt_free(&root);
    return 0;
}
