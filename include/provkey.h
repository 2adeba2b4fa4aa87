// provkey: a fleet enrols itself, every use of a provisioning key counted exactly.
//
// This file is made by cbindgen of the sources in ffi/. docs/c.md takes you from nothing to enrolled.
//
// There are two halves. The connector's: `provkey_provisioning_key`, `provkey_identity`. The
// authority's: `provkey_authority` and what it keeps, `provkey_store`. A library that was built for
// connectors only has the first alone: define PROVKEY_CONNECTOR_ONLY before this file is included.
//
// Results. Every function that can fail returns a `provkey_status`, PROVKEY_STATUS_OK (0) or the
// number of an error code, and takes as its last argument a `provkey_error **`. That may be NULL;
// otherwise it gets an error that the caller frees, and only if the call fails: set it to NULL
// before. It stays NULL if there was no memory for an error. Outputs are written only if the call
// succeeds. If the library itself fails that is a status, too, and Rust's own message about it goes to
// standard error.
//
// Arguments. A pointer that must not be NULL and is, or that is to another object of this library than
// its type says, is an error, not a crash. A buffer is followed by its length; (NULL, 0) is empty, and NULL
// with a length is an error. A `const char *` is UTF-8 and ended by NUL, 4096 bytes at most; where
// it may be left out, NULL says so. Structs that the caller fills in begin with `struct_size`: set all
// bytes to 0 and then `struct_size` to the sizeof of the struct. A number that stands for nothing is
// an error. Moments are in Unix milliseconds, where 0 stands for none; durations are in seconds.
//
// Memory. What a function gives is freed with the function named after its type, which does nothing
// for NULL. Structs that the library gives are read-only; what they point to lives as long as they do.
// Nothing that the caller passes is kept: it may be freed when the call has returned, except for the
// user data of callbacks.
//
// Later versions. Every struct that the library hands out to be freed begins with a `provkey_header`; a
// field is there if it lies within `header.size`. Structs may grow at their end, never into padding.
// Those without a header or a `struct_size`, and those that a callback gets as an array, stay as they
// are as long as `PROVKEY_ABI_VERSION` does.
//
// Secrets. Private keys, key texts, master keys and all `provkey_bytes` are wiped when they are freed.
// What ring, the cryptographic library, keeps of a private key to sign with is not. No error and no
// struct but those that say so holds a secret.
//
// Threads. Any thread may call any function. A `provkey_authority`, `provkey_store`, `provkey_signer`,
// `provkey_clock`, `provkey_random`, `provkey_observer` and `provkey_keyring` may be used by any number
// of threads at a time. A `provkey_identity` is used by one at a time: a call that meets another is
// refused with `handle_in_use`. Structs that the library gives may be read by any number of threads.
// Whatever is freed must not be in use. The library has no global state, and starts no threads, but
// for `provkey_store_check`, whose threads have ended when it returns, and for a store in a file of
// SQLite, which moves its log into the file on one that lives for as long as that takes, at most
// until the store is freed; where no thread is to be had, the call that made the log long moves it.
//
// Callbacks are called on a thread that is inside a call of this library, or on one of
// `provkey_store_check`, never on another; those of an authority's store may be called for what
// another thread asked for, and several at a time, so user data must bear that. A callback,
// `destroy` too, calls no function of an authority that it is a part of, and of an identity that
// it signs for; it returns normally: it neither throws nor jumps out. What it is given is good
// until it returns, and on its thread only. `destroy` is called once, when nothing is called any
// more, if the call that took the callbacks succeeded; if that failed, never.
//
// An authority, a store, an identity and a signer belong to the process that made them. In a forked
// child every call with one fails at once with PROVKEY_STATUS_USED_AFTER_FORK, and to free it touches
// nothing of the parent's: the child opens its own. All other handles may be used there.


#ifndef PROVKEY_H
#define PROVKEY_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

// The version of this header. `provkey_version` gives that of the library.
#define PROVKEY_VERSION "0.1.0"

#if !defined(PROVKEY_CONNECTOR_ONLY) && !defined(PROVKEY_AUTHORITY)
#define PROVKEY_AUTHORITY 1
#endif


#if defined(PROVKEY_AUTHORITY)
// In place of `renewal_grace_seconds`: no certificate is renewed after its end.
#define PROVKEY_NO_RENEWAL_GRACE UINT64_MAX
#endif

// The characters of a fingerprint as text, and the NUL behind them.
#define PROVKEY_FINGERPRINT_TEXT_SIZE 33

#if defined(PROVKEY_AUTHORITY)
// Longest key of a record, in bytes.
#define PROVKEY_RECORD_KEY_BYTES_MAX 512
#endif

#if defined(PROVKEY_AUTHORITY)
// Longest body of a record, in bytes.
#define PROVKEY_RECORD_BODY_BYTES_MAX 65536
#endif

#if defined(PROVKEY_AUTHORITY)
// Most keys in one `get`.
#define PROVKEY_GET_KEYS_MAX 4096
#endif

#if defined(PROVKEY_AUTHORITY)
// Most records that one `scan` is asked for.
#define PROVKEY_SCAN_RECORDS_MAX 1024
#endif

#if defined(PROVKEY_AUTHORITY)
// Most operations in one unit that is well formed, see `provkey_unit_check`.
#define PROVKEY_UNIT_OPERATIONS_MAX 64
#endif

#if defined(PROVKEY_AUTHORITY)
// Most units in one `apply`.
#define PROVKEY_BATCH_UNITS_MAX 256
#endif

#if defined(PROVKEY_AUTHORITY)
// Most bytes of keys and bodies in one `apply`, unless a single unit has more.
#define PROVKEY_BATCH_BYTES_MAX 1048576
#endif

// The first number of the version of this header.
#define PROVKEY_VERSION_MAJOR 0

// The second number of the version of this header.
#define PROVKEY_VERSION_MINOR 1

// The third number of the version of this header.
#define PROVKEY_VERSION_PATCH 0

// The number of the ABI. It changes when programs that were built for the one before must be built
// again, and with it the name of the shared library, `libprovkey.so.N`.
#define PROVKEY_ABI_VERSION 1

#if defined(PROVKEY_AUTHORITY)
// An authority. Any number of threads may use one at the same time. Freed with
// `provkey_authority_free`.
typedef struct provkey_authority provkey_authority;
#endif

// Where a callback writes bytes. Good until the callback returns, and on its thread only.
typedef struct provkey_bytes_sink provkey_bytes_sink;

#if defined(PROVKEY_AUTHORITY)
// Where an authority gets the time from. Wherever one is asked for, NULL stands for the operating
// system's.
typedef struct provkey_clock provkey_clock;
#endif

// The identity of a connector. One thread uses it at a time: a call that meets another is refused
// with `handle_in_use`. Freed with `provkey_identity_free`, which wipes the private key, except
// for the copy that ring keeps.
typedef struct provkey_identity provkey_identity;

#if defined(PROVKEY_AUTHORITY)
// The master keys of an authority, in slots of 0 to 31. A secret: freed with
// `provkey_keyring_free`, and wiped.
typedef struct provkey_keyring provkey_keyring;
#endif

#if defined(PROVKEY_AUTHORITY)
// Who is told what happens.
typedef struct provkey_observer provkey_observer;
#endif

#if defined(PROVKEY_AUTHORITY)
// Where the answer to `apply` goes, unit by unit. Good until the callback returns.
typedef struct provkey_outcome_sink provkey_outcome_sink;
#endif

// A cryptographically secure source of random bytes. Wherever one is asked for, NULL stands for
// the operating system's.
typedef struct provkey_random provkey_random;

#if defined(PROVKEY_AUTHORITY)
// Where the answer to `get` and `scan` goes, record by record. Good until the callback returns.
typedef struct provkey_record_sink provkey_record_sink;
#endif

// A private key that signs, wherever it is kept.
typedef struct provkey_signer provkey_signer;

#if defined(PROVKEY_AUTHORITY)
// Where an authority keeps everything. Freed with `provkey_store_free`; an authority that uses it
// goes on with it.
typedef struct provkey_store provkey_store;
#endif

// What came of a call: `PROVKEY_STATUS_OK`, or the number of an error code. A number keeps its
// meaning for ever; new ones are added between those that there are.
typedef int32_t provkey_status;

// What everything begins with that the library hands out.
typedef struct provkey_header {
    // What it is. For the library alone.
    uint32_t kind;
    // How many bytes of the struct this library has filled in. A field beyond them is one that a
    // newer header knows and this library does not.
    uint32_t size;
} provkey_header;

#if defined(PROVKEY_AUTHORITY)
// What an authority is. Freed with `provkey_authority_details_free`.
typedef struct provkey_authority_details {
    // For the library.
    struct provkey_header header;
    // Its id.
    const char *id;
    // Its hosts. The first is the one that new keys get unless they name another.
    const char *const *hosts;
    // How many hosts there are.
    size_t hosts_len;
    // Its SPIFFE trust domain.
    const char *trust_domain;
    // The certificate of its root, in PEM.
    const char *root_pem;
    // Until when the root is valid, in Unix milliseconds.
    uint64_t root_not_after_ms;
} provkey_authority_details;
#endif

// Why a call did not do what it was called for. Holds no secret and no key text. The caller frees
// it with `provkey_error_free`.
//
// The positions and what stands behind them are of a key text that was read, see
// `provkey_provisioning_key_read`.
typedef struct provkey_error {
    // For the library.
    struct provkey_header header;
    // The status that the call returned.
    provkey_status status;
    // Whether the same call may succeed later without anybody doing anything.
    bool retryable;
    // Whether it is not known if what was asked for has happened: the store does not know, or this
    // library failed. Asking again finds out, and counts nothing twice. Of all other errors it is
    // known: nothing was changed.
    bool outcome_unknown;
    // The stable code, such as `key_exhausted`: the same in every language, over HTTP and in the
    // audit trail.
    const char *code;
    // A sentence for people.
    const char *message;
    // Where a key text is wrong: in characters of the cleaned text, counted from 0.
    const size_t *positions;
    // How many positions there are.
    size_t positions_len;
    // The cleaned key text in UTF-8, with U+00B7 for each character that may be part of the secret;
    // what is wrong is shown as it is. NULL: nothing can be shown.
    const char *shown;
    // A line to be printed under `shown`, with `^` under every position. NULL if `shown` is.
    const char *marks;
    // How many characters are missing, at least; 0 if none are.
    size_t missing;
    // How many characters are too many, at least; 0 if none are.
    size_t extra;
    // Whether `provkey_provisioning_key_repair` has a repair of the key text to offer.
    bool repairable;
} provkey_error;

#if defined(PROVKEY_AUTHORITY)
// Who does what is done through an authority, for the audit trail.
typedef struct provkey_actor {
    // `sizeof(provkey_actor)`.
    size_t struct_size;
    // A name, of at most 256 bytes: longer ones are cut. May be NULL.
    const char *name;
    // The id of the admin token that let them in. May be NULL.
    const char *admin_token;
    // The IP address that they ask from. May be NULL.
    const char *address;
} provkey_actor;
#endif

#if defined(PROVKEY_AUTHORITY)
// Which audit records to list. NULL, and all fields 0: all of them, the first first.
typedef struct provkey_audit_filter {
    // `sizeof(provkey_audit_filter)`.
    size_t struct_size;
    // Only of the provisioning key of this id. NULL: any.
    const char *key;
    // Only of the connector of this id. NULL: any.
    const char *connector;
    // Only this action. NULL: any.
    const char *action;
    // Only from this moment on, in Unix milliseconds.
    uint64_t since_ms;
    // 1: the latest first.
    uint8_t latest_first;
    // Only before this moment, in Unix milliseconds. 0: up to the last.
    uint64_t until_ms;
} provkey_audit_filter;
#endif

#if defined(PROVKEY_AUTHORITY)
// Which page of a listing. Where one is asked for, NULL stands for the first one.
typedef struct provkey_page_request {
    // `sizeof(provkey_page_request)`.
    size_t struct_size;
    // How many entries at most: 1 to 1000; 0: 50.
    size_t limit;
    // The `next` of the page before. NULL: the first page.
    const char *after;
} provkey_page_request;
#endif

#if defined(PROVKEY_AUTHORITY)
// One entry of the audit trail. Which fields are there depends on the action; the others are NULL.
// Freed with the page that it is on.
typedef struct provkey_audit_record {
    // For the library.
    struct provkey_header header;
    // When, by the clock of the host that did it, in Unix milliseconds; for tallied entries the
    // minute's beginning.
    uint64_t at_ms;
    // How often in that minute, for refusals and replays; otherwise 0.
    uint64_t count;
    // What happened, such as `connector_enrolled`.
    const char *action;
    // Who did it, as the host named them.
    const char *actor;
    // The id of the provisioning key.
    const char *key;
    // The id of the connector group.
    const char *group;
    // The id of the enrollment certificate.
    const char *certificate;
    // The id of the connector.
    const char *connector;
    // Where the connector asked from, or the administrator; for tallied entries the last time.
    const char *address;
    // Why it was refused: the stable code.
    const char *code;
    // What exactly, in words.
    const char *details;
    // The id of the admin token that let the actor in.
    const char *admin_token;
    // When the last time was, in Unix milliseconds, for refusals and replays; otherwise 0.
    uint64_t last_at_ms;
} provkey_audit_record;
#endif

#if defined(PROVKEY_AUTHORITY)
// A page of the audit trail. Freed, with its items, with `provkey_audit_page_free`.
typedef struct provkey_audit_page {
    // For the library.
    struct provkey_header header;
    // The records.
    const struct provkey_audit_record *const *items;
    // How many there are.
    size_t items_len;
    // Where to go on. NULL: this was the last page.
    const char *next;
} provkey_audit_page;
#endif

// The kind of a key pair. 0 stands for the usual one, P-256, or for none, as each place says.
typedef uint32_t provkey_key_algorithm;

#if defined(PROVKEY_AUTHORITY)
// How to create an enrollment certificate.
typedef struct provkey_new_certificate {
    // `sizeof(provkey_new_certificate)`.
    size_t struct_size;
    // Its name, unique among enrollment certificates.
    const char *name;
    // Its key, if that lives elsewhere; it is attached as by `provkey_authority_attach_signer`.
    // NULL: a key pair is made, and sealed into the store.
    const struct provkey_signer *signer;
    // How long it is valid; at least a day. 0: 10 years. It ends with the root at the latest.
    uint64_t validity_seconds;
    // How long the certificates of connectors are valid; at least an hour. 0: a year.
    uint64_t leaf_validity_seconds;
    // How long after its end a connector's certificate is still renewed. 0: 30 days.
    uint64_t renewal_grace_seconds;
    // How long a CRL is good: an hour to a year. 0: a week.
    uint64_t crl_validity_seconds;
    // The URL of the CRL that connectors' certificates name. NULL: none.
    const char *crl_url;
    // The URL of OCSP that connectors' certificates name. NULL: none.
    const char *ocsp_url;
    // The URL of the issuer's certificate that connectors' certificates name. NULL: none.
    const char *ca_issuers_url;
    // The algorithm of its key, if that is made: P-256 (1, or 0), P-384 or Ed25519.
    provkey_key_algorithm algorithm;
} provkey_new_certificate;
#endif

#if defined(PROVKEY_AUTHORITY)
// A CA certificate that signs the certificates of connectors. Freed with
// `provkey_enrollment_certificate_free`.
typedef struct provkey_enrollment_certificate {
    // For the library.
    struct provkey_header header;
    // Its id, which also stands in its subject if it was made here.
    const char *id;
    // Its name, unique among enrollment certificates.
    const char *name;
    // When it was created, in Unix milliseconds.
    uint64_t created_at_ms;
    // How many provisioning keys use it.
    uint64_t keys;
    // How long the certificates of connectors are valid.
    uint64_t leaf_validity_seconds;
    // How long after its end a connector's certificate is still renewed; 0: not at all.
    uint64_t renewal_grace_seconds;
    // Since when it signs no more connectors' certificates, in Unix milliseconds; 0: it does.
    uint64_t retired_at_ms;
    // From when it is valid.
    uint64_t not_before_ms;
    // Until when it is valid.
    uint64_t not_after_ms;
    // The certificate, as the root signed it, in PEM.
    const char *pem;
    // For that of an external CA: the certificate as that CA issued it, then its issuers, in PEM.
    // NULL for one that was made under the root.
    const char *external_pem;
    // The URL of the CRL that connectors' certificates name. NULL: none.
    const char *crl_url;
    // The URL of OCSP. NULL: none.
    const char *ocsp_url;
    // The URL of the issuer's certificate. NULL: none.
    const char *ca_issuers_url;
    // What its operator should know at the moment it was read: `retired`, `not_yet_valid`,
    // `expired`, `expires_soon`, `leaves_cut_short`.
    const char *const *warnings;
    // How many warnings there are.
    size_t warnings_len;
    // SHA-256 of the certificate in DER.
    uint8_t sha256[32];
    // Whether its key lives elsewhere, and has to be attached.
    bool key_elsewhere;
} provkey_enrollment_certificate;
#endif

#if defined(PROVKEY_AUTHORITY)
// A page of enrollment certificates. Freed, with its items, with
// `provkey_enrollment_certificate_page_free`.
typedef struct provkey_enrollment_certificate_page {
    // For the library.
    struct provkey_header header;
    // The certificates.
    const struct provkey_enrollment_certificate *const *items;
    // How many there are.
    size_t items_len;
    // Where to go on. NULL: this was the last page.
    const char *next;
} provkey_enrollment_certificate_page;
#endif

// Bytes that belong to the caller, who frees them with `provkey_bytes_free`. A NUL byte stands
// behind them, so that a text can be used as a C string. They are wiped when they are freed.
typedef struct provkey_bytes {
    // For the library.
    struct provkey_header header;
    // The first byte. Never NULL.
    const uint8_t *data;
    // How many bytes there are, without the NUL byte behind them.
    size_t len;
} provkey_bytes;

#if defined(PROVKEY_AUTHORITY)
// How a host tells the time.
typedef struct provkey_clock_callbacks {
    // `sizeof(provkey_clock_callbacks)`.
    size_t struct_size;
    // Given to the callbacks.
    void *user_data;
    // Called once, when nothing is called any more. May be NULL.
    void (*destroy)(void *user_data);
    // The present moment in Unix milliseconds.
    uint64_t (*now_ms)(void *user_data);
} provkey_clock_callbacks;
#endif

// Bytes of somebody else, good for as long as what they are a part of. No bytes: `data` may be
// anything, NULL too, and `len` is 0.
typedef struct provkey_slice {
    // The first byte.
    const uint8_t *data;
    // How many bytes there are.
    size_t len;
} provkey_slice;

// A machine's fingerprint as it is sent and stored: left 128 bits of
// HMAC-SHA256("provkey/1/fingerprint", raw material). No secret.
typedef struct provkey_fingerprint {
    // Its bytes.
    uint8_t bytes[16];
} provkey_fingerprint;

