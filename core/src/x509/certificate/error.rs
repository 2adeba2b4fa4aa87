//! Why a certificate was refused.

use crate::der::Malformed;
use crate::error_family::error_family;
use crate::limits::{CERTIFICATE_BYTES_MAX, CHAIN_CERTIFICATES_MAX};
use crate::x509::extensions::ExtensionsError;
use crate::x509::signed::SignedError;

error_family! {
    /// Why bytes are not a certificate.
    #[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
    #[non_exhaustive]
    pub enum CertificateError {
        /// Longer than [`CERTIFICATE_BYTES_MAX`].
        #[error("the certificate is longer than {CERTIFICATE_BYTES_MAX} bytes")]
        TooLarge => "certificate_too_large",
        /// More than [`CHAIN_CERTIFICATES_MAX`] certificates.
        #[error("there are more than {CHAIN_CERTIFICATES_MAX} certificates")]
        TooMany => "certificate_too_many",
        /// The text contains no certificate in PEM.
        #[error("the input contains no certificate in PEM or DER")]
        Missing => "certificate_missing",
        /// Not strict DER of a certificate, or damaged PEM.
        #[error("the certificate is damaged, or not strict DER")]
        Malformed => "certificate_malformed",
        /// Bytes follow the certificate.
        #[error("unexpected bytes follow the certificate")]
        TrailingData => "certificate_trailing_data",
        /// Not version 3.
        #[error("the certificate is not X.509 version 3")]
        UnsupportedVersion => "certificate_unsupported_version",
        /// The signed part and the signature name different algorithms.
        #[error("the certificate names two different signature algorithms")]
        AlgorithmMismatch => "certificate_algorithm_mismatch",
        /// An extension occurs twice.
        #[error("the certificate contains an extension twice")]
        DuplicateExtension => "certificate_duplicate_extension",
    }
}

impl From<Malformed> for CertificateError {
    fn from(Malformed: Malformed) -> Self {
        Self::Malformed
    }
}

impl From<SignedError> for CertificateError {
    fn from(error: SignedError) -> Self {
        match error {
            SignedError::Malformed => Self::Malformed,
            SignedError::TrailingData => Self::TrailingData,
        }
    }
}

impl From<ExtensionsError> for CertificateError {
    fn from(error: ExtensionsError) -> Self {
        match error {
            ExtensionsError::Malformed | ExtensionsError::TooMany => Self::Malformed,
            ExtensionsError::Duplicate => Self::DuplicateExtension,
        }
    }
}
