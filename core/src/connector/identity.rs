//! The identity of a connector.

use core::fmt;

use super::{Error, KeyReference};
use crate::x509::{
    Certificate, Chain, KeyAlgorithm, Pkcs8, PublicKey, Signer, SignerError, SoftwareSigner,
};

/// A connector's key pair, and its certificate once it has one.
///
/// The private key was made on this machine and leaves it in no request. It is erased when this is
/// dropped, except for the copy that ring keeps.
pub struct Identity {
    private_key: Pkcs8,
    signer: SoftwareSigner,
    pub(super) asked: Option<KeyReference>,
    pub(super) enrolled: Option<Enrolled>,
}

/// An accepted answer.
pub(super) struct Enrolled {
    pub(super) with: KeyReference,
    pub(super) chain: Chain,
}

impl Identity {
    /// Makes a new identity with a key pair of its own: P-256 (a good default), P-384 or Ed25519.
    /// ring draws the randomness.
    ///
    /// # Errors
    /// `signer_algorithm_unsupported` for RSA; `signer_failed` if there is no randomness.
    pub fn generate(algorithm: KeyAlgorithm) -> Result<Self, Error> {
        let (signer, private_key) = SoftwareSigner::generate(algorithm)?;
        Ok(Self { private_key, signer, asked: None, enrolled: None })
    }

    /// The identity with this private key, if it is that of the public key.
    pub(super) fn from_private_key(
        private_key: Pkcs8,
        public_key: &PublicKey,
    ) -> Result<Self, SignerError> {
        let signer = SoftwareSigner::from_pkcs8(&private_key, public_key)?;
        Ok(Self { private_key, signer, asked: None, enrolled: None })
    }

    /// Its public key, by which the authority knows it.
    pub fn public_key(&self) -> &PublicKey {
        self.signer.public_key()
    }

    /// Its private key, for the TLS library that uses the certificate. It is a secret.
    pub fn private_key(&self) -> &Pkcs8 {
        &self.private_key
    }

    /// What signs with its private key.
    pub(super) fn signer(&self) -> &dyn Signer {
        &self.signer
    }

    /// The key that it asked with last.
    pub fn asked_with(&self) -> Option<&KeyReference> {
        self.asked.as_ref()
    }

    /// The key that it got its certificate with.
    pub fn enrolled_with(&self) -> Option<&KeyReference> {
        self.enrolled.as_ref().map(|enrolled| &enrolled.with)
    }

    /// Its certificate, the issuers of that, and the pinned root.
    pub fn chain(&self) -> Option<&Chain> {
        self.enrolled.as_ref().map(|enrolled| &enrolled.chain)
    }

    /// Its certificate.
    pub fn certificate(&self) -> Option<&Certificate> {
        self.chain().map(Chain::leaf)
    }
}

impl fmt::Debug for Identity {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Identity")
            .field("public_key", self.public_key())
            .field("asked_with", &self.asked_with())
            .field("certificate", &self.certificate())
            .finish_non_exhaustive()
    }
}
