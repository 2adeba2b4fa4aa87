//! Provisioning keys: a fleet enrolls itself, and every use is counted exactly.
//!
//! An operator makes a *provisioning key*: a line of text with a maximum number of uses, for one
//! connector group and one enrollment certificate. A connector receives the text, generates a key
//! pair, proves that it holds the provisioning key, and gets a signed TLS client certificate. The
//! authority counts the use: never past the maximum, never twice for one connector, and never lost.
//!
//! ```text
//!  operator                    authority                          connector
//!     │  create_key ───────────▶ [`authority::Authority`]            │
//!     │  copy_key ◀───────────── text = HMAC(master key, id) …       │
//!     │                                                              │
//!     │──────────────── the text, by any channel ───────────────────▶│ `ProvisioningKey::read`
//!     │                                                              │ `Identity::generate`
//!     │                          enroll ◀───── CSR with a proof ─────│ `Identity::request`
//!     │                          one unit: count, record, audit      │
//!     │                          chain ─────────────────────────────▶│ `Identity::accept`
//! ```
//!
//! # What it does not do
//! It opens no socket and no file, and asks the operating system only for the id of its
//! [`process`] and, through ring, for randomness; for the time only through a
//! [`time::SystemClock`] that is passed in. The application provides a [`store`], a
//! [`time::Clock`] and a [`random::Random`], carries requests and answers, and keeps the master key
//! outside the store. Calls block: an async application makes them from its pool for blocking work.
//!
//! # Where to begin
//! - Issuing certificates: [`authority::Authority`].
//! - Requesting one: [`connector`], with an example of both sides.
//! - The key text, and the errors of reading it: [`key::ProvisioningKey`].
//! - A store of your own: [`store::Store`], and the [suite](store::conformance) that it must pass.
//!
//! # Features
//! - none: key texts, and parsing CSRs and certificates, without `std`;
//! - `connector`: derivation, proofs, signatures and [`connector::Identity`], on ring, without
//!   `std`;
//! - `authority` (default): everything; needs `std`.
//!
//! # Errors
//! Every error has two methods. `code()` is a stable name such as `key_exhausted`, the same in
//! every interface. `retryable()` says whether the same call may succeed later, by itself. No error
//! and no `Debug` output contains a secret.

#![no_std]
#![forbid(unsafe_code)]

extern crate alloc;
#[cfg(any(feature = "std", test))]
extern crate std;

mod der;
mod hex;
pub mod key;
pub mod limits;
#[cfg(feature = "std")]
pub mod process;
pub mod random;
#[cfg(feature = "authority")]
mod setters;
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
