//! Enrollment certificates of an external CA: requested with a CSR, or imported with their key.
//!
//! The root signs a cross-certificate for each, with its subject, its public key and its key
//! identifier. So a leaf has two chains: through the cross-certificate to the root that key texts
//! pin, and through the external certificate to the external root.

use alloc::string::{String, ToString};
use alloc::sync::Arc;
use alloc::vec::Vec;
use core::fmt;
use core::time::Duration;

use super::{
    BACKDATE, CaKey, EnrollmentCertificate, NewCertificate, add_certificate, check_terms, create,
    new_signer, seal, seal_key,
};
use crate::authority::{Authority, Inner};
use crate::ledger::error::{Error, InputError};
use crate::ledger::listing::{Page, PageRequest, entries};
use crate::ledger::model::{CertificateId, Name};
use crate::ledger::records::{
    self, Action, Bytes, CRL_VALIDITY, CertificateRecord, CertificateRequestRecord,
};
use crate::ledger::{Ledger, State, Stored};
use crate::time::Timestamp;
use crate::x509::{
    Certificate, CrossParameters, ExternalCa, LeafUrls, Pkcs8, PublicKey, SerialNumber, Signer,
    build_ca_csr, encode_pem, issue_cross_certificate, read_private_key,
};

/// How to import a CA certificate of an external CA, with its key.
#[derive(Debug)]
#[non_exhaustive]
pub struct CertificateImport<'a> {
    /// Its name, unique among enrollment certificates.
    pub name: Name,
    /// The certificate first, then those of its issuers that connectors receive with it.
    pub certificates: Vec<Certificate>,
    /// Its private key.
    pub key: ImportedKey<'a>,
    /// How long the certificates of connectors are valid; at least an hour. They end with this
    /// certificate at the latest.
    pub leaf_validity: Duration,
    /// How long after its end a connector's certificate can still be renewed.
    pub renewal_grace: Duration,
    /// The URLs in the certificates of connectors.
    pub leaf_urls: LeafUrls,
}

impl<'a> CertificateImport<'a> {
    /// An import whose connectors' certificates are valid for a year, and can be renewed for 30
    /// days more.
    pub fn new(name: Name, certificates: Vec<Certificate>, key: ImportedKey<'a>) -> Self {
        let NewCertificate { name, leaf_validity, renewal_grace, leaf_urls, .. } =
            NewCertificate::new(name);
        Self { name, certificates, key, leaf_validity, renewal_grace, leaf_urls }
    }
}

crate::setters::setters!(CertificateImport<'_> {
    leaf_validity: Duration,
    renewal_grace: Duration,
    leaf_urls: LeafUrls,
});

/// The private key of an imported CA certificate.
#[non_exhaustive]
pub enum ImportedKey<'a> {
    /// A file in PEM or DER, and its passphrase if it is encrypted. See [`read_private_key`]. The
    /// key is sealed into the store.
    File {
        /// The contents of the file.
        contents: &'a [u8],
        /// Its passphrase.
        passphrase: Option<&'a [u8]>,
    },
    /// A key that lives elsewhere. Its signer is attached as by [`Authority::attach_signer`].
    Elsewhere(Arc<dyn Signer>),
}

/// Without the key and its passphrase.
impl fmt::Debug for ImportedKey<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::File { .. } => f.write_str("File(elided)"),
            Self::Elsewhere(signer) => {
                f.debug_tuple("Elsewhere").field(signer.public_key()).finish()
            }
        }
    }
}

/// A certificate that was requested from an external CA, whose answer was not imported yet.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct CertificateRequest {
    /// The id that its certificate will have. The subject contains it.
    pub id: CertificateId,
    /// The name that its certificate will have.
    pub name: Name,
    /// When it was made.
    pub created_at: Timestamp,
    /// How long the certificates of connectors will be valid.
    pub leaf_validity: Duration,
    /// How long after its end a connector's certificate can still be renewed.
    pub renewal_grace: Duration,
    /// Whether its key lives elsewhere: see [`Authority::attach_signer`].
    pub key_elsewhere: bool,
    /// The CSR in DER, for the external CA.
    pub csr: Vec<u8>,
}

