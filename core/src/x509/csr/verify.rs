use super::{Csr, CsrError};
use crate::x509::extensions::{AltNames, Extensions, KeyUsage, Purposes};
use crate::x509::{Certificate, PublicKey, signature};

/// A request whose maker has the private key, and that asks for nothing that is not granted.
#[derive(Clone, Debug)]
pub struct VerifiedCsr {
    public_key: PublicKey,
}

impl VerifiedCsr {
    /// The public key: all that is ever taken from a request.
    pub fn public_key(&self) -> &PublicKey {
        &self.public_key
    }
}

impl Csr {
    /// Checks everything that a request can be refused for: its key, what it asks for, and its
    /// own signature.
    ///
    /// # Errors
    /// Any [`CsrError`] that [`Csr::parse`] does not give, and `csr_malformed` for damage in
    /// what it asks for.
    pub fn verify(self) -> Result<VerifiedCsr, CsrError> {
        self.verify_all(None)
    }

    /// As [`Csr::verify`], of a request to renew this certificate. It may ask for the alternative
    /// names that the certificate has, as clients do (RFC 7030, 4.2.2): it gets them anyway.
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

/// Whether a request asks only for what the connector gets anyway. A request for a subject
/// key identifier is one of these: its value is computed, not copied.
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

/// Whether these are the names of a certificate of ours, which has URIs only.
fn are_names_of(names: &AltNames<'_>, certificate: &Certificate) -> bool {
    names.hosts.is_empty() && !names.other && names.uris == certificate.uris()
}
