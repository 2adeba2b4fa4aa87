//! Enrollment certificates: the CA certificates that sign connectors' certificates.

mod details;
mod external;
pub(crate) mod issuers;
pub(crate) mod lookups;
mod masters;
pub(crate) mod seal;
mod server;

pub use details::{CertificateWarning, EnrollmentCertificate};
pub use external::{CertificateImport, CertificateRequest, ImportedKey};
pub use server::ServerCertificate;

use alloc::string::ToString;
use alloc::sync::Arc;
use alloc::vec::Vec;
use core::fmt;
use core::time::Duration;

use crate::authority::{Authority, Inner};
use crate::ledger::error::{Error, InputError, Refusal};
use crate::ledger::listing::{Page, PageRequest, entries};
use crate::ledger::model::{CertificateId, Name};
use crate::ledger::records::{
    self, Action, Bytes, CRL_VALIDITY, CertificateRecord, RENEWAL_GRACE, SealedKey,
};
use crate::ledger::{Change, Ledger, State, Stored};
use crate::limits::{CA_VALIDITY_MIN, CRL_VALIDITY_MAX, CRL_VALIDITY_MIN, LEAF_VALIDITY_MIN};
use crate::time::Timestamp;
use crate::x509::{
    CaParameters, Certificate, IssueError, KeyAlgorithm, LeafUrls, Pkcs8, SerialNumber, Signer,
    SignerError, SoftwareSigner, issue_enrollment_certificate,
};

/// How far in the past the validity of a certificate begins, so that a clock behind ours accepts
/// it.
pub(crate) const BACKDATE: Duration = Duration::from_secs(5 * 60);

/// How to create an enrollment certificate under the authority's root.
#[derive(Clone)]
#[non_exhaustive]
pub struct NewCertificate {
    /// Its name, unique among enrollment certificates.
    pub name: Name,
    /// The algorithm of a new key pair: P-256, P-384 or Ed25519.
    pub algorithm: KeyAlgorithm,
    /// The signer of a key that lives elsewhere. It is attached as by [`Authority::attach_signer`].
    /// `None`: a new key pair is sealed into the store.
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

crate::setters::setters!(NewCertificate {
    name: Name,
    algorithm: KeyAlgorithm,
    validity: Duration,
    leaf_validity: Duration,
    renewal_grace: Duration,
    crl_validity: Duration,
    leaf_urls: LeafUrls,
});

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
    pub fn signer(mut self, signer: Arc<dyn Signer>) -> Self {
        self.signer = Some(signer);
        self
    }
}

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

impl Authority {
    /// Creates an enrollment certificate under the authority's root, with a new key pair or one
    /// that lives elsewhere.
    ///
    /// # Errors
    /// `name_in_use`, `validity_invalid`, `algorithm_unsupported`, `master_key_missing`, and those
    /// of the store.
    pub fn create_certificate(&self, new: &NewCertificate) -> Result<EnrollmentCertificate, Error> {
        check_terms(new.leaf_validity, new.crl_validity)?;
        if new.leaf_validity > new.validity {
            return Err(InputError::ValidityInvalid.into());
        }
        let Inner { ledger, issuers, .. } = self.inner()?;
        let (record, certificate) = self.transact(Action::CertificateCreated, |change| {
            let state = ledger.state();
            let (record, certificate) = new_certificate(ledger, &state, new, change.at())?;
            create(change, &state, &record, &certificate)?;
            Ok((record, certificate))
        })?;
        new.signer.iter().cloned().for_each(|signer| issuers.attach(signer));
        EnrollmentCertificate::new(record, certificate, 0)
    }

    /// An enrollment certificate.
    ///
    /// # Errors
    /// `certificate_unanswered` if it was only requested; `certificate_not_found`, and those of the
    /// store.
    pub fn certificate(&self, id: CertificateId) -> Result<EnrollmentCertificate, Error> {
        EnrollmentCertificate::of(self.ledger()?.entity(id)?)
    }

