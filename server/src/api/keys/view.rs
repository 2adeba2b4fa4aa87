//! What is shown of provisioning keys.

use provkey::authority::{self, KeyDetails, Named};
use serde::Serialize;
use utoipa::ToSchema;
use zeroize::Zeroizing;

use crate::api::moment::Moment;

/// A provisioning key. It does not hold the secret.
#[derive(Serialize, ToSchema)]
pub(in crate::api) struct Key {
    /// Its id: what logs and listings show.
    id: String,
    /// Its name.
    name: String,
    /// The host that its text is for.
    host: String,
    /// What may be shown of its text.
    masked: String,
    /// The group that its connectors join.
    group: NamedView,
    /// The enrollment certificate that signs for them.
    certificate: NamedView,
    /// How many connectors may enroll.
    max_uses: u64,
    /// How many have. May be more than `max_uses` once that was lowered.
    used: u64,
    /// When the last of them did.
    last_used_at: Option<Moment>,
    /// `usable`, `exhausted`, `disabled`, `expired` or `compromised`.
    #[schema(example = "usable")]
    state: &'static str,
    /// Whether its text may be copied and downloaded: not once it is used up or compromised.
    copyable: bool,
    /// Whether it is switched on.
    enabled: bool,
    /// When it stops enrolling anybody.
    expires_at: Option<Moment>,
    /// Where connectors may enroll from. Empty: from anywhere. Renewals are not bound to it.
    allowed_addresses: Vec<String>,
    /// Whether it must be proven inside the CSR.
    proof_only: bool,
    /// When it was created.
    created_at: Moment,
    /// When it was marked as compromised, for good.
    compromised_at: Option<Moment>,
    /// Which edit of the key this is; uses do not change it.
    version: u64,
}

impl Key {
    pub(super) fn version(&self) -> u64 {
        self.version
    }
}

/// An id, and the name that goes with it.
#[derive(Serialize, ToSchema)]
#[schema(as = Named)]
pub(in crate::api) struct NamedView {
    /// The id.
    id: String,
    /// The name.
    name: String,
}

impl<Id: ToString> From<Named<Id>> for NamedView {
    fn from(named: Named<Id>) -> Self {
        Self { id: named.id.to_string(), name: named.name }
    }
}

impl From<KeyDetails> for Key {
    fn from(key: KeyDetails) -> Self {
        Self {
            masked: format!("pvk1_{}_{}…", key.host, key.id),
            copyable: key.copyable(),
            id: key.id.to_string(),
            name: key.name.into(),
            host: key.host.to_string(),
            group: key.group.into(),
            certificate: key.certificate.into(),
            max_uses: key.max_uses,
            used: key.used,
            last_used_at: key.last_used_at.map(Moment),
            state: key.state.as_str(),
            enabled: key.enabled,
            expires_at: key.expires_at.map(Moment),
            allowed_addresses: key.allowed_addresses.iter().map(ToString::to_string).collect(),
            proof_only: key.proof_only,
            created_at: key.created_at.into(),
            compromised_at: key.compromised_at.map(Moment),
            version: key.version,
        }
    }
}

/// The text of a provisioning key: whoever has it can enroll.
#[derive(Serialize, ToSchema)]
#[schema(as = KeyText)]
pub(in crate::api) struct Text {
    /// The text.
    #[schema(value_type = String)]
    pub(super) text: Zeroizing<String>,
}

/// What was done about a key that others know.
#[derive(Serialize, ToSchema)]
pub(in crate::api) struct Compromised {
    /// How many connectors it enrolled, those that had been revoked before included.
    connectors: u64,
    /// How many of them are revoked now, or would be, that were not before.
    revoked: u64,
}

impl From<authority::Compromised> for Compromised {
    fn from(done: authority::Compromised) -> Self {
        Self { connectors: done.connectors, revoked: done.revoked }
    }
}