impl CertificateRequest {
    /// The CSR in PEM.
    pub fn csr_pem(&self) -> String {
        encode_pem("CERTIFICATE REQUEST", &self.csr)
    }

    fn new(record: CertificateRequestRecord) -> Self {
        Self {
            id: record.id,
            name: record.name,
            created_at: record.created_at,
            leaf_validity: Duration::from_secs(record.leaf_validity_seconds),
            renewal_grace: Duration::from_secs(record.renewal_grace_seconds),
            key_elsewhere: record.private_key.is_none(),
            csr: record.csr.0,
        }
    }
}

/// # Certificates of an external CA
impl Authority {
    /// Makes a CSR for a CA certificate (path length 0) of an external CA, with a new key pair or
    /// one that lives elsewhere. The external CA decides how long the certificate is valid;
    /// `new.validity` is ignored. [`import_answer`](Self::import_answer) imports what the CA
    /// issues. Until then no provisioning key can use the certificate.
    ///
    /// # Errors
    /// `name_in_use`, `validity_invalid`, `algorithm_unsupported`, `master_key_missing`, those of
    /// the signer and of the store.
    pub fn request_certificate(&self, new: &NewCertificate) -> Result<CertificateRequest, Error> {
        check_terms(new.leaf_validity, new.crl_validity)?;
        let Inner { ledger, issuers, .. } = self.inner()?;
        let record = self.transact(Action::CertificateRequested, |change| {
            let state = ledger.state();
            let record = new_request(ledger, &state, new, change.at())?;
            change.audit.certificate = Some(record.id);
            // No key is sealed under a master key that another process has replaced.
            change.expect(records::authority(), state.version);
            change.create(&record);
            if let Some(slot) = record.slot()? {
                change.count(records::master_users(slot), 1);
            }
            Ok(record)
        })?;
        new.signer.iter().cloned().for_each(|signer| issuers.attach(signer));
        Ok(CertificateRequest::new(record))
    }

    /// Imports the certificate that an external CA issued for a request. It becomes an enrollment
    /// certificate with the id of the request. Certificates of its issuers can follow it.
    ///
    /// # Errors
    /// `certificate_request_not_found`, any [`ExternalError`](crate::x509::ExternalError),
    /// `certificate_imported_already`, `certificate_subject_in_use`, and those of the store.
    pub fn import_answer(
        &self,
        id: CertificateId,
        certificates: &[Certificate],
    ) -> Result<EnrollmentCertificate, Error> {
        let ledger = self.ledger()?;
        let imported = self.transact(Action::CertificateImported, |change| {
            let Stored { version, record: request, .. } =
                ledger.entity::<CertificateRequestRecord>(id)?;
            let ca = ExternalCa::check(certificates, &request.public_key.0, change.at())?;
            let cross = cross_certificate(ledger, &ca, change.at())?;
            let record = CertificateRecord {
                id,
                name: request.name,
                created_at: request.created_at,
                leaf_validity_seconds: request.leaf_validity_seconds,
                renewal_grace_seconds: request.renewal_grace_seconds,
                crl_validity_seconds: request.crl_validity_seconds,
                leaf_urls: request.leaf_urls,
                certificate: Bytes(cross.der().to_vec()),
                external: ders(&ca),
                imported: false,
                private_key: request.private_key,
                retired_at: None,
            };
            change.audit.certificate = Some(id);
            change.expect(records::certificate_request(id), version);
            change.delete(records::certificate_request(id));
            add_certificate(change, &record, &cross);
            Ok((record, cross))
        });
        let (record, cross) =
            imported.map_err(|error| imported_already(ledger, error, certificates))?;
        EnrollmentCertificate::new(record, cross, 0)
    }

