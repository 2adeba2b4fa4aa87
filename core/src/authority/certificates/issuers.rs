//! Opened enrollment certificates, and the signers that the application attaches.

use alloc::collections::BTreeMap;
use alloc::sync::Arc;
use alloc::vec::Vec;
use core::time::Duration;
use std::sync::{PoisonError, RwLock};

use super::seal;
use crate::ledger::Ledger;
use crate::ledger::error::{Error, InputError, MasterError, Refusal};
use crate::ledger::model::CertificateId;
use crate::ledger::records::{self, CertificateRecord};
use crate::limits::OPEN_ISSUERS_MAX;
use crate::store::Refused;
use crate::x509::{Certificate, Issuer, Signer};

/// The opened enrollment certificates. Nothing is decided by them: what an issuer signs is stored
/// only if its record still has the version that was opened.
#[derive(Default)]
pub(crate) struct Issuers {
    opened: RwLock<BTreeMap<CertificateId, Opened>>,
    /// Signers whose keys live elsewhere, by their SubjectPublicKeyInfo.
    attached: RwLock<BTreeMap<Vec<u8>, Arc<dyn Signer>>>,
}

/// An issuer that was opened.
#[derive(Clone)]
struct Opened {
    issuer: Arc<OpenIssuer>,
    /// Its record may have changed: it is opened again before it is used.
    outdated: bool,
}

/// An enrollment certificate with its key.
pub(crate) struct OpenIssuer {
    id: CertificateId,
    pub(crate) certificate: Certificate,
    /// The DER of the certificates of the external CA: its own, then its issuers.
    pub(crate) external: Vec<Vec<u8>>,
    /// Whether it was imported with its key: its owner has the key, too, and signs its CRLs.
    pub(crate) imported: bool,
    pub(crate) leaf_validity: Duration,
    pub(crate) renewal_grace: Duration,
    pub(crate) crl_validity: Duration,
    /// The version of its record. Every unit that stores what it signed expects this version.
    pub(crate) version: u64,
    retired: bool,
    /// `None`: the key lives elsewhere, and no signer for it is attached.
    issuer: Option<Issuer>,
}

impl OpenIssuer {
    /// The issuer of connectors' certificates; not once it is retired.
    pub(crate) fn leaf_issuer(&self) -> Result<&Issuer, Error> {
        if self.retired {
            return Err(Refusal::CertificateRetired.into());
        }
        self.issuer()
    }

    /// The issuer of CRLs and OCSP responses, even when it is retired.
    pub(crate) fn issuer(&self) -> Result<&Issuer, Error> {
        self.issuer.as_ref().ok_or_else(|| InputError::SignerMissing.about(self.id).into())
    }
}

impl Issuers {
    pub(crate) fn attach(&self, signer: Arc<dyn Signer>) {
        let spki = signer.public_key().spki().to_vec();
        self.attached.write().unwrap_or_else(PoisonError::into_inner).insert(spki, signer);
        // They are opened again with the signers that are attached now.
        self.opened.write().unwrap_or_else(PoisonError::into_inner).clear();
    }

    fn attached(&self, spki: &[u8]) -> Option<Arc<dyn Signer>> {
        self.attached.read().unwrap_or_else(PoisonError::into_inner).get(spki).cloned()
    }

    fn opened(&self, id: CertificateId) -> Option<Opened> {
        self.opened.read().unwrap_or_else(PoisonError::into_inner).get(&id).cloned()
    }

    fn remember(&self, id: CertificateId, issuer: &Arc<OpenIssuer>) {
        let mut opened = self.opened.write().unwrap_or_else(PoisonError::into_inner);
        if opened.len() >= OPEN_ISSUERS_MAX {
            opened.clear();
        }
        opened.insert(id, Opened { issuer: Arc::clone(issuer), outdated: false });
    }

    /// An enrollment certificate with its key.
    pub(crate) fn get(&self, ledger: &Ledger, id: CertificateId) -> Result<Arc<OpenIssuer>, Error> {
        let before = match self.opened(id) {
            Some(Opened { issuer, outdated: false }) => return Ok(issuer),
            before => before.map(|opened| opened.issuer),
        };
        let issuer = self.open(ledger, id, before.as_deref()).inspect_err(|error| {
            if error.is_input(InputError::CertificateNotFound) {
                self.close(id);
            }
        });
        let issuer = Arc::new(issuer?);
        self.remember(id, &issuer);
        Ok(issuer)
    }

    /// Marks an issuer to be opened again before it is used.
    pub(crate) fn reopen(&self, id: CertificateId) {
        let mut opened = self.opened.write().unwrap_or_else(PoisonError::into_inner);
        if let Some(opened) = opened.get_mut(&id) {
            opened.outdated = true;
        }
    }

    /// Marks an issuer to be opened again if a unit was refused because its record has changed.
    pub(crate) fn reopen_if_changed(&self, id: CertificateId, refused: &Refused) {
        let key = records::certificate(id);
        if refused.record.as_ref().is_some_and(|record| record.key == key) {
            self.reopen(id);
        }
    }

    /// Forgets an opened issuer and its private key.
    pub(crate) fn close(&self, id: CertificateId) {
        self.opened.write().unwrap_or_else(PoisonError::into_inner).remove(&id);
    }

    /// Opens an issuer. `before` is the one that was opened before, if any.
    fn open(
        &self,
        ledger: &Ledger,
        id: CertificateId,
        before: Option<&OpenIssuer>,
    ) -> Result<OpenIssuer, Error> {
        let state = ledger.state();
        let found = ledger.read::<CertificateRecord>(records::certificate(id))?;
        let (version, record) = found.ok_or_else(|| InputError::CertificateNotFound.about(id))?;
        let certificate = record.parsed()?;
        let issuer = match &record.private_key {
            Some(sealed) => {
                let place = seal::Place { authority: state.record.id, record: id.as_str() };
                let signer: Arc<dyn Signer> =
                    match seal::open(&state.keyring, &place, sealed, &certificate) {
                        // Another process has sealed it again under a master key that this process
                        // lacks. The key itself is the same.
                        Err(Error::Master(MasterError::Missing)) => before
                            .filter(|before| before.certificate == certificate)
                            .and_then(|before| Some(before.issuer.as_ref()?.shared_signer()))
                            .ok_or(MasterError::Missing)?,
                        signer => Arc::new(signer?),
                    };
                Some(Issuer::new(certificate.clone(), signer)?)
            }
            None => self
                .attached(certificate.spki())
                .map(|signer| Issuer::new_checking(certificate.clone(), signer))
                .transpose()?,
        };
        let issuer = issuer.map(|issuer| issuer.with_leaf_urls(record.leaf_urls));
        let leaf_validity = Duration::from_secs(record.leaf_validity_seconds);
        let renewal_grace = Duration::from_secs(record.renewal_grace_seconds);
        let retired = record.retired_at.is_some();
        let crl_validity = Duration::from_secs(record.crl_validity_seconds);
        let imported = record.imported;
        let external = record.external.into_iter().map(|certificate| certificate.0).collect();
        Ok(OpenIssuer {
            id,
            certificate,
            external,
            imported,
            leaf_validity,
            renewal_grace,
            crl_validity,
            version,
            retired,
            issuer,
        })
    }
}
