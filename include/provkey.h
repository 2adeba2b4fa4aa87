// provkey: a fleet enrolls itself, and every use of a provisioning key is counted exactly.
//
// cbindgen makes this file from the sources in ffi/. The guide is docs/c.md: from nothing to an
// enrolled connector.
//
// There are two halves. The connector's: `provkey_provisioning_key`, `provkey_identity`. The
// authority's: `provkey_authority`, its objects, and `provkey_store`. A library that was built for
// connectors only has the first half: define PROVKEY_CONNECTOR_ONLY before you include this file.
//
// Results. Every function that can fail returns a `provkey_status`: PROVKEY_STATUS_OK (0) or the
// number of an error code. Its last argument is a `provkey_error **`, which may be NULL. Set the
// pointer behind it to NULL before the call. If the call fails, the pointer receives an error,
// which the caller frees; it stays NULL if there is no memory for an error. All other outputs are
// written only on success. A panic inside the library becomes a status, too (`internal_error`), and
// Rust prints its message on standard error.
//
// Arguments. A required pointer that is NULL, or that points to an object of another type than
// declared, is an error and not a crash. A buffer is followed by its length: (NULL, 0) is empty,
// and NULL with another length is an error. A `const char *` is UTF-8, ends with NUL, and has at
// most 4096 bytes; where it is optional, NULL omits it. Structs that the caller fills in begin with
// `struct_size`: set all bytes to 0, then `struct_size` to the sizeof of the struct. A number that
// is none of the constants of its type is an error. Moments are Unix milliseconds, where 0 means
// none. Durations are seconds. If several arguments are wrong, it is not promised which of the
// errors is reported.
//
// Memory. What a function hands out is freed with the function named after its type, which ignores
// NULL. Structs that the library hands out are read-only, and what they point to lives as long as
// they do. The library keeps no pointer that the caller passes, except the user data of callbacks:
// everything else may be freed when the call has returned.
//
// Later versions. Every struct that the library hands out to be freed begins with a
// `provkey_header`; a field exists if it lies within `header.size`. Structs grow only at their end,
// never into padding. Structs with neither a header nor a `struct_size`, and those that a callback
// receives as an array, do not change as long as `PROVKEY_ABI_VERSION` stays the same.
//
// Secrets. Private keys, key texts, master keys and all `provkey_bytes` are wiped when they are
// freed. The copy of a private key that ring, the cryptographic library, signs with is not wiped.
// Errors hold no secret, and neither do structs, unless they say so.
//
// Threads. Any thread may call any function. Any number of threads may use a `provkey_authority`,
// `provkey_store`, `provkey_signer`, `provkey_clock`, `provkey_random`, `provkey_observer` or
// `provkey_keyring` at the same time, and may read structs that the library handed out. One thread
// at a time uses a `provkey_identity`: a call that overlaps another is refused with
// `handle_in_use`. Nothing may be freed while a call uses it. The library has no global state that
// a caller can see. It starts threads in two places: `provkey_store_check` starts some, which have
// ended when it returns; and a store in a SQLite file moves its log into the file on a thread that
// lives as long as the move, and at most until the store is freed. If no thread can be started, the
// call that made the log long moves it.
//
// Callbacks run on a thread that is inside a call of this library, or on one of
// `provkey_store_check`, and on no other. The callbacks of an authority's store may run for another
// thread's call, and several at the same time: their user data must be safe for that. A callback,
// `destroy` included, must not call an authority that it is part of, or an identity that it signs
// for. It must return normally: no exception and no longjmp may leave it. Its arguments are valid
// until it returns, on its thread only. `destroy` is called once, after the last callback, if the
// call that took the callbacks succeeded, and never if that call failed.
//
// Forks. An authority, a store, an identity and a signer belong to the process that made them. In a
// forked child every call with one of them fails with PROVKEY_STATUS_USED_AFTER_FORK, and freeing
// it touches nothing of the parent's. The child opens its own. All other handles work in the child.


#ifndef PROVKEY_H
#define PROVKEY_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

// The version of this header. `provkey_version` returns that of the library.
#define PROVKEY_VERSION "0.1.0"

#if !defined(PROVKEY_CONNECTOR_ONLY) && !defined(PROVKEY_AUTHORITY)
#define PROVKEY_AUTHORITY 1
#endif


// The major version of this header.
#define PROVKEY_VERSION_MAJOR 0

// The minor version of this header.
#define PROVKEY_VERSION_MINOR 1

// The patch version of this header.
#define PROVKEY_VERSION_PATCH 0

// The number of the ABI. When it changes, programs must be built again, and the name of the shared
// library, `libprovkey.so.N`, changes with it.
#define PROVKEY_ABI_VERSION 1

// Size of a fingerprint as text: 32 digits and a NUL.
#define PROVKEY_FINGERPRINT_TEXT_SIZE 33

#if defined(PROVKEY_AUTHORITY)
// A value of `renewal_grace_seconds`: no certificate is renewed after it has expired.
#define PROVKEY_NO_RENEWAL_GRACE UINT64_MAX
#endif

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
// Largest `limit` of a `scan`.
#define PROVKEY_SCAN_RECORDS_MAX 1024
#endif

#if defined(PROVKEY_AUTHORITY)
// Most operations in a well-formed unit: see `provkey_unit_check`.
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

#if defined(PROVKEY_AUTHORITY)
// An authority. Any number of threads may use it at the same time. Freed with
// `provkey_authority_free`.
typedef struct provkey_authority provkey_authority;
#endif

// Where a callback writes bytes. Valid until the callback returns, on its thread only.
typedef struct provkey_bytes_sink provkey_bytes_sink;

#if defined(PROVKEY_AUTHORITY)
// The clock of an authority. Where a function takes one, NULL is the operating system's.
typedef struct provkey_clock provkey_clock;
#endif

// The identity of a connector: its key pair, and its certificate once it has one. One thread uses
// it at a time: a call that overlaps another is refused with `handle_in_use`. Freed with
// `provkey_identity_free`, which wipes the private key, except for ring's copy.
typedef struct provkey_identity provkey_identity;

#if defined(PROVKEY_AUTHORITY)
// The master keys of an authority, in slots 0 to 31. A secret. Freed with `provkey_keyring_free`,
// which wipes it.
typedef struct provkey_keyring provkey_keyring;
#endif

#if defined(PROVKEY_AUTHORITY)
// An observer of an authority's events.
typedef struct provkey_observer provkey_observer;
#endif

#if defined(PROVKEY_AUTHORITY)
// Where `apply` writes its answers, unit by unit. Valid until the callback returns.
typedef struct provkey_outcome_sink provkey_outcome_sink;
#endif

// A cryptographically secure source of random bytes. Where a function takes one, NULL is the
// operating system's.
typedef struct provkey_random provkey_random;

#if defined(PROVKEY_AUTHORITY)
// Where `get` and `scan` write their answers, record by record. Valid until the callback returns.
typedef struct provkey_record_sink provkey_record_sink;
#endif

// A private key outside of the library, which signs through a callback.
typedef struct provkey_signer provkey_signer;

#if defined(PROVKEY_AUTHORITY)
// The store of an authority's records. Freed with `provkey_store_free`; authorities that use it
// keep it alive.
typedef struct provkey_store provkey_store;
#endif

// The beginning of everything that the library hands out.
typedef struct provkey_header {
    // The kind of object. Only the library reads it.
    uint32_t kind;
    // How many bytes of the struct this library has filled in. Fields beyond them are unknown to
    // this library: the header is newer.
    uint32_t size;
} provkey_header;

// The result of a call: `PROVKEY_STATUS_OK` or the number of an error code. A number never changes
// its meaning; new numbers are added between existing ones.
typedef int32_t provkey_status;

// Why a call failed. Holds no secret and no key text. Freed with `provkey_error_free`.
//
// `positions` and the fields after it explain a key text that could not be read: see
// `provkey_provisioning_key_read`.
typedef struct provkey_error {
    // The header.
    struct provkey_header header;
    // The status that the call returned.
    provkey_status status;
    // Whether the same call may succeed later by itself.
    bool retryable;
    // Whether the change may have happened: the store does not know, or the library itself failed.
    // Asking again settles it and counts nothing twice. If this is false, nothing was changed.
    bool outcome_unknown;
    // The stable code, such as `key_exhausted`: the same in every language, over HTTP and in the
    // audit trail.
    const char *code;
    // A sentence for people to read.
    const char *message;
    // Where a key text is wrong: indexes of characters in `shown`, from 0.
    const size_t *positions;
    // The number of positions.
    size_t positions_len;
    // The cleaned key text in UTF-8. Wrong characters are shown as they are; U+00B7 replaces every
    // other character that may be part of the secret. NULL: nothing can be shown.
    const char *shown;
    // A line to print under `shown`, with `^` under each position. NULL if `shown` is NULL.
    const char *marks;
    // At least how many characters are missing; 0: none.
    size_t missing;
    // At least how many characters are too many; 0: none.
    size_t extra;
    // Whether `provkey_provisioning_key_repair` can repair the key text.
    bool repairable;
} provkey_error;

// Bytes that the caller owns and frees with `provkey_bytes_free`, which wipes them. A NUL byte
// follows them, so that a text is a C string.
typedef struct provkey_bytes {
    // The header.
    struct provkey_header header;
    // The first byte. Never NULL.
    const uint8_t *data;
    // The number of bytes, without the NUL byte that follows them.
    size_t len;
} provkey_bytes;

// A machine's fingerprint as it is sent and stored: the left 128 bits of
// HMAC-SHA256("provkey/1/fingerprint", material). It is not a secret.
typedef struct provkey_fingerprint {
    // Its bytes.
    uint8_t bytes[16];
} provkey_fingerprint;

// The callbacks of a source of random bytes.
typedef struct provkey_random_callbacks {
    // `sizeof(provkey_random_callbacks)`.
    size_t struct_size;
    // The first argument of each callback.
    void *user_data;
    // Called once, after the last callback. May be NULL.
    void (*destroy)(void *user_data);
    // Fills all of `bytes` and returns `PROVKEY_STATUS_OK`. Any other status: there is no
    // randomness.
    provkey_status (*fill)(void *user_data, uint8_t *bytes, size_t len);
} provkey_random_callbacks;

// The callbacks of a private key.
typedef struct provkey_signer_callbacks {
    // `sizeof(provkey_signer_callbacks)`.
    size_t struct_size;
    // The first argument of each callback.
    void *user_data;
    // Called once, after the last callback. May be NULL.
    void (*destroy)(void *user_data);
    // Signs `message` and writes the signature to the sink: P-256 with SHA-256 and P-384 with
    // SHA-384 as the DER of ECDSA-Sig-Value (RFC 3279, 2.2.3); Ed25519 and RSA PKCS #1 v1.5 with
    // SHA-256 as plain bytes. Returns `PROVKEY_STATUS_OK`, or `PROVKEY_STATUS_SIGNER_UNAVAILABLE`
    // if the key is out of reach for now. Any other status: signing failed.
    provkey_status (*sign)(void *user_data,
                           const uint8_t *message,
                           size_t message_len,
                           struct provkey_bytes_sink *signature);
} provkey_signer_callbacks;

// A provisioning key that was read. No field holds its secret. Freed with
// `provkey_provisioning_key_free`, which wipes the secret.
typedef struct provkey_provisioning_key {
    // The header.
    struct provkey_header header;
    // The authority's address: `host` or `host:port`.
    const char *host;
    // The public id: 12 characters.
    const char *id;
    // The part of the text that is safe to show: everything before the secret, then an ellipsis
    // (UTF-8).
    const char *public_text;
    // The pin of the authority's root: the left 120 bits of SHA-256 over its
    // SubjectPublicKeyInfo.
    uint8_t pin[15];
} provkey_provisioning_key;

// The algorithm of a key pair. 0 is the default, P-256, or none, as each function says.
typedef uint32_t provkey_key_algorithm;

// The state of a connector's certificate.
typedef uint32_t provkey_certificate_state;

// Borrowed bytes, which live as long as the struct that holds the slice. An empty slice has `len`
// 0 and any `data`, NULL included.
typedef struct provkey_slice {
    // The first byte.
    const uint8_t *data;
    // The number of bytes.
    size_t len;
} provkey_slice;

// The details of an identity at one moment. Freed with `provkey_identity_details_free`.
typedef struct provkey_identity_details {
    // The header.
    struct provkey_header header;
    // The host of the provisioning key of its latest request. NULL: it has made no request.
    const char *asked_host;
    // The id of that key. NULL: it has made no request.
    const char *asked_key;
    // The host of the provisioning key that it enrolled with. NULL: it has no certificate.
    const char *enrolled_host;
    // The id of that key. NULL: it has no certificate.
    const char *enrolled_key;
    // The connector's id, as in its certificate. NULL: it has no certificate.
    const char *connector;
    // Its certificate, the issuers and the pinned root, in PEM. NULL: it has no certificate.
    const char *chain_pem;
    // From when its certificate is valid, in Unix milliseconds; 0: it has no certificate.
    uint64_t not_before_ms;
    // Until when its certificate and the issuers are valid; 0: it has no certificate.
    uint64_t not_after_ms;
    // When to renew its certificate; 0: it has no certificate. The moment differs between
    // connectors, so that a fleet does not renew all at once.
    uint64_t renew_at_ms;
    // The state of the certificate at `now_ms`.
    provkey_certificate_state state;
    // The algorithm of its key pair.
    provkey_key_algorithm algorithm;
    // Whether a renewal was requested and no answer was accepted yet.
    bool renewing;
    // Whether the private key is elsewhere, behind a `provkey_signer`.
    bool key_elsewhere;
    // The SubjectPublicKeyInfo of its key pair, in DER.
    struct provkey_slice public_key;
} provkey_identity_details;

// A request for a certificate: a CSR (PKCS #10, RFC 2986). It is not a secret: an attacker who
// captures it can only submit it unchanged. Freed with `provkey_request_free`.
typedef struct provkey_request {
    // The header.
    struct provkey_header header;
    // The CSR in DER.
    struct provkey_slice der;
    // The CSR in PEM.
    const char *pem;
} provkey_request;

// The result of accepting an answer.
typedef struct provkey_accepted {
    // The moment to use from here on, in Unix milliseconds: the clock's, or the beginning of the
    // certificate's validity if the clock is behind that.
    uint64_t now_ms;
    // At least how many milliseconds the clock is behind; 0: it is not.
    uint64_t clock_behind_ms;
    // From when the certificate is valid.
    uint64_t not_before_ms;
    // Until when the certificate and its issuers are valid.
    uint64_t not_after_ms;
} provkey_accepted;

#if defined(PROVKEY_AUTHORITY)
// The details of an authority. Freed with `provkey_authority_details_free`.
typedef struct provkey_authority_details {
    // The header.
    struct provkey_header header;
    // Its id.
    const char *id;
    // Its hosts. New keys are for the first one unless they name another.
    const char *const *hosts;
    // The number of hosts.
    size_t hosts_len;
    // Its SPIFFE trust domain.
    const char *trust_domain;
    // The certificate of its root, in PEM.
    const char *root_pem;
    // Until when the root is valid, in Unix milliseconds.
    uint64_t root_not_after_ms;
} provkey_authority_details;
#endif

#if defined(PROVKEY_AUTHORITY)
// Who acts through an authority, for the audit trail.
typedef struct provkey_actor {
    // `sizeof(provkey_actor)`.
    size_t struct_size;
    // A name. Longer ones than 256 bytes are cut. May be NULL.
    const char *name;
    // The id of the admin token that they used. May be NULL.
    const char *admin_token;
    // Their IP address. May be NULL.
    const char *address;
} provkey_actor;
#endif

#if defined(PROVKEY_AUTHORITY)
// The callbacks of a clock.
typedef struct provkey_clock_callbacks {
    // `sizeof(provkey_clock_callbacks)`.
    size_t struct_size;
    // The first argument of each callback.
    void *user_data;
    // Called once, after the last callback. May be NULL.
    void (*destroy)(void *user_data);
    // Returns the current time in Unix milliseconds.
    uint64_t (*now_ms)(void *user_data);
} provkey_clock_callbacks;
#endif

#if defined(PROVKEY_AUTHORITY)
// The type of an event.
typedef uint32_t provkey_event_type;
#endif

#if defined(PROVKEY_AUTHORITY)
// An event. Holds no secret. What it points to is valid until the observer returns.
typedef struct provkey_event {
    // `sizeof(provkey_event)` of this library.
    size_t struct_size;
    // The type of an event.
    provkey_event_type type;
    // The reason, for `REFUSED`, `TALLY_LOST` and `ADMIN_TOKEN_REFUSED`; otherwise
    // `PROVKEY_STATUS_OK`.
    provkey_status status;
    // The code of that status. NULL if there is none.
    const char *code;
    // The id of the provisioning key. May be NULL.
    const char *key;
    // The id of the connector. May be NULL.
    const char *connector;
    // The IP address, if the application passed one. May be NULL.
    const char *address;
    // The id of the admin token, if its text was well-formed. May be NULL.
    const char *admin_token;
} provkey_event;
#endif

#if defined(PROVKEY_AUTHORITY)
// The callbacks of an observer.
typedef struct provkey_observer_callbacks {
    // `sizeof(provkey_observer_callbacks)`.
    size_t struct_size;
    // The first argument of each callback.
    void *user_data;
    // Called once, after the last callback. May be NULL.
    void (*destroy)(void *user_data);
    // Called for each event, on the thread that caused it. Must be quick, and must not call the
    // authority.
    void (*observe)(void *user_data, const struct provkey_event *event);
} provkey_observer_callbacks;
#endif

