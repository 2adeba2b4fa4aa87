#include "csr.h"

#include <openssl/x509.h>
#include <stdlib.h>

#include "check.h"
#include "secure_element.h"

// DER on its way: written from its end to its beginning, so that each length is known.
typedef struct der {
    uint8_t bytes[8192];
    size_t start;
} der;

static void prepend(der *der, const uint8_t *data, size_t len)
{
    CHECK(len <= der->start);
    der->start -= len;
    memcpy(&der->bytes[der->start], data, len);
}

// Puts a header before what has been written since `end`.
static void enclose(der *der, uint8_t tag, size_t end)
{
    const size_t len = end - der->start;
    const uint8_t header[] = {tag, 0x82, (uint8_t)(len >> 8), (uint8_t)len};
    const uint8_t medium[] = {tag, 0x81, (uint8_t)len};
    const uint8_t brief[] = {tag, (uint8_t)len};
    if (len > 0xff) {
        prepend(der, header, sizeof(header));
    } else if (len > 0x7f) {
        prepend(der, medium, sizeof(medium));
    } else {
        prepend(der, brief, sizeof(brief));
    }
}

uint8_t *csr_with(EVP_PKEY *key, const uint8_t *attribute, size_t attribute_len, size_t *len)
{
    static const uint8_t ecdsa[] = {0x30, 0x0a, 6, 8, 0x2a, 0x86, 0x48, 0xce, 0x3d, 4, 3, 2};
    static const uint8_t ed25519[] = {0x30, 5, 6, 3, 0x2b, 0x65, 0x70};
    static const uint8_t version_and_no_name[] = {2, 1, 0, 0x30, 0};
    der info = {.start = sizeof(info.bytes)};
    uint8_t *spki = NULL;
    const int spki_len = i2d_PUBKEY(key, &spki);
    const size_t end = info.start;
    prepend(&info, attribute, attribute_len);
    enclose(&info, 0xa0, end);
    prepend(&info, spki, (size_t)spki_len);
    prepend(&info, version_and_no_name, sizeof(version_and_no_name));
    enclose(&info, 0x30, end);
    OPENSSL_free(spki);

    uint8_t signature[256] = {0};
    size_t signature_len = sizeof(signature) - 1;
    CHECK(secure_element_sign(key, &info.bytes[info.start], end - info.start, signature + 1, &signature_len));
    der csr = {.start = sizeof(csr.bytes)};
    prepend(&csr, signature, signature_len + 1);
    enclose(&csr, 3, sizeof(csr.bytes));
    const bool is_ed25519 = EVP_PKEY_get_base_id(key) == EVP_PKEY_ED25519;
    prepend(&csr, is_ed25519 ? ed25519 : ecdsa, is_ed25519 ? sizeof(ed25519) : sizeof(ecdsa));
    prepend(&csr, &info.bytes[info.start], end - info.start);
    enclose(&csr, 0x30, sizeof(csr.bytes));
    *len = sizeof(csr.bytes) - csr.start;
    uint8_t *made = malloc(*len);
    CHECK(made != NULL);
    memcpy(made, &csr.bytes[csr.start], *len);
    return made;
}

uint8_t *csr_attribute(const uint8_t *oid, size_t oid_len, const uint8_t *value, size_t value_len,
                       size_t *len)
{
    der attribute = {.start = sizeof(attribute.bytes)};
    prepend(&attribute, value, value_len);
    enclose(&attribute, 0x31, sizeof(attribute.bytes));
    const size_t oid_end = attribute.start;
    prepend(&attribute, oid, oid_len);
    enclose(&attribute, 6, oid_end);
    enclose(&attribute, 0x30, sizeof(attribute.bytes));
    *len = sizeof(attribute.bytes) - attribute.start;
    uint8_t *made = malloc(*len);
    CHECK(made != NULL);
    memcpy(made, &attribute.bytes[attribute.start], *len);
    return made;
}
