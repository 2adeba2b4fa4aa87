// The vectors that every language reads (tests/vectors), as vectors.py writes them down.
//
// usage: test_vectors vectors.txt
#include <openssl/ec.h>
#include <openssl/x509.h>
#include <stdio.h>
#include <stdlib.h>

#include "csr.h"
#include "fleet.h"
#include "secure_element.h"

enum { FIELDS_MAX = 8 };

// Bytes of a line: a text ends with a NUL that does not count.
typedef struct bytes {
    uint8_t *data;
    size_t len;
} bytes;

static char *fields[FIELDS_MAX];
static bytes decoded[FIELDS_MAX];

static size_t split(char *line)
{
    size_t count = 0;
    for (char *at = line; at != NULL; count++) {
        CHECK(count < FIELDS_MAX);
        fields[count] = at;
        at = strpbrk(at, "\t\n");
        if (at != NULL) {
            *at++ = '\0';
            at = *at == '\0' ? NULL : at;
        }
    }
    return count;
}

// The bytes of a field, good until the next line.
static bytes field(size_t index)
{
    const size_t len = strlen(fields[index]) / 2;
    free(decoded[index].data);
    decoded[index] = (bytes){calloc(len + 1, 1), len};
    CHECK(decoded[index].data != NULL);
    for (size_t i = 0; i < len; i++) {
        unsigned byte = 0;
        CHECK(sscanf(&fields[index][2 * i], "%2x", &byte) == 1);
        decoded[index].data[i] = (uint8_t)byte;
    }
    return decoded[index];
}

static const char *text(size_t index)
{
    return (const char *)field(index).data;
}

static bool same(bytes a, const uint8_t *data, size_t len)
{
    return a.len == len && memcmp(a.data, data, len) == 0;
}

// The secret in a canonical text: 32 characters of 5 bits each, behind the id.
static void secret_of(const uint8_t *key_text, size_t len, uint8_t secret[20])
{
    static const char alphabet[] = "qpzry9x8gf2tvdw0s3jn54khce6mua7l";
    const char *at = (const char *)key_text + len - 85 + 12;
    unsigned bits = 0;
    unsigned value = 0;
    size_t written = 0;
    for (size_t i = 0; i < 32; i++) {
        value = (value << 5 | (unsigned)(strchr(alphabet, at[i]) - alphabet)) & 0xfff;
        bits += 5;
        if (bits >= 8) {
            bits -= 8;
            secret[written++] = (uint8_t)(value >> bits);
        }
    }
    CHECK(written == 20);
}

static void check_key(void)
{
    provkey_provisioning_key *key = NULL;
    provkey_bytes *written = NULL;
    uint8_t secret[20];
    const bytes key_text = field(5);
    OK(provkey_provisioning_key_read(key_text.data, key_text.len, &key, ERR));
    CHECK_TEXT(key->host, text(1));
    CHECK_TEXT(key->id, text(2));
    CHECK(same(field(4), key->pin, sizeof(key->pin)));
    OK(provkey_provisioning_key_text(key, &written, ERR));
    CHECK(same(key_text, written->data, written->len));
    secret_of(written->data, written->len, secret);
    CHECK(same(field(3), secret, sizeof(secret)));
    provkey_bytes_free(written);
    provkey_provisioning_key_free(key);
}

static void check_accepted(void)
{
    provkey_provisioning_key *key = NULL;
    provkey_bytes *written = NULL;
    const bytes key_text = field(2);
    OK(provkey_provisioning_key_read(key_text.data, key_text.len, &key, ERR));
    OK(provkey_provisioning_key_text(key, &written, ERR));
    CHECK(same(field(3), written->data, written->len));
    provkey_bytes_free(written);
    provkey_provisioning_key_free(key);
}

static void check_positions(const char *expected)
{
    char positions[256] = "";
    for (size_t i = 0; i < check_error->positions_len; i++) {
        char position[24];
        snprintf(position, sizeof(position), "%s%zu", i == 0 ? "" : ",", check_error->positions[i]);
        strcat(positions, position);
    }
    CHECK_TEXT(positions, expected);
}