#if defined(PROVKEY_AUTHORITY)
// What an authority uses of the application. All of it may be freed once the authority is open.
typedef struct provkey_environment {
    // `sizeof(provkey_environment)`.
    size_t struct_size;
    // The store of all records.
    const struct provkey_store *store;
    // The clock. NULL: the operating system's.
    const struct provkey_clock *clock;
    // The randomness for ids, nonces and serial numbers. NULL: the operating system's.
    const struct provkey_random *random;
    // The observer of events. NULL: none.
    const struct provkey_observer *observer;
} provkey_environment;
#endif

#if defined(PROVKEY_AUTHORITY)
// The parameters of a new authority.
typedef struct provkey_new_authority {
    // `sizeof(provkey_new_authority)`.
    size_t struct_size;
    // The host that connectors reach it at: `host` or `host:port` in canonical form. It is part of
    // every key text.
    const char *host;
    // The SPIFFE trust domain of its certificates, which cannot be changed. NULL: the host without
    // its port. Required if the host is an IPv6 address.
    const char *trust_domain;
    // How long the root is valid. 0: 30 years.
    uint64_t validity_seconds;
    // The algorithm of the root's key: P-256 (1, or 0), P-384 or Ed25519.
    provkey_key_algorithm algorithm;
} provkey_new_authority;
#endif

#if defined(PROVKEY_AUTHORITY)
// A group of connectors. Freed with `provkey_connector_group_free`.
typedef struct provkey_connector_group {
    // The header.
    struct provkey_header header;
    // Its id, which is in the certificates of its connectors.
    const char *id;
    // Its name, unique among groups.
    const char *name;
    // When it was created, in Unix milliseconds.
    uint64_t created_at_ms;
    // The number of provisioning keys for it.
    uint64_t keys;
} provkey_connector_group;
#endif

#if defined(PROVKEY_AUTHORITY)
// Which page of a listing to return. NULL: the first, of 50 entries.
typedef struct provkey_page_request {
    // `sizeof(provkey_page_request)`.
    size_t struct_size;
    // The maximum number of entries: 1 to 1000; 0: 50.
    size_t limit;
    // The `next` of the previous page. NULL: the first page.
    const char *after;
} provkey_page_request;
#endif

#if defined(PROVKEY_AUTHORITY)
// A page of groups. Freed, with its items, with `provkey_connector_group_page_free`.
typedef struct provkey_connector_group_page {
    // The header.
    struct provkey_header header;
    // The groups.
    const struct provkey_connector_group *const *items;
    // The number of groups.
    size_t items_len;
    // The cursor of the next page. NULL: this is the last page.
    const char *next;
} provkey_connector_group_page;
#endif

#if defined(PROVKEY_AUTHORITY)
// The parameters of a new enrollment certificate.
typedef struct provkey_new_certificate {
    // `sizeof(provkey_new_certificate)`.
    size_t struct_size;
    // Its name, unique among enrollment certificates.
    const char *name;
    // Its private key, if that is elsewhere; it is attached as by
    // `provkey_authority_attach_signer`. NULL: a key pair is made and sealed into the store.
    const struct provkey_signer *signer;
    // How long it is valid: at least a day. 0: 10 years. It never outlives the root.
    uint64_t validity_seconds;
    // How long connectors' certificates are valid: at least an hour. 0: a year.
    uint64_t leaf_validity_seconds;
    // How long after it has expired a connector's certificate is still renewed. 0: 30 days.
    uint64_t renewal_grace_seconds;
    // How long a CRL is valid: an hour to a year. 0: a week.
    uint64_t crl_validity_seconds;
    // The URL of the CRL in connectors' certificates. NULL: none.
    const char *crl_url;
    // The URL of OCSP in connectors' certificates. NULL: none.
    const char *ocsp_url;
    // The URL of the issuer's certificate in connectors' certificates. NULL: none.
    const char *ca_issuers_url;
    // The algorithm of a new key pair: P-256 (1, or 0), P-384 or Ed25519.
    provkey_key_algorithm algorithm;
} provkey_new_certificate;
#endif

#if defined(PROVKEY_AUTHORITY)
// A CA certificate that signs the certificates of connectors. Freed with
// `provkey_enrollment_certificate_free`.
typedef struct provkey_enrollment_certificate {
    // The header.
    struct provkey_header header;
    // Its id, which is also in its subject unless it was imported.
    const char *id;
    // Its name, unique among enrollment certificates.
    const char *name;
    // When it was created, in Unix milliseconds.
    uint64_t created_at_ms;
    // The number of provisioning keys that use it.
    uint64_t keys;
    // How long connectors' certificates are valid.
    uint64_t leaf_validity_seconds;
    // How long after it has expired a connector's certificate is still renewed; 0: not at all.
    uint64_t renewal_grace_seconds;
    // When it was retired and stopped signing, in Unix milliseconds; 0: it was not.
    uint64_t retired_at_ms;
    // From when it is valid.
    uint64_t not_before_ms;
    // Until when it is valid.
    uint64_t not_after_ms;
    // The certificate that the root signed, in PEM.
    const char *pem;
    // For an external CA: the certificate that this CA issued, then its issuers, in PEM. Otherwise
    // NULL.
    const char *external_pem;
    // The URL of the CRL in connectors' certificates. NULL: none.
    const char *crl_url;
    // The URL of OCSP. NULL: none.
    const char *ocsp_url;
    // The URL of the issuer's certificate. NULL: none.
    const char *ca_issuers_url;
    // Warnings at the moment of reading: `retired`, `not_yet_valid`, `expired`, `expires_soon`,
    // `leaves_cut_short`.
    const char *const *warnings;
    // The number of warnings.
    size_t warnings_len;
    // SHA-256 of the certificate in DER.
    uint8_t sha256[32];
    // Whether its private key is elsewhere and has to be attached.
    bool key_elsewhere;
} provkey_enrollment_certificate;
#endif

#if defined(PROVKEY_AUTHORITY)
// A page of enrollment certificates. Freed, with its items, with
// `provkey_enrollment_certificate_page_free`.
typedef struct provkey_enrollment_certificate_page {
    // The header.
    struct provkey_header header;
    // The certificates.
    const struct provkey_enrollment_certificate *const *items;
    // The number of certificates.
    size_t items_len;
    // The cursor of the next page. NULL: this is the last page.
    const char *next;
} provkey_enrollment_certificate_page;
#endif

#if defined(PROVKEY_AUTHORITY)
// A pending request for a certificate from an external CA. Freed with
// `provkey_certificate_request_free`.
typedef struct provkey_certificate_request {
    // The header.
    struct provkey_header header;
    // The id that the certificate will have.
    const char *id;
    // The name that the certificate will have.
    const char *name;
    // When it was made, in Unix milliseconds.
    uint64_t created_at_ms;
    // How long connectors' certificates will be valid.
    uint64_t leaf_validity_seconds;
    // How long after it has expired a connector's certificate will still be renewed.
    uint64_t renewal_grace_seconds;
    // The CSR in DER, for the external CA.
    struct provkey_slice csr;
    // The CSR in PEM.
    const char *csr_pem;
    // Whether its private key is elsewhere.
    bool key_elsewhere;
} provkey_certificate_request;
#endif

#if defined(PROVKEY_AUTHORITY)
// A CA certificate to import with its private key.
typedef struct provkey_certificate_import {
    // `sizeof(provkey_certificate_import)`.
    size_t struct_size;
    // Its name, unique among enrollment certificates.
    const char *name;
    // The certificate, then those issuers of it that connectors shall receive, in PEM.
    const uint8_t *certificates;
    // Their length in bytes.
    size_t certificates_len;
    // Its private key, in PEM or DER: PKCS #8, encrypted or not, SEC 1, PKCS #1. It is sealed into
    // the store. Ignored if there is a `signer`.
    const uint8_t *private_key;
    // Their length in bytes.
    size_t private_key_len;
    // The passphrase of an encrypted private key. NULL: it is not encrypted.
    const uint8_t *passphrase;
    // Their length in bytes.
    size_t passphrase_len;
    // Its private key, if that is elsewhere. NULL: `private_key`.
    const struct provkey_signer *signer;
    // How long connectors' certificates are valid: at least an hour. 0: a year.
    uint64_t leaf_validity_seconds;
    // How long after it has expired a connector's certificate is still renewed. 0: 30 days.
    uint64_t renewal_grace_seconds;
    // The URL of the CRL in connectors' certificates. NULL: none.
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
    // The header.
    struct provkey_header header;
    // The requests.
    const struct provkey_certificate_request *const *items;
    // The number of requests.
    size_t items_len;
    // The cursor of the next page. NULL: this is the last page.
    const char *next;
} provkey_certificate_request_page;
#endif

#if defined(PROVKEY_AUTHORITY)
// The certificate of a TLS server, signed by the root: a connector trusts it by the pin in its key
// text alone. Freed with `provkey_server_certificate_free`.
typedef struct provkey_server_certificate {
    // The header.
    struct provkey_header header;
    // The server's certificate, then the root, in PEM. The server must send both, because a key
    // text pins the root.
    const char *chain_pem;
    // From when it is valid, in Unix milliseconds.
    uint64_t not_before_ms;
    // Until when it is valid.
    uint64_t not_after_ms;
} provkey_server_certificate;
#endif

#if defined(PROVKEY_AUTHORITY)
// The parameters of a new provisioning key.
typedef struct provkey_new_key {
    // `sizeof(provkey_new_key)`.
    size_t struct_size;
    // Its name, unique among keys.
    const char *name;
    // The id of the group that its connectors join.
    const char *group;
    // The id of the enrollment certificate that signs their certificates.
    const char *certificate;
    // How many connectors may enroll: 1 or more.
    uint64_t max_uses;
    // The host in its text, one of the authority's. NULL: the first.
    const char *host;
    // When it expires, in Unix milliseconds. 0: never.
    uint64_t expires_at_ms;
    // The CIDR ranges that connectors may enroll from, at most 64. None: any address. Renewals are
    // not restricted.
    const char *const *allowed_addresses;
    // The number of ranges.
    size_t allowed_addresses_len;
    // 1: it is created disabled.
    uint8_t disabled;
    // 1: it must be proven inside the CSR.
    uint8_t proof_only;
} provkey_new_key;
#endif

#if defined(PROVKEY_AUTHORITY)
// Whether a key can enroll connectors, or the first reason why not.
typedef uint32_t provkey_key_state;
#endif

#if defined(PROVKEY_AUTHORITY)
// A provisioning key without its secret. Freed with `provkey_key_details_free`.
typedef struct provkey_key_details {
    // The header.
    struct provkey_header header;
    // Its id, which logs and listings show.
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
    // How many have enrolled. More than `max_uses` if that was lowered.
    uint64_t used;
    // When a connector last enrolled, in Unix milliseconds; 0: never.
    uint64_t last_used_at_ms;
    // When it expires, in Unix milliseconds; 0: never.
    uint64_t expires_at_ms;
    // When it was created, in Unix milliseconds.
    uint64_t created_at_ms;
    // The version of the key, for `provkey_key_update`. Edits change it, uses do not.
    uint64_t version;
    // The CIDR ranges that connectors may enroll from. None: any address. Renewals are not
    // restricted.
    const char *const *allowed_addresses;
    // The number of ranges.
    size_t allowed_addresses_len;
    // Its state when it was read.
    provkey_key_state state;
    // Whether it is enabled.
    bool enabled;
    // Whether it must be proven inside the CSR, and its text beside a CSR is refused.
    bool proof_only;
    // Whether its text may be copied and downloaded. False once it is exhausted or compromised.
    bool copyable;
    // When it was reported as compromised, in Unix milliseconds; 0: it was not.
    uint64_t compromised_at_ms;
} provkey_key_details;
#endif

#if defined(PROVKEY_AUTHORITY)
// Which fields of a `provkey_key_update` to apply: a sum of these bits.
typedef uint32_t provkey_key_fields;
#endif

#if defined(PROVKEY_AUTHORITY)
// An edit of a provisioning key. It never changes the count of uses.
typedef struct provkey_key_update {
    // `sizeof(provkey_key_update)`.
    size_t struct_size;
    // Which fields below to apply; all others of the key stay as they are.
    provkey_key_fields fields;
    // 1: it is enabled.
    uint8_t enabled;
    // 1: it must be proven inside the CSR.
    uint8_t proof_only;
    // The `version` of the details that the edit is based on. If the key has another version by
    // now, the edit is refused. 0: any version.
    uint64_t version;
    // Its name.
    const char *name;
    // How many connectors may enroll: 1 or more. A value below `used` stops further ones.
    uint64_t max_uses;
    // When it expires, in Unix milliseconds. 0: never.
    uint64_t expires_at_ms;
    // The CIDR ranges that connectors may enroll from, at most 64. None: any address. Renewals are
    // not restricted.
    const char *const *allowed_addresses;
    // The number of ranges.
    size_t allowed_addresses_len;
    // The id of the enrollment certificate that signs from now on.
    const char *certificate;
} provkey_key_update;
#endif

#if defined(PROVKEY_AUTHORITY)
// The order of provisioning keys in a listing.
typedef uint32_t provkey_key_order;
#endif

#if defined(PROVKEY_AUTHORITY)
// Which provisioning keys to list, and in which order. NULL, or all fields 0: all of them, by
// name.
typedef struct provkey_key_filter {
    // `sizeof(provkey_key_filter)`.
    size_t struct_size;
    // Only keys whose name contains this, ignoring case. NULL: any.
    const char *name_contains;
    // Only keys of this group, by id. NULL: any.
    const char *group;
    // Only keys of this enrollment certificate, by id. NULL: any.
    const char *certificate;
    // Only keys in this state. 0: any.
    provkey_key_state state;
    // The order.
    provkey_key_order order;
    // 1: in reverse order.
    uint8_t descending;
    // Only keys whose id contains this. NULL: any.
    const char *id_contains;
    // Only keys with at least this `max_uses`.
    uint64_t max_uses_min;
    // Only keys with at most this `max_uses`. 0: any.
    uint64_t max_uses_max;
    // Only keys with at least this many uses.
    uint64_t used_min;
    // Only keys with at most this many uses. 0: any.
    uint64_t used_max;
    // 1: only keys without uses; `used_max` is ignored.
    uint8_t unused;
    // Only keys used at or after this moment, in Unix milliseconds. 0: any.
    uint64_t last_used_since_ms;
    // Only keys not used at or after this moment, or never. 0: any.
    uint64_t last_used_before_ms;
} provkey_key_filter;
#endif

#if defined(PROVKEY_AUTHORITY)
// A page of provisioning keys. Freed, with its items, with `provkey_key_page_free`.
typedef struct provkey_key_page {
    // The header.
    struct provkey_header header;
    // The keys.
    const struct provkey_key_details *const *items;
    // The number of keys.
    size_t items_len;
    // The cursor of the next page. NULL: this is the last page.
    const char *next;
} provkey_key_page;
#endif

#if defined(PROVKEY_AUTHORITY)
// A connector that has enrolled. Freed with `provkey_connector_free`.
typedef struct provkey_connector {
    // The header.
    struct provkey_header header;
    // Its id, as in its certificate.
    const char *id;
    // The id of the provisioning key that it enrolled with, which may have been deleted.
    const char *key;
    // The id of the group that it belongs to.
    const char *group;
    // The id of the enrollment certificate that signed its certificate.
    const char *certificate;
    // The address that it enrolled from. NULL: the application passed none.
    const char *address;
    // The serial number of its certificate, in lower-case hexadecimal.
    const char *serial;
    // Why it was revoked, as named in RFC 5280, 5.3.1. NULL: it was not.
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
    // When it renewed last; 0: never.
    uint64_t renewed_at_ms;
    // When it was revoked; 0: it was not.
    uint64_t revoked_at_ms;
    // How often it received its certificate again (a replay). A few may be missing.
    uint64_t replays;
    // The latest replay; 0: none.
    uint64_t last_replay_at_ms;
    // Its fingerprint, if `has_fingerprint`.
    struct provkey_fingerprint fingerprint;
    // Whether it sent a fingerprint.
    bool has_fingerprint;
} provkey_connector;
#endif

#if defined(PROVKEY_AUTHORITY)
// Which connectors to list. NULL, or all fields 0: all of them, by id.
typedef struct provkey_connector_filter {
    // `sizeof(provkey_connector_filter)`.
    size_t struct_size;
    // Only connectors that enrolled with this key, by id. NULL: any.
    const char *key;
    // Only connectors of this group, by id. NULL: any.
    const char *group;
    // Only connectors with a certificate from this enrollment certificate, by id. A connector that
    // renewed is listed once for each certificate that is remembered. NULL: any.
    const char *certificate;
    // Only connectors that enrolled from this moment on, in Unix milliseconds.
    uint64_t since_ms;
    // 1: latest first, if listed by key or group.
    uint8_t descending;
} provkey_connector_filter;
#endif

#if defined(PROVKEY_AUTHORITY)
// A page of connectors. Freed, with its items, with `provkey_connector_page_free`.
typedef struct provkey_connector_page {
    // The header.
    struct provkey_header header;
    // The connectors.
    const struct provkey_connector *const *items;
    // The number of connectors.
    size_t items_len;
    // The cursor of the next page. NULL: this is the last page.
    const char *next;
} provkey_connector_page;
#endif

#if defined(PROVKEY_AUTHORITY)
// An enrollment request: what the connector sent, and what the application knows about it.
typedef struct provkey_enroll_request {
    // `sizeof(provkey_enroll_request)`.
    size_t struct_size;
    // The CSR: PKCS #10, DER or PEM, at most 16 KiB of DER. It may hold the proof of a key.
    const uint8_t *csr;
    // Its length in bytes.
    size_t csr_len;
    // The canonical text of a key, if it was sent beside the CSR. NULL: none.
    const uint8_t *key_text;
    // Its length in bytes.
    size_t key_text_len;
    // The connector's fingerprint, if it was sent beside the CSR. NULL: none.
    const struct provkey_fingerprint *fingerprint;
    // The connector's IP address. NULL: unknown.
    const char *address;
} provkey_enroll_request;
#endif

