//! Every limit on a size, a number or a time that this library chooses. The unit is last in each
//! name. A limit that a standard sets is defined where the standard is implemented.

use core::time::Duration;

/// Longest provisioning key text that is read, before cleaning, in bytes.
pub const KEY_TEXT_BYTES_MAX: usize = 4096;
/// Longest host text in a provisioning key, without the port, in characters.
pub const HOST_CHARACTERS_MAX: usize = 253;
/// Largest certificate signing request that is parsed, in bytes of DER.
pub const CSR_BYTES_MAX: usize = 16 * 1024;
/// Most levels of nested values in a certificate signing request. A typical one has seven.
pub const CSR_LEVELS_MAX: usize = 16;
/// Largest certificate that is parsed, in bytes of DER.
pub const CERTIFICATE_BYTES_MAX: usize = 64 * 1024;
/// Longest private key file that is read, in bytes.
pub const PRIVATE_KEY_BYTES_MAX: usize = 16 * 1024;
/// Most iterations of PBKDF2 for the passphrase of a private key file.
pub const PASSPHRASE_ITERATIONS_MAX: u32 = 10_000_000;
/// Largest total size of the certificates of an external CA and its issuers, in bytes of DER.
pub const EXTERNAL_CHAIN_BYTES_MAX: usize = 24 * 1024;
/// Most certificates in one chain.
pub const CHAIN_CERTIFICATES_MAX: usize = 8;
/// Largest identity file of a connector that is opened, in bytes.
pub const IDENTITY_BYTES_MAX: usize = 1024 * 1024;
/// Longest URL in the certificates of connectors, in bytes.
pub const URL_BYTES_MAX: usize = 256;
/// Most extensions in one certificate or request.
pub const EXTENSIONS_MAX: usize = 64;
/// Longest name of a group, certificate or key, in bytes of UTF-8.
pub const NAME_BYTES_MAX: usize = 128;
/// Bytes of the subject of an error.
pub const SUBJECT_BYTES_MAX: usize = 128;
/// Longest name of an actor in the audit trail, in bytes of UTF-8.
pub const ACTOR_BYTES_MAX: usize = 256;
/// Most entries in the address list of one provisioning key.
pub const ALLOWED_ADDRESSES_MAX: usize = 64;
/// Largest `max_uses`, and the largest value of any counter.
pub const COUNT_MAX: u64 = i64::MAX as u64;
/// Most hosts that one authority serves.
pub const HOSTS_MAX: usize = 64;
/// Longest record key of a store, in bytes.
pub const RECORD_KEY_BYTES_MAX: usize = 512;
/// Largest record body, in bytes.
pub const RECORD_BODY_BYTES_MAX: usize = 64 * 1024;
/// Most record keys in one `get`.
pub const GET_KEYS_MAX: usize = 4096;
/// Most enrollments and renewals of one authority that read at the same time. Others wait, and
/// share the next read.
pub const READS_AT_ONCE_MAX: usize = 2;
/// Most records in the answer of one `scan`.
pub const SCAN_RECORDS_MAX: usize = 1024;
/// Most operations in one unit.
pub const UNIT_OPERATIONS_MAX: usize = 64;
/// Most units that are applied as one batch.
pub const BATCH_UNITS_MAX: usize = 256;
/// Largest batch, in bytes of its keys and bodies.
pub const BATCH_BYTES_MAX: usize = 1024 * 1024;
/// Longest OCSP request that is read, in bytes.
pub const OCSP_REQUEST_BYTES_MAX: usize = 16 * 1024;
/// Most certificates in one OCSP request.
pub const OCSP_CERTIFICATES_MAX: usize = 16;
/// Most CRLs that are cached in memory.
pub const CRLS_KEPT_MAX: usize = 64;
/// How often an enrollment is tried when the records that it read change meanwhile.
pub const ENROLL_TRIES_MAX: usize = 8;
/// Most earlier certificates of one connector that have not expired.
pub const FORMER_CERTIFICATES_MAX: usize = 16;
/// How often a batch whose outcome is unknown is tried, including the first time.
pub const SETTLE_TRIES_MAX: usize = 3;
/// Most entries on one page of a listing.
pub const PAGE_ENTRIES_MAX: usize = 1000;
/// Most records that one call of a filtered listing examines.
pub const PAGE_EXAMINED_MAX: usize = 5000;
/// Most requests that `enroll_many` applies in one batch.
pub const ENROLL_BATCH_REQUESTS_MAX: usize = 256;
/// Most tallies of refusals and replays in memory.
pub const TALLIES_MAX: usize = 4096;
/// Most enrollment certificates whose opened private keys are cached in memory.
pub const OPEN_ISSUERS_MAX: usize = 1024;
/// How many connectors of a compromised key are read and revoked together. Even with the most
/// earlier certificates, their units are well below [`BATCH_BYTES_MAX`].
pub const COMPROMISE_CONNECTORS_MAX: usize = 64;
/// Shortest validity of a CA certificate.
pub const CA_VALIDITY_MIN: Duration = Duration::from_secs(86_400);
/// Shortest validity of a connector's certificate.
pub const LEAF_VALIDITY_MIN: Duration = Duration::from_secs(3600);
/// Shortest validity of a CRL.
pub const CRL_VALIDITY_MIN: Duration = Duration::from_secs(3600);
/// Longest validity of a CRL.
pub const CRL_VALIDITY_MAX: Duration = Duration::from_secs(366 * 86_400);
/// Longest query, in bytes of SQL.
pub const QUERY_SQL_BYTES_MAX: usize = 64 * 1024;
/// Largest value that a query computes or returns, in bytes. SQL functions cannot be interrupted:
/// this bounds how long one runs past the time limit.
pub const QUERY_CELL_BYTES_MAX: usize = 256 * 1024;
/// Largest result of a query, in bytes of memory.
pub const QUERY_BYTES_MAX: usize = 64 * 1024 * 1024;
