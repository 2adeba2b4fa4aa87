//! Provisioning keys: a fleet enrols itself, every use counted exactly.
//!
//! An operator makes a *provisioning key*: a line of text with a maximum number of uses, tied to
//! one connector group and one enrollment certificate. A connector is given the text, makes a key
//! pair of its own, proves that it holds the key, and gets a signed TLS client certificate. The
//! authority counts the use: never beyond the maximum, never twice for one connector, never lost.
//!
//! ```text
//!  operator                    authority                          connector
//!     │  create_key ───────────▶ [`authority::Authority`]            │
//!     │  copy_key ◀───────────── text = HMAC(master key, id) …       │
//!     │                                                              │
//!     │──────────────── the text, by whatever way ──────────────────▶│ `ProvisioningKey::read`
//!     │                                                              │ `Identity::generate`
//!     │                          enroll ◀───── CSR with a proof ─────│ `Identity::request`
//!     │                          one unit: count, record, audit      │
//!     │                          chain ─────────────────────────────▶│ `Identity::accept`
//! ```
//!
//! # What it does not do
//! It opens no socket and no file, reads no clock, and draws no randomness but what ring draws for
//! its keys and signatures. Of the operating system it asks one thing: the id of its [`process`]. The host gives it a [`store`], a [`time::Clock`] and a
//! [`random::Random`], carries requests and answers, and keeps the master key outside the store.
//! Calls block; an async host makes them from its pool for blocking work.
//!
//! # Where to begin
//! - The side that hands out certificates: [`authority::Authority`].
//! - The side that asks for one: [`connector::Identity`], with an example that has both sides.
//! - The text itself, and what can be wrong with it: [`key::ProvisioningKey`].
//! - A store of your own: [`store::Store`], and the suite that it has to pass.
//!
//! # Features
//! - none: key texts, and reading CSRs and certificates, without `std`;
//! - `connector`: derivation, proofs, signatures and [`connector::Identity`], on ring, without
//!   `std`;
//! - `authority` (default): everything; needs `std`.
//!
//! # Errors
//! Every error has a `code()`, a stable name such as `key_exhausted` that is the same wherever it
//! appears, and `retryable()`: whether the same call may succeed later by itself. No error, and
//! nothing that is printed, holds a secret.

#![no_std]
#![forbid(unsafe_code)]

extern crate alloc;
#[cfg(any(feature = "std", test))]
extern crate std;

mod der;
pub mod key;
pub mod limits;
#[cfg(feature = "std")]
pub mod process;
pub mod random;
pub mod store;
mod text;
pub mod time;
pub mod x509;

#[cfg(feature = "authority")]
pub mod authority;
#[cfg(feature = "connector")]
pub mod connector;
#[cfg(feature = "authority")]
mod ledger;
#[cfg(feature = "authority")]
pub mod testing;

pub use text::ParseError;
