//! What records hold, as JSON.

use alloc::format;
use alloc::string::{String, ToString};
use alloc::vec::Vec;
use core::net::IpAddr;
use core::time::Duration;

use base64ct::{Base64, Encoding};
use serde::de::Error as _;
use serde::{Deserialize, Deserializer, Serialize};

use crate::key::{Fingerprint, Host, KeyId, MasterId, Slot};
use crate::ledger::error::{Error, MasterError};
use crate::ledger::model::name::Name;
use crate::ledger::model::{
    AddressRange, AdminRole, AdminScope, AdminTokenId, AuthorityId, CertificateId, ConnectorId,
    GroupId,
};
use crate::time::Timestamp;
use crate::x509::{Certificate, LeafUrls, RevocationReason};

/// How long after its end a connector's certificate can be renewed, by default.
pub(crate) const RENEWAL_GRACE: Duration = Duration::from_secs(30 * 86_400);
/// How long a CRL is valid, by default.
pub(crate) const CRL_VALIDITY: Duration = Duration::from_secs(7 * 86_400);

/// The authority itself.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub(crate) struct AuthorityRecord {
    pub(crate) id: AuthorityId,
    pub(crate) hosts: Vec<Host>,
    pub(crate) trust_domain: String,
    pub(crate) created_at: Timestamp,
    pub(crate) masters: Vec<MasterRecord>,
    pub(crate) current_master: u8,
    pub(crate) root_certificate: Bytes,
    pub(crate) root_key: SealedKey,
}

/// Which master key a keyring slot holds.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct MasterRecord {
    pub(crate) slot: u8,
    pub(crate) id: MasterId,
}

/// A CA's private key, sealed under a master key.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub(crate) struct SealedKey {
    pub(crate) slot: u8,
    pub(crate) nonce: Bytes,
    pub(crate) sealed: Bytes,
}

impl SealedKey {
    /// The slot of the master key that it is sealed under.
    pub(crate) fn slot(&self) -> Result<Slot, MasterError> {
        Slot::new(self.slot).ok_or(MasterError::SlotEmpty)
    }
}

#[derive(Clone, Debug, Serialize, Deserialize)]
pub(crate) struct GroupRecord {
    pub(crate) id: GroupId,
    pub(crate) name: Name,
    pub(crate) created_at: Timestamp,
}

#[derive(Clone, Debug, Serialize, Deserialize)]
pub(crate) struct CertificateRecord {
    pub(crate) id: CertificateId,
    pub(crate) name: Name,
    pub(crate) created_at: Timestamp,
    pub(crate) leaf_validity_seconds: u64,
    /// Records written before there was renewal get the default.
    #[serde(default = "renewal_grace_seconds")]
    pub(crate) renewal_grace_seconds: u64,
    #[serde(default = "crl_validity_seconds")]
    pub(crate) crl_validity_seconds: u64,
    #[serde(default)]
    pub(crate) leaf_urls: LeafUrls,
    /// The certificate that the root signed.
    pub(crate) certificate: Bytes,
    /// For an external CA: its certificate as it was issued, then its issuers. The stored field has
    /// an older name.
    #[serde(rename = "corporate", default, skip_serializing_if = "Vec::is_empty")]
    pub(crate) external: Vec<Bytes>,
    /// Whether it was imported with its key, so that its owner has the key, too.
    #[serde(default)]
    pub(crate) imported: bool,
    /// `None`: the key lives elsewhere, and the application attaches its signer.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(crate) private_key: Option<SealedKey>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(crate) retired_at: Option<Timestamp>,
}

fn renewal_grace_seconds() -> u64 {
    RENEWAL_GRACE.as_secs()
}

fn crl_validity_seconds() -> u64 {
    CRL_VALIDITY.as_secs()
}

impl CertificateRecord {
    /// The certificate.
    pub(crate) fn parsed(&self) -> Result<Certificate, Error> {
        self.parse(&self.certificate)
    }

    /// The certificates of the external CA.
    pub(crate) fn parsed_external(&self) -> Result<Vec<Certificate>, Error> {
        self.external.iter().map(|certificate| self.parse(certificate)).collect()
    }

