// Requests (PKCS #10, RFC 2986) with any attribute, however malformed.
#ifndef CSR_H
#define CSR_H

#include <openssl/evp.h>
#include <stddef.h>
#include <stdint.h>

// A CSR with this attribute, signed with a P-256 or an Ed25519 key. Freed with `free`.
uint8_t *csr_with(EVP_PKEY *key, const uint8_t *attribute, size_t attribute_len, size_t *len);

// An attribute with this value, or none. Freed with `free`.
uint8_t *csr_attribute(const uint8_t *oid, size_t oid_len, const uint8_t *value, size_t value_len,
                       size_t *len);

#endif
