//! Why a certificate or a CRL was not issued.

use crate::x509::{Flaw, SignerError};

/// A certificate could not be made.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum IssueError {
    /// The signer failed.
    #[error(transparent)]
    Signer(#[from] SignerError),
    /// The signer's public key is not the one in the issuer's certificate.
    #[error("the signer's key is not the one in the issuer's certificate")]
    WrongSigner,
    /// The signer made a signature that its own public key does not accept.
    #[error("the signer made a wrong signature")]
    BadSignature,
    /// The issuer's certificate does not allow it to sign such certificates.
    #[error("the issuer's certificate does not allow it to sign this")]
    NotAnIssuer,
    /// No moment lies both in the time asked for and in the issuer's.
    #[error("the issuer's certificate is not valid at any moment of the time asked for")]
    OutsideIssuerValidity,
    /// An id or a trust domain is empty, too long, or holds a character that needs quoting.
    #[error("an id or the trust domain cannot be written into a certificate")]
    BadName,
    /// The certificate, or the CRL, was written wrongly, and was not signed.
    #[error("it was not signed, for {0} would be wrong")]
    Flawed(Flaw),
}

impl IssueError {
    /// The stable code.
    pub const fn code(&self) -> &'static str {
        match self {
            Self::Signer(error) => error.code(),
            Self::WrongSigner => "issuer_wrong_signer",
            Self::BadSignature => "signer_bad_signature",
            Self::NotAnIssuer => "issuer_not_allowed",
            Self::OutsideIssuerValidity => "issuer_not_valid",
            Self::BadName => "certificate_bad_name",
            Self::Flawed(_) => "certificate_flawed",
        }
    }

    /// Whether the same call may succeed later without anybody doing anything.
    pub const fn retryable(&self) -> bool {
        match self {
            Self::Signer(error) => error.retryable(),
            _ => false,
        }
    }
}
