//! The key pair of an identity.

use alloc::sync::Arc;
use alloc::vec::Vec;

use crate::x509::{KeyAlgorithm, Pkcs8, PublicKey, Signer, SignerError, SoftwareSigner};

/// The signer of a private key, and the private key itself if it is in this process.
pub(super) struct KeyPair {
    /// `None` if the private key is elsewhere.
    pub(super) private_key: Option<Pkcs8>,
    pub(super) signer: Arc<dyn Signer>,
}

impl KeyPair {
    pub(super) fn generate(algorithm: KeyAlgorithm) -> Result<Self, SignerError> {
        let (signer, private_key) = SoftwareSigner::generate(algorithm)?;
        Ok(Self { private_key: Some(private_key), signer: Arc::new(signer) })
    }

    /// The key pair of this private key, if it belongs to the public key.
    pub(super) fn new(private_key: Pkcs8, public_key: &PublicKey) -> Result<Self, SignerError> {
        let signer = SoftwareSigner::from_pkcs8(&private_key, public_key)?;
        Ok(Self { private_key: Some(private_key), signer: Arc::new(signer) })
    }

    /// A key pair whose private key is elsewhere.
    pub(super) fn elsewhere(signer: Arc<dyn Signer>) -> Self {
        Self { private_key: None, signer }
    }

    /// A key pair whose private key is elsewhere, and whose signer is not attached yet.
    pub(super) fn detached(public_key: PublicKey) -> Self {
        Self::elsewhere(Arc::new(Detached(public_key)))
    }

    pub(super) fn public_key(&self) -> &PublicKey {
        self.signer.public_key()
    }

    /// Attaches a signer, if it has this public key and the private key is elsewhere. Returns
    /// whether it did.
    pub(super) fn attach(&mut self, signer: &Arc<dyn Signer>) -> bool {
        let fits = self.private_key.is_none() && signer.public_key() == self.public_key();
        if fits {
            self.signer = Arc::clone(signer);
        }
        fits
    }
}

/// The placeholder for a signer that is not attached yet.
struct Detached(PublicKey);

impl Signer for Detached {
    fn public_key(&self) -> &PublicKey {
        &self.0
    }

    fn sign(&self, _: &[u8]) -> Result<Vec<u8>, SignerError> {
        Err(SignerError::Unavailable("the private key is elsewhere: attach its signer".into()))
    }
}
