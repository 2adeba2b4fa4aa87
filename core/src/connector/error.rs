//! Why a call of the connector failed.

use alloc::boxed::Box;
use alloc::string::String;
use core::fmt;

use crate::error_family::error_family;
use crate::hex;
use crate::key::Host;
use crate::limits::IDENTITY_BYTES_MAX;
use crate::random::RandomError;
use crate::time::Timestamp;
use crate::x509::{Certificate, CertificateError, ChainError, SignerError};

const UNTRUSTED: ChainError = ChainError::UntrustedRoot;

/// The sender's own certificate, where one that the pinned root issued was expected.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct ShownCertificate {
    /// Its subject, such as `O=Example, CN=proxy.example.com`; cut after 256 characters.
    pub subject: String,
    /// Its issuer, in the same form.
    pub issuer: String,
    /// SHA-256 of the certificate.
    pub sha256: [u8; 32],
}

impl ShownCertificate {
    pub(super) fn of(certificate: &Certificate) -> Box<Self> {
        Box::new(Self {
            subject: certificate.subject_text(),
            issuer: certificate.issuer_text(),
            sha256: certificate.sha256(),
        })
    }
}

impl fmt::Display for ShownCertificate {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { subject, issuer, sha256 } = self;
        write!(f, "a certificate of \"{subject}\", issued by \"{issuer}\", SHA-256 ")?;
        hex::write(f, sha256)
    }
}

error_family! {
    /// Why a call failed. The identity is unchanged.
    #[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
    #[non_exhaustive]
    pub enum Error {
        /// A key pair or a signature could not be made.
        #[error(transparent)]
        Signer(#[from] SignerError) => error,
        /// The source of randomness failed.
        #[error(transparent)]
        Random(#[from] RandomError) => error,
        /// A certificate in the answer is malformed.
        #[error("the answer cannot be parsed: {0}")]
        Certificate(#[from] CertificateError) => error,
        /// The certificates of the answer do not lead to the pinned root.
        #[error("the answer cannot be trusted: {0}")]
        Chain(ChainError) => error,
        /// The certificates of a server do not lead to the pinned root.
        #[error("the server cannot be trusted: {0}")]
        Server(ChainError) => error,
        /// The pinned root is not among the certificates of an answer.
        #[error("the answer cannot be trusted: {UNTRUSTED}; it contains {0}")]
        AnswerUntrusted(Box<ShownCertificate>) => "chain_untrusted_root",
        /// The pinned root is not among the certificates of a server. The server belongs to another
        /// authority, or the connection is intercepted.
        #[error("the server cannot be trusted: {UNTRUSTED}; it shows {0}")]
        ServerUntrusted(Box<ShownCertificate>) => "chain_untrusted_root",
        /// The server's certificate is for another host.
        #[error("the server's certificate is not for {0}")]
        ServerWrongHost(Host) => "server_wrong_host",
        /// The identity has made no request.
        #[error("this identity has not requested a certificate: make a request first")]
        AnswerWithoutRequest => "answer_without_request",
        /// The identity has no certificate to renew.
        #[error("this identity has no certificate yet: make a request with a provisioning key first")]
        RenewalWithoutCertificate => "renewal_without_certificate",
        /// No certificate in the answer has this identity's public key.
        #[error("the answer is for another identity: send the request of this one again")]
        AnswerForAnotherKey => "answer_for_another_key",
        /// The clock is past the end of a certificate that was just issued.
        #[error(
            "the new certificate is valid until {not_after}, and the clock shows {now}: set the clock"
        )]
        ClockAhead {
            /// The time of the clock.
            now: Timestamp,
            /// Until when the certificate is valid.
            not_after: Timestamp,
        } => "clock_ahead",
        /// The fingerprint material is empty, and would be the same on every machine.
        #[error("the fingerprint material of this machine is empty")]
        FingerprintEmpty => "fingerprint_empty",
        /// The file is longer than [`IDENTITY_BYTES_MAX`].
        #[error("the identity file is longer than {IDENTITY_BYTES_MAX} bytes")]
        TooLarge => "identity_too_large",
        /// The file does not begin like an identity file.
        #[error("this is not an identity file")]
        NotRecognized => "identity_not_recognized",
        /// A newer version of this program wrote the file.
        #[error("a newer program wrote the identity file: update this one")]
        TooNew => "identity_too_new",
        /// Bytes of the file were lost or changed.
        #[error("the identity file is damaged: restore it, or make a new identity")]
        Damaged => "identity_damaged",
        /// The file is sealed, and was opened without fingerprint material.
        #[error("the identity file is sealed: open it with the fingerprint material of this machine")]
        Sealed => "identity_sealed",
        /// The file is not sealed, and was opened with fingerprint material.
        #[error("the identity file is not sealed: open it without fingerprint material, then seal it")]
        NotSealed => "identity_not_sealed",
        /// The file was sealed on another machine, or the fingerprint material changed.
        #[error("the identity file belongs to another machine: make a new identity on this one")]
        OtherMachine => "identity_other_machine",
    }
}

impl From<ChainError> for Error {
    fn from(error: ChainError) -> Self {
        match error {
            ChainError::NoLeaf => Self::AnswerForAnotherKey,
            error => Self::Chain(error),
        }
    }
}
