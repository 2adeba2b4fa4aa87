//! Enrollment certificates: the CA certificates that sign connectors' certificates.

use alloc::string::String;
use alloc::sync::Arc;
use alloc::vec::Vec;
use core::time::Duration;
use std::sync::PoisonError;

use super::audit::Action;
use super::error::{Error, InputError};
use super::id::CertificateId;
use super::name::{self, Name};
use super::page::{Examined, Page, PageRequest};
use super::records::{self, Bytes, CertificateRecord};
use super::{Authority, Inner, OpenIssuer, State, seal};
use crate::store::{Reason, Record};
use crate::time::Timestamp;
use crate::x509::{
    CaParameters, Certificate, IssueError, Issuer, KeyAlgorithm, Pkcs8, SerialNumber, Signer,
    SignerError, SoftwareSigner, issue_enrollment_certificate,
};

/// How far before the present a certificate begins, so that a clock behind ours accepts it.
pub(super) const BACKDATE: Duration = Duration::from_secs(5 * 60);
const CA_VALIDITY_MIN: Duration = Duration::from_secs(86_400);
const LEAF_VALIDITY_MIN: Duration = Duration::from_secs(3600);
/// How many opened issuers are kept. An authority has few; this only bounds the memory.
const OPEN_ISSUERS_MAX: usize = 1024;

/// How to create an enrollment certificate under the authority's root.
#[derive(Clone, Debug)]
pub struct NewCertificate {
    /// Its name, unique among enrollment certificates.
    pub name: Name,
    /// The algorithm of its key: P-256, P-384 or Ed25519.
    pub algorithm: KeyAlgorithm,
    /// How long it is valid; at least a day. It ends with the root at the latest.
    pub validity: Duration,
    /// How long the certificates of connectors are valid; at least an hour. They end with the
    /// enrollment certificate at the latest.
    pub leaf_validity: Duration,
}

impl NewCertificate {
    /// A certificate with a P-256 key, valid for 10 years, whose connectors' are valid for one.
    pub fn new(name: Name) -> Self {
        let year = Duration::from_secs(365 * 86_400);
        Self { name, algorithm: KeyAlgorithm::EcdsaP256, validity: 10 * year, leaf_validity: year }
    }
}

/// A CA certificate that signs the certificates of connectors.
#[derive(Clone, Debug, PartialEq, Eq)]
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
    /// The certificate.
    pub certificate: Certificate,
}

impl Authority {
    /// Makes a key pair and a certificate for it under the authority's root.
    ///
    /// # Errors
    /// `name_in_use`, `validity_invalid`, `algorithm_unsupported`, and those of the store.
    pub fn create_certificate(&self, new: &NewCertificate) -> Result<EnrollmentCertificate, Error> {
        if !(LEAF_VALIDITY_MIN..=new.validity).contains(&new.leaf_validity) {
            return Err(InputError::ValidityInvalid.into());
        }
        let inner = &self.inner;
        inner.until_undisturbed(|| {
            let mut audit = self.audit(Action::CertificateCreated);
            let state = inner.state();
            let (record, certificate) = inner.new_certificate(&state, new, audit.at)?;
            let id = record.id;
            audit.certificate = Some(id);
            let by_name = records::certificate_by_name(&new.name.folded());
            let mut change = inner.change(&audit)?;
            // No key is sealed under a master key that another process has replaced.
            change.expect(records::authority(), state.version);
            change.expect_absent(by_name.clone());
            change.expect_absent(records::certificate(id));
            change.put(records::certificate(id), &record);
            change.put_bytes(by_name.clone(), id.as_str());
            change.set_limit(records::certificate_users(id), None);
            change.count(records::master_users(record.private_key.slot()?), 1, audit.at);
            match inner.apply(change)? {
                Ok(_) => Ok(Some(EnrollmentCertificate::new(record, certificate, 0))),
                Err(obstacle) if obstacle.is(&by_name) => Err(InputError::NameInUse.into()),
                Err(_) => Ok(None),
            }
        })
    }

    /// One enrollment certificate.
    ///
    /// # Errors
    /// `certificate_not_found`, and those of the store.
    pub fn certificate(&self, id: CertificateId) -> Result<EnrollmentCertificate, Error> {
        let keys = [records::certificate(id), records::certificate_users(id)];
        EnrollmentCertificate::read(&self.inner.store.get(&keys)?)?
            .ok_or_else(|| InputError::CertificateNotFound.into())
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
        let found = self.inner.read_text(by_name)?;
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
        self.inner.listing("certificate-by-name/".into(), false, page)?.run(|index| {
            let ids = records::ids(index, CertificateId::parse)?;
            let keys = ids
                .iter()
                .flat_map(|id| [records::certificate(*id), records::certificate_users(*id)]);
            let found = self.inner.store.get(&keys.collect::<Vec<_>>())?;
            found
                .chunks(2)
                .map(|pair| EnrollmentCertificate::read(pair).map(Examined::or_skip))
                .collect()
        })
    }

