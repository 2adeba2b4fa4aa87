//! CA keys of [provkey] in a PKCS #11 token: an HSM, a smart card, or SoftHSM.
//!
//! A [`Token`] generates and finds keys; a [`Pkcs11Signer`] signs certificates with one.
//! Nothing else of an authority changes:
//!
//! ```no_run
//! use std::path::Path;
//! use std::sync::Arc;
//!
//! use provkey::authority::{Authority, NewCertificate};
//! use provkey::x509::KeyAlgorithm;
//! use provkey_pkcs11::{KeySelector, Token, TokenPin, TokenSelector};
//! use zeroize::Zeroizing;
//!
//! /// Once: generates a key in the token, and has the authority's root certify it.
//! fn create(authority: &Authority, token: &Token) -> Result<(), Box<dyn std::error::Error>> {
//!     let signer = token.generate("fleet-ca", KeyAlgorithm::EcdsaP256)?;
//!     let new = NewCertificate::new("Fleet CA".parse()?).signer(Arc::new(signer));
//!     authority.create_certificate(&new)?;
//!     Ok(())
//! }
//!
//! /// Each time that the authority is opened: the store does not say where the key is.
//! fn attach(authority: &Authority, token: &Token) -> Result<(), Box<dyn std::error::Error>> {
//!     let signer = token.signer(KeySelector::Label("fleet-ca".into()))?;
//!     authority.attach_signer(Arc::new(signer))?;
//!     Ok(())
//! }
//!
//! fn open() -> Result<Token, Box<dyn std::error::Error>> {
//!     let pin = Zeroizing::new(std::fs::read_to_string("/run/secrets/token-pin")?);
//!     Ok(Token::open(
//!         Path::new("/usr/lib/softhsm/libsofthsm2.so"),
//!         TokenSelector::Label("plant-7".into()),
//!         TokenPin::new(Zeroizing::new(pin.trim_end().into())),
//!     )?)
//! }
//! ```
//!
//! To try it on Debian, run `apt-get install softhsm2`, and as a user who may write its tokens:
//! `softhsm2-util --init-token --free --label plant-7`.
//!
//! # Keys
//! | algorithm | mechanism | [`Token::generate`] makes it |
//! |---|---|---|
//! | P-256, P-384 | `CKM_ECDSA` over a hash made here | yes |
//! | Ed25519 | `CKM_EDDSA` | yes |
//! | RSA of 2048 to 4096 bits | `CKM_SHA256_RSA_PKCS` | 3072 bits |
//!
//! All of them are tested with SoftHSM 2.6 of Debian 12. Other tokens may support fewer, and fail
//! with `token_algorithm_unsupported`. A generated key is marked sensitive and not extractable, and
//! may only sign; it is destroyed again if the token does not confirm that it can never be read.
//! Keys that other tools generated or imported can be used, too:
//! [`never_extractable`](Pkcs11Signer::never_extractable) distinguishes them. The private and the
//! public key must both be in the token, with the same `CKA_ID`. A test signature proves that they
//! belong together before the key is used.
//!
//! # When the token is gone
//! A signature that fails for any reason but a refusal is retried: in a new session, then after a
//! restart of the module (`C_Finalize`, `C_Initialize`), because most modules look for tokens only
//! when they start. If the token stays away, the error is
//! [`SignerError::Unavailable`](provkey::x509::SignerError), `signer_unavailable`: no use was
//! counted, and the connector may ask again. Each later request looks for the token again, but the
//! module is restarted at most twice a second. After that, the key must be the same as before, or
//! the error is `signer_key_mismatch`.
//!
//! A PIN that the token rejected is not tried again until the token is opened again, because the
//! token would lock.
//!
//! # Threads, sessions, processes
//! At most [`SESSIONS_MAX`] sessions with a token are open, or as many as it permits. Further
//! callers wait up to 30 s for one. Sessions stay logged in while a [`Token`] or one of its signers
//! exists.
//!
//! A module belongs to the whole process. If other code in the process has initialized the module
//! first, this crate does not finalize it. A module is a library that runs inside the process with
//! all its rights: load only one that you trust.
//!
//! In a child that was forked after a module was loaded, every call fails with `used_after_fork`
//! until the child executes another program: the module's locks and connections belong to the
//! parent.

mod error;
mod key;
mod module;
mod pin;
mod pool;
mod selector;
mod signer;
mod token;

pub use error::TokenError;
pub use pin::TokenPin;
pub use selector::{KeySelector, TokenSelector};
pub use signer::Pkcs11Signer;
pub use token::Token;

/// How many sessions with a token are open at most. Further callers wait.
pub const SESSIONS_MAX: usize = 16;
/// The longest label of a new key, in bytes.
pub const LABEL_BYTES_MAX: usize = 255;
