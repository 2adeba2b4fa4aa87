// The base of the generated hostile calls: a valid object of every type, and the checks of results.
// See generate_hostile.py.
#ifndef HOSTILE_H
#define HOSTILE_H

#include <limits.h>
#include <stdio.h>
#include <string.h>

#include "provkey.h"

// Expectations of a call, besides a status.
enum {
    ANY = -1000,      // success or an error, but no crash
    FAILURE = -1001,  // any error
    NO_ERROR = -1002, // any status but OK, and no error object
    GOOD = -1003,     // any result that does not blame the arguments
};

// Invalid texts.
#define NOT_UTF8 "\xff\xfe"
#define TOO_LONG hostile_too_long
extern char hostile_too_long[4098];

#define SOME_BYTES ((const uint8_t *)"some bytes")
#define NULL_TEXTS ((const char *const[]){"192.0.2.0/24", NULL})
#define MISALIGNED(pointer) ((void *)((uintptr_t)(pointer) + 1))

// Memory for outputs: each is larger than any output.
#define OUTPUT(index) ((void *)hostile_outputs[index])
extern _Alignas(16) uint8_t hostile_outputs[4][128];

extern provkey_error *hostile_error;

// One object of every type that the library hands out.
typedef struct hostile_object {
    const char *type;
    void *pointer;
} hostile_object;
extern const hostile_object *hostile_objects;
extern size_t hostile_objects_len;

// A valid object of each type that the library hands out: `good_bytes` and so on.
#define HOSTILE_HANDLES(X) \
    X(admin_token) X(admin_token_page) X(authority) X(authority_details) X(audit_page) X(bytes) \
    X(certificate_request) X(certificate_request_page) X(clock) X(connector) X(connector_group) \
    X(connector_group_page) X(connector_page) X(crl) X(enrolled) X(enrollment_certificate) \
    X(enrollment_certificate_page) X(error) X(identity) X(identity_details) X(key_details) \
    X(key_page) X(keyring) X(observer) X(provisioning_key) X(query_result) X(random) X(request) \
    X(server_certificate) X(signer) X(store)
#define DECLARE_HANDLE(name) extern provkey_##name *good_##name;
HOSTILE_HANDLES(DECLARE_HANDLE)

// A valid struct of each type that the caller fills in: `good_new_key` and so on.
#define HOSTILE_STRUCTS(X) \
    X(actor) X(audit_filter) X(certificate_import) X(clock_callbacks) X(connector_filter) \
    X(counter) X(enroll_request) X(environment) X(fingerprint) X(key_filter) X(key_update) \
    X(new_authority) X(new_certificate) X(new_key) X(observer_callbacks) X(operation) \
    X(page_request) X(query_limits) X(random_callbacks) X(record) X(renew_request) \
    X(signer_callbacks) X(store_callbacks) X(unit)
#define DECLARE_STRUCT(name) extern provkey_##name good_##name;
HOSTILE_STRUCTS(DECLARE_STRUCT)

const char *good_text(const char *function, const char *argument);
provkey_slice good_buffer(const char *function, const char *argument);
uint32_t good_number(const char *function, const char *argument);

// Called before each call: names it, and resets the outputs.
void hostile_attempt(const char *what);

// Called after each call: returns whether it succeeded. Ends the program if the result is not the
// expected one.
bool hostile_answer(provkey_status status, int expected, bool has_error);

// The generated calls, those that only a callback can make, and one valid call of each function.
void hostile_calls(void);
void hostile_record_sink(provkey_record_sink *sink);
void hostile_outcome_sink(provkey_outcome_sink *sink);
void hostile_bytes_sink(provkey_bytes_sink *sink);
void hostile_good_calls(void);

#endif
