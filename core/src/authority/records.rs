//! What the authority keeps in its store: the record keys, and the bodies as JSON.
//!
//! | record | holds |
//! |---|---|
//! | `authority` | [`AuthorityRecord`] |
//! | `master-users/<slot>` | counter of what stands on a master key |
//! | `group/<id>`, `group-by-name/<name>`, `group-users/<id>` | [`GroupRecord`], its id, counter of its keys |
//! | `certificate/<id>`, `certificate-by-name/<name>`, `certificate-users/<id>` | [`CertificateRecord`], its id, counter of its keys |
//! | `certificate-by-subject/<hash>` | the id of the certificate with this subject |
//! | `certificate-request/<id>` | [`CertificateRequestRecord`]; its name is in `certificate-by-name` |
//! | `key/<id>`, `key-uses/<id>`, `key-deleted/<id>` | [`KeyRecord`], counter of its uses, [`Tombstone`] |
//! | `key-by-name/<name>`, `key-by-created/<ms>/<id>` | the key's id |
//! | `key-by-group/<group>/{name,created}/…`, `key-by-certificate/<certificate>/{name,created}/…` | the key's id |
//! | `enrollment/<connector>` | [`EnrollmentRecord`] |
//! | `renewed/<id of a public key>` | the id of the connector that renewed with this public key |
//! | `enrollment-by-key/<key>/<ms>/<connector>`, `enrollment-by-group/<group>/<ms>/<connector>` | nothing |
//! | `enrollment-by-serial/<certificate>/<serial>` | the connector's id |
//! | `revoked/<certificate>/<serial>` | [`RevokedRecord`]: what CRLs are made of |
//! | `last-revocation/<certificate>` | the connector's id; its version tells whether a CRL is complete |
//! | `crl/<certificate>` | [`CrlRecord`]; of the root, `crl/root` |
//! | `replays/<connector>` | [`ReplaysRecord`], best effort |
//! | `audit/<ms>/<16 hex digits>` | [`AuditRecord`](super::audit::AuditRecord) |
//!
//! Names are folded, moments are Unix milliseconds of 13 digits, so byte order is their order.

use alloc::format;
use alloc::string::{String, ToString};
use alloc::vec::Vec;
use core::net::IpAddr;
use core::time::Duration;

use base64ct::{Base64, Encoding};
use serde::de::{DeserializeOwned, Error as _};
use serde::{Deserialize, Deserializer, Serialize};

use super::address::AddressRange;
use super::error::{Error, MasterError};
use super::id::{AuthorityId, CertificateId, ConnectorId, GroupId};
use super::name::Name;
use crate::key::{Fingerprint, Host, KeyId, MasterId, Slot};
use crate::store::{Counter, Record, RecordKey, Value};
use crate::time::Timestamp;
use crate::x509::{Certificate, LeafUrls, RevocationReason};

/// How long a CRL is good unless told otherwise.
pub(super) const CRL_VALIDITY: Duration = Duration::from_secs(7 * 86_400);

/// The authority itself.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub(super) struct AuthorityRecord {
    pub(super) id: AuthorityId,
    pub(super) hosts: Vec<Host>,
    pub(super) trust_domain: String,
    pub(super) created_at: Timestamp,
    pub(super) masters: Vec<MasterRecord>,
    pub(super) current_master: u8,
    pub(super) root_certificate: Bytes,
    pub(super) root_key: SealedKey,
}

/// Which master key a keyring slot holds.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub(super) struct MasterRecord {
    pub(super) slot: u8,
    pub(super) id: MasterId,
}

/// A CA's private key, sealed under a master key.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub(super) struct SealedKey {
    pub(super) slot: u8,
    pub(super) nonce: Bytes,
    pub(super) sealed: Bytes,
}

impl SealedKey {
    /// The slot of the master key that it is sealed under.
    pub(super) fn slot(&self) -> Result<Slot, MasterError> {
        Slot::new(self.slot).ok_or(MasterError::SlotEmpty)
    }
}