    /// The enrollment certificate that has this id or this name.
    ///
    /// # Errors
    /// `certificate_unanswered` if it was only requested; `certificate_not_found`, and those of the
    /// store.
    pub fn find_certificate(&self, id_or_name: &str) -> Result<EnrollmentCertificate, Error> {
        EnrollmentCertificate::of(self.ledger()?.find(id_or_name)?)
    }

    /// Lists the enrollment certificates by name.
    ///
    /// # Errors
    /// `cursor_invalid`, and those of the store.
    pub fn list_certificates(
        &self,
        page: &PageRequest,
    ) -> Result<Page<EnrollmentCertificate>, Error> {
        self.ledger()?.list_by_name(page, EnrollmentCertificate::of)
    }

    /// All enrollment certificates: as [`Self::list_certificates`], page by page.
    pub fn certificates(
        &self,
    ) -> impl Iterator<Item = Result<EnrollmentCertificate, Error>> + use<'_> {
        entries(|page| self.list_certificates(page))
    }

    /// Retires an enrollment certificate, immediately and permanently: it signs no further
    /// certificate of a connector. Certificates that it signed stay valid, and replays still return
    /// them. Keys that use it are refused with `certificate_retired` until they are edited to use
    /// another certificate. Retiring it again changes nothing.
    ///
    /// # Errors
    /// `certificate_not_found`, and those of the store.
    pub fn retire_certificate(&self, id: CertificateId) -> Result<EnrollmentCertificate, Error> {
        let Inner { ledger, issuers, .. } = self.inner()?;
        let retired = self.transact(Action::CertificateRetired, |change| {
            let Stored { version, mut record, .. } = issued(ledger, id)?;
            if record.retired_at.is_some() {
                change.skip();
                return Ok(record);
            }
            record.retired_at = Some(change.at());
            change.audit.certificate = Some(id);
            change.audit.details = Some(record.name.to_string());
            change.expect(records::certificate(id), version);
            change.put(records::certificate(id), &record);
            Ok(record)
        })?;
        issuers.reopen(id);
        let certificate = match self.certificate(id) {
            // It was deleted meanwhile, so no key used it.
            Err(Error::Input(InputError::CertificateNotFound)) => {
                let parsed = retired.parsed()?;
                EnrollmentCertificate::new(retired, parsed, 0)
            }
            found => found,
        };
        certificate.map_err(Error::outcome_unknown)
    }

    /// The number of stored connectors' certificates that an enrollment certificate has signed.
    /// They prevent its deletion; [`Authority::list_connectors`] lists them. This reads all of
    /// them, so its duration grows with their number.
    ///
    /// # Errors
    /// Those of the store.
    pub fn count_connectors(&self, id: CertificateId) -> Result<u64, Error> {
        let mut pages = self.ledger()?.pages(records::enrollments_of_certificate(id));
        pages.try_fold(0, |count, page| Ok(count + page?.len() as u64))
    }

    /// Deletes an enrollment certificate and its private key. No provisioning key may use it, and
    /// no connector may have a certificate that it signed.
    ///
    /// # Errors
    /// `certificate_not_found`, `certificate_in_use`, and those of the store.
    pub fn delete_certificate(&self, id: CertificateId) -> Result<(), Error> {
        let Inner { ledger, issuers, .. } = self.inner()?;
        self.transact(Action::CertificateDeleted, |change| {
            let stored = issued(ledger, id)?;
            // As for groups: a connector can enroll under it only through a key.
            if ledger.any(records::enrollments_of_certificate(id))? {
                return Err(InputError::CertificateInUse.into());
            }
            let record = &stored.record;
            change.audit.certificate = Some(id);
            change.audit.details = Some(record.name.to_string());
            change.expect_unused(records::certificate_users(id)).or(InputError::CertificateInUse);
            change.expect(records::certificate_users(id), stored.counter_version);
            change.remove(&stored);
            change.delete(records::crl(id.as_str()));
            change.delete(records::certificate_by_subject(record.parsed()?.subject_hash()));
            if let Some(slot) = record.slot()? {
                change.count(records::master_users(slot), -1);
            }
            Ok(())
        })?;
        issuers.close(id);
        Ok(())
    }

    /// Attaches a signer whose key lives elsewhere, for instance in a token or a service. It signs
    /// for the enrollment certificate that has its public key, while this authority is open: the
    /// application attaches its signers each time it opens the authority. A signer with the same
    /// public key is replaced.
    ///
    /// Each of its signatures is verified before it is used, so a signer that fails or signs
    /// wrongly costs no use.
    ///
    /// # Errors
    /// `used_after_fork`.
    pub fn attach_signer(&self, signer: Arc<dyn Signer>) -> Result<(), Error> {
        self.inner()?.issuers.attach(signer);
        Ok(())
    }
}