#if defined(PROVKEY_AUTHORITY)
// A connector that has enrolled. Freed with `provkey_connector_free`.
typedef struct provkey_connector {
    // For the library.
    struct provkey_header header;
    // Its id: what its certificate names.
    const char *id;
    // The id of the provisioning key that it enrolled with. It may have been deleted since.
    const char *key;
    // The id of the group that it belongs to.
    const char *group;
    // The id of the enrollment certificate that signed its certificate.
    const char *certificate;
    // Where it enrolled from. NULL: the host did not say.
    const char *address;
    // The serial number of its certificate, in lower-case hexadecimal.
    const char *serial;
    // Why it was revoked, by the name of RFC 5280, 5.3.1. NULL: it was not.
    const char *revocation_reason;
    // Its certificate, in DER.
    struct provkey_slice leaf;
    // When it enrolled, in Unix milliseconds.
    uint64_t enrolled_at_ms;
    // From when its certificate is valid.
    uint64_t not_before_ms;
    // Until when its certificate is valid.
    uint64_t not_after_ms;
    // How often it has renewed its certificate.
    uint64_t renewals;
    // When it last did; 0: never.
    uint64_t renewed_at_ms;
    // When it was revoked; 0: it was not.
    uint64_t revoked_at_ms;
    // About how often it got its certificate again. May be short of a few.
    uint64_t replays;
    // When it last got its certificate again; 0: never.
    uint64_t last_replay_at_ms;
    // Its fingerprint, if it has one.
    struct provkey_fingerprint fingerprint;
    // Whether it gave a fingerprint.
    bool has_fingerprint;
} provkey_connector;
#endif

#if defined(PROVKEY_AUTHORITY)
// Which connectors to list. NULL, and all fields 0: all of them, by id.
typedef struct provkey_connector_filter {
    // `sizeof(provkey_connector_filter)`.
    size_t struct_size;
    // Only those that enrolled with the key of this id. NULL: any.
    const char *key;
    // Only those of the group of this id. NULL: any.
    const char *group;
    // Only those that hang on the enrollment certificate of this id. One that has renewed is listed
    // once for each of its certificates that are remembered. NULL: any.
    const char *certificate;
    // Only those that enrolled from this moment on, in Unix milliseconds.
    uint64_t since_ms;
    // 1: the latest first, when listed by key or by group.
    uint8_t descending;
} provkey_connector_filter;
#endif

#if defined(PROVKEY_AUTHORITY)
// A page of connectors. Freed, with its items, with `provkey_connector_page_free`.
typedef struct provkey_connector_page {
    // For the library.
    struct provkey_header header;
    // The connectors.
    const struct provkey_connector *const *items;
    // How many there are.
    size_t items_len;
    // Where to go on. NULL: this was the last page.
    const char *next;
} provkey_connector_page;
#endif

#if defined(PROVKEY_AUTHORITY)
// What a host gives an authority to live in. All of it may be freed once the authority is open.
typedef struct provkey_environment {
    // `sizeof(provkey_environment)`.
    size_t struct_size;
    // Where everything is kept.
    const struct provkey_store *store;
    // Where the time comes from. NULL: from the operating system.
    const struct provkey_clock *clock;
    // Where ids, nonces and serial numbers come from. NULL: from the operating system.
    const struct provkey_random *random;
    // Who is told what happens. NULL: nobody.
    const struct provkey_observer *observer;
} provkey_environment;
#endif

#if defined(PROVKEY_AUTHORITY)
// How to create an authority.
typedef struct provkey_new_authority {
    // `sizeof(provkey_new_authority)`.
    size_t struct_size;
    // The host that connectors reach it at, `host` or `host:port` in canonical form. It stands in
    // every key text.
    const char *host;
    // The SPIFFE trust domain of its certificates, fixed for ever. NULL: the host without its
    // port. Must be given if the host is an IPv6 address.
    const char *trust_domain;
    // How long the root is valid. 0: 30 years.
    uint64_t validity_seconds;
    // The algorithm of the root's key: P-256 (1, or 0), P-384 or Ed25519.
    provkey_key_algorithm algorithm;
} provkey_new_authority;
#endif

#if defined(PROVKEY_AUTHORITY)
// A CRL (RFC 5280, section 5). Freed with `provkey_crl_free`.
typedef struct provkey_crl {
    // For the library.
    struct provkey_header header;
    // The list in DER.
    struct provkey_slice der;
    // The list in PEM.
    const char *pem;
    // Its number: no two lists of one issuer have the same.
    uint64_t number;
    // When it was made, in Unix milliseconds.
    uint64_t this_update_ms;
    // Until when it is good.
    uint64_t next_update_ms;
    // How many certificates are on it.
    size_t entries;
} provkey_crl;
#endif

#if defined(PROVKEY_AUTHORITY)
// What a connector sends, and what the host knows of it.
typedef struct provkey_enroll_request {
    // `sizeof(provkey_enroll_request)`.
    size_t struct_size;
    // The CSR: PKCS #10, DER or PEM, at most 16 KiB of DER. It may hold the proof of a key.
    const uint8_t *csr;
    // How many bytes that is.
    size_t csr_len;
    // The text of a key beside the CSR, in its canonical form. NULL: none.
    const uint8_t *key_text;
    // How many bytes that is.
    size_t key_text_len;
    // The connector's fingerprint, when it stands beside the CSR. NULL: none.
    const struct provkey_fingerprint *fingerprint;
    // Where the connector asks from, an IP address. NULL: not known.
    const char *address;
} provkey_enroll_request;
#endif

#if defined(PROVKEY_AUTHORITY)
// The answer to a connector. Freed with `provkey_enrolled_free`.
typedef struct provkey_enrolled {
    // For the library.
    struct provkey_header header;
    // The connector's id.
    const char *connector;
    // The id of the provisioning key that it enrolled with.
    const char *key;
    // The id of the group that it belongs to.
    const char *group;
    // The id of the enrollment certificate that signed.
    const char *certificate;
    // The serial number of its certificate, in lower-case hexadecimal.
    const char *serial;
    // The connector's certificate, the enrollment certificate and the root, in PEM: what the
    // connector accepts.
    const char *chain_pem;
    // The same, each in DER.
    const struct provkey_slice *chain;
    // How many certificates that are.
    size_t chain_len;
    // For an external CA, the other chain, in PEM; otherwise NULL. The two are never merged.
    const char *external_chain_pem;
    // The same, each in DER.
    const struct provkey_slice *external_chain;
    // How many certificates that are.
    size_t external_chain_len;
    // From when its certificate is valid, in Unix milliseconds.
    uint64_t not_before_ms;
    // Until when its certificate is valid.
    uint64_t not_after_ms;
    // Whether it had enrolled before, and this cost no use.
    bool replay;
} provkey_enrolled;
#endif

#if defined(PROVKEY_AUTHORITY)
// A certificate that an external CA was asked for, and has not issued yet. Freed with
// `provkey_certificate_request_free`.
typedef struct provkey_certificate_request {
    // For the library.
    struct provkey_header header;
    // The id that its certificate will have.
    const char *id;
    // The name that its certificate will have.
    const char *name;
    // When it was made, in Unix milliseconds.
    uint64_t created_at_ms;
    // How long the certificates of connectors will be valid.
    uint64_t leaf_validity_seconds;
    // How long after its end the certificate of a connector will still be renewed.
    uint64_t renewal_grace_seconds;
    // The CSR in DER, for the external CA.
    struct provkey_slice csr;
    // The CSR in PEM.
    const char *csr_pem;
    // Whether its key lives elsewhere.
    bool key_elsewhere;
} provkey_certificate_request;
#endif

#if defined(PROVKEY_AUTHORITY)
// A CA certificate of somebody else, to be imported with its private key.
typedef struct provkey_certificate_import {
    // `sizeof(provkey_certificate_import)`.
    size_t struct_size;
    // Its name, unique among enrollment certificates.
    const char *name;
    // The certificate, first, and those of its issuers that connectors are to get with it, in PEM.
    const uint8_t *certificates;
    // How many bytes that is.
    size_t certificates_len;
    // Its private key, in PEM or DER: PKCS #8, encrypted or not, SEC 1, PKCS #1. It is sealed into
    // the store. Or `signer`.
    const uint8_t *private_key;
    // How many bytes that is.
    size_t private_key_len;
    // The passphrase of an encrypted private key. NULL: it has none.
    const uint8_t *passphrase;
    // How many bytes that is.
    size_t passphrase_len;
    // Its private key, if that lives elsewhere. Then the fields of a private key are not looked at.
    const struct provkey_signer *signer;
    // How long the certificates of connectors are valid; at least an hour. 0: a year.
    uint64_t leaf_validity_seconds;
    // How long after its end a connector's certificate is still renewed. 0: 30 days.
    uint64_t renewal_grace_seconds;
    // The URL of the CRL that connectors' certificates name. NULL: none.
    const char *crl_url;
    // The URL of OCSP. NULL: none.
    const char *ocsp_url;
    // The URL of the issuer's certificate. NULL: none.
    const char *ca_issuers_url;
} provkey_certificate_import;
#endif

#if defined(PROVKEY_AUTHORITY)
// A page of requests. Freed, with its items, with `provkey_certificate_request_page_free`.
typedef struct provkey_certificate_request_page {
    // For the library.
    struct provkey_header header;
    // The requests.
    const struct provkey_certificate_request *const *items;
    // How many there are.
    size_t items_len;
    // Where to go on. NULL: this was the last page.
    const char *next;
} provkey_certificate_request_page;
#endif

#if defined(PROVKEY_AUTHORITY)
// A group that connectors belong to. Freed with `provkey_connector_group_free`.
typedef struct provkey_connector_group {
    // For the library.
    struct provkey_header header;
    // Its id, which stands in the certificates of its connectors.
    const char *id;
    // Its name, unique among groups.
    const char *name;
    // When it was created, in Unix milliseconds.
    uint64_t created_at_ms;
    // How many provisioning keys serve it.
    uint64_t keys;
} provkey_connector_group;
#endif

#if defined(PROVKEY_AUTHORITY)
// A page of groups. Freed, with its items, with `provkey_connector_group_page_free`.
typedef struct provkey_connector_group_page {
    // For the library.
    struct provkey_header header;
    // The groups.
    const struct provkey_connector_group *const *items;
    // How many there are.
    size_t items_len;
    // Where to go on. NULL: this was the last page.
    const char *next;
} provkey_connector_group_page;
#endif

#if defined(PROVKEY_AUTHORITY)
// Whether a key can enroll, or what keeps it from it first.
typedef uint32_t provkey_key_state;
#endif

#if defined(PROVKEY_AUTHORITY)
// A provisioning key as its operator sees it. It does not hold the secret. Freed with
// `provkey_key_details_free`.
typedef struct provkey_key_details {
    // For the library.
    struct provkey_header header;
    // Its id: what logs and listings show.
    const char *id;
    // Its name, unique among keys.
    const char *name;
    // The host that its text is for.
    const char *host;
    // The id of the group that its connectors join.
    const char *group;
    // The name of that group when the key was read.
    const char *group_name;
    // The id of the enrollment certificate that signs its connectors' certificates.
    const char *certificate;
    // The name of that certificate when the key was read.
    const char *certificate_name;
    // How many connectors may enroll.
    uint64_t max_uses;
    // How many have. May be more than `max_uses` once that was lowered.
    uint64_t used;
    // When the last of them did, in Unix milliseconds; 0: none has.
    uint64_t last_used_at_ms;
    // When it stops enrolling anybody, in Unix milliseconds; 0: never.
    uint64_t expires_at_ms;
    // When it was created, in Unix milliseconds.
    uint64_t created_at_ms;
    // Which edit of the key this is, for `provkey_key_update`. Uses do not change it.
    uint64_t version;
    // Where connectors may enroll from: CIDR ranges. None: from anywhere. Renewals are not bound to it.
    const char *const *allowed_addresses;
    // How many ranges there are.
    size_t allowed_addresses_len;
    // Its state when it was read.
    provkey_key_state state;
    // Whether it is switched on.
    bool enabled;
    // Whether it must be proven inside the CSR; its text beside a CSR is refused.
    bool proof_only;
    // Whether its text may be copied and downloaded: not once it is used up or compromised.
    bool copyable;
    // When it was marked as compromised, for good, in Unix milliseconds; 0: it was not.
    uint64_t compromised_at_ms;
} provkey_key_details;
#endif

#if defined(PROVKEY_AUTHORITY)
// By what provisioning keys are sorted.
typedef uint32_t provkey_key_order;
#endif

#if defined(PROVKEY_AUTHORITY)
// Which provisioning keys to list, and in which order. NULL, and all fields 0: all of them, by
// name.
typedef struct provkey_key_filter {
    // `sizeof(provkey_key_filter)`.
    size_t struct_size;
    // Only those whose name contains this, letter case ignored. NULL: any.
    const char *name_contains;
    // Only those of the group of this id. NULL: any.
    const char *group;
    // Only those of the enrollment certificate of this id. NULL: any.
    const char *certificate;
    // Only those in this state. 0: any.
    provkey_key_state state;
    // Sorted by what.
    provkey_key_order order;
    // 1: from the last to the first.
    uint8_t descending;
    // Only those whose id contains this. NULL: any.
    const char *id_contains;
    // Only those with at least this limit of uses.
    uint64_t max_uses_min;
    // Only those with at most this limit of uses. 0: any.
    uint64_t max_uses_max;
    // Only those that have enrolled at least this many connectors.
    uint64_t used_min;
    // Only those that have enrolled at most this many connectors. 0: any.
    uint64_t used_max;
    // 1: only those that have enrolled nobody, whatever `used_max` says.
    uint8_t unused;
    // Only those that enrolled a connector from this moment on, in Unix milliseconds. 0: any.
    uint64_t last_used_since_ms;
    // Only those that enrolled nobody from this moment on, or never anybody. 0: any.
    uint64_t last_used_before_ms;
} provkey_key_filter;
#endif

#if defined(PROVKEY_AUTHORITY)
// A page of provisioning keys. Freed, with its items, with `provkey_key_page_free`.
typedef struct provkey_key_page {
    // For the library.
    struct provkey_header header;
    // The keys.
    const struct provkey_key_details *const *items;
    // How many there are.
    size_t items_len;
    // Where to go on. NULL: this was the last page.
    const char *next;
} provkey_key_page;
#endif

#if defined(PROVKEY_AUTHORITY)
// How to create a provisioning key.
typedef struct provkey_new_key {
    // `sizeof(provkey_new_key)`.
    size_t struct_size;
    // Its name, unique among keys.
    const char *name;
    // The id of the group that its connectors join.
    const char *group;
    // The id of the enrollment certificate that signs for them.
    const char *certificate;
    // How many connectors may enroll: 1 or more.
    uint64_t max_uses;
    // The host that the text is for, one of the authority's. NULL: its first.
    const char *host;
    // When it stops enrolling anybody, in Unix milliseconds. 0: never.
    uint64_t expires_at_ms;
    // Where connectors may enroll from: CIDR ranges, at most 64. None: from anywhere. Renewals are not
    // bound to it.
    const char *const *allowed_addresses;
    // How many ranges there are.
    size_t allowed_addresses_len;
    // 1: it is switched off at first.
    uint8_t disabled;
    // 1: it must be proven inside the CSR.
    uint8_t proof_only;
} provkey_new_key;
#endif

#if defined(PROVKEY_AUTHORITY)
// The fields of a `provkey_key_update` that count, added up.
typedef uint32_t provkey_key_fields;
#endif

#if defined(PROVKEY_AUTHORITY)
// What to edit of a key. The count of uses is never part of an edit.
typedef struct provkey_key_update {
    // `sizeof(provkey_key_update)`.
    size_t struct_size;
    // Which of the fields below count; all others stay as they are.
    provkey_key_fields fields;
    // 1: it is switched on.
    uint8_t enabled;
    // 1: it must be proven inside the CSR.
    uint8_t proof_only;
    // The `version` of the details that the edit stands on; with another one it is refused. 0:
    // whatever it is now.
    uint64_t version;
    // Its name.
    const char *name;
    // How many connectors may enroll: 1 or more. Below `used` it stops new ones.
    uint64_t max_uses;
    // When it stops enrolling anybody, in Unix milliseconds. 0: never.
    uint64_t expires_at_ms;
    // Where connectors may enroll from: CIDR ranges, at most 64. None: from anywhere. Renewals are not
    // bound to it.
    const char *const *allowed_addresses;
    // How many ranges there are.
    size_t allowed_addresses_len;
    // The id of the enrollment certificate that signs from now on.
    const char *certificate;
} provkey_key_update;
#endif

#if defined(PROVKEY_AUTHORITY)
// What happened.
typedef uint32_t provkey_event_type;
#endif

#if defined(PROVKEY_AUTHORITY)
// An event, as an observer is told of it. Holds no secret; what it points to is good until the
// observer returns.
typedef struct provkey_event {
    // `sizeof(provkey_event)` of this library.
    size_t struct_size;
    // What happened.
    provkey_event_type type;
    // Why, for `REFUSED`, `TALLY_LOST` and `ADMIN_TOKEN_REFUSED`; otherwise `PROVKEY_STATUS_OK`.
    provkey_status status;
    // The code of that status. NULL if there is none.
    const char *code;
    // The id of the provisioning key. May be NULL.
    const char *key;
    // The id of the connector. May be NULL.
    const char *connector;
    // Where from, if the host said so. May be NULL.
    const char *address;
    // The id of the admin token, if its text was right. May be NULL.
    const char *admin_token;
} provkey_event;
#endif

#if defined(PROVKEY_AUTHORITY)
// How a host is told what happens.
typedef struct provkey_observer_callbacks {
    // `sizeof(provkey_observer_callbacks)`.
    size_t struct_size;
    // Given to the callbacks.
    void *user_data;
    // Called once, when nothing is called any more. May be NULL.
    void (*destroy)(void *user_data);
    // Something happened. Called on the thread on which it did; should be quick, and must not
    // call the authority.
    void (*observe)(void *user_data, const struct provkey_event *event);
} provkey_observer_callbacks;
#endif

#if defined(PROVKEY_AUTHORITY)
// What was pruned.
typedef struct provkey_pruned {
    // How many audit records.
    uint64_t audit_records;
    // How many enrollments.
    uint64_t enrollments;
    // How many revocations: certificates that have expired and been on a CRL since.
    uint64_t revocations;
} provkey_pruned;
#endif

#if defined(PROVKEY_AUTHORITY)
// What a connector sends that has a certificate, and what the host knows of it.
typedef struct provkey_renew_request {
    // `sizeof(provkey_renew_request)`.
    size_t struct_size;
    // The CSR for the new certificate, of the same key pair or another: PKCS #10, DER or PEM. It
    // may hold the proof of renewal.
    const uint8_t *csr;
    // How many bytes that is.
    size_t csr_len;
    // The certificate that the connector has authenticated with over TLS, in DER: the host has
    // verified it, and that the connector has its key. NULL: none.
    const uint8_t *client_certificate;
    // How many bytes that is.
    size_t client_certificate_len;
    // The connector's fingerprint, when it stands beside the CSR. NULL: none.
    const struct provkey_fingerprint *fingerprint;
    // Where the connector asks from, an IP address. NULL: not known.
    const char *address;
} provkey_renew_request;
#endif