#[derive(Clone, Debug, Serialize, Deserialize)]
pub(super) struct GroupRecord {
    pub(super) id: GroupId,
    pub(super) name: Name,
    pub(super) created_at: Timestamp,
}

#[derive(Clone, Debug, Serialize, Deserialize)]
pub(super) struct CertificateRecord {
    pub(super) id: CertificateId,
    pub(super) name: Name,
    pub(super) created_at: Timestamp,
    pub(super) leaf_validity_seconds: u64,
    /// Of records from before there was renewal, that of new ones.
    #[serde(default = "renewal_grace_seconds")]
    pub(super) renewal_grace_seconds: u64,
    #[serde(default = "crl_validity_seconds")]
    pub(super) crl_validity_seconds: u64,
    #[serde(default)]
    pub(super) leaf_urls: LeafUrls,
    /// The certificate that the root signed.
    pub(super) certificate: Bytes,
    /// For a corporate CA: its certificate as it was issued, then its issuers.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub(super) corporate: Vec<Bytes>,
    /// Whether somebody else has its key too.
    #[serde(default)]
    pub(super) imported: bool,
    /// `None`: the key lives elsewhere, with a signer that the host attaches.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(super) private_key: Option<SealedKey>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(super) retired_at: Option<Timestamp>,
}

fn renewal_grace_seconds() -> u64 {
    super::certificates::RENEWAL_GRACE.as_secs()
}

fn crl_validity_seconds() -> u64 {
    CRL_VALIDITY.as_secs()
}

impl CertificateRecord {
    /// The certificate.
    pub(super) fn parsed(&self) -> Result<Certificate, Error> {
        self.parse(&self.certificate)
    }

    /// The certificates of the corporate CA.
    pub(super) fn parsed_corporate(&self) -> Result<Vec<Certificate>, Error> {
        self.corporate.iter().map(|certificate| self.parse(certificate)).collect()
    }

    fn parse(&self, certificate: &Bytes) -> Result<Certificate, Error> {
        Certificate::parse(&certificate.0).map_err(|error| Error::RecordDamaged {
            key: format!("certificate/{}", self.id),
            what: error.to_string(),
        })
    }

    /// The slot of the master key that its private key is sealed under.
    pub(super) fn slot(&self) -> Result<Option<Slot>, MasterError> {
        self.private_key.as_ref().map(SealedKey::slot).transpose()
    }
}

/// A certificate that a corporate CA was asked for.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub(super) struct CertificateRequestRecord {
    pub(super) id: CertificateId,
    pub(super) name: Name,
    pub(super) created_at: Timestamp,
    pub(super) leaf_validity_seconds: u64,
    pub(super) renewal_grace_seconds: u64,
    pub(super) crl_validity_seconds: u64,
    #[serde(default)]
    pub(super) leaf_urls: LeafUrls,
    pub(super) csr: Bytes,
    /// Its SubjectPublicKeyInfo.
    pub(super) public_key: Bytes,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(super) private_key: Option<SealedKey>,
}

impl CertificateRequestRecord {
    /// The slot of the master key that its private key is sealed under.
    pub(super) fn slot(&self) -> Result<Option<Slot>, MasterError> {
        self.private_key.as_ref().map(SealedKey::slot).transpose()
    }
}

/// A record that may hold the private key of a CA.
pub(super) trait HoldsKey: Serialize + DeserializeOwned {
    /// Its id, which the key is sealed for.
    fn id(&self) -> CertificateId;
    /// The SubjectPublicKeyInfo, which the key is sealed with.
    fn spki(&self) -> Result<Vec<u8>, Error>;
    /// The key.
    fn private_key(&mut self) -> Option<&mut SealedKey>;
}

impl HoldsKey for CertificateRecord {
    fn id(&self) -> CertificateId {
        self.id
    }

