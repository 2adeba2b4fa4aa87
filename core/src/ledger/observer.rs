//! What a host may watch while the authority works.

use core::net::IpAddr;

use crate::key::KeyId;
use crate::ledger::model::{AdminTokenId, ConnectorId};

/// Is told what happens, as it happens, on the thread on which it happens.
///
/// Refusals before a provisioning key is proven come here only: anyone can cause them, so they
/// are never stored. An observer should be quick, and must not call the authority.
pub trait Observer: Send + Sync {
    /// Something happened.
    fn observe(&self, event: &Event);
}

/// What an [`Observer`] is told. Holds no secret.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum Event {
    /// A connector enrolled, at the cost of one use.
    Enrolled {
        /// The provisioning key.
        key: KeyId,
        /// The connector.
        connector: ConnectorId,
        /// Where from, if the host said so.
        address: Option<IpAddr>,
    },
    /// A connector renewed its certificate.
    Renewed {
        /// The provisioning key that it enrolled with.
        key: KeyId,
        /// The connector.
        connector: ConnectorId,
        /// Where from, if the host said so.
        address: Option<IpAddr>,
    },
    /// A connector asked again and got its certificate again, at no cost.
    Replayed {
        /// The provisioning key.
        key: KeyId,
        /// The connector.
        connector: ConnectorId,
        /// Where from, if the host said so.
        address: Option<IpAddr>,
    },
    /// An enrollment or a renewal was refused, or failed.
    Refused {
        /// The stable code of the reason.
        code: &'static str,
        /// The provisioning key, if it was proven. `None`: whoever asked proved nothing.
        key: Option<KeyId>,
        /// Where from, if the host said so.
        address: Option<IpAddr>,
    },
    /// An admin token was refused, at a sign-in or at any other request of an administrator. Nothing of
    /// it is stored.
    AdminTokenRefused {
        /// The stable code of the reason.
        code: &'static str,
        /// The token, if its text was right: it has expired, or was revoked.
        admin_token: Option<AdminTokenId>,
        /// Where from, if the host said so with [`Authority::acting_as`](super::Authority::acting_as).
        address: Option<IpAddr>,
    },
    /// A tally of refusals or replays could not be stored. Nothing else was affected.
    TallyLost {
        /// The stable code of the store's error.
        code: &'static str,
    },
}