    /// Imports the certificate of an external CA with its private key.
    ///
    /// # Errors
    /// `name_in_use`, `validity_invalid`, any [`ExternalError`](crate::x509::ExternalError) and
    /// [`PrivateKeyError`](crate::x509::PrivateKeyError), `certificate_imported_already`,
    /// `certificate_subject_in_use`, `master_key_missing`, and those of the store.
    pub fn import_certificate(
        &self,
        import: &CertificateImport<'_>,
    ) -> Result<EnrollmentCertificate, Error> {
        check_terms(import.leaf_validity, CRL_VALIDITY)?;
        let Inner { ledger, issuers, .. } = self.inner()?;
        let ca = import.check(ledger.now())?;
        let key = import.key.open(ca.public_key())?;
        let imported = self.transact(Action::CertificateImported, |change| {
            let state = ledger.state();
            let cross = cross_certificate(ledger, &ca, change.at())?;
            let id = CertificateId::random(ledger.random())?;
            let record = CertificateRecord {
                id,
                name: import.name.clone(),
                created_at: change.at(),
                leaf_validity_seconds: import.leaf_validity.as_secs(),
                renewal_grace_seconds: import.renewal_grace.as_secs(),
                crl_validity_seconds: CRL_VALIDITY.as_secs(),
                leaf_urls: import.leaf_urls.clone(),
                certificate: Bytes(cross.der().to_vec()),
                external: ders(&ca),
                imported: true,
                private_key: seal_key(ledger, &state, id, &key, cross.spki())?,
                retired_at: None,
            };
            create(change, &state, &record, &cross)?;
            Ok((record, cross))
        });
        let (record, cross) =
            imported.map_err(|error| imported_already(ledger, error, &import.certificates))?;
        if let CaKey::Elsewhere(signer) = &key {
            issuers.attach(Arc::clone(signer));
        }
        EnrollmentCertificate::new(record, cross, 0)
    }

    /// A request for a certificate.
    ///
    /// # Errors
    /// `certificate_request_not_found`, and those of the store.
    pub fn certificate_request(&self, id: CertificateId) -> Result<CertificateRequest, Error> {
        Ok(CertificateRequest::new(self.ledger()?.entity(id)?.record))
    }

    /// The request for a certificate that has this id or this name.
    ///
    /// # Errors
    /// `certificate_request_not_found`, and those of the store.
    pub fn find_certificate_request(&self, id_or_name: &str) -> Result<CertificateRequest, Error> {
        Ok(CertificateRequest::new(self.ledger()?.find(id_or_name)?.record))
    }

    /// Lists the requests whose answer was not imported yet, by id.
    ///
    /// # Errors
    /// `cursor_invalid`, and those of the store.
    pub fn list_certificate_requests(
        &self,
        page: &PageRequest,
    ) -> Result<Page<CertificateRequest>, Error> {
        self.ledger()?.list(records::CERTIFICATE_REQUESTS, page, CertificateRequest::new)
    }

    /// All requests to external CAs: as [`Self::list_certificate_requests`], page by page.
    pub fn certificate_requests(
        &self,
    ) -> impl Iterator<Item = Result<CertificateRequest, Error>> + use<'_> {
        entries(|page| self.list_certificate_requests(page))
    }

    /// Deletes a request whose answer was not imported, and its private key.
    ///
    /// # Errors
    /// `certificate_request_not_found`, and those of the store.
    pub fn delete_certificate_request(&self, id: CertificateId) -> Result<(), Error> {
        let ledger = self.ledger()?;
        self.transact(Action::CertificateDeleted, |change| {
            let stored = ledger.entity::<CertificateRequestRecord>(id)?;
            change.audit.certificate = Some(id);
            change.audit.details = Some(stored.record.name.to_string());
            change.remove(&stored);
            if let Some(slot) = stored.record.slot()? {
                change.count(records::master_users(slot), -1);
            }
            Ok(())
        })
    }
}