static void check_refused(void)
{
    provkey_provisioning_key *key = NULL;
    provkey_bytes *repaired = NULL;
    const bytes key_text = field(2);
    const bytes expected = field(5);
    CHECK(provkey_provisioning_key_read(key_text.data, key_text.len, &key, ERR) != PROVKEY_STATUS_OK);
    CHECK_TEXT(check_error->code, fields[3]);
    CHECK_TEXT(provkey_status_code(check_error->status), fields[3]);
    check_positions(fields[4]);
    CHECK(check_error->missing == strtoul(fields[6], NULL, 10));
    CHECK(check_error->extra == strtoul(fields[7], NULL, 10));
    CHECK(check_error->repairable == (expected.len > 0));
    if (expected.len > 0) {
        OK(provkey_provisioning_key_repair(key_text.data, key_text.len, &repaired, ERR));
        CHECK(same(expected, repaired->data, repaired->len));
        provkey_bytes_free(repaired);
    } else {
        FAILS(PROVKEY_STATUS_NO_REPAIR,
              provkey_provisioning_key_repair(key_text.data, key_text.len, &repaired, ERR));
    }
}

// The private key is not among the vectors: nothing but the proof is looked at.
static provkey_status sign_anything(void *user_data, const uint8_t *message, size_t message_len,
                                    provkey_bytes_sink *sink)
{
    (void)user_data;
    (void)message;
    (void)message_len;
    return provkey_bytes_sink_write(sink, (const uint8_t *)"signature", 9);
}

static bool contains(provkey_slice in, bytes what)
{
    for (size_t at = 0; at + what.len <= in.len; at++) {
        if (memcmp(in.data + at, what.data, what.len) == 0) {
            return true;
        }
    }
    return false;
}

static void check_proof(void)
{
    const provkey_signer_callbacks callbacks = {.struct_size = sizeof(callbacks), .sign = sign_anything};
    const bytes key_text = field(2);
    const bytes spki = field(3);
    const bytes given = field(4);
    provkey_fingerprint fingerprint;
    provkey_provisioning_key *key = NULL;
    provkey_signer *signer = NULL;
    provkey_identity *identity = NULL;
    provkey_request *request = NULL;
    CHECK(given.len == 0 || given.len == sizeof(fingerprint.bytes));
    memcpy(fingerprint.bytes, given.data, given.len);
    OK(provkey_provisioning_key_read(key_text.data, key_text.len, &key, ERR));
    OK(provkey_signer_new(&callbacks, spki.data, spki.len, &signer, ERR));
    OK(provkey_identity_with_signer(signer, &identity, ERR));
    OK(provkey_identity_request(identity, key, given.len == 0 ? NULL : &fingerprint, &request, ERR));
    CHECK(contains(request->der, field(5)));
    provkey_request_free(request);
    provkey_identity_free(identity);
    provkey_signer_free(signer);
    provkey_provisioning_key_free(key);
}

static provkey_store *store;
static fleet sensors;

static void check_malformed_proof(void)
{
    EVP_PKEY *key = EVP_EC_gen("P-256");
    const bytes oid = field(2);
    const bytes value = field(3);
    provkey_enrolled *enrolled = NULL;
    size_t attribute_len = 0;
    size_t csr_len = 0;
    uint8_t *attribute = csr_attribute(oid.data, oid.len, value.data, value.len, &attribute_len);
    uint8_t *csr = csr_with(key, attribute, attribute_len, &csr_len);
    const provkey_enroll_request request = {
        .struct_size = sizeof(request), .csr = csr, .csr_len = csr_len};
    const provkey_status status = provkey_authority_enroll(sensors.authority, &request, &enrolled, ERR);
    CHECK_TEXT(provkey_status_code(status), fields[4]);
    CHECK(enrolled == NULL);
    free(attribute);
    free(csr);
    EVP_PKEY_free(key);
}