    fn spki(&self) -> Result<Vec<u8>, Error> {
        Ok(self.parsed()?.spki().to_vec())
    }

    fn private_key(&mut self) -> Option<&mut SealedKey> {
        self.private_key.as_mut()
    }
}

impl HoldsKey for CertificateRequestRecord {
    fn id(&self) -> CertificateId {
        self.id
    }

    fn spki(&self) -> Result<Vec<u8>, Error> {
        Ok(self.public_key.0.clone())
    }

    fn private_key(&mut self) -> Option<&mut SealedKey> {
        self.private_key.as_mut()
    }
}

/// What an operator decides of a key. Nothing here is changed by an enrollment.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub(super) struct KeyRecord {
    pub(super) id: KeyId,
    pub(super) name: Name,
    pub(super) host: Host,
    pub(super) group: GroupId,
    pub(super) certificate: CertificateId,
    pub(super) created_at: Timestamp,
    pub(super) enabled: bool,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(super) expires_at: Option<Timestamp>,
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub(super) allowed_addresses: Vec<AddressRange>,
    pub(super) proof_only: bool,
}

/// What remains of a deleted key, so that its id is never used again.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub(super) struct Tombstone {
    pub(super) name: Name,
    pub(super) group: GroupId,
    pub(super) deleted_at: Timestamp,
}

/// A connector: how it enrolled, and its certificate. That is the one that it enrolled with, or
/// the one that it renewed with last.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub(super) struct EnrollmentRecord {
    pub(super) connector: ConnectorId,
    /// Of the public key that it enrolled with, and is known by.
    pub(super) spki_sha256: Bytes,
    pub(super) key: KeyId,
    pub(super) group: GroupId,
    pub(super) certificate: CertificateId,
    pub(super) enrolled_at: Timestamp,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(super) address: Option<IpAddr>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(super) fingerprint: Option<Fingerprint>,
    #[serde(deserialize_with = "serial")]
    pub(super) serial: String,
    pub(super) not_before: Timestamp,
    pub(super) not_after: Timestamp,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(super) revoked_at: Option<Timestamp>,
    #[serde(default, skip_serializing_if = "is_unspecified")]
    pub(super) revocation_reason: RevocationReason,
    pub(super) leaf: Bytes,
    /// `None`: it has never renewed.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(super) renewed: Option<RenewedRecord>,
}

/// What a connector has renewed.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub(super) struct RenewedRecord {
    pub(super) count: u64,
    pub(super) last_at: Timestamp,
    /// Of the public key of its certificate.
    pub(super) spki_sha256: Bytes,
    /// The certificates before its certificate: those that had not expired when it renewed, and
    /// at the end the one that was renewed last.
    pub(super) before: Vec<FormerCertificate>,
}

/// A certificate that was renewed. It stays valid until it expires.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub(super) struct FormerCertificate {
    pub(super) sha256: Bytes,
    pub(super) certificate: CertificateId,
    #[serde(deserialize_with = "serial")]
    pub(super) serial: String,
    pub(super) not_after: Timestamp,
}

impl EnrollmentRecord {
    /// Every certificate of the connector that may not have expired: the enrollment certificate
    /// that signed it, its serial number, and its end.
    pub(super) fn issued(&self) -> impl Iterator<Item = (CertificateId, &str, Timestamp)> {
        let former = self.renewed.iter().flat_map(|renewed| &renewed.before);
        let former = former.map(|one| (one.certificate, one.serial.as_str(), one.not_after));
        former.chain([(self.certificate, self.serial.as_str(), self.not_after)])
    }

    /// The SHA-256 of the public key of its certificate.
    pub(super) fn current_spki_sha256(&self) -> &[u8] {
        self.renewed.as_ref().map_or(&self.spki_sha256.0, |renewed| &renewed.spki_sha256.0)
    }
}

fn is_unspecified(reason: &RevocationReason) -> bool {
    *reason == RevocationReason::Unspecified
}

