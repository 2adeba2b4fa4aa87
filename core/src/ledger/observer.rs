//! What an application can watch while the authority works.

use core::net::IpAddr;

use crate::key::KeyId;
use crate::ledger::model::{AdminTokenId, ConnectorId};

/// Receives events as they happen, on the thread that makes the call.
///
/// A refusal before the provisioning key is proven reaches only the observer: anyone can cause one,
/// so it is never stored. An observer should return quickly, and must not call the authority.
///
/// ```
/// use std::sync::Arc;
///
/// use provkey::authority::{Authority, Environment, Event, Observer};
/// use provkey::testing::TestAuthority;
///
/// struct Log;
///
/// impl Observer for Log {
///     fn observe(&self, event: &Event) {
///         if let Event::Refused { code, address, .. } = event {
///             eprintln!("refused: {code}, from {address:?}");
///         }
///     }
/// }
///
/// # let store = TestAuthority::new().environment.store;
/// # let keyring = TestAuthority::keyring();
/// let environment = Environment::system(store).observer(Arc::new(Log));
/// let authority = Authority::open(environment, keyring)?;
/// # Ok::<(), provkey::authority::Error>(())
/// ```
pub trait Observer: Send + Sync {
    /// Something happened.
    fn observe(&self, event: &Event);
}

/// What happened. Contains no secret.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum Event {
    /// A connector enrolled, at the cost of one use.
    Enrolled {
        /// The provisioning key.
        key: KeyId,
        /// The connector.
        connector: ConnectorId,
        /// The address that the application reported, if it did.
        address: Option<IpAddr>,
    },
    /// A connector renewed its certificate.
    Renewed {
        /// The provisioning key that it enrolled with.
        key: KeyId,
        /// The connector.
        connector: ConnectorId,
        /// The address that the application reported, if it did.
        address: Option<IpAddr>,
    },
    /// A connector asked again and got its certificate again, at no cost.
    Replayed {
        /// The provisioning key.
        key: KeyId,
        /// The connector.
        connector: ConnectorId,
        /// The address that the application reported, if it did.
        address: Option<IpAddr>,
    },
    /// An enrollment or a renewal was refused, or failed.
    Refused {
        /// The stable code of the reason.
        code: &'static str,
        /// The provisioning key, if the request proved one.
        key: Option<KeyId>,
        /// The address that the application reported, if it did.
        address: Option<IpAddr>,
    },
    /// An admin token was refused, at a sign-in or at another request of an administrator. This is
    /// not stored.
    AdminTokenRefused {
        /// The stable code of the reason.
        code: &'static str,
        /// The token, if the text was genuine but the token has expired or was revoked.
        admin_token: Option<AdminTokenId>,
        /// The address of the actor, see [`acting_as`](crate::authority::Authority::acting_as).
        address: Option<IpAddr>,
    },
    /// A tally of refusals or replays could not be stored. Nothing else was affected.
    TallyLost {
        /// The stable code of the store's error.
        code: &'static str,
    },
}
