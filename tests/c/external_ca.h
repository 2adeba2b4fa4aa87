// An external CA, made with OpenSSL.
#ifndef EXTERNAL_CA_H
#define EXTERNAL_CA_H

#include <openssl/evp.h>
#include <openssl/x509.h>

#include "provkey.h"

typedef struct external_ca {
    EVP_PKEY *key;
    X509 *certificate;
} external_ca;

// A root with a P-256 key.
external_ca external_ca_new(void);
void external_ca_free(external_ca *ca);

// Issues a CA certificate for a CSR, in PEM. Freed with OPENSSL_free.
char *external_ca_answer(const external_ca *ca, const uint8_t *csr, size_t csr_len);

// The CA's certificate and its private key in PEM; with a passphrase the key is encrypted. Freed
// with OPENSSL_free.
char *external_ca_pem(const external_ca *ca);
char *external_ca_private_key(const external_ca *ca, const char *passphrase);

#endif