/// A certificate that was revoked before it expired.
#[derive(Clone, Copy, Debug, Serialize, Deserialize)]
pub(super) struct RevokedRecord {
    pub(super) revoked_at: Timestamp,
    #[serde(default, skip_serializing_if = "is_unspecified")]
    pub(super) reason: RevocationReason,
    pub(super) not_after: Timestamp,
}

/// Reads a serial number: hexadecimal, of at most 20 bytes (RFC 5280, 4.1.2.2). An index has it
/// in its keys, so it must be as short as they need it.
fn serial<'de, D: Deserializer<'de>>(deserializer: D) -> Result<String, D::Error> {
    let text = String::deserialize(deserializer)?;
    let valid = (1..=40).contains(&text.len()) && text.bytes().all(|b| b.is_ascii_hexdigit());
    if valid { Ok(text) } else { Err(D::Error::custom("this is no serial number")) }
}

#[derive(Clone, Copy, Debug, Default, Serialize, Deserialize)]
pub(super) struct ReplaysRecord {
    pub(super) count: u64,
    pub(super) last_at: Timestamp,
}

/// The last CRL of an issuer.
#[derive(Clone, Copy, Debug, Default, Serialize, Deserialize)]
pub(super) struct CrlRecord {
    pub(super) number: u64,
    pub(super) this_update: Timestamp,
}

impl CrlRecord {
    /// Whether a revoked certificate is on no list any more: it was on this one although it had
    /// expired (RFC 5280, 3.3), or was revoked only then.
    pub(super) fn is_over(&self, revoked: &RevokedRecord) -> bool {
        revoked.not_after.max(revoked.revoked_at) < self.this_update
    }
}

/// Bytes, as base64 in JSON.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(try_from = "String", into = "String")]
pub(super) struct Bytes(pub(super) Vec<u8>);

impl TryFrom<String> for Bytes {
    type Error = base64ct::Error;

    fn try_from(text: String) -> Result<Self, Self::Error> {
        Base64::decode_vec(&text).map(Self)
    }
}

impl From<Bytes> for String {
    fn from(bytes: Bytes) -> Self {
        Base64::encode_string(&bytes.0)
    }
}

/// The order in which keys are listed, and the index that has it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Order {
    Name,
    Created,
}

pub(super) fn authority() -> RecordKey {
    record_key("authority".into())
}

pub(super) fn master_users(slot: Slot) -> RecordKey {
    record_key(format!("master-users/{:02}", slot.number()))
}

pub(super) fn group(id: GroupId) -> RecordKey {
    record_key(format!("group/{id}"))
}

pub(super) fn group_by_name(folded: &str) -> RecordKey {
    record_key(format!("group-by-name/{folded}"))
}

pub(super) fn group_users(id: GroupId) -> RecordKey {
    record_key(format!("group-users/{id}"))
}

pub(super) fn certificate(id: CertificateId) -> RecordKey {
    record_key(format!("certificate/{id}"))
}

pub(super) fn certificate_by_name(folded: &str) -> RecordKey {
    record_key(format!("certificate-by-name/{folded}"))
}

pub(super) fn certificate_by_subject(hash: [u8; 32]) -> RecordKey {
    let digits: String = hash.iter().map(|byte| format!("{byte:02x}")).collect();
    record_key(format!("certificate-by-subject/{digits}"))
}

pub(super) fn certificate_request(id: CertificateId) -> RecordKey {
    record_key(format!("certificate-request/{id}"))
}

pub(super) fn certificate_users(id: CertificateId) -> RecordKey {
    record_key(format!("certificate-users/{id}"))
}

pub(super) fn key(id: KeyId) -> RecordKey {
    record_key(format!("key/{id}"))
}

pub(super) fn key_uses(id: KeyId) -> RecordKey {
    record_key(format!("key-uses/{id}"))
}

pub(super) fn key_deleted(id: KeyId) -> RecordKey {
    record_key(format!("key-deleted/{id}"))
}

