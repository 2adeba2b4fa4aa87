//! The keys of the records, and where the indexes begin.

use alloc::format;
use alloc::string::String;

use super::body::damaged;
use super::forms::{EnrollmentRecord, KeyRecord};
use crate::key::{KeyId, Slot};
use crate::ledger::error::Error;
use crate::ledger::model::{AdminTokenId, CertificateId, ConnectorId, GroupId, KeyOrder};
use crate::store::{Record, RecordKey};
use crate::time::Timestamp;

/// Where the indexes of names begin. A request for a certificate has its name where certificates
/// have theirs.
pub(crate) const GROUP_NAMES: &str = "group-by-name/";
pub(crate) const CERTIFICATE_NAMES: &str = "certificate-by-name/";
pub(crate) const KEY_NAMES: &str = "key-by-name/";
pub(crate) const ADMIN_TOKEN_NAMES: &str = "admin-token-by-name/";

/// Where other ranges of records begin.
pub(crate) const GROUPS: &str = "group/";
pub(crate) const GROUP_USERS: &str = "group-users/";
pub(crate) const CERTIFICATES: &str = "certificate/";
pub(crate) const CERTIFICATE_USERS: &str = "certificate-users/";
pub(crate) const KEYS: &str = "key/";
pub(crate) const KEY_USES: &str = "key-uses/";
pub(crate) const REPLAYS: &str = "replays/";
pub(crate) const CERTIFICATE_REQUESTS: &str = "certificate-request/";
pub(crate) const REVOCATIONS: &str = "revoked/";
pub(crate) const AUDIT: &str = "audit/";

pub(crate) fn authority() -> RecordKey {
    record_key("authority".into())
}

/// A record that is never written: to check that the store accepts changes.
pub(crate) fn never_written() -> RecordKey {
    record_key("check-writable".into())
}

pub(crate) fn master_users(slot: Slot) -> RecordKey {
    record_key(format!("master-users/{:02}", slot.number()))
}

pub(crate) fn group(id: GroupId) -> RecordKey {
    record_key(format!("{GROUPS}{id}"))
}

pub(crate) fn group_users(id: GroupId) -> RecordKey {
    record_key(format!("{GROUP_USERS}{id}"))
}

pub(crate) fn certificate(id: CertificateId) -> RecordKey {
    record_key(format!("{CERTIFICATES}{id}"))
}

pub(crate) fn certificate_by_subject(hash: [u8; 32]) -> RecordKey {
    let digits: String = hash.iter().map(|byte| format!("{byte:02x}")).collect();
    record_key(format!("certificate-by-subject/{digits}"))
}

pub(crate) fn certificate_request(id: CertificateId) -> RecordKey {
    record_key(format!("{CERTIFICATE_REQUESTS}{id}"))
}

pub(crate) fn certificate_users(id: CertificateId) -> RecordKey {
    record_key(format!("{CERTIFICATE_USERS}{id}"))
}

pub(crate) fn key(id: KeyId) -> RecordKey {
    record_key(format!("{KEYS}{id}"))
}

pub(crate) fn key_uses(id: KeyId) -> RecordKey {
    record_key(format!("{KEY_USES}{id}"))
}

pub(crate) fn key_deleted(id: KeyId) -> RecordKey {
    record_key(format!("key-deleted/{id}"))
}

/// The index entries of a key, but for that of its name; each holds its id.
pub(crate) fn key_indexes(key: &KeyRecord) -> [RecordKey; 5] {
    let (name, created) = (key.name.folded(), format!("{}/{}", ms(key.created_at), key.id));
    let (group, certificate) = (key.group, key.certificate);
    [
        record_key(format!("key-by-created/{created}")),
        record_key(format!("key-by-group/{group}/name/{name}")),
        record_key(format!("key-by-group/{group}/created/{created}")),
        record_key(format!("key-by-certificate/{certificate}/name/{name}")),
        record_key(format!("key-by-certificate/{certificate}/created/{created}")),
    ]
}