#if defined(PROVKEY_AUTHORITY)
// The answer to a connector. Freed with `provkey_enrolled_free`.
typedef struct provkey_enrolled {
    // The header.
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
    // The connector's certificate, the enrollment certificate and the root, in PEM: the answer to
    // send.
    const char *chain_pem;
    // The same certificates, each in DER.
    const struct provkey_slice *chain;
    // The number of certificates.
    size_t chain_len;
    // For an external CA: the chain to that CA, in PEM. Otherwise NULL. The two chains are never
    // merged.
    const char *external_chain_pem;
    // The same certificates, each in DER.
    const struct provkey_slice *external_chain;
    // The number of certificates.
    size_t external_chain_len;
    // From when its certificate is valid, in Unix milliseconds.
    uint64_t not_before_ms;
    // Until when its certificate is valid.
    uint64_t not_after_ms;
    // Whether the connector had enrolled before, so that this cost no use.
    bool replay;
} provkey_enrolled;
#endif

#if defined(PROVKEY_AUTHORITY)
// A renewal request: what the connector sent, and what the application knows about it.
typedef struct provkey_renew_request {
    // `sizeof(provkey_renew_request)`.
    size_t struct_size;
    // The CSR for the new certificate, of the same key pair or a new one: PKCS #10, DER or PEM. It
    // may hold the proof of renewal.
    const uint8_t *csr;
    // Its length in bytes.
    size_t csr_len;
    // The certificate that the connector authenticated with over mutual TLS, in DER. The
    // application vouches that the connector has its private key. NULL: none.
    const uint8_t *client_certificate;
    // Its length in bytes.
    size_t client_certificate_len;
    // The connector's fingerprint, if it was sent beside the CSR. NULL: none.
    const struct provkey_fingerprint *fingerprint;
    // The connector's IP address. NULL: unknown.
    const char *address;
} provkey_renew_request;
#endif

#if defined(PROVKEY_AUTHORITY)
// The result of reporting a key as compromised.
typedef struct provkey_compromised {
    // The number of connectors that it enrolled, including those revoked before.
    uint64_t connectors;
    // How many of them this call revoked, or would revoke.
    uint64_t revoked;
} provkey_compromised;
#endif

#if defined(PROVKEY_AUTHORITY)
// A CRL (RFC 5280, section 5). Freed with `provkey_crl_free`.
typedef struct provkey_crl {
    // The header.
    struct provkey_header header;
    // The list in DER.
    struct provkey_slice der;
    // The list in PEM.
    const char *pem;
    // Its number, unique among the CRLs of its issuer.
    uint64_t number;
    // When it was made, in Unix milliseconds.
    uint64_t this_update_ms;
    // Until when it is valid.
    uint64_t next_update_ms;
    // The number of certificates on it.
    size_t entries;
} provkey_crl;
#endif

#if defined(PROVKEY_AUTHORITY)
// Which audit records to list. NULL, or all fields 0: all of them, oldest first.
typedef struct provkey_audit_filter {
    // `sizeof(provkey_audit_filter)`.
    size_t struct_size;
    // Only records of this provisioning key, by id. NULL: any.
    const char *key;
    // Only records of this connector, by id. NULL: any.
    const char *connector;
    // Only this action. NULL: any.
    const char *action;
    // Only from this moment on, in Unix milliseconds. 0: from the first.
    uint64_t since_ms;
    // 1: latest first.
    uint8_t latest_first;
    // Only before this moment, in Unix milliseconds. 0: up to the last.
    uint64_t until_ms;
} provkey_audit_filter;
#endif

#if defined(PROVKEY_AUTHORITY)
// One entry of the audit trail. The action determines which fields are set; the others are NULL.
// Freed with its page.
typedef struct provkey_audit_record {
    // The header.
    struct provkey_header header;
    // When, by the clock of the node that did it, in Unix milliseconds. For tallied entries
    // (refusals and replays): the beginning of the minute.
    uint64_t at_ms;
    // For tallied entries: how often in that minute. Otherwise 0.
    uint64_t count;
    // What happened, such as `connector_enrolled`.
    const char *action;
    // Who did it, as named by the application.
    const char *actor;
    // The id of the provisioning key.
    const char *key;
    // The id of the connector group.
    const char *group;
    // The id of the enrollment certificate.
    const char *certificate;
    // The id of the connector.
    const char *connector;
    // The address of the connector or the administrator; for tallied entries the latest one.
    const char *address;
    // The error code of a refusal.
    const char *code;
    // Details in words.
    const char *details;
    // The id of the admin token that the actor used.
    const char *admin_token;
    // For tallied entries: the latest moment, in Unix milliseconds. Otherwise 0.
    uint64_t last_at_ms;
} provkey_audit_record;
#endif

#if defined(PROVKEY_AUTHORITY)
// A page of the audit trail. Freed, with its items, with `provkey_audit_page_free`.
typedef struct provkey_audit_page {
    // The header.
    struct provkey_header header;
    // The records.
    const struct provkey_audit_record *const *items;
    // The number of records.
    size_t items_len;
    // The cursor of the next page. NULL: this is the last page.
    const char *next;
} provkey_audit_page;
#endif

#if defined(PROVKEY_AUTHORITY)
// How much was pruned.
typedef struct provkey_pruned {
    // The number of audit records.
    uint64_t audit_records;
    // The number of enrollments.
    uint64_t enrollments;
    // The number of revocations: of certificates that have expired and were on a CRL since.
    uint64_t revocations;
} provkey_pruned;
#endif

#if defined(PROVKEY_AUTHORITY)
// The role of an admin token. Each role includes those before it.
typedef uint32_t provkey_admin_role;
#endif

#if defined(PROVKEY_AUTHORITY)
// An admin token without its secret. Freed with `provkey_admin_token_free`.
typedef struct provkey_admin_token {
    // The header.
    struct provkey_header header;
    // Its id, which is part of its text.
    const char *id;
    // Its name.
    const char *name;
    // Its role.
    provkey_admin_role role;
    // When it was created, in Unix milliseconds.
    uint64_t created_at_ms;
    // Who created it. NULL: unknown.
    const char *created_by;
    // When it expires, in Unix milliseconds. 0: never.
    uint64_t expires_at_ms;
    // When it was revoked, in Unix milliseconds. 0: it was not.
    uint64_t revoked_at_ms;
    // What its holder is limited to: `operator:` and the id of a group. NULL: nothing. An
    // application that authenticates tokens itself must enforce it.
    const char *scope;
} provkey_admin_token;
#endif

#if defined(PROVKEY_AUTHORITY)
// A page of admin tokens. Freed, with its items, with `provkey_admin_token_page_free`.
typedef struct provkey_admin_token_page {
    // The header.
    struct provkey_header header;
    // The tokens.
    const struct provkey_admin_token *const *items;
    // The number of tokens.
    size_t items_len;
    // The cursor of the next page. NULL: this is the last page.
    const char *next;
} provkey_admin_token_page;
#endif

#if defined(PROVKEY_AUTHORITY)
// The range of a `scan`: keys from `start`, inclusive, to `end`, exclusive, in byte order.
typedef struct provkey_scan_range {
    // `sizeof(provkey_scan_range)`.
    size_t struct_size;
    // The inclusive start. It need not exist. Empty: from the first record.
    struct provkey_slice start;
    // The exclusive end, if `has_end`.
    struct provkey_slice end;
    // 1: there is an end. 0: to the last record.
    uint8_t has_end;
    // 1: from the last key to the first. 0: from the first to the last.
    uint8_t reverse;
} provkey_scan_range;
#endif

#if defined(PROVKEY_AUTHORITY)
// The type of an operation.
typedef uint32_t provkey_operation_type;
#endif

#if defined(PROVKEY_AUTHORITY)
// One operation of a unit. Fields that its type does not use are 0.
typedef struct provkey_operation {
    // `sizeof(provkey_operation)`.
    size_t struct_size;
    // What it does.
    provkey_operation_type type;
    // For `EXPECT`: 1 if there is a version. For `SET_LIMIT`: 1 if there is a limit.
    uint8_t has_number;
    // The key of its record.
    struct provkey_slice key;
    // For `EXPECT` the version, for `SET_LIMIT` the limit.
    uint64_t number;
    // For `PUT`: the body.
    struct provkey_slice body;
    // For `COUNT`: how much to add, not 0.
    int64_t by;
    // For `COUNT`: when, in Unix milliseconds.
    uint64_t at_ms;
} provkey_operation;
#endif

#if defined(PROVKEY_AUTHORITY)
// Operations that are applied atomically. All checks see the state before the unit. The first
// operation whose check fails refuses the whole unit.
typedef struct provkey_unit {
    // `sizeof(provkey_unit)`.
    size_t struct_size;
    // The operations.
    const struct provkey_operation *operations;
    // The number of operations.
    size_t operations_len;
} provkey_unit;
#endif

#if defined(PROVKEY_AUTHORITY)
// The callbacks of a store. They run on any thread that calls the authority, several at a time.
// Each returns `PROVKEY_STATUS_OK` or a status of a store, such as
// `PROVKEY_STATUS_STORE_UNAVAILABLE` or `PROVKEY_STATUS_STORE_BUSY`. None may call an authority
// that uses this store.
//
// A store guarantees: Each change of a record assigns a version that its key never had before.
// Each `get` and each `scan` sees one snapshot. `apply` applies units atomically and in order, and
// each sees the writes of those before it. A unit that is reported as applied is durable.
// `provkey_store_check` tests these guarantees.
typedef struct provkey_store_callbacks {
    // `sizeof(provkey_store_callbacks)`.
    size_t struct_size;
    // The first argument of each callback.
    void *user_data;
    // Called once, after the last callback. May be NULL.
    void (*destroy)(void *user_data);
    // Reads records by key: pushes one answer for each key, in order. More than
    // `PROVKEY_GET_KEYS_MAX` keys: returns `PROVKEY_STATUS_STORE_REQUEST_TOO_LARGE`.
    provkey_status (*get)(void *user_data,
                          const struct provkey_slice *keys,
                          size_t keys_len,
                          struct provkey_record_sink *sink);
    // Pushes at most `limit` records of a range, in its order. A `limit` above
    // `PROVKEY_SCAN_RECORDS_MAX`: returns `PROVKEY_STATUS_STORE_REQUEST_TOO_LARGE`.
    provkey_status (*scan)(void *user_data,
                           const struct provkey_scan_range *range,
                           size_t limit,
                           struct provkey_record_sink *sink);
    // Applies units and answers for each, in order. More than `PROVKEY_BATCH_UNITS_MAX` units:
    // returns `PROVKEY_STATUS_STORE_REQUEST_TOO_LARGE`. A single unit may be as large as
    // `provkey_unit_check` allows.
    provkey_status (*apply)(void *user_data,
                            const struct provkey_unit *units,
                            size_t units_len,
                            struct provkey_outcome_sink *sink);
} provkey_store_callbacks;
#endif

#if defined(PROVKEY_AUTHORITY)
// The limits of a query. NULL: all defaults.
typedef struct provkey_query_limits {
    // `sizeof(provkey_query_limits)`.
    size_t struct_size;
    // How long it may run, in milliseconds; 0: 10,000.
    uint64_t time_ms;
    // The maximum number of rows in the result; 0: 10,000.
    size_t rows;
} provkey_query_limits;
#endif

#if defined(PROVKEY_AUTHORITY)
// The type of a value.
typedef int32_t provkey_query_value_type;
#endif

#if defined(PROVKEY_AUTHORITY)
// One value of a row. Fields that its type does not use are 0.
typedef struct provkey_query_value {
    // One of `PROVKEY_QUERY_VALUE_TYPE_`.
    provkey_query_value_type value_type;
    // The integer.
    int64_t integer;
    // The floating-point number.
    double number;
    // The text or the bytes.
    struct provkey_slice bytes;
} provkey_query_value;
#endif

#if defined(PROVKEY_AUTHORITY)
// The result of a query. Freed with `provkey_query_result_free`.
typedef struct provkey_query_result {
    // The header.
    struct provkey_header header;
    // The names of the columns.
    const char *const *columns;
    // The number of columns.
    size_t columns_len;
    // The values, row by row: `values[row * columns_len + column]`.
    const struct provkey_query_value *values;
    // The number of rows.
    size_t rows_len;
    // Whether rows are missing, because the limit of rows or 64 MiB was reached.
    bool truncated;
} provkey_query_result;
#endif

#if defined(PROVKEY_AUTHORITY)
// The type of a record.
typedef uint32_t provkey_record_type;
#endif

#if defined(PROVKEY_AUTHORITY)
// A counter that never passes its limit.
typedef struct provkey_counter {
    // The current count.
    uint64_t used;
    // The limit of `used`, if `has_limit`.
    uint64_t limit;
    // The latest moment of counting, in Unix milliseconds, if `has_last_at`.
    uint64_t last_at_ms;
    // 1: there is a limit. 0: there is none.
    uint8_t has_limit;
    // 1: something has been counted. 0: nothing has.
    uint8_t has_last_at;
} provkey_counter;
#endif