#if defined(PROVKEY_AUTHORITY)
// What was done about a key that others know.
typedef struct provkey_compromised {
    // How many connectors it enrolled, those that had been revoked before included.
    uint64_t connectors;
    // How many of them are revoked now, or would be, that were not before.
    uint64_t revoked;
} provkey_compromised;
#endif

#if defined(PROVKEY_AUTHORITY)
// The certificate of a server, signed by the root, so that the pin in a key text is all that a
// connector needs to trust it. Freed with `provkey_server_certificate_free`.
typedef struct provkey_server_certificate {
    // For the library.
    struct provkey_header header;
    // The server's certificate, then the root, in PEM. The server has to send both: the root is
    // what the pin in a key text names.
    const char *chain_pem;
    // From when on it is valid, in Unix milliseconds.
    uint64_t not_before_ms;
    // Until when it is valid.
    uint64_t not_after_ms;
} provkey_server_certificate;
#endif

#if defined(PROVKEY_AUTHORITY)
// What somebody may do. Each role may do what those before it may.
typedef uint32_t provkey_admin_role;
#endif

#if defined(PROVKEY_AUTHORITY)
// An admin token. It does not hold the secret. Freed with `provkey_admin_token_free`.
typedef struct provkey_admin_token {
    // For the library.
    struct provkey_header header;
    // Its id, which its text shows.
    const char *id;
    // Its name.
    const char *name;
    // What its holder may do.
    provkey_admin_role role;
    // When it was created, in Unix milliseconds.
    uint64_t created_at_ms;
    // Who created it. NULL: that is not known.
    const char *created_by;
    // When it ends, in Unix milliseconds. 0: never.
    uint64_t expires_at_ms;
    // When it was revoked, in Unix milliseconds. 0: it was not.
    uint64_t revoked_at_ms;
} provkey_admin_token;
#endif

#if defined(PROVKEY_AUTHORITY)
// A page of admin tokens. Freed, with its items, with `provkey_admin_token_page_free`.
typedef struct provkey_admin_token_page {
    // For the library.
    struct provkey_header header;
    // The tokens.
    const struct provkey_admin_token *const *items;
    // How many there are.
    size_t items_len;
    // Where to go on. NULL: this was the last page.
    const char *next;
} provkey_admin_token_page;
#endif

// How a connector's certificate stands.
typedef uint32_t provkey_certificate_state;

// What an identity knows of itself, at one moment. Freed with `provkey_identity_details_free`.
typedef struct provkey_identity_details {
    // For the library.
    struct provkey_header header;
    // The host of the provisioning key that it asked with last. NULL: it has not asked.
    const char *asked_host;
    // The id of that key. NULL: it has not asked.
    const char *asked_key;
    // The host of the provisioning key that it got its certificate with. NULL: it has none.
    const char *enrolled_host;
    // The id of that key. NULL: it has none.
    const char *enrolled_key;
    // The connector's id, which its certificate names. NULL: it has none.
    const char *connector;
    // Its certificate, the issuers of that, and the pinned root, in PEM. NULL: it has none.
    const char *chain_pem;
    // From when its certificate is valid, in Unix milliseconds; 0: it has none.
    uint64_t not_before_ms;
    // Until when its certificate and the issuers are valid; 0: it has none.
    uint64_t not_after_ms;
    // From when on its certificate should be renewed; 0: it has none. The moment differs from
    // connector to connector, so that a fleet does not renew at once.
    uint64_t renew_at_ms;
    // How the certificate stood at the moment that was asked for.
    provkey_certificate_state state;
    // Its key pair.
    provkey_key_algorithm algorithm;
    // Whether a renewal was asked for and has not been answered.
    bool renewing;
    // Whether the private key lives elsewhere, behind a `provkey_signer`.
    bool key_elsewhere;
    // The SubjectPublicKeyInfo of its key pair, in DER.
    struct provkey_slice public_key;
} provkey_identity_details;

// A provisioning key: what its text says. Its secret is not among the fields, and is wiped when
// it is freed with `provkey_provisioning_key_free`.
typedef struct provkey_provisioning_key {
    // For the library.
    struct provkey_header header;
    // Where the authority is found: `host` or `host:port`.
    const char *host;
    // The public id: 12 characters.
    const char *id;
    // What may be shown of the text: everything before the secret, and an ellipsis (UTF-8).
    const char *public_text;
    // The pin of the authority's root: the left 120 bits of SHA-256 over its
    // SubjectPublicKeyInfo.
    uint8_t pin[15];
} provkey_provisioning_key;

// How a host draws random bytes.
typedef struct provkey_random_callbacks {
    // `sizeof(provkey_random_callbacks)`.
    size_t struct_size;
    // Given to the callbacks.
    void *user_data;
    // Called once, when nothing is called any more. May be NULL.
    void (*destroy)(void *user_data);
    // Fills all of `bytes`, and returns `PROVKEY_STATUS_OK`; anything else: there is none to be
    // had.
    provkey_status (*fill)(void *user_data, uint8_t *bytes, size_t len);
} provkey_random_callbacks;

// A request for a certificate: a CSR (PKCS #10, RFC 2986). It is no secret: whoever captures it can
// submit it only as it stands. Freed with `provkey_request_free`.
typedef struct provkey_request {
    // For the library.
    struct provkey_header header;
    // The CSR in DER.
    struct provkey_slice der;
    // The CSR in PEM.
    const char *pem;
} provkey_request;

// What an accepted answer says.
typedef struct provkey_accepted {
    // The moment to go on with, in Unix milliseconds: what the clock says, or the certificate's
    // first moment if the clock is behind that.
    uint64_t now_ms;
    // How many milliseconds the clock is behind, at least; 0 if it is not.
    uint64_t clock_behind_ms;
    // From when the certificate is valid.
    uint64_t not_before_ms;
    // Until when the certificate and its issuers are valid.
    uint64_t not_after_ms;
} provkey_accepted;

// How a host signs with a key that it keeps.
typedef struct provkey_signer_callbacks {
    // `sizeof(provkey_signer_callbacks)`.
    size_t struct_size;
    // Given to the callbacks.
    void *user_data;
    // Called once, when nothing is called any more. May be NULL.
    void (*destroy)(void *user_data);
    // Signs `message` and writes the signature to the sink: P-256 with SHA-256 and P-384 with
    // SHA-384 as the DER of ECDSA-Sig-Value (RFC 3279, 2.2.3); Ed25519 and RSA PKCS #1 v1.5 with
    // SHA-256 as plain bytes. Returns `PROVKEY_STATUS_OK`; `PROVKEY_STATUS_SIGNER_UNAVAILABLE` if
    // the key is out of reach for now, which may pass; anything else: it failed.
    provkey_status (*sign)(void *user_data,
                           const uint8_t *message,
                           size_t message_len,
                           struct provkey_bytes_sink *signature);
} provkey_signer_callbacks;

#if defined(PROVKEY_AUTHORITY)
// Which records a `scan` reads: those with a key from `start`, included, to `end`, excluded, in
// byte order.
typedef struct provkey_scan_range {
    // `sizeof(provkey_scan_range)`.
    size_t struct_size;
    // The first key that may be in it; it need not exist. Empty: from the very first.
    struct provkey_slice start;
    // The first key that is not in it any more, if `has_end`.
    struct provkey_slice end;
    // 1: there is an end. 0: up to the very last record.
    uint8_t has_end;
    // 1: from the last key to the first. 0: from the first to the last.
    uint8_t reverse;
} provkey_scan_range;
#endif

#if defined(PROVKEY_AUTHORITY)
// What an operation does.
typedef uint32_t provkey_operation_type;
#endif

#if defined(PROVKEY_AUTHORITY)
// One operation of a unit. Fields that its type does not name are 0.
typedef struct provkey_operation {
    // `sizeof(provkey_operation)`.
    size_t struct_size;
    // What it does.
    provkey_operation_type type;
    // For `EXPECT`: 1 if there is a version. For `SET_LIMIT`: 1 if there is a limit.
    uint8_t has_number;
    // The record that it looks at or changes.
    struct provkey_slice key;
    // For `EXPECT` the version, for `SET_LIMIT` the limit.
    uint64_t number;
    // For `PUT`: the body.
    struct provkey_slice body;
    // For `COUNT`: how much, not 0.
    int64_t by;
    // For `COUNT`: when, in Unix milliseconds.
    uint64_t at_ms;
} provkey_operation;
#endif

#if defined(PROVKEY_AUTHORITY)
// Operations that happen all together or not at all. All checks are decided on the state before
// the unit, and before it writes; the first operation, in order, whose check fails is the one that
// refuses the unit.
typedef struct provkey_unit {
    // `sizeof(provkey_unit)`.
    size_t struct_size;
    // The operations.
    const struct provkey_operation *operations;
    // How many there are.
    size_t operations_len;
} provkey_unit;
#endif

#if defined(PROVKEY_AUTHORITY)
// The store of a host. The callbacks are called from any thread that calls the authority, several
// at a time. Each returns `PROVKEY_STATUS_OK` or a status of a store, such as
// `PROVKEY_STATUS_STORE_UNAVAILABLE` or `PROVKEY_STATUS_STORE_BUSY`; none may call an authority that
// uses this store.
//
// What a store promises: each change of a record gives it a version that this key never had
// before; `get` and `scan` each see one snapshot; `apply` applies each unit wholly or not at all,
// in the order given, and a later unit sees what an earlier one wrote; what it reports as applied is
// durable. `provkey_store_check` finds out.
typedef struct provkey_store_callbacks {
    // `sizeof(provkey_store_callbacks)`.
    size_t struct_size;
    // Given to the callbacks.
    void *user_data;
    // Called once, when nothing is called any more. May be NULL.
    void (*destroy)(void *user_data);
    // Reads records by key: pushes one answer for each, in order. More than
    // `PROVKEY_GET_KEYS_MAX` keys: `PROVKEY_STATUS_STORE_REQUEST_TOO_LARGE`.
    provkey_status (*get)(void *user_data,
                          const struct provkey_slice *keys,
                          size_t keys_len,
                          struct provkey_record_sink *sink);
    // Pushes at most `limit` records of a range, in its order. More than
    // `PROVKEY_SCAN_RECORDS_MAX`: `PROVKEY_STATUS_STORE_REQUEST_TOO_LARGE`.
    provkey_status (*scan)(void *user_data,
                           const struct provkey_scan_range *range,
                           size_t limit,
                           struct provkey_record_sink *sink);
    // Applies units, and answers for each, in order. More than `PROVKEY_BATCH_UNITS_MAX` units:
    // `PROVKEY_STATUS_STORE_REQUEST_TOO_LARGE`. A unit may have as many bytes as its form allows.
    provkey_status (*apply)(void *user_data,
                            const struct provkey_unit *units,
                            size_t units_len,
                            struct provkey_outcome_sink *sink);
} provkey_store_callbacks;
#endif

#if defined(PROVKEY_AUTHORITY)
// How much a query may take. NULL stands for all defaults.
typedef struct provkey_query_limits {
    // `sizeof(provkey_query_limits)`.
    size_t struct_size;
    // How long it may run, in milliseconds; 0: 10,000.
    uint64_t time_ms;
    // How many rows are answered, of more the first; 0: 10,000.
    size_t rows;
} provkey_query_limits;
#endif

#if defined(PROVKEY_AUTHORITY)
// What kind of value stands in a row.
typedef int32_t provkey_query_value_type;
#endif

#if defined(PROVKEY_AUTHORITY)
// One value of a row. What its type does not name is 0.
typedef struct provkey_query_value {
    // One of `PROVKEY_QUERY_VALUE_TYPE_`.
    provkey_query_value_type value_type;
    // The whole number.
    int64_t integer;
    // The number.
    double number;
    // The text, or the bytes.
    struct provkey_slice bytes;
} provkey_query_value;
#endif

#if defined(PROVKEY_AUTHORITY)
// What a query found. Freed with `provkey_query_result_free`.
typedef struct provkey_query_result {
    // For the library.
    struct provkey_header header;
    // The names of the columns.
    const char *const *columns;
    // How many columns there are.
    size_t columns_len;
    // The values of the first row, then those of the second, and so on: that of a row and a column is
    // `values[row * columns_len + column]`.
    const struct provkey_query_value *values;
    // How many rows there are.
    size_t rows_len;
    // Whether there are more rows: the limit of rows was reached, or 64 MiB.
    bool truncated;
} provkey_query_result;
#endif

#if defined(PROVKEY_AUTHORITY)
// What a record holds.
typedef uint32_t provkey_record_type;
#endif

#if defined(PROVKEY_AUTHORITY)
// A counter that never passes its limit.
typedef struct provkey_counter {
    // How much has been counted.
    uint64_t used;
    // The most that may be counted, if `has_limit`.
    uint64_t limit;
    // The latest moment at which something was counted, in Unix milliseconds, if `has_last_at`.
    uint64_t last_at_ms;
    // 1: there is a limit. 0: there is none.
    uint8_t has_limit;
    // 1: something has been counted. 0: nothing has.
    uint8_t has_last_at;
} provkey_counter;
#endif

#if defined(PROVKEY_AUTHORITY)
// A record. In the answers of a host's store, the pointers are read before the sink returns.
typedef struct provkey_record {
    // `sizeof(provkey_record)`.
    size_t struct_size;
    // Its key.
    struct provkey_slice key;
    // Its version: never the same twice for one key, not even after the record was deleted.
    uint64_t version;
    // What it holds.
    provkey_record_type type;
    // Its bytes, for a body.
    struct provkey_slice body;
    // Its value, for a counter.
    struct provkey_counter counter;
} provkey_record;
#endif

#if defined(PROVKEY_AUTHORITY)
// Why a unit is refused.
typedef uint32_t provkey_reason;
#endif

// ECDSA on NIST P-256.
#define PROVKEY_KEY_ALGORITHM_P256 1

// ECDSA on NIST P-384.
#define PROVKEY_KEY_ALGORITHM_P384 2

// Ed25519, RFC 8032.
#define PROVKEY_KEY_ALGORITHM_ED25519 3

// RSA of 2048 to 4096 bits, PKCS #1 v1.5. Keys of it are read, and never made.
#define PROVKEY_KEY_ALGORITHM_RSA 4

#if defined(PROVKEY_AUTHORITY)
// It enrolls connectors.
#define PROVKEY_KEY_STATE_USABLE 1
#endif

#if defined(PROVKEY_AUTHORITY)
// It has been used as often as it may be.
#define PROVKEY_KEY_STATE_EXHAUSTED 2
#endif

#if defined(PROVKEY_AUTHORITY)
// It is switched off.
#define PROVKEY_KEY_STATE_DISABLED 3
#endif

#if defined(PROVKEY_AUTHORITY)
// Its time is over.
#define PROVKEY_KEY_STATE_EXPIRED 4
#endif

#if defined(PROVKEY_AUTHORITY)
// Others know it. This is final.
#define PROVKEY_KEY_STATE_COMPROMISED 5
#endif

#if defined(PROVKEY_AUTHORITY)
// By name, letter case ignored.
#define PROVKEY_KEY_ORDER_NAME 0
#endif

#if defined(PROVKEY_AUTHORITY)
// By the moment of creation.
#define PROVKEY_KEY_ORDER_CREATED 1
#endif

#if defined(PROVKEY_AUTHORITY)
// `name`.
#define PROVKEY_KEY_FIELDS_NAME 1
#endif

#if defined(PROVKEY_AUTHORITY)
// `max_uses`.
#define PROVKEY_KEY_FIELDS_MAX_USES 2
#endif

#if defined(PROVKEY_AUTHORITY)
// `enabled`.
#define PROVKEY_KEY_FIELDS_ENABLED 4
#endif

#if defined(PROVKEY_AUTHORITY)
// `expires_at_ms`.
#define PROVKEY_KEY_FIELDS_EXPIRES_AT 8
#endif

#if defined(PROVKEY_AUTHORITY)
// `allowed_addresses`.
#define PROVKEY_KEY_FIELDS_ALLOWED_ADDRESSES 16
#endif

#if defined(PROVKEY_AUTHORITY)
// `certificate`.
#define PROVKEY_KEY_FIELDS_CERTIFICATE 32
#endif

#if defined(PROVKEY_AUTHORITY)
// `proof_only`.
#define PROVKEY_KEY_FIELDS_PROOF_ONLY 64
#endif

#if defined(PROVKEY_AUTHORITY)
// A connector enrolled, at the cost of one use.
#define PROVKEY_EVENT_TYPE_ENROLLED 1
#endif

#if defined(PROVKEY_AUTHORITY)
// A connector asked again and got its certificate again, at no cost.
#define PROVKEY_EVENT_TYPE_REPLAYED 2
#endif

#if defined(PROVKEY_AUTHORITY)
// A connector renewed its certificate.
#define PROVKEY_EVENT_TYPE_RENEWED 3
#endif

#if defined(PROVKEY_AUTHORITY)
// An enrollment or a renewal was refused, or failed. Without a key, whoever asked proved nothing.
#define PROVKEY_EVENT_TYPE_REFUSED 4
#endif

#if defined(PROVKEY_AUTHORITY)
// A tally of refusals or replays could not be stored. Nothing else was affected.
#define PROVKEY_EVENT_TYPE_TALLY_LOST 5
#endif

#if defined(PROVKEY_AUTHORITY)
// An admin token was refused. Nothing of it is stored.
#define PROVKEY_EVENT_TYPE_ADMIN_TOKEN_REFUSED 6
#endif

#if defined(PROVKEY_AUTHORITY)
// Look at everything but secrets.
#define PROVKEY_ADMIN_ROLE_VIEWER 1
#endif

#if defined(PROVKEY_AUTHORITY)
// Look after provisioning keys, groups and connectors; take out the texts of keys.
#define PROVKEY_ADMIN_ROLE_OPERATOR 2
#endif

#if defined(PROVKEY_AUTHORITY)
// Look after enrollment certificates and admin tokens, too.
#define PROVKEY_ADMIN_ROLE_ADMIN 3
#endif

// There is none yet.
#define PROVKEY_CERTIFICATE_STATE_NONE 0

// It is valid.
#define PROVKEY_CERTIFICATE_STATE_VALID 1

// It is valid, and its time to be renewed has come.
#define PROVKEY_CERTIFICATE_STATE_RENEW_SOON 2

// It, or one of its issuers, is not valid any more.
#define PROVKEY_CERTIFICATE_STATE_EXPIRED 3

// All is well: code `ok`.
#define PROVKEY_STATUS_OK 0

// An argument that must be there is NULL, is NULL with a length, or is not aligned. Code
// `null_argument`.
#define PROVKEY_STATUS_NULL_ARGUMENT 1

