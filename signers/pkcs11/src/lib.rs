//! CA keys of [provkey] in a PKCS #11 token: an HSM, a smart card, or SoftHSM.
//!
//! A [`Token`] makes keys and finds them; a [`Pkcs11Signer`] signs certificates with one, and
//! nothing else of an authority changes:
//!
//! ```no_run
//! use std::path::Path;
//! use std::sync::Arc;
//!
//! use provkey::authority::{Authority, Name, NewCertificate};
//! use provkey::x509::KeyAlgorithm;
//! use provkey_pkcs11::{KeySelector, Token, TokenPin, TokenSelector};
//! use zeroize::Zeroizing;
//!
//! /// Once: a key in the token, and an enrollment certificate for it under the authority's root.
//! fn create(authority: &Authority, token: &Token) -> Result<(), Box<dyn std::error::Error>> {
//!     let signer = token.generate("fleet-ca", KeyAlgorithm::EcdsaP256)?;
//!     let mut new = NewCertificate::new(Name::new("Fleet CA")?);
//!     new.signer = Some(Arc::new(signer));
//!     authority.create_certificate(&new)?;
//!     Ok(())
//! }
//!
//! /// Whenever the authority is opened: it does not know where the key is.
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
//! To try it on Debian, with `apt-get install softhsm2` and as a user who may write to its tokens:
//! `softhsm2-util --init-token --free --label plant-7`.
//!
//! # Keys
//! | algorithm | mechanism | made by [`Token::generate`] |
//! |---|---|---|
//! | P-256, P-384 | `CKM_ECDSA` over a hash made here | yes |
//! | Ed25519 | `CKM_EDDSA` | yes |
//! | RSA of 2048 to 4096 bits | `CKM_SHA256_RSA_PKCS` | 3072 bits |
//!
//! All of them are tested on the SoftHSM 2.6 of Debian 12; other tokens may have fewer, and say
//! `token_algorithm_unsupported`. A key that is made here is marked sensitive and not
//! extractable, may sign and nothing else, and is kept only if the token says that it can never
//! be read. Keys that other tools made or imported can be used too:
//! [`never_extractable`](Pkcs11Signer::never_extractable) tells them apart. The private and the
//! public key must both be in the token and share a `CKA_ID`; that they belong together is
//! proven by a signature before the key is used.
//!
//! # When the token goes away
//! A signature that fails for any reason but a refusal is tried again, first in a new session,
//! then after the module was started anew (`C_Finalize`, `C_Initialize`), which is when most
//! modules look for their tokens. If the token stays away, that is
//! [`SignerError::Unavailable`](provkey::x509::SignerError), `signer_unavailable`: the
//! connector may ask again, and no use was counted. Every later request looks for the token
//! again, but the module is started at most twice a second. A key that comes back must be the
//! same key, or it is `signer_key_mismatch`.
//!
//! A PIN that the token refused is not tried again before the token is opened anew, lest it
//! locks.
//!
//! # Threads, sessions, processes
//! At most [`SESSIONS_MAX`] sessions are open with a token, or as many as it gives. Callers
//! beyond that wait for one, up to 30 s. A session stays logged in as long as a [`Token`] or
//! one of its signers is alive.
//!
//! A module belongs to the whole process. If something else in it has initialized the module
//! first, it is not finalized here. A module is a library that runs inside this process with all
//! its rights: load only one that you trust.
//!
//! A child that was forked after a module was loaded gets `used_after_fork` from every call, until
//! it executes another program: the module's locks and connections are the parent's.

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

/// Most sessions that are open with a token at once. Other callers wait.
pub const SESSIONS_MAX: usize = 16;
/// Longest label of a new key.
pub const LABEL_BYTES_MAX: usize = 255;
