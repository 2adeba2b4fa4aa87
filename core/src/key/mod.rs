//! Provisioning key texts: writing, reading, finding what was miscopied, deriving, proving.

mod alphabet;
#[cfg(feature = "authority")]
mod as_text;
mod checksum;
mod clean;
mod correct;
mod error;
mod field;
mod fingerprint;
mod hex;
mod host;
mod id;
#[cfg(feature = "connector")]
mod keyring;
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