// A text is not UTF-8. Code `text_not_utf8`.
#define PROVKEY_STATUS_TEXT_NOT_UTF8 2

// A text has more than 4096 bytes, or is not ended by a NUL byte within them. Code
// `text_too_long`.
#define PROVKEY_STATUS_TEXT_TOO_LONG 3

// The `struct_size` of a struct is none that this library knows, or fields of a newer library
// are set in it. Code `struct_size_invalid`.
#define PROVKEY_STATUS_STRUCT_SIZE_INVALID 4

// A number stands for none of the values that it may have. Code `value_unknown`.
#define PROVKEY_STATUS_VALUE_UNKNOWN 5

// A pointer is to something else than it should be, or to something that was freed. Code
// `handle_wrong_kind`.
#define PROVKEY_STATUS_HANDLE_WRONG_KIND 6

// The object is being changed by another call: on another thread, or further up on this one.
// Code `handle_in_use`.
#define PROVKEY_STATUS_HANDLE_IN_USE 7

// An IP address cannot be read. Code `address_invalid`.
#define PROVKEY_STATUS_ADDRESS_INVALID 8

// A callback that must be there is NULL. Code `callback_missing`.
#define PROVKEY_STATUS_CALLBACK_MISSING 9

// A buffer or an array is longer than any that this library takes, or has another length than it
// may have. Code `argument_too_large`.
#define PROVKEY_STATUS_ARGUMENT_TOO_LARGE 11

// There is no repair of this key text: it is right as it is, or it is damaged beyond repair.
// Code `no_repair`.
#define PROVKEY_STATUS_NO_REPAIR 10

// The handle was opened by another process, which this one was forked from. A forked child opens
// its own, and may free inherited ones, which does nothing but free memory. Code `used_after_fork`.
#define PROVKEY_STATUS_USED_AFTER_FORK 12

// Memory could not be had. Whether what the call was for has happened is not known. Code
// `out_of_memory`.
#define PROVKEY_STATUS_OUT_OF_MEMORY 90

// A fault in this library: it panicked. Whether what the call was for has happened is not known. The
// object may be used again. Code `internal_error`.
#define PROVKEY_STATUS_INTERNAL_ERROR 91

// The key may not be used from this address, or the address is not known and the key has a
// list. Code `address_not_allowed`.
#define PROVKEY_STATUS_ADDRESS_NOT_ALLOWED 100

// The connector enrolled long ago and its certificate has expired. Over mutual TLS it is not
// renewed any more. Code `certificate_expired`.
#define PROVKEY_STATUS_CERTIFICATE_EXPIRED 101

// The enrollment certificate was retired and signs nothing new. Code `certificate_retired`.
#define PROVKEY_STATUS_CERTIFICATE_RETIRED 102

// The connector was revoked. Its public key never enrolls again. Code `connector_revoked`.
#define PROVKEY_STATUS_CONNECTOR_REVOKED 103

// The CSR proves one key, and the text of another stands beside it; or one certificate is
// proven inside the CSR and another over TLS. Code `credentials_disagree`.
#define PROVKEY_STATUS_CREDENTIALS_DISAGREE 104

// The connector enrolled from other hardware, or the request gives two fingerprints. Code
// `fingerprint_mismatch`.
#define PROVKEY_STATUS_FINGERPRINT_MISMATCH 105

// The provisioning key was deleted. Code `key_deleted`.
#define PROVKEY_STATUS_KEY_DELETED 106

// The provisioning key is disabled. Code `key_disabled`.
#define PROVKEY_STATUS_KEY_DISABLED 107

// The key has been used as often as it may be. Code `key_exhausted`.
#define PROVKEY_STATUS_KEY_EXHAUSTED 108

// The key has expired. Connectors that enrolled before still get their certificates again.
// Code `key_expired`.
#define PROVKEY_STATUS_KEY_EXPIRED 109

// The key is not one of this authority, its secret or proof is wrong, or it is for another
// host: which of these is not said. Code `key_invalid`.
#define PROVKEY_STATUS_KEY_INVALID 110

// The request has neither a proof in its CSR nor a key text beside it. Code `key_missing`.
#define PROVKEY_STATUS_KEY_MISSING 111

// The key must be proven inside the CSR; its text was sent. Code `proof_required`.
#define PROVKEY_STATUS_PROOF_REQUIRED 112

// This public key has enrolled with another provisioning key, or a connector has renewed with
// it. Code `public_key_in_use`.
#define PROVKEY_STATUS_PUBLIC_KEY_IN_USE 113

// The public key is that of the authority's root or of the enrollment certificate. Code
// `public_key_of_authority`.
#define PROVKEY_STATUS_PUBLIC_KEY_OF_AUTHORITY 114

// The CSR was made for another purpose: a renewal was sent to be enrolled, or an enrollment to be
// renewed. Code `request_wrong_purpose`.
#define PROVKEY_STATUS_REQUEST_WRONG_PURPOSE 115

// The key was compromised. This is final: make another key. Code `key_compromised`.
#define PROVKEY_STATUS_KEY_COMPROMISED 116

// The certificate was renewed before, with another key pair; or it was renewed more than once
// since. Code `certificate_renewed`.
#define PROVKEY_STATUS_CERTIFICATE_RENEWED 200

// The certificate is none of this authority, or was forgotten after it expired. Code
// `certificate_unknown`.
#define PROVKEY_STATUS_CERTIFICATE_UNKNOWN 201

// The proof of renewal is malformed, is for a host that the authority does not have, or was
// not signed with the key of the certificate. Code `renewal_invalid`.
#define PROVKEY_STATUS_RENEWAL_INVALID 202

// The CSR has no proof of renewal, and the host vouches for no certificate. Code
// `renewal_missing`.
#define PROVKEY_STATUS_RENEWAL_MISSING 203

// The connector has renewed so often that it has more than 16 valid certificates. Code
// `renewal_too_early`.
#define PROVKEY_STATUS_RENEWAL_TOO_EARLY 204

// The certificate expired longer ago than the grace of its enrollment certificate. Code
// `renewal_too_late`.
#define PROVKEY_STATUS_RENEWAL_TOO_LATE 205

// The signature algorithm is not one of the key in the CSR. Code `csr_algorithm_mismatch`.
#define PROVKEY_STATUS_CSR_ALGORITHM_MISMATCH 300

// An attribute occurs again, or one that has one value has not exactly one. Code
// `csr_attribute_not_single`.
#define PROVKEY_STATUS_CSR_ATTRIBUTE_NOT_SINGLE 301

// The public key is not in the accepted form (a named curve, an uncompressed point). Code
// `csr_bad_key`.
#define PROVKEY_STATUS_CSR_BAD_KEY 302

// The CSR was not signed with its own key, or was changed since. Code `csr_bad_signature`.
#define PROVKEY_STATUS_CSR_BAD_SIGNATURE 303

// One extension is asked for twice. Code `csr_duplicate_extension`.
#define PROVKEY_STATUS_CSR_DUPLICATE_EXTENSION 304

// The public key is no point of its curve. Code `csr_key_off_curve`.
#define PROVKEY_STATUS_CSR_KEY_OFF_CURVE 305

// The bytes are neither PEM nor the strict DER of PKCS #10. Code `csr_malformed`.
#define PROVKEY_STATUS_CSR_MALFORMED 306

// Its parts are nested more than 16 levels deep. Code `csr_nested_too_deeply`.
#define PROVKEY_STATUS_CSR_NESTED_TOO_DEEPLY 307

// It asks for a CA certificate. Code `csr_requests_ca`.
#define PROVKEY_STATUS_CSR_REQUESTS_CA 308

// It asks for an extended key usage other than clientAuth. Code
// `csr_requests_extended_key_usage`.
#define PROVKEY_STATUS_CSR_REQUESTS_EXTENDED_KEY_USAGE 309

// It asks for another extension, which is not granted. Code `csr_requests_extension`.
#define PROVKEY_STATUS_CSR_REQUESTS_EXTENSION 310

// It asks for a key usage other than digitalSignature. Code `csr_requests_key_usage`.
#define PROVKEY_STATUS_CSR_REQUESTS_KEY_USAGE 311

// It asks for alternative names, at a renewal for others than the certificate has. Code `csr_requests_names`.
#define PROVKEY_STATUS_CSR_REQUESTS_NAMES 312

// A text in the subject is longer than RFC 5280, A.1, allows. Code `csr_subject_length`.
#define PROVKEY_STATUS_CSR_SUBJECT_LENGTH 313

// A text in the subject has bytes that its type does not allow, or control characters. Code
// `csr_subject_text`.
#define PROVKEY_STATUS_CSR_SUBJECT_TEXT 314

// It is longer than 16 KiB. Code `csr_too_large`.
#define PROVKEY_STATUS_CSR_TOO_LARGE 315

// Something follows the CSR, or there are two. Code `csr_trailing_data`.
#define PROVKEY_STATUS_CSR_TRAILING_DATA 316

// It is signed with an algorithm that is not supported. Code `csr_unsupported_algorithm`.
#define PROVKEY_STATUS_CSR_UNSUPPORTED_ALGORITHM 317

// Its public key is of another algorithm or size. Code `csr_unsupported_key`.
#define PROVKEY_STATUS_CSR_UNSUPPORTED_KEY 318

// It is of an unknown version of PKCS #10. Code `csr_unsupported_version`.
#define PROVKEY_STATUS_CSR_UNSUPPORTED_VERSION 319

// It is signed over MD5 or SHA-1. Code `csr_weak_algorithm`.
#define PROVKEY_STATUS_CSR_WEAK_ALGORITHM 320

// There are characters that no key has. Code `key_bad_character`.
#define PROVKEY_STATUS_KEY_BAD_CHARACTER 400

// It is wrong beyond repair. Code `key_damaged`.
#define PROVKEY_STATUS_KEY_DAMAGED 401

// There is no text. Code `key_empty`.
#define PROVKEY_STATUS_KEY_EMPTY 402

// There are too many characters. Code `key_extra`.
#define PROVKEY_STATUS_KEY_EXTRA 403

// The core is right and the host in the middle is not. Code `key_host_miscopied`.
#define PROVKEY_STATUS_KEY_HOST_MISCOPIED 404

// It is not 12 characters of the key alphabet. Code `key_id_malformed`.
#define PROVKEY_STATUS_KEY_ID_MALFORMED 405

// Up to four characters are wrong, and it is known which. Code `key_miscopied`.
#define PROVKEY_STATUS_KEY_MISCOPIED 406

// Characters are missing. Code `key_truncated`.
#define PROVKEY_STATUS_KEY_TRUNCATED 407

// It is a provisioning key of another version. Code `key_unsupported_version`.
#define PROVKEY_STATUS_KEY_UNSUPPORTED_VERSION 408

// It does not begin with `pvk1_`. Code `key_wrong_prefix`.
#define PROVKEY_STATUS_KEY_WRONG_PREFIX 409

// No certificate of the answer carries this identity's public key. Code
// `answer_for_another_key`.
#define PROVKEY_STATUS_ANSWER_FOR_ANOTHER_KEY 500

// The identity has not asked with any key. Code `answer_without_request`.
#define PROVKEY_STATUS_ANSWER_WITHOUT_REQUEST 501

// The certificate was just made, and yet the clock is past its end. Code `clock_ahead`.
#define PROVKEY_STATUS_CLOCK_AHEAD 502

// The machine's fingerprint material is empty and would be the same everywhere. Code
// `fingerprint_empty`.
#define PROVKEY_STATUS_FINGERPRINT_EMPTY 503

// Bytes of the identity file were lost or changed. Code `identity_damaged`.
#define PROVKEY_STATUS_IDENTITY_DAMAGED 504

// The file does not begin as an identity does. Code `identity_not_recognized`.
#define PROVKEY_STATUS_IDENTITY_NOT_RECOGNIZED 505

// Fingerprint material was given, and the file is not sealed. Code `identity_not_sealed`.
#define PROVKEY_STATUS_IDENTITY_NOT_SEALED 506

// The file was sealed on another machine, or the machine's material changed. Code
// `identity_other_machine`.
#define PROVKEY_STATUS_IDENTITY_OTHER_MACHINE 507

// The file is sealed, and no material was given. Code `identity_sealed`.
#define PROVKEY_STATUS_IDENTITY_SEALED 508

// The file is longer than 1 MiB, and so no identity. Code `identity_too_large`.
#define PROVKEY_STATUS_IDENTITY_TOO_LARGE 509

// A newer version wrote the file. Code `identity_too_new`.
#define PROVKEY_STATUS_IDENTITY_TOO_NEW 510

// The identity has no certificate that could be renewed. Code `renewal_without_certificate`.
#define PROVKEY_STATUS_RENEWAL_WITHOUT_CERTIFICATE 511

// The certificate of a server is for another host. Code `server_wrong_host`.
#define PROVKEY_STATUS_SERVER_WRONG_HOST 512

// A signature in the chain is wrong. Code `chain_bad_signature`.
#define PROVKEY_STATUS_CHAIN_BAD_SIGNATURE 600

// A certificate of the chain is not valid any more. Code `chain_expired`.
#define PROVKEY_STATUS_CHAIN_EXPIRED 601

// A certificate between the leaf and the root is missing. Code `chain_incomplete`.
#define PROVKEY_STATUS_CHAIN_INCOMPLETE 602

// No certificate carries the public key that was looked for. Code `chain_no_leaf`.
#define PROVKEY_STATUS_CHAIN_NO_LEAF 603

// A certificate that is not an authority's signed another. Code `chain_not_an_authority`.
#define PROVKEY_STATUS_CHAIN_NOT_AN_AUTHORITY 604

// A certificate of the chain is not valid yet. Code `chain_not_yet_valid`.
#define PROVKEY_STATUS_CHAIN_NOT_YET_VALID 605

// More authorities stand below one than it allows. Code `chain_path_too_long`.
#define PROVKEY_STATUS_CHAIN_PATH_TOO_LONG 606

// There are more than 8 certificates. Code `chain_too_many_certificates`.
#define PROVKEY_STATUS_CHAIN_TOO_MANY_CERTIFICATES 607

// A weak or unsupported key or signature algorithm was used. Code
// `chain_unacceptable_algorithm`.
#define PROVKEY_STATUS_CHAIN_UNACCEPTABLE_ALGORITHM 608

// A critical extension is not known, so it cannot be obeyed. Code
// `chain_unknown_critical_extension`.
#define PROVKEY_STATUS_CHAIN_UNKNOWN_CRITICAL_EXTENSION 609

// None of the certificates is the root that the key text pins. Code `chain_untrusted_root`.
#define PROVKEY_STATUS_CHAIN_UNTRUSTED_ROOT 610

// A certificate is not meant for this use. Code `chain_wrong_usage`.
#define PROVKEY_STATUS_CHAIN_WRONG_USAGE 611

// It names two different signature algorithms. Code `certificate_algorithm_mismatch`.
#define PROVKEY_STATUS_CERTIFICATE_ALGORITHM_MISMATCH 700

// It holds one extension twice. Code `certificate_duplicate_extension`.
#define PROVKEY_STATUS_CERTIFICATE_DUPLICATE_EXTENSION 701

// It is damaged, or not strict DER. Code `certificate_malformed`.
#define PROVKEY_STATUS_CERTIFICATE_MALFORMED 702

// There is neither PEM nor DER of a certificate; or the identity has none yet. Code `certificate_missing`.
#define PROVKEY_STATUS_CERTIFICATE_MISSING 703

// It is longer than 64 KiB. Code `certificate_too_large`.
#define PROVKEY_STATUS_CERTIFICATE_TOO_LARGE 704

// There are more than 8. Code `certificate_too_many`.
#define PROVKEY_STATUS_CERTIFICATE_TOO_MANY 705

// Something follows it. Code `certificate_trailing_data`.
#define PROVKEY_STATUS_CERTIFICATE_TRAILING_DATA 706

// It is not of X.509 version 3. Code `certificate_unsupported_version`.
#define PROVKEY_STATUS_CERTIFICATE_UNSUPPORTED_VERSION 707

// It is not in the one accepted form of its algorithm. Code `public_key_malformed`.
#define PROVKEY_STATUS_PUBLIC_KEY_MALFORMED 708

// It is of another algorithm or size. Code `public_key_unsupported`.
#define PROVKEY_STATUS_PUBLIC_KEY_UNSUPPORTED 709

// The factors of the RSA key are so close together that Fermat's method finds them. Code
// `weak_key_close_factors`.
#define PROVKEY_STATUS_WEAK_KEY_CLOSE_FACTORS 710

// The RSA exponent is even, so there is no private key. Code `weak_key_even_exponent`.
#define PROVKEY_STATUS_WEAK_KEY_EVEN_EXPONENT 711

// The RSA key was made by the generator of CVE-2017-15361. Code `weak_key_roca`.
#define PROVKEY_STATUS_WEAK_KEY_ROCA 712

// The RSA key has less than 2048 bits. Code `weak_key_short`.
#define PROVKEY_STATUS_WEAK_KEY_SHORT 713

// The RSA exponent is less than 65537. Code `weak_key_small_exponent`.
#define PROVKEY_STATUS_WEAK_KEY_SMALL_EXPONENT 714

// The RSA key has a factor below 752. Code `weak_key_small_factor`.
#define PROVKEY_STATUS_WEAK_KEY_SMALL_FACTOR 715

// The Ed25519 key is one of those under which anybody can sign, such as 32 zeros. Code
// `weak_key_small_order`.
#define PROVKEY_STATUS_WEAK_KEY_SMALL_ORDER 716

// An enrollment certificate with this subject and this key is there already. Code
// `certificate_imported_already`.
#define PROVKEY_STATUS_CERTIFICATE_IMPORTED_ALREADY 800

// There is no such request for a certificate, or it was answered. Code
// `certificate_request_not_found`.
#define PROVKEY_STATUS_CERTIFICATE_REQUEST_NOT_FOUND 801

// Another enrollment certificate, or the root, has the same subject with another key. Code
// `certificate_subject_in_use`.
#define PROVKEY_STATUS_CERTIFICATE_SUBJECT_IN_USE 802

// The certificate was asked for and not issued yet. Code `certificate_unanswered`.
#define PROVKEY_STATUS_CERTIFICATE_UNANSWERED 803

// A signature on one of the certificates is wrong. Code `external_bad_signature`.
#define PROVKEY_STATUS_EXTERNAL_BAD_SIGNATURE 804

// One of the certificates has expired. Code `external_expired`.
#define PROVKEY_STATUS_EXTERNAL_EXPIRED 805

// keyUsage lacks keyCertSign or cRLSign. Code `external_key_usage`.
#define PROVKEY_STATUS_EXTERNAL_KEY_USAGE 806

// Names are constrained, which may exclude the URIs of connectors. Code
// `external_name_constraints`.
#define PROVKEY_STATUS_EXTERNAL_NAME_CONSTRAINTS 807

