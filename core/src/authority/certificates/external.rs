//! Enrollment certificates of an external CA: asked for with a CSR, or imported with their key.
//!
//! The root signs a cross-certificate for each, with its subject, its public key and its key
//! identifier. So a leaf has two chains: by the cross-certificate to the root that key texts
//! pin, and by the external certificate to the external root.

use alloc::string::{String, ToString};
use alloc::sync::Arc;
use alloc::vec::Vec;
use core::time::Duration;

use crate::authority::certificates::{
    BACKDATE, CaKey, EnrollmentCertificate, NewCertificate, check_terms, new_signer,
};
use crate::authority::{Authority, Inner, State};
use crate::ledger::error::{Error, InputError};
use crate::ledger::listing::{Examined, Page, PageRequest};
use crate::ledger::model::CertificateId;
use crate::ledger::model::name::{self, Name};
use crate::ledger::records::{
    self, Action, Bytes, CRL_VALIDITY, CertificateRecord, CertificateRequestRecord,
};
use crate::time::Timestamp;
use crate::x509::{
    Certificate, CrossParameters, ExternalCa, LeafUrls, Pkcs8, PublicKey, SerialNumber, Signer,
    build_ca_csr, encode_pem, issue_cross_certificate, read_private_key,
};

/// A CA certificate of somebody else, to be imported.
pub struct CertificateImport<'a> {
    /// Its name, unique among enrollment certificates.
    pub name: Name,
    /// The certificate, first, and those of its issuers that connectors are to get with it.
    pub certificates: Vec<Certificate>,
    /// Its private key.
    pub key: ImportedKey<'a>,
    /// How long the certificates of connectors are valid; at least an hour. They end with this
    /// certificate at the latest.
    pub leaf_validity: Duration,
    /// How long after its end the certificate of a connector is still renewed.
    pub renewal_grace: Duration,
    /// The URLs in the certificates of connectors.
    pub leaf_urls: LeafUrls,
}

impl<'a> CertificateImport<'a> {
    /// One whose connectors' certificates are valid for a year, and renewed for 30 days more.
    pub fn new(name: Name, certificates: Vec<Certificate>, key: ImportedKey<'a>) -> Self {
        let NewCertificate { name, leaf_validity, renewal_grace, leaf_urls, .. } =
            NewCertificate::new(name);
        Self { name, certificates, key, leaf_validity, renewal_grace, leaf_urls }
    }
}

/// The private key of an imported CA certificate.
pub enum ImportedKey<'a> {
    /// A file in PEM or DER, and its passphrase if it is encrypted. See [`read_private_key`]. The
    /// key is sealed into the store.
    File {
        /// What is in the file.
        contents: &'a [u8],
        /// Its passphrase.
        passphrase: Option<&'a [u8]>,
    },
    /// It lives elsewhere; it is attached as by [`Authority::attach_signer`].
    Elsewhere(Arc<dyn Signer>),
}

/// A certificate that an external CA was asked for, and has not issued yet.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct CertificateRequest {
    /// The id that its certificate will have. It stands in the subject.
    pub id: CertificateId,
    /// The name that its certificate will have.
    pub name: Name,
    /// When it was made.
    pub created_at: Timestamp,
    /// How long the certificates of connectors will be valid.
    pub leaf_validity: Duration,
    /// How long after its end the certificate of a connector will still be renewed.
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

