//! Enrollment certificates: the CA certificates that sign connectors' certificates.

mod details;
mod external;
pub(crate) mod issuers;
pub(crate) mod masters;
pub(crate) mod seal;
mod server;

pub use details::{CertificateWarning, EnrollmentCertificate};
pub use external::{CertificateImport, CertificateRequest, ImportedKey};
pub use server::ServerCertificate;

use alloc::string::String;
use alloc::sync::Arc;
use alloc::vec::Vec;
use core::fmt;
use core::time::Duration;

use crate::authority::{Authority, Inner, State};
use crate::ledger::change::{Change, Obstacle};
use crate::ledger::error::{Error, InputError, Refusal};
use crate::ledger::listing::{Examined, Page, PageRequest};
use crate::ledger::model::CertificateId;
use crate::ledger::model::name::{self, Name};
use crate::ledger::records::{
    self, Action, AuditRecord, Bytes, CRL_VALIDITY, CertificateRecord, RENEWAL_GRACE, SealedKey,
};
use crate::limits::{
    CA_VALIDITY_MIN, CRL_VALIDITY_MAX, CRL_VALIDITY_MIN, LEAF_VALIDITY_MIN, SCAN_RECORDS_MAX,
};
use crate::store::{Reason, ScanRange};
use crate::time::Timestamp;
use crate::x509::{
    CaParameters, Certificate, IssueError, KeyAlgorithm, LeafUrls, Pkcs8, SerialNumber, Signer,
    SignerError, SoftwareSigner, issue_enrollment_certificate,
};

/// How far before the present a certificate begins, so that a clock behind ours accepts it.
pub(crate) const BACKDATE: Duration = Duration::from_secs(5 * 60);
/// How to create an enrollment certificate under the authority's root.
#[derive(Clone)]
pub struct NewCertificate {
    /// Its name, unique among enrollment certificates.
    pub name: Name,
    /// The algorithm of its key, if that is made: P-256, P-384 or Ed25519.
    pub algorithm: KeyAlgorithm,
    /// Its key, if that lives elsewhere; it is attached as by [`Authority::attach_signer`].
    /// `None`: a key pair is made, and sealed into the store.
    pub signer: Option<Arc<dyn Signer>>,
    /// How long it is valid; at least a day. It ends with the root at the latest.
    pub validity: Duration,
    /// How long the certificates of connectors are valid; at least an hour. They end with the
    /// enrollment certificate at the latest.
    pub leaf_validity: Duration,
    /// How long after its end a connector's certificate is still renewed, by a signature of its
    /// key. Zero: not at all.
    pub renewal_grace: Duration,
    /// How long a CRL is good: an hour to a year. A new one is there when half of it is over.
    pub crl_validity: Duration,
    /// The URLs in the certificates of connectors.
    pub leaf_urls: LeafUrls,
}

impl NewCertificate {
    /// A certificate with a P-256 key, valid for 10 years, whose connectors' are valid for one, and
    /// are renewed for another 30 days, and hold no URLs; its CRLs are good for a week.
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
    /// Makes a certificate under the authority's root, for a key pair that is made or for one
    /// that lives elsewhere.
    ///
    /// # Errors
    /// `name_in_use`, `validity_invalid`, `algorithm_unsupported`, and those of the store.
    pub fn create_certificate(&self, new: &NewCertificate) -> Result<EnrollmentCertificate, Error> {
        check_terms(new.leaf_validity, new.crl_validity)?;
        if new.leaf_validity > new.validity {
            return Err(InputError::ValidityInvalid.into());
        }
        let inner = self.inner()?;
        inner.until_undisturbed(|| {
            let mut audit = self.audit(Action::CertificateCreated)?;
            let state = inner.state();
            let (record, certificate) = inner.new_certificate(&state, new, audit.at)?;
            audit.certificate = Some(record.id);
            let change = inner.new_certificate_change(&audit, &state, &record, &certificate)?;
            match inner.apply(change)? {
                Ok(_) => {
                    new.signer.iter().cloned().for_each(|signer| inner.issuers.attach(signer));
                    Ok(Some(EnrollmentCertificate::new(record, certificate, 0)?))
                }
                Err(obstacle) => {
                    inner.refused_new(&new.name, &certificate, &obstacle).map(|()| None)
                }
            }
        })
    }

