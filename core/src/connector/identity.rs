//! The identity of a connector.

use alloc::boxed::Box;
use alloc::sync::Arc;
use core::fmt;

use super::key_pair::KeyPair;
use super::{Error, KeyReference};
use crate::x509::{Certificate, Chain, KeyAlgorithm, Pkcs8, PublicKey, Signer, SignerError};

/// A connector's key pair, and its certificate once it has one.
///
/// The private key was made on this machine and leaves it in no request. It is erased when this is
/// dropped, except for the copy that ring keeps. Or it lives elsewhere, in a secure element or a
/// keystore, behind a [`Signer`], and is never here.
pub struct Identity {
    pub(super) key_pair: KeyPair,
    pub(super) asked: Option<KeyReference>,
    pub(super) enrolled: Option<Enrolled>,
    pub(super) renewal: Option<Renewal>,
}

/// An accepted answer.
pub(super) struct Enrolled {
    pub(super) with: KeyReference,
    pub(super) chain: Chain,
}

/// A renewal that was requested and has not been answered. The authority may have renewed already,
/// so it is this renewal that has to be requested again, not another.
pub(super) enum Renewal {
    SameKey,
    NewKey(Box<KeyPair>),
}

impl Renewal {
    /// The key pair to renew for, unless it is the one that the identity has.
    pub(super) fn new_key_pair(&self) -> Option<&KeyPair> {
        match self {
            Self::SameKey => None,
            Self::NewKey(new) => Some(new),
        }
    }
}

impl Identity {
    /// Makes a new identity with a key pair of its own: P-256 (a good default), P-384 or Ed25519.
    /// ring draws the randomness.
    ///
    /// # Errors
    /// `signer_algorithm_unsupported` for RSA; `signer_failed` if there is no randomness.
    pub fn generate(algorithm: KeyAlgorithm) -> Result<Self, Error> {
        Ok(Self::new(KeyPair::generate(algorithm)?))
    }

    /// Makes a new identity for a key that lives elsewhere: in a secure element, a TPM, a keystore.
    ///
    /// Nothing of the private key is in the files of such an identity. After one was opened,
    /// [`attach_signer`](Self::attach_signer) brings the signer back.
    pub fn with_signer(signer: Arc<dyn Signer>) -> Self {
        Self::new(KeyPair::elsewhere(signer))
    }

    /// Attaches the signer of a key that lives elsewhere to an identity that was opened. Until
    /// then its requests are `signer_unavailable`. If a renewal for another such key is under way,
    /// each has its own signer to be attached.
    ///
    /// # Errors
    /// `signer_key_mismatch` if the public key is none of this identity's, or is that of a private
    /// key that it holds itself.
    pub fn attach_signer(&mut self, signer: &Arc<dyn Signer>) -> Result<(), Error> {
        let renewal = match &mut self.renewal {
            Some(Renewal::NewKey(new)) => new.attach(signer),
            _ => false,
        };
        match self.key_pair.attach(signer) || renewal {
            true => Ok(()),
            false => Err(SignerError::KeyMismatch.into()),
        }
    }

    pub(super) fn new(key_pair: KeyPair) -> Self {
        Self { key_pair, asked: None, enrolled: None, renewal: None }
    }

    /// Its public key, for which its certificate is made.
    pub fn public_key(&self) -> &PublicKey {
        self.key_pair.public_key()
    }

    /// Its private key, for the TLS library that uses the certificate. It is a secret. `None`: it
    /// lives elsewhere.
    pub fn private_key(&self) -> Option<&Pkcs8> {
        self.key_pair.private_key.as_ref()
    }

    /// What signs with its private key.
    pub(super) fn signer(&self) -> &dyn Signer {
        &*self.key_pair.signer
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
            .field("renewing", &self.is_renewing())
            .finish_non_exhaustive()
    }
}