impl Authority {
    /// Makes a key pair, or takes one that lives elsewhere, and a CSR with which an external CA
    /// can be asked for a CA certificate (path length 0). How long that is valid is up to the
    /// external CA: `new.validity` does not count. [`import_answer`](Self::import_answer) takes
    /// what it issues; until then no provisioning key can use it.
    ///
    /// # Errors
    /// `name_in_use`, `validity_invalid`, `algorithm_unsupported`, those of the signer and of
    /// the store.
    pub fn request_certificate(&self, new: &NewCertificate) -> Result<CertificateRequest, Error> {
        check_terms(new.leaf_validity, new.crl_validity)?;
        let inner = self.inner()?;
        inner.until_undisturbed(|| {
            let mut audit = self.audit(Action::CertificateRequested)?;
            let state = inner.state();
            let record = inner.new_request(&state, new, audit.at)?;
            let id = record.id;
            audit.certificate = Some(id);
            let by_name = records::certificate_by_name(&new.name.folded());
            let mut change = inner.change(&audit)?;
            // No key is sealed under a master key that another process has replaced.
            change.expect(records::authority(), state.version);
            change.expect_absent(by_name.clone());
            change.expect_absent(records::certificate_request(id));
            change.put(records::certificate_request(id), &record);
            change.put_bytes(by_name.clone(), id.as_str());
            if let Some(slot) = record.slot()? {
                change.count(records::master_users(slot), 1, audit.at);
            }
            match inner.apply(change)? {
                Ok(_) => {
                    new.signer.iter().cloned().for_each(|signer| inner.issuers.attach(signer));
                    Ok(Some(CertificateRequest::new(record)))
                }
                Err(obstacle) if obstacle.is(&by_name) => Err(InputError::NameInUse.into()),
                Err(_) => Ok(None),
            }
        })
    }

    /// Takes the certificate that an external CA issued for a request: it becomes an enrollment
    /// certificate, with the id of the request. Certificates of its issuers may come with it.
    ///
    /// # Errors
    /// `certificate_request_not_found`, any [`ExternalError`](crate::x509::ExternalError),
    /// `certificate_subject_in_use`, and those of the store.
    pub fn import_answer(
        &self,
        id: CertificateId,
        certificates: &[Certificate],
    ) -> Result<EnrollmentCertificate, Error> {
        let inner = self.inner()?;
        inner.until_undisturbed(|| {
            let mut audit = self.audit(Action::CertificateImported)?;
            audit.certificate = Some(id);
            let found = inner.read(records::certificate_request(id))?;
            let (version, request): (_, CertificateRequestRecord) =
                found.ok_or(InputError::CertificateRequestNotFound)?;
            let ca = ExternalCa::check(certificates, &request.public_key.0, audit.at)?;
            let state = inner.state();
            let cross = inner.cross_certificate(&state, &ca, audit.at)?;
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
            let mut change = inner.change(&audit)?;
            change.expect(records::certificate_request(id), version);
            change.delete(records::certificate_request(id));
            inner.add_certificate(&mut change, &record, &cross)?;
            match inner.apply(change)? {
                Ok(_) => Ok(Some(EnrollmentCertificate::new(record, cross, 0)?)),
                Err(obstacle) => inner.refused_certificate(&cross, &obstacle).map(|()| None),
            }
        })
    }

    /// Imports the CA certificate of somebody else, with its private key.
    ///
    /// # Errors
    /// `name_in_use`, `validity_invalid`, any [`ExternalError`](crate::x509::ExternalError) and
    /// [`PrivateKeyError`](crate::x509::PrivateKeyError), `certificate_imported_already`,
    /// `certificate_subject_in_use`, and those of the store.
    pub fn import_certificate(
        &self,
        import: &CertificateImport<'_>,
    ) -> Result<EnrollmentCertificate, Error> {
        check_terms(import.leaf_validity, CRL_VALIDITY)?;
        let inner = self.inner()?;
        let ca = import.check(inner.clock.now())?;
        let key = import.key.open(ca.public_key())?;
        inner.until_undisturbed(|| {
            let mut audit = self.audit(Action::CertificateImported)?;
            let state = inner.state();
            let cross = inner.cross_certificate(&state, &ca, audit.at)?;
            let id = CertificateId::random(&*inner.random)?;
            audit.certificate = Some(id);
            let record = CertificateRecord {
                id,
                name: import.name.clone(),
                created_at: audit.at,
                leaf_validity_seconds: import.leaf_validity.as_secs(),
                renewal_grace_seconds: import.renewal_grace.as_secs(),
                crl_validity_seconds: CRL_VALIDITY.as_secs(),
                leaf_urls: import.leaf_urls.clone(),
                certificate: Bytes(cross.der().to_vec()),
                external: ders(&ca),
                imported: true,
                private_key: inner.seal_key(&state, id, &key, cross.spki())?,
                retired_at: None,
            };
            let change = inner.new_certificate_change(&audit, &state, &record, &cross)?;
            match inner.apply(change)? {
                Ok(_) => {
                    if let CaKey::Elsewhere(signer) = &key {
                        inner.issuers.attach(Arc::clone(signer));
                    }
                    Ok(Some(EnrollmentCertificate::new(record, cross, 0)?))
                }
                Err(obstacle) => inner.refused_new(&import.name, &cross, &obstacle).map(|()| None),
            }
        })
    }