#if defined(PROVKEY_AUTHORITY)
// A record. A sink copies what the pointers point to.
typedef struct provkey_record {
    // `sizeof(provkey_record)`.
    size_t struct_size;
    // Its key.
    struct provkey_slice key;
    // Its version, which its key never had before, not even in a record that was deleted.
    uint64_t version;
    // Its type.
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

// Success. Code `ok`.
#define PROVKEY_STATUS_OK 0

// A required argument is NULL, a buffer is NULL with a length, or a pointer is not aligned. Code
// `null_argument`.
#define PROVKEY_STATUS_NULL_ARGUMENT 1

// A text is not UTF-8. Code `text_not_utf8`.
#define PROVKEY_STATUS_TEXT_NOT_UTF8 2

// A text has no NUL byte within its first 4097 bytes. Code `text_too_long`.
#define PROVKEY_STATUS_TEXT_TOO_LONG 3

// The `struct_size` of a struct is wrong, or fields are set in it that only a newer library knows.
// Code `struct_size_invalid`.
#define PROVKEY_STATUS_STRUCT_SIZE_INVALID 4

// A number is none of the constants of its type. Code `value_unknown`.
#define PROVKEY_STATUS_VALUE_UNKNOWN 5

// A pointer is to another type of object than it should be, or to one that was freed. Code
// `handle_wrong_kind`.
#define PROVKEY_STATUS_HANDLE_WRONG_KIND 6

// Another call is using the object: on another thread, or further up the stack of this one. Code
// `handle_in_use`.
#define PROVKEY_STATUS_HANDLE_IN_USE 7

// A text is not an IP address. Code `address_invalid`.
#define PROVKEY_STATUS_ADDRESS_INVALID 8

// A required callback is NULL. Code `callback_missing`.
#define PROVKEY_STATUS_CALLBACK_MISSING 9

// A buffer or an array is longer than allowed. Code `argument_too_large`.
#define PROVKEY_STATUS_ARGUMENT_TOO_LARGE 11

// This key text is correct, or cannot be repaired. Code `no_repair`.
#define PROVKEY_STATUS_NO_REPAIR 10

// The handle was inherited in a fork. A forked child opens its own; it may free inherited handles,
// which only frees memory. Code `used_after_fork`.
#define PROVKEY_STATUS_USED_AFTER_FORK 12

// Memory ran out. The outcome of the call is unknown. Code `out_of_memory`.
#define PROVKEY_STATUS_OUT_OF_MEMORY 90

// A bug in this library: it panicked. The outcome of the call is unknown. Its objects may be used
// again. Code `internal_error`.
#define PROVKEY_STATUS_INTERNAL_ERROR 91

// The key may not be used from this address, or the key has allowed addresses and the application
// passed none. Code `address_not_allowed`.
#define PROVKEY_STATUS_ADDRESS_NOT_ALLOWED 100

// The connector's certificate has expired: it is neither returned again nor renewed over mutual
// TLS. Code `certificate_expired`.
#define PROVKEY_STATUS_CERTIFICATE_EXPIRED 101

// The enrollment certificate is retired and signs no further certificates. Code
// `certificate_retired`.
#define PROVKEY_STATUS_CERTIFICATE_RETIRED 102

// The connector was revoked. Its public key never enrolls again. Code `connector_revoked`.
#define PROVKEY_STATUS_CONNECTOR_REVOKED 103

// The CSR proves one key and the text of another was sent beside it; or the CSR proves one
// certificate and TLS another. Code `credentials_disagree`.
#define PROVKEY_STATUS_CREDENTIALS_DISAGREE 104

// The connector enrolled with another fingerprint, or the request has two different ones. Code
// `fingerprint_mismatch`.
#define PROVKEY_STATUS_FINGERPRINT_MISMATCH 105

// The provisioning key was deleted. Code `key_deleted`.
#define PROVKEY_STATUS_KEY_DELETED 106

// The provisioning key is disabled. Code `key_disabled`.
#define PROVKEY_STATUS_KEY_DISABLED 107

// All uses of the key are spent. Code `key_exhausted`.
#define PROVKEY_STATUS_KEY_EXHAUSTED 108

// The key has expired. Connectors that enrolled with it still receive their certificates again.
// Code `key_expired`.
#define PROVKEY_STATUS_KEY_EXPIRED 109

// The key is unknown, its secret or proof is wrong, or it is for another host. The error does not
// say which. Code `key_invalid`.
#define PROVKEY_STATUS_KEY_INVALID 110

// The request has neither a proof inside the CSR nor a key text beside it. Code `key_missing`.
#define PROVKEY_STATUS_KEY_MISSING 111

// The key must be proven inside the CSR, and only its text was sent. Code `proof_required`.
#define PROVKEY_STATUS_PROOF_REQUIRED 112

// This public key enrolled with another provisioning key, or a connector renewed with it. Code
// `public_key_in_use`.
#define PROVKEY_STATUS_PUBLIC_KEY_IN_USE 113

// The public key is the one of the authority's root or of the enrollment certificate. Code
// `public_key_of_authority`.
#define PROVKEY_STATUS_PUBLIC_KEY_OF_AUTHORITY 114

// The CSR is for a renewal and was sent to enroll, or the reverse. Code `request_wrong_purpose`.
#define PROVKEY_STATUS_REQUEST_WRONG_PURPOSE 115

// The key is compromised. This is final: create another key. Code `key_compromised`.
#define PROVKEY_STATUS_KEY_COMPROMISED 116

// The certificate was already renewed for another key pair, or was renewed more than once since.
// Code `certificate_renewed`.
#define PROVKEY_STATUS_CERTIFICATE_RENEWED 200

// This authority did not issue the certificate, or forgot it after it expired. Code
// `certificate_unknown`.
#define PROVKEY_STATUS_CERTIFICATE_UNKNOWN 201

// The proof of renewal is malformed, is for an unknown host, or was not signed with the
// certificate's key. Code `renewal_invalid`.
#define PROVKEY_STATUS_RENEWAL_INVALID 202

// The CSR has no proof of renewal, and the application vouches for no certificate. Code
// `renewal_missing`.
#define PROVKEY_STATUS_RENEWAL_MISSING 203

// The connector has renewed so often that it has too many valid certificates. Code
// `renewal_too_early`.
#define PROVKEY_STATUS_RENEWAL_TOO_EARLY 204

// The certificate expired longer ago than its renewal grace. Code `renewal_too_late`.
#define PROVKEY_STATUS_RENEWAL_TOO_LATE 205

// The signature algorithm does not fit the public key in the CSR. Code `csr_algorithm_mismatch`.
#define PROVKEY_STATUS_CSR_ALGORITHM_MISMATCH 300

// An attribute occurs twice, or a single-valued attribute does not have exactly one value. Code
// `csr_attribute_not_single`.
#define PROVKEY_STATUS_CSR_ATTRIBUTE_NOT_SINGLE 301

// The public key is not encoded as required (a named curve, an uncompressed point). Code
// `csr_bad_key`.
#define PROVKEY_STATUS_CSR_BAD_KEY 302

// The signature of the CSR does not verify with its own public key. Code `csr_bad_signature`.
#define PROVKEY_STATUS_CSR_BAD_SIGNATURE 303

// An extension is requested twice. Code `csr_duplicate_extension`.
#define PROVKEY_STATUS_CSR_DUPLICATE_EXTENSION 304

// The public key is not a point of its curve. Code `csr_key_off_curve`.
#define PROVKEY_STATUS_CSR_KEY_OFF_CURVE 305

// The CSR is neither PEM nor strict DER of PKCS #10. Code `csr_malformed`.
#define PROVKEY_STATUS_CSR_MALFORMED 306

// The CSR is nested more than 16 levels deep. Code `csr_nested_too_deeply`.
#define PROVKEY_STATUS_CSR_NESTED_TOO_DEEPLY 307

// The CSR requests a CA certificate. Code `csr_requests_ca`.
#define PROVKEY_STATUS_CSR_REQUESTS_CA 308

// The CSR requests an extended key usage other than clientAuth. Code
// `csr_requests_extended_key_usage`.
#define PROVKEY_STATUS_CSR_REQUESTS_EXTENDED_KEY_USAGE 309

// The CSR requests an extension that is not granted. Code `csr_requests_extension`.
#define PROVKEY_STATUS_CSR_REQUESTS_EXTENSION 310

// The CSR requests a key usage other than digitalSignature. Code `csr_requests_key_usage`.
#define PROVKEY_STATUS_CSR_REQUESTS_KEY_USAGE 311

// The CSR requests alternative names; at a renewal, others than those of the certificate. Code
// `csr_requests_names`.
#define PROVKEY_STATUS_CSR_REQUESTS_NAMES 312

// A text in the subject is longer than RFC 5280, A.1, allows. Code `csr_subject_length`.
#define PROVKEY_STATUS_CSR_SUBJECT_LENGTH 313

// A text in the subject has control characters, or bytes that its type does not allow. Code
// `csr_subject_text`.
#define PROVKEY_STATUS_CSR_SUBJECT_TEXT 314

// The CSR is longer than 16 KiB. Code `csr_too_large`.
#define PROVKEY_STATUS_CSR_TOO_LARGE 315

// Data follows the CSR, or there are two. Code `csr_trailing_data`.
#define PROVKEY_STATUS_CSR_TRAILING_DATA 316

// The CSR is signed with an unsupported algorithm. Code `csr_unsupported_algorithm`.
#define PROVKEY_STATUS_CSR_UNSUPPORTED_ALGORITHM 317

// The public key has an unsupported algorithm or size. Code `csr_unsupported_key`.
#define PROVKEY_STATUS_CSR_UNSUPPORTED_KEY 318

// The CSR has an unknown version of PKCS #10. Code `csr_unsupported_version`.
#define PROVKEY_STATUS_CSR_UNSUPPORTED_VERSION 319

// The CSR is signed with MD5 or SHA-1. Code `csr_weak_algorithm`.
#define PROVKEY_STATUS_CSR_WEAK_ALGORITHM 320

// The text has characters that no key has. Code `key_bad_character`.
#define PROVKEY_STATUS_KEY_BAD_CHARACTER 400

// The text is damaged beyond repair. Code `key_damaged`.
#define PROVKEY_STATUS_KEY_DAMAGED 401

// The text is empty. Code `key_empty`.
#define PROVKEY_STATUS_KEY_EMPTY 402

// The text has too many characters. Code `key_extra`.
#define PROVKEY_STATUS_KEY_EXTRA 403

// Only the host in the text is wrong. Code `key_host_miscopied`.
#define PROVKEY_STATUS_KEY_HOST_MISCOPIED 404

// An id is not 12 characters of the key alphabet. Code `key_id_malformed`.
#define PROVKEY_STATUS_KEY_ID_MALFORMED 405

// Up to four characters are wrong, at known positions. Code `key_miscopied`.
#define PROVKEY_STATUS_KEY_MISCOPIED 406

// The text has too few characters. Code `key_truncated`.
#define PROVKEY_STATUS_KEY_TRUNCATED 407

// The text is a provisioning key of another version. Code `key_unsupported_version`.
#define PROVKEY_STATUS_KEY_UNSUPPORTED_VERSION 408

// The text does not begin with `pvk1_`. Code `key_wrong_prefix`.
#define PROVKEY_STATUS_KEY_WRONG_PREFIX 409

// No certificate of the answer has this identity's public key. Code `answer_for_another_key`.
#define PROVKEY_STATUS_ANSWER_FOR_ANOTHER_KEY 500

// The identity has made no request. Code `answer_without_request`.
#define PROVKEY_STATUS_ANSWER_WITHOUT_REQUEST 501

// The clock is past the end of a certificate that was just issued. Code `clock_ahead`.
#define PROVKEY_STATUS_CLOCK_AHEAD 502

// The machine's material is empty, and would be the same on every machine. Code
// `fingerprint_empty`.
#define PROVKEY_STATUS_FINGERPRINT_EMPTY 503

// The identity file is damaged. Code `identity_damaged`.
#define PROVKEY_STATUS_IDENTITY_DAMAGED 504

// The file is not an identity. Code `identity_not_recognized`.
#define PROVKEY_STATUS_IDENTITY_NOT_RECOGNIZED 505

// Material was passed, and the file is not sealed. Code `identity_not_sealed`.
#define PROVKEY_STATUS_IDENTITY_NOT_SEALED 506

// The file was sealed on another machine, or the machine's material has changed. Code
// `identity_other_machine`.
#define PROVKEY_STATUS_IDENTITY_OTHER_MACHINE 507

// The file is sealed, and no material was passed. Code `identity_sealed`.
#define PROVKEY_STATUS_IDENTITY_SEALED 508

// The file is longer than 1 MiB. Code `identity_too_large`.
#define PROVKEY_STATUS_IDENTITY_TOO_LARGE 509

// A newer version wrote the file. Code `identity_too_new`.
#define PROVKEY_STATUS_IDENTITY_TOO_NEW 510

// The identity has no certificate to renew. Code `renewal_without_certificate`.
#define PROVKEY_STATUS_RENEWAL_WITHOUT_CERTIFICATE 511

// The server's certificate is for another host. Code `server_wrong_host`.
#define PROVKEY_STATUS_SERVER_WRONG_HOST 512

// A signature in the chain is wrong. Code `chain_bad_signature`.
#define PROVKEY_STATUS_CHAIN_BAD_SIGNATURE 600

// A certificate of the chain has expired. Code `chain_expired`.
#define PROVKEY_STATUS_CHAIN_EXPIRED 601

// A certificate between the leaf and the root is missing. Code `chain_incomplete`.
#define PROVKEY_STATUS_CHAIN_INCOMPLETE 602

// No certificate has the expected public key. Code `chain_no_leaf`.
#define PROVKEY_STATUS_CHAIN_NO_LEAF 603

// A certificate was signed by one that is not a CA's. Code `chain_not_an_authority`.
#define PROVKEY_STATUS_CHAIN_NOT_AN_AUTHORITY 604

// A certificate of the chain is not valid yet. Code `chain_not_yet_valid`.
#define PROVKEY_STATUS_CHAIN_NOT_YET_VALID 605

// A CA of the chain allows fewer CAs below it. Code `chain_path_too_long`.
#define PROVKEY_STATUS_CHAIN_PATH_TOO_LONG 606

// There are more than 8 certificates. Code `chain_too_many_certificates`.
#define PROVKEY_STATUS_CHAIN_TOO_MANY_CERTIFICATES 607

// The chain has a weak or unsupported key or signature algorithm. Code
// `chain_unacceptable_algorithm`.
#define PROVKEY_STATUS_CHAIN_UNACCEPTABLE_ALGORITHM 608

// A critical extension is unknown. Code `chain_unknown_critical_extension`.
#define PROVKEY_STATUS_CHAIN_UNKNOWN_CRITICAL_EXTENSION 609

// The root that the key text pins is missing. Code `chain_untrusted_root`.
#define PROVKEY_STATUS_CHAIN_UNTRUSTED_ROOT 610

// A certificate is for another use. Code `chain_wrong_usage`.
#define PROVKEY_STATUS_CHAIN_WRONG_USAGE 611

// The certificate names two different signature algorithms. Code `certificate_algorithm_mismatch`.
#define PROVKEY_STATUS_CERTIFICATE_ALGORITHM_MISMATCH 700

// The certificate has an extension twice. Code `certificate_duplicate_extension`.
#define PROVKEY_STATUS_CERTIFICATE_DUPLICATE_EXTENSION 701

// The certificate is not strict DER. Code `certificate_malformed`.
#define PROVKEY_STATUS_CERTIFICATE_MALFORMED 702

// The input has no certificate, in PEM or DER; or the identity has none yet. Code
// `certificate_missing`.
#define PROVKEY_STATUS_CERTIFICATE_MISSING 703

// The certificate is longer than 64 KiB. Code `certificate_too_large`.
#define PROVKEY_STATUS_CERTIFICATE_TOO_LARGE 704

// The input has more than 8 certificates. Code `certificate_too_many`.
#define PROVKEY_STATUS_CERTIFICATE_TOO_MANY 705

// Data follows the certificate. Code `certificate_trailing_data`.
#define PROVKEY_STATUS_CERTIFICATE_TRAILING_DATA 706

// The certificate is not of X.509 version 3. Code `certificate_unsupported_version`.
#define PROVKEY_STATUS_CERTIFICATE_UNSUPPORTED_VERSION 707

// The public key is not encoded as its algorithm requires. Code `public_key_malformed`.
#define PROVKEY_STATUS_PUBLIC_KEY_MALFORMED 708

// The public key has an unsupported algorithm or size. Code `public_key_unsupported`.
#define PROVKEY_STATUS_PUBLIC_KEY_UNSUPPORTED 709

// The factors of the RSA key are so close together that Fermat's method finds them. Code
// `weak_key_close_factors`.
#define PROVKEY_STATUS_WEAK_KEY_CLOSE_FACTORS 710

// The RSA exponent is even. Code `weak_key_even_exponent`.
#define PROVKEY_STATUS_WEAK_KEY_EVEN_EXPONENT 711

// The RSA key was made by the generator of CVE-2017-15361. Code `weak_key_roca`.
#define PROVKEY_STATUS_WEAK_KEY_ROCA 712

// The RSA key has less than 2048 bits. Code `weak_key_short`.
#define PROVKEY_STATUS_WEAK_KEY_SHORT 713

// The RSA exponent is less than 65537. Code `weak_key_small_exponent`.
#define PROVKEY_STATUS_WEAK_KEY_SMALL_EXPONENT 714

// The RSA key has a factor below 752. Code `weak_key_small_factor`.
#define PROVKEY_STATUS_WEAK_KEY_SMALL_FACTOR 715

// The Ed25519 key has a small order, such as 32 zeros: anybody can sign for it. Code
// `weak_key_small_order`.
#define PROVKEY_STATUS_WEAK_KEY_SMALL_ORDER 716

// An enrollment certificate with this subject and key exists. Code `certificate_imported_already`.
#define PROVKEY_STATUS_CERTIFICATE_IMPORTED_ALREADY 800

// There is no such pending request for a certificate. Code `certificate_request_not_found`.
#define PROVKEY_STATUS_CERTIFICATE_REQUEST_NOT_FOUND 801

// Another enrollment certificate, or the root, has the same subject with another key. Code
// `certificate_subject_in_use`.
#define PROVKEY_STATUS_CERTIFICATE_SUBJECT_IN_USE 802

// The external CA has not answered the request for this certificate yet. Code
// `certificate_unanswered`.
#define PROVKEY_STATUS_CERTIFICATE_UNANSWERED 803

// A signature on one of the certificates is wrong. Code `external_bad_signature`.
#define PROVKEY_STATUS_EXTERNAL_BAD_SIGNATURE 804

// One of the certificates has expired. Code `external_expired`.
#define PROVKEY_STATUS_EXTERNAL_EXPIRED 805

// The CA certificate's keyUsage lacks keyCertSign or cRLSign. Code `external_key_usage`.
#define PROVKEY_STATUS_EXTERNAL_KEY_USAGE 806

// The CA certificate has name constraints, which may exclude connectors' URIs. Code
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

// A critical extension is unknown. Code `external_unknown_critical_extension`.
#define PROVKEY_STATUS_EXTERNAL_UNKNOWN_CRITICAL_EXTENSION 814

// One of the certificates is not an issuer of the others. Code `external_unrelated`.
#define PROVKEY_STATUS_EXTERNAL_UNRELATED 815

// A signature has an unsupported algorithm. Code `external_unsupported_signature`.
#define PROVKEY_STATUS_EXTERNAL_UNSUPPORTED_SIGNATURE 816

// One of the certificates is signed with MD5 or SHA-1. Code `external_weak_signature`.
#define PROVKEY_STATUS_EXTERNAL_WEAK_SIGNATURE 817

// None of the certificates has the requested key, or there are none. Code `external_wrong_key`.
#define PROVKEY_STATUS_EXTERNAL_WRONG_KEY 818

// The CA certificate's extKeyUsage lacks clientAuth. Code `external_wrong_purpose`.
#define PROVKEY_STATUS_EXTERNAL_WRONG_PURPOSE 819

// The CA was imported with its key: its owner publishes its CRL. Code `crl_imported_ca`.
#define PROVKEY_STATUS_CRL_IMPORTED_CA 820

// The private key is not PKCS #8, SEC 1 or PKCS #1. Code `private_key_malformed`.
#define PROVKEY_STATUS_PRIVATE_KEY_MALFORMED 821

// The private key does not belong to the certificate. Code `private_key_mismatch`.
#define PROVKEY_STATUS_PRIVATE_KEY_MISMATCH 822

// The input has no private key, in PEM or DER; or the identity's private key is elsewhere. Code
// `private_key_missing`.
#define PROVKEY_STATUS_PRIVATE_KEY_MISSING 823

// The private key is encrypted, and no passphrase was passed. Code
// `private_key_passphrase_missing`.
#define PROVKEY_STATUS_PRIVATE_KEY_PASSPHRASE_MISSING 824

// The passphrase does not decrypt the private key. Code `private_key_passphrase_wrong`.
#define PROVKEY_STATUS_PRIVATE_KEY_PASSPHRASE_WRONG 825

// The private key file is longer than 16 KiB. Code `private_key_too_large`.
#define PROVKEY_STATUS_PRIVATE_KEY_TOO_LARGE 826

// The input has more than one private key. Code `private_key_too_many`.
#define PROVKEY_STATUS_PRIVATE_KEY_TOO_MANY 827

// Decryption would take more than 10,000,000 iterations. Code `private_key_too_many_iterations`.
#define PROVKEY_STATUS_PRIVATE_KEY_TOO_MANY_ITERATIONS 828

// The private key is not encrypted with PBES2: PBKDF2, HMAC with SHA-2 and AES-CBC. Code
// `private_key_unsupported_encryption`.
#define PROVKEY_STATUS_PRIVATE_KEY_UNSUPPORTED_ENCRYPTION 829

// An allowed address is not a CIDR range, or has bits set beyond its prefix. Code
// `address_range_invalid`.
#define PROVKEY_STATUS_ADDRESS_RANGE_INVALID 900

// The algorithm is not supported for keys of the authority. Code `algorithm_unsupported`.
#define PROVKEY_STATUS_ALGORITHM_UNSUPPORTED 901

// The store already holds an authority. Code `authority_exists`.
#define PROVKEY_STATUS_AUTHORITY_EXISTS 902

// The store holds no authority yet. Code `authority_missing`.
#define PROVKEY_STATUS_AUTHORITY_MISSING 903

// Keys use the enrollment certificate, or it signed certificates that are remembered. Code
// `certificate_in_use`.
#define PROVKEY_STATUS_CERTIFICATE_IN_USE 904

// There is no such enrollment certificate. Code `certificate_not_found`.
#define PROVKEY_STATUS_CERTIFICATE_NOT_FOUND 905

// There is no such connector. Code `connector_not_found`.
#define PROVKEY_STATUS_CONNECTOR_NOT_FOUND 906

// The cursor does not belong to this listing. Code `cursor_invalid`.
#define PROVKEY_STATUS_CURSOR_INVALID 907

// The key was edited since the version that the edit is based on. Code `edit_conflict`.
#define PROVKEY_STATUS_EDIT_CONFLICT 908

// The expiry is in the past. Code `expiry_in_past`.
#define PROVKEY_STATUS_EXPIRY_IN_PAST 909

// The group has keys or connectors. Code `group_in_use`.
#define PROVKEY_STATUS_GROUP_IN_USE 910

// There is no such group. Code `group_not_found`.
#define PROVKEY_STATUS_GROUP_NOT_FOUND 911

// The host is an invalid IP address, or one that is not in its shortest form. Code
// `host_bad_address`.
#define PROVKEY_STATUS_HOST_BAD_ADDRESS 912

// The host has upper-case letters, or characters that no DNS name has. Code `host_bad_name`.
#define PROVKEY_STATUS_HOST_BAD_NAME 913

// The port is not 1 to 65535, has a leading zero, or is 443. Code `host_bad_port`.
#define PROVKEY_STATUS_HOST_BAD_PORT 914

// The host is empty. Code `host_empty`.
#define PROVKEY_STATUS_HOST_EMPTY 915

// The host is longer than 253 characters. Code `host_too_long`.
#define PROVKEY_STATUS_HOST_TOO_LONG 916

// The authority does not have this host. Code `host_unknown`.
#define PROVKEY_STATUS_HOST_UNKNOWN 917

// There is no such provisioning key. Code `key_not_found`.
#define PROVKEY_STATUS_KEY_NOT_FOUND 918

// The maximum is not from 1 to 9223372036854775807. Code `max_uses_invalid`.
#define PROVKEY_STATUS_MAX_USES_INVALID 919

// The name has a control or invisible character. Code `name_bad_character`.
#define PROVKEY_STATUS_NAME_BAD_CHARACTER 920

// The name looks like the text of a provisioning key or an admin token, which is a secret. It was
// not stored. Code `name_is_a_key`.
#define PROVKEY_STATUS_NAME_IS_A_KEY 921

// The name is empty. Code `name_empty`.
#define PROVKEY_STATUS_NAME_EMPTY 922

// Another object of the same kind has this name, ignoring case. Code `name_in_use`.
#define PROVKEY_STATUS_NAME_IN_USE 923

// The name is longer than 128 bytes. Code `name_too_long`.
#define PROVKEY_STATUS_NAME_TOO_LONG 924

// The key has more than 64 address ranges. Code `too_many_addresses`.
#define PROVKEY_STATUS_TOO_MANY_ADDRESSES 925

// The authority already has 64 hosts. Code `too_many_hosts`.
#define PROVKEY_STATUS_TOO_MANY_HOSTS 926

// The trust domain is not a lower-case DNS name, or is missing and the host is an IPv6 address.
// Code `trust_domain_invalid`.
#define PROVKEY_STATUS_TRUST_DOMAIN_INVALID 927

// A URL for connectors' certificates is not `http://` or `https://` with a lower-case host and an
// optional path and query, or is longer than 256 bytes. Code `url_invalid`.
#define PROVKEY_STATUS_URL_INVALID 928

// The validity is too short, or ends after the year 9999. Code `validity_invalid`.
#define PROVKEY_STATUS_VALIDITY_INVALID 929

// The text is not a checkpoint. Code `checkpoint_invalid`.
#define PROVKEY_STATUS_CHECKPOINT_INVALID 930

// The role of an admin token is not that of its scope. Code `scope_invalid`.
#define PROVKEY_STATUS_SCOPE_INVALID 931

// The file holds no master key. Code `keyring_empty`.
#define PROVKEY_STATUS_KEYRING_EMPTY 1000

// All 32 slots are used. Code `keyring_full`.
#define PROVKEY_STATUS_KEYRING_FULL 1001

// A line is neither 64 hexadecimal digits nor `-`. Code `keyring_malformed`.
#define PROVKEY_STATUS_KEYRING_MALFORMED 1002

// The current master key cannot be removed. Code `keyring_slot_current`.
#define PROVKEY_STATUS_KEYRING_SLOT_CURRENT 1003

// The slot holds no master key. Code `keyring_slot_empty`.
#define PROVKEY_STATUS_KEYRING_SLOT_EMPTY 1004

// The master key is current, or provisioning keys, CA keys or admin tokens depend on it. Code
// `master_key_in_use`.
#define PROVKEY_STATUS_MASTER_KEY_IN_USE 1005

// The master key is not 64 hexadecimal digits and a newline. Code `master_key_malformed`.
#define PROVKEY_STATUS_MASTER_KEY_MALFORMED 1006

// The keyring lacks a master key that the authority needs. Code `master_key_missing`.
#define PROVKEY_STATUS_MASTER_KEY_MISSING 1007

// A master key is not the one that the authority was created with. Code `master_key_wrong`.
#define PROVKEY_STATUS_MASTER_KEY_WRONG 1008

// The slot holds no master key of this authority. Code `master_slot_empty`.
#define PROVKEY_STATUS_MASTER_SLOT_EMPTY 1009

// The slot already holds another master key. Code `master_slot_taken`.
#define PROVKEY_STATUS_MASTER_SLOT_TAKEN 1010

// A sealed CA key cannot be opened, or does not fit its certificate: another program changed the
// store. Code `seal_broken`.
#define PROVKEY_STATUS_SEAL_BROKEN 1011

// An id or the trust domain cannot be written into a certificate. Code `certificate_bad_name`.
#define PROVKEY_STATUS_CERTIFICATE_BAD_NAME 1100

// The certificate would have violated its profile, so it was not signed. Code
// `certificate_flawed`.
#define PROVKEY_STATUS_CERTIFICATE_FLAWED 1101

// The issuer's certificate does not permit this signature. Code `issuer_not_allowed`.
#define PROVKEY_STATUS_ISSUER_NOT_ALLOWED 1102

// The issuer's certificate has expired or is not valid yet. Code `issuer_not_valid`.
#define PROVKEY_STATUS_ISSUER_NOT_VALID 1103

// The signer's key is not the one in the issuer's certificate. Code `issuer_wrong_signer`.
#define PROVKEY_STATUS_ISSUER_WRONG_SIGNER 1104

// Keys of this algorithm cannot be generated. Code `signer_algorithm_unsupported`.
#define PROVKEY_STATUS_SIGNER_ALGORITHM_UNSUPPORTED 1105

// The signer's signature does not verify with its own public key. Code `signer_bad_signature`.
#define PROVKEY_STATUS_SIGNER_BAD_SIGNATURE 1106

// The signer failed. Code `signer_failed`.
#define PROVKEY_STATUS_SIGNER_FAILED 1107

// The private key does not belong to the public key. Code `signer_key_mismatch`.
#define PROVKEY_STATUS_SIGNER_KEY_MISMATCH 1108

// The private key is damaged, or has another algorithm. Code `signer_key_rejected`.
#define PROVKEY_STATUS_SIGNER_KEY_REJECTED 1109

// The key of the enrollment certificate is elsewhere, and its signer is not attached. Code
// `signer_missing`.
#define PROVKEY_STATUS_SIGNER_MISSING 1110

// The signer's key is out of reach for now. Code `signer_unavailable`.
#define PROVKEY_STATUS_SIGNER_UNAVAILABLE 1111

// The store called back into its own authority. Code `reentrant_call`.
#define PROVKEY_STATUS_REENTRANT_CALL 1200

// Other callers kept changing the same records, or wrote for too long. Code `store_busy`.
#define PROVKEY_STATUS_STORE_BUSY 1201

// The contents of the store are damaged. Code `store_corrupt`.
#define PROVKEY_STATUS_STORE_CORRUPT 1202

// A new store cannot be created where there is one, or something else. Code `store_exists`.
#define PROVKEY_STATUS_STORE_EXISTS 1203

// The store has no space left. Code `store_full`.
#define PROVKEY_STATUS_STORE_FULL 1204

// There is no store, or the file is empty. Code `store_missing`.
#define PROVKEY_STATUS_STORE_MISSING 1205

// This is not a provkey store. It was not changed. Code `store_not_recognized`.
#define PROVKEY_STATUS_STORE_NOT_RECOGNIZED 1206

// The store may be read but not written. Code `store_read_only`.
#define PROVKEY_STATUS_STORE_READ_ONLY 1207

// A request exceeds a limit of the store. Code `store_request_too_large`.
#define PROVKEY_STATUS_STORE_REQUEST_TOO_LARGE 1208

// A newer version wrote the store. Code `store_too_new`.
#define PROVKEY_STATUS_STORE_TOO_NEW 1209

// The store is out of reach, or failed in a way that may pass. The outcome of a change may be
// unknown: asking again settles it. Code `store_unavailable`.
#define PROVKEY_STATUS_STORE_UNAVAILABLE 1210

// The store lacks changes that were durable: an older copy replaced it. Code `store_rolled_back`.
#define PROVKEY_STATUS_STORE_ROLLED_BACK 1211

// The files of the store were removed, replaced or truncated while it was open. The store no
// longer reads or writes: open it again. Code `store_broken`.
#define PROVKEY_STATUS_STORE_BROKEN 1212

// The query is not a single SELECT over the views, or the store cannot run queries safely. Code
// `query_refused`.
#define PROVKEY_STATUS_QUERY_REFUSED 1250

// The database rejected the query, or the query failed. Code `query_failed`.
#define PROVKEY_STATUS_QUERY_FAILED 1251

// The query exceeded its time limit. Code `query_timed_out`.
#define PROVKEY_STATUS_QUERY_TIMED_OUT 1252

// The store was moved to another one, and accepts no more changes. Code `store_moved`.
#define PROVKEY_STATUS_STORE_MOVED 1213

// There is no randomness. Code `random_unavailable`.
#define PROVKEY_STATUS_RANDOM_UNAVAILABLE 1300

// The admin token has expired. Code `admin_token_expired`.
#define PROVKEY_STATUS_ADMIN_TOKEN_EXPIRED 1400

// There is no such admin token, or its secret is wrong. Code `admin_token_invalid`.
#define PROVKEY_STATUS_ADMIN_TOKEN_INVALID 1401

// The text is not an admin token, or was miscopied. Code `admin_token_malformed`.
#define PROVKEY_STATUS_ADMIN_TOKEN_MALFORMED 1402

// There is no such admin token. Code `admin_token_not_found`.
#define PROVKEY_STATUS_ADMIN_TOKEN_NOT_FOUND 1403

// The admin token was revoked. Code `admin_token_revoked`.
#define PROVKEY_STATUS_ADMIN_TOKEN_REVOKED 1404

// ECDSA on NIST P-256.
#define PROVKEY_KEY_ALGORITHM_P256 1

// ECDSA on NIST P-384.
#define PROVKEY_KEY_ALGORITHM_P384 2

// Ed25519, RFC 8032.
#define PROVKEY_KEY_ALGORITHM_ED25519 3

// RSA of 2048 to 4096 bits, PKCS #1 v1.5. Such keys are accepted and never made.
#define PROVKEY_KEY_ALGORITHM_RSA 4

// There is no certificate yet.
#define PROVKEY_CERTIFICATE_STATE_NONE 0

// It is valid.
#define PROVKEY_CERTIFICATE_STATE_VALID 1

// It is valid, and due for renewal.
#define PROVKEY_CERTIFICATE_STATE_RENEW_SOON 2

// It or one of its issuers has expired.
#define PROVKEY_CERTIFICATE_STATE_EXPIRED 3

#if defined(PROVKEY_AUTHORITY)
// A connector enrolled, at the cost of one use.
#define PROVKEY_EVENT_TYPE_ENROLLED 1
#endif

#if defined(PROVKEY_AUTHORITY)
// A connector asked again and received its certificate again, at no use.
#define PROVKEY_EVENT_TYPE_REPLAYED 2
#endif

#if defined(PROVKEY_AUTHORITY)
// A connector renewed its certificate.
#define PROVKEY_EVENT_TYPE_RENEWED 3
#endif

#if defined(PROVKEY_AUTHORITY)
// An enrollment or a renewal was refused or failed. Without a `key`, none was proven.
#define PROVKEY_EVENT_TYPE_REFUSED 4
#endif

#if defined(PROVKEY_AUTHORITY)
// A count of refusals or replays could not be stored. Nothing else is affected.
#define PROVKEY_EVENT_TYPE_TALLY_LOST 5
#endif

#if defined(PROVKEY_AUTHORITY)
// An admin token was refused. This is not in the audit trail.
#define PROVKEY_EVENT_TYPE_ADMIN_TOKEN_REFUSED 6
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
// It enrolls connectors.
#define PROVKEY_KEY_STATE_USABLE 1
#endif

#if defined(PROVKEY_AUTHORITY)
// All of its uses are spent.
#define PROVKEY_KEY_STATE_EXHAUSTED 2
#endif

#if defined(PROVKEY_AUTHORITY)
// It is disabled.
#define PROVKEY_KEY_STATE_DISABLED 3
#endif

#if defined(PROVKEY_AUTHORITY)
// It has expired.
#define PROVKEY_KEY_STATE_EXPIRED 4
#endif

#if defined(PROVKEY_AUTHORITY)
// It was reported as compromised. This is final.
#define PROVKEY_KEY_STATE_COMPROMISED 5
#endif

#if defined(PROVKEY_AUTHORITY)
// By name, ignoring case.
#define PROVKEY_KEY_ORDER_NAME 0
#endif

#if defined(PROVKEY_AUTHORITY)
// By creation time.
#define PROVKEY_KEY_ORDER_CREATED 1
#endif

#if defined(PROVKEY_AUTHORITY)
// Read everything except secrets.
#define PROVKEY_ADMIN_ROLE_VIEWER 1
#endif

#if defined(PROVKEY_AUTHORITY)
// Manage provisioning keys, groups and connectors; copy the texts of keys.
#define PROVKEY_ADMIN_ROLE_OPERATOR 2
#endif

#if defined(PROVKEY_AUTHORITY)
// Manage enrollment certificates and admin tokens, too.
#define PROVKEY_ADMIN_ROLE_ADMIN 3
#endif

#if defined(PROVKEY_AUTHORITY)
// No value.
#define PROVKEY_QUERY_VALUE_TYPE_NULL 0
#endif

#if defined(PROVKEY_AUTHORITY)
// An integer, in `integer`. A Boolean is 0 or 1.
#define PROVKEY_QUERY_VALUE_TYPE_INTEGER 1
#endif

#if defined(PROVKEY_AUTHORITY)
// A floating-point number, in `number`.
#define PROVKEY_QUERY_VALUE_TYPE_FLOAT 2
#endif

#if defined(PROVKEY_AUTHORITY)
// A text in UTF-8, in `bytes`, without a NUL. A moment is RFC 3339 in UTC.
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
// Checks that the record has this version or, without a version, that there is no such record.
#define PROVKEY_OPERATION_TYPE_EXPECT 1
#endif

#if defined(PROVKEY_AUTHORITY)
// Checks that the counter exists and is 0.
#define PROVKEY_OPERATION_TYPE_EXPECT_UNUSED 2
#endif

#if defined(PROVKEY_AUTHORITY)
// Writes a body, replacing any earlier one. Refused if the record is a counter.
#define PROVKEY_OPERATION_TYPE_PUT 3
#endif

#if defined(PROVKEY_AUTHORITY)
// Deletes the record, if it exists.
#define PROVKEY_OPERATION_TYPE_DELETE 4
#endif

#if defined(PROVKEY_AUTHORITY)
// Sets the limit of a counter and keeps `used`. Creates the counter with `used` 0 if there is
// none.
#define PROVKEY_OPERATION_TYPE_SET_LIMIT 5
#endif

#if defined(PROVKEY_AUTHORITY)
// Adds `by` to a counter. Refused if there is no counter, if a positive `by` would exceed the
// limit, or if it would fall below 0. A positive `by` also advances `last_at_ms` to `at_ms`, never
// backwards.
#define PROVKEY_OPERATION_TYPE_COUNT 6
#endif

#if defined(PROVKEY_AUTHORITY)
// It is not refused.
#define PROVKEY_REASON_NONE 0
#endif

#if defined(PROVKEY_AUTHORITY)
// The record should not exist, and does.
#define PROVKEY_REASON_EXISTS 1
#endif

#if defined(PROVKEY_AUTHORITY)
// The record should exist, and does not.
#define PROVKEY_REASON_ABSENT 2
#endif

#if defined(PROVKEY_AUTHORITY)
// The record has another version.
#define PROVKEY_REASON_CHANGED 3
#endif

#if defined(PROVKEY_AUTHORITY)
// The counter should be 0, and is not.
#define PROVKEY_REASON_IN_USE 4
#endif

#if defined(PROVKEY_AUTHORITY)
// The counter would exceed its limit.
#define PROVKEY_REASON_LIMIT_REACHED 5
#endif

#if defined(PROVKEY_AUTHORITY)
// The counter would fall below 0.
#define PROVKEY_REASON_BELOW_ZERO 6
#endif

#if defined(PROVKEY_AUTHORITY)
// The operation is for a counter and the record is a body, or the reverse.
#define PROVKEY_REASON_WRONG_KIND 7
#endif

#if defined(PROVKEY_AUTHORITY)
// The unit is malformed: see `provkey_unit_check`.
#define PROVKEY_REASON_MALFORMED 8
#endif

#ifdef __cplusplus
extern "C" {
#endif // __cplusplus

// Frees an error. NULL is allowed.
void provkey_error_free(struct provkey_error *error);

// Returns the code of a status, such as `key_exhausted`; NULL if there is no such status. The
// string is static.
const char *provkey_status_code(provkey_status status);

// Returns the version of this library, such as `0.1.0`. The string is static.
const char *provkey_version(void);

// Returns the ABI number of this library. A program that loads the library at run time compares it
// with `PROVKEY_ABI_VERSION`.
uint32_t provkey_abi_version(void);

#if defined(PROVKEY_TEST_FAULTS)
// Panics, to show that a panic becomes a status.
provkey_status provkey_test_panic(struct provkey_error **error);
#endif

// Wipes and frees bytes. NULL is allowed.
void provkey_bytes_free(struct provkey_bytes *bytes);

// Computes a machine's fingerprint from its material: a machine id, a serial number, or a key that
// a TPM or a keystore derives. The material never leaves the machine. Material that can be guessed
// detects accidental clones, but stops no attacker.
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

// Makes a source of randomness from callbacks. Freed with `provkey_random_free`.
provkey_status provkey_random_new(const struct provkey_random_callbacks *callbacks,
                                  struct provkey_random **random,
                                  struct provkey_error **error);

// Frees a source of randomness. Objects that use it keep it alive. NULL is allowed.
void provkey_random_free(struct provkey_random *random);

// Makes a signer from callbacks and its public key, a SubjectPublicKeyInfo in DER, which
// determines the signature algorithm. Freed with `provkey_signer_free`.
//
// Errors: `public_key_malformed`, `public_key_unsupported`, the `weak_key_` codes.
provkey_status provkey_signer_new(const struct provkey_signer_callbacks *callbacks,
                                  const uint8_t *public_key,
                                  size_t public_key_len,
                                  struct provkey_signer **signer,
                                  struct provkey_error **error);

// Frees a signer. Objects that use it keep it alive. NULL is allowed.
void provkey_signer_free(struct provkey_signer *signer);

// Appends bytes to a sink.
provkey_status provkey_bytes_sink_write(struct provkey_bytes_sink *sink,
                                        const uint8_t *bytes,
                                        size_t len);

// Reads the text of a provisioning key. Needs no network.
//
// White space, line breaks, invisible characters, quotes, punctuation around the text, a leading
// `NAME=` and letter case are ignored. The error says which characters are wrong: see `positions`
// of `provkey_error`, and `provkey_provisioning_key_repair`.
//
// Errors: `key_empty`, `key_wrong_prefix`, `key_unsupported_version`, `key_truncated`,
// `key_extra`, `key_bad_character`, `key_miscopied`, `key_host_miscopied`, `key_damaged`.
provkey_status provkey_provisioning_key_read(const uint8_t *text,
                                             size_t text_len,
                                             struct provkey_provisioning_key **key,
                                             struct provkey_error **error);

// Repairs a miscopied text. The result is a secret. A person should compare it with the original:
// with five or more wrong characters a repair may, rarely, be wrong.
//
// Errors: `no_repair` if the text is correct or cannot be repaired.
provkey_status provkey_provisioning_key_repair(const uint8_t *text,
                                               size_t text_len,
                                               struct provkey_bytes **repaired,
                                               struct provkey_error **error);

// Writes the canonical text of a key, which is a secret.
provkey_status provkey_provisioning_key_text(const struct provkey_provisioning_key *key,
                                             struct provkey_bytes **text,
                                             struct provkey_error **error);

// Frees a key and wipes its secret. NULL is allowed.
void provkey_provisioning_key_free(struct provkey_provisioning_key *key);

// Makes an identity with a new key pair: P-256 (1, or 0), P-384 or Ed25519. The operating system's
// randomness is used.
//
// Errors: `signer_algorithm_unsupported` for RSA; `signer_failed` without randomness.
provkey_status provkey_identity_generate(provkey_key_algorithm algorithm,
                                         struct provkey_identity **identity,
                                         struct provkey_error **error);

// Makes an identity whose private key is elsewhere: in a secure element, a TPM, a keystore. The
// identity's file does not contain the private key; after opening one, call
// `provkey_identity_attach_signer`. Signatures are not checked here: the authority refuses a
// request with a wrong one (`csr_bad_signature`).
provkey_status provkey_identity_with_signer(const struct provkey_signer *signer,
                                            struct provkey_identity **identity,
                                            struct provkey_error **error);

// Attaches the signer to an identity that was opened and whose private key is elsewhere. Without
// it, requests fail with `signer_unavailable`.
//
// Errors: `signer_key_mismatch`.
provkey_status provkey_identity_attach_signer(struct provkey_identity *identity,
                                              const struct provkey_signer *signer,
                                              struct provkey_error **error);

// Opens the file that `provkey_identity_seal` made, with the same material.
//
// Errors: `identity_other_machine`, `identity_not_sealed`, `identity_damaged`,
// `identity_too_new`, `identity_not_recognized`, `identity_too_large`, `fingerprint_empty`.
provkey_status provkey_identity_open(const uint8_t *file,
                                     size_t file_len,
                                     const uint8_t *material,
                                     size_t material_len,
                                     struct provkey_identity **identity,
                                     struct provkey_error **error);

// Writes the whole identity as a file that only this machine can open. Save it before a request is
// sent, and after an answer is accepted. `random`: NULL for the operating system's.
//
// `material` is what only this machine has. The file is as safe as the material is secret:
// material that can be guessed or looked up, such as a serial number, stops only accidental
// clones.
//
// Errors: `fingerprint_empty`, `random_unavailable`.
provkey_status provkey_identity_seal(const struct provkey_identity *identity,
                                     const uint8_t *material,
                                     size_t material_len,
                                     const struct provkey_random *random,
                                     struct provkey_bytes **file,
                                     struct provkey_error **error);

// Reads the file that `provkey_identity_to_bytes` made.
//
// Errors: `identity_sealed`, `identity_damaged`, `identity_too_new`, `identity_not_recognized`,
// `identity_too_large`.
provkey_status provkey_identity_from_bytes(const uint8_t *file,
                                           size_t file_len,
                                           struct provkey_identity **identity,
                                           struct provkey_error **error);

// Writes the whole identity as a file that holds the private key in the clear. Only the mode of
// the file protects it: prefer `provkey_identity_seal`.
provkey_status provkey_identity_to_bytes(const struct provkey_identity *identity,
                                         struct provkey_bytes **file,
                                         struct provkey_error **error);

// Drops the pending renewal with its new key pair: the next `provkey_identity_renew_request`
// begins another. Without a pending renewal nothing changes. Save the identity afterwards.
//
// Call this only if the authority refused the renewal with `public_key_in_use`. After any other
// error the authority may have renewed the certificate, which it does for one key pair only.
provkey_status provkey_identity_drop_renewal(struct provkey_identity *identity,
                                             struct provkey_error **error);

// Describes an identity at a moment. `now_ms`: the machine's clock, in Unix milliseconds.
provkey_status provkey_identity_describe(const struct provkey_identity *identity,
                                         uint64_t now_ms,
                                         struct provkey_identity_details **details,
                                         struct provkey_error **error);

// Frees the details of an identity. NULL is allowed.
void provkey_identity_details_free(struct provkey_identity_details *details);

// Writes the certificate of an identity in DER, without its issuers, as some TLS libraries want
// it.
//
// Errors: `certificate_missing` if there is none yet.
provkey_status provkey_identity_certificate(const struct provkey_identity *identity,
                                            struct provkey_bytes **der,
                                            struct provkey_error **error);

// Writes the private key of an identity in PEM (PKCS #8, RFC 5958), for the TLS library that uses
// the certificate. It is a secret.
//
// Errors: `private_key_missing` if the key is elsewhere.
provkey_status provkey_identity_private_key(const struct provkey_identity *identity,
                                            struct provkey_bytes **pem,
                                            struct provkey_error **error);

// Frees an identity and wipes its private key. NULL is allowed.
void provkey_identity_free(struct provkey_identity *identity);

// Frees a request. NULL is allowed.
void provkey_request_free(struct provkey_request *request);

// Makes a request for a certificate: a CSR that proves possession of the provisioning key without
// containing its secret. The identity remembers the public part of the key to check the answer.
// Save the identity before you send the request: then a lost answer costs no use.
//
// Repeat it as often as needed: the same identity is the same connector and costs one use in all.
// `fingerprint`: NULL for none; the authority expects the same one each time.
//
// Errors: `signer_unavailable`, `signer_failed`.
provkey_status provkey_identity_request(struct provkey_identity *identity,
                                        const struct provkey_provisioning_key *key,
                                        const struct provkey_fingerprint *fingerprint,
                                        struct provkey_request **request,
                                        struct provkey_error **error);

// Makes a request to renew the identity's certificate. The old key signs it; no provisioning key
// is needed. Save the identity before you send the request: a certificate is renewed once, for one
// key pair.
//
// `algorithm`: 0 keeps the key pair; another value makes a new one. `signer`: a new key that is
// elsewhere; then `algorithm` is 0. Repeat it as often as needed until an answer is accepted: it
// continues the pending renewal.
//
// Errors: `renewal_without_certificate`, `signer_unavailable`, `signer_failed`,
// `signer_algorithm_unsupported`.
provkey_status provkey_identity_renew_request(struct provkey_identity *identity,
                                              provkey_key_algorithm algorithm,
                                              const struct provkey_signer *signer,
                                              const struct provkey_fingerprint *fingerprint,
                                              struct provkey_request **request,
                                              struct provkey_error **error);

// Accepts the answer to a request, in PEM: this identity's certificate, its issuers and the root,
// in any order and with any text around them. `now_ms`: the machine's clock, in Unix milliseconds.
// `accepted` may be NULL.
//
// Only the root that the provisioning key pins is trusted. On any error the identity does not
// change and keeps its earlier certificate.
//
// Errors: `answer_without_request`, `answer_for_another_key`, `clock_ahead`, the `certificate_`
// and `chain_` codes.
provkey_status provkey_identity_accept(struct provkey_identity *identity,
                                       const uint8_t *answer,
                                       size_t answer_len,
                                       uint64_t now_ms,
                                       struct provkey_accepted *accepted,
                                       struct provkey_error **error);

// Checks the certificates of a TLS server at the host of the key of this identity's latest
// request: PEM, the server's own certificate first. `now_ms`: the machine's clock. `checked_ms`,
// which may be NULL, receives the moment to use from here on: a clock that is behind does not fail
// the check.
//
// Only the root that the key pins is trusted. It must have signed the server's certificate
// directly, and the certificate must be for TLS servers and name the host. The TLS handshake
// proves that the server has the private key.
//
// Errors: `answer_without_request`, `server_wrong_host`, the `certificate_` and `chain_` codes.
provkey_status provkey_identity_check_server(const struct provkey_identity *identity,
                                             const uint8_t *chain,
                                             size_t chain_len,
                                             uint64_t now_ms,
                                             uint64_t *checked_ms,
                                             struct provkey_error **error);

#if defined(PROVKEY_AUTHORITY)
// Describes an authority.
provkey_status provkey_authority_describe(const struct provkey_authority *authority,
                                          struct provkey_authority_details **details,
                                          struct provkey_error **error);
#endif

#if defined(PROVKEY_AUTHORITY)
// Frees the details of an authority. NULL is allowed.
void provkey_authority_details_free(struct provkey_authority_details *details);
#endif

#if defined(PROVKEY_AUTHORITY)
// Adds a host. Key texts for the other hosts stay valid. Other processes enroll and renew for the
// new host at once. Until they do, their lists of hosts may lack it.
//
// Errors: the `host_` codes, `too_many_hosts`, those of the store.
provkey_status provkey_authority_add_host(const struct provkey_authority *authority,
                                          const char *host,
                                          struct provkey_error **error);
#endif

#if defined(PROVKEY_AUTHORITY)
// Makes a handle of the same authority that names `actor` in the audit records of its changes. It
// is freed by itself; the first handle does not change.
provkey_status provkey_authority_acting_as(const struct provkey_authority *authority,
                                           const char *actor,
                                           struct provkey_authority **acting,
                                           struct provkey_error **error);
#endif

#if defined(PROVKEY_AUTHORITY)
// Like `provkey_authority_acting_as`, and the audit records also name the actor's admin token and
// address.
//
// Errors: `admin_token_not_found` for a malformed id, `address_invalid`.
provkey_status provkey_authority_acting_for(const struct provkey_authority *authority,
                                            const struct provkey_actor *actor,
                                            struct provkey_authority **acting,
                                            struct provkey_error **error);
#endif

#if defined(PROVKEY_AUTHORITY)
// Frees an authority. No call may be using it. NULL is allowed.
void provkey_authority_free(struct provkey_authority *authority);
#endif

#if defined(PROVKEY_AUTHORITY)
// Makes a clock from callbacks. Freed with `provkey_clock_free`.
provkey_status provkey_clock_new(const struct provkey_clock_callbacks *callbacks,
                                 struct provkey_clock **clock,
                                 struct provkey_error **error);
#endif

#if defined(PROVKEY_AUTHORITY)
// Frees a clock. Authorities that use it keep it alive. NULL is allowed.
void provkey_clock_free(struct provkey_clock *clock);
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
// Reads the contents of a master key file: line n, counted from 0, is the master key of slot n in
// 64 hexadecimal digits, or `-` for a removed one. The last one is the current master key.
//
// Errors: `keyring_malformed`, `keyring_full`, `keyring_empty`.
provkey_status provkey_keyring_read(const uint8_t *text,
                                    size_t text_len,
                                    struct provkey_keyring **keyring,
                                    struct provkey_error **error);
#endif

#if defined(PROVKEY_AUTHORITY)
// Writes the contents of the master key file, as `provkey_keyring_read` reads it. It is a secret:
// only its owner may read the file. Keep it apart from the store.
provkey_status provkey_keyring_text(const struct provkey_keyring *keyring,
                                    struct provkey_bytes **text,
                                    struct provkey_error **error);
#endif

#if defined(PROVKEY_AUTHORITY)
// Makes a keyring with the same master keys and a new current one, for
// `provkey_authority_rotate_master`. Save it first. `random`: NULL for the operating system's.
//
// Errors: `keyring_full`, `random_unavailable`.
provkey_status provkey_keyring_rotated(const struct provkey_keyring *keyring,
                                       const struct provkey_random *random,
                                       struct provkey_keyring **rotated,
                                       struct provkey_error **error);
#endif

#if defined(PROVKEY_AUTHORITY)
// Makes a keyring with the same master keys except the one in `slot`. Save it after
// `provkey_authority_remove_master`.
//
// Errors: `keyring_slot_current`; `master_slot_empty` if `slot` is above 31.
provkey_status provkey_keyring_without(const struct provkey_keyring *keyring,
                                       uint32_t slot,
                                       struct provkey_keyring **without,
                                       struct provkey_error **error);
#endif

#if defined(PROVKEY_AUTHORITY)
// Writes the slot of the current master key.
provkey_status provkey_keyring_current_slot(const struct provkey_keyring *keyring,
                                            uint32_t *slot,
                                            struct provkey_error **error);
#endif

#if defined(PROVKEY_AUTHORITY)
// Wipes and frees a keyring. NULL is allowed.
void provkey_keyring_free(struct provkey_keyring *keyring);
#endif

#if defined(PROVKEY_AUTHORITY)
// Makes an observer from callbacks. Freed with `provkey_observer_free`.
provkey_status provkey_observer_new(const struct provkey_observer_callbacks *callbacks,
                                    struct provkey_observer **observer,
                                    struct provkey_error **error);
#endif

#if defined(PROVKEY_AUTHORITY)
// Frees an observer. Authorities that use it keep it alive. NULL is allowed.
void provkey_observer_free(struct provkey_observer *observer);
#endif

#if defined(PROVKEY_AUTHORITY)
// Writes whether a store holds an authority. Needs no master key.
//
// Errors: those of the store.
provkey_status provkey_authority_exists(const struct provkey_store *store,
                                        bool *exists,
                                        struct provkey_error **error);
#endif

#if defined(PROVKEY_AUTHORITY)
// Creates an authority and its root in an empty store. Keys are derived from the current master
// key of the keyring. Save the keyring first.
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
// Opens the authority in a store. The keyring must hold every master key that the authority knows.
//
// Errors: `authority_missing`, `master_key_wrong`, `master_key_missing`, those of the store.
provkey_status provkey_authority_open(const struct provkey_environment *environment,
                                      const struct provkey_keyring *keyring,
                                      struct provkey_authority **authority,
                                      struct provkey_error **error);
#endif

#if defined(PROVKEY_AUTHORITY)
// Creates a connector group. Its name has 1 to 128 bytes and is unique, ignoring case.
//
// Errors: the `name_` codes, those of the store.
provkey_status provkey_authority_create_group(const struct provkey_authority *authority,
                                              const char *name,
                                              struct provkey_connector_group **group,
                                              struct provkey_error **error);
#endif

#if defined(PROVKEY_AUTHORITY)
// Reads the group with this id.
//
// Errors: `group_not_found`, those of the store.
provkey_status provkey_authority_group(const struct provkey_authority *authority,
                                       const char *id,
                                       struct provkey_connector_group **group,
                                       struct provkey_error **error);
#endif

#if defined(PROVKEY_AUTHORITY)
// Finds a group by id or name.
//
// Errors: `group_not_found`, those of the store.
provkey_status provkey_authority_find_group(const struct provkey_authority *authority,
                                            const char *id_or_name,
                                            struct provkey_connector_group **group,
                                            struct provkey_error **error);
#endif

#if defined(PROVKEY_AUTHORITY)
// Lists groups by name. `page`: NULL for the first page.
//
// Errors: `cursor_invalid`, those of the store.
provkey_status provkey_authority_list_groups(const struct provkey_authority *authority,
                                             const struct provkey_page_request *page,
                                             struct provkey_connector_group_page **groups,
                                             struct provkey_error **error);
#endif

#if defined(PROVKEY_AUTHORITY)
// Deletes a group without keys and connectors.
//
// Errors: `group_not_found`, `group_in_use`, those of the store.
provkey_status provkey_authority_delete_group(const struct provkey_authority *authority,
                                              const char *id,
                                              struct provkey_error **error);
#endif

#if defined(PROVKEY_AUTHORITY)
// Frees a group. NULL is allowed; an item of a page is left alone.
void provkey_connector_group_free(struct provkey_connector_group *group);
#endif

#if defined(PROVKEY_AUTHORITY)
// Frees a page of groups. NULL is allowed.
void provkey_connector_group_page_free(struct provkey_connector_group_page *groups);
#endif

#if defined(PROVKEY_AUTHORITY)
// Creates an enrollment certificate under the authority's root, for a new key pair or for one that
// is elsewhere.
//
// Errors: the `name_` codes, `validity_invalid`, `algorithm_unsupported`, `url_invalid`, those of
// the signer and of the store.
provkey_status provkey_authority_create_certificate(const struct provkey_authority *authority,
                                                    const struct provkey_new_certificate *new_certificate,
                                                    struct provkey_enrollment_certificate **certificate,
                                                    struct provkey_error **error);
#endif

#if defined(PROVKEY_AUTHORITY)
// Reads the enrollment certificate with this id.
//
// Errors: `certificate_not_found`, `certificate_unanswered`, those of the store.
provkey_status provkey_authority_certificate(const struct provkey_authority *authority,
                                             const char *id,
                                             struct provkey_enrollment_certificate **certificate,
                                             struct provkey_error **error);
#endif

#if defined(PROVKEY_AUTHORITY)
// Finds an enrollment certificate by id or name.
//
// Errors: `certificate_not_found`, `certificate_unanswered`, those of the store.
provkey_status provkey_authority_find_certificate(const struct provkey_authority *authority,
                                                  const char *id_or_name,
                                                  struct provkey_enrollment_certificate **certificate,
                                                  struct provkey_error **error);
#endif

#if defined(PROVKEY_AUTHORITY)
// Lists enrollment certificates by name. `page`: NULL for the first page.
//
// Errors: `cursor_invalid`, those of the store.
provkey_status provkey_authority_list_certificates(const struct provkey_authority *authority,
                                                   const struct provkey_page_request *page,
                                                   struct provkey_enrollment_certificate_page **certificates,
                                                   struct provkey_error **error);
#endif

#if defined(PROVKEY_AUTHORITY)
// Retires an enrollment certificate: it signs no further certificates of connectors. Those that it
// signed stay valid.
//
// Errors: `certificate_not_found`, those of the store.
provkey_status provkey_authority_retire_certificate(const struct provkey_authority *authority,
                                                    const char *id,
                                                    struct provkey_error **error);
#endif

#if defined(PROVKEY_AUTHORITY)
// Counts the connectors' certificates that an enrollment certificate signed, one by one.
//
// Errors: `certificate_not_found`, those of the store.
provkey_status provkey_authority_count_connectors(const struct provkey_authority *authority,
                                                  const char *id,
                                                  uint64_t *count,
                                                  struct provkey_error **error);
#endif

#if defined(PROVKEY_AUTHORITY)
// Deletes an enrollment certificate that no key uses and that signed no remembered certificate.
//
// Errors: `certificate_not_found`, `certificate_in_use`, those of the store.
provkey_status provkey_authority_delete_certificate(const struct provkey_authority *authority,
                                                    const char *id,
                                                    struct provkey_error **error);
#endif

#if defined(PROVKEY_AUTHORITY)
// Attaches a signer to the enrollment certificate that has its public key, until this authority is
// freed. Attach your signers each time you open the authority. Each signature is checked before it
// is used, so a failing signer costs no use.
provkey_status provkey_authority_attach_signer(const struct provkey_authority *authority,
                                               const struct provkey_signer *signer,
                                               struct provkey_error **error);
#endif

#if defined(PROVKEY_AUTHORITY)
// Frees an enrollment certificate. NULL is allowed; an item of a page is left alone.
void provkey_enrollment_certificate_free(struct provkey_enrollment_certificate *certificate);
#endif

#if defined(PROVKEY_AUTHORITY)
// Frees a page of enrollment certificates. NULL is allowed.
void provkey_enrollment_certificate_page_free(struct provkey_enrollment_certificate_page *certificates);
#endif

#if defined(PROVKEY_AUTHORITY)
// Makes a CSR that asks an external CA for a CA certificate, for a new key pair or for one that is
// elsewhere. The external CA determines the validity: `validity_seconds` is ignored.
// `provkey_authority_import_answer` takes the certificate that it issues.
//
// Errors: the `name_` codes, `validity_invalid`, `algorithm_unsupported`, `url_invalid`, those of
// the signer and of the store.
provkey_status provkey_authority_request_certificate(const struct provkey_authority *authority,
                                                     const struct provkey_new_certificate *new_certificate,
                                                     struct provkey_certificate_request **request,
                                                     struct provkey_error **error);
#endif

#if defined(PROVKEY_AUTHORITY)
// Imports the certificate that an external CA issued for a request, in PEM, optionally followed by
// its issuers. It becomes an enrollment certificate with the id of the request.
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
// Imports the CA certificate of an external CA with its private key.
//
// Errors: the `name_` codes, `validity_invalid`, `url_invalid`, the `external_`, `private_key_`
// and `certificate_` codes, those of the store.
provkey_status provkey_authority_import_certificate(const struct provkey_authority *authority,
                                                    const struct provkey_certificate_import *import,
                                                    struct provkey_enrollment_certificate **certificate,
                                                    struct provkey_error **error);
#endif

#if defined(PROVKEY_AUTHORITY)
// Reads the pending request with this id.
//
// Errors: `certificate_request_not_found`, those of the store.
provkey_status provkey_authority_certificate_request(const struct provkey_authority *authority,
                                                     const char *id,
                                                     struct provkey_certificate_request **request,
                                                     struct provkey_error **error);
#endif

#if defined(PROVKEY_AUTHORITY)
// Finds a pending request by id or name.
//
// Errors: `certificate_request_not_found`, those of the store.
provkey_status provkey_authority_find_certificate_request(const struct provkey_authority *authority,
                                                          const char *id_or_name,
                                                          struct provkey_certificate_request **request,
                                                          struct provkey_error **error);
#endif

#if defined(PROVKEY_AUTHORITY)
// Lists the pending requests by id. `page`: NULL for the first page.
//
// Errors: `cursor_invalid`, those of the store.
provkey_status provkey_authority_list_certificate_requests(const struct provkey_authority *authority,
                                                           const struct provkey_page_request *page,
                                                           struct provkey_certificate_request_page **requests,
                                                           struct provkey_error **error);
#endif

#if defined(PROVKEY_AUTHORITY)
// Deletes a pending request and its private key.
//
// Errors: `certificate_request_not_found`, those of the store.
provkey_status provkey_authority_delete_certificate_request(const struct provkey_authority *authority,
                                                            const char *id,
                                                            struct provkey_error **error);
#endif

#if defined(PROVKEY_AUTHORITY)
// Frees a request. NULL is allowed; an item of a page is left alone.
void provkey_certificate_request_free(struct provkey_certificate_request *request);
#endif

#if defined(PROVKEY_AUTHORITY)
// Frees a page of requests. NULL is allowed.
void provkey_certificate_request_page_free(struct provkey_certificate_request_page *requests);
#endif

#if defined(PROVKEY_AUTHORITY)
// Writes the slot of the master key that new keys are derived from. If the keyring's current slot
// is a later one, a rotation was interrupted: `provkey_authority_rotate_master` finishes it.
//
// Errors: `master_slot_empty`.
provkey_status provkey_authority_master_slot(const struct provkey_authority *authority,
                                             uint32_t *slot,
                                             struct provkey_error **error);
#endif

#if defined(PROVKEY_AUTHORITY)
// Rotates to the current master key of `keyring`, whose slot must be new to the authority: new
// keys are derived from it, and all CA keys are sealed under it again. Existing keys stay valid,
// so the keyring must keep their master keys. Other processes that have the authority open need
// the new keyring, too, preferably before: `provkey_authority_replace_keyring`. After an
// interruption, call it again to finish.
//
// Errors: `master_key_wrong`, `master_key_missing`, `master_slot_taken`, those of the store.
provkey_status provkey_authority_rotate_master(const struct provkey_authority *authority,
                                               const struct provkey_keyring *keyring,
                                               struct provkey_error **error);
#endif

#if defined(PROVKEY_AUTHORITY)
// Replaces the keyring of an open authority, for example after another process has rotated the
// master key. It must hold every master key that the authority knows. Running calls finish with
// the old keyring. On an error nothing changes.
//
// Errors: `master_key_wrong`, `master_key_missing`, those of the store.
provkey_status provkey_authority_replace_keyring(const struct provkey_authority *authority,
                                                 const struct provkey_keyring *keyring,
                                                 struct provkey_error **error);
#endif

#if defined(PROVKEY_AUTHORITY)
// Writes the slots of the master keys that the store knows and this process lacks: bit n is slot
// n. If there are any, another process has rotated: read the master key file again and call
// `provkey_authority_replace_keyring`. Until then connectors with older keys enroll and renew, and
// whatever needs the new master key fails with `master_key_missing`.
//
// Errors: `master_key_wrong`, those of the store.
provkey_status provkey_authority_missing_masters(const struct provkey_authority *authority,
                                                 uint32_t *slots,
                                                 struct provkey_error **error);
#endif

#if defined(PROVKEY_AUTHORITY)
// Forgets the master key in a slot. No key, CA or valid admin token may depend on it.
//
// Errors: `master_key_in_use`, `master_slot_empty`, those of the store.
provkey_status provkey_authority_remove_master(const struct provkey_authority *authority,
                                               uint32_t slot,
                                               struct provkey_error **error);
#endif

#if defined(PROVKEY_AUTHORITY)
// Issues a certificate for a TLS server at one of the authority's hosts. `spki`: the server's
// public key, a SubjectPublicKeyInfo in DER. Such a certificate cannot be revoked: make it valid
// for a few months at most, and renew it in time. Each one is recorded in the audit trail.
//
// Errors: the `host_` codes, `host_unknown` if the authority does not have the host;
// `validity_invalid` below an hour; `public_key_of_authority`; `csr_bad_key`, `csr_key_off_curve`,
// `csr_unsupported_key` and the `weak_key_` codes for the public key; those of the signer and of
// the store.
provkey_status provkey_authority_issue_server_certificate(const struct provkey_authority *authority,
                                                          const char *host,
                                                          const uint8_t *spki,
                                                          size_t spki_len,
                                                          uint64_t validity_seconds,
                                                          struct provkey_server_certificate **certificate,
                                                          struct provkey_error **error);
#endif

#if defined(PROVKEY_AUTHORITY)
// Frees the certificate of a server. NULL is allowed.
void provkey_server_certificate_free(struct provkey_server_certificate *certificate);
#endif

#if defined(PROVKEY_AUTHORITY)
// Creates a provisioning key. `provkey_authority_copy_key` returns its text.
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
// Reads the provisioning key with this id.
//
// Errors: `key_not_found`, `key_deleted`, those of the store.
provkey_status provkey_authority_key(const struct provkey_authority *authority,
                                     const char *id,
                                     struct provkey_key_details **key,
                                     struct provkey_error **error);
#endif

#if defined(PROVKEY_AUTHORITY)
// Finds a provisioning key by id or name.
//
// Errors: `key_not_found`, `key_deleted`, those of the store.
provkey_status provkey_authority_find_key(const struct provkey_authority *authority,
                                          const char *id_or_name,
                                          struct provkey_key_details **key,
                                          struct provkey_error **error);
#endif

#if defined(PROVKEY_AUTHORITY)
// Edits a provisioning key. `key` receives the edited key; it may be NULL.
//
// Errors: `edit_conflict` if the key was edited since `version`; `key_not_found`, `key_deleted`,
// the `name_` codes, `certificate_not_found`, `certificate_retired`, `max_uses_invalid`,
// `expiry_in_past`, `address_range_invalid`, `too_many_addresses`, those of the store.
provkey_status provkey_authority_update_key(const struct provkey_authority *authority,
                                            const char *id,
                                            const struct provkey_key_update *update,
                                            struct provkey_key_details **key,
                                            struct provkey_error **error);
#endif

#if defined(PROVKEY_AUTHORITY)
// Deletes a provisioning key permanently. Connectors that enrolled with it keep their
// certificates.
//
// Errors: `key_not_found`, `key_deleted`, those of the store.
provkey_status provkey_authority_delete_key(const struct provkey_authority *authority,
                                            const char *id,
                                            struct provkey_error **error);
#endif

#if defined(PROVKEY_AUTHORITY)
// Writes the text of a key, to hand to a connector. It is a secret, and each copy is recorded in
// the audit trail.
//
// Errors: `key_exhausted` until its `max_uses` is raised; `key_not_found`, `key_deleted`, those of
// the store.
provkey_status provkey_authority_copy_key(const struct provkey_authority *authority,
                                          const char *id,
                                          struct provkey_bytes **text,
                                          struct provkey_error **error);
#endif

#if defined(PROVKEY_AUTHORITY)
// Writes the text of a key as a file: its name, of letters, digits, `-`, `_` and `.` only, and its
// contents, which are a secret. Each download is recorded in the audit trail.
//
// Errors: as `provkey_authority_copy_key`.
provkey_status provkey_authority_download_key(const struct provkey_authority *authority,
                                              const char *id,
                                              struct provkey_bytes **file_name,
                                              struct provkey_bytes **contents,
                                              struct provkey_error **error);
#endif

#if defined(PROVKEY_AUTHORITY)
// Frees the details of a key. NULL is allowed; an item of a page is left alone.
void provkey_key_details_free(struct provkey_key_details *key);
#endif

#if defined(PROVKEY_AUTHORITY)
// Lists provisioning keys. A page examines a bounded number of keys: unless the filter is only a
// group or a certificate, it may be short and still have a `next`.
//
// Errors: `cursor_invalid`; `group_not_found` and `certificate_not_found` for a malformed id;
// those of the store.
provkey_status provkey_authority_list_keys(const struct provkey_authority *authority,
                                           const struct provkey_key_filter *filter,
                                           const struct provkey_page_request *page,
                                           struct provkey_key_page **keys,
                                           struct provkey_error **error);
#endif

#if defined(PROVKEY_AUTHORITY)
// Frees a page of keys. NULL is allowed.
void provkey_key_page_free(struct provkey_key_page *keys);
#endif

#if defined(PROVKEY_AUTHORITY)
// Reads the connector with this id.
//
// Errors: `connector_not_found`, those of the store.
provkey_status provkey_authority_connector(const struct provkey_authority *authority,
                                           const char *id,
                                           struct provkey_connector **connector,
                                           struct provkey_error **error);
#endif

#if defined(PROVKEY_AUTHORITY)
// Lists connectors: those of a key or a group in order of enrollment, those of a certificate by
// serial number, otherwise by id.
//
// Errors: `cursor_invalid`; `key_not_found`, `group_not_found` and `certificate_not_found` for a
// malformed id; those of the store.
provkey_status provkey_authority_list_connectors(const struct provkey_authority *authority,
                                                 const struct provkey_connector_filter *filter,
                                                 const struct provkey_page_request *page,
                                                 struct provkey_connector_page **connectors,
                                                 struct provkey_error **error);
#endif

#if defined(PROVKEY_AUTHORITY)
// Frees a connector. NULL is allowed; an item of a page is left alone.
void provkey_connector_free(struct provkey_connector *connector);
#endif

#if defined(PROVKEY_AUTHORITY)
// Frees a page of connectors. NULL is allowed.
void provkey_connector_page_free(struct provkey_connector_page *connectors);
#endif

#if defined(PROVKEY_AUTHORITY)
// Enrolls one connector.
//
// Errors: until the key is proven only `key_invalid`, `key_missing`, `credentials_disagree` and
// the `csr_` codes; then the precise reason; `store_busy` if others keep changing the key; those
// of the store. No error costs a use. If `outcome_unknown`, the connector asks again and gets the
// same certificate.
provkey_status provkey_authority_enroll(const struct provkey_authority *authority,
                                        const struct provkey_enroll_request *request,
                                        struct provkey_enrolled **enrolled,
                                        struct provkey_error **error);
#endif

#if defined(PROVKEY_AUTHORITY)
// Enrolls many connectors with one write, for applications with one thread. All requests have the
// `struct_size` of the first. For each request, in order, `enrolled` receives the answer or NULL,
// `statuses` the status, and `errors`, unless it is NULL, the error or NULL. The call itself fails
// only if an array or a `struct_size` is wrong, or with `out_of_memory` or `internal_error`: then
// only `error` is written, and the connectors ask again.
provkey_status provkey_authority_enroll_many(const struct provkey_authority *authority,
                                             const struct provkey_enroll_request *requests,
                                             size_t requests_len,
                                             struct provkey_enrolled **enrolled,
                                             provkey_status *statuses,
                                             struct provkey_error **errors,
                                             struct provkey_error **error);
#endif

#if defined(PROVKEY_AUTHORITY)
// Frees an answer. NULL is allowed.
void provkey_enrolled_free(struct provkey_enrolled *enrolled);
#endif

#if defined(PROVKEY_AUTHORITY)
// Renews the certificate of one connector, even if its provisioning key is deleted, disabled,
// exhausted or expired. A certificate is renewed once: asking again with the same public key
// returns the same answer.
//
// Errors: `renewal_missing`, `renewal_invalid`, `certificate_unknown`, and the `csr_` codes; then
// the precise reason; those of the store.
provkey_status provkey_authority_renew(const struct provkey_authority *authority,
                                       const struct provkey_renew_request *request,
                                       struct provkey_enrolled **renewed,
                                       struct provkey_error **error);
#endif

#if defined(PROVKEY_AUTHORITY)
// Revokes a connector permanently: its certificates are on the next CRL, and its public key never
// enrolls again. `reason`: a name of RFC 5280, 5.3.1, such as `keyCompromise`; NULL: unspecified.
//
// Errors: `connector_not_found`, `value_unknown` for an unknown reason, those of the store.
provkey_status provkey_authority_revoke_connector(const struct provkey_authority *authority,
                                                  const char *id,
                                                  const char *reason,
                                                  struct provkey_error **error);
#endif

#if defined(PROVKEY_AUTHORITY)
// Records that a key is compromised, which is final, then revokes its connectors with the reason
// `keyCompromise`. The key may have been deleted. If the call fails halfway, repeat it.
// `since_ms`: revoke only connectors that enrolled from this moment on; 0: all. `dry_run` other
// than 0: only count them and change nothing.
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
// Writes the CRL of an enrollment certificate: all revoked certificates that it signed and that
// have not expired.
//
// Errors: `certificate_not_found`, `crl_imported_ca` for a CA that was imported with its key,
// those of the signer and of the store.
provkey_status provkey_authority_crl(const struct provkey_authority *authority,
                                     const char *id,
                                     struct provkey_crl **crl,
                                     struct provkey_error **error);
#endif

#if defined(PROVKEY_AUTHORITY)
// Writes the CRL of the root. It is empty, because enrollment certificates cannot be revoked; some
// programs require a CRL of every CA in a chain.
//
// Errors: `seal_broken`, those of the store.
provkey_status provkey_authority_root_crl(const struct provkey_authority *authority,
                                          struct provkey_crl **crl,
                                          struct provkey_error **error);
#endif

#if defined(PROVKEY_AUTHORITY)
// Answers an OCSP request (RFC 6960) in DER. If it cannot be answered, the OCSP response says so.
provkey_status provkey_authority_ocsp(const struct provkey_authority *authority,
                                      const uint8_t *request,
                                      size_t request_len,
                                      struct provkey_bytes **response,
                                      struct provkey_error **error);
#endif

#if defined(PROVKEY_AUTHORITY)
// Frees a CRL. NULL is allowed.
void provkey_crl_free(struct provkey_crl *crl);
#endif

#if defined(PROVKEY_AUTHORITY)
// Lists the audit trail in order of time. A page examines a bounded number of records: it may be
// short or empty and still have a `next`.
//
// Errors: `cursor_invalid`; `key_not_found` and `connector_not_found` for a malformed id;
// `value_unknown` for an unknown action; those of the store.
provkey_status provkey_authority_list_audit(const struct provkey_authority *authority,
                                            const struct provkey_audit_filter *filter,
                                            const struct provkey_page_request *page,
                                            struct provkey_audit_page **records,
                                            struct provkey_error **error);
#endif

#if defined(PROVKEY_AUTHORITY)
// Stores the counts of refusals and replays that wait in memory, for up to ten seconds. Call it
// before you free the last authority, and whenever the audit trail must be complete.
//
// Errors: those of the store. Counts that could not be stored are lost.
provkey_status provkey_authority_flush(const struct provkey_authority *authority,
                                       struct provkey_error **error);
#endif

#if defined(PROVKEY_AUTHORITY)
// Frees a page of the audit trail. NULL is allowed.
void provkey_audit_page_free(struct provkey_audit_page *records);
#endif

#if defined(PROVKEY_AUTHORITY)
// Writes the checkpoint: a short text that names the latest change that this process knows to be
// durable. That is the latest change that it made; if it made none, the one that it verified with
// `provkey_authority_verify_checkpoint`; otherwise the latest one of the audit trail.
//
// To detect a rollback, such as a restored old copy, save the checkpoint outside of the store
// after changes, as often as you like. An older checkpoint detects less, but never raises a false
// alarm.
//
// Errors: those of the store.
provkey_status provkey_authority_checkpoint(const struct provkey_authority *authority,
                                            struct provkey_bytes **checkpoint,
                                            struct provkey_error **error);
#endif

#if defined(PROVKEY_AUTHORITY)
// Checks that the store has the change that `checkpoint` names, and so all earlier ones. Call it
// after `provkey_authority_open`, before any enrollment, and again at any time, for instance after
// a failover.
//
// It detects exactly that the store is older than that change. It does not detect the loss of
// later changes, and nothing at all once the audit record of the change may have been pruned.
//
// Errors: `store_rolled_back` if the store lacks the change: later uses and revocations are
// forgotten, so that keys may enroll beyond their limits. Restore the newer store, or accept the
// loss. `checkpoint_invalid`, those of the store.
provkey_status provkey_authority_verify_checkpoint(const struct provkey_authority *authority,
                                                   const char *checkpoint,
                                                   struct provkey_error **error);
#endif

#if defined(PROVKEY_AUTHORITY)
// Accepts that the store was rolled back and lacks the change that `lost` names: appends an audit
// record, and writes the `checkpoint` to save from now on. If the store has the change, nothing is
// recorded.
//
// Errors: `checkpoint_invalid`, those of the store.
provkey_status provkey_authority_accept_rollback(const struct provkey_authority *authority,
                                                 const char *lost,
                                                 struct provkey_bytes **checkpoint,
                                                 struct provkey_error **error);
#endif

#if defined(PROVKEY_AUTHORITY)
// Deletes audit records older than `audit_before_ms`, and enrollments of deleted keys whose
// certificate expired before `expired_before_ms`; 0: none of that kind. It deletes in many small
// units, so that other calls proceed.
//
// Errors: those of the store. What was deleted before the error stays deleted.
provkey_status provkey_authority_prune(const struct provkey_authority *authority,
                                       uint64_t audit_before_ms,
                                       uint64_t expired_before_ms,
                                       struct provkey_pruned *pruned,
                                       struct provkey_error **error);
#endif

#if defined(PROVKEY_AUTHORITY)
// Creates an admin token that expires at `expires_at_ms`, in Unix milliseconds; 0: never. Its text
// is a secret that this call alone returns: only a verifier is stored.
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
// Authenticates the text of an admin token, and reads the token.
//
// Errors: `admin_token_malformed`, found without a look-up; `admin_token_invalid`,
// `admin_token_revoked`, `admin_token_expired`, those of the store.
provkey_status provkey_authority_authenticate_token(const struct provkey_authority *authority,
                                                    const char *token_text,
                                                    struct provkey_admin_token **token,
                                                    struct provkey_error **error);
#endif

#if defined(PROVKEY_AUTHORITY)
// Records in the audit trail that the actor signed in: see `provkey_authority_acting_for`. For
// applications that people sign in to.
//
// Errors: those of the store.
provkey_status provkey_authority_record_sign_in(const struct provkey_authority *authority,
                                                struct provkey_error **error);
#endif

#if defined(PROVKEY_AUTHORITY)
// Records in the audit trail that the actor signed out.
//
// Errors: those of the store.
provkey_status provkey_authority_record_sign_out(const struct provkey_authority *authority,
                                                 struct provkey_error **error);
#endif

#if defined(PROVKEY_AUTHORITY)
// Finds an admin token by id, or by name unless it is revoked.
//
// Errors: `admin_token_not_found`, those of the store.
provkey_status provkey_authority_find_token(const struct provkey_authority *authority,
                                            const char *id_or_name,
                                            struct provkey_admin_token **token,
                                            struct provkey_error **error);
#endif

#if defined(PROVKEY_AUTHORITY)
// Lists admin tokens by id, including revoked and expired ones. `page`: NULL for the first page.
//
// Errors: `cursor_invalid`, those of the store.
provkey_status provkey_authority_list_tokens(const struct provkey_authority *authority,
                                             const struct provkey_page_request *page,
                                             struct provkey_admin_token_page **tokens,
                                             struct provkey_error **error);
#endif

#if defined(PROVKEY_AUTHORITY)
// Revokes an admin token permanently. Revoking it again changes nothing.
//
// Errors: `admin_token_not_found`, those of the store.
provkey_status provkey_authority_revoke_token(const struct provkey_authority *authority,
                                              const char *id,
                                              struct provkey_error **error);
#endif

#if defined(PROVKEY_AUTHORITY)
// Frees an admin token. NULL is allowed; an item of a page is left alone.
void provkey_admin_token_free(struct provkey_admin_token *token);
#endif

#if defined(PROVKEY_AUTHORITY)
// Frees a page of admin tokens. NULL is allowed.
void provkey_admin_token_page_free(struct provkey_admin_token_page *tokens);
#endif

#if defined(PROVKEY_AUTHORITY)
// Makes a store in memory, for tests. Its contents are lost when it is freed.
provkey_status provkey_store_memory(struct provkey_store **store, struct provkey_error **error);
#endif

#if (defined(PROVKEY_AUTHORITY) && defined(PROVKEY_AUTHORITY))
// Creates a store in a new SQLite file that only its owner may read and write. Any number of
// processes on one machine may then open it.
//
// Errors: `store_exists`, `store_missing` if its folder is missing, `store_read_only`,
// `store_full`, `store_unavailable`.
provkey_status provkey_store_sqlite_create(const char *path,
                                           struct provkey_store **store,
                                           struct provkey_error **error);
#endif

#if (defined(PROVKEY_AUTHORITY) && defined(PROVKEY_AUTHORITY))
// Opens a store in a SQLite file, and upgrades it if an older version of this library made it.
//
// Errors: `store_missing`, `store_not_recognized`, `store_too_new`, `store_read_only`,
// `store_corrupt`, `store_busy`, `store_unavailable`.
provkey_status provkey_store_sqlite_open(const char *path,
                                         struct provkey_store **store,
                                         struct provkey_error **error);
#endif

#if (defined(PROVKEY_AUTHORITY) && defined(PROVKEY_AUTHORITY))
// Creates a store in a schema of an existing PostgreSQL database, for several nodes. `url`:
// `postgres://USER:PASSWORD@HOST:PORT/DATABASE`; docs/scaling.md lists its parameters. No error
// contains the password.
//
// Errors: `store_exists`, `store_missing` if there is no such database, `store_read_only` on a
// replica, `store_not_recognized` if the URL is not understood, `store_busy`, `store_full`,
// `store_unavailable`.
provkey_status provkey_store_postgres_create(const char *url,
                                             struct provkey_store **store,
                                             struct provkey_error **error);
#endif

#if (defined(PROVKEY_AUTHORITY) && defined(PROVKEY_AUTHORITY))
// Opens a store in a PostgreSQL database, and upgrades it if an older version of this library made
// it.
//
// Errors: `store_missing`, `store_not_recognized`, `store_too_new`, `store_read_only`,
// `store_busy`, `store_unavailable`.
provkey_status provkey_store_postgres_open(const char *url,
                                           struct provkey_store **store,
                                           struct provkey_error **error);
#endif

#if (defined(PROVKEY_AUTHORITY) && defined(PROVKEY_AUTHORITY))
// Copies a store in a SQLite file to a new file, consistently, while the store is in use. The copy
// is a store, and durable when this returns. It does not contain the master keys.
//
// Errors: as `provkey_store_sqlite_open` for `path`; `store_exists` if there is a file at `copy`;
// `store_full`, `store_read_only`, `store_unavailable`. On an error no file is left behind.
provkey_status provkey_store_sqlite_backup(const char *path,
                                           const char *copy,
                                           struct provkey_error **error);
#endif

#if defined(PROVKEY_AUTHORITY)
// Copies all records of a store into an empty one and compares them, for example from SQLite to
// PostgreSQL. Nothing may change the first store during the copy. `records` receives the number of
// records.
//
// Errors: `authority_missing` if there is nothing to copy, `store_exists` if the second store is
// not empty, `store_busy` if the first one changed, those of the stores.
provkey_status provkey_store_copy(const struct provkey_store *from,
                                  const struct provkey_store *to,
                                  uint64_t *records,
                                  struct provkey_error **error);
#endif

#if defined(PROVKEY_AUTHORITY)
// Moves an authority to an empty store: closes the first store to changes, then copies it as
// `provkey_store_copy` does. From then on changes to the first store fail with `store_moved`, in
// all processes. If the copy fails, the first store is reopened for changes.
//
// Errors: those of `provkey_store_copy`; `store_not_recognized` if the first store cannot be
// closed to changes: a store made from callbacks cannot.
provkey_status provkey_store_move(const struct provkey_store *from,
                                  const struct provkey_store *to,
                                  uint64_t *records,
                                  struct provkey_error **error);
#endif

#if defined(PROVKEY_AUTHORITY)
// Frees a store. Authorities that use it keep it alive. NULL is allowed.
void provkey_store_free(struct provkey_store *store);
#endif

#if defined(PROVKEY_AUTHORITY)
// Makes a store from callbacks. Freed with `provkey_store_free`.
provkey_status provkey_store_new(const struct provkey_store_callbacks *callbacks,
                                 struct provkey_store **store,
                                 struct provkey_error **error);
#endif

#if defined(PROVKEY_AUTHORITY)
// Runs the checks that every store must pass. A failed check does not stop the others.
//
// The store need not be empty: each check uses keys that contain `run`, a name of at most 100
// bytes, and removes them if it passes. Runs with different names may share a store. `report`,
// unless it is NULL, is called for each check with its name and, if it failed, with what was seen;
// otherwise with NULL. `failed` receives the number of failed checks.
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
// Runs one SELECT over the views `provisioning_keys`, `enrollments`, `connector_groups`,
// `enrollment_certificates` and `audit`, on a separate connection. Use it instead of opening the
// store's file yourself. In PostgreSQL it needs a role for queries: see docs/scaling.md.
//
// Errors: `query_refused` for any other statement, or if the store has no views; `query_failed`,
// `query_timed_out`, those of the store.
provkey_status provkey_store_query(const struct provkey_store *store,
                                   const char *sql,
                                   const struct provkey_query_limits *limits,
                                   struct provkey_query_result **result,
                                   struct provkey_error **error);
#endif

#if defined(PROVKEY_AUTHORITY)
// Frees the result of a query. NULL is allowed.
void provkey_query_result_free(struct provkey_query_result *result);
#endif

#if defined(PROVKEY_AUTHORITY)
// Pushes the next record, which is copied. For `get`, NULL means that there is no such record.
provkey_status provkey_record_sink_push(struct provkey_record_sink *sink,
                                        const struct provkey_record *record);
#endif

#if defined(PROVKEY_AUTHORITY)
// Sets the message of the error that the callback is about to return. It must not contain a
// record's body or a secret.
provkey_status provkey_record_sink_explain(struct provkey_record_sink *sink, const char *message);
#endif

#if defined(PROVKEY_AUTHORITY)
// Answers for the next unit: it was applied. `counters`: the counters that its `COUNT` and
// `SET_LIMIT` operations changed, in their order, after the unit.
provkey_status provkey_outcome_sink_applied(struct provkey_outcome_sink *sink,
                                            const struct provkey_counter *counters,
                                            size_t counters_len);
#endif

#if defined(PROVKEY_AUTHORITY)
// Answers for the next unit: it was refused, and nothing of it was applied. `operation`: the index
// of the first operation whose check failed. `record`: the record that it conflicts with; NULL if
// there is none.
provkey_status provkey_outcome_sink_refused(struct provkey_outcome_sink *sink,
                                            size_t operation,
                                            provkey_reason reason,
                                            const struct provkey_record *record);
#endif

#if defined(PROVKEY_AUTHORITY)
// States that nothing of the batch was applied, before the callback returns an error. Without it
// the outcome of the batch is unknown: the authority applies the same units again, and a unit that
// was applied before is refused by its own audit record.
provkey_status provkey_outcome_sink_nothing_applied(struct provkey_outcome_sink *sink);
#endif

#if defined(PROVKEY_AUTHORITY)
// Sets the message of the error that the callback is about to return. It must not contain a
// record's body or a secret.
provkey_status provkey_outcome_sink_explain(struct provkey_outcome_sink *sink, const char *message);
#endif

#if defined(PROVKEY_AUTHORITY)
// Decides one operation on its record before the unit, NULL for none. All stores use it, so that
// all decide alike. `reason`: `PROVKEY_REASON_NONE` if the check passes; then, for `SET_LIMIT` and
// `COUNT`, `counter` receives the new value. Otherwise `counter` is not written.
provkey_status provkey_operation_decide(const struct provkey_operation *operation,
                                        const struct provkey_record *record,
                                        struct provkey_counter *counter,
                                        provkey_reason *reason,
                                        struct provkey_error **error);
#endif

#if defined(PROVKEY_AUTHORITY)
// Checks the form of a unit, without any record. Every store does this first. `reason`:
// `PROVKEY_REASON_NONE`, or `PROVKEY_REASON_MALFORMED`, and then `operation` receives the index of
// the malformed operation.
provkey_status provkey_unit_check(const struct provkey_unit *unit,
                                  size_t *operation,
                                  provkey_reason *reason,
                                  struct provkey_error **error);
#endif

#ifdef __cplusplus
}  // extern "C"
#endif  // __cplusplus

#endif  /* PROVKEY_H */