pub(super) fn key_by_name(folded: &str) -> RecordKey {
    record_key(format!("key-by-name/{folded}"))
}

/// The index entries of a key; each holds its id. The first is the one that makes names unique.
pub(super) fn key_indexes(key: &KeyRecord) -> [RecordKey; 6] {
    let (name, created) = (key.name.folded(), format!("{}/{}", ms(key.created_at), key.id));
    let (group, certificate) = (key.group, key.certificate);
    [
        key_by_name(&name),
        record_key(format!("key-by-created/{created}")),
        record_key(format!("key-by-group/{group}/name/{name}")),
        record_key(format!("key-by-group/{group}/created/{created}")),
        record_key(format!("key-by-certificate/{certificate}/name/{name}")),
        record_key(format!("key-by-certificate/{certificate}/created/{created}")),
    ]
}

/// Where the index of all keys, of those of a group or of those of a certificate begins.
pub(super) fn key_index_prefix(
    group: Option<GroupId>,
    certificate: Option<CertificateId>,
    order: Order,
) -> String {
    let order = if order == Order::Name { "name" } else { "created" };
    match (group, certificate) {
        (Some(group), _) => format!("key-by-group/{group}/{order}/"),
        (None, Some(certificate)) => format!("key-by-certificate/{certificate}/{order}/"),
        (None, None) => format!("key-by-{order}/"),
    }
}

pub(super) fn enrollment(id: ConnectorId) -> RecordKey {
    record_key(format!("enrollment/{id}"))
}

/// Which connector has renewed with the public key that would make a connector of this id.
pub(super) fn renewed(id: ConnectorId) -> RecordKey {
    record_key(format!("renewed/{id}"))
}

pub(super) fn replays(id: ConnectorId) -> RecordKey {
    record_key(format!("replays/{id}"))
}

pub(super) fn enrollments_of_key(id: KeyId) -> String {
    format!("enrollment-by-key/{id}/")
}

pub(super) fn enrollments_of_group(id: GroupId) -> String {
    format!("enrollment-by-group/{id}/")
}

pub(super) fn enrollments_of_certificate(id: CertificateId) -> String {
    format!("enrollment-by-serial/{id}/")
}

/// The record before the first index entry with this prefix of who enrolled from `since` on.
pub(super) fn enrolled_since(prefix: &str, since: Timestamp) -> RecordKey {
    record_key(format!("{prefix}{}", ms(since)))
}

pub(super) fn revoked_by(issuer: &str) -> String {
    format!("revoked/{issuer}/")
}

pub(super) fn revoked(issuer: &str, serial: &str) -> RecordKey {
    record_key(format!("{}{serial}", revoked_by(issuer)))
}

/// The CRL that a revoked certificate is on.
pub(super) fn crl_of(revoked: &Record) -> Result<RecordKey, Error> {
    let issuer = revoked.key.as_bytes().split(|byte| *byte == b'/').nth(1);
    let issuer = issuer.and_then(|issuer| core::str::from_utf8(issuer).ok());
    Ok(crl(issuer.ok_or_else(|| damaged(revoked, &"its key names no issuer"))?))
}

pub(super) fn crl(issuer: &str) -> RecordKey {
    record_key(format!("crl/{issuer}"))
}

pub(super) fn last_revocation(issuer: &str) -> RecordKey {
    record_key(format!("last-revocation/{issuer}"))
}

/// The index entry of a connector's certificate; it holds the connector's id.
pub(super) fn enrollment_by_serial(certificate: CertificateId, serial: &str) -> RecordKey {
    record_key(format!("{}{serial}", enrollments_of_certificate(certificate)))
}

/// The index entries of an enrollment: by key, by group.
pub(super) fn enrollment_indexes(enrollment: &EnrollmentRecord) -> [RecordKey; 2] {
    let EnrollmentRecord { connector, key, group, .. } = enrollment;
    let at = ms(enrollment.enrolled_at);
    [
        record_key(format!("{}{at}/{connector}", enrollments_of_key(*key))),
        record_key(format!("{}{at}/{connector}", enrollments_of_group(*group))),
    ]
}