fn new_certificate(
    ledger: &Ledger,
    state: &State,
    new: &NewCertificate,
    now: Timestamp,
) -> Result<(CertificateRecord, Certificate), Error> {
    let random = ledger.random();
    let id = CertificateId::random(random)?;
    let not_after = ca_not_after(now, new.validity)?;
    let (public_key, key) = match &new.signer {
        Some(signer) => (signer.public_key().clone(), CaKey::Elsewhere(Arc::clone(signer))),
        None => new_signer(new.algorithm)
            .map(|(signer, key)| (signer.public_key().clone(), CaKey::Here(key)))?,
    };
    let certificate = issue_enrollment_certificate(
        &seal::open_root(state)?,
        &public_key,
        &CaParameters {
            common_name: new.name.as_str(),
            id: id.as_str(),
            not_before: now.minus(BACKDATE),
            not_after,
            serial: SerialNumber::random(random, now)?,
        },
    )?;
    let record = CertificateRecord {
        id,
        name: new.name.clone(),
        created_at: now,
        leaf_validity_seconds: new.leaf_validity.as_secs(),
        renewal_grace_seconds: new.renewal_grace.as_secs(),
        crl_validity_seconds: new.crl_validity.as_secs(),
        leaf_urls: new.leaf_urls.clone(),
        certificate: Bytes(certificate.der().to_vec()),
        external: Vec::new(),
        imported: false,
        private_key: seal_key(ledger, state, id, &key, certificate.spki())?,
        retired_at: None,
    };
    Ok((record, certificate))
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
    change.expect_absent(by_subject.clone()).or(InputError::CertificateSubjectInUse);
    change.put_bytes(by_subject, record.id.as_str());
    change.expect_absent(records::certificate(record.id));
    change.put(records::certificate(record.id), record);
    change.set_limit(records::certificate_users(record.id), None);
}

/// An enrollment certificate. One that was only requested counts as missing.
fn issued(ledger: &Ledger, id: CertificateId) -> Result<Stored<CertificateRecord>, Error> {
    let found = ledger.entities(&[id])?.pop().flatten();
    found.ok_or_else(|| InputError::CertificateNotFound.into())
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
) -> Result<(), InputError> {
    let crls = (CRL_VALIDITY_MIN..=CRL_VALIDITY_MAX).contains(&crl_validity);
    let good = crls && leaf_validity >= LEAF_VALIDITY_MIN;
    if good { Ok(()) } else { Err(InputError::ValidityInvalid) }
}

/// When a CA certificate ends that begins now.
pub(crate) fn ca_not_after(now: Timestamp, validity: Duration) -> Result<Timestamp, InputError> {
    let not_after = now.plus(validity);
    if validity < CA_VALIDITY_MIN || not_after == Timestamp::MAX {
        return Err(InputError::ValidityInvalid);
    }
    Ok(not_after)
}

/// A new key pair for a CA.
pub(crate) fn new_signer(algorithm: KeyAlgorithm) -> Result<(SoftwareSigner, Pkcs8), Error> {
    SoftwareSigner::generate(algorithm).map_err(|error| match error {
        SignerError::UnsupportedAlgorithm(_) => InputError::AlgorithmUnsupported.into(),
        error => IssueError::from(error).into(),
    })
}