impl CertificateImport<'_> {
    fn check(&self, now: Timestamp) -> Result<ExternalCa, Error> {
        let own = self.certificates.first().ok_or(crate::x509::ExternalError::WrongKey)?;
        let spki = match &self.key {
            ImportedKey::File { .. } => own.spki(),
            ImportedKey::Elsewhere(signer) => signer.public_key().spki(),
        };
        Ok(ExternalCa::check(&self.certificates, spki, now)?)
    }
}

impl ImportedKey<'_> {
    fn open(&self, public_key: &PublicKey) -> Result<CaKey, Error> {
        Ok(match self {
            Self::File { contents, passphrase } => {
                CaKey::Here(read_private_key(contents, *passphrase, public_key)?)
            }
            Self::Elsewhere(signer) => CaKey::Elsewhere(Arc::clone(signer)),
        })
    }
}

fn new_request(
    ledger: &Ledger,
    state: &State,
    new: &NewCertificate,
    now: Timestamp,
) -> Result<CertificateRequestRecord, Error> {
    let id = CertificateId::random(ledger.random())?;
    let csr = |signer: &dyn Signer| build_ca_csr(signer, new.name.as_str(), id.as_str());
    let (csr, public_key, key) = match &new.signer {
        Some(signer) => {
            let key = CaKey::Elsewhere(Arc::clone(signer));
            (csr(&**signer)?, signer.public_key().clone(), key)
        }
        None => {
            let (signer, private_key): (_, Pkcs8) = new_signer(new.algorithm)?;
            (csr(&signer)?, signer.public_key().clone(), CaKey::Here(private_key))
        }
    };
    Ok(CertificateRequestRecord {
        id,
        name: new.name.clone(),
        created_at: now,
        leaf_validity_seconds: new.leaf_validity.as_secs(),
        renewal_grace_seconds: new.renewal_grace.as_secs(),
        crl_validity_seconds: new.crl_validity.as_secs(),
        leaf_urls: new.leaf_urls.clone(),
        csr: Bytes(csr),
        private_key: seal_key(ledger, state, id, &key, public_key.spki())?,
        public_key: Bytes(public_key.spki().to_vec()),
    })
}

/// The certificate that the root signs for an external CA. It is valid while both are.
fn cross_certificate(
    ledger: &Ledger,
    ca: &ExternalCa,
    now: Timestamp,
) -> Result<Certificate, Error> {
    let state = ledger.state();
    if ca.certificate().subject_hash() == state.root.subject_hash() {
        return Err(InputError::CertificateSubjectInUse
            .about(ca.certificate().subject_text())
            .into());
    }
    let parameters = CrossParameters {
        serial: SerialNumber::random(ledger.random(), now)?,
        not_before: now.minus(BACKDATE),
        not_after: Timestamp::MAX,
    };
    Ok(issue_cross_certificate(&seal::open_root(&state)?, ca, &parameters)?)
}

/// Tells an import of the same CA from an import of another CA with the same subject.
fn imported_already(ledger: &Ledger, error: Error, certificates: &[Certificate]) -> Error {
    let Some(own) = certificates.first() else { return error };
    if !error.is_input(InputError::CertificateSubjectInUse) {
        return error;
    }
    match certificate_of_subject(ledger, own) {
        Ok(Some(other)) if other.spki() == own.spki() => {
            InputError::CertificateImportedAlready.about(own.subject_text()).into()
        }
        _ => error,
    }
}

/// The enrollment certificate that has the same subject.
fn certificate_of_subject(
    ledger: &Ledger,
    own: &Certificate,
) -> Result<Option<Certificate>, Error> {
    let id = ledger.read_text(records::certificate_by_subject(own.subject_hash()))?;
    let Some(id) = id.as_deref().and_then(|id| CertificateId::parse(id).ok()) else {
        return Ok(None);
    };
    let found = ledger.read::<CertificateRecord>(records::certificate(id))?;
    found.map(|(_, record)| record.parsed()).transpose()
}

fn ders(ca: &ExternalCa) -> Vec<Bytes> {
    ca.certificates().iter().map(|certificate| Bytes(certificate.der().to_vec())).collect()
}
