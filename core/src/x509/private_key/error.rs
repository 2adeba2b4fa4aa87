//! Why a private key file is refused.

use crate::der::Malformed;
use crate::limits::PRIVATE_KEY_BYTES_MAX;

/// A private key file that is not accepted.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum PrivateKeyError {
    /// Longer than [`PRIVATE_KEY_BYTES_MAX`].
    #[error("the private key is longer than {PRIVATE_KEY_BYTES_MAX} bytes")]
    TooLarge,
    /// The text holds no private key in PEM.
    #[error("there is no private key: neither PEM nor DER")]
    Missing,
    /// The text holds more than one private key.
    #[error("there is more than one private key")]
    TooMany,
    /// Neither PKCS #8 nor SEC 1 nor PKCS #1, or damaged.
    #[error("the private key is damaged, or neither PKCS #8 nor SEC 1 nor PKCS #1")]
    Malformed,
    /// The key is encrypted, and no passphrase was given.
    #[error("the private key is encrypted: its passphrase is needed")]
    PassphraseMissing,
    /// The passphrase does not open the key.
    #[error("the passphrase is wrong, or the encrypted private key is damaged")]
    WrongPassphrase,
    /// Encrypted in another way than PBES2 with PBKDF2, HMAC with SHA-2, and AES-CBC.
    #[error(
        "the private key is encrypted in a way that is not supported: convert it with `openssl pkcs8 -topk8`"
    )]
    UnsupportedEncryption,
    /// Its passphrase takes more iterations than are accepted.
    #[error("the passphrase of the private key takes too many iterations")]
    TooManyIterations,
    /// Not the private key of the certificate.
    #[error("the private key is not that of the certificate")]
    Mismatch,
}

impl PrivateKeyError {
    /// The stable code.
    pub const fn code(self) -> &'static str {
        match self {
            Self::TooLarge => "private_key_too_large",
            Self::Missing => "private_key_missing",
            Self::TooMany => "private_key_too_many",
            Self::Malformed => "private_key_malformed",
            Self::PassphraseMissing => "private_key_passphrase_missing",
            Self::WrongPassphrase => "private_key_passphrase_wrong",
            Self::UnsupportedEncryption => "private_key_unsupported_encryption",
            Self::TooManyIterations => "private_key_too_many_iterations",
            Self::Mismatch => "private_key_mismatch",
        }
    }

    /// Whether the same call may succeed later: never.
    pub const fn retryable(self) -> bool {
        false
    }
}

impl From<Malformed> for PrivateKeyError {
    fn from(Malformed: Malformed) -> Self {
        Self::Malformed
    }
}