    /// One enrollment certificate.
    ///
    /// # Errors
    /// `certificate_unanswered` if it was only asked for; `certificate_not_found`, and those of the store.
    pub fn certificate(&self, id: CertificateId) -> Result<EnrollmentCertificate, Error> {
        let keys = [records::certificate(id), records::certificate_users(id)];
        match EnrollmentCertificate::read(&self.inner()?.store.get(&keys)?)? {
            Some(certificate) => Ok(certificate),
            None => Err(self.inner()?.absent_certificate(id)?.into()),
        }
    }

    /// The enrollment certificate that has this id or this name.
    ///
    /// # Errors
    /// `certificate_not_found`, and those of the store.
    pub fn find_certificate(&self, id_or_name: &str) -> Result<EnrollmentCertificate, Error> {
        if let Some(id) = CertificateId::parse(id_or_name) {
            match self.certificate(id) {
                Err(Error::Input(InputError::CertificateNotFound)) => {}
                found => return found,
            }
        }
        let not_found = InputError::CertificateNotFound;
        let by_name = records::certificate_by_name(&name::lookup(id_or_name, not_found)?);
        let found = self.inner()?.read_text(by_name)?;
        self.certificate(found.as_deref().and_then(CertificateId::parse).ok_or(not_found)?)
    }

    /// Lists the enrollment certificates by name.
    ///
    /// # Errors
    /// `cursor_invalid`, and those of the store.
    pub fn list_certificates(
        &self,
        page: &PageRequest,
    ) -> Result<Page<EnrollmentCertificate>, Error> {
        self.inner()?.listing("certificate-by-name/".into(), false, page)?.run(|index| {
            let ids = records::ids(index, CertificateId::parse)?;
            let keys = ids
                .iter()
                .flat_map(|id| [records::certificate(*id), records::certificate_users(*id)]);
            let found = self.inner()?.store.get(&keys.collect::<Vec<_>>())?;
            found
                .chunks(2)
                .map(|pair| EnrollmentCertificate::read(pair).map(Examined::or_skip))
                .collect()
        })
    }

    /// Retires an enrollment certificate: nothing new is signed for connectors under it, at
    /// once and for ever. What it signed stays good, and connectors that have enrolled get
    /// their certificates again. Keys that use it are refused with `certificate_retired` until
    /// they are moved to another certificate. Retiring it once more changes nothing.
    ///
    /// # Errors
    /// `certificate_not_found`, and those of the store.
    pub fn retire_certificate(&self, id: CertificateId) -> Result<EnrollmentCertificate, Error> {
        let key = records::certificate(id);
        let retired = self.inner()?.until_undisturbed(|| {
            let found = self.inner()?.read::<CertificateRecord>(key.clone())?;
            let (version, mut record) = found.ok_or(InputError::CertificateNotFound)?;
            if record.retired_at.is_some() {
                return Ok(Some(record));
            }
            let mut audit = self.audit(Action::CertificateRetired)?;
            audit.certificate = Some(id);
            audit.details = Some(String::from(record.name.clone()));
            record.retired_at = Some(audit.at);
            let mut change = self.inner()?.change(&audit)?;
            change.expect(key.clone(), version);
            change.put(key.clone(), &record);
            Ok(self.inner()?.apply(change)?.is_ok().then_some(record))
        })?;
        self.inner()?.reopen_issuer(id);
        let certificate = match self.certificate(id) {
            // It was deleted since, and so no key used it.
            Err(Error::Input(InputError::CertificateNotFound)) => {
                let parsed = retired.parsed()?;
                EnrollmentCertificate::new(retired, parsed, 0)
            }
            found => found,
        };
        certificate.map_err(Error::after_change)
    }

