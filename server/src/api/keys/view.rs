//! The view of a provisioning key.

use provkey::authority::{self, KeyDetails, Named};
use serde::Serialize;
use utoipa::ToSchema;
use zeroize::Zeroizing;

use crate::api::moment::Moment;

/// A provisioning key without its secret.
#[derive(Serialize, ToSchema)]
pub(in crate::api) struct Key {
    /// Its id, which logs and listings show.
    id: String,
    /// Its name.
    name: String,
    /// The host in its text.
    host: String,
    /// Its text without the secret.
    masked: String,
    /// The group that its connectors join.
    group: NamedView,
    /// The enrollment certificate that signs for them.
    certificate: NamedView,
    /// The maximum number of connectors that may enroll.
    max_uses: u64,
    /// How many have enrolled. It exceeds `max_uses` if that was lowered.
    used: u64,
    /// When the latest of them enrolled.
    last_used_at: Option<Moment>,
    /// `usable`, `exhausted`, `disabled`, `expired` or `compromised`.
    #[schema(example = "usable")]
    state: &'static str,
    /// Whether its text can be copied and downloaded: not if it is used up or compromised.
    copyable: bool,
    /// Whether it is enabled.
    enabled: bool,
    /// When it expires.
    expires_at: Option<Moment>,
    /// The CIDR ranges that connectors may enroll from; empty: any address. It does not restrict
    /// renewals.
    allowed_addresses: Vec<String>,
    /// Whether connectors must prove it inside the CSR instead of sending its text.
    proof_only: bool,
    /// When it was created.
    created_at: Moment,
    /// When it was marked as compromised.
    compromised_at: Option<Moment>,
    /// The number of the latest edit; uses do not change it.
    version: u64,
}

impl Key {
    pub(super) fn version(&self) -> u64 {
        self.version
    }
}

/// An object by id and name.
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

/// The text of a provisioning key, with which any connector can enroll.
#[derive(Serialize, ToSchema)]
#[schema(as = KeyText)]
pub(in crate::api) struct Text {
    /// The text.
    #[schema(value_type = String)]
    pub(super) text: Zeroizing<String>,
}

/// The result of marking a key as compromised.
#[derive(Serialize, ToSchema)]
pub(in crate::api) struct Compromised {
    /// How many connectors it enrolled, including those revoked before.
    connectors: u64,
    /// How many of them were newly revoked, or would be.
    revoked: u64,
}

impl From<authority::Compromised> for Compromised {
    fn from(done: authority::Compromised) -> Self {
        Self { connectors: done.connectors, revoked: done.revoked }
    }
}
