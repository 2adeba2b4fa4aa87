//! What an operator sees of an enrollment certificate.

use alloc::vec::Vec;
use core::time::Duration;

use crate::ledger::Stored;
use crate::ledger::error::Error;
use crate::ledger::model::CertificateId;
use crate::ledger::model::name::Name;
use crate::ledger::records::CertificateRecord;
use crate::time::Timestamp;
use crate::x509::{Certificate, LeafUrls};

/// How long before its end a certificate has the warning `expires_soon`.
const EXPIRES_SOON: Duration = Duration::from_secs(90 * 86_400);

/// A CA certificate that signs the certificates of connectors.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct EnrollmentCertificate {
    /// Its id, which also stands in its subject.
    pub id: CertificateId,
    /// Its name, unique among enrollment certificates.
    pub name: Name,
    /// When it was created.
    pub created_at: Timestamp,
    /// How many provisioning keys use it.
    pub keys: u64,
    /// How long the certificates of connectors are valid.
    pub leaf_validity: Duration,
    /// How long after its end a connector's certificate can still be renewed.
    pub renewal_grace: Duration,
    /// The URLs in the certificates of connectors.
    pub leaf_urls: LeafUrls,
    /// When it was retired: since then it signs no connector's certificate.
    pub retired_at: Option<Timestamp>,
    /// Whether its key lives elsewhere: see
    /// [`Authority::attach_signer`](crate::authority::Authority::attach_signer).
    pub key_elsewhere: bool,
    /// The certificate, as the root signed it.
    pub certificate: Certificate,
    /// For an external CA: the certificate as that CA issued it, then its issuers. Otherwise empty.
    pub external: Vec<Certificate>,
}

/// What an operator should know about an enrollment certificate.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum CertificateWarning {
    /// It is retired: keys that use it enroll no connector.
    Retired,
    /// Its validity has not begun.
    NotYetValid,
    /// It has expired: neither it nor a certificate that it signed is accepted.
    Expired,
    /// It expires within 90 days.
    ExpiresSoon,
    /// It ends before the full validity of a certificate that it signs now, so that one is cut
    /// short.
    LeavesCutShort,
}

impl CertificateWarning {
    /// Every warning.
    pub const ALL: [Self; 5] =
        [Self::Retired, Self::NotYetValid, Self::Expired, Self::ExpiresSoon, Self::LeavesCutShort];

    /// `retired`, `not_yet_valid`, `expired`, `expires_soon` or `leaves_cut_short`.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Retired => "retired",
            Self::NotYetValid => "not_yet_valid",
            Self::Expired => "expired",
            Self::ExpiresSoon => "expires_soon",
            Self::LeavesCutShort => "leaves_cut_short",
        }
    }
}

crate::text::named!(CertificateWarning, "a warning about an enrollment certificate");

impl EnrollmentCertificate {
    /// The warnings at this moment.
    pub fn warnings(&self, now: Timestamp) -> Vec<CertificateWarning> {
        let (not_before, not_after) = (self.certificate.not_before(), self.certificate.not_after());
        let expired = now > not_after;
        let signs = !expired && self.retired_at.is_none();
        let all = [
            (self.retired_at.is_some(), CertificateWarning::Retired),
            (now < not_before, CertificateWarning::NotYetValid),
            (expired, CertificateWarning::Expired),
            (!expired && now.plus(EXPIRES_SOON) >= not_after, CertificateWarning::ExpiresSoon),
            (signs && now.plus(self.leaf_validity) > not_after, CertificateWarning::LeavesCutShort),
        ];
        all.into_iter().filter_map(|(applies, warning)| applies.then_some(warning)).collect()
    }
}

impl EnrollmentCertificate {
    pub(crate) fn new(
        record: CertificateRecord,
        certificate: Certificate,
        keys: u64,
    ) -> Result<Self, Error> {
        let external = record.parsed_external()?;
        let CertificateRecord { id, name, created_at, leaf_urls, retired_at, .. } = record;
        Ok(Self {
            id,
            name,
            created_at,
            keys,
            leaf_validity: Duration::from_secs(record.leaf_validity_seconds),
            renewal_grace: Duration::from_secs(record.renewal_grace_seconds),
            leaf_urls,
            retired_at,
            key_elsewhere: record.private_key.is_none(),
            certificate,
            external,
        })
    }

    pub(crate) fn of(stored: Stored<CertificateRecord>) -> Result<Self, Error> {
        let certificate = stored.record.parsed()?;
        Self::new(stored.record, certificate, stored.counter.used)
    }
}