static void check_csr(void)
{
    const bytes given = field(2);
    const size_t zeros = strtoul(fields[3], NULL, 10);
    provkey_enrolled *enrolled = NULL;
    provkey_bytes *key_text = NULL;
    uint8_t *csr = calloc(given.len + zeros + 1, 1);
    CHECK(csr != NULL);
    memcpy(csr, given.data, given.len);
    OK(provkey_authority_copy_key(sensors.authority, sensors.key->id, &key_text, ERR));
    const provkey_enroll_request request = {
        .struct_size = sizeof(request),
        .csr = csr,
        .csr_len = given.len + zeros,
        .key_text = key_text->data,
        .key_text_len = key_text->len,
    };
    const uint64_t used = fleet_used(sensors.authority, sensors.key->id);
    const provkey_status status = provkey_authority_enroll(sensors.authority, &request, &enrolled, ERR);
    CHECK_TEXT(status == PROVKEY_STATUS_OK ? "enrolled" : provkey_status_code(status), fields[4]);
    CHECK((status == PROVKEY_STATUS_OK) == (enrolled != NULL));
    CHECK(fleet_used(sensors.authority, sensors.key->id) == used + (enrolled != NULL && !enrolled->replay ? 1 : 0));
    provkey_enrolled_free(enrolled);
    provkey_bytes_free(key_text);
    free(csr);
}

// --- Secrets

// The id that the next key gets.
static const char *next_id;

static provkey_status draw(void *user_data, uint8_t *drawn, size_t len)
{
    static const char alphabet[] = "qpzry9x8gf2tvdw0s3jn54khce6mua7l";
    (void)user_data;
    for (size_t i = 0; i < len; i++) {
        drawn[i] = next_id != NULL && len == 12 ? (uint8_t)(strchr(alphabet, next_id[i]) - alphabet)
                                                : (uint8_t)rand();
    }
    return PROVKEY_STATUS_OK;
}

// The keyring with one master key, in this slot.
static provkey_keyring *keyring_with(const char *master, size_t slot)
{
    char file[128] = "";
    provkey_keyring *keyring = NULL;
    for (size_t i = 0; i < slot; i++) {
        strcat(file, "-\n");
    }
    strcat(strcat(file, master), "\n");
    OK(provkey_keyring_read((const uint8_t *)file, strlen(file), &keyring, ERR));
    return keyring;
}

static void check_secret(void)
{
    static const char alphabet[] = "qpzry9x8gf2tvdw0s3jn54khce6mua7l";
    const provkey_random_callbacks callbacks = {.struct_size = sizeof(callbacks), .fill = draw};
    const char *host = text(2);
    const char *id = text(3);
    provkey_store *memory = NULL;
    provkey_random *random = NULL;
    provkey_bytes *key_text = NULL;
    fleet fleet = {.keyring = keyring_with(fields[1], (size_t)(strchr(alphabet, id[0]) - alphabet))};
    uint8_t secret[20];
    OK(provkey_store_memory(&memory, ERR));
    OK(provkey_random_new(&callbacks, &random, ERR));
    const provkey_environment environment = {
        .struct_size = sizeof(environment), .store = memory, .random = random};
    const provkey_new_authority new_authority = {
        .struct_size = sizeof(new_authority), .host = host, .trust_domain = "devices.example"};
    const provkey_new_certificate new_certificate = {.struct_size = sizeof(new_certificate), .name = "Devices"};
    OK(provkey_authority_create(&environment, fleet.keyring, &new_authority, &fleet.authority, ERR));
    OK(provkey_authority_create_group(fleet.authority, "Sensors", &fleet.group, ERR));
    OK(provkey_authority_create_certificate(fleet.authority, &new_certificate, &fleet.certificate, ERR));
    next_id = id;
    fleet.key = fleet_key(&fleet, "Roof", 1);
    next_id = NULL;
    CHECK_TEXT(fleet.key->id, id);
    OK(provkey_authority_copy_key(fleet.authority, id, &key_text, ERR));
    secret_of(key_text->data, key_text->len, secret);
    CHECK(same(field(4), secret, sizeof(secret)));
    provkey_bytes_free(key_text);
    provkey_random_free(random);
    fleet_free(&fleet);
    provkey_store_free(memory);
}

static void check_fingerprint(void)
{
    const bytes raw = field(1);
    provkey_fingerprint fingerprint;
    char written[PROVKEY_FINGERPRINT_TEXT_SIZE];
    if (raw.len == 0) {
        // Of nothing there is one, but nobody is to have it.
        FAILS(PROVKEY_STATUS_FINGERPRINT_EMPTY, provkey_fingerprint_of(raw.data, 0, &fingerprint, ERR));
        return;
    }
    OK(provkey_fingerprint_of(raw.data, raw.len, &fingerprint, ERR));
    OK(provkey_fingerprint_text(&fingerprint, written, ERR));
    CHECK_TEXT(written, fields[2]);
}