    /// One request for a certificate.
    ///
    /// # Errors
    /// `certificate_request_not_found`, and those of the store.
    pub fn certificate_request(&self, id: CertificateId) -> Result<CertificateRequest, Error> {
        let found = self.inner()?.read(records::certificate_request(id))?;
        let (_, record) = found.ok_or(InputError::CertificateRequestNotFound)?;
        Ok(CertificateRequest::new(record))
    }

    /// The request for a certificate that has this id or this name.
    ///
    /// # Errors
    /// `certificate_request_not_found`, and those of the store.
    pub fn find_certificate_request(&self, id_or_name: &str) -> Result<CertificateRequest, Error> {
        let not_found = InputError::CertificateRequestNotFound;
        if let Some(id) = CertificateId::parse(id_or_name) {
            match self.certificate_request(id) {
                Err(Error::Input(InputError::CertificateRequestNotFound)) => {}
                found => return found,
            }
        }
        let by_name = records::certificate_by_name(&name::lookup(id_or_name, not_found)?);
        let found = self.inner()?.read_text(by_name)?;
        self.certificate_request(found.as_deref().and_then(CertificateId::parse).ok_or(not_found)?)
    }

    /// Lists the requests that have not been answered, by id.
    ///
    /// # Errors
    /// `cursor_invalid`, and those of the store.
    pub fn list_certificate_requests(
        &self,
        page: &PageRequest,
    ) -> Result<Page<CertificateRequest>, Error> {
        self.inner()?.listing("certificate-request/".into(), false, page)?.run(|found| {
            let request =
                |record| Ok(Examined::Item(CertificateRequest::new(records::decode(record)?)));
            found.iter().map(request).collect()
        })
    }

    /// Deletes a request that has not been answered, and its private key.
    ///
    /// # Errors
    /// `certificate_request_not_found`, and those of the store.
    pub fn delete_certificate_request(&self, id: CertificateId) -> Result<(), Error> {
        let key = records::certificate_request(id);
        self.inner()?.until_undisturbed(|| {
            let found = self.inner()?.read::<CertificateRequestRecord>(key.clone())?;
            let (version, record) = found.ok_or(InputError::CertificateRequestNotFound)?;
            let mut audit = self.audit(Action::CertificateDeleted)?;
            audit.certificate = Some(id);
            audit.details = Some(record.name.to_string());
            let mut change = self.inner()?.change(&audit)?;
            change.expect(key.clone(), version);
            change.delete(key.clone());
            change.delete(records::certificate_by_name(&record.name.folded()));
            if let Some(slot) = record.slot()? {
                change.count(records::master_users(slot), -1, audit.at);
            }
            Ok(self.inner()?.apply(change)?.is_ok().then_some(()))
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

impl Inner {
    fn new_request(
        &self,
        state: &State,
        new: &NewCertificate,
        now: Timestamp,
    ) -> Result<CertificateRequestRecord, Error> {
        let id = CertificateId::random(&*self.random)?;
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
            private_key: self.seal_key(state, id, &key, public_key.spki())?,
            public_key: Bytes(public_key.spki().to_vec()),
        })
    }

    /// The certificate that the root makes for an external CA. It is valid as long as both are.
    fn cross_certificate(
        &self,
        state: &State,
        ca: &ExternalCa,
        now: Timestamp,
    ) -> Result<Certificate, Error> {
        if ca.certificate().subject_hash() == state.root.subject_hash() {
            return Err(InputError::CertificateSubjectInUse.into());
        }
        let parameters = CrossParameters {
            serial: SerialNumber::draw(&*self.random, now)?,
            not_before: now.minus(BACKDATE),
            not_after: Timestamp::MAX,
        };
        Ok(issue_cross_certificate(&state.open_root()?, ca, &parameters)?)
    }
}

fn ders(ca: &ExternalCa) -> Vec<Bytes> {
    ca.certificates().iter().map(|certificate| Bytes(certificate.der().to_vec())).collect()
}