    fn parse(&self, certificate: &Bytes) -> Result<Certificate, Error> {
        Certificate::parse(&certificate.0).map_err(|error| Error::RecordDamaged {
            key: format!("certificate/{}", self.id),
            what: error.to_string(),
        })
    }

    /// The slot of the master key that its private key is sealed under.
    pub(crate) fn slot(&self) -> Result<Option<Slot>, MasterError> {
        self.private_key.as_ref().map(SealedKey::slot).transpose()
    }
}

/// A certificate that an external CA was asked for.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub(crate) struct CertificateRequestRecord {
    pub(crate) id: CertificateId,
    pub(crate) name: Name,
    pub(crate) created_at: Timestamp,
    pub(crate) leaf_validity_seconds: u64,
    pub(crate) renewal_grace_seconds: u64,
    pub(crate) crl_validity_seconds: u64,
    #[serde(default)]
    pub(crate) leaf_urls: LeafUrls,
    pub(crate) csr: Bytes,
    /// Its SubjectPublicKeyInfo.
    pub(crate) public_key: Bytes,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(crate) private_key: Option<SealedKey>,
}

impl CertificateRequestRecord {
    /// The slot of the master key that its private key is sealed under.
    pub(crate) fn slot(&self) -> Result<Option<Slot>, MasterError> {
        self.private_key.as_ref().map(SealedKey::slot).transpose()
    }
}

/// What an operator decides of a key. Nothing here is changed by an enrollment.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub(crate) struct KeyRecord {
    pub(crate) id: KeyId,
    pub(crate) name: Name,
    pub(crate) host: Host,
    pub(crate) group: GroupId,
    pub(crate) certificate: CertificateId,
    pub(crate) created_at: Timestamp,
    pub(crate) enabled: bool,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(crate) expires_at: Option<Timestamp>,
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub(crate) allowed_addresses: Vec<AddressRange>,
    pub(crate) proof_only: bool,
    /// Final: nothing resets it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(crate) compromised_at: Option<Timestamp>,
}

/// What remains of a deleted key, so that its id is never used again.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub(crate) struct Tombstone {
    pub(crate) name: Name,
    pub(crate) group: GroupId,
    pub(crate) deleted_at: Timestamp,
}

/// A connector: how it enrolled, and its certificate. That is the one that it enrolled with, or
/// the one that it renewed with last.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub(crate) struct EnrollmentRecord {
    pub(crate) connector: ConnectorId,
    /// Of the public key that it enrolled with, and is known by.
    pub(crate) spki_sha256: Bytes,
    pub(crate) key: KeyId,
    pub(crate) group: GroupId,
    pub(crate) certificate: CertificateId,
    pub(crate) enrolled_at: Timestamp,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(crate) address: Option<IpAddr>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(crate) fingerprint: Option<Fingerprint>,
    #[serde(deserialize_with = "serial")]
    pub(crate) serial: String,
    pub(crate) not_before: Timestamp,
    pub(crate) not_after: Timestamp,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(crate) revoked_at: Option<Timestamp>,
    #[serde(default, skip_serializing_if = "is_unspecified")]
    pub(crate) revocation_reason: RevocationReason,
    pub(crate) leaf: Bytes,
    /// `None`: it has never renewed.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(crate) renewed: Option<RenewedRecord>,
}

/// What a connector has renewed.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub(crate) struct RenewedRecord {
    pub(crate) count: u64,
    pub(crate) last_at: Timestamp,
    /// Of the public key of its certificate.
    pub(crate) spki_sha256: Bytes,
    /// The certificates before its certificate: those that had not expired when it renewed, and
    /// at the end the one that was renewed last.
    pub(crate) before: Vec<FormerCertificate>,
}

/// A certificate that was renewed. It stays valid until it expires.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub(crate) struct FormerCertificate {
    pub(crate) sha256: Bytes,
    pub(crate) certificate: CertificateId,
    #[serde(deserialize_with = "serial")]
    pub(crate) serial: String,
    pub(crate) not_after: Timestamp,
}