    /// How many connectors' certificates an enrollment certificate has signed that are kept, and
    /// so prevent its deletion. [`Authority::list_connectors`] says whose they are. This reads
    /// all of them: it takes the longer, the more there are.
    ///
    /// # Errors
    /// Those of the store.
    pub fn count_connectors(&self, id: CertificateId) -> Result<u64, Error> {
        let prefix = records::enrollments_of_certificate(id).into_bytes();
        let mut range = ScanRange { prefix, after: None, reverse: false };
        let mut count = 0;
        loop {
            let found = self.inner()?.store.scan(&range, SCAN_RECORDS_MAX)?;
            count += found.len() as u64;
            match found.last() {
                Some(last) => range.after = Some(last.key.clone()),
                None => return Ok(count),
            }
        }
    }

    /// Deletes an enrollment certificate, and its private key, that no provisioning key uses and
    /// no connector's certificate hangs on.
    ///
    /// # Errors
    /// `certificate_not_found`, `certificate_in_use`, and those of the store.
    pub fn delete_certificate(&self, id: CertificateId) -> Result<(), Error> {
        let inner = self.inner()?;
        inner.until_undisturbed(|| {
            let users_key = records::certificate_users(id);
            let found = inner.store.get(&[records::certificate(id), users_key.clone()])?;
            let [Some(certificate), Some(users)] = &found[..] else {
                return Err(InputError::CertificateNotFound.into());
            };
            let record: CertificateRecord = records::decode(certificate)?;
            // As for groups: who enrolls under it meanwhile needs a key, which moves the counter.
            if inner.any(records::enrollments_of_certificate(id))? {
                return Err(InputError::CertificateInUse.into());
            }
            let mut audit = self.audit(Action::CertificateDeleted)?;
            audit.certificate = Some(id);
            audit.details = Some(String::from(record.name.clone()));
            let mut change = inner.change(&audit)?;
            change.expect_unused(users_key.clone());
            change.expect(users_key.clone(), users.version);
            change.expect(records::certificate(id), certificate.version);
            change.delete(records::certificate(id));
            change.delete(records::crl(id.as_str()));
            change.delete(users_key);
            change.delete(records::certificate_by_name(&record.name.folded()));
            let subject = record.parsed()?.subject_hash();
            change.delete(records::certificate_by_subject(subject));
            if let Some(slot) = record.slot()? {
                change.count(records::master_users(slot), -1, audit.at);
            }
            match inner.apply(change)? {
                Ok(_) => {
                    self.inner()?.close_issuer(id);
                    Ok(Some(()))
                }
                Err(obstacle) if obstacle.reason == Reason::InUse => {
                    Err(InputError::CertificateInUse.into())
                }
                Err(_) => Ok(None),
            }
        })
    }
}

