//! Provisioning keys: their text, their secret, and the proof that a connector holds one.
//!
//! ```text
//! pvk1_api.private.example.com_q2w3e4r5t6y7<secret><pin><tag><check>
//! └┬─┘ └──────────┬──────────┘ └────────── core: 85 characters ─────────┘
//!  │              └ host: where the authority is reached
//!  └ kind and version
//! ```
//!
//! An authority *derives* the secret of a key from its `MasterKey`, the host and the [`KeyId`]. So
//! it stores no secret, and refuses a forged key without asking its store. A connector *reads* the
//! text with [`ProvisioningKey::read`], which ignores what copying adds and locates what copying
//! damaged. It *proves* with a [`Proof`] that it holds the key, without sending it.
//!
//! ```
//! use provkey::key::{Host, KeyId, Keyring, MasterKey, Pin, Proof, ProvisioningKey};
//!
//! // The authority makes a key.
//! let keyring = Keyring::new(MasterKey::from_bytes([7; 32]));
//! let (host, id) = (Host::parse("api.example.com")?, KeyId::parse("q2w3e4r5t6y7")?);
//! let secret = keyring.derive_secret(&host, id).ok_or("slot 0 has a master key")?;
//! let key = ProvisioningKey::from_parts(host, id, secret, Pin::of_spki(b"the root's public key"));
//! let text = key.to_text();
//!
//! // A connector reads it with a miscopied character, and learns which one.
//! let miscopied = text.expose().replace("q2w3", "92w3");
//! let error = ProvisioningKey::read(miscopied.as_bytes()).unwrap_err();
//! assert_eq!((error.code(), error.positions()), ("key_miscopied", &[21][..]));
//! assert_eq!(error.repaired(), Some(&text));
//!
//! // It proves that it holds the key, and the authority verifies the proof.
//! let key = ProvisioningKey::read(text.expose().as_bytes())?;
//! let proof = Proof::make(&key, b"the connector's public key", None);
//! assert!(keyring.verify_proof(&proof, b"the connector's public key"));
//! # Ok::<(), Box<dyn std::error::Error>>(())
//! ```
//!
//! Deriving secrets and making proofs need ring, and so the feature `connector`. Key texts can be
//! written and read, and proofs parsed, without it.

pub(crate) mod alphabet;
pub(crate) mod checksum;
mod clean;
mod correct;
mod error;
mod field;
mod fingerprint;
mod host;
mod id;
#[cfg(feature = "connector")]
mod keyring;
mod layout;
#[cfg(feature = "connector")]
mod master;
mod pin;
mod proof;
mod read;
mod secret;
mod text;
mod word;

pub use error::KeyTextError;
pub use fingerprint::Fingerprint;
pub use host::{Host, HostError};
pub use id::{KeyId, KeyIdError, Slot};
pub use pin::Pin;
pub use proof::{PROOF_OID_DER, Proof, ProofError};
pub use secret::{KeyText, Secret};
pub use text::ProvisioningKey;

#[cfg(feature = "connector")]
pub use keyring::{Keyring, KeyringError};
#[cfg(feature = "connector")]
pub use master::{MasterId, MasterKey, MasterKeyError};
