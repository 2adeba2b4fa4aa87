// The vectors of the connector's half (tests/vectors), as vectors.py writes them: key texts,
// proofs, fingerprints. Those of the authority's half are core's: key_vectors.rs and
// hostile_csrs.rs.
//
// usage: test_vectors vectors.txt
#include <stdio.h>
#include <stdlib.h>

#include "check.h"

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

// The bytes of a field, valid until the next line.
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

static void check_key(void)
{
    provkey_provisioning_key *key = NULL;
    provkey_bytes *written = NULL;
    const bytes key_text = field(4);
    OK(provkey_provisioning_key_read(key_text.data, key_text.len, &key, ERR));
    CHECK_TEXT(key->host, text(1));
    CHECK_TEXT(key->id, text(2));
    CHECK(same(field(3), key->pin, sizeof(key->pin)));
    OK(provkey_provisioning_key_text(key, &written, ERR));
    CHECK(same(key_text, written->data, written->len));
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

// The vectors have no private keys: only the proof is checked, not the signature.
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
    const bytes sent = field(4);
    provkey_fingerprint fingerprint;
    provkey_provisioning_key *key = NULL;
    provkey_signer *signer = NULL;
    provkey_identity *identity = NULL;
    provkey_request *request = NULL;
    CHECK(sent.len == 0 || sent.len == sizeof(fingerprint.bytes));
    memcpy(fingerprint.bytes, sent.data, sent.len);
    OK(provkey_provisioning_key_read(key_text.data, key_text.len, &key, ERR));
    OK(provkey_signer_new(&callbacks, spki.data, spki.len, &signer, ERR));
    OK(provkey_identity_with_signer(signer, &identity, ERR));
    OK(provkey_identity_request(identity, key, sent.len == 0 ? NULL : &fingerprint, &request, ERR));
    CHECK(contains(request->der, field(5)));
    provkey_request_free(request);
    provkey_identity_free(identity);
    provkey_signer_free(signer);
    provkey_provisioning_key_free(key);
}

static void check_fingerprint(void)
{
    const bytes raw = field(1);
    provkey_fingerprint fingerprint;
    char written[PROVKEY_FINGERPRINT_TEXT_SIZE];
    if (raw.len == 0) {
        // The vectors define one for empty material, but the library refuses to make it.
        FAILS(PROVKEY_STATUS_FINGERPRINT_EMPTY, provkey_fingerprint_of(raw.data, 0, &fingerprint, ERR));
        return;
    }
    OK(provkey_fingerprint_of(raw.data, raw.len, &fingerprint, ERR));
    OK(provkey_fingerprint_text(&fingerprint, written, ERR));
    CHECK_TEXT(written, fields[2]);
}

static const struct {
    const char *kind;
    size_t fields;
    void (*check)(void);
} checks[] = {
    {"key", 5, check_key},
    {"accepted", 4, check_accepted},
    {"refused", 8, check_refused},
    {"proof", 6, check_proof},
    {"fingerprint", 3, check_fingerprint},
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
    return check_done();
}
