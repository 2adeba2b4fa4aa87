//! The status of a call: one number for each error code.

use core::ffi::c_char;

/// The result of a call: `PROVKEY_STATUS_OK` or the number of an error code. A number never changes
/// its meaning; new numbers are added between existing ones.
pub type provkey_status = i32;

/// Success. Code `ok`.
pub const PROVKEY_STATUS_OK: provkey_status = 0;

/// A required argument is NULL, a buffer is NULL with a length, or a pointer is not aligned. Code
/// `null_argument`.
pub const PROVKEY_STATUS_NULL_ARGUMENT: provkey_status = 1;

/// A text is not UTF-8. Code `text_not_utf8`.
pub const PROVKEY_STATUS_TEXT_NOT_UTF8: provkey_status = 2;

/// A text has no NUL byte within its first 4097 bytes. Code `text_too_long`.
pub const PROVKEY_STATUS_TEXT_TOO_LONG: provkey_status = 3;

/// The `struct_size` of a struct is wrong, or fields are set in it that only a newer library knows.
/// Code `struct_size_invalid`.
pub const PROVKEY_STATUS_STRUCT_SIZE_INVALID: provkey_status = 4;

/// A number is none of the constants of its type. Code `value_unknown`.
pub const PROVKEY_STATUS_VALUE_UNKNOWN: provkey_status = 5;

/// A pointer is to another type of object than it should be, or to one that was freed. Code
/// `handle_wrong_kind`.
pub const PROVKEY_STATUS_HANDLE_WRONG_KIND: provkey_status = 6;

/// Another call is using the object: on another thread, or further up the stack of this one. Code
/// `handle_in_use`.
pub const PROVKEY_STATUS_HANDLE_IN_USE: provkey_status = 7;

/// A text is not an IP address. Code `address_invalid`.
pub const PROVKEY_STATUS_ADDRESS_INVALID: provkey_status = 8;

/// A required callback is NULL. Code `callback_missing`.
pub const PROVKEY_STATUS_CALLBACK_MISSING: provkey_status = 9;

/// A buffer or an array is longer than allowed. Code `argument_too_large`.
pub const PROVKEY_STATUS_ARGUMENT_TOO_LARGE: provkey_status = 11;

/// This key text is correct, or cannot be repaired. Code `no_repair`.
pub const PROVKEY_STATUS_NO_REPAIR: provkey_status = 10;

/// The handle was inherited in a fork. A forked child opens its own; it may free inherited handles,
/// which only frees memory. Code `used_after_fork`.
pub const PROVKEY_STATUS_USED_AFTER_FORK: provkey_status = 12;

/// Memory ran out. The outcome of the call is unknown. Code `out_of_memory`.
pub const PROVKEY_STATUS_OUT_OF_MEMORY: provkey_status = 90;

/// A bug in this library: it panicked. The outcome of the call is unknown. Its objects may be used
/// again. Code `internal_error`.
pub const PROVKEY_STATUS_INTERNAL_ERROR: provkey_status = 91;

/// The key may not be used from this address, or the key has allowed addresses and the application
/// passed none. Code `address_not_allowed`.
pub const PROVKEY_STATUS_ADDRESS_NOT_ALLOWED: provkey_status = 100;

/// The connector's certificate has expired: it is neither returned again nor renewed over mutual
/// TLS. Code `certificate_expired`.
pub const PROVKEY_STATUS_CERTIFICATE_EXPIRED: provkey_status = 101;

/// The enrollment certificate is retired and signs no further certificates. Code
/// `certificate_retired`.
pub const PROVKEY_STATUS_CERTIFICATE_RETIRED: provkey_status = 102;

/// The connector was revoked. Its public key never enrolls again. Code `connector_revoked`.
pub const PROVKEY_STATUS_CONNECTOR_REVOKED: provkey_status = 103;

/// The CSR proves one key and the text of another was sent beside it; or the CSR proves one
/// certificate and TLS another. Code `credentials_disagree`.
pub const PROVKEY_STATUS_CREDENTIALS_DISAGREE: provkey_status = 104;

/// The connector enrolled with another fingerprint, or the request has two different ones. Code
/// `fingerprint_mismatch`.
pub const PROVKEY_STATUS_FINGERPRINT_MISMATCH: provkey_status = 105;

/// The provisioning key was deleted. Code `key_deleted`.
pub const PROVKEY_STATUS_KEY_DELETED: provkey_status = 106;

/// The provisioning key is disabled. Code `key_disabled`.
pub const PROVKEY_STATUS_KEY_DISABLED: provkey_status = 107;

/// All uses of the key are spent. Code `key_exhausted`.
pub const PROVKEY_STATUS_KEY_EXHAUSTED: provkey_status = 108;

/// The key has expired. Connectors that enrolled with it still receive their certificates again.
/// Code `key_expired`.
pub const PROVKEY_STATUS_KEY_EXPIRED: provkey_status = 109;

/// The key is unknown, its secret or proof is wrong, or it is for another host. The error does not
/// say which. Code `key_invalid`.
pub const PROVKEY_STATUS_KEY_INVALID: provkey_status = 110;

/// The request has neither a proof inside the CSR nor a key text beside it. Code `key_missing`.
pub const PROVKEY_STATUS_KEY_MISSING: provkey_status = 111;

/// The key must be proven inside the CSR, and only its text was sent. Code `proof_required`.
pub const PROVKEY_STATUS_PROOF_REQUIRED: provkey_status = 112;

/// This public key enrolled with another provisioning key, or a connector renewed with it. Code
/// `public_key_in_use`.
pub const PROVKEY_STATUS_PUBLIC_KEY_IN_USE: provkey_status = 113;

/// The public key is the one of the authority's root or of the enrollment certificate. Code
/// `public_key_of_authority`.
pub const PROVKEY_STATUS_PUBLIC_KEY_OF_AUTHORITY: provkey_status = 114;

/// The CSR is for a renewal and was sent to enroll, or the reverse. Code `request_wrong_purpose`.
pub const PROVKEY_STATUS_REQUEST_WRONG_PURPOSE: provkey_status = 115;

/// The key is compromised. This is final: create another key. Code `key_compromised`.
pub const PROVKEY_STATUS_KEY_COMPROMISED: provkey_status = 116;

/// The certificate was already renewed for another key pair, or was renewed more than once since.
/// Code `certificate_renewed`.
pub const PROVKEY_STATUS_CERTIFICATE_RENEWED: provkey_status = 200;

/// This authority did not issue the certificate, or forgot it after it expired. Code
/// `certificate_unknown`.
pub const PROVKEY_STATUS_CERTIFICATE_UNKNOWN: provkey_status = 201;

/// The proof of renewal is malformed, is for an unknown host, or was not signed with the
/// certificate's key. Code `renewal_invalid`.
pub const PROVKEY_STATUS_RENEWAL_INVALID: provkey_status = 202;

/// The CSR has no proof of renewal, and the application vouches for no certificate. Code
/// `renewal_missing`.
pub const PROVKEY_STATUS_RENEWAL_MISSING: provkey_status = 203;

/// The connector has renewed so often that it has too many valid certificates. Code
/// `renewal_too_early`.
pub const PROVKEY_STATUS_RENEWAL_TOO_EARLY: provkey_status = 204;

/// The certificate expired longer ago than its renewal grace. Code `renewal_too_late`.
pub const PROVKEY_STATUS_RENEWAL_TOO_LATE: provkey_status = 205;

/// The signature algorithm does not fit the public key in the CSR. Code `csr_algorithm_mismatch`.
pub const PROVKEY_STATUS_CSR_ALGORITHM_MISMATCH: provkey_status = 300;

/// An attribute occurs twice, or a single-valued attribute does not have exactly one value. Code
/// `csr_attribute_not_single`.
pub const PROVKEY_STATUS_CSR_ATTRIBUTE_NOT_SINGLE: provkey_status = 301;

/// The public key is not encoded as required (a named curve, an uncompressed point). Code
/// `csr_bad_key`.
pub const PROVKEY_STATUS_CSR_BAD_KEY: provkey_status = 302;

/// The signature of the CSR does not verify with its own public key. Code `csr_bad_signature`.
pub const PROVKEY_STATUS_CSR_BAD_SIGNATURE: provkey_status = 303;

