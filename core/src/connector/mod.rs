//! The connector: its identity, its requests, and the answers that it accepts.
//!
//! ```text
//! generate ─► request ─► save ─► (the authority enrolls) ─► accept ─► save
//!                ▲                          │
//!                └───── no answer: again ◄──┘
//! ```
//!
//! Save the identity *before* the request leaves the machine. The authority counts one use for each
//! public key: a connector that asks again with the same identity gets the same certificate, and
//! one that lost its identity costs another use.
//!
//! A certificate is renewed in the same way, from [`Identity::renew_at`] on: `renew_request`, save,
//! send, `accept`, save. If the answer is lost, send the saved request again. The old certificate
//! and its key stay in place until an answer is accepted.
//!
//! ```
//! use provkey::connector::{CertificateState, Identity, RenewalKey};
//! use provkey::key::{Fingerprint, ProvisioningKey};
//! use provkey::x509::KeyAlgorithm;
//!
//! # #[cfg(feature = "authority")] {
//! # use provkey::authority::{EnrollRequest, RenewRequest};
//! # use provkey::random::SystemRandom;
//! # use provkey::testing::TestAuthority;
//! # use provkey::time::Clock;
//! # let test = TestAuthority::new();
//! # let (authority, now, random) = (test.authority.clone(), test.clock.now(), SystemRandom);
//! # let key_text = authority.copy_key(test.key("first floor", 10).id)?;
//! # let machine_id = b"the machine's own id".as_slice();
//! // The connector generates its key pair, and requests a certificate with its key text.
//! let key = ProvisioningKey::read(key_text.expose().as_bytes())?;
//! let mut identity = Identity::generate(KeyAlgorithm::EcdsaP256)?;
//! let request = identity.request(&key, Some(Fingerprint::of_raw(machine_id)))?;
//! let file = identity.seal(machine_id, &random)?;
//!
//! // The authority enrolls it. The application carries request and answer.
//! let answer = authority.enroll(&EnrollRequest::new(request.der()))?.chain_pem();
//!
//! // The connector trusts only the root that its key text pins.
//! let mut identity = Identity::open(&file, machine_id)?;
//! let accepted = identity.accept(answer.as_bytes(), now)?;
//! assert_eq!(accepted.clock_behind, None);
//! assert_eq!(identity.state(now), CertificateState::Valid);
//! let file = identity.seal(machine_id, &random)?;
//!
//! // Later it renews, here for a new key pair. A renewal costs no use.
//! let key = RenewalKey::New(KeyAlgorithm::EcdsaP256);
//! let request = identity.renew_request(key, Some(Fingerprint::of_raw(machine_id)))?;
//! let file = identity.seal(machine_id, &random)?;
//! let answer = authority.renew(&RenewRequest::new(request.der()))?.chain_pem();
//! identity.accept(answer.as_bytes(), now)?;
//! let file = identity.seal(machine_id, &random)?;
//!
//! // The file does not open on another machine.
//! let error = Identity::open(&file, b"another machine's id").unwrap_err();
//! assert_eq!(error.code(), "identity_other_machine");
//! # }
//! # Ok::<(), Box<dyn std::error::Error>>(())
//! ```

// rustdoc shows the blocks `impl Identity` in the order of these lines. The blank lines keep
// rustfmt from sorting them.
mod identity;

mod request;

mod accept;

mod file;

mod state;

mod renew;

mod server;

mod error;
mod fields;
mod key_pair;
mod key_reference;

pub use accept::Accepted;
pub use error::{Error, ShownCertificate};
pub use identity::Identity;
pub use key_reference::KeyReference;
pub use renew::RenewalKey;
pub use request::Request;
pub use state::CertificateState;

#[cfg(test)]
#[cfg(feature = "authority")]
mod tests;
