//! Why a certificate signing request is refused.

use crate::der::Malformed;
use crate::error_family::error_family;
use crate::limits::CSR_BYTES_MAX;
use crate::x509::extensions::ExtensionsError;
#[cfg(feature = "connector")]
use crate::x509::signature::SignatureError;
use crate::x509::signed::SignedError;
use crate::x509::{PublicKeyError, WeakKey};

error_family! {
    /// Why a certificate signing request was refused.
    #[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
    #[non_exhaustive]
    pub enum CsrError {
        /// Longer than [`CSR_BYTES_MAX`].
        #[error("the request is longer than {CSR_BYTES_MAX} bytes")]
        TooLarge => "csr_too_large",
        /// Neither PEM nor strict DER of a PKCS #10 request.
        #[error("the request is neither PEM nor strict DER of PKCS #10")]
        Malformed => "csr_malformed",
        /// Bytes follow the request, or the text contains two.
        #[error("unexpected bytes follow the request")]
        TrailingData => "csr_trailing_data",
        /// Not version 1, the only one that exists.
        #[error("the request has an unknown version of PKCS #10")]
        UnsupportedVersion => "csr_unsupported_version",
        /// Its parts are nested more than 16 levels deep.
        #[error("the parts of the request are nested too deeply")]
        NestedTooDeeply => "csr_nested_too_deeply",
        /// A text in its subject contains bytes or characters that its type does not allow, or
        /// control characters.
        #[error("a text in the subject of the request contains invalid characters")]
        SubjectText => "csr_subject_text",
        /// A text in its subject is longer than RFC 5280, A.1, allows.
        #[error("a text in the subject of the request is too long")]
        SubjectLength => "csr_subject_length",
        /// An attribute occurs twice, or does not have exactly one value.
        #[error("an attribute of the request occurs twice, or does not have exactly one value")]
        AttributeNotSingle => "csr_attribute_not_single",
        /// It asks for an extension twice.
        #[error("the request asks for an extension twice")]
        DuplicateExtension => "csr_duplicate_extension",
        /// The public key is not in the accepted DER form.
        #[error("{}", PublicKeyError::Malformed)]
        BadKey => "csr_bad_key",
        /// The public key is not a point on its curve.
        #[error("the public key is not a point on its curve")]
        KeyOffCurve => "csr_key_off_curve",
        /// The public key is too weak.
        #[error(transparent)]
        WeakKey(#[from] WeakKey) => error,
        /// The public key is of another algorithm or size.
        #[error("{}", PublicKeyError::Unsupported)]
        UnsupportedKey => "csr_unsupported_key",
        /// Signed over MD5, SHA-1 or older.
        #[error("the request is signed over MD5 or SHA-1: sign it with SHA-256 or better")]
        WeakAlgorithm => "csr_weak_algorithm",
        /// Signed with an algorithm that is not supported.
        #[error(
            "the request must be signed with ECDSA, Ed25519 or RSA PKCS #1 v1.5, over SHA-256, \
             SHA-384 or (RSA only) SHA-512"
        )]
        UnsupportedAlgorithm => "csr_unsupported_algorithm",
        /// The signature algorithm does not match the public key in the request.
        #[error("the signature algorithm of the request does not match its public key")]
        AlgorithmMismatch => "csr_algorithm_mismatch",
        /// The signature was not made over this request with its key.
        #[error("the signature of the request is wrong")]
        BadSignature => "csr_bad_signature",
        /// It asks to become a certificate authority.
        #[error("the request asks for a CA certificate: remove basicConstraints CA:TRUE from it")]
        RequestsCa => "csr_requests_ca",
        /// It asks for a key usage other than digitalSignature.
        #[error("the request asks for a key usage other than digitalSignature: remove it")]
        RequestsKeyUsage => "csr_requests_key_usage",
        /// It asks for an extended key usage other than clientAuth.
        #[error("the request asks for an extended key usage other than clientAuth: remove it")]
        RequestsExtendedKeyUsage => "csr_requests_extended_key_usage",
        /// It asks for alternative names; at a renewal, for others than the certificate has.
        #[error("the request asks for alternative names: remove them, the authority chooses the names")]
        RequestsNames => "csr_requests_names",
        /// It asks for another extension.
        #[error("the request asks for an extension that is not granted: remove it")]
        RequestsExtension => "csr_requests_extension",
    }
}

impl From<Malformed> for CsrError {
    fn from(Malformed: Malformed) -> Self {
        Self::Malformed
    }
}

impl From<SignedError> for CsrError {
    fn from(error: SignedError) -> Self {
        match error {
            SignedError::Malformed => Self::Malformed,
            SignedError::TrailingData => Self::TrailingData,
        }
    }
}

impl From<PublicKeyError> for CsrError {
    fn from(error: PublicKeyError) -> Self {
        match error {
            PublicKeyError::Malformed => Self::BadKey,
            PublicKeyError::Weak(weakness) => Self::WeakKey(weakness),
            PublicKeyError::Unsupported => Self::UnsupportedKey,
        }
    }
}

impl From<ExtensionsError> for CsrError {
    fn from(error: ExtensionsError) -> Self {
        match error {
            ExtensionsError::Malformed | ExtensionsError::TooMany => Self::Malformed,
            ExtensionsError::Duplicate => Self::DuplicateExtension,
        }
    }
}

#[cfg(feature = "connector")]
impl From<SignatureError> for CsrError {
    fn from(error: SignatureError) -> Self {
        match error {
            SignatureError::Malformed => Self::Malformed,
            SignatureError::WeakAlgorithm => Self::WeakAlgorithm,
            SignatureError::UnsupportedAlgorithm => Self::UnsupportedAlgorithm,
            SignatureError::AlgorithmMismatch => Self::AlgorithmMismatch,
            SignatureError::OffCurve => Self::KeyOffCurve,
            SignatureError::BadSignature => Self::BadSignature,
        }
    }
}
