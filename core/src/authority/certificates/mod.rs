//! Enrollment certificates: the CA certificates that sign connectors' certificates.

// In the order of the documentation, as in `authority`.
mod lifecycle;

mod external;

mod server;

mod masters;

mod details;
pub(crate) mod issuers;
pub(crate) mod lookups;
pub(crate) mod seal;

pub use details::{CertificateWarning, EnrollmentCertificate};
pub use external::{CertificateImport, CertificateRequest, ImportedKey};
pub use server::ServerCertificate;

use alloc::sync::Arc;
use core::fmt;
use core::time::Duration;

use crate::ledger::error::{Error, InputError, Refusal, RejectedInput};
use crate::ledger::model::{CertificateId, Name};
use crate::ledger::records::{self, CRL_VALIDITY, CertificateRecord, RENEWAL_GRACE, SealedKey};
use crate::ledger::{Change, Ledger, State, Stored};
use crate::limits::{CA_VALIDITY_MIN, CRL_VALIDITY_MAX, CRL_VALIDITY_MIN, LEAF_VALIDITY_MIN};
use crate::time::{Rounded, Timestamp};
use crate::x509::{
    Certificate, IssueError, KeyAlgorithm, LeafUrls, Pkcs8, Signer, SignerError, SoftwareSigner,
};

/// How far in the past the validity of a certificate begins, so that a clock behind ours accepts
/// it.
pub(crate) const BACKDATE: Duration = Duration::from_secs(5 * 60);

/// How to create an enrollment certificate under the authority's root.
///
/// ```
/// use core::time::Duration;
///
/// use provkey::authority::NewCertificate;
/// use provkey::testing::TestAuthority;
///
/// let test = TestAuthority::new();
/// let day = Duration::from_secs(86_400);
/// let new = NewCertificate::new("CA 2".parse()?).leaf_validity(30 * day).renewal_grace(7 * day);
/// let certificate = test.authority.create_certificate(&new)?;
/// assert_eq!(certificate.leaf_validity, 30 * day);
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
#[derive(Clone)]
#[non_exhaustive]
pub struct NewCertificate {
    /// Its name, unique among enrollment certificates.
    pub name: Name,
    /// The algorithm of a new key pair: P-256, P-384 or Ed25519.
    pub algorithm: KeyAlgorithm,
    /// The signer of a key that lives elsewhere. It is attached as by
    /// [`Authority::attach_signer`](crate::authority::Authority::attach_signer). `None`: a new key
    /// pair is sealed into the store.
    pub signer: Option<Arc<dyn Signer>>,
    /// How long it is valid; at least a day. It ends with the root at the latest.
    pub validity: Duration,
    /// How long the certificates of connectors are valid; at least an hour. They end with the
    /// enrollment certificate at the latest.
    pub leaf_validity: Duration,
    /// How long after its end a connector's certificate can still be renewed, by a signature of its
    /// key. Zero: not at all.
    pub renewal_grace: Duration,
    /// How long a CRL is valid: an hour to a year. A new one is made after half of that time.
    pub crl_validity: Duration,
    /// The URLs in the certificates of connectors.
    pub leaf_urls: LeafUrls,
}

impl NewCertificate {
    /// A certificate with a P-256 key, valid for 10 years. Connectors' certificates are valid for a
    /// year, can be renewed for another 30 days, and contain no URLs. CRLs are valid for a week.
    pub fn new(name: Name) -> Self {
        let year = Duration::from_secs(365 * 86_400);
        Self {
            name,
            algorithm: KeyAlgorithm::EcdsaP256,
            signer: None,
            validity: 10 * year,
            leaf_validity: year,
            renewal_grace: RENEWAL_GRACE,
            crl_validity: CRL_VALIDITY,
            leaf_urls: LeafUrls::default(),
        }
    }

    /// Sets `signer`.
    #[must_use]
    pub fn signer(mut self, signer: Arc<dyn Signer>) -> Self {
        self.signer = Some(signer);
        self
    }
}

crate::setters::setters!(NewCertificate {
    name: Name,
    algorithm: KeyAlgorithm,
    validity: Duration,
    leaf_validity: Duration,
    renewal_grace: Duration,
    crl_validity: Duration,
    leaf_urls: LeafUrls,
});