// The CA certificate has no subject key identifier. Code `external_no_key_id`.
#define PROVKEY_STATUS_EXTERNAL_NO_KEY_ID 808

// The CA certificate has an empty subject. Code `external_no_subject`.
#define PROVKEY_STATUS_EXTERNAL_NO_SUBJECT 809

// One of the certificates is not a CA's. Code `external_not_an_authority`.
#define PROVKEY_STATUS_EXTERNAL_NOT_AN_AUTHORITY 810

// One of the certificates is not valid yet. Code `external_not_yet_valid`.
#define PROVKEY_STATUS_EXTERNAL_NOT_YET_VALID 811

// An issuer allows fewer CAs below it. Code `external_path_too_long`.
#define PROVKEY_STATUS_EXTERNAL_PATH_TOO_LONG 812

// There are more than 8 certificates, or more than 24 KiB of them. Code `external_too_large`.
#define PROVKEY_STATUS_EXTERNAL_TOO_LARGE 813

// A critical extension is not known, so it cannot be obeyed. Code
// `external_unknown_critical_extension`.
#define PROVKEY_STATUS_EXTERNAL_UNKNOWN_CRITICAL_EXTENSION 814

// One of the certificates is not an issuer of the others. Code `external_unrelated`.
#define PROVKEY_STATUS_EXTERNAL_UNRELATED 815

// A signature cannot be checked here. Code `external_unsupported_signature`.
#define PROVKEY_STATUS_EXTERNAL_UNSUPPORTED_SIGNATURE 816

// One of the certificates is signed over MD5 or SHA-1. Code `external_weak_signature`.
#define PROVKEY_STATUS_EXTERNAL_WEAK_SIGNATURE 817

// None of the certificates carries the key that was asked for, or there is none. Code
// `external_wrong_key`.
#define PROVKEY_STATUS_EXTERNAL_WRONG_KEY 818

// extKeyUsage lacks clientAuth. Code `external_wrong_purpose`.
#define PROVKEY_STATUS_EXTERNAL_WRONG_PURPOSE 819

// The CA was imported with its key: a CRL that is signed here could be taken for its owner's.
// Code `crl_imported_ca`.
#define PROVKEY_STATUS_CRL_IMPORTED_CA 820

// The private key is damaged, or neither PKCS #8 nor SEC 1 nor PKCS #1. Code
// `private_key_malformed`.
#define PROVKEY_STATUS_PRIVATE_KEY_MALFORMED 821

// The private key is not that of the certificate. Code `private_key_mismatch`.
#define PROVKEY_STATUS_PRIVATE_KEY_MISMATCH 822

// There is neither PEM nor DER of a private key; or that of the identity lives elsewhere. Code
// `private_key_missing`.
#define PROVKEY_STATUS_PRIVATE_KEY_MISSING 823

// The private key is encrypted. Code `private_key_passphrase_missing`.
#define PROVKEY_STATUS_PRIVATE_KEY_PASSPHRASE_MISSING 824

// The passphrase does not open the private key. Code `private_key_passphrase_wrong`.
#define PROVKEY_STATUS_PRIVATE_KEY_PASSPHRASE_WRONG 825

// The file is longer than 16 KiB. Code `private_key_too_large`.
#define PROVKEY_STATUS_PRIVATE_KEY_TOO_LARGE 826

// There is more than one private key. Code `private_key_too_many`.
#define PROVKEY_STATUS_PRIVATE_KEY_TOO_MANY 827

// The passphrase takes more than 10,000,000 iterations. Code
// `private_key_too_many_iterations`.
#define PROVKEY_STATUS_PRIVATE_KEY_TOO_MANY_ITERATIONS 828

// It is encrypted otherwise than by PBES2 with PBKDF2, HMAC with SHA-2 and AES-CBC. Code
// `private_key_unsupported_encryption`.
#define PROVKEY_STATUS_PRIVATE_KEY_UNSUPPORTED_ENCRYPTION 829

// An allowed address is no CIDR range, or has bits set beyond its prefix. Code
// `address_range_invalid`.
#define PROVKEY_STATUS_ADDRESS_RANGE_INVALID 900

// This algorithm cannot be used for a key that signs. Code `algorithm_unsupported`.
#define PROVKEY_STATUS_ALGORITHM_UNSUPPORTED 901

// The store holds an authority already. Code `authority_exists`.
#define PROVKEY_STATUS_AUTHORITY_EXISTS 902

// The store holds no authority yet. Code `authority_missing`.
#define PROVKEY_STATUS_AUTHORITY_MISSING 903

// Keys or connectors hang on the enrollment certificate. Code `certificate_in_use`.
#define PROVKEY_STATUS_CERTIFICATE_IN_USE 904

// There is no such enrollment certificate. Code `certificate_not_found`.
#define PROVKEY_STATUS_CERTIFICATE_NOT_FOUND 905

// There is no such connector. Code `connector_not_found`.
#define PROVKEY_STATUS_CONNECTOR_NOT_FOUND 906

// The cursor does not belong to this listing. Code `cursor_invalid`.
#define PROVKEY_STATUS_CURSOR_INVALID 907

// Somebody else has edited the key since it was read. Code `edit_conflict`.
#define PROVKEY_STATUS_EDIT_CONFLICT 908

// The expiry lies in the past. Code `expiry_in_past`.
#define PROVKEY_STATUS_EXPIRY_IN_PAST 909

// Keys or connectors belong to the group. Code `group_in_use`.
#define PROVKEY_STATUS_GROUP_IN_USE 910

// There is no such group. Code `group_not_found`.
#define PROVKEY_STATUS_GROUP_NOT_FOUND 911

// What looks like an IP address is none, or is not in its shortest form. Code
// `host_bad_address`.
#define PROVKEY_STATUS_HOST_BAD_ADDRESS 912

// The name is not in lower case, or has a character that no host name has. Code
// `host_bad_name`.
#define PROVKEY_STATUS_HOST_BAD_NAME 913

// The port is not 1 to 65535, has a leading zero, or is 443. Code `host_bad_port`.
#define PROVKEY_STATUS_HOST_BAD_PORT 914

// There is no host. Code `host_empty`.
#define PROVKEY_STATUS_HOST_EMPTY 915

// The name is longer than 253 characters. Code `host_too_long`.
#define PROVKEY_STATUS_HOST_TOO_LONG 916

// The authority does not have this host. Code `host_unknown`.
#define PROVKEY_STATUS_HOST_UNKNOWN 917

// There is no such provisioning key. Code `key_not_found`.
#define PROVKEY_STATUS_KEY_NOT_FOUND 918

// The maximum is not from 1 to 9223372036854775807. Code `max_uses_invalid`.
#define PROVKEY_STATUS_MAX_USES_INVALID 919

// The name has a control or invisible character. Code `name_bad_character`.
#define PROVKEY_STATUS_NAME_BAD_CHARACTER 920

// The name looks like the text of a provisioning key or an admin token, which is a secret and was
// not kept. Code `name_is_a_key`.
#define PROVKEY_STATUS_NAME_IS_A_KEY 921

// The name is empty. Code `name_empty`.
#define PROVKEY_STATUS_NAME_EMPTY 922

// Another thing of the same kind has the name; case does not matter. Code `name_in_use`.
#define PROVKEY_STATUS_NAME_IN_USE 923

// The name is longer than 128 bytes. Code `name_too_long`.
#define PROVKEY_STATUS_NAME_TOO_LONG 924

// There are more than 64 address ranges. Code `too_many_addresses`.
#define PROVKEY_STATUS_TOO_MANY_ADDRESSES 925

// The authority has 64 hosts already. Code `too_many_hosts`.
#define PROVKEY_STATUS_TOO_MANY_HOSTS 926

// The trust domain is no lower-case DNS name, or is missing beside an IPv6 address. Code
// `trust_domain_invalid`.
#define PROVKEY_STATUS_TRUST_DOMAIN_INVALID 927

// A URL for connectors' certificates is not `http://` or `https://`, a host in lower case, and
// perhaps a path and a query, or is longer than 256 bytes. Code `url_invalid`.
#define PROVKEY_STATUS_URL_INVALID 928

// The validity is too short, or ends after the year 9999. Code `validity_invalid`.
#define PROVKEY_STATUS_VALIDITY_INVALID 929

// The text is none of a checkpoint. Code `checkpoint_invalid`.
#define PROVKEY_STATUS_CHECKPOINT_INVALID 930

// The file holds no master key. Code `keyring_empty`.
#define PROVKEY_STATUS_KEYRING_EMPTY 1000

// All 32 slots have been used. Code `keyring_full`.
#define PROVKEY_STATUS_KEYRING_FULL 1001

// A line is neither 64 hexadecimal digits nor `-`. Code `keyring_malformed`.
#define PROVKEY_STATUS_KEYRING_MALFORMED 1002

// The current master key cannot be removed. Code `keyring_slot_current`.
#define PROVKEY_STATUS_KEYRING_SLOT_CURRENT 1003

// The slot holds no master key. Code `keyring_slot_empty`.
#define PROVKEY_STATUS_KEYRING_SLOT_EMPTY 1004

// The master key is current, or provisioning keys stand on it. Code `master_key_in_use`.
#define PROVKEY_STATUS_MASTER_KEY_IN_USE 1005

// It is not 64 hexadecimal digits and a newline. Code `master_key_malformed`.
#define PROVKEY_STATUS_MASTER_KEY_MALFORMED 1006

// A master key that the authority needs was not given. Code `master_key_missing`.
#define PROVKEY_STATUS_MASTER_KEY_MISSING 1007

// The master key is not the one that the authority was made with. Code `master_key_wrong`.
#define PROVKEY_STATUS_MASTER_KEY_WRONG 1008

// The slot holds no master key of this authority. Code `master_slot_empty`.
#define PROVKEY_STATUS_MASTER_SLOT_EMPTY 1009

// The slot holds another master key already. Code `master_slot_taken`.
#define PROVKEY_STATUS_MASTER_SLOT_TAKEN 1010

// A sealed CA key does not open, or does not fit its certificate: the store was changed from
// outside. Code `seal_broken`.
#define PROVKEY_STATUS_SEAL_BROKEN 1011

// An id or the trust domain cannot be written into a certificate. Code `certificate_bad_name`.
#define PROVKEY_STATUS_CERTIFICATE_BAD_NAME 1100

// The certificate would have been wrong, so it was not signed. Code `certificate_flawed`.
#define PROVKEY_STATUS_CERTIFICATE_FLAWED 1101

// The issuer's certificate does not allow it to sign this. Code `issuer_not_allowed`.
#define PROVKEY_STATUS_ISSUER_NOT_ALLOWED 1102

// The issuer's certificate has expired or is not valid yet. Code `issuer_not_valid`.
#define PROVKEY_STATUS_ISSUER_NOT_VALID 1103

// The signer's key is not the one in the issuer's certificate. Code `issuer_wrong_signer`.
#define PROVKEY_STATUS_ISSUER_WRONG_SIGNER 1104

// Keys of this kind cannot be made here. Code `signer_algorithm_unsupported`.
#define PROVKEY_STATUS_SIGNER_ALGORITHM_UNSUPPORTED 1105

// The signer made a signature that its own public key does not accept. Code
// `signer_bad_signature`.
#define PROVKEY_STATUS_SIGNER_BAD_SIGNATURE 1106

// The signature failed. Code `signer_failed`.
#define PROVKEY_STATUS_SIGNER_FAILED 1107

// The private key does not belong to the public key. Code `signer_key_mismatch`.
#define PROVKEY_STATUS_SIGNER_KEY_MISMATCH 1108

// The private key is damaged, or of another kind. Code `signer_key_rejected`.
#define PROVKEY_STATUS_SIGNER_KEY_REJECTED 1109

// The key of the enrollment certificate lives elsewhere, and its signer is not attached. Code
// `signer_missing`.
#define PROVKEY_STATUS_SIGNER_MISSING 1110

// The key is out of reach for now. Code `signer_unavailable`.
#define PROVKEY_STATUS_SIGNER_UNAVAILABLE 1111

// The store called back into its own authority. Code `reentrant_call`.
#define PROVKEY_STATUS_REENTRANT_CALL 1200

// Others kept changing the same records, or kept writing for too long. Code `store_busy`.
#define PROVKEY_STATUS_STORE_BUSY 1201

// What the store holds is damaged. Code `store_corrupt`.
#define PROVKEY_STATUS_STORE_CORRUPT 1202

// There is one already, or something else, where a new one was to be made. Code
// `store_exists`.
#define PROVKEY_STATUS_STORE_EXISTS 1203

// No space is left. Code `store_full`.
#define PROVKEY_STATUS_STORE_FULL 1204

// There is no store, or an empty file. Code `store_missing`.
#define PROVKEY_STATUS_STORE_MISSING 1205

// It is something else than a provkey store. It was not touched. Code `store_not_recognized`.
#define PROVKEY_STATUS_STORE_NOT_RECOGNIZED 1206

// It may be read but not written. Code `store_read_only`.
#define PROVKEY_STATUS_STORE_READ_ONLY 1207

// A request passes a limit of the store. Code `store_request_too_large`.
#define PROVKEY_STATUS_STORE_REQUEST_TOO_LARGE 1208

// A newer version wrote the store. Code `store_too_new`.
#define PROVKEY_STATUS_STORE_TOO_NEW 1209

// The store is out of reach, or failed in a way that may pass. After a change it may not be
// known whether it was made: asking again settles it. Code `store_unavailable`.
#define PROVKEY_STATUS_STORE_UNAVAILABLE 1210

// The store lacks changes that were durable: an older copy was put in its place. Code
// `store_rolled_back`.
#define PROVKEY_STATUS_STORE_ROLLED_BACK 1211

// The files of the store were removed, replaced or cut short while it was open. It neither reads nor
// writes any more: open it anew. Code `store_broken`.
#define PROVKEY_STATUS_STORE_BROKEN 1212

// The query is not one SELECT over the views, or the store cannot keep it from being more. Code
// `query_refused`.
#define PROVKEY_STATUS_QUERY_REFUSED 1250

// The database does not understand the query, or it failed while it ran. Code `query_failed`.
#define PROVKEY_STATUS_QUERY_FAILED 1251

// The query ran for too long. Code `query_timed_out`.
#define PROVKEY_STATUS_QUERY_TIMED_OUT 1252

// What the store holds was moved to another store. It changes no more. Code `store_moved`.
#define PROVKEY_STATUS_STORE_MOVED 1213

// The system gave no randomness. Code `random_unavailable`.
#define PROVKEY_STATUS_RANDOM_UNAVAILABLE 1300

// The admin token has expired. Code `admin_token_expired`.
#define PROVKEY_STATUS_ADMIN_TOKEN_EXPIRED 1400

// There is no such admin token, or its secret is another. Code `admin_token_invalid`.
#define PROVKEY_STATUS_ADMIN_TOKEN_INVALID 1401

// The text is no admin token, or was miscopied. Code `admin_token_malformed`.
#define PROVKEY_STATUS_ADMIN_TOKEN_MALFORMED 1402

// There is no such admin token. Code `admin_token_not_found`.
#define PROVKEY_STATUS_ADMIN_TOKEN_NOT_FOUND 1403

// The admin token was revoked. Code `admin_token_revoked`.
#define PROVKEY_STATUS_ADMIN_TOKEN_REVOKED 1404

#if defined(PROVKEY_AUTHORITY)
// No value.
#define PROVKEY_QUERY_VALUE_TYPE_NULL 0
#endif

#if defined(PROVKEY_AUTHORITY)
// A whole number, in `integer`. A Boolean is 0 or 1.
#define PROVKEY_QUERY_VALUE_TYPE_INTEGER 1
#endif

#if defined(PROVKEY_AUTHORITY)
// A number, in `number`.
#define PROVKEY_QUERY_VALUE_TYPE_FLOAT 2
#endif

#if defined(PROVKEY_AUTHORITY)
// A text in UTF-8, in `bytes`, without a NUL at its end. A moment is RFC 3339 in UTC.
#define PROVKEY_QUERY_VALUE_TYPE_TEXT 3
#endif

#if defined(PROVKEY_AUTHORITY)
// Bytes, in `bytes`.
#define PROVKEY_QUERY_VALUE_TYPE_BLOB 4
#endif

#if defined(PROVKEY_AUTHORITY)
// Bytes.
#define PROVKEY_RECORD_TYPE_BODY 1
#endif

#if defined(PROVKEY_AUTHORITY)
// A counter.
#define PROVKEY_RECORD_TYPE_COUNTER 2
#endif

#if defined(PROVKEY_AUTHORITY)
// Checks that the record has the version, or, without one, that there is no such record.
#define PROVKEY_OPERATION_TYPE_EXPECT 1
#endif

#if defined(PROVKEY_AUTHORITY)
// Checks that the counter exists and stands at 0.
#define PROVKEY_OPERATION_TYPE_EXPECT_UNUSED 2
#endif

#if defined(PROVKEY_AUTHORITY)
// Writes a body, whether or not there was one. Refused if the record is a counter.
#define PROVKEY_OPERATION_TYPE_PUT 3
#endif

#if defined(PROVKEY_AUTHORITY)
// Deletes a record, if there is one.
#define PROVKEY_OPERATION_TYPE_DELETE 4
#endif

#if defined(PROVKEY_AUTHORITY)
// Sets the limit of a counter and keeps `used`; makes the counter, at 0, if there is none.
#define PROVKEY_OPERATION_TYPE_SET_LIMIT 5
#endif

#if defined(PROVKEY_AUTHORITY)
// Adds to a counter; refused if there is none, if it would pass the limit (for a positive `by`) or
// fall below 0. A positive `by` also moves the counter's last moment to `at_ms`, never backwards.
#define PROVKEY_OPERATION_TYPE_COUNT 6
#endif

#if defined(PROVKEY_AUTHORITY)
// It is not.
#define PROVKEY_REASON_NONE 0
#endif

#if defined(PROVKEY_AUTHORITY)
// There should be no such record, and there is.
#define PROVKEY_REASON_EXISTS 1
#endif

#if defined(PROVKEY_AUTHORITY)
// There should be such a record, and there is none.
#define PROVKEY_REASON_ABSENT 2
#endif

#if defined(PROVKEY_AUTHORITY)
// The record has another version.
#define PROVKEY_REASON_CHANGED 3
#endif

#if defined(PROVKEY_AUTHORITY)
// The counter should stand at 0, and does not.
#define PROVKEY_REASON_IN_USE 4
#endif

#if defined(PROVKEY_AUTHORITY)
// The counter would pass its limit.
#define PROVKEY_REASON_LIMIT_REACHED 5
#endif

#if defined(PROVKEY_AUTHORITY)
// The counter would fall below 0.
#define PROVKEY_REASON_BELOW_ZERO 6
#endif

#if defined(PROVKEY_AUTHORITY)
// A counter was asked of a body, or a body of a counter.
#define PROVKEY_REASON_WRONG_KIND 7
#endif

#if defined(PROVKEY_AUTHORITY)
// The unit is not well formed, see `provkey_unit_check`.
#define PROVKEY_REASON_MALFORMED 8
#endif