impl Inner {
    fn new_certificate(
        &self,
        state: &State,
        new: &NewCertificate,
        now: Timestamp,
    ) -> Result<(CertificateRecord, Certificate), Error> {
        let random = &*self.random;
        let id = CertificateId::random(random)?;
        let not_after = ca_not_after(now, new.validity)?;
        let (public_key, key) = match &new.signer {
            Some(signer) => (signer.public_key().clone(), CaKey::Elsewhere(Arc::clone(signer))),
            None => new_signer(new.algorithm)
                .map(|(signer, key)| (signer.public_key().clone(), CaKey::Here(key)))?,
        };
        let certificate = issue_enrollment_certificate(
            &state.open_root()?,
            &public_key,
            &CaParameters {
                common_name: new.name.as_str(),
                id: id.as_str(),
                not_before: now.minus(BACKDATE),
                not_after,
                serial: SerialNumber::draw(random, now)?,
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
            private_key: self.seal_key(state, id, &key, certificate.spki())?,
            retired_at: None,
        };
        Ok((record, certificate))
    }

    /// Seals the private key of an enrollment certificate under the current master key, if it
    /// is here.
    pub(crate) fn seal_key(
        &self,
        state: &State,
        id: CertificateId,
        key: &CaKey,
        spki: &[u8],
    ) -> Result<Option<SealedKey>, Error> {
        let CaKey::Here(private_key) = key else { return Ok(None) };
        let place = seal::Place { authority: state.record.id, record: id.as_str() };
        seal::seal(state.current_master()?, &place, private_key, spki, &*self.random).map(Some)
    }

    /// The change that makes a new enrollment certificate.
    pub(crate) fn new_certificate_change(
        &self,
        audit: &AuditRecord,
        state: &State,
        record: &CertificateRecord,
        certificate: &Certificate,
    ) -> Result<Change, Error> {
        let by_name = records::certificate_by_name(&record.name.folded());
        let mut change = self.change(audit)?;
        // No key is sealed under a master key that another process has replaced.
        change.expect(records::authority(), state.version);
        change.expect_absent(by_name.clone());
        change.put_bytes(by_name, record.id.as_str());
        if let Some(slot) = record.slot()? {
            change.count(records::master_users(slot), 1, audit.at);
        }
        self.add_certificate(&mut change, record, certificate)?;
        Ok(change)
    }

    /// Adds an enrollment certificate whose name and whose sealed key are accounted for.
    pub(crate) fn add_certificate(
        &self,
        change: &mut Change,
        record: &CertificateRecord,
        certificate: &Certificate,
    ) -> Result<(), Error> {
        // Never are there two authorities with one name: who checks a leaf could not tell whose
        // key it was signed with.
        let by_subject = records::certificate_by_subject(certificate.subject_hash());
        change.expect_absent(by_subject.clone());
        change.put_bytes(by_subject, record.id.as_str());
        change.expect_absent(records::certificate(record.id));
        change.put(records::certificate(record.id), record);
        change.set_limit(records::certificate_users(record.id), None);
        Ok(())
    }

    /// Why a new enrollment certificate could not be stored; `Ok` if it is worth another try.
    pub(crate) fn refused_new(
        &self,
        name: &Name,
        certificate: &Certificate,
        obstacle: &Obstacle,
    ) -> Result<(), Error> {
        if obstacle.is(&records::certificate_by_name(&name.folded())) {
            return Err(InputError::NameInUse.into());
        }
        self.refused_certificate(certificate, obstacle)
    }

    /// The same for one whose name is its own already.
    pub(crate) fn refused_certificate(
        &self,
        certificate: &Certificate,
        obstacle: &Obstacle,
    ) -> Result<(), Error> {
        let by_subject = records::certificate_by_subject(certificate.subject_hash());
        if !obstacle.is(&by_subject) {
            return Ok(());
        }
        let Some(id) = self.read_text(by_subject)?.as_deref().and_then(CertificateId::parse) else {
            return Ok(());
        };
        match self.read::<CertificateRecord>(records::certificate(id))? {
            None => Ok(()),
            Some((_, other)) if other.parsed()?.spki() == certificate.spki() => {
                Err(InputError::CertificateImportedAlready.into())
            }
            Some(_) => Err(InputError::CertificateSubjectInUse.into()),
        }
    }

    /// Why there is no such enrollment certificate.
    pub(crate) fn absent_certificate(&self, id: CertificateId) -> Result<InputError, Error> {
        let request = self.store.get(&[records::certificate_request(id)])?;
        Ok(match request.into_iter().flatten().next() {
            Some(_) => InputError::CertificateUnanswered,
            None => InputError::CertificateNotFound,
        })
    }

    /// The version of the record of a certificate that keys may use.
    pub(crate) fn usable_certificate(&self, id: CertificateId) -> Result<u64, Error> {
        let found = self.read::<CertificateRecord>(records::certificate(id))?;
        let Some((version, record)) = found else {
            return Err(self.absent_certificate(id)?.into());
        };
        match record.retired_at {
            Some(_) => Err(Refusal::CertificateRetired.into()),
            None => Ok(version),
        }
    }
}

/// Leaves are valid long enough to be used, and CRLs to be fetched.
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
