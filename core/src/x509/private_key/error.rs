//! Why a private key file was refused.

use crate::der::Malformed;
use crate::error_family::error_family;
use crate::limits::PRIVATE_KEY_BYTES_MAX;

error_family! {
    /// Why a private key file was refused.
    #[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
    #[non_exhaustive]
    pub enum PrivateKeyError {
        /// Longer than [`PRIVATE_KEY_BYTES_MAX`].
        #[error("the private key is longer than {PRIVATE_KEY_BYTES_MAX} bytes")]
        TooLarge => "private_key_too_large",
        /// The text contains no private key in PEM.
        #[error("the file contains no private key in PEM or DER")]
        Missing => "private_key_missing",
        /// The text contains more than one private key.
        #[error("the file contains more than one private key")]
        TooMany => "private_key_too_many",
        /// Neither PKCS #8 nor SEC 1 nor PKCS #1, or damaged.
        #[error("the private key is damaged, or neither PKCS #8 nor SEC 1 nor PKCS #1")]
        Malformed => "private_key_malformed",
        /// The key is encrypted, and there is no passphrase.
        #[error("the private key is encrypted: its passphrase is required")]
        PassphraseMissing => "private_key_passphrase_missing",
        /// The passphrase does not open the key.
        #[error("the passphrase is wrong, or the encrypted private key is damaged")]
        WrongPassphrase => "private_key_passphrase_wrong",
        /// Encrypted in another way than PBES2 with PBKDF2, HMAC with SHA-2, and AES-CBC.
        #[error(
            "the encryption of the private key is not supported: convert it with `openssl pkcs8 -topk8`"
        )]
        UnsupportedEncryption => "private_key_unsupported_encryption",
        /// The passphrase needs more than
        /// [`PASSPHRASE_ITERATIONS_MAX`](crate::limits::PASSPHRASE_ITERATIONS_MAX) iterations.
        #[error("the passphrase of the private key needs too many iterations of PBKDF2")]
        TooManyIterations => "private_key_too_many_iterations",
        /// Not the private key of the certificate.
        #[error("the private key does not belong to the certificate")]
        Mismatch => "private_key_mismatch",
    }
}

impl From<Malformed> for PrivateKeyError {
    fn from(Malformed: Malformed) -> Self {
        Self::Malformed
    }
}
