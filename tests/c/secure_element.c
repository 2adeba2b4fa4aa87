#include "secure_element.h"

#include <openssl/ec.h>
#include <openssl/x509.h>
#include <stdatomic.h>

#include "check.h"

static atomic_int alive;

static const EVP_MD *digest_of(const EVP_PKEY *key)
{
    switch (EVP_PKEY_get_base_id(key)) {
    case EVP_PKEY_ED25519:
        return NULL;
    case EVP_PKEY_EC:
        return EVP_PKEY_get_bits(key) == 384 ? EVP_sha384() : EVP_sha256();
    default:
        return EVP_sha256();
    }
}

bool secure_element_sign(EVP_PKEY *key, const uint8_t *message, size_t message_len, uint8_t *signature,
                         size_t *len)
{
    EVP_MD_CTX *context = EVP_MD_CTX_new();
    const bool signed_it = context != NULL &&
                           EVP_DigestSignInit(context, NULL, digest_of(key), NULL, key) == 1 &&
                           EVP_DigestSign(context, signature, len, message, message_len) == 1;
    EVP_MD_CTX_free(context);
    return signed_it;
}

static provkey_status sign(void *user_data, const uint8_t *message, size_t message_len,
                           provkey_bytes_sink *sink)
{
    uint8_t signature[512];
    size_t len = sizeof(signature);
    if (!secure_element_sign(user_data, message, message_len, signature, &len)) {
        return PROVKEY_STATUS_SIGNER_FAILED;
    }
    return provkey_bytes_sink_write(sink, signature, len);
}

static void destroy(void *user_data)
{
    EVP_PKEY_free(user_data);
    alive -= 1;
}

provkey_signer *secure_element_of(EVP_PKEY *key)
{
    const provkey_signer_callbacks callbacks = {
        .struct_size = sizeof(callbacks),
        .user_data = key,
        .destroy = destroy,
        .sign = sign,
    };
    uint8_t *spki = NULL;
    const int spki_len = i2d_PUBKEY(key, &spki);
    provkey_signer *signer = NULL;
    CHECK(spki_len > 0);
    OK(provkey_signer_new(&callbacks, spki, (size_t)spki_len, &signer, ERR));
    alive += 1;
    OPENSSL_free(spki);
    return signer;
}

provkey_signer *secure_element_new(void)
{
    EVP_PKEY *key = EVP_EC_gen("P-256");
    CHECK(key != NULL);
    return secure_element_of(key);
}

int secure_elements_alive(void)
{
    return alive;
}
