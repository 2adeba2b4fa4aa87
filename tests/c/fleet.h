// An authority with a group, an enrollment certificate and a provisioning key, and connectors that
// enroll with it.
#ifndef FLEET_H
#define FLEET_H

#include "check.h"

// The material of the tests' machine.
#define MATERIAL ((const uint8_t *)"machine 1"), 9

typedef struct fleet {
    provkey_keyring *keyring;
    provkey_authority *authority;
    provkey_connector_group *group;
    provkey_enrollment_certificate *certificate;
    provkey_key_details *key;
    // The key, as read from its text.
    provkey_provisioning_key *provisioning_key;
} fleet;

// Objects that the application brings; for NULL the library uses its own.
typedef struct fleet_parts {
    const provkey_store *store;
    const provkey_clock *clock;
    const provkey_random *random;
    const provkey_observer *observer;
} fleet_parts;

// The current time in Unix milliseconds.
uint64_t now_ms(void);

// Makes a fleet whose key has this many uses.
fleet fleet_new(fleet_parts parts, uint64_t max_uses);
void fleet_free(fleet *fleet);

// Makes a fleet over a store in memory, which is freed with it.
fleet fleet_in_memory(uint64_t max_uses);

// Opens the authority of a store again.
provkey_authority *fleet_reopen(fleet_parts parts, const provkey_keyring *keyring);

// Makes another key. Freed by the caller.
provkey_key_details *fleet_key(const fleet *fleet, const char *name, uint64_t max_uses);

// Reads the text of a key. Freed by the caller.
provkey_provisioning_key *fleet_provisioning_key(const provkey_authority *authority, const char *id);

// The number of uses of a key.
uint64_t fleet_used(const provkey_authority *authority, const char *id);

// Makes a request for a certificate.
provkey_request *fleet_request(provkey_identity *identity, const provkey_provisioning_key *key);

// A request in the form that the authority takes.
provkey_enroll_request fleet_enroll_request(const provkey_request *request);

// A new connector that asks for a certificate.
typedef struct asking {
    provkey_identity *identity;
    provkey_request *request;
    provkey_enroll_request enroll_request;
} asking;

asking asking_with(const provkey_provisioning_key *key);
void asking_free(asking *asking);

// A connector that has enrolled. Freed by the caller.
provkey_identity *fleet_connector(const fleet *fleet);

// Enrolls an identity: requests, answers, accepts.
void fleet_enroll(const provkey_authority *authority, const provkey_provisioning_key *key,
                  provkey_identity *identity);

// Removes a SQLite file and those that SQLite keeps beside it.
void remove_sqlite(const char *path);

// Renews the certificate of an identity, for the same key pair.
void fleet_renew(const provkey_authority *authority, provkey_identity *identity);

#endif
