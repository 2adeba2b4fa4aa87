//! CA certificates of an external CA that are to sign for connectors.

use alloc::vec::Vec;

use super::chain::named_by;
use super::extensions::KeyUsage;
use super::signature::{self, SignatureAlgorithm, SignatureError};
use super::{Certificate, PublicKey, PublicKeyError};
use crate::der::tag;
use crate::error_family::error_family;
use crate::limits::{CHAIN_CERTIFICATES_MAX, EXTERNAL_CHAIN_BYTES_MAX};
use crate::time::Timestamp;

error_family! {
    /// Why the certificate of an external CA cannot sign for connectors.
    #[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
    #[non_exhaustive]
    pub enum ExternalError {
        /// There are too many certificates, or they are too long together.
        #[error(
            "there are more than {CHAIN_CERTIFICATES_MAX} certificates, or they have more than {EXTERNAL_CHAIN_BYTES_MAX} bytes"
        )]
        TooLarge => "external_too_large",
        /// None of the certificates has the expected public key.
        #[error("none of the certificates has the public key of the request or the private key")]
        WrongKey => "external_wrong_key",
        /// The public key is not accepted.
        #[error("the key of the CA certificate cannot be used: {0}")]
        PublicKey(PublicKeyError) => error,
        /// A certificate does not belong to the chain.
        #[error("one of the certificates is not an issuer of the others")]
        Unrelated => "external_unrelated",
        /// A certificate is not a CA certificate.
        #[error("one of the certificates is not a CA certificate (basicConstraints)")]
        NotAnAuthority => "external_not_an_authority",
        /// A certificate does not allow its key to sign certificates and CRLs.
        #[error(
            "one of the certificates does not allow its key to sign certificates and CRLs (keyUsage)"
        )]
        KeyUsage => "external_key_usage",
        /// A certificate is not for TLS clients.
        #[error("one of the certificates is not meant for TLS clients (extKeyUsage)")]
        Purposes => "external_wrong_purpose",
        /// An issuer allows fewer CAs below it.
        #[error("one of the certificates allows fewer CAs below it (path length)")]
        PathTooLong => "external_path_too_long",
        /// A certificate constrains names.
        #[error("one of the certificates constrains names, which may exclude those of connectors")]
        NameConstraints => "external_name_constraints",
        /// A certificate has a critical extension that this library does not know.
        #[error("one of the certificates has an unknown critical extension")]
        UnknownCriticalExtension => "external_unknown_critical_extension",
        /// A signature is over MD5 or SHA-1.
        #[error("one of the certificates is signed over MD5 or SHA-1")]
        WeakSignature => "external_weak_signature",
        /// A signature has an algorithm that this library does not support.
        #[error(
            "one of the certificates is signed with an unsupported algorithm: leave its issuers out"
        )]
        UnsupportedSignature => "external_unsupported_signature",
        /// A signature is wrong.
        #[error("a signature on one of the certificates is wrong")]
        BadSignature => "external_bad_signature",
        /// A certificate is not valid yet.
        #[error("one of the certificates is not valid yet")]
        NotYetValid => "external_not_yet_valid" (retryable = true),
        /// A certificate has expired.
        #[error("one of the certificates has expired")]
        Expired => "external_expired",
        /// The certificate has no subject key identifier.
        #[error("the CA certificate has no subject key identifier")]
        NoKeyId => "external_no_key_id",
        /// The certificate has an empty subject.
        #[error("the CA certificate has an empty subject")]
        NoSubject => "external_no_subject",
    }
}

/// The certificate of an external CA that may sign for connectors, and those of its issuers that
/// came with it.
#[derive(Clone, Debug)]
pub struct ExternalCa {
    certificates: Vec<Certificate>,
    public_key: PublicKey,
}

impl ExternalCa {
    /// Finds the certificate with the public key `spki` and its issuers among certificates in any
    /// order. Checks that all of them allow leaves directly below, for TLS clients, with the
    /// authority's names (RFC 5280, 6.1.4).
    ///
    /// Issuers may be missing: parties that trust the external root must have them.
    ///
    /// # Errors
    /// Any [`ExternalError`].
    pub fn check(
        certificates: &[Certificate],
        spki: &[u8],
        now: Timestamp,
    ) -> Result<Self, ExternalError> {
        let bytes: usize = certificates.iter().map(|certificate| certificate.der().len()).sum();
        if certificates.len() > CHAIN_CERTIFICATES_MAX || bytes > EXTERNAL_CHAIN_BYTES_MAX {
            return Err(ExternalError::TooLarge);
        }
        let certificates = in_order(certificates, spki)?;
        for (above, certificate) in certificates.iter().enumerate() {
            check_constraints(certificate, above)?;
            check_time(certificate, now)?;
        }
        let own = certificates.first().ok_or(ExternalError::WrongKey)?;
        if own.subject_key_id().is_none_or(<[u8]>::is_empty) {
            return Err(ExternalError::NoKeyId);
        }
        // X.690, 8.9: an empty name is an empty SEQUENCE.
        if own.subject() == [tag::SEQUENCE, 0] {
            return Err(ExternalError::NoSubject);
        }
        let public_key = own.public_key().map_err(ExternalError::PublicKey)?;
        Ok(Self { certificates, public_key })
    }

