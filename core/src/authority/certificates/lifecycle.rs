//! Enrollment certificates from creation to deletion.

use alloc::string::ToString;
use alloc::sync::Arc;
use alloc::vec::Vec;

use super::{
    BACKDATE, CaKey, EnrollmentCertificate, NewCertificate, ca_not_after, check_terms, create,
    new_signer, seal, seal_key,
};
use crate::authority::{Authority, Inner};
use crate::ledger::error::{Error, InputError};
use crate::ledger::listing::{Page, PageRequest, entries};
use crate::ledger::model::CertificateId;
use crate::ledger::records::{self, Action, Bytes, CertificateRecord};
use crate::ledger::{Ledger, State, Stored};
use crate::time::{Rounded, Timestamp};
use crate::x509::{CaParameters, Certificate, SerialNumber, Signer, issue_enrollment_certificate};

/// # Enrollment certificates
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
            return Err(InputError::ValidityInvalid.about(Rounded(new.leaf_validity)).into());
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
            Err(error) if error.is_input(InputError::CertificateNotFound) => {
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
            let in_use = || InputError::CertificateInUse.about(&stored.record.name);
            // As for groups: a connector can enroll under it only through a key.
            if ledger.any(records::enrollments_of_certificate(id))? {
                return Err(in_use().into());
            }
            let record = &stored.record;
            change.audit.certificate = Some(id);
            change.audit.details = Some(record.name.to_string());
            change.expect_unused(records::certificate_users(id)).or(in_use());
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

/// An enrollment certificate. One that was only requested counts as missing.
fn issued(ledger: &Ledger, id: CertificateId) -> Result<Stored<CertificateRecord>, Error> {
    let found = ledger.entities(&[id])?.pop().flatten();
    found.ok_or_else(|| InputError::CertificateNotFound.about(id).into())
}
