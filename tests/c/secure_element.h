// A private key that never leaves where it is: here OpenSSL's, as that of a secure element would be.
#ifndef SECURE_ELEMENT_H
#define SECURE_ELEMENT_H

#include <openssl/evp.h>

#include "provkey.h"

// Makes a P-256 key, and a signer for it. The key goes when the signer is used no more.
provkey_signer *secure_element_new(void);

// A signer for a P-256, P-384, Ed25519 or RSA key of OpenSSL's, which it frees when it is used no more.
provkey_signer *secure_element_of(EVP_PKEY *key);

// Signs with a key of OpenSSL's, the way `provkey_signer_callbacks` says, into `signature`, which has
// room for `*len` bytes. False if it fails.
bool secure_element_sign(EVP_PKEY *key, const uint8_t *message, size_t message_len, uint8_t *signature,
                         size_t *len);

// How many keys there are: made, and not destroyed yet.
int secure_elements_alive(void);

#endif