    /// The certificate that signs for connectors.
    pub fn certificate(&self) -> &Certificate {
        self.certificates.first().expect("the certificate itself is always there")
    }

    /// The certificate, then its issuers.
    pub fn certificates(&self) -> &[Certificate] {
        &self.certificates
    }

    /// Its public key.
    pub fn public_key(&self) -> &PublicKey {
        &self.public_key
    }
}

/// The certificate with this key, then the issuer of each. No certificate may be left over.
fn in_order(certificates: &[Certificate], spki: &[u8]) -> Result<Vec<Certificate>, ExternalError> {
    let mut rest = certificates.to_vec();
    let own = rest.iter().position(|certificate| certificate.spki() == spki);
    let mut last = rest.remove(own.ok_or(ExternalError::WrongKey)?);
    let mut ordered = Vec::with_capacity(certificates.len());
    loop {
        let issuer = if last.issuer() == last.subject() {
            check_signature(&last, Some(&last))?;
            None
        } else {
            rest.iter().position(|issuer| named_by(&last, issuer))
        };
        let Some(issuer) = issuer.map(|at| rest.remove(at)) else {
            check_signature(&last, None)?;
            ordered.push(last);
            break;
        };
        check_signature(&last, Some(&issuer))?;
        ordered.push(core::mem::replace(&mut last, issuer));
    }
    if rest.is_empty() { Ok(ordered) } else { Err(ExternalError::Unrelated) }
}

/// Checks the signature algorithm, and the signature itself if the issuer is known.
fn check_signature(
    certificate: &Certificate,
    issuer: Option<&Certificate>,
) -> Result<(), ExternalError> {
    let signed = certificate.signed();
    let checked = match issuer.map(Certificate::public_key) {
        Some(Ok(key)) => signature::verify(signed, &key),
        Some(Err(_)) => Err(SignatureError::UnsupportedAlgorithm),
        None => match SignatureAlgorithm::read(&signed.algorithm) {
            Err(SignatureError::UnsupportedAlgorithm) => Ok(()),
            other => other.map(|_| ()),
        },
    };
    checked.map_err(|error| match error {
        SignatureError::WeakAlgorithm => ExternalError::WeakSignature,
        SignatureError::UnsupportedAlgorithm => ExternalError::UnsupportedSignature,
        SignatureError::Malformed
        | SignatureError::AlgorithmMismatch
        | SignatureError::OffCurve
        | SignatureError::BadSignature => ExternalError::BadSignature,
    })
}

/// RFC 5280, 6.1.4(g) to (o): checks a CA with `below` other CAs below it.
fn check_constraints(certificate: &Certificate, below: usize) -> Result<(), ExternalError> {
    let constraints = certificate.basic_constraints();
    if !constraints.ca {
        return Err(ExternalError::NotAnAuthority);
    }
    if constraints.path_length.is_some_and(|allowed| below as u64 > u64::from(allowed)) {
        return Err(ExternalError::PathTooLong);
    }
    let signs = KeyUsage::KEY_CERT_SIGN.and(KeyUsage::CRL_SIGN);
    if certificate.key_usage().is_some_and(|usage| !usage.contains(signs)) {
        return Err(ExternalError::KeyUsage);
    }
    let for_clients = certificate.purposes().is_none_or(|for_| for_.client_auth || for_.any);
    if !for_clients {
        return Err(ExternalError::Purposes);
    }
    if certificate.has_name_constraints() {
        return Err(ExternalError::NameConstraints);
    }
    if certificate.has_unknown_critical_extension() {
        return Err(ExternalError::UnknownCriticalExtension);
    }
    Ok(())
}

fn check_time(certificate: &Certificate, now: Timestamp) -> Result<(), ExternalError> {
    if now.unix_seconds() < certificate.not_before().unix_seconds() {
        return Err(ExternalError::NotYetValid);
    }
    if now.unix_seconds() > certificate.not_after().unix_seconds() {
        return Err(ExternalError::Expired);
    }
    Ok(())
}
