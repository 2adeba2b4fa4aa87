//! Private keys that sign: in this process, in a token, or remote.

use alloc::boxed::Box;
use alloc::string::String;
use alloc::vec::Vec;
use core::fmt;

use ring::rand::SystemRandom;
use ring::signature::{
    ECDSA_P256_SHA256_ASN1_SIGNING, ECDSA_P384_SHA384_ASN1_SIGNING, EcdsaKeyPair,
    EcdsaSigningAlgorithm, Ed25519KeyPair, KeyPair as _, RSA_PKCS1_SHA256, RsaKeyPair,
};
use zeroize::Zeroizing;

use super::{KeyAlgorithm, PublicKey};
use crate::der::pem;
use crate::error_family::error_family;

error_family! {
    /// Why a private key or a signature could not be made.
    #[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
    #[non_exhaustive]
    pub enum SignerError {
        /// The key cannot be reached now, for example because its token is unplugged.
        #[error("the signing key cannot be reached: {0}")]
        Unavailable(String) => "signer_unavailable" (retryable = true),
        /// The signature failed.
        #[error("signing failed: {0}")]
        Failed(String) => "signer_failed",
        /// The bytes are not a private key of the expected algorithm.
        #[error("the private key is damaged, or of another algorithm than its public key")]
        KeyRejected => "signer_key_rejected",
        /// The private key does not belong to the expected public key.
        #[error("the private key does not belong to the public key")]
        KeyMismatch => "signer_key_mismatch",
        /// This library cannot generate keys of this algorithm.
        #[error("generating {} keys is not supported", .0.as_str())]
        UnsupportedAlgorithm(KeyAlgorithm) => "signer_algorithm_unsupported",
    }
}

/// A private key that signs, and its public key. It may be in this process, in a token, or remote.
///
/// Calls block, and come from many threads at once.
///
/// ```
/// use std::sync::Arc;
///
/// use provkey::x509::{KeyAlgorithm, PublicKey, Signer, SignerError, SoftwareSigner};
///
/// /// A key in a service. Here it is in this process.
/// struct Service(SoftwareSigner);
///
/// impl Signer for Service {
///     fn public_key(&self) -> &PublicKey {
///         self.0.public_key()
///     }
///
///     fn sign(&self, message: &[u8]) -> Result<Vec<u8>, SignerError> {
///         self.0.sign(message)
///     }
/// }
///
/// let (key, _) = SoftwareSigner::generate(KeyAlgorithm::EcdsaP256)?;
/// let signer: Arc<dyn Signer> = Arc::new(Service(key));
/// assert!(!signer.sign(b"a message")?.is_empty());
/// # Ok::<(), SignerError>(())
/// ```
pub trait Signer: Send + Sync {
    /// The public key. Its algorithm determines how [`sign`](Self::sign) signs: P-256 with SHA-256,
    /// P-384 with SHA-384, Ed25519, RSA PKCS #1 v1.5 with SHA-256.
    fn public_key(&self) -> &PublicKey;

    /// Signs a message. The signature has the form that certificates contain: for ECDSA the DER of
    /// ECDSA-Sig-Value (RFC 3279, 2.2.3), otherwise the plain bytes.
    ///
    /// # Errors
    /// `signer_unavailable` or `signer_failed`.
    fn sign(&self, message: &[u8]) -> Result<Vec<u8>, SignerError>;
}

/// A private key as PKCS #8 (RFC 5958), wiped from memory when it is dropped.
pub struct Pkcs8(Zeroizing<Vec<u8>>);

impl Pkcs8 {
    /// Takes the DER of a private key, which is not parsed before a signer is made of it.
    pub fn new(der: Zeroizing<Vec<u8>>) -> Self {
        Self(der)
    }

    /// The DER. It is a secret.
    pub fn expose(&self) -> &[u8] {
        &self.0
    }

    /// The key in PEM (RFC 7468, section 10). It is a secret.
    pub fn to_pem(&self) -> Zeroizing<String> {
        pem::encode_secret("PRIVATE KEY", &self.0)
    }
}

impl fmt::Debug for Pkcs8 {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Pkcs8(elided)")
    }
}

/// A private key in this process's memory, on ring.
///
/// ring keeps its own copy of the key, and does not wipe it.
pub struct SoftwareSigner {
    public_key: PublicKey,
    key: Key,
}

enum Key {
    Ecdsa(EcdsaKeyPair),
    Ed25519(Ed25519KeyPair),
    Rsa(Box<RsaKeyPair>),
}

impl SoftwareSigner {
    /// Generates a key pair: P-256, P-384 or Ed25519. The randomness is ring's.
    ///
    /// # Errors
    /// `signer_algorithm_unsupported` for RSA; `signer_failed` if there is no randomness.
    pub fn generate(algorithm: KeyAlgorithm) -> Result<(Self, Pkcs8), SignerError> {
        let random = SystemRandom::new();
        let document = match ecdsa(algorithm) {
            Some(ecdsa) => EcdsaKeyPair::generate_pkcs8(ecdsa, &random),
            None if algorithm == KeyAlgorithm::Ed25519 => Ed25519KeyPair::generate_pkcs8(&random),
            None => return Err(SignerError::UnsupportedAlgorithm(algorithm)),
        };
        let document = document.map_err(|_| SignerError::Failed("no randomness".into()))?;
        let pkcs8 = Pkcs8(Zeroizing::new(document.as_ref().to_vec()));
        Ok((Self::read(&pkcs8, algorithm)?, pkcs8))
    }

