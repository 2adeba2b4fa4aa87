//! Provisioning keys: a fleet enrolls itself, and every use is counted exactly.
//!
//! An operator makes a *provisioning key*: a line of text with a maximum number of uses, for one
//! connector group and one enrollment certificate. A connector receives the text, generates a key
//! pair, proves that it holds the provisioning key, and gets a signed TLS client certificate. The
//! authority counts the use: never past the maximum, never twice for one connector, and never lost.
//!
//! ```text
//!  operator                    authority                          connector
//!     │  create_key ───────────▶ an `Authority`                      │
//!     │  copy_key ◀───────────── text = HMAC(master key, id) …       │
//!     │                                                              │
//!     │──────────────── the text, by any channel ───────────────────▶│ `ProvisioningKey::read`
//!     │                                                              │ `Identity::generate`
//!     │                          enroll ◀───── CSR with a proof ─────│ `Identity::request`
//!     │                          one unit: count, record, audit      │
//!     │                          chain ─────────────────────────────▶│ `Identity::accept`
//! ```
//!
//! ```
//! # #[cfg(feature = "authority")] {
//! use provkey::authority::EnrollRequest;
//! use provkey::connector::Identity;
//! use provkey::key::ProvisioningKey;
//! use provkey::testing::TestAuthority;
//! use provkey::time::Clock;
//! use provkey::x509::KeyAlgorithm;
//!
//! // The operator: an authority in memory, with a group and an enrollment certificate.
//! let test = TestAuthority::new();
//! let key = test.authority.create_key(&test.new_key("first floor", 10))?;
//! let text = test.authority.copy_key(key.id)?;
//!
//! // The connector, elsewhere.
//! let mut identity = Identity::generate(KeyAlgorithm::EcdsaP256)?;
//! let request = identity.request(&ProvisioningKey::read(text.expose().as_bytes())?, None)?;
//!
//! // The authority issues, and the connector accepts.
//! let answer = test.authority.enroll(&EnrollRequest::new(request.der()))?;
//! identity.accept(answer.chain_pem().as_bytes(), test.clock.now())?;
//! assert_eq!(test.used(&key), 1);
//! # }
//! # Ok::<(), Box<dyn std::error::Error>>(())
//! ```
//!
//! # What it does not do
//! It opens no file and no socket. It takes the time and random numbers for ids from the
//! [`time::Clock`] and the [`random::Random`] that the application passes in. It asks the operating
//! system for two things: the id of the [`process`], and, through ring, randomness for key pairs
//! and signatures. The application also provides a [`store`], carries requests and answers, and
//! keeps the master key outside the store. Calls block: an async application makes them from its
//! pool for blocking work.
//!
//! # Where to begin
//! - Issuing certificates: [`authority::Authority`].
//! - Requesting one: [`connector`], with an example of both sides.
//! - The key text, and the errors of reading it: [`key::ProvisioningKey`].
//! - Testing an application: [`testing`].
//! - A store of your own: [`store::Store`], and the [suite](store::conformance) that it must pass.
//! - Reports in SQL: the [`views`] that the stores on SQLite and PostgreSQL have.
//!
//! # How values are made
//! - `new` takes parts that are already checked. It fails only where they must fit each other, as
//!   an issuer and its signer, and returns an `Option` for a number or bytes that may be out of
//!   range. What has more fields gets them from methods of the same name:
//!   `NewKey::new(…).expires_at(end)`.
//! - `parse` reads a text or an encoding, and its error says what is wrong. What has one text also
//!   has `FromStr`, `Display` and serde with that text. No `Display` shows a secret.
//! - `from_bytes`, `from_der` and the like take one form of a value that has several.
//! - `generate` makes a key pair or a secret, `random` an id.
//!
//! # Features
//! - none: key texts, and parsing CSRs and certificates, without `std`;
//! - `connector`: derivation, proofs, signatures and [`connector::Identity`], on ring, without
//!   `std`;
//! - `authority` (default): everything; needs `std`.
//!
//! # Errors
//! Every error of the authority, the connector and the stores has two methods. `code()` is a stable
//! name such as `key_exhausted`, the same in every interface. `retryable()` says whether the same
//! call may succeed later, by itself. No error and no `Debug` output contains a secret.
//!
//! ```
//! # #[cfg(feature = "authority")] {
//! use provkey::authority::{Error, Refusal};
//! use provkey::testing::TestAuthority;
//!
//! let test = TestAuthority::new();
//! let key = test.key("first floor", 1);
//! test.authority.enroll(&test.request(&key)).expect("it has one use");
//! let error = test.authority.enroll(&test.request(&key)).unwrap_err();
//! assert_eq!((error.code(), error.retryable()), ("key_exhausted", false));
//! assert!(matches!(error, Error::Refused(Refusal::KeyExhausted)));
//! # }
//! ```

#![no_std]
#![forbid(unsafe_code)]
#![deny(missing_debug_implementations)]
#![deny(clippy::missing_errors_doc, clippy::return_self_not_must_use)]

extern crate alloc;
#[cfg(any(feature = "std", test))]
extern crate std;

mod der;
mod error_family;
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
#[cfg(feature = "authority")]
pub mod views;

pub use text::ParseError;