pub(super) fn audit(at: Timestamp, tail: [u8; 8]) -> RecordKey {
    record_key(format!("audit/{}/{:016x}", ms(at), u64::from_be_bytes(tail)))
}

/// A moment as 13 digits, so that byte order is the order in time. The last moment of 13 digits
/// is in the year 2286; later ones sort as that one.
pub(super) fn ms(at: Timestamp) -> String {
    format!("{:013}", at.unix_ms().min(9_999_999_999_999))
}

fn record_key(text: String) -> RecordKey {
    RecordKey::new(text).expect("ids and names are far shorter than a record key may be")
}

/// The body for a value.
pub(super) fn encode<T: Serialize>(value: &T) -> Vec<u8> {
    serde_json::to_vec(value).expect("our records have text keys and no failing fields")
}

/// The value of a body.
pub(super) fn decode<T: DeserializeOwned>(record: &Record) -> Result<T, Error> {
    match &record.value {
        Value::Body(body) => serde_json::from_slice(body).map_err(|e| damaged(record, &e)),
        Value::Counter(_) => Err(damaged(record, &"it is a counter")),
    }
}

/// The counter that a record is.
pub(super) fn counter(record: &Record) -> Result<Counter, Error> {
    match record.value {
        Value::Counter(counter) => Ok(counter),
        Value::Body(_) => Err(damaged(record, &"it is no counter")),
    }
}

/// The text that the body of an index entry is.
pub(super) fn text(record: &Record) -> Result<&str, Error> {
    match &record.value {
        Value::Body(body) => core::str::from_utf8(body).map_err(|e| damaged(record, &e)),
        Value::Counter(_) => Err(damaged(record, &"it is a counter")),
    }
}

pub(super) fn damaged(record: &Record, what: &dyn core::fmt::Display) -> Error {
    Error::RecordDamaged { key: format!("{:?}", record.key), what: what.to_string() }
}

/// What stands after the last `/` of a record's key.
pub(super) fn last_part<T>(record: &Record, parse: impl Fn(&str) -> Option<T>) -> Result<T, Error> {
    let last = record.key.as_bytes().rsplit(|byte| *byte == b'/').next();
    let text = last.and_then(|last| core::str::from_utf8(last).ok());
    text.and_then(parse).ok_or_else(|| damaged(record, &"its key does not end as it should"))
}

/// The ids that index entries hold.
pub(super) fn ids<Id>(
    index: &[Record],
    parse: impl Fn(&str) -> Option<Id>,
) -> Result<Vec<Id>, Error> {
    let id = |record| parse(text(record)?).ok_or_else(|| damaged(record, &"it holds no id"));
    index.iter().map(id).collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::x509::LeafUrl;

    #[test]
    fn a_certificate_from_before_there_were_urls_has_none() {
        let crl = LeafUrl::parse("http://crl.example/").unwrap();
        let record = CertificateRecord {
            id: CertificateId::parse("q2w3e4r5t6y7").unwrap(),
            name: Name::new("CA").unwrap(),
            created_at: Timestamp::default(),
            leaf_validity_seconds: 3600,
            renewal_grace_seconds: 0,
            crl_validity_seconds: 3600,
            leaf_urls: LeafUrls { crl: Some(crl), ..LeafUrls::default() },
            certificate: Bytes(Vec::new()),
            corporate: Vec::new(),
            imported: false,
            private_key: None,
            retired_at: None,
        };
        let mut body = serde_json::to_value(&record).unwrap();
        let read = |body| serde_json::from_value::<CertificateRecord>(body).unwrap().leaf_urls;
        assert_eq!(read(body.clone()), record.leaf_urls);
        body.as_object_mut().unwrap().remove("leaf_urls");
        assert_eq!(read(body), LeafUrls::default());
    }
}
