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

extern provkey_admin_token *good_admin_token;
extern provkey_admin_token_page *good_admin_token_page;
extern provkey_authority *good_authority;
extern provkey_authority_details *good_authority_details;
extern provkey_audit_page *good_audit_page;
extern provkey_bytes *good_bytes;
extern provkey_certificate_request *good_certificate_request;
extern provkey_certificate_request_page *good_certificate_request_page;
extern provkey_clock *good_clock;
extern provkey_connector *good_connector;
extern provkey_connector_group *good_connector_group;
extern provkey_connector_group_page *good_connector_group_page;
extern provkey_connector_page *good_connector_page;
extern provkey_crl *good_crl;
extern provkey_enrolled *good_enrolled;
extern provkey_enrollment_certificate *good_enrollment_certificate;
extern provkey_enrollment_certificate_page *good_enrollment_certificate_page;
extern provkey_error *good_error;
extern provkey_identity *good_identity;
extern provkey_identity_details *good_identity_details;
extern provkey_key_details *good_key_details;
extern provkey_key_page *good_key_page;
extern provkey_keyring *good_keyring;
extern provkey_observer *good_observer;
extern provkey_provisioning_key *good_provisioning_key;
extern provkey_query_result *good_query_result;
extern provkey_random *good_random;
extern provkey_request *good_request;
extern provkey_server_certificate *good_server_certificate;
extern provkey_signer *good_signer;
extern provkey_store *good_store;

extern provkey_actor good_actor;
extern provkey_audit_filter good_audit_filter;
extern provkey_certificate_import good_certificate_import;
extern provkey_clock_callbacks good_clock_callbacks;
extern provkey_connector_filter good_connector_filter;
extern provkey_counter good_counter;
extern provkey_enroll_request good_enroll_request;
extern provkey_environment good_environment;
extern provkey_fingerprint good_fingerprint;
extern provkey_key_filter good_key_filter;
extern provkey_key_update good_key_update;
extern provkey_new_authority good_new_authority;
extern provkey_new_certificate good_new_certificate;
extern provkey_new_key good_new_key;
extern provkey_observer_callbacks good_observer_callbacks;
extern provkey_operation good_operation;
extern provkey_page_request good_page_request;
extern provkey_query_limits good_query_limits;
extern provkey_random_callbacks good_random_callbacks;
extern provkey_record good_record;
extern provkey_renew_request good_renew_request;
extern provkey_signer_callbacks good_signer_callbacks;
extern provkey_store_callbacks good_store_callbacks;
extern provkey_unit good_unit;

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