/// An extension is requested twice. Code `csr_duplicate_extension`.
pub const PROVKEY_STATUS_CSR_DUPLICATE_EXTENSION: provkey_status = 304;

/// The public key is not a point of its curve. Code `csr_key_off_curve`.
pub const PROVKEY_STATUS_CSR_KEY_OFF_CURVE: provkey_status = 305;

/// The CSR is neither PEM nor strict DER of PKCS #10. Code `csr_malformed`.
pub const PROVKEY_STATUS_CSR_MALFORMED: provkey_status = 306;

/// The CSR is nested more than 16 levels deep. Code `csr_nested_too_deeply`.
pub const PROVKEY_STATUS_CSR_NESTED_TOO_DEEPLY: provkey_status = 307;

/// The CSR requests a CA certificate. Code `csr_requests_ca`.
pub const PROVKEY_STATUS_CSR_REQUESTS_CA: provkey_status = 308;

/// The CSR requests an extended key usage other than clientAuth. Code
/// `csr_requests_extended_key_usage`.
pub const PROVKEY_STATUS_CSR_REQUESTS_EXTENDED_KEY_USAGE: provkey_status = 309;

/// The CSR requests an extension that is not granted. Code `csr_requests_extension`.
pub const PROVKEY_STATUS_CSR_REQUESTS_EXTENSION: provkey_status = 310;

/// The CSR requests a key usage other than digitalSignature. Code `csr_requests_key_usage`.
pub const PROVKEY_STATUS_CSR_REQUESTS_KEY_USAGE: provkey_status = 311;

/// The CSR requests alternative names; at a renewal, others than those of the certificate. Code
/// `csr_requests_names`.
pub const PROVKEY_STATUS_CSR_REQUESTS_NAMES: provkey_status = 312;

/// A text in the subject is longer than RFC 5280, A.1, allows. Code `csr_subject_length`.
pub const PROVKEY_STATUS_CSR_SUBJECT_LENGTH: provkey_status = 313;

/// A text in the subject has control characters, or bytes that its type does not allow. Code
/// `csr_subject_text`.
pub const PROVKEY_STATUS_CSR_SUBJECT_TEXT: provkey_status = 314;

/// The CSR is longer than 16 KiB. Code `csr_too_large`.
pub const PROVKEY_STATUS_CSR_TOO_LARGE: provkey_status = 315;

/// Data follows the CSR, or there are two. Code `csr_trailing_data`.
pub const PROVKEY_STATUS_CSR_TRAILING_DATA: provkey_status = 316;

/// The CSR is signed with an unsupported algorithm. Code `csr_unsupported_algorithm`.
pub const PROVKEY_STATUS_CSR_UNSUPPORTED_ALGORITHM: provkey_status = 317;

/// The public key has an unsupported algorithm or size. Code `csr_unsupported_key`.
pub const PROVKEY_STATUS_CSR_UNSUPPORTED_KEY: provkey_status = 318;

/// The CSR has an unknown version of PKCS #10. Code `csr_unsupported_version`.
pub const PROVKEY_STATUS_CSR_UNSUPPORTED_VERSION: provkey_status = 319;

/// The CSR is signed with MD5 or SHA-1. Code `csr_weak_algorithm`.
pub const PROVKEY_STATUS_CSR_WEAK_ALGORITHM: provkey_status = 320;

/// The text has characters that no key has. Code `key_bad_character`.
pub const PROVKEY_STATUS_KEY_BAD_CHARACTER: provkey_status = 400;

/// The text is damaged beyond repair. Code `key_damaged`.
pub const PROVKEY_STATUS_KEY_DAMAGED: provkey_status = 401;

/// The text is empty. Code `key_empty`.
pub const PROVKEY_STATUS_KEY_EMPTY: provkey_status = 402;

/// The text has too many characters. Code `key_extra`.
pub const PROVKEY_STATUS_KEY_EXTRA: provkey_status = 403;

/// Only the host in the text is wrong. Code `key_host_miscopied`.
pub const PROVKEY_STATUS_KEY_HOST_MISCOPIED: provkey_status = 404;

/// An id is not 12 characters of the key alphabet. Code `key_id_malformed`.
pub const PROVKEY_STATUS_KEY_ID_MALFORMED: provkey_status = 405;

/// Up to four characters are wrong, at known positions. Code `key_miscopied`.
pub const PROVKEY_STATUS_KEY_MISCOPIED: provkey_status = 406;

/// The text has too few characters. Code `key_truncated`.
pub const PROVKEY_STATUS_KEY_TRUNCATED: provkey_status = 407;

/// The text is a provisioning key of another version. Code `key_unsupported_version`.
pub const PROVKEY_STATUS_KEY_UNSUPPORTED_VERSION: provkey_status = 408;

/// The text does not begin with `pvk1_`. Code `key_wrong_prefix`.
pub const PROVKEY_STATUS_KEY_WRONG_PREFIX: provkey_status = 409;

/// No certificate of the answer has this identity's public key. Code `answer_for_another_key`.
pub const PROVKEY_STATUS_ANSWER_FOR_ANOTHER_KEY: provkey_status = 500;

/// The identity has made no request. Code `answer_without_request`.
pub const PROVKEY_STATUS_ANSWER_WITHOUT_REQUEST: provkey_status = 501;

/// The clock is past the end of a certificate that was just issued. Code `clock_ahead`.
pub const PROVKEY_STATUS_CLOCK_AHEAD: provkey_status = 502;

/// The machine's material is empty, and would be the same on every machine. Code
/// `fingerprint_empty`.
pub const PROVKEY_STATUS_FINGERPRINT_EMPTY: provkey_status = 503;

/// The identity file is damaged. Code `identity_damaged`.
pub const PROVKEY_STATUS_IDENTITY_DAMAGED: provkey_status = 504;

/// The file is not an identity. Code `identity_not_recognized`.
pub const PROVKEY_STATUS_IDENTITY_NOT_RECOGNIZED: provkey_status = 505;

/// Material was passed, and the file is not sealed. Code `identity_not_sealed`.
pub const PROVKEY_STATUS_IDENTITY_NOT_SEALED: provkey_status = 506;

/// The file was sealed on another machine, or the machine's material has changed. Code
/// `identity_other_machine`.
pub const PROVKEY_STATUS_IDENTITY_OTHER_MACHINE: provkey_status = 507;

/// The file is sealed, and no material was passed. Code `identity_sealed`.
pub const PROVKEY_STATUS_IDENTITY_SEALED: provkey_status = 508;

/// The file is longer than 1 MiB. Code `identity_too_large`.
pub const PROVKEY_STATUS_IDENTITY_TOO_LARGE: provkey_status = 509;

/// A newer version wrote the file. Code `identity_too_new`.
pub const PROVKEY_STATUS_IDENTITY_TOO_NEW: provkey_status = 510;

/// The identity has no certificate to renew. Code `renewal_without_certificate`.
pub const PROVKEY_STATUS_RENEWAL_WITHOUT_CERTIFICATE: provkey_status = 511;

/// The server's certificate is for another host. Code `server_wrong_host`.
pub const PROVKEY_STATUS_SERVER_WRONG_HOST: provkey_status = 512;

/// A signature in the chain is wrong. Code `chain_bad_signature`.
pub const PROVKEY_STATUS_CHAIN_BAD_SIGNATURE: provkey_status = 600;

/// A certificate of the chain has expired. Code `chain_expired`.
pub const PROVKEY_STATUS_CHAIN_EXPIRED: provkey_status = 601;

/// A certificate between the leaf and the root is missing. Code `chain_incomplete`.
pub const PROVKEY_STATUS_CHAIN_INCOMPLETE: provkey_status = 602;

/// No certificate has the expected public key. Code `chain_no_leaf`.
pub const PROVKEY_STATUS_CHAIN_NO_LEAF: provkey_status = 603;

/// A certificate was signed by one that is not a CA's. Code `chain_not_an_authority`.
pub const PROVKEY_STATUS_CHAIN_NOT_AN_AUTHORITY: provkey_status = 604;