/// Where the index of all keys, of those of a group or of those of a certificate begins.
pub(crate) fn key_index_prefix(
    group: Option<GroupId>,
    certificate: Option<CertificateId>,
    order: KeyOrder,
) -> String {
    match (group, certificate) {
        (Some(group), _) => format!("key-by-group/{group}/{order}/"),
        (None, Some(certificate)) => format!("key-by-certificate/{certificate}/{order}/"),
        (None, None) => format!("key-by-{order}/"),
    }
}

/// Where the records of public keys begin.
pub(crate) const ENROLLMENTS: &str = "enrollment/";

/// The connector that the public key belongs to that has, or would have, this id.
pub(crate) fn enrollment(id: ConnectorId) -> RecordKey {
    record_key(format!("{ENROLLMENTS}{id}"))
}

pub(crate) fn replays(id: ConnectorId) -> RecordKey {
    record_key(format!("{REPLAYS}{id}"))
}

pub(crate) fn enrollments_of_key(id: KeyId) -> String {
    format!("enrollment-by-key/{id}/")
}

pub(crate) fn enrollments_of_group(id: GroupId) -> String {
    format!("enrollment-by-group/{id}/")
}

pub(crate) fn enrollments_of_certificate(id: CertificateId) -> String {
    format!("enrollment-by-serial/{id}/")
}

/// The record before the first index entry with this prefix of who enrolled from `since` on.
pub(crate) fn enrolled_since(prefix: &str, since: Timestamp) -> RecordKey {
    record_key(format!("{prefix}{}", ms(since)))
}

pub(crate) fn revoked_by(issuer: &str) -> String {
    format!("{REVOCATIONS}{issuer}/")
}

pub(crate) fn revoked(issuer: &str, serial: &str) -> RecordKey {
    record_key(format!("{}{serial}", revoked_by(issuer)))
}

/// The CRL that a revoked certificate is on.
pub(crate) fn crl_of(revoked: &Record) -> Result<RecordKey, Error> {
    let issuer = revoked.key.as_bytes().split(|byte| *byte == b'/').nth(1);
    let issuer = issuer.and_then(|issuer| core::str::from_utf8(issuer).ok());
    Ok(crl(issuer.ok_or_else(|| damaged(revoked, &"its key names no issuer"))?))
}

pub(crate) fn crl(issuer: &str) -> RecordKey {
    record_key(format!("crl/{issuer}"))
}

pub(crate) fn last_revocation(issuer: &str) -> RecordKey {
    record_key(format!("last-revocation/{issuer}"))
}

/// The index entry of a connector's certificate; it holds the connector's id.
pub(crate) fn enrollment_by_serial(certificate: CertificateId, serial: &str) -> RecordKey {
    record_key(format!("{}{serial}", enrollments_of_certificate(certificate)))
}

/// The index entries of an enrollment: by key, by group.
pub(crate) fn enrollment_indexes(enrollment: &EnrollmentRecord) -> [RecordKey; 2] {
    let EnrollmentRecord { connector, key, group, .. } = enrollment;
    let at = ms(enrollment.enrolled_at);
    [
        record_key(format!("{}{at}/{connector}", enrollments_of_key(*key))),
        record_key(format!("{}{at}/{connector}", enrollments_of_group(*group))),
    ]
}

/// What the record keys of all admin tokens begin with.
pub(crate) const ADMIN_TOKENS: &str = "admin-token/";

pub(crate) fn admin_token(id: AdminTokenId) -> RecordKey {
    record_key(format!("{ADMIN_TOKENS}{id}"))
}

pub(crate) fn audit(at: Timestamp, tail: [u8; 8]) -> RecordKey {
    record_key(format!("{AUDIT}{}/{:016x}", ms(at), u64::from_be_bytes(tail)))
}

/// How far the audit trail was pruned.
pub(crate) fn audit_pruned() -> RecordKey {
    record_key("audit-pruned".into())
}

/// A moment as 13 digits, so that byte order is the order in time. The last moment of 13 digits
/// is in the year 2286; later ones sort as that one.
pub(crate) fn ms(at: Timestamp) -> String {
    format!("{:013}", at.unix_ms().min(9_999_999_999_999))
}

pub(crate) fn record_key(text: String) -> RecordKey {
    RecordKey::new(text).expect("ids and names are far shorter than a record key may be")
}
