//! Why a certificate or a CRL was not issued.

use crate::error_family::error_family;
use crate::x509::{Flaw, SignerError};

error_family! {
    /// Why a certificate or a CRL was not issued.
    #[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
    #[non_exhaustive]
    pub enum IssueError {
        /// The signer failed.
        #[error(transparent)]
        Signer(#[from] SignerError) => error,
        /// The signer's public key is not the one in the issuer's certificate.
        #[error("the signer's key is not the one in the issuer's certificate")]
        WrongSigner => "issuer_wrong_signer",
        /// The signer's signature does not verify with its own public key.
        #[error("the signer made a wrong signature")]
        BadSignature => "signer_bad_signature",
        /// The issuer's certificate does not allow it to sign such certificates.
        #[error("the issuer's certificate does not allow it to sign this")]
        NotAnIssuer => "issuer_not_allowed",
        /// The requested validity does not overlap the issuer's.
        #[error("the issuer's certificate is not valid at any time of the requested validity")]
        OutsideIssuerValidity => "issuer_not_valid",
        /// An id or a trust domain is empty, too long, or contains a character that needs quoting.
        #[error("an id or the trust domain has characters or a length that a certificate cannot hold")]
        BadName => "certificate_bad_name",
        /// A certificate or a CRL failed the lint, and was not signed.
        #[error("nothing was signed, because {0} would be wrong")]
        Flawed(Flaw) => "certificate_flawed",
    }
}