/// A certificate of the chain is not valid yet. Code `chain_not_yet_valid`.
pub const PROVKEY_STATUS_CHAIN_NOT_YET_VALID: provkey_status = 605;

/// A CA of the chain allows fewer CAs below it. Code `chain_path_too_long`.
pub const PROVKEY_STATUS_CHAIN_PATH_TOO_LONG: provkey_status = 606;

/// There are more than 8 certificates. Code `chain_too_many_certificates`.
pub const PROVKEY_STATUS_CHAIN_TOO_MANY_CERTIFICATES: provkey_status = 607;

/// The chain has a weak or unsupported key or signature algorithm. Code
/// `chain_unacceptable_algorithm`.
pub const PROVKEY_STATUS_CHAIN_UNACCEPTABLE_ALGORITHM: provkey_status = 608;

/// A critical extension is unknown. Code `chain_unknown_critical_extension`.
pub const PROVKEY_STATUS_CHAIN_UNKNOWN_CRITICAL_EXTENSION: provkey_status = 609;

/// The root that the key text pins is missing. Code `chain_untrusted_root`.
pub const PROVKEY_STATUS_CHAIN_UNTRUSTED_ROOT: provkey_status = 610;

/// A certificate is for another use. Code `chain_wrong_usage`.
pub const PROVKEY_STATUS_CHAIN_WRONG_USAGE: provkey_status = 611;

/// The certificate names two different signature algorithms. Code `certificate_algorithm_mismatch`.
pub const PROVKEY_STATUS_CERTIFICATE_ALGORITHM_MISMATCH: provkey_status = 700;

/// The certificate has an extension twice. Code `certificate_duplicate_extension`.
pub const PROVKEY_STATUS_CERTIFICATE_DUPLICATE_EXTENSION: provkey_status = 701;

/// The certificate is not strict DER. Code `certificate_malformed`.
pub const PROVKEY_STATUS_CERTIFICATE_MALFORMED: provkey_status = 702;

/// The input has no certificate, in PEM or DER; or the identity has none yet. Code
/// `certificate_missing`.
pub const PROVKEY_STATUS_CERTIFICATE_MISSING: provkey_status = 703;

/// The certificate is longer than 64 KiB. Code `certificate_too_large`.
pub const PROVKEY_STATUS_CERTIFICATE_TOO_LARGE: provkey_status = 704;

/// The input has more than 8 certificates. Code `certificate_too_many`.
pub const PROVKEY_STATUS_CERTIFICATE_TOO_MANY: provkey_status = 705;

/// Data follows the certificate. Code `certificate_trailing_data`.
pub const PROVKEY_STATUS_CERTIFICATE_TRAILING_DATA: provkey_status = 706;

/// The certificate is not of X.509 version 3. Code `certificate_unsupported_version`.
pub const PROVKEY_STATUS_CERTIFICATE_UNSUPPORTED_VERSION: provkey_status = 707;

/// The public key is not encoded as its algorithm requires. Code `public_key_malformed`.
pub const PROVKEY_STATUS_PUBLIC_KEY_MALFORMED: provkey_status = 708;

/// The public key has an unsupported algorithm or size. Code `public_key_unsupported`.
pub const PROVKEY_STATUS_PUBLIC_KEY_UNSUPPORTED: provkey_status = 709;

/// The factors of the RSA key are so close together that Fermat's method finds them. Code
/// `weak_key_close_factors`.
pub const PROVKEY_STATUS_WEAK_KEY_CLOSE_FACTORS: provkey_status = 710;

/// The RSA exponent is even. Code `weak_key_even_exponent`.
pub const PROVKEY_STATUS_WEAK_KEY_EVEN_EXPONENT: provkey_status = 711;

/// The RSA key was made by the generator of CVE-2017-15361. Code `weak_key_roca`.
pub const PROVKEY_STATUS_WEAK_KEY_ROCA: provkey_status = 712;

/// The RSA key has less than 2048 bits. Code `weak_key_short`.
pub const PROVKEY_STATUS_WEAK_KEY_SHORT: provkey_status = 713;

/// The RSA exponent is less than 65537. Code `weak_key_small_exponent`.
pub const PROVKEY_STATUS_WEAK_KEY_SMALL_EXPONENT: provkey_status = 714;

/// The RSA key has a factor below 752. Code `weak_key_small_factor`.
pub const PROVKEY_STATUS_WEAK_KEY_SMALL_FACTOR: provkey_status = 715;

/// The Ed25519 key has a small order, such as 32 zeros: anybody can sign for it. Code
/// `weak_key_small_order`.
pub const PROVKEY_STATUS_WEAK_KEY_SMALL_ORDER: provkey_status = 716;

/// An enrollment certificate with this subject and key exists. Code `certificate_imported_already`.
pub const PROVKEY_STATUS_CERTIFICATE_IMPORTED_ALREADY: provkey_status = 800;

/// There is no such pending request for a certificate. Code `certificate_request_not_found`.
pub const PROVKEY_STATUS_CERTIFICATE_REQUEST_NOT_FOUND: provkey_status = 801;

/// Another enrollment certificate, or the root, has the same subject with another key. Code
/// `certificate_subject_in_use`.
pub const PROVKEY_STATUS_CERTIFICATE_SUBJECT_IN_USE: provkey_status = 802;

/// The external CA has not answered the request for this certificate yet. Code
/// `certificate_unanswered`.
pub const PROVKEY_STATUS_CERTIFICATE_UNANSWERED: provkey_status = 803;

/// A signature on one of the certificates is wrong. Code `external_bad_signature`.
pub const PROVKEY_STATUS_EXTERNAL_BAD_SIGNATURE: provkey_status = 804;

/// One of the certificates has expired. Code `external_expired`.
pub const PROVKEY_STATUS_EXTERNAL_EXPIRED: provkey_status = 805;

/// The CA certificate's keyUsage lacks keyCertSign or cRLSign. Code `external_key_usage`.
pub const PROVKEY_STATUS_EXTERNAL_KEY_USAGE: provkey_status = 806;

/// The CA certificate has name constraints, which may exclude connectors' URIs. Code
/// `external_name_constraints`.
pub const PROVKEY_STATUS_EXTERNAL_NAME_CONSTRAINTS: provkey_status = 807;

/// The CA certificate has no subject key identifier. Code `external_no_key_id`.
pub const PROVKEY_STATUS_EXTERNAL_NO_KEY_ID: provkey_status = 808;

/// The CA certificate has an empty subject. Code `external_no_subject`.
pub const PROVKEY_STATUS_EXTERNAL_NO_SUBJECT: provkey_status = 809;

/// One of the certificates is not a CA's. Code `external_not_an_authority`.
pub const PROVKEY_STATUS_EXTERNAL_NOT_AN_AUTHORITY: provkey_status = 810;

/// One of the certificates is not valid yet. Code `external_not_yet_valid`.
pub const PROVKEY_STATUS_EXTERNAL_NOT_YET_VALID: provkey_status = 811;

/// An issuer allows fewer CAs below it. Code `external_path_too_long`.
pub const PROVKEY_STATUS_EXTERNAL_PATH_TOO_LONG: provkey_status = 812;

/// There are more than 8 certificates, or more than 24 KiB of them. Code `external_too_large`.
pub const PROVKEY_STATUS_EXTERNAL_TOO_LARGE: provkey_status = 813;

/// A critical extension is unknown. Code `external_unknown_critical_extension`.
pub const PROVKEY_STATUS_EXTERNAL_UNKNOWN_CRITICAL_EXTENSION: provkey_status = 814;

/// One of the certificates is not an issuer of the others. Code `external_unrelated`.
pub const PROVKEY_STATUS_EXTERNAL_UNRELATED: provkey_status = 815;

/// A signature has an unsupported algorithm. Code `external_unsupported_signature`.
pub const PROVKEY_STATUS_EXTERNAL_UNSUPPORTED_SIGNATURE: provkey_status = 816;

/// One of the certificates is signed with MD5 or SHA-1. Code `external_weak_signature`.
pub const PROVKEY_STATUS_EXTERNAL_WEAK_SIGNATURE: provkey_status = 817;