impl EnrollmentRecord {
    /// Every certificate of the connector that may not have expired: the enrollment certificate
    /// that signed it, its serial number, and its end.
    pub(crate) fn issued(&self) -> impl Iterator<Item = (CertificateId, &str, Timestamp)> {
        let former = self.renewed.iter().flat_map(|renewed| &renewed.before);
        let former = former.map(|one| (one.certificate, one.serial.as_str(), one.not_after));
        former.chain([(self.certificate, self.serial.as_str(), self.not_after)])
    }

    /// The SHA-256 of the public key of its certificate.
    pub(crate) fn current_spki_sha256(&self) -> &[u8] {
        self.renewed.as_ref().map_or(&self.spki_sha256.0, |renewed| &renewed.spki_sha256.0)
    }
}

fn is_unspecified(reason: &RevocationReason) -> bool {
    *reason == RevocationReason::Unspecified
}

/// An admin token, without its text.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub(crate) struct AdminTokenRecord {
    pub(crate) id: AdminTokenId,
    pub(crate) name: Name,
    pub(crate) role: AdminRole,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(crate) scope: Option<AdminScope>,
    pub(crate) created_at: Timestamp,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(crate) created_by: Option<String>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(crate) expires_at: Option<Timestamp>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(crate) revoked_at: Option<Timestamp>,
    /// `None`: the token was made before there were verifiers, and is never accepted.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(crate) verifier: Option<TokenVerifier>,
}

/// What verifies an admin token, and the slot of the master key that it was made with.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub(crate) struct TokenVerifier {
    pub(crate) slot: u8,
    pub(crate) hmac: Bytes,
}

impl TokenVerifier {
    /// The slot of the master key that it was made with.
    pub(crate) fn slot(&self) -> Option<Slot> {
        Slot::new(self.slot)
    }
}

/// A certificate that was revoked before it expired.
#[derive(Clone, Copy, Debug, Serialize, Deserialize)]
pub(crate) struct RevokedRecord {
    pub(crate) revoked_at: Timestamp,
    #[serde(default, skip_serializing_if = "is_unspecified")]
    pub(crate) reason: RevocationReason,
    pub(crate) not_after: Timestamp,
}

/// Reads a serial number: hexadecimal, of at most 20 bytes (RFC 5280, 4.1.2.2). An index has it
/// in its keys, so it must be as short as they need it.
fn serial<'de, D: Deserializer<'de>>(deserializer: D) -> Result<String, D::Error> {
    let text = String::deserialize(deserializer)?;
    let valid = (1..=40).contains(&text.len()) && text.bytes().all(|b| b.is_ascii_hexdigit());
    if valid { Ok(text) } else { Err(D::Error::custom("this is no serial number")) }
}

#[derive(Clone, Copy, Debug, Default, Serialize, Deserialize)]
pub(crate) struct ReplaysRecord {
    pub(crate) count: u64,
    pub(crate) last_at: Timestamp,
}

/// The last CRL of an issuer.
#[derive(Clone, Copy, Debug, Default, Serialize, Deserialize)]
pub(crate) struct CrlRecord {
    pub(crate) number: u64,
    pub(crate) this_update: Timestamp,
}

impl CrlRecord {
    /// Whether a revoked certificate is on no list any more: it was on this one although it had
    /// expired (RFC 5280, 3.3), or was revoked only then.
    pub(crate) fn is_over(&self, revoked: &RevokedRecord) -> bool {
        revoked.not_after.max(revoked.revoked_at) < self.this_update
    }
}

/// Bytes, as base64 in JSON.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(try_from = "String", into = "String")]
pub(crate) struct Bytes(pub(crate) Vec<u8>);

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

#[cfg(test)]
mod tests {
    use super::*;
    use crate::x509::LeafUrl;

    #[test]
    fn a_certificate_from_before_there_were_urls_has_none() {
        let crl = LeafUrl::parse("http://crl.example/").unwrap();
        let record = CertificateRecord {
            id: CertificateId::parse("q2w3e4r5t6y7").unwrap(),
            name: Name::parse("CA").unwrap(),
            created_at: Timestamp::default(),
            leaf_validity_seconds: 3600,
            renewal_grace_seconds: 0,
            crl_validity_seconds: 3600,
            leaf_urls: LeafUrls { crl: Some(crl), ..LeafUrls::default() },
            certificate: Bytes(Vec::new()),
            external: Vec::new(),
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
