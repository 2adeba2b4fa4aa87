// A private key outside of the library, as in a secure element. Here it is OpenSSL's.
#ifndef SECURE_ELEMENT_H
#define SECURE_ELEMENT_H

#include <openssl/evp.h>

#include "provkey.h"

// Makes a P-256 key and a signer for it. The key is freed with the signer.
provkey_signer *secure_element_new(void);

// Makes a signer for a P-256, P-384, Ed25519 or RSA key of OpenSSL, which is freed with the signer.
provkey_signer *secure_element_of(EVP_PKEY *key);

// Signs as `provkey_signer_callbacks` specifies into `signature`, which has room for `*len` bytes.
// Returns false if that fails.
bool secure_element_sign(EVP_PKEY *key, const uint8_t *message, size_t message_len, uint8_t *signature,
                         size_t *len);

// How many keys exist: made and not yet destroyed.
int secure_elements_alive(void);

#endif