/// None of the certificates has the requested key, or there are none. Code `external_wrong_key`.
pub const PROVKEY_STATUS_EXTERNAL_WRONG_KEY: provkey_status = 818;

/// The CA certificate's extKeyUsage lacks clientAuth. Code `external_wrong_purpose`.
pub const PROVKEY_STATUS_EXTERNAL_WRONG_PURPOSE: provkey_status = 819;

/// The CA was imported with its key: its owner publishes its CRL. Code `crl_imported_ca`.
pub const PROVKEY_STATUS_CRL_IMPORTED_CA: provkey_status = 820;

/// The private key is not PKCS #8, SEC 1 or PKCS #1. Code `private_key_malformed`.
pub const PROVKEY_STATUS_PRIVATE_KEY_MALFORMED: provkey_status = 821;

/// The private key does not belong to the certificate. Code `private_key_mismatch`.
pub const PROVKEY_STATUS_PRIVATE_KEY_MISMATCH: provkey_status = 822;

/// The input has no private key, in PEM or DER; or the identity's private key is elsewhere. Code
/// `private_key_missing`.
pub const PROVKEY_STATUS_PRIVATE_KEY_MISSING: provkey_status = 823;

/// The private key is encrypted, and no passphrase was passed. Code
/// `private_key_passphrase_missing`.
pub const PROVKEY_STATUS_PRIVATE_KEY_PASSPHRASE_MISSING: provkey_status = 824;

/// The passphrase does not decrypt the private key. Code `private_key_passphrase_wrong`.
pub const PROVKEY_STATUS_PRIVATE_KEY_PASSPHRASE_WRONG: provkey_status = 825;

/// The private key file is longer than 16 KiB. Code `private_key_too_large`.
pub const PROVKEY_STATUS_PRIVATE_KEY_TOO_LARGE: provkey_status = 826;

/// The input has more than one private key. Code `private_key_too_many`.
pub const PROVKEY_STATUS_PRIVATE_KEY_TOO_MANY: provkey_status = 827;

/// Decryption would take more than 10,000,000 iterations. Code `private_key_too_many_iterations`.
pub const PROVKEY_STATUS_PRIVATE_KEY_TOO_MANY_ITERATIONS: provkey_status = 828;

/// The private key is not encrypted with PBES2: PBKDF2, HMAC with SHA-2 and AES-CBC. Code
/// `private_key_unsupported_encryption`.
pub const PROVKEY_STATUS_PRIVATE_KEY_UNSUPPORTED_ENCRYPTION: provkey_status = 829;

/// An allowed address is not a CIDR range, or has bits set beyond its prefix. Code
/// `address_range_invalid`.
pub const PROVKEY_STATUS_ADDRESS_RANGE_INVALID: provkey_status = 900;

/// The algorithm is not supported for keys of the authority. Code `algorithm_unsupported`.
pub const PROVKEY_STATUS_ALGORITHM_UNSUPPORTED: provkey_status = 901;

/// The store already holds an authority. Code `authority_exists`.
pub const PROVKEY_STATUS_AUTHORITY_EXISTS: provkey_status = 902;

/// The store holds no authority yet. Code `authority_missing`.
pub const PROVKEY_STATUS_AUTHORITY_MISSING: provkey_status = 903;

/// Keys use the enrollment certificate, or it signed certificates that are remembered. Code
/// `certificate_in_use`.
pub const PROVKEY_STATUS_CERTIFICATE_IN_USE: provkey_status = 904;

/// There is no such enrollment certificate. Code `certificate_not_found`.
pub const PROVKEY_STATUS_CERTIFICATE_NOT_FOUND: provkey_status = 905;

/// There is no such connector. Code `connector_not_found`.
pub const PROVKEY_STATUS_CONNECTOR_NOT_FOUND: provkey_status = 906;

/// The cursor does not belong to this listing. Code `cursor_invalid`.
pub const PROVKEY_STATUS_CURSOR_INVALID: provkey_status = 907;

/// The key was edited since the version that the edit is based on. Code `edit_conflict`.
pub const PROVKEY_STATUS_EDIT_CONFLICT: provkey_status = 908;

/// The expiry is in the past. Code `expiry_in_past`.
pub const PROVKEY_STATUS_EXPIRY_IN_PAST: provkey_status = 909;

/// The group has keys or connectors. Code `group_in_use`.
pub const PROVKEY_STATUS_GROUP_IN_USE: provkey_status = 910;

/// There is no such group. Code `group_not_found`.
pub const PROVKEY_STATUS_GROUP_NOT_FOUND: provkey_status = 911;

/// The host is an invalid IP address, or one that is not in its shortest form. Code
/// `host_bad_address`.
pub const PROVKEY_STATUS_HOST_BAD_ADDRESS: provkey_status = 912;

/// The host has upper-case letters, or characters that no DNS name has. Code `host_bad_name`.
pub const PROVKEY_STATUS_HOST_BAD_NAME: provkey_status = 913;

/// The port is not 1 to 65535, has a leading zero, or is 443. Code `host_bad_port`.
pub const PROVKEY_STATUS_HOST_BAD_PORT: provkey_status = 914;

/// The host is empty. Code `host_empty`.
pub const PROVKEY_STATUS_HOST_EMPTY: provkey_status = 915;

/// The host is longer than 253 characters. Code `host_too_long`.
pub const PROVKEY_STATUS_HOST_TOO_LONG: provkey_status = 916;

/// The authority does not have this host. Code `host_unknown`.
pub const PROVKEY_STATUS_HOST_UNKNOWN: provkey_status = 917;

/// There is no such provisioning key. Code `key_not_found`.
pub const PROVKEY_STATUS_KEY_NOT_FOUND: provkey_status = 918;

/// The maximum is not from 1 to 9223372036854775807. Code `max_uses_invalid`.
pub const PROVKEY_STATUS_MAX_USES_INVALID: provkey_status = 919;

/// The name has a control or invisible character. Code `name_bad_character`.
pub const PROVKEY_STATUS_NAME_BAD_CHARACTER: provkey_status = 920;

/// The name looks like the text of a provisioning key or an admin token, which is a secret. It was
/// not stored. Code `name_is_a_key`.
pub const PROVKEY_STATUS_NAME_IS_A_KEY: provkey_status = 921;

/// The name is empty. Code `name_empty`.
pub const PROVKEY_STATUS_NAME_EMPTY: provkey_status = 922;

/// Another object of the same kind has this name, ignoring case. Code `name_in_use`.
pub const PROVKEY_STATUS_NAME_IN_USE: provkey_status = 923;

/// The name is longer than 128 bytes. Code `name_too_long`.
pub const PROVKEY_STATUS_NAME_TOO_LONG: provkey_status = 924;

/// The key has more than 64 address ranges. Code `too_many_addresses`.
pub const PROVKEY_STATUS_TOO_MANY_ADDRESSES: provkey_status = 925;

/// The authority already has 64 hosts. Code `too_many_hosts`.
pub const PROVKEY_STATUS_TOO_MANY_HOSTS: provkey_status = 926;

/// The trust domain is not a lower-case DNS name, or is missing and the host is an IPv6 address.
/// Code `trust_domain_invalid`.
pub const PROVKEY_STATUS_TRUST_DOMAIN_INVALID: provkey_status = 927;

/// A URL for connectors' certificates is not `http://` or `https://` with a lower-case host and an
/// optional path and query, or is longer than 256 bytes. Code `url_invalid`.
pub const PROVKEY_STATUS_URL_INVALID: provkey_status = 928;

/// The validity is too short, or ends after the year 9999. Code `validity_invalid`.
pub const PROVKEY_STATUS_VALIDITY_INVALID: provkey_status = 929;

/// The text is not a checkpoint. Code `checkpoint_invalid`.
pub const PROVKEY_STATUS_CHECKPOINT_INVALID: provkey_status = 930;

/// The role of an admin token is not that of its scope. Code `scope_invalid`.
pub const PROVKEY_STATUS_SCOPE_INVALID: provkey_status = 931;

/// The file holds no master key. Code `keyring_empty`.
pub const PROVKEY_STATUS_KEYRING_EMPTY: provkey_status = 1000;

/// All 32 slots are used. Code `keyring_full`.
pub const PROVKEY_STATUS_KEYRING_FULL: provkey_status = 1001;

