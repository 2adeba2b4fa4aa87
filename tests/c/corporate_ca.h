// A company's own CA, as OpenSSL makes one: what an authority asks, or whose CA certificate it is given.
#ifndef CORPORATE_CA_H
#define CORPORATE_CA_H

#include <openssl/evp.h>
#include <openssl/x509.h>

#include "provkey.h"

typedef struct corporate_ca {
    EVP_PKEY *key;
    X509 *certificate;
} corporate_ca;

// A root with a P-256 key.
corporate_ca corporate_ca_new(void);
void corporate_ca_free(corporate_ca *ca);

// Issues a CA certificate for a CSR, or one for connectors only if `path_len` is negative, in PEM. Freed
// with OPENSSL_free.
char *corporate_ca_answer(const corporate_ca *ca, const uint8_t *csr, size_t csr_len, int path_len);

// The CA's certificate and its private key in PEM; the key is encrypted if there is a passphrase. Freed
// with OPENSSL_free.
char *corporate_ca_pem(const corporate_ca *ca);
char *corporate_ca_private_key(const corporate_ca *ca, const char *passphrase);

#endif
