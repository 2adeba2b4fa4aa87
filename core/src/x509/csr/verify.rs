//! Verifying the signature of a request, and what it asks for.

use super::{Csr, CsrError};
use crate::x509::extensions::{AltNames, Extensions, KeyUsage, Purposes};
use crate::x509::{Certificate, PublicKey, signature};

/// A verified request: its maker holds the private key, and asks for nothing that is not granted.
#[derive(Clone, Debug)]
pub struct VerifiedCsr {
    public_key: PublicKey,
}

impl VerifiedCsr {
    /// The public key, the only part that is ever copied from a request.
    pub fn public_key(&self) -> &PublicKey {
        &self.public_key
    }
}

impl Csr {
    /// Verifies the public key, the requested extensions, and the request's own signature.
    ///
    /// # Errors
    /// Any [`CsrError`] that [`Csr::parse`] does not return, and `csr_malformed` if the requested
    /// extensions are malformed.
    pub fn verify(self) -> Result<VerifiedCsr, CsrError> {
        self.verify_all(None)
    }

    /// Verifies a request to renew this certificate, like [`Csr::verify`]. It may ask for the
    /// alternative names of the certificate, as clients do (RFC 7030, 4.2.2).
    ///
    /// # Errors
    /// As [`Csr::verify`].
    pub fn verify_renewal_of(self, old: &Certificate) -> Result<VerifiedCsr, CsrError> {
        self.verify_all(Some(old))
    }

    fn verify_all(self, old: Option<&Certificate>) -> Result<VerifiedCsr, CsrError> {
        let public_key = PublicKey::from_spki(&self.spki)?;
        if let Some(extensions) = &self.requested_extensions {
            check_requested(&Extensions::read(extensions)?, old)?;
        }
        signature::verify(&self.signed, &public_key)?;
        Ok(VerifiedCsr { public_key })
    }
}

/// Checks that a request asks only for what the connector gets anyway. That includes a subject key
/// identifier, whose value is computed, not copied.
fn check_requested(extensions: &Extensions<'_>, old: Option<&Certificate>) -> Result<(), CsrError> {
    if extensions.basic_constraints.as_ref().is_some_and(|extension| extension.value.ca) {
        return Err(CsrError::RequestsCa);
    }
    let usage = extensions.key_usage.as_ref();
    if usage.is_some_and(|extension| extension.value != KeyUsage::DIGITAL_SIGNATURE) {
        return Err(CsrError::RequestsKeyUsage);
    }
    let purposes = extensions.purposes.as_ref();
    if purposes.is_some_and(|extension| extension.value != Purposes::CLIENT_AUTH) {
        return Err(CsrError::RequestsExtendedKeyUsage);
    }
    let names = extensions.alt_names.as_ref();
    if names.is_some_and(|names| old.is_none_or(|old| !are_names_of(&names.value, old))) {
        return Err(CsrError::RequestsNames);
    }
    if extensions.authority_key_id.is_some() || !extensions.others.is_empty() {
        return Err(CsrError::RequestsExtension);
    }
    Ok(())
}

/// Whether these are the names of a certificate that we issued, which has only URIs.
fn are_names_of(names: &AltNames<'_>, certificate: &Certificate) -> bool {
    names.hosts.is_empty() && !names.other && names.uris == certificate.uris()
}