/// A line is neither 64 hexadecimal digits nor `-`. Code `keyring_malformed`.
pub const PROVKEY_STATUS_KEYRING_MALFORMED: provkey_status = 1002;

/// The current master key cannot be removed. Code `keyring_slot_current`.
pub const PROVKEY_STATUS_KEYRING_SLOT_CURRENT: provkey_status = 1003;

/// The slot holds no master key. Code `keyring_slot_empty`.
pub const PROVKEY_STATUS_KEYRING_SLOT_EMPTY: provkey_status = 1004;

/// The master key is current, or provisioning keys, CA keys or admin tokens depend on it. Code
/// `master_key_in_use`.
pub const PROVKEY_STATUS_MASTER_KEY_IN_USE: provkey_status = 1005;

/// The master key is not 64 hexadecimal digits and a newline. Code `master_key_malformed`.
pub const PROVKEY_STATUS_MASTER_KEY_MALFORMED: provkey_status = 1006;

/// The keyring lacks a master key that the authority needs. Code `master_key_missing`.
pub const PROVKEY_STATUS_MASTER_KEY_MISSING: provkey_status = 1007;

/// A master key is not the one that the authority was created with. Code `master_key_wrong`.
pub const PROVKEY_STATUS_MASTER_KEY_WRONG: provkey_status = 1008;

/// The slot holds no master key of this authority. Code `master_slot_empty`.
pub const PROVKEY_STATUS_MASTER_SLOT_EMPTY: provkey_status = 1009;

/// The slot already holds another master key. Code `master_slot_taken`.
pub const PROVKEY_STATUS_MASTER_SLOT_TAKEN: provkey_status = 1010;

/// A sealed CA key cannot be opened, or does not fit its certificate: another program changed the
/// store. Code `seal_broken`.
pub const PROVKEY_STATUS_SEAL_BROKEN: provkey_status = 1011;

/// An id or the trust domain cannot be written into a certificate. Code `certificate_bad_name`.
pub const PROVKEY_STATUS_CERTIFICATE_BAD_NAME: provkey_status = 1100;

/// The certificate would have violated its profile, so it was not signed. Code
/// `certificate_flawed`.
pub const PROVKEY_STATUS_CERTIFICATE_FLAWED: provkey_status = 1101;

/// The issuer's certificate does not permit this signature. Code `issuer_not_allowed`.
pub const PROVKEY_STATUS_ISSUER_NOT_ALLOWED: provkey_status = 1102;

/// The issuer's certificate has expired or is not valid yet. Code `issuer_not_valid`.
pub const PROVKEY_STATUS_ISSUER_NOT_VALID: provkey_status = 1103;

/// The signer's key is not the one in the issuer's certificate. Code `issuer_wrong_signer`.
pub const PROVKEY_STATUS_ISSUER_WRONG_SIGNER: provkey_status = 1104;

/// Keys of this algorithm cannot be generated. Code `signer_algorithm_unsupported`.
pub const PROVKEY_STATUS_SIGNER_ALGORITHM_UNSUPPORTED: provkey_status = 1105;

/// The signer's signature does not verify with its own public key. Code `signer_bad_signature`.
pub const PROVKEY_STATUS_SIGNER_BAD_SIGNATURE: provkey_status = 1106;

/// The signer failed. Code `signer_failed`.
pub const PROVKEY_STATUS_SIGNER_FAILED: provkey_status = 1107;

/// The private key does not belong to the public key. Code `signer_key_mismatch`.
pub const PROVKEY_STATUS_SIGNER_KEY_MISMATCH: provkey_status = 1108;

/// The private key is damaged, or has another algorithm. Code `signer_key_rejected`.
pub const PROVKEY_STATUS_SIGNER_KEY_REJECTED: provkey_status = 1109;

/// The key of the enrollment certificate is elsewhere, and its signer is not attached. Code
/// `signer_missing`.
pub const PROVKEY_STATUS_SIGNER_MISSING: provkey_status = 1110;

/// The signer's key is out of reach for now. Code `signer_unavailable`.
pub const PROVKEY_STATUS_SIGNER_UNAVAILABLE: provkey_status = 1111;

/// The store called back into its own authority. Code `reentrant_call`.
pub const PROVKEY_STATUS_REENTRANT_CALL: provkey_status = 1200;

/// Other callers kept changing the same records, or wrote for too long. Code `store_busy`.
pub const PROVKEY_STATUS_STORE_BUSY: provkey_status = 1201;

/// The contents of the store are damaged. Code `store_corrupt`.
pub const PROVKEY_STATUS_STORE_CORRUPT: provkey_status = 1202;

/// A new store cannot be created where there is one, or something else. Code `store_exists`.
pub const PROVKEY_STATUS_STORE_EXISTS: provkey_status = 1203;

/// The store has no space left. Code `store_full`.
pub const PROVKEY_STATUS_STORE_FULL: provkey_status = 1204;

/// There is no store, or the file is empty. Code `store_missing`.
pub const PROVKEY_STATUS_STORE_MISSING: provkey_status = 1205;

/// This is not a provkey store. It was not changed. Code `store_not_recognized`.
pub const PROVKEY_STATUS_STORE_NOT_RECOGNIZED: provkey_status = 1206;

/// The store may be read but not written. Code `store_read_only`.
pub const PROVKEY_STATUS_STORE_READ_ONLY: provkey_status = 1207;

/// A request exceeds a limit of the store. Code `store_request_too_large`.
pub const PROVKEY_STATUS_STORE_REQUEST_TOO_LARGE: provkey_status = 1208;

/// A newer version wrote the store. Code `store_too_new`.
pub const PROVKEY_STATUS_STORE_TOO_NEW: provkey_status = 1209;

/// The store is out of reach, or failed in a way that may pass. The outcome of a change may be
/// unknown: asking again settles it. Code `store_unavailable`.
pub const PROVKEY_STATUS_STORE_UNAVAILABLE: provkey_status = 1210;

/// The store lacks changes that were durable: an older copy replaced it. Code `store_rolled_back`.
pub const PROVKEY_STATUS_STORE_ROLLED_BACK: provkey_status = 1211;

/// The files of the store were removed, replaced or truncated while it was open. The store no
/// longer reads or writes: open it again. Code `store_broken`.
pub const PROVKEY_STATUS_STORE_BROKEN: provkey_status = 1212;

/// The query is not a single SELECT over the views, or the store cannot run queries safely. Code
/// `query_refused`.
pub const PROVKEY_STATUS_QUERY_REFUSED: provkey_status = 1250;

/// The database rejected the query, or the query failed. Code `query_failed`.
pub const PROVKEY_STATUS_QUERY_FAILED: provkey_status = 1251;

/// The query exceeded its time limit. Code `query_timed_out`.
pub const PROVKEY_STATUS_QUERY_TIMED_OUT: provkey_status = 1252;

/// The store was moved to another one, and accepts no more changes. Code `store_moved`.
pub const PROVKEY_STATUS_STORE_MOVED: provkey_status = 1213;

/// There is no randomness. Code `random_unavailable`.
pub const PROVKEY_STATUS_RANDOM_UNAVAILABLE: provkey_status = 1300;

/// The admin token has expired. Code `admin_token_expired`.
pub const PROVKEY_STATUS_ADMIN_TOKEN_EXPIRED: provkey_status = 1400;

/// There is no such admin token, or its secret is wrong. Code `admin_token_invalid`.
pub const PROVKEY_STATUS_ADMIN_TOKEN_INVALID: provkey_status = 1401;

/// The text is not an admin token, or was miscopied. Code `admin_token_malformed`.
pub const PROVKEY_STATUS_ADMIN_TOKEN_MALFORMED: provkey_status = 1402;

/// There is no such admin token. Code `admin_token_not_found`.
pub const PROVKEY_STATUS_ADMIN_TOKEN_NOT_FOUND: provkey_status = 1403;

/// The admin token was revoked. Code `admin_token_revoked`.
pub const PROVKEY_STATUS_ADMIN_TOKEN_REVOKED: provkey_status = 1404;

