//! The identity of a connector.

use alloc::boxed::Box;
use alloc::sync::Arc;
use core::fmt;

use super::key_pair::KeyPair;
use super::{Error, KeyReference};
use crate::x509::{Certificate, Chain, KeyAlgorithm, Pkcs8, PublicKey, Signer, SignerError};

/// A connector's key pair, and its certificate once it has one.
///
/// The private key was generated on this machine, and no request contains it. It is erased when
/// this is dropped, except for ring's copy. Or the private key is elsewhere, in a secure element or
/// a keystore behind a [`Signer`], and never in this process.
///
/// ```
/// use provkey::connector::{CertificateState, Identity};
/// use provkey::time::Timestamp;
/// use provkey::x509::KeyAlgorithm;
///
/// let identity = Identity::generate(KeyAlgorithm::EcdsaP256)?;
/// let now = Timestamp::from_unix_seconds(1_800_000_000);
/// assert_eq!(identity.state(now), CertificateState::None);
///
/// // It survives a restart as bytes; `seal` and `open` bind them to the machine.
/// let identity = Identity::from_bytes(&identity.to_bytes())?;
/// # Ok::<(), provkey::connector::Error>(())
/// ```
///
/// The [module](crate::connector) shows an enrollment and a renewal.
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

/// # Key pair and certificate
impl Identity {
    /// Makes an identity with a new key pair: P-256 (a good default), P-384 or Ed25519. The
    /// randomness is ring's.
    ///
    /// # Errors
    /// `signer_algorithm_unsupported` for RSA; `signer_failed` if there is no randomness.
    pub fn generate(algorithm: KeyAlgorithm) -> Result<Self, Error> {
        Ok(Self::new(KeyPair::generate(algorithm)?))
    }

    /// Makes an identity for a private key elsewhere: in a secure element, a TPM, a keystore.
    ///
    /// The files of such an identity do not contain the private key. After opening one, call
    /// [`attach_signer`](Self::attach_signer).
    pub fn with_signer(signer: Arc<dyn Signer>) -> Self {
        Self::new(KeyPair::elsewhere(signer))
    }

    /// Attaches the signer of a private key elsewhere, after the identity was opened. Until then
    /// its requests fail with `signer_unavailable`. If a renewal for another such key is pending,
    /// attach both signers.
    ///
    /// # Errors
    /// `signer_key_mismatch` if this identity does not have the signer's public key, or contains
    /// the private key itself.
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

    /// The public key, which its certificate contains.
    pub fn public_key(&self) -> &PublicKey {
        self.key_pair.public_key()
    }

    /// The private key, for the TLS library. It is a secret. `None` if the private key is
    /// elsewhere.
    pub fn private_key(&self) -> Option<&Pkcs8> {
        self.key_pair.private_key.as_ref()
    }

    /// The signer of its private key.
    pub(super) fn signer(&self) -> &dyn Signer {
        &*self.key_pair.signer
    }

    /// The provisioning key of its last request.
    pub fn asked_with(&self) -> Option<&KeyReference> {
        self.asked.as_ref()
    }

    /// The provisioning key that its certificate was issued for.
    pub fn enrolled_with(&self) -> Option<&KeyReference> {
        self.enrolled.as_ref().map(|enrolled| &enrolled.with)
    }

    /// Its certificate, the issuers, and the pinned root.
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