// --- Renewals

static provkey_status renew(const provkey_authority *authority, EVP_PKEY *key, bytes attribute)
{
    size_t csr_len = 0;
    uint8_t *csr = csr_with(key, attribute.data, attribute.len, &csr_len);
    const provkey_renew_request request = {
        .struct_size = sizeof(request), .csr = csr, .csr_len = csr_len};
    provkey_enrolled *renewed = NULL;
    const provkey_status status = provkey_authority_renew(authority, &request, &renewed, ERR);
    free(csr);
    return status;
}

// A proof that is right is one for a certificate that the authority does not know; otherwise it is wrong.
static void check_renewal(void)
{
    const bytes seed = field(3);
    const bytes attribute = field(5);
    provkey_store *memory = NULL;
    provkey_keyring *keyring = NULL;
    provkey_authority *authority = NULL;
    uint8_t *spki = NULL;
    EVP_PKEY *key = EVP_PKEY_new_raw_private_key(EVP_PKEY_ED25519, NULL, seed.data, seed.len);
    const int spki_len = i2d_PUBKEY(key, &spki);
    CHECK(same(field(4), spki, (size_t)spki_len));
    OK(provkey_store_memory(&memory, ERR));
    OK(provkey_keyring_generate(NULL, &keyring, ERR));
    const provkey_environment environment = {.struct_size = sizeof(environment), .store = memory};
    const provkey_new_authority new_authority = {
        .struct_size = sizeof(new_authority), .host = text(2), .trust_domain = "devices.example"};
    OK(provkey_authority_create(&environment, keyring, &new_authority, &authority, ERR));
    CHECK(renew(authority, key, attribute) == PROVKEY_STATUS_CERTIFICATE_UNKNOWN);
    attribute.data[attribute.len - 1] ^= 1;
    CHECK(renew(authority, key, attribute) == PROVKEY_STATUS_RENEWAL_INVALID);
    OPENSSL_free(spki);
    EVP_PKEY_free(key);
    provkey_authority_free(authority);
    provkey_keyring_free(keyring);
    provkey_store_free(memory);
}

static const struct {
    const char *kind;
    size_t fields;
    void (*check)(void);
} checks[] = {
    {"key", 6, check_key},
    {"accepted", 4, check_accepted},
    {"refused", 8, check_refused},
    {"proof", 6, check_proof},
    {"malformed_proof", 5, check_malformed_proof},
    {"secret", 5, check_secret},
    {"fingerprint", 3, check_fingerprint},
    {"csr", 5, check_csr},
    {"renewal", 6, check_renewal},
};
enum { CHECKS = sizeof(checks) / sizeof(*checks) };

static size_t seen_of[CHECKS];

static void check_line(size_t count)
{
    for (size_t i = 0; i < CHECKS; i++) {
        if (strcmp(fields[0], checks[i].kind) == 0) {
            CHECK(count == checks[i].fields);
            checks[i].check();
            seen_of[i] += 1;
            return;
        }
    }
    CHECK(!"a vector of a kind that is not known");
}

int main(int arguments, char **argument)
{
    static char line[300000];
    size_t seen = 0;
    bool ended = false;
    CHECK(arguments == 2);
    FILE *file = fopen(argument[1], "r");
    CHECK(file != NULL);
    OK(provkey_store_memory(&store, ERR));
    sensors = fleet_new((fleet_parts){.store = store}, 100);
    while (fgets(line, sizeof(line), file) != NULL) {
        const size_t count = split(line);
        check_begin(fields[0]);
        if (strcmp(fields[0], "end") == 0) {
            CHECK(count == 2 && strtoul(fields[1], NULL, 10) == seen);
            ended = true;
        } else {
            check_line(count);
            seen += 1;
        }
    }
    CHECK(ended);
    for (size_t i = 0; i < CHECKS; i++) {
        CHECK(seen_of[i] > 0);
    }
    for (size_t i = 0; i < FIELDS_MAX; i++) {
        free(decoded[i].data);
    }
    fclose(file);
    fleet_free(&sensors);
    provkey_store_free(store);
    return check_done();
}