/// Every status and its code, which ends with a NUL for C.
pub(crate) const CODES: &[(provkey_status, &str)] = &[
    (PROVKEY_STATUS_OK, "ok\0"),
    (PROVKEY_STATUS_NULL_ARGUMENT, "null_argument\0"),
    (PROVKEY_STATUS_TEXT_NOT_UTF8, "text_not_utf8\0"),
    (PROVKEY_STATUS_TEXT_TOO_LONG, "text_too_long\0"),
    (PROVKEY_STATUS_STRUCT_SIZE_INVALID, "struct_size_invalid\0"),
    (PROVKEY_STATUS_VALUE_UNKNOWN, "value_unknown\0"),
    (PROVKEY_STATUS_HANDLE_WRONG_KIND, "handle_wrong_kind\0"),
    (PROVKEY_STATUS_HANDLE_IN_USE, "handle_in_use\0"),
    (PROVKEY_STATUS_ADDRESS_INVALID, "address_invalid\0"),
    (PROVKEY_STATUS_CALLBACK_MISSING, "callback_missing\0"),
    (PROVKEY_STATUS_ARGUMENT_TOO_LARGE, "argument_too_large\0"),
    (PROVKEY_STATUS_NO_REPAIR, "no_repair\0"),
    (PROVKEY_STATUS_USED_AFTER_FORK, "used_after_fork\0"),
    (PROVKEY_STATUS_OUT_OF_MEMORY, "out_of_memory\0"),
    (PROVKEY_STATUS_INTERNAL_ERROR, "internal_error\0"),
    (PROVKEY_STATUS_ADDRESS_NOT_ALLOWED, "address_not_allowed\0"),
    (PROVKEY_STATUS_CERTIFICATE_EXPIRED, "certificate_expired\0"),
    (PROVKEY_STATUS_CERTIFICATE_RETIRED, "certificate_retired\0"),
    (PROVKEY_STATUS_CONNECTOR_REVOKED, "connector_revoked\0"),
    (PROVKEY_STATUS_CREDENTIALS_DISAGREE, "credentials_disagree\0"),
    (PROVKEY_STATUS_FINGERPRINT_MISMATCH, "fingerprint_mismatch\0"),
    (PROVKEY_STATUS_KEY_COMPROMISED, "key_compromised\0"),
    (PROVKEY_STATUS_KEY_DELETED, "key_deleted\0"),
    (PROVKEY_STATUS_KEY_DISABLED, "key_disabled\0"),
    (PROVKEY_STATUS_KEY_EXHAUSTED, "key_exhausted\0"),
    (PROVKEY_STATUS_KEY_EXPIRED, "key_expired\0"),
    (PROVKEY_STATUS_KEY_INVALID, "key_invalid\0"),
    (PROVKEY_STATUS_KEY_MISSING, "key_missing\0"),
    (PROVKEY_STATUS_PROOF_REQUIRED, "proof_required\0"),
    (PROVKEY_STATUS_PUBLIC_KEY_IN_USE, "public_key_in_use\0"),
    (PROVKEY_STATUS_PUBLIC_KEY_OF_AUTHORITY, "public_key_of_authority\0"),
    (PROVKEY_STATUS_REQUEST_WRONG_PURPOSE, "request_wrong_purpose\0"),
    (PROVKEY_STATUS_CERTIFICATE_RENEWED, "certificate_renewed\0"),
    (PROVKEY_STATUS_CERTIFICATE_UNKNOWN, "certificate_unknown\0"),
    (PROVKEY_STATUS_RENEWAL_INVALID, "renewal_invalid\0"),
    (PROVKEY_STATUS_RENEWAL_MISSING, "renewal_missing\0"),
    (PROVKEY_STATUS_RENEWAL_TOO_EARLY, "renewal_too_early\0"),
    (PROVKEY_STATUS_RENEWAL_TOO_LATE, "renewal_too_late\0"),
    (PROVKEY_STATUS_CSR_ALGORITHM_MISMATCH, "csr_algorithm_mismatch\0"),
    (PROVKEY_STATUS_CSR_ATTRIBUTE_NOT_SINGLE, "csr_attribute_not_single\0"),
    (PROVKEY_STATUS_CSR_BAD_KEY, "csr_bad_key\0"),
    (PROVKEY_STATUS_CSR_BAD_SIGNATURE, "csr_bad_signature\0"),
    (PROVKEY_STATUS_CSR_DUPLICATE_EXTENSION, "csr_duplicate_extension\0"),
    (PROVKEY_STATUS_CSR_KEY_OFF_CURVE, "csr_key_off_curve\0"),
    (PROVKEY_STATUS_CSR_MALFORMED, "csr_malformed\0"),
    (PROVKEY_STATUS_CSR_NESTED_TOO_DEEPLY, "csr_nested_too_deeply\0"),
    (PROVKEY_STATUS_CSR_REQUESTS_CA, "csr_requests_ca\0"),
    (PROVKEY_STATUS_CSR_REQUESTS_EXTENDED_KEY_USAGE, "csr_requests_extended_key_usage\0"),
    (PROVKEY_STATUS_CSR_REQUESTS_EXTENSION, "csr_requests_extension\0"),
    (PROVKEY_STATUS_CSR_REQUESTS_KEY_USAGE, "csr_requests_key_usage\0"),
    (PROVKEY_STATUS_CSR_REQUESTS_NAMES, "csr_requests_names\0"),
    (PROVKEY_STATUS_CSR_SUBJECT_LENGTH, "csr_subject_length\0"),
    (PROVKEY_STATUS_CSR_SUBJECT_TEXT, "csr_subject_text\0"),
    (PROVKEY_STATUS_CSR_TOO_LARGE, "csr_too_large\0"),
    (PROVKEY_STATUS_CSR_TRAILING_DATA, "csr_trailing_data\0"),
    (PROVKEY_STATUS_CSR_UNSUPPORTED_ALGORITHM, "csr_unsupported_algorithm\0"),
    (PROVKEY_STATUS_CSR_UNSUPPORTED_KEY, "csr_unsupported_key\0"),
    (PROVKEY_STATUS_CSR_UNSUPPORTED_VERSION, "csr_unsupported_version\0"),
    (PROVKEY_STATUS_CSR_WEAK_ALGORITHM, "csr_weak_algorithm\0"),
    (PROVKEY_STATUS_KEY_BAD_CHARACTER, "key_bad_character\0"),
    (PROVKEY_STATUS_KEY_DAMAGED, "key_damaged\0"),
    (PROVKEY_STATUS_KEY_EMPTY, "key_empty\0"),
    (PROVKEY_STATUS_KEY_EXTRA, "key_extra\0"),
    (PROVKEY_STATUS_KEY_HOST_MISCOPIED, "key_host_miscopied\0"),
    (PROVKEY_STATUS_KEY_ID_MALFORMED, "key_id_malformed\0"),
    (PROVKEY_STATUS_KEY_MISCOPIED, "key_miscopied\0"),
    (PROVKEY_STATUS_KEY_TRUNCATED, "key_truncated\0"),
    (PROVKEY_STATUS_KEY_UNSUPPORTED_VERSION, "key_unsupported_version\0"),
    (PROVKEY_STATUS_KEY_WRONG_PREFIX, "key_wrong_prefix\0"),
    (PROVKEY_STATUS_ANSWER_FOR_ANOTHER_KEY, "answer_for_another_key\0"),
    (PROVKEY_STATUS_ANSWER_WITHOUT_REQUEST, "answer_without_request\0"),
    (PROVKEY_STATUS_CLOCK_AHEAD, "clock_ahead\0"),
    (PROVKEY_STATUS_FINGERPRINT_EMPTY, "fingerprint_empty\0"),
    (PROVKEY_STATUS_IDENTITY_DAMAGED, "identity_damaged\0"),
    (PROVKEY_STATUS_IDENTITY_NOT_RECOGNIZED, "identity_not_recognized\0"),
    (PROVKEY_STATUS_IDENTITY_NOT_SEALED, "identity_not_sealed\0"),
    (PROVKEY_STATUS_IDENTITY_OTHER_MACHINE, "identity_other_machine\0"),
    (PROVKEY_STATUS_IDENTITY_SEALED, "identity_sealed\0"),
    (PROVKEY_STATUS_IDENTITY_TOO_LARGE, "identity_too_large\0"),
    (PROVKEY_STATUS_IDENTITY_TOO_NEW, "identity_too_new\0"),
    (PROVKEY_STATUS_RENEWAL_WITHOUT_CERTIFICATE, "renewal_without_certificate\0"),
    (PROVKEY_STATUS_SERVER_WRONG_HOST, "server_wrong_host\0"),
    (PROVKEY_STATUS_CHAIN_BAD_SIGNATURE, "chain_bad_signature\0"),
    (PROVKEY_STATUS_CHAIN_EXPIRED, "chain_expired\0"),
    (PROVKEY_STATUS_CHAIN_INCOMPLETE, "chain_incomplete\0"),
    (PROVKEY_STATUS_CHAIN_NO_LEAF, "chain_no_leaf\0"),
    (PROVKEY_STATUS_CHAIN_NOT_AN_AUTHORITY, "chain_not_an_authority\0"),
    (PROVKEY_STATUS_CHAIN_NOT_YET_VALID, "chain_not_yet_valid\0"),
    (PROVKEY_STATUS_CHAIN_PATH_TOO_LONG, "chain_path_too_long\0"),
    (PROVKEY_STATUS_CHAIN_TOO_MANY_CERTIFICATES, "chain_too_many_certificates\0"),
    (PROVKEY_STATUS_CHAIN_UNACCEPTABLE_ALGORITHM, "chain_unacceptable_algorithm\0"),
    (PROVKEY_STATUS_CHAIN_UNKNOWN_CRITICAL_EXTENSION, "chain_unknown_critical_extension\0"),
    (PROVKEY_STATUS_CHAIN_UNTRUSTED_ROOT, "chain_untrusted_root\0"),
    (PROVKEY_STATUS_CHAIN_WRONG_USAGE, "chain_wrong_usage\0"),
    (PROVKEY_STATUS_CERTIFICATE_ALGORITHM_MISMATCH, "certificate_algorithm_mismatch\0"),
    (PROVKEY_STATUS_CERTIFICATE_DUPLICATE_EXTENSION, "certificate_duplicate_extension\0"),
    (PROVKEY_STATUS_CERTIFICATE_MALFORMED, "certificate_malformed\0"),
    (PROVKEY_STATUS_CERTIFICATE_MISSING, "certificate_missing\0"),
    (PROVKEY_STATUS_CERTIFICATE_TOO_LARGE, "certificate_too_large\0"),
    (PROVKEY_STATUS_CERTIFICATE_TOO_MANY, "certificate_too_many\0"),
    (PROVKEY_STATUS_CERTIFICATE_TRAILING_DATA, "certificate_trailing_data\0"),
    (PROVKEY_STATUS_CERTIFICATE_UNSUPPORTED_VERSION, "certificate_unsupported_version\0"),
    (PROVKEY_STATUS_PUBLIC_KEY_MALFORMED, "public_key_malformed\0"),
    (PROVKEY_STATUS_PUBLIC_KEY_UNSUPPORTED, "public_key_unsupported\0"),
    (PROVKEY_STATUS_WEAK_KEY_CLOSE_FACTORS, "weak_key_close_factors\0"),
    (PROVKEY_STATUS_WEAK_KEY_EVEN_EXPONENT, "weak_key_even_exponent\0"),
    (PROVKEY_STATUS_WEAK_KEY_ROCA, "weak_key_roca\0"),
    (PROVKEY_STATUS_WEAK_KEY_SHORT, "weak_key_short\0"),
    (PROVKEY_STATUS_WEAK_KEY_SMALL_EXPONENT, "weak_key_small_exponent\0"),
    (PROVKEY_STATUS_WEAK_KEY_SMALL_FACTOR, "weak_key_small_factor\0"),
    (PROVKEY_STATUS_WEAK_KEY_SMALL_ORDER, "weak_key_small_order\0"),
    (PROVKEY_STATUS_CERTIFICATE_IMPORTED_ALREADY, "certificate_imported_already\0"),
    (PROVKEY_STATUS_CERTIFICATE_REQUEST_NOT_FOUND, "certificate_request_not_found\0"),
    (PROVKEY_STATUS_CERTIFICATE_SUBJECT_IN_USE, "certificate_subject_in_use\0"),
    (PROVKEY_STATUS_CERTIFICATE_UNANSWERED, "certificate_unanswered\0"),
    (PROVKEY_STATUS_EXTERNAL_BAD_SIGNATURE, "external_bad_signature\0"),
    (PROVKEY_STATUS_EXTERNAL_EXPIRED, "external_expired\0"),
    (PROVKEY_STATUS_EXTERNAL_KEY_USAGE, "external_key_usage\0"),
    (PROVKEY_STATUS_EXTERNAL_NAME_CONSTRAINTS, "external_name_constraints\0"),
    (PROVKEY_STATUS_EXTERNAL_NO_KEY_ID, "external_no_key_id\0"),
    (PROVKEY_STATUS_EXTERNAL_NO_SUBJECT, "external_no_subject\0"),
    (PROVKEY_STATUS_EXTERNAL_NOT_AN_AUTHORITY, "external_not_an_authority\0"),
    (PROVKEY_STATUS_EXTERNAL_NOT_YET_VALID, "external_not_yet_valid\0"),
    (PROVKEY_STATUS_EXTERNAL_PATH_TOO_LONG, "external_path_too_long\0"),
    (PROVKEY_STATUS_EXTERNAL_TOO_LARGE, "external_too_large\0"),
    (PROVKEY_STATUS_EXTERNAL_UNKNOWN_CRITICAL_EXTENSION, "external_unknown_critical_extension\0"),
    (PROVKEY_STATUS_EXTERNAL_UNRELATED, "external_unrelated\0"),
    (PROVKEY_STATUS_EXTERNAL_UNSUPPORTED_SIGNATURE, "external_unsupported_signature\0"),
    (PROVKEY_STATUS_EXTERNAL_WEAK_SIGNATURE, "external_weak_signature\0"),
    (PROVKEY_STATUS_EXTERNAL_WRONG_KEY, "external_wrong_key\0"),
    (PROVKEY_STATUS_EXTERNAL_WRONG_PURPOSE, "external_wrong_purpose\0"),
    (PROVKEY_STATUS_CRL_IMPORTED_CA, "crl_imported_ca\0"),
    (PROVKEY_STATUS_PRIVATE_KEY_MALFORMED, "private_key_malformed\0"),
    (PROVKEY_STATUS_PRIVATE_KEY_MISMATCH, "private_key_mismatch\0"),
    (PROVKEY_STATUS_PRIVATE_KEY_MISSING, "private_key_missing\0"),
    (PROVKEY_STATUS_PRIVATE_KEY_PASSPHRASE_MISSING, "private_key_passphrase_missing\0"),
    (PROVKEY_STATUS_PRIVATE_KEY_PASSPHRASE_WRONG, "private_key_passphrase_wrong\0"),
    (PROVKEY_STATUS_PRIVATE_KEY_TOO_LARGE, "private_key_too_large\0"),
    (PROVKEY_STATUS_PRIVATE_KEY_TOO_MANY, "private_key_too_many\0"),
    (PROVKEY_STATUS_PRIVATE_KEY_TOO_MANY_ITERATIONS, "private_key_too_many_iterations\0"),
    (PROVKEY_STATUS_PRIVATE_KEY_UNSUPPORTED_ENCRYPTION, "private_key_unsupported_encryption\0"),
    (PROVKEY_STATUS_ADDRESS_RANGE_INVALID, "address_range_invalid\0"),
    (PROVKEY_STATUS_ALGORITHM_UNSUPPORTED, "algorithm_unsupported\0"),
    (PROVKEY_STATUS_AUTHORITY_EXISTS, "authority_exists\0"),
    (PROVKEY_STATUS_AUTHORITY_MISSING, "authority_missing\0"),
    (PROVKEY_STATUS_CERTIFICATE_IN_USE, "certificate_in_use\0"),
    (PROVKEY_STATUS_CERTIFICATE_NOT_FOUND, "certificate_not_found\0"),
    (PROVKEY_STATUS_CONNECTOR_NOT_FOUND, "connector_not_found\0"),
    (PROVKEY_STATUS_CURSOR_INVALID, "cursor_invalid\0"),
    (PROVKEY_STATUS_EDIT_CONFLICT, "edit_conflict\0"),
    (PROVKEY_STATUS_EXPIRY_IN_PAST, "expiry_in_past\0"),
    (PROVKEY_STATUS_GROUP_IN_USE, "group_in_use\0"),
    (PROVKEY_STATUS_GROUP_NOT_FOUND, "group_not_found\0"),
    (PROVKEY_STATUS_HOST_BAD_ADDRESS, "host_bad_address\0"),
    (PROVKEY_STATUS_HOST_BAD_NAME, "host_bad_name\0"),
    (PROVKEY_STATUS_HOST_BAD_PORT, "host_bad_port\0"),
    (PROVKEY_STATUS_HOST_EMPTY, "host_empty\0"),
    (PROVKEY_STATUS_HOST_TOO_LONG, "host_too_long\0"),
    (PROVKEY_STATUS_HOST_UNKNOWN, "host_unknown\0"),
    (PROVKEY_STATUS_KEY_NOT_FOUND, "key_not_found\0"),
    (PROVKEY_STATUS_MAX_USES_INVALID, "max_uses_invalid\0"),
    (PROVKEY_STATUS_NAME_BAD_CHARACTER, "name_bad_character\0"),
    (PROVKEY_STATUS_NAME_IS_A_KEY, "name_is_a_key\0"),
    (PROVKEY_STATUS_NAME_EMPTY, "name_empty\0"),
    (PROVKEY_STATUS_NAME_IN_USE, "name_in_use\0"),
    (PROVKEY_STATUS_NAME_TOO_LONG, "name_too_long\0"),
    (PROVKEY_STATUS_TOO_MANY_ADDRESSES, "too_many_addresses\0"),
    (PROVKEY_STATUS_TOO_MANY_HOSTS, "too_many_hosts\0"),
    (PROVKEY_STATUS_TRUST_DOMAIN_INVALID, "trust_domain_invalid\0"),
    (PROVKEY_STATUS_URL_INVALID, "url_invalid\0"),
    (PROVKEY_STATUS_VALIDITY_INVALID, "validity_invalid\0"),
    (PROVKEY_STATUS_CHECKPOINT_INVALID, "checkpoint_invalid\0"),
    (PROVKEY_STATUS_KEYRING_EMPTY, "keyring_empty\0"),
    (PROVKEY_STATUS_KEYRING_FULL, "keyring_full\0"),
    (PROVKEY_STATUS_KEYRING_MALFORMED, "keyring_malformed\0"),
    (PROVKEY_STATUS_KEYRING_SLOT_CURRENT, "keyring_slot_current\0"),
    (PROVKEY_STATUS_KEYRING_SLOT_EMPTY, "keyring_slot_empty\0"),
    (PROVKEY_STATUS_MASTER_KEY_IN_USE, "master_key_in_use\0"),
    (PROVKEY_STATUS_MASTER_KEY_MALFORMED, "master_key_malformed\0"),
    (PROVKEY_STATUS_MASTER_KEY_MISSING, "master_key_missing\0"),
    (PROVKEY_STATUS_MASTER_KEY_WRONG, "master_key_wrong\0"),
    (PROVKEY_STATUS_MASTER_SLOT_EMPTY, "master_slot_empty\0"),
    (PROVKEY_STATUS_MASTER_SLOT_TAKEN, "master_slot_taken\0"),
    (PROVKEY_STATUS_SEAL_BROKEN, "seal_broken\0"),
    (PROVKEY_STATUS_CERTIFICATE_BAD_NAME, "certificate_bad_name\0"),
    (PROVKEY_STATUS_CERTIFICATE_FLAWED, "certificate_flawed\0"),
    (PROVKEY_STATUS_ISSUER_NOT_ALLOWED, "issuer_not_allowed\0"),
    (PROVKEY_STATUS_ISSUER_NOT_VALID, "issuer_not_valid\0"),
    (PROVKEY_STATUS_ISSUER_WRONG_SIGNER, "issuer_wrong_signer\0"),
    (PROVKEY_STATUS_SIGNER_ALGORITHM_UNSUPPORTED, "signer_algorithm_unsupported\0"),
    (PROVKEY_STATUS_SIGNER_BAD_SIGNATURE, "signer_bad_signature\0"),
    (PROVKEY_STATUS_SIGNER_FAILED, "signer_failed\0"),
    (PROVKEY_STATUS_SIGNER_KEY_MISMATCH, "signer_key_mismatch\0"),
    (PROVKEY_STATUS_SIGNER_KEY_REJECTED, "signer_key_rejected\0"),
    (PROVKEY_STATUS_SIGNER_MISSING, "signer_missing\0"),
    (PROVKEY_STATUS_SIGNER_UNAVAILABLE, "signer_unavailable\0"),
    (PROVKEY_STATUS_REENTRANT_CALL, "reentrant_call\0"),
    (PROVKEY_STATUS_STORE_BROKEN, "store_broken\0"),
    (PROVKEY_STATUS_STORE_BUSY, "store_busy\0"),
    (PROVKEY_STATUS_STORE_CORRUPT, "store_corrupt\0"),
    (PROVKEY_STATUS_STORE_EXISTS, "store_exists\0"),
    (PROVKEY_STATUS_STORE_FULL, "store_full\0"),
    (PROVKEY_STATUS_STORE_MISSING, "store_missing\0"),
    (PROVKEY_STATUS_STORE_NOT_RECOGNIZED, "store_not_recognized\0"),
    (PROVKEY_STATUS_STORE_READ_ONLY, "store_read_only\0"),
    (PROVKEY_STATUS_STORE_REQUEST_TOO_LARGE, "store_request_too_large\0"),
    (PROVKEY_STATUS_STORE_TOO_NEW, "store_too_new\0"),
    (PROVKEY_STATUS_STORE_UNAVAILABLE, "store_unavailable\0"),
    (PROVKEY_STATUS_STORE_ROLLED_BACK, "store_rolled_back\0"),
    (PROVKEY_STATUS_QUERY_REFUSED, "query_refused\0"),
    (PROVKEY_STATUS_QUERY_FAILED, "query_failed\0"),
    (PROVKEY_STATUS_QUERY_TIMED_OUT, "query_timed_out\0"),
    (PROVKEY_STATUS_STORE_MOVED, "store_moved\0"),
    (PROVKEY_STATUS_RANDOM_UNAVAILABLE, "random_unavailable\0"),
    (PROVKEY_STATUS_ADMIN_TOKEN_EXPIRED, "admin_token_expired\0"),
    (PROVKEY_STATUS_ADMIN_TOKEN_INVALID, "admin_token_invalid\0"),
    (PROVKEY_STATUS_ADMIN_TOKEN_MALFORMED, "admin_token_malformed\0"),
    (PROVKEY_STATUS_ADMIN_TOKEN_NOT_FOUND, "admin_token_not_found\0"),
    (PROVKEY_STATUS_ADMIN_TOKEN_REVOKED, "admin_token_revoked\0"),
    (PROVKEY_STATUS_SCOPE_INVALID, "scope_invalid\0"),
];

/// Returns the code of a status, such as `key_exhausted`; NULL if there is no such status. The
/// string is static.
#[unsafe(no_mangle)]
pub extern "C" fn provkey_status_code(status: provkey_status) -> *const c_char {
    let found = CODES.iter().find(|(number, _)| *number == status);
    found.map_or(core::ptr::null(), |(_, code)| code.as_ptr().cast())
}

/// The code that a status stands for, without the NUL at its end.
pub(crate) fn code_of(status: provkey_status) -> Option<&'static str> {
    let (_, code) = CODES.iter().find(|(number, _)| *number == status)?;
    code.strip_suffix('\0')
}

/// The status that stands for a code.
pub(crate) fn status_of(code: &str) -> provkey_status {
    let found = CODES.iter().find(|(_, known)| known.strip_suffix('\0') == Some(code));
    found.map_or(PROVKEY_STATUS_INTERNAL_ERROR, |(status, _)| *status)
}