    /// Deletes an enrollment certificate, and its private key, that no provisioning key uses and
    /// no connector's certificate hangs on.
    ///
    /// # Errors
    /// `certificate_not_found`, `certificate_in_use`, and those of the store.
    pub fn delete_certificate(&self, id: CertificateId) -> Result<(), Error> {
        let inner = &self.inner;
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
            let mut audit = self.audit(Action::CertificateDeleted);
            audit.certificate = Some(id);
            audit.details = Some(String::from(record.name.clone()));
            let mut change = inner.change(&audit)?;
            change.expect_unused(users_key.clone());
            change.expect(users_key.clone(), users.version);
            change.expect(records::certificate(id), certificate.version);
            change.delete(records::certificate(id));
            change.delete(users_key);
            change.delete(records::certificate_by_name(&record.name.folded()));
            change.count(records::master_users(record.private_key.slot()?), -1, audit.at);
            match inner.apply(change)? {
                Ok(_) => {
                    self.inner.close_issuer(id);
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

impl EnrollmentCertificate {
    fn new(record: CertificateRecord, certificate: Certificate, keys: u64) -> Self {
        let CertificateRecord { id, name, created_at, leaf_validity_seconds, .. } = record;
        let leaf_validity = Duration::from_secs(leaf_validity_seconds);
        Self { id, name, created_at, keys, leaf_validity, certificate }
    }

    /// Of a record and its counter, if both are there.
    fn read(found: &[Option<Record>]) -> Result<Option<Self>, Error> {
        let [Some(record), Some(users)] = found else {
            return Ok(None);
        };
        let body: CertificateRecord = records::decode(record)?;
        let certificate = body.parsed()?;
        Ok(Some(Self::new(body, certificate, records::counter(users)?.used)))
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
        let (signer, private_key) = new_signer(new.algorithm)?;
        let certificate = issue_enrollment_certificate(
            &state.open_root()?,
            signer.public_key(),
            &CaParameters {
                common_name: new.name.as_str(),
                id: id.as_str(),
                not_before: now.minus(BACKDATE),
                not_after,
                serial: SerialNumber::random(random)?,
            },
        )?;
        let place = seal::Place { authority: state.record.id, record: id.as_str() };
        let master = state.current_master()?;
        let record = CertificateRecord {
            id,
            name: new.name.clone(),
            created_at: now,
            leaf_validity_seconds: new.leaf_validity.as_secs(),
            certificate: Bytes(certificate.der().to_vec()),
            private_key: seal::seal(master, &place, &private_key, certificate.spki(), random)?,
        };
        Ok((record, certificate))
    }

    /// The enrollment certificate, ready to sign. Its record never changes what it signs with,
    /// so an opened one stays good; whether a key may still use it is decided elsewhere.
    pub(super) fn issuer(&self, id: CertificateId) -> Result<Arc<OpenIssuer>, Error> {
        let opened = self.issuers.read().unwrap_or_else(PoisonError::into_inner).get(&id).cloned();
        if let Some(issuer) = opened {
            return Ok(issuer);
        }
        let issuer = Arc::new(self.open_issuer(id)?);
        let mut issuers = self.issuers.write().unwrap_or_else(PoisonError::into_inner);
        if issuers.len() >= OPEN_ISSUERS_MAX {
            issuers.clear();
        }
        issuers.insert(id, Arc::clone(&issuer));
        Ok(issuer)
    }

    /// Forgets an opened issuer, and with it the private key.
    fn close_issuer(&self, id: CertificateId) {
        self.issuers.write().unwrap_or_else(PoisonError::into_inner).remove(&id);
    }

    fn open_issuer(&self, id: CertificateId) -> Result<OpenIssuer, Error> {
        let state = self.state();
        let found = self.read::<CertificateRecord>(records::certificate(id))?;
        let (_, record) = found.ok_or(InputError::CertificateNotFound)?;
        let certificate = record.parsed()?;
        let place = seal::Place { authority: state.record.id, record: id.as_str() };
        let signer = seal::open(&state.keyring, &place, &record.private_key, &certificate)?;
        let leaf_validity = Duration::from_secs(record.leaf_validity_seconds);
        Ok(OpenIssuer { issuer: Issuer::new(certificate, Arc::new(signer))?, leaf_validity })
    }
}

/// When a CA certificate ends that begins now.
pub(super) fn ca_not_after(now: Timestamp, validity: Duration) -> Result<Timestamp, InputError> {
    let not_after = now.plus(validity);
    if validity < CA_VALIDITY_MIN || not_after == Timestamp::MAX {
        return Err(InputError::ValidityInvalid);
    }
    Ok(not_after)
}

/// A new key pair for a CA.
pub(super) fn new_signer(algorithm: KeyAlgorithm) -> Result<(SoftwareSigner, Pkcs8), Error> {
    SoftwareSigner::generate(algorithm).map_err(|error| match error {
        SignerError::UnsupportedAlgorithm(_) => InputError::AlgorithmUnsupported.into(),
        error => IssueError::from(error).into(),
    })
}