#ifdef __cplusplus
extern "C" {
#endif // __cplusplus

#if defined(PROVKEY_AUTHORITY)
// What an authority is.
provkey_status provkey_authority_describe(const struct provkey_authority *authority,
                                          struct provkey_authority_details **details,
                                          struct provkey_error **error);
#endif

#if defined(PROVKEY_AUTHORITY)
// Frees what `provkey_authority_describe` gave. NULL is fine.
void provkey_authority_details_free(struct provkey_authority_details *details);
#endif

#if defined(PROVKEY_AUTHORITY)
// Adds a host. Texts made for the others stay good. Other processes that have the authority open
// learn of it when they open it again.
//
// Errors: the `host_` codes, `too_many_hosts`, those of the store.
provkey_status provkey_authority_add_host(const struct provkey_authority *authority,
                                          const char *host,
                                          struct provkey_error **error);
#endif

#if defined(PROVKEY_AUTHORITY)
// The same authority, with `actor` named in the audit records of what is done through it. It is
// freed like any other; the first stays as it is.
provkey_status provkey_authority_acting_as(const struct provkey_authority *authority,
                                           const char *actor,
                                           struct provkey_authority **acting,
                                           struct provkey_error **error);
#endif

#if defined(PROVKEY_AUTHORITY)
// As `provkey_authority_acting_as`, with the admin token and the address of the actor, which the audit
// trail names, too.
//
// Errors: `admin_token_not_found` for what is no id, `address_invalid`.
provkey_status provkey_authority_acting_for(const struct provkey_authority *authority,
                                            const struct provkey_actor *actor,
                                            struct provkey_authority **acting,
                                            struct provkey_error **error);
#endif

#if defined(PROVKEY_AUTHORITY)
// Frees an authority. Nothing may be under way on it. NULL is fine.
void provkey_authority_free(struct provkey_authority *authority);
#endif

#if defined(PROVKEY_AUTHORITY)
// Lists the audit trail in the order of time. A page examines a bounded number of records and may
// be short, or empty, and yet have a `next`.
//
// Errors: `cursor_invalid`, `key_not_found` and `connector_not_found` for what is no id,
// `value_unknown` for an action that is none, those of the store.
provkey_status provkey_authority_list_audit(const struct provkey_authority *authority,
                                            const struct provkey_audit_filter *filter,
                                            const struct provkey_page_request *page,
                                            struct provkey_audit_page **records,
                                            struct provkey_error **error);
#endif

#if defined(PROVKEY_AUTHORITY)
// Stores the counts of refusals and replays that still wait in memory, for ten seconds at most. A
// host calls it before it frees its last authority, and whenever it likes the trail to be complete.
//
// Errors: those of the store. What could not be stored is lost.
provkey_status provkey_authority_flush(const struct provkey_authority *authority,
                                       struct provkey_error **error);
#endif

#if defined(PROVKEY_AUTHORITY)
// Frees a page of the audit trail. NULL is fine.
void provkey_audit_page_free(struct provkey_audit_page *records);
#endif

#if defined(PROVKEY_AUTHORITY)
// Makes a certificate under the authority's root, for a key pair that is made or for one that lives
// elsewhere.
//
// Errors: the `name_` codes, `validity_invalid`, `algorithm_unsupported`, `url_invalid`, those of
// the signer and of the store.
provkey_status provkey_authority_create_certificate(const struct provkey_authority *authority,
                                                    const struct provkey_new_certificate *new_certificate,
                                                    struct provkey_enrollment_certificate **certificate,
                                                    struct provkey_error **error);
#endif

#if defined(PROVKEY_AUTHORITY)
// The enrollment certificate of this id.
//
// Errors: `certificate_not_found`, `certificate_unanswered`, those of the store.
provkey_status provkey_authority_certificate(const struct provkey_authority *authority,
                                             const char *id,
                                             struct provkey_enrollment_certificate **certificate,
                                             struct provkey_error **error);
#endif

#if defined(PROVKEY_AUTHORITY)
// The enrollment certificate that has this id or this name.
//
// Errors: `certificate_not_found`, `certificate_unanswered`, those of the store.
provkey_status provkey_authority_find_certificate(const struct provkey_authority *authority,
                                                  const char *id_or_name,
                                                  struct provkey_enrollment_certificate **certificate,
                                                  struct provkey_error **error);
#endif

#if defined(PROVKEY_AUTHORITY)
// Lists enrollment certificates by name. `page`: NULL for the first one.
//
// Errors: `cursor_invalid`, those of the store.
provkey_status provkey_authority_list_certificates(const struct provkey_authority *authority,
                                                   const struct provkey_page_request *page,
                                                   struct provkey_enrollment_certificate_page **certificates,
                                                   struct provkey_error **error);
#endif

#if defined(PROVKEY_AUTHORITY)
// Retires an enrollment certificate: it signs no more connectors' certificates. What it signed
// stays good.
//
// Errors: `certificate_not_found`, those of the store.
provkey_status provkey_authority_retire_certificate(const struct provkey_authority *authority,
                                                    const char *id,
                                                    struct provkey_error **error);
#endif

#if defined(PROVKEY_AUTHORITY)
// Counts the certificates of connectors that hang on an enrollment certificate, one by one.
//
// Errors: `certificate_not_found`, those of the store.
provkey_status provkey_authority_count_connectors(const struct provkey_authority *authority,
                                                  const char *id,
                                                  uint64_t *count,
                                                  struct provkey_error **error);
#endif

#if defined(PROVKEY_AUTHORITY)
// Deletes an enrollment certificate that no key uses and no connector's certificate hangs on.
//
// Errors: `certificate_not_found`, `certificate_in_use`, those of the store.
provkey_status provkey_authority_delete_certificate(const struct provkey_authority *authority,
                                                    const char *id,
                                                    struct provkey_error **error);
#endif

#if defined(PROVKEY_AUTHORITY)
// Attaches a signer whose key lives elsewhere: it signs for the enrollment certificate that has its
// public key, as long as this authority is open. A host attaches its signers whenever it opens the
// authority. Each signature is checked before it is used, so a signer that fails costs no use.
provkey_status provkey_authority_attach_signer(const struct provkey_authority *authority,
                                               const struct provkey_signer *signer,
                                               struct provkey_error **error);
#endif

#if defined(PROVKEY_AUTHORITY)
// Frees an enrollment certificate. NULL is fine, and so is one of a page, which stays as it is.
void provkey_enrollment_certificate_free(struct provkey_enrollment_certificate *certificate);
#endif

#if defined(PROVKEY_AUTHORITY)
// Frees a page of enrollment certificates. NULL is fine.
void provkey_enrollment_certificate_page_free(struct provkey_enrollment_certificate_page *certificates);
#endif

#if defined(PROVKEY_AUTHORITY)
// The checkpoint: a short text that names the latest change which this process knows to be durable. That
// is the last one that it made; if it has made none yet, the one that it checked with
// `provkey_authority_verify_checkpoint`; or else the last one of the audit trail.
//
// A host that wants to notice when its store is rolled back, for instance because somebody restored
// an old copy, keeps the checkpoint outside of the store, in a file elsewhere, written anew after changes,
// as often as it likes. It may be kept late: an older checkpoint notices less, and is never a false alarm.
//
// Errors: those of the store.
provkey_status provkey_authority_checkpoint(const struct provkey_authority *authority,
                                            struct provkey_bytes **checkpoint,
                                            struct provkey_error **error);
#endif

#if defined(PROVKEY_AUTHORITY)
// Checks that the store has the change that `checkpoint` names, and so all that came before it. A host does
// so after `provkey_authority_open`, before it enrolls anybody, and may do so again at any time, for
// instance after a failover.
//
// What it notices, precisely: that the store is of a time before that change. It does not notice
// the loss of changes after it, and nothing at all once the audit record of the change may have
// been pruned.
//
// Errors: `store_rolled_back` if the store lacks the change: uses that were counted since are
// forgotten, so keys may enroll beyond their limits, and so are revocations. Put the newer store
// back, or accept the loss. `checkpoint_invalid`, those of the store.
provkey_status provkey_authority_verify_checkpoint(const struct provkey_authority *authority,
                                                   const char *checkpoint,
                                                   struct provkey_error **error);
#endif

#if defined(PROVKEY_AUTHORITY)
// Accepts that the store was rolled back, and lacks the change that `lost` names: this is written
// into the audit trail, and `checkpoint` is the one to keep from now on. If the store lacks nothing,
// nothing is written.
//
// Errors: `checkpoint_invalid`, those of the store.
provkey_status provkey_authority_accept_rollback(const struct provkey_authority *authority,
                                                 const char *lost,
                                                 struct provkey_bytes **checkpoint,
                                                 struct provkey_error **error);
#endif

#if defined(PROVKEY_AUTHORITY)
// Makes a clock of callbacks. It is freed with `provkey_clock_free`.
provkey_status provkey_clock_new(const struct provkey_clock_callbacks *callbacks,
                                 struct provkey_clock **clock,
                                 struct provkey_error **error);
#endif

#if defined(PROVKEY_AUTHORITY)
// Frees a clock. What uses it goes on with it. NULL is fine.
void provkey_clock_free(struct provkey_clock *clock);
#endif

#if defined(PROVKEY_AUTHORITY)
// One connector.
//
// Errors: `connector_not_found`, those of the store.
provkey_status provkey_authority_connector(const struct provkey_authority *authority,
                                           const char *id,
                                           struct provkey_connector **connector,
                                           struct provkey_error **error);
#endif

#if defined(PROVKEY_AUTHORITY)
// Lists connectors: of a key or of a group in the order of enrollment, of a certificate by serial
// number, else by id.
//
// Errors: `cursor_invalid`, `key_not_found`, `group_not_found` and `certificate_not_found` for what
// is no id, those of the store.
provkey_status provkey_authority_list_connectors(const struct provkey_authority *authority,
                                                 const struct provkey_connector_filter *filter,
                                                 const struct provkey_page_request *page,
                                                 struct provkey_connector_page **connectors,
                                                 struct provkey_error **error);
#endif

#if defined(PROVKEY_AUTHORITY)
// Frees a connector. NULL is fine, and so is one of a page, which stays as it is.
void provkey_connector_free(struct provkey_connector *connector);
#endif

#if defined(PROVKEY_AUTHORITY)
// Frees a page of connectors. NULL is fine.
void provkey_connector_page_free(struct provkey_connector_page *connectors);
#endif

#if defined(PROVKEY_AUTHORITY)
// Whether a store holds an authority. Needs no master key.
//
// Errors: those of the store.
provkey_status provkey_authority_exists(const struct provkey_store *store,
                                        bool *exists,
                                        struct provkey_error **error);
#endif

#if defined(PROVKEY_AUTHORITY)
// Creates an authority in an empty store, with its root. The current master key of the keyring
// becomes the one that keys are derived from. Save the keyring first.
//
// Errors: `authority_exists`, the `host_` codes, `trust_domain_invalid`, `validity_invalid`,
// `algorithm_unsupported`, `random_unavailable`, those of the store.
provkey_status provkey_authority_create(const struct provkey_environment *environment,
                                        const struct provkey_keyring *keyring,
                                        const struct provkey_new_authority *new_authority,
                                        struct provkey_authority **authority,
                                        struct provkey_error **error);
#endif

#if defined(PROVKEY_AUTHORITY)
// Opens the authority that a store holds. The keyring must have every master key that the
// authority knows.
//
// Errors: `authority_missing`, `master_key_wrong`, `master_key_missing`, those of the store.
provkey_status provkey_authority_open(const struct provkey_environment *environment,
                                      const struct provkey_keyring *keyring,
                                      struct provkey_authority **authority,
                                      struct provkey_error **error);
#endif

#if defined(PROVKEY_AUTHORITY)
// The CRL of an enrollment certificate: every certificate that it signed, was revoked and has not
// expired.
//
// Errors: `certificate_not_found`, `crl_imported_ca` for one that was imported with its key, those
// of the signer and of the store.
provkey_status provkey_authority_crl(const struct provkey_authority *authority,
                                     const char *id,
                                     struct provkey_crl **crl,
                                     struct provkey_error **error);
#endif

#if defined(PROVKEY_AUTHORITY)
// The CRL of the root, for enrollment certificates. None of them can be revoked, so it is empty;
// some programs want one of every authority in a chain.
//
// Errors: `seal_broken`, those of the store.
provkey_status provkey_authority_root_crl(const struct provkey_authority *authority,
                                          struct provkey_crl **crl,
                                          struct provkey_error **error);
#endif

#if defined(PROVKEY_AUTHORITY)
// Answers an OCSP request (RFC 6960), both in DER. What cannot be answered gets an OCSP response
// that says so.
provkey_status provkey_authority_ocsp(const struct provkey_authority *authority,
                                      const uint8_t *request,
                                      size_t request_len,
                                      struct provkey_bytes **response,
                                      struct provkey_error **error);
#endif

#if defined(PROVKEY_AUTHORITY)
// Frees a CRL. NULL is fine.
void provkey_crl_free(struct provkey_crl *crl);
#endif

#if defined(PROVKEY_AUTHORITY)
// Enrolls one connector.
//
// Errors: before the key is proven `key_invalid`, `key_missing`, `credentials_disagree`, and the
// `csr_` codes that depend on nothing but the bytes; then any other reason; `store_busy` when others
// keep changing the key, and those of the store. No error costs a use. If it is not known whether
// the enrollment was stored, the connector asks again and gets its one certificate.
provkey_status provkey_authority_enroll(const struct provkey_authority *authority,
                                        const struct provkey_enroll_request *request,
                                        struct provkey_enrolled **enrolled,
                                        struct provkey_error **error);
#endif

#if defined(PROVKEY_AUTHORITY)
// Enrolls many connectors for the price of one write, in a host that has one thread. All requests
// have the `struct_size` of the first. For each, in order, `enrolled` gets the answer or NULL, and
// `statuses` its status; `errors`, if it is not NULL, gets its error or NULL. What is wrong with one
// request is its own error. The call itself fails only if the arrays or a `struct_size` are wrong, or if memory runs
// out or the library fails: then nothing is written but `error`, and those who asked ask again.
provkey_status provkey_authority_enroll_many(const struct provkey_authority *authority,
                                             const struct provkey_enroll_request *requests,
                                             size_t requests_len,
                                             struct provkey_enrolled **enrolled,
                                             provkey_status *statuses,
                                             struct provkey_error **errors,
                                             struct provkey_error **error);
#endif

#if defined(PROVKEY_AUTHORITY)
// Frees an answer. NULL is fine.
void provkey_enrolled_free(struct provkey_enrolled *enrolled);
#endif

#if defined(PROVKEY_AUTHORITY)
// Makes a key pair, or takes one that lives elsewhere, and a CSR with which an external CA can be
// asked for a CA certificate. How long that is valid is up to the external CA: `validity_seconds`
// does not count. `provkey_authority_import_answer` takes what it issues.
//
// Errors: the `name_` codes, `validity_invalid`, `algorithm_unsupported`, `url_invalid`, those of
// the signer and of the store.
provkey_status provkey_authority_request_certificate(const struct provkey_authority *authority,
                                                     const struct provkey_new_certificate *new_certificate,
                                                     struct provkey_certificate_request **request,
                                                     struct provkey_error **error);
#endif

#if defined(PROVKEY_AUTHORITY)
// Takes the certificate that an external CA issued for a request, in PEM: it becomes an enrollment
// certificate, with the id of the request. Certificates of its issuers may come behind it.
//
// Errors: `certificate_request_not_found`, the `external_` and `certificate_` codes, those of the
// store.
provkey_status provkey_authority_import_answer(const struct provkey_authority *authority,
                                               const char *id,
                                               const uint8_t *certificates,
                                               size_t certificates_len,
                                               struct provkey_enrollment_certificate **certificate,
                                               struct provkey_error **error);
#endif

#if defined(PROVKEY_AUTHORITY)
// Imports the CA certificate of somebody else, with its private key.
//
// Errors: the `name_` codes, `validity_invalid`, `url_invalid`, the `external_`, `private_key_` and
// `certificate_` codes, those of the store.
provkey_status provkey_authority_import_certificate(const struct provkey_authority *authority,
                                                    const struct provkey_certificate_import *import,
                                                    struct provkey_enrollment_certificate **certificate,
                                                    struct provkey_error **error);
#endif

#if defined(PROVKEY_AUTHORITY)
// One request that has not been answered.
//
// Errors: `certificate_request_not_found`, those of the store.
provkey_status provkey_authority_certificate_request(const struct provkey_authority *authority,
                                                     const char *id,
                                                     struct provkey_certificate_request **request,
                                                     struct provkey_error **error);
#endif

#if defined(PROVKEY_AUTHORITY)
// The request that has this id or this name.
//
// Errors: `certificate_request_not_found`, those of the store.
provkey_status provkey_authority_find_certificate_request(const struct provkey_authority *authority,
                                                          const char *id_or_name,
                                                          struct provkey_certificate_request **request,
                                                          struct provkey_error **error);
#endif

#if defined(PROVKEY_AUTHORITY)
// Lists the requests that have not been answered, by id. `page`: NULL for the first one.
//
// Errors: `cursor_invalid`, those of the store.
provkey_status provkey_authority_list_certificate_requests(const struct provkey_authority *authority,
                                                           const struct provkey_page_request *page,
                                                           struct provkey_certificate_request_page **requests,
                                                           struct provkey_error **error);
#endif

#if defined(PROVKEY_AUTHORITY)
// Deletes a request that has not been answered, and its private key.
//
// Errors: `certificate_request_not_found`, those of the store.
provkey_status provkey_authority_delete_certificate_request(const struct provkey_authority *authority,
                                                            const char *id,
                                                            struct provkey_error **error);
#endif

#if defined(PROVKEY_AUTHORITY)
// Frees a request. NULL is fine, and so is one of a page, which stays as it is.
void provkey_certificate_request_free(struct provkey_certificate_request *request);
#endif

#if defined(PROVKEY_AUTHORITY)
// Frees a page of requests. NULL is fine.
void provkey_certificate_request_page_free(struct provkey_certificate_request_page *requests);
#endif

#if defined(PROVKEY_AUTHORITY)
// Creates a connector group. Names have 1 to 128 bytes, and are unique, letter case ignored.
//
// Errors: the `name_` codes, those of the store.
provkey_status provkey_authority_create_group(const struct provkey_authority *authority,
                                              const char *name,
                                              struct provkey_connector_group **group,
                                              struct provkey_error **error);
#endif

#if defined(PROVKEY_AUTHORITY)
// The group of this id.
//
// Errors: `group_not_found`, those of the store.
provkey_status provkey_authority_group(const struct provkey_authority *authority,
                                       const char *id,
                                       struct provkey_connector_group **group,
                                       struct provkey_error **error);
#endif

#if defined(PROVKEY_AUTHORITY)
// The group that has this id or this name.
//
// Errors: `group_not_found`, those of the store.
provkey_status provkey_authority_find_group(const struct provkey_authority *authority,
                                            const char *id_or_name,
                                            struct provkey_connector_group **group,
                                            struct provkey_error **error);
#endif

#if defined(PROVKEY_AUTHORITY)
// Lists groups by name. `page`: NULL for the first one.
//
// Errors: `cursor_invalid`, those of the store.
provkey_status provkey_authority_list_groups(const struct provkey_authority *authority,
                                             const struct provkey_page_request *page,
                                             struct provkey_connector_group_page **groups,
                                             struct provkey_error **error);
#endif

#if defined(PROVKEY_AUTHORITY)
// Deletes a group that no key serves and no connector belongs to.
//
// Errors: `group_not_found`, `group_in_use`, those of the store.
provkey_status provkey_authority_delete_group(const struct provkey_authority *authority,
                                              const char *id,
                                              struct provkey_error **error);
#endif

#if defined(PROVKEY_AUTHORITY)
// Frees a group. NULL is fine, and so is one of a page, which stays as it is.
void provkey_connector_group_free(struct provkey_connector_group *group);
#endif

#if defined(PROVKEY_AUTHORITY)
// Frees a page of groups. NULL is fine.
void provkey_connector_group_page_free(struct provkey_connector_group_page *groups);
#endif

#if defined(PROVKEY_AUTHORITY)
// Frees the details of a key. NULL is fine, and so are those of a page, which stay as they are.
void provkey_key_details_free(struct provkey_key_details *key);
#endif

#if defined(PROVKEY_AUTHORITY)
// Lists provisioning keys. A page examines a bounded number of keys: with a filter on anything but
// one group or one certificate it may be short and yet have a `next`.
//
// Errors: `cursor_invalid`, `group_not_found` and `certificate_not_found` for what is no id, those of
// the store.
provkey_status provkey_authority_list_keys(const struct provkey_authority *authority,
                                           const struct provkey_key_filter *filter,
                                           const struct provkey_page_request *page,
                                           struct provkey_key_page **keys,
                                           struct provkey_error **error);
#endif

#if defined(PROVKEY_AUTHORITY)
// Frees a page of keys. NULL is fine.
void provkey_key_page_free(struct provkey_key_page *keys);
#endif

#if defined(PROVKEY_AUTHORITY)
// Makes a keyring with one new master key. `random`: NULL for the operating system's.
//
// Errors: `random_unavailable`.
provkey_status provkey_keyring_generate(const struct provkey_random *random,
                                        struct provkey_keyring **keyring,
                                        struct provkey_error **error);
#endif

#if defined(PROVKEY_AUTHORITY)
// Reads what a master key file holds: line n, counted from 0, is the master key of slot n in 64
// hexadecimal digits, or `-` for a removed one. The last one present is current.
//
// Errors: `keyring_malformed`, `keyring_full`, `keyring_empty`.
provkey_status provkey_keyring_read(const uint8_t *text,
                                    size_t text_len,
                                    struct provkey_keyring **keyring,
                                    struct provkey_error **error);
#endif

#if defined(PROVKEY_AUTHORITY)
// What belongs into the master key file, as `provkey_keyring_read` reads it. It is a secret: keep
// the file readable to its owner only, and apart from the store.
provkey_status provkey_keyring_text(const struct provkey_keyring *keyring,
                                    struct provkey_bytes **text,
                                    struct provkey_error **error);
#endif

#if defined(PROVKEY_AUTHORITY)
// A keyring with all master keys of another and a new one, which is current: for
// `provkey_authority_rotate_master`. Save it first. `random`: NULL for the operating system's.
//
// Errors: `keyring_full`, `random_unavailable`.
provkey_status provkey_keyring_rotated(const struct provkey_keyring *keyring,
                                       const struct provkey_random *random,
                                       struct provkey_keyring **rotated,
                                       struct provkey_error **error);
#endif

#if defined(PROVKEY_AUTHORITY)
// A keyring with all master keys of another but the one in `slot`, to be saved after
// `provkey_authority_remove_master`.
//
// Errors: `keyring_slot_current`, `master_slot_empty` if `slot` is no slot.
provkey_status provkey_keyring_without(const struct provkey_keyring *keyring,
                                       uint32_t slot,
                                       struct provkey_keyring **without,
                                       struct provkey_error **error);
#endif

#if defined(PROVKEY_AUTHORITY)
// The slot of the current master key.
provkey_status provkey_keyring_current_slot(const struct provkey_keyring *keyring,
                                            uint32_t *slot,
                                            struct provkey_error **error);
#endif

#if defined(PROVKEY_AUTHORITY)
// Frees a keyring, and wipes it. NULL is fine.
void provkey_keyring_free(struct provkey_keyring *keyring);
#endif

#if defined(PROVKEY_AUTHORITY)
// Creates a provisioning key. `provkey_authority_copy_key` gives its text.
//
// Errors: the `name_` codes, `group_not_found`, `certificate_not_found`, `certificate_retired`,
// `host_unknown`, `max_uses_invalid`, `expiry_in_past`, `address_range_invalid`,
// `too_many_addresses`, those of the store.
provkey_status provkey_authority_create_key(const struct provkey_authority *authority,
                                            const struct provkey_new_key *new_key,
                                            struct provkey_key_details **key,
                                            struct provkey_error **error);
#endif

#if defined(PROVKEY_AUTHORITY)
// One provisioning key.
//
// Errors: `key_not_found`, `key_deleted`, those of the store.
provkey_status provkey_authority_key(const struct provkey_authority *authority,
                                     const char *id,
                                     struct provkey_key_details **key,
                                     struct provkey_error **error);
#endif

#if defined(PROVKEY_AUTHORITY)
// The provisioning key that has this id or this name.
//
// Errors: `key_not_found`, `key_deleted`, those of the store.
provkey_status provkey_authority_find_key(const struct provkey_authority *authority,
                                          const char *id_or_name,
                                          struct provkey_key_details **key,
                                          struct provkey_error **error);
#endif

#if defined(PROVKEY_AUTHORITY)
// Edits a provisioning key. `key`, the key as it is then, may be NULL.
//
// Errors: `edit_conflict` if it was edited since `version`; `key_not_found`, `key_deleted`, the
// `name_` codes, `certificate_not_found`, `certificate_retired`, `max_uses_invalid`,
// `expiry_in_past`, `address_range_invalid`, `too_many_addresses`, those of the store.
provkey_status provkey_authority_update_key(const struct provkey_authority *authority,
                                            const char *id,
                                            const struct provkey_key_update *update,
                                            struct provkey_key_details **key,
                                            struct provkey_error **error);
#endif

#if defined(PROVKEY_AUTHORITY)
// Deletes a provisioning key, at once and for ever. Connectors that enrolled with it keep their
// certificates.
//
// Errors: `key_not_found`, `key_deleted`, those of the store.
provkey_status provkey_authority_delete_key(const struct provkey_authority *authority,
                                            const char *id,
                                            struct provkey_error **error);
#endif

#if defined(PROVKEY_AUTHORITY)
// The text of a key, to hand to a connector. It is a secret, and each copy is an audit record.
//
// Errors: `key_exhausted` when it is used up, until its limit is raised; `key_not_found`,
// `key_deleted`, those of the store.
provkey_status provkey_authority_copy_key(const struct provkey_authority *authority,
                                          const char *id,
                                          struct provkey_bytes **text,
                                          struct provkey_error **error);
#endif

#if defined(PROVKEY_AUTHORITY)
// The text of a key as a file: its name, of letters, digits, `-`, `_` and `.` only, and its
// contents, which are a secret. Each download is an audit record.
//
// Errors: as `provkey_authority_copy_key`.
provkey_status provkey_authority_download_key(const struct provkey_authority *authority,
                                              const char *id,
                                              struct provkey_bytes **file_name,
                                              struct provkey_bytes **contents,
                                              struct provkey_error **error);
#endif

#if defined(PROVKEY_AUTHORITY)
// The slot of the master key that new keys are derived from. A host whose keyring has a later one
// was interrupted in a rotation: `provkey_authority_rotate_master` finishes it.
//
// Errors: `master_slot_empty`.
provkey_status provkey_authority_master_slot(const struct provkey_authority *authority,
                                             uint32_t *slot,
                                             struct provkey_error **error);
#endif

#if defined(PROVKEY_AUTHORITY)
// Makes the current master key of `keyring`, in a slot that the authority does not know yet, the
// one that new keys are derived from, and seals all CA keys anew under it. Keys made before stay
// good: the keyring must have their master keys too. Other processes that have the authority open
// need the new keyring, too, best before: `provkey_authority_replace_keyring`. Calling it again after
// an interruption finishes what is left.
//
// Errors: `master_key_wrong`, `master_key_missing`, `master_slot_taken`, those of the store.
provkey_status provkey_authority_rotate_master(const struct provkey_authority *authority,
                                               const struct provkey_keyring *keyring,
                                               struct provkey_error **error);
#endif

#if defined(PROVKEY_AUTHORITY)
// Replaces the keyring of an open authority, for example by the one with the master key that another
// process has rotated to. It must have every master key that the authority knows now. Calls that run
// go on with the old one. If it is refused, nothing has changed.
//
// Errors: `master_key_wrong`, `master_key_missing`, those of the store.
provkey_status provkey_authority_replace_keyring(const struct provkey_authority *authority,
                                                 const struct provkey_keyring *keyring,
                                                 struct provkey_error **error);
#endif

#if defined(PROVKEY_AUTHORITY)
// The slots of the master keys that the authority has in its store and this process lacks: bit n is
// slot n. If there are any, another process has rotated: read the master key file again and call
// `provkey_authority_replace_keyring`. Until then connectors enroll and renew with the keys made
// before, and what needs the new master key is `master_key_missing`.
//
// Errors: `master_key_wrong`, those of the store.
provkey_status provkey_authority_missing_masters(const struct provkey_authority *authority,
                                                 uint32_t *slots,
                                                 struct provkey_error **error);
#endif

#if defined(PROVKEY_AUTHORITY)
// Forgets the master key of a slot that nothing stands on any more.
//
// Errors: `master_key_in_use`, `master_slot_empty`, those of the store.
provkey_status provkey_authority_remove_master(const struct provkey_authority *authority,
                                               uint32_t slot,
                                               struct provkey_error **error);
#endif

#if defined(PROVKEY_AUTHORITY)
// Makes an observer of callbacks. It is freed with `provkey_observer_free`.
provkey_status provkey_observer_new(const struct provkey_observer_callbacks *callbacks,
                                    struct provkey_observer **observer,
                                    struct provkey_error **error);
#endif

#if defined(PROVKEY_AUTHORITY)
// Frees an observer. An authority that has it goes on telling it. NULL is fine.
void provkey_observer_free(struct provkey_observer *observer);
#endif

#if defined(PROVKEY_AUTHORITY)
// Deletes audit records from before `audit_before_ms`, and enrollments of deleted keys whose
// certificate expired before `expired_before_ms`, in many small units: others can work meanwhile.
// Both are Unix milliseconds; 0: nothing of that kind.
//
// Errors: those of the store. What was deleted before the error stays deleted.
provkey_status provkey_authority_prune(const struct provkey_authority *authority,
                                       uint64_t audit_before_ms,
                                       uint64_t expired_before_ms,
                                       struct provkey_pruned *pruned,
                                       struct provkey_error **error);
#endif

#if defined(PROVKEY_AUTHORITY)
// Renews the certificate of one connector, also when its provisioning key was deleted, is disabled,
// used up or expired. A certificate renews once; asking again for the same public key gets the same
// answer.
//
// Errors: `renewal_missing`, `renewal_invalid`, `certificate_unknown`, and the `csr_` codes; then any
// other reason, and those of the store.
provkey_status provkey_authority_renew(const struct provkey_authority *authority,
                                       const struct provkey_renew_request *request,
                                       struct provkey_enrolled **renewed,
                                       struct provkey_error **error);
#endif

#if defined(PROVKEY_AUTHORITY)
// Revokes a connector, for ever: its certificates are on the next CRL, and its public key never
// enrolls again. `reason`: by its name in RFC 5280, 5.3.1, such as `keyCompromise`; NULL: none is
// given.
//
// Errors: `connector_not_found`, `value_unknown` for a reason that is none, those of the store.
provkey_status provkey_authority_revoke_connector(const struct provkey_authority *authority,
                                                  const char *id,
                                                  const char *reason,
                                                  struct provkey_error **error);
#endif

#if defined(PROVKEY_AUTHORITY)
// Records that a key is compromised, which is final, then revokes what it enrolled with the reason
// `keyCompromise`; of a deleted key too. If it fails halfway, call it again. `since_ms`: only connectors that enrolled from this moment
// on; 0: all. `dry_run` other than 0: only count them, nothing is changed.
//
// Errors: `key_not_found`, those of the store.
provkey_status provkey_authority_compromise_key(const struct provkey_authority *authority,
                                                const char *id,
                                                uint64_t since_ms,
                                                uint32_t dry_run,
                                                struct provkey_compromised *compromised,
                                                struct provkey_error **error);
#endif

#if defined(PROVKEY_AUTHORITY)
// Issues a certificate for a TLS server at one of the authority's hosts, for the public key in this
// SubjectPublicKeyInfo, in DER: the private key stays with the server. Such a certificate cannot be
// revoked: let it be valid for a few months at most, and ask again in time. Every one is in the
// audit trail.
//
// Errors: the `host_` codes, `host_unknown` if the authority does not have the host;
// `validity_invalid` below an hour; `public_key_of_authority`; `csr_bad_key`, `csr_key_off_curve`,
// `csr_unsupported_key` and the `weak_key_` codes if the public key is not accepted; those of the
// signer and of the store.
provkey_status provkey_authority_issue_server_certificate(const struct provkey_authority *authority,
                                                          const char *host,
                                                          const uint8_t *spki,
                                                          size_t spki_len,
                                                          uint64_t validity_seconds,
                                                          struct provkey_server_certificate **certificate,
                                                          struct provkey_error **error);
#endif

#if defined(PROVKEY_AUTHORITY)
// Frees the certificate of a server. NULL is fine.
void provkey_server_certificate_free(struct provkey_server_certificate *certificate);
#endif

#if defined(PROVKEY_AUTHORITY)
// Creates an admin token, which ends at `expires_at_ms`, in Unix milliseconds; 0: never. Its text
// is a secret: it is here and nowhere else, for only what verifies it is stored.
//
// Errors: the `name_` codes, `expiry_in_past`, those of the store.
provkey_status provkey_authority_create_token(const struct provkey_authority *authority,
                                              const char *name,
                                              provkey_admin_role role,
                                              uint64_t expires_at_ms,
                                              struct provkey_admin_token **token,
                                              struct provkey_bytes **token_text,
                                              struct provkey_error **error);
#endif

#if defined(PROVKEY_AUTHORITY)
// The admin token that has this text, if it is still good.
//
// Errors: `admin_token_malformed` without looking anything up; `admin_token_invalid`,
// `admin_token_revoked`, `admin_token_expired`, those of the store.
provkey_status provkey_authority_authenticate_token(const struct provkey_authority *authority,
                                                    const char *token_text,
                                                    struct provkey_admin_token **token,
                                                    struct provkey_error **error);
#endif

#if defined(PROVKEY_AUTHORITY)
// Records in the audit trail that whoever the authority acts as, see `provkey_authority_acting_for`,
// signed in. A host that lets people sign in calls it once they have.
//
// Errors: those of the store.
provkey_status provkey_authority_record_sign_in(const struct provkey_authority *authority,
                                                struct provkey_error **error);
#endif

#if defined(PROVKEY_AUTHORITY)
// Records in the audit trail that whoever the authority acts as signed out.
//
// Errors: those of the store.
provkey_status provkey_authority_record_sign_out(const struct provkey_authority *authority,
                                                 struct provkey_error **error);
#endif

#if defined(PROVKEY_AUTHORITY)
// The admin token that has this id, or the name while it is not revoked.
//
// Errors: `admin_token_not_found`, those of the store.
provkey_status provkey_authority_find_token(const struct provkey_authority *authority,
                                            const char *id_or_name,
                                            struct provkey_admin_token **token,
                                            struct provkey_error **error);
#endif

#if defined(PROVKEY_AUTHORITY)
// Lists admin tokens by id, those that are revoked or have expired included. `page`: NULL for the
// first one.
//
// Errors: `cursor_invalid`, those of the store.
provkey_status provkey_authority_list_tokens(const struct provkey_authority *authority,
                                             const struct provkey_page_request *page,
                                             struct provkey_admin_token_page **tokens,
                                             struct provkey_error **error);
#endif

#if defined(PROVKEY_AUTHORITY)
// Revokes an admin token, at once and for ever. Revoking it once more changes nothing.
//
// Errors: `admin_token_not_found`, those of the store.
provkey_status provkey_authority_revoke_token(const struct provkey_authority *authority,
                                              const char *id,
                                              struct provkey_error **error);
#endif

#if defined(PROVKEY_AUTHORITY)
// Frees an admin token. NULL is fine, and so is one of a page, which stays as it is.
void provkey_admin_token_free(struct provkey_admin_token *token);
#endif

#if defined(PROVKEY_AUTHORITY)
// Frees a page of admin tokens. NULL is fine.
void provkey_admin_token_page_free(struct provkey_admin_token_page *tokens);
#endif

// Frees bytes, and wipes them. NULL is fine.
void provkey_bytes_free(struct provkey_bytes *bytes);

// Frees an error. NULL is fine.
void provkey_error_free(struct provkey_error *error);

// The code of a status, such as `key_exhausted`, as a string that lives for ever; NULL if there is
// no such status.
const char *provkey_status_code(provkey_status status);

// The fingerprint of a machine with this raw material: a machine id, a serial number, a key that
// a TPM or a keystore derives. The material never leaves the machine. What can be guessed tells
// accidental clones from originals and stops no attacker.
//
// Errors: `fingerprint_empty`.
provkey_status provkey_fingerprint_of(const uint8_t *material,
                                      size_t material_len,
                                      struct provkey_fingerprint *fingerprint,
                                      struct provkey_error **error);

// Writes a fingerprint as 32 hexadecimal digits and a NUL into
// `text[PROVKEY_FINGERPRINT_TEXT_SIZE]`.
provkey_status provkey_fingerprint_text(const struct provkey_fingerprint *fingerprint,
                                        char *text,
                                        struct provkey_error **error);

// Makes a new identity with a key pair of its own: P-256 (1, or 0), P-384 or Ed25519. ring draws
// it from the operating system's randomness.
//
// Errors: `signer_algorithm_unsupported` for RSA; `signer_failed` if there is no randomness.
provkey_status provkey_identity_generate(provkey_key_algorithm algorithm,
                                         struct provkey_identity **identity,
                                         struct provkey_error **error);

// Makes a new identity for a key that lives elsewhere: in a secure element, a TPM, a keystore.
// Nothing of the private key is in the files of such an identity; when one was opened,
// `provkey_identity_attach_signer` brings the signer back. What it signs is not checked here: an
// authority refuses a request with a wrong signature, `csr_bad_signature`.
provkey_status provkey_identity_with_signer(const struct provkey_signer *signer,
                                            struct provkey_identity **identity,
                                            struct provkey_error **error);

// Attaches the signer of a key that lives elsewhere to an identity that was opened. Until then its
// requests are `signer_unavailable`.
//
// Errors: `signer_key_mismatch`.
provkey_status provkey_identity_attach_signer(struct provkey_identity *identity,
                                              const struct provkey_signer *signer,
                                              struct provkey_error **error);

// Opens what `provkey_identity_seal` made, with the same material of the machine.
//
// Errors: `identity_other_machine`, `identity_not_sealed`, `identity_damaged`,
// `identity_too_new`, `identity_not_recognized`, `identity_too_large`, `fingerprint_empty`.
provkey_status provkey_identity_open(const uint8_t *file,
                                     size_t file_len,
                                     const uint8_t *material,
                                     size_t material_len,
                                     struct provkey_identity **identity,
                                     struct provkey_error **error);

// The whole identity as bytes that only this machine opens again. Save them before a request is
// sent, and after an answer is accepted. `random`: NULL for the operating system's.
//
// The sealing is as good as the material is secret: under what can be guessed or looked up, such
// as a serial number, it stops nothing but accidental clones.
//
// Errors: `fingerprint_empty`, `random_unavailable`.
provkey_status provkey_identity_seal(const struct provkey_identity *identity,
                                     const uint8_t *material,
                                     size_t material_len,
                                     const struct provkey_random *random,
                                     struct provkey_bytes **file,
                                     struct provkey_error **error);

// Reads what `provkey_identity_to_bytes` made.
//
// Errors: `identity_sealed`, `identity_damaged`, `identity_too_new`, `identity_not_recognized`,
// `identity_too_large`.
provkey_status provkey_identity_from_bytes(const uint8_t *file,
                                           size_t file_len,
                                           struct provkey_identity **identity,
                                           struct provkey_error **error);

// The whole identity as bytes, the private key among them in the clear. Nothing but the mode of
// the file protects them: prefer `provkey_identity_seal`.
provkey_status provkey_identity_to_bytes(const struct provkey_identity *identity,
                                         struct provkey_bytes **file,
                                         struct provkey_error **error);

// Drops the renewal that is under way, and its new key pair with it: the next
// `provkey_identity_renew_request` begins another. Without one nothing changes. Save the identity
// afterwards.
//
// Do this only if the authority refused the renewal with `public_key_in_use`. After any other error
// the authority may have renewed the certificate, and that happens for one key pair only.
provkey_status provkey_identity_drop_renewal(struct provkey_identity *identity,
                                             struct provkey_error **error);

// What an identity knows of itself. `now_ms` is what the machine's clock says, in Unix
// milliseconds.
provkey_status provkey_identity_describe(const struct provkey_identity *identity,
                                         uint64_t now_ms,
                                         struct provkey_identity_details **details,
                                         struct provkey_error **error);

// Frees what `provkey_identity_describe` gave. NULL is fine.
void provkey_identity_details_free(struct provkey_identity_details *details);

// The certificate of an identity, in DER: without its issuers, as some TLS libraries want it.
//
// Errors: `certificate_missing` if it has none.
provkey_status provkey_identity_certificate(const struct provkey_identity *identity,
                                            struct provkey_bytes **der,
                                            struct provkey_error **error);

// The private key of an identity in PEM (PKCS #8, RFC 5958), for the TLS library that uses the
// certificate. It is a secret.
//
// Errors: `private_key_missing` if it lives elsewhere.
provkey_status provkey_identity_private_key(const struct provkey_identity *identity,
                                            struct provkey_bytes **pem,
                                            struct provkey_error **error);

// Frees an identity, and wipes its private key. NULL is fine.
void provkey_identity_free(struct provkey_identity *identity);

// Reads the text of a provisioning key as people and programs hand it over, without any network.
//
// White space, line wraps, invisible characters, quotes, punctuation around the text and `NAME=`
// in front are ignored, and case is folded. What is wrong is explained as exactly as can be: see
// the positions of `provkey_error`, and `provkey_provisioning_key_repair`.
//
// Errors: `key_empty`, `key_wrong_prefix`, `key_unsupported_version`, `key_truncated`, `key_extra`,
// `key_bad_character`, `key_miscopied`, `key_host_miscopied`, `key_damaged`.
provkey_status provkey_provisioning_key_read(const uint8_t *text,
                                             size_t text_len,
                                             struct provkey_provisioning_key **key,
                                             struct provkey_error **error);

// The text that a damaged one probably should have been. It is a secret, to be compared with the
// original by a person: five or more wrong characters may, rarely, produce a repair that is wrong.
//
// Errors: `no_repair` if the text is right, or wrong beyond repair.
provkey_status provkey_provisioning_key_repair(const uint8_t *text,
                                               size_t text_len,
                                               struct provkey_bytes **repaired,
                                               struct provkey_error **error);

// The canonical text of a key. It is a secret.
provkey_status provkey_provisioning_key_text(const struct provkey_provisioning_key *key,
                                             struct provkey_bytes **text,
                                             struct provkey_error **error);

// Frees a key, and wipes its secret. NULL is fine.
void provkey_provisioning_key_free(struct provkey_provisioning_key *key);

// Makes a source of randomness of callbacks. It is freed with `provkey_random_free`.
provkey_status provkey_random_new(const struct provkey_random_callbacks *callbacks,
                                  struct provkey_random **random,
                                  struct provkey_error **error);

// Frees a source of randomness. What uses it goes on with it. NULL is fine.
void provkey_random_free(struct provkey_random *random);

// Frees a request. NULL is fine.
void provkey_request_free(struct provkey_request *request);

// Asks for a certificate with a provisioning key: gives a CSR that proves the possession of the
// key without holding its secret. The identity remembers the key's public part, so that the answer
// can be checked. Save the identity before the request is sent: then a lost answer costs nothing.
//
// Ask as often as needed: with the same identity it is the same connector, and costs one use in
// all. The authority wants the same fingerprint each time; NULL: none.
//
// Errors: `signer_unavailable`, `signer_failed`.
provkey_status provkey_identity_request(struct provkey_identity *identity,
                                        const struct provkey_provisioning_key *key,
                                        const struct provkey_fingerprint *fingerprint,
                                        struct provkey_request **request,
                                        struct provkey_error **error);

// Asks for a new certificate in place of the one that the identity has, which proves itself with a
// signature; no provisioning key takes part. Save the identity before the request is sent: a
// certificate is renewed once, for one key pair.
//
// `algorithm` 0 is for the key pair that there is, another for a new one; or `signer` for a new one
// that lives elsewhere, and then `algorithm` is 0. Ask as often as needed until an answer is
// accepted: the renewal that is under way goes on.
//
// Errors: `renewal_without_certificate`, `signer_unavailable`, `signer_failed`,
// `signer_algorithm_unsupported`.
provkey_status provkey_identity_renew_request(struct provkey_identity *identity,
                                              provkey_key_algorithm algorithm,
                                              const struct provkey_signer *signer,
                                              const struct provkey_fingerprint *fingerprint,
                                              struct provkey_request **request,
                                              struct provkey_error **error);

// Accepts the answer to a request, in PEM: the certificate made for this identity, its issuers and
// the root, in any order and with any text around them. `now_ms` is what the machine's clock says,
// in Unix milliseconds. `accepted` may be NULL.
//
// Only the root that the provisioning key pins is trusted. Nothing changes unless all is good: an
// earlier certificate stays.
//
// Errors: `answer_without_request`, `answer_for_another_key`, `clock_ahead`, the `certificate_` and
// `chain_` codes.
provkey_status provkey_identity_accept(struct provkey_identity *identity,
                                       const uint8_t *answer,
                                       size_t answer_len,
                                       uint64_t now_ms,
                                       struct provkey_accepted *accepted,
                                       struct provkey_error **error);

// Checks the certificates that a TLS server at the host of a key has shown, its own one first, in
// PEM, under the key that this identity asked with last. `now_ms` is what the machine's clock
// says; `checked_ms`, which may be NULL, becomes the moment to go on with: a clock that is behind
// is no reason to refuse.
//
// Only the root that the key pins is trusted. The server's certificate must be signed by it
// directly, be for TLS servers, and name the host. That the server has the private key is what the
// TLS handshake shows.
//
// Errors: `answer_without_request`, `server_wrong_host`, the `certificate_` and `chain_` codes.
provkey_status provkey_identity_check_server(const struct provkey_identity *identity,
                                             const uint8_t *chain,
                                             size_t chain_len,
                                             uint64_t now_ms,
                                             uint64_t *checked_ms,
                                             struct provkey_error **error);

// Makes a signer of callbacks and of its public key: the DER of a SubjectPublicKeyInfo, which says
// how it signs. It is freed with `provkey_signer_free`.
//
// Errors: `public_key_malformed`, `public_key_unsupported`, the `weak_key_` codes.
provkey_status provkey_signer_new(const struct provkey_signer_callbacks *callbacks,
                                  const uint8_t *public_key,
                                  size_t public_key_len,
                                  struct provkey_signer **signer,
                                  struct provkey_error **error);

// Frees a signer. What uses it goes on with it. NULL is fine.
void provkey_signer_free(struct provkey_signer *signer);

// Writes bytes to a sink, behind those that are there.
provkey_status provkey_bytes_sink_write(struct provkey_bytes_sink *sink,
                                        const uint8_t *bytes,
                                        size_t len);

#if defined(PROVKEY_AUTHORITY)
// Makes a store in memory, for tests: what it holds goes with it.
provkey_status provkey_store_memory(struct provkey_store **store, struct provkey_error **error);
#endif

#if (defined(PROVKEY_AUTHORITY) && defined(PROVKEY_AUTHORITY))
// Makes a store in a new SQLite file, which only its owner may read and write. Any number of
// threads and processes on one machine may open it afterwards.
//
// Errors: `store_exists`, `store_missing` if its folder is, `store_read_only`, `store_full`,
// `store_unavailable`.
provkey_status provkey_store_sqlite_create(const char *path,
                                           struct provkey_store **store,
                                           struct provkey_error **error);
#endif

#if (defined(PROVKEY_AUTHORITY) && defined(PROVKEY_AUTHORITY))
// Opens a store in a SQLite file, and brings it up to date if an older version of this library
// made it.
//
// Errors: `store_missing`, `store_not_recognized`, `store_too_new`, `store_read_only`,
// `store_corrupt`, `store_busy`, `store_unavailable`.
provkey_status provkey_store_sqlite_open(const char *path,
                                         struct provkey_store **store,
                                         struct provkey_error **error);
#endif

#if (defined(PROVKEY_AUTHORITY) && defined(PROVKEY_AUTHORITY))
// Makes a store in a schema of a PostgreSQL database that exists, for several hosts. `url`:
// `postgres://USER:PASSWORD@HOST:PORT/DATABASE`; docs/scaling.md has its parameters. The password is
// in no error.
//
// Errors: `store_exists`, `store_missing` if there is no such database, `store_read_only` on a
// replica, `store_not_recognized` if the URL is not understood, `store_busy`, `store_full`,
// `store_unavailable`.
provkey_status provkey_store_postgres_create(const char *url,
                                             struct provkey_store **store,
                                             struct provkey_error **error);
#endif

#if (defined(PROVKEY_AUTHORITY) && defined(PROVKEY_AUTHORITY))
// Opens a store in a PostgreSQL database, and brings it up to date if an older version of this
// library made it.
//
// Errors: `store_missing`, `store_not_recognized`, `store_too_new`, `store_read_only`, `store_busy`,
// `store_unavailable`.
provkey_status provkey_store_postgres_open(const char *url,
                                           struct provkey_store **store,
                                           struct provkey_error **error);
#endif

#if (defined(PROVKEY_AUTHORITY) && defined(PROVKEY_AUTHORITY))
// Writes a consistent copy of the store in a SQLite file into a new file, while the store is in use.
// The copy is durable when this returns, and is a store itself. The master keys are not part of it.
//
// Errors: as `provkey_store_sqlite_open` for `path`; `store_exists` if there is a file at `copy`
// already; `store_full`, `store_read_only`, `store_unavailable`: then none is left behind.
provkey_status provkey_store_sqlite_backup(const char *path,
                                           const char *copy,
                                           struct provkey_error **error);
#endif

#if defined(PROVKEY_AUTHORITY)
// Copies everything that is in one store into another, which holds nothing yet, and compares them
// record by record: so an authority moves, for example from SQLite to PostgreSQL. Nothing may
// change the first store meanwhile. `records`: how many there are.
//
// Errors: `authority_missing` if there is nothing to copy, `store_exists` if the other store holds
// anything, `store_busy` if the first one changed meanwhile, those of the stores.
provkey_status provkey_store_copy(const struct provkey_store *from,
                                  const struct provkey_store *to,
                                  uint64_t *records,
                                  struct provkey_error **error);
#endif

#if defined(PROVKEY_AUTHORITY)
// Moves an authority to another store, which holds nothing yet: closes the first store to all changes,
// those of processes that have it open included, which are `store_moved` from then on, and
// copies it as `provkey_store_copy` does. If that fails, the first store is opened again.
//
// Errors: those of `provkey_store_copy`; `store_not_recognized` if the first store cannot be
// closed, as one that is written in C.
provkey_status provkey_store_move(const struct provkey_store *from,
                                  const struct provkey_store *to,
                                  uint64_t *records,
                                  struct provkey_error **error);
#endif

#if defined(PROVKEY_AUTHORITY)
// Frees a store. An authority that uses it goes on with it. NULL is fine.
void provkey_store_free(struct provkey_store *store);
#endif

#if defined(PROVKEY_AUTHORITY)
// Makes a store of callbacks. It is freed with `provkey_store_free`.
provkey_status provkey_store_new(const struct provkey_store_callbacks *callbacks,
                                 struct provkey_store **store,
                                 struct provkey_error **error);
#endif

#if defined(PROVKEY_AUTHORITY)
// Runs the checks that every store passes, each to its end, whatever became of the others.
//
// `run`: at most 100 bytes. The checks need a working store, not an empty one: each has its own keys, whose names have `run` in
// them, and removes them if it passed. Several runs may share a store if their names differ.
// `report`, if it is not NULL, is told each check by its name, and what was seen if it failed; NULL
// if it passed. `failed`: how many failed.
provkey_status provkey_store_check(const struct provkey_store *store,
                                   const char *run,
                                   void (*report)(void *user_data,
                                                  const char *check,
                                                  const char *seen),
                                   void *user_data,
                                   size_t *failed,
                                   struct provkey_error **error);
#endif

#if defined(PROVKEY_AUTHORITY)
// Answers one SELECT over the views for people, on a connection of its own, and does nothing else:
// `provisioning_keys`, `enrollments`, `connector_groups`, `enrollment_certificates` and `audit`. Use
// it where a program would open the file of the store itself. In PostgreSQL it needs a role for
// queries, see docs/scaling.md.
//
// Errors: `query_refused` if it is anything else, or if the store has no views; `query_failed`,
// `query_timed_out`, those of the store.
provkey_status provkey_store_query(const struct provkey_store *store,
                                   const char *sql,
                                   const struct provkey_query_limits *limits,
                                   struct provkey_query_result **result,
                                   struct provkey_error **error);
#endif

#if defined(PROVKEY_AUTHORITY)
// Frees the result of a query. NULL is fine.
void provkey_query_result_free(struct provkey_query_result *result);
#endif

#if defined(PROVKEY_AUTHORITY)
// Answers the next record, in the order of what was asked for; for `get`, NULL says that there is
// none. The record is copied.
provkey_status provkey_record_sink_push(struct provkey_record_sink *sink,
                                        const struct provkey_record *record);
#endif

#if defined(PROVKEY_AUTHORITY)
// Says in words, for people, why the callback is about to return an error. No record's body and
// no secret belongs into it.
provkey_status provkey_record_sink_explain(struct provkey_record_sink *sink, const char *message);
#endif

#if defined(PROVKEY_AUTHORITY)
// Answers for the next unit that all of it happened. `counters`: those that it counted on or
// limited, in the order of its operations, as they stood right after it.
provkey_status provkey_outcome_sink_applied(struct provkey_outcome_sink *sink,
                                            const struct provkey_counter *counters,
                                            size_t counters_len);
#endif

#if defined(PROVKEY_AUTHORITY)
// Answers for the next unit that nothing of it happened: the index of its first operation whose
// check failed, why, and the record that stood in the way, as it was; NULL if there is none.
provkey_status provkey_outcome_sink_refused(struct provkey_outcome_sink *sink,
                                            size_t operation,
                                            provkey_reason reason,
                                            const struct provkey_record *record);
#endif

#if defined(PROVKEY_AUTHORITY)
// Says that surely nothing of the batch was applied, before the callback returns an error. Without
// it, an error says that the batch may or may not have been applied; then the very same units are
// applied again, and each that had been is refused by its own audit record.
provkey_status provkey_outcome_sink_nothing_applied(struct provkey_outcome_sink *sink);
#endif

#if defined(PROVKEY_AUTHORITY)
// Says in words, for people, why the callback is about to return an error. No record's body and
// no secret belongs into it.
provkey_status provkey_outcome_sink_explain(struct provkey_outcome_sink *sink, const char *message);
#endif

#if defined(PROVKEY_AUTHORITY)
// Decides one operation on its record as it stands before the unit, NULL for none: all stores
// decide so, and so alike. `reason` is `PROVKEY_REASON_NONE` if it may go on. Then `counter` is what
// the counter will be, for `SET_LIMIT` and `COUNT`; for all else it is left alone.
provkey_status provkey_operation_decide(const struct provkey_operation *operation,
                                        const struct provkey_record *record,
                                        struct provkey_counter *counter,
                                        provkey_reason *reason,
                                        struct provkey_error **error);
#endif

#if defined(PROVKEY_AUTHORITY)
// Checks the form of a unit, without looking at any record: every store does this first.
// `reason` is `PROVKEY_REASON_NONE` or `PROVKEY_REASON_MALFORMED`, and then `operation` the index of
// the operation that is at fault.
provkey_status provkey_unit_check(const struct provkey_unit *unit,
                                  size_t *operation,
                                  provkey_reason *reason,
                                  struct provkey_error **error);
#endif

// The version of this library, such as `0.1.0`, as a string that lives for ever.
const char *provkey_version(void);

// The ABI of this library. A program that loads it at run time compares it with
// `PROVKEY_ABI_VERSION`.
uint32_t provkey_abi_version(void);

#if defined(PROVKEY_TEST_FAULTS)
// Panics, to show that a panic becomes a status.
provkey_status provkey_test_panic(struct provkey_error **error);
#endif

#ifdef __cplusplus
}  // extern "C"
#endif  // __cplusplus

#endif  /* PROVKEY_H */
