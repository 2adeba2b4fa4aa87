//! A certificate that signs others, with its key.

use alloc::sync::Arc;
use alloc::vec::Vec;
use core::fmt;

use super::error::IssueError;
use crate::time::Timestamp;
use crate::x509::extensions::KeyUsage;
use crate::x509::lint::{Expected, Role};
use crate::x509::profile::{head, write_leaf_constants, write_leaf_urls};
use crate::x509::signature::SignatureAlgorithm;
use crate::x509::validity::Validity;
use crate::x509::{Certificate, LeafUrls, PublicKey, Signer};

/// A certificate that signs others, with its key.
pub struct Issuer {
    certificate: Certificate,
    signer: Arc<dyn Signer>,
    /// The signature algorithm and the issuer's name, which all its certificates contain.
    head: Vec<u8>,
    /// The extensions that all its leaves contain.
    pub(super) leaf_extensions: Vec<u8>,
    /// The URLs in these extensions.
    pub(super) leaf_urls: LeafUrls,
    /// Whether each signature on a leaf is verified.
    pub(super) checking: bool,
}

impl Issuer {
    /// The issuer with this certificate and this key.
    ///
    /// # Errors
    /// `issuer_wrong_signer` if the certificate has another key; `issuer_not_allowed` if it is not
    /// a CA certificate with a subject key identifier.
    pub fn new(certificate: Certificate, signer: Arc<dyn Signer>) -> Result<Self, IssueError> {
        if certificate.spki() != signer.public_key().spki() {
            return Err(IssueError::WrongSigner);
        }
        let signs = certificate.key_usage().is_none_or(|u| u.contains(KeyUsage::KEY_CERT_SIGN));
        let key_id = certificate.subject_key_id().ok_or(IssueError::NotAnIssuer)?;
        if !certificate.basic_constraints().ca || !signs {
            return Err(IssueError::NotAnIssuer);
        }
        let head = head(&*signer, certificate.subject());
        let leaf_urls = LeafUrls::default();
        let leaf_extensions = leaf_extensions(key_id, &leaf_urls);
        Ok(Self { certificate, signer, head, leaf_extensions, leaf_urls, checking: false })
    }

    /// Like [`new`](Self::new), for a signer outside this process: each signature on a leaf is
    /// verified, as those on CA certificates always are. A wrong one is `signer_bad_signature`.
    ///
    /// # Errors
    /// As [`new`](Self::new).
    pub fn new_checking(
        certificate: Certificate,
        signer: Arc<dyn Signer>,
    ) -> Result<Self, IssueError> {
        Ok(Self { checking: true, ..Self::new(certificate, signer)? })
    }

    /// The same issuer, with these URLs in the certificates of connectors.
    #[must_use]
    pub fn with_leaf_urls(self, leaf_urls: LeafUrls) -> Self {
        let leaf_extensions = leaf_extensions(self.key_id(), &leaf_urls);
        Self { leaf_extensions, leaf_urls, ..self }
    }

    /// The issuer's certificate.
    pub fn certificate(&self) -> &Certificate {
        &self.certificate
    }

    /// The issuer's key, to share with another issuer.
    #[cfg(feature = "authority")]
    pub(crate) fn shared_signer(&self) -> Arc<dyn Signer> {
        Arc::clone(&self.signer)
    }

    /// The issuer's key.
    pub fn signer(&self) -> &dyn Signer {
        &*self.signer
    }

    /// The identifier of its key.
    pub(in crate::x509) fn key_id(&self) -> &[u8] {
        self.certificate.subject_key_id().unwrap_or_default()
    }

    /// The DER of its signature algorithm and of its name.
    pub(in crate::x509) fn head(&self) -> &[u8] {
        &self.head
    }

    pub(super) fn expected<'a>(
        &'a self,
        role: Role<'a>,
        public_key: &'a PublicKey,
    ) -> Expected<'a> {
        let algorithm = SignatureAlgorithm::of(self.signer.public_key().algorithm());
        Expected {
            role,
            signature_algorithm: algorithm.identifier(),
            issuer: Some(&self.certificate),
            public_key,
        }
    }

    pub(super) fn validity(
        &self,
        not_before: Timestamp,
        not_after: Timestamp,
    ) -> Result<Validity, IssueError> {
        Validity { not_before, not_after }
            .within(self.certificate.validity())
            .ok_or(IssueError::OutsideIssuerValidity)
    }
}

/// The extensions that all leaves of an issuer contain.
fn leaf_extensions(key_id: &[u8], urls: &LeafUrls) -> Vec<u8> {
    let mut extensions = Vec::with_capacity(128);
    write_leaf_constants(&mut extensions, key_id);
    write_leaf_urls(&mut extensions, urls);
    extensions
}

impl fmt::Debug for Issuer {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_tuple("Issuer").field(&self.certificate).finish()
    }
}
