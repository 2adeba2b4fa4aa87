//! Why the connector did not do what it was asked.

use alloc::boxed::Box;
use alloc::string::String;
use core::fmt;

use crate::key::Host;
use crate::limits::IDENTITY_BYTES_MAX;
use crate::random::RandomError;
use crate::time::Timestamp;
use crate::x509::{Certificate, CertificateError, ChainError, SignerError};

const UNTRUSTED: ChainError = ChainError::UntrustedRoot;

/// The certificate that was shown where one under the pinned root was expected, the sender's own.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct ShownCertificate {
    /// The name in it, such as `O=Example, CN=proxy.example.com`; cut after 256 characters.
    pub subject: String,
    /// The name of its issuer, likewise.
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
        sha256.iter().try_for_each(|byte| write!(f, "{byte:02x}"))
    }
}

/// Why the connector did not do what it was asked. The identity is as it was before.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum Error {
    /// A key pair or a signature could not be made. The code is the signer's.
    #[error(transparent)]
    Signer(#[from] SignerError),
    /// `random_unavailable`: no randomness was to be had.
    #[error(transparent)]
    Random(#[from] RandomError),
    /// The answer cannot be read. The code is the certificate's.
    #[error("the answer cannot be read: {0}")]
    Certificate(#[from] CertificateError),
    /// The certificates of the answer do not lead to the pinned root. The code is the chain's.
    #[error("the answer cannot be trusted: {0}")]
    Chain(ChainError),
    /// The certificates of a server do not lead to the pinned root. The code is the chain's.
    #[error("the server cannot be trusted: {0}")]
    Server(ChainError),
    /// `chain_untrusted_root`: the certificates of an answer do not hold the pinned root.
    #[error("the answer cannot be trusted: {UNTRUSTED}; it holds {0}")]
    AnswerUntrusted(Box<ShownCertificate>),
    /// `chain_untrusted_root`: the certificates of a server do not hold the pinned root. It is
    /// another authority's, or somebody is in between.
    #[error("the server cannot be trusted: {UNTRUSTED}; it shows {0}")]
    ServerUntrusted(Box<ShownCertificate>),
    /// `server_wrong_host`: the server's certificate is for another host.
    #[error("the server's certificate is not for {0}")]
    ServerWrongHost(Host),
    /// `answer_without_request`: the identity has not asked with any key.
    #[error("this identity has not asked for a certificate, make a request first")]
    AnswerWithoutRequest,
    /// `renewal_without_certificate`: the identity has no certificate that could be renewed.
    #[error("this identity has no certificate yet, make a request with a provisioning key first")]
    RenewalWithoutCertificate,
    /// `answer_for_another_key`: no certificate of the answer carries this identity's public key.
    #[error("the answer belongs to another identity, ask again with this one")]
    AnswerForAnotherKey,
    /// `clock_ahead`: the certificate was just made, and yet the clock is past its end.
    #[error(
        "the certificate just received is valid until {not_after}, and the clock says {now}: \
         set the clock"
    )]
    ClockAhead {
        /// What the clock says.
        now: Timestamp,
        /// Until when the certificate is valid.
        not_after: Timestamp,
    },
    /// `fingerprint_empty`: the machine's material is empty, and would be the same everywhere.
    #[error("the fingerprint material of this machine is empty")]
    FingerprintEmpty,
    /// `identity_too_large`: the file is longer than [`IDENTITY_BYTES_MAX`].
    #[error("the identity file is longer than {IDENTITY_BYTES_MAX} bytes")]
    TooLarge,
    /// `identity_not_recognized`: the file does not begin as an identity does.
    #[error("this is not an identity file")]
    NotRecognized,
    /// `identity_too_new`: a later version of this program wrote the file.
    #[error("the identity file was written by a newer program, update this one")]
    TooNew,
    /// `identity_damaged`: bytes of the file were lost or changed.
    #[error("the identity file is damaged, restore it or make a new identity")]
    Damaged,
    /// `identity_sealed`: the file opens under the machine's fingerprint only, and none was given.
    #[error("the identity file is sealed, give the fingerprint material of this machine")]
    Sealed,
    /// `identity_not_sealed`: the file should have been sealed under the machine's fingerprint, and
    /// is not.
    #[error("the identity file is not sealed, though fingerprint material was given")]
    NotSealed,
    /// `identity_other_machine`: the file was sealed on another machine, or its material changed.
    #[error("the identity file belongs to another machine, make a new identity on this one")]
    OtherMachine,
}

impl Error {
    /// The stable code, the same in every language.
    pub const fn code(&self) -> &'static str {
        match self {
            Self::Signer(error) => error.code(),
            Self::Random(_) => "random_unavailable",
            Self::Certificate(error) => error.code(),
            Self::Chain(error) | Self::Server(error) => error.code(),
            Self::AnswerUntrusted(_) | Self::ServerUntrusted(_) => UNTRUSTED.code(),
            Self::ServerWrongHost(_) => "server_wrong_host",
            Self::AnswerWithoutRequest => "answer_without_request",
            Self::RenewalWithoutCertificate => "renewal_without_certificate",
            Self::AnswerForAnotherKey => "answer_for_another_key",
            Self::ClockAhead { .. } => "clock_ahead",
            Self::FingerprintEmpty => "fingerprint_empty",
            Self::TooLarge => "identity_too_large",
            Self::NotRecognized => "identity_not_recognized",
            Self::TooNew => "identity_too_new",
            Self::Damaged => "identity_damaged",
            Self::Sealed => "identity_sealed",
            Self::NotSealed => "identity_not_sealed",
            Self::OtherMachine => "identity_other_machine",
        }
    }

    /// Whether the same call may succeed later without anybody doing anything.
    pub const fn retryable(&self) -> bool {
        match self {
            Self::Signer(error) => error.retryable(),
            Self::Chain(error) | Self::Server(error) => error.retryable(),
            Self::Random(_) => true,
            _ => false,
        }
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
