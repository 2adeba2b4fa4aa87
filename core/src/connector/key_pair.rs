//! A key pair of an identity.

use crate::x509::{KeyAlgorithm, Pkcs8, PublicKey, Signer as _, SignerError, SoftwareSigner};

/// A private key, and what signs with it.
pub(super) struct KeyPair {
    pub(super) private_key: Pkcs8,
    pub(super) signer: SoftwareSigner,
}

impl KeyPair {
    pub(super) fn generate(algorithm: KeyAlgorithm) -> Result<Self, SignerError> {
        let (signer, private_key) = SoftwareSigner::generate(algorithm)?;
        Ok(Self { private_key, signer })
    }

    /// The key pair of this private key, if it is that of the public key.
    pub(super) fn new(private_key: Pkcs8, public_key: &PublicKey) -> Result<Self, SignerError> {
        let signer = SoftwareSigner::from_pkcs8(&private_key, public_key)?;
        Ok(Self { private_key, signer })
    }

    pub(super) fn public_key(&self) -> &PublicKey {
        self.signer.public_key()
    }
}