impl fmt::Debug for NewCertificate {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self {
            name,
            algorithm,
            signer,
            validity,
            leaf_validity,
            renewal_grace,
            crl_validity,
            leaf_urls,
        } = self;
        f.debug_struct("NewCertificate")
            .field("name", name)
            .field("algorithm", algorithm)
            .field("signer", &signer.as_ref().map(|signer| signer.public_key()))
            .field("validity", validity)
            .field("leaf_validity", leaf_validity)
            .field("renewal_grace", renewal_grace)
            .field("crl_validity", crl_validity)
            .field("leaf_urls", leaf_urls)
            .finish()
    }
}

/// Where the private key of an enrollment certificate is.
pub(crate) enum CaKey {
    Here(Pkcs8),
    Elsewhere(Arc<dyn Signer>),
}

/// Seals the private key of an enrollment certificate under the current master key, if it is here.
fn seal_key(
    ledger: &Ledger,
    state: &State,
    id: CertificateId,
    key: &CaKey,
    spki: &[u8],
) -> Result<Option<SealedKey>, Error> {
    let CaKey::Here(private_key) = key else { return Ok(None) };
    let place = seal::Place { authority: state.record.id, record: id.as_str() };
    seal::seal(state.current_master()?, &place, private_key, spki, ledger.random()).map(Some)
}

/// Fills in the change that makes a new enrollment certificate.
fn create(
    change: &mut Change,
    state: &State,
    record: &CertificateRecord,
    certificate: &Certificate,
) -> Result<(), Error> {
    change.audit.certificate = Some(record.id);
    // No key is sealed under a master key that another process has replaced.
    change.expect(records::authority(), state.version);
    change.claim_name(record);
    if let Some(slot) = record.slot()? {
        change.count(records::master_users(slot), 1);
    }
    add_certificate(change, record, certificate);
    Ok(())
}

/// Adds an enrollment certificate, but not its name and not the count of its sealed key.
fn add_certificate(change: &mut Change, record: &CertificateRecord, certificate: &Certificate) {
    // No two CAs have one name: a program that checks a leaf could not tell which of their keys
    // signed it.
    let subject = certificate.subject_hash();
    let by_subject = records::certificate_by_subject(subject);
    change
        .expect_absent(by_subject.clone())
        .or(InputError::CertificateSubjectInUse.about(certificate.subject_text()));
    change.put_bytes(by_subject, record.id.as_str());
    change.expect_absent(records::certificate(record.id));
    change.put(records::certificate(record.id), record);
    change.set_limit(records::certificate_users(record.id), None);
}

/// The version of the record of a certificate that keys may use.
pub(crate) fn usable_version(ledger: &Ledger, id: CertificateId) -> Result<u64, Error> {
    let Stored { version, record, .. } = ledger.entity::<CertificateRecord>(id)?;
    match record.retired_at {
        Some(_) => Err(Refusal::CertificateRetired.into()),
        None => Ok(version),
    }
}

/// Checks that leaves are valid long enough to be used, and CRLs to be fetched.
pub(crate) fn check_terms(
    leaf_validity: Duration,
    crl_validity: Duration,
) -> Result<(), RejectedInput> {
    if !(CRL_VALIDITY_MIN..=CRL_VALIDITY_MAX).contains(&crl_validity) {
        return Err(InputError::ValidityInvalid.about(Rounded(crl_validity)));
    }
    if leaf_validity < LEAF_VALIDITY_MIN {
        return Err(InputError::ValidityInvalid.about(Rounded(leaf_validity)));
    }
    Ok(())
}

/// When a CA certificate ends that begins now.
pub(crate) fn ca_not_after(now: Timestamp, validity: Duration) -> Result<Timestamp, RejectedInput> {
    let not_after = now.plus(validity);
    if validity < CA_VALIDITY_MIN || not_after == Timestamp::MAX {
        return Err(InputError::ValidityInvalid.about(Rounded(validity)));
    }
    Ok(not_after)
}

/// A new key pair for a CA.
pub(crate) fn new_signer(algorithm: KeyAlgorithm) -> Result<(SoftwareSigner, Pkcs8), Error> {
    SoftwareSigner::generate(algorithm).map_err(|error| match error {
        SignerError::UnsupportedAlgorithm(_) => {
            InputError::AlgorithmUnsupported.about(algorithm).into()
        }
        error => IssueError::from(error).into(),
    })
}