    /// Takes the private key of `expected`. The public key is computed from the private key and
    /// compared, so neither of them can be swapped.
    ///
    /// # Errors
    /// `signer_key_rejected`, `signer_key_mismatch` or `signer_algorithm_unsupported`.
    pub fn from_pkcs8(pkcs8: &Pkcs8, expected: &PublicKey) -> Result<Self, SignerError> {
        let signer = Self::read(pkcs8, expected.algorithm())?;
        if signer.public_key == *expected { Ok(signer) } else { Err(SignerError::KeyMismatch) }
    }

    fn read(pkcs8: &Pkcs8, algorithm: KeyAlgorithm) -> Result<Self, SignerError> {
        let (key, point) = match ecdsa(algorithm) {
            Some(ecdsa) => {
                let pair = EcdsaKeyPair::from_pkcs8(ecdsa, pkcs8.expose(), &SystemRandom::new())
                    .map_err(|_| SignerError::KeyRejected)?;
                let point = pair.public_key().as_ref().to_vec();
                (Key::Ecdsa(pair), point)
            }
            None if algorithm == KeyAlgorithm::Ed25519 => {
                let pair = Ed25519KeyPair::from_pkcs8(pkcs8.expose())
                    .map_err(|_| SignerError::KeyRejected)?;
                let point = pair.public_key().as_ref().to_vec();
                (Key::Ed25519(pair), point)
            }
            None => {
                let pair =
                    RsaKeyPair::from_pkcs8(pkcs8.expose()).map_err(|_| SignerError::KeyRejected)?;
                let key = pair.public_key().as_ref().to_vec();
                (Key::Rsa(Box::new(pair)), key)
            }
        };
        let public_key =
            PublicKey::from_key(algorithm, &point).map_err(|_| SignerError::KeyRejected)?;
        Ok(Self { public_key, key })
    }
}

fn ecdsa(algorithm: KeyAlgorithm) -> Option<&'static EcdsaSigningAlgorithm> {
    match algorithm {
        KeyAlgorithm::EcdsaP256 => Some(&ECDSA_P256_SHA256_ASN1_SIGNING),
        KeyAlgorithm::EcdsaP384 => Some(&ECDSA_P384_SHA384_ASN1_SIGNING),
        KeyAlgorithm::Ed25519 | KeyAlgorithm::Rsa => None,
    }
}

impl Signer for SoftwareSigner {
    fn public_key(&self) -> &PublicKey {
        &self.public_key
    }

    fn sign(&self, message: &[u8]) -> Result<Vec<u8>, SignerError> {
        let signature = match &self.key {
            Key::Ecdsa(pair) => pair
                .sign(&SystemRandom::new(), message)
                .map_err(|_| SignerError::Failed("no randomness".into()))?,
            Key::Ed25519(pair) => pair.sign(message),
            Key::Rsa(pair) => {
                let mut signature = alloc::vec![0; pair.public().modulus_len()];
                return pair
                    .sign(&RSA_PKCS1_SHA256, &SystemRandom::new(), message, &mut signature)
                    .map(|()| signature)
                    .map_err(|_| SignerError::Failed("no randomness".into()));
            }
        };
        Ok(signature.as_ref().to_vec())
    }
}

impl fmt::Debug for SoftwareSigner {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "SoftwareSigner({:?}, elided)", self.public_key)
    }
}

#[cfg(test)]
mod tests {
    use std::format;

    use super::*;
    use crate::x509::tests::SIGNING;

    #[test]
    fn a_private_key_is_accepted_only_for_its_own_public_key() {
        for algorithm in SIGNING {
            let (signer, pkcs8) = SoftwareSigner::generate(algorithm).unwrap();
            let again = SoftwareSigner::from_pkcs8(&pkcs8, signer.public_key()).unwrap();
            assert_eq!(again.public_key(), signer.public_key());
            for other in SIGNING {
                let (other, _) = SoftwareSigner::generate(other).unwrap();
                let refused = SoftwareSigner::from_pkcs8(&pkcs8, other.public_key()).unwrap_err();
                let same_kind = other.public_key().algorithm() == algorithm;
                let expected =
                    if same_kind { SignerError::KeyMismatch } else { SignerError::KeyRejected };
                assert_eq!(refused, expected);
            }
        }
    }

    #[test]
    fn rsa_keys_are_not_made() {
        let refused = SoftwareSigner::generate(KeyAlgorithm::Rsa).unwrap_err();
        assert_eq!(refused.code(), "signer_algorithm_unsupported");
    }

    #[test]
    fn damaged_keys_are_rejected() {
        let (signer, pkcs8) = SoftwareSigner::generate(KeyAlgorithm::EcdsaP256).unwrap();
        for at in 0..pkcs8.expose().len() {
            let mut damaged = Zeroizing::new(pkcs8.expose().to_vec());
            damaged[at] ^= 1;
            assert!(SoftwareSigner::from_pkcs8(&Pkcs8::new(damaged), signer.public_key()).is_err());
        }
    }

    #[test]
    fn private_keys_are_not_printed() {
        let (signer, pkcs8) = SoftwareSigner::generate(KeyAlgorithm::Ed25519).unwrap();
        assert_eq!(format!("{pkcs8:?}"), "Pkcs8(elided)");
        assert!(format!("{signer:?}").ends_with(", elided)"));
    }
}
