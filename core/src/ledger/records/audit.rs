//! The records of the audit trail, as they are stored and shown.

use alloc::string::String;
use core::net::IpAddr;

use serde::{Deserialize, Serialize};

use crate::key::KeyId;
use crate::ledger::model::{Actor, AdminTokenId, CertificateId, ConnectorId, GroupId};
use crate::time::Timestamp;

/// What happened.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum Action {
    /// The authority was created.
    AuthorityCreated,
    /// The authority gained a host.
    HostAdded,
    /// A new master key became current.
    MasterRotated,
    /// A master key was removed.
    MasterRemoved,
    /// A connector group was created.
    GroupCreated,
    /// A connector group was deleted.
    GroupDeleted,
    /// An enrollment certificate was created.
    CertificateCreated,
    /// An external CA was asked for an enrollment certificate.
    CertificateRequested,
    /// An enrollment certificate of an external CA was imported.
    CertificateImported,
    /// An enrollment certificate, or a request for one, was deleted.
    CertificateDeleted,
    /// An enrollment certificate was retired: it signs no more connectors' certificates.
    CertificateRetired,
    /// A provisioning key was created.
    KeyCreated,
    /// A provisioning key was edited.
    KeyUpdated,
    /// The text of a provisioning key was copied.
    KeyCopied,
    /// The text of a provisioning key was downloaded.
    KeyDownloaded,
    /// A provisioning key was deleted.
    KeyDeleted,
    /// A provisioning key was marked as compromised, or the connectors that it enrolled were
    /// revoked.
    KeyCompromised,
    /// A server got a certificate for its host.
    ServerCertificateIssued,
    /// A connector enrolled, at the cost of one use.
    ConnectorEnrolled,
    /// A connector got its certificate again, at no cost.
    ConnectorReplayed,
    /// A connector renewed its certificate.
    ConnectorRenewed,
    /// A connector was revoked.
    ConnectorRevoked,
    /// An enrollment with a proven key was refused.
    EnrollmentRefused,
    /// A renewal of a certificate that is known was refused.
    RenewalRefused,
    /// An admin token was created.
    TokenCreated,
    /// An admin token was revoked.
    TokenRevoked,
    /// An administrator signed in to the console.
    AdminSignedIn,
    /// An administrator signed out of the console.
    AdminSignedOut,
    /// Old records were pruned.
    Pruned,
    /// An operator accepted that the store was rolled back, and what was lost by it.
    RollbackAccepted,
}

impl Action {
    /// Every action.
    pub const ALL: &[Self] = &[
        Self::AuthorityCreated,
        Self::HostAdded,
        Self::MasterRotated,
        Self::MasterRemoved,
        Self::GroupCreated,
        Self::GroupDeleted,
        Self::CertificateCreated,
        Self::CertificateRequested,
        Self::CertificateImported,
        Self::CertificateDeleted,
        Self::CertificateRetired,
        Self::KeyCreated,
        Self::KeyUpdated,
        Self::KeyCopied,
        Self::KeyDownloaded,
        Self::KeyDeleted,
        Self::KeyCompromised,
        Self::ServerCertificateIssued,
        Self::ConnectorEnrolled,
        Self::ConnectorReplayed,
        Self::ConnectorRenewed,
        Self::ConnectorRevoked,
        Self::EnrollmentRefused,
        Self::RenewalRefused,
        Self::TokenCreated,
        Self::TokenRevoked,
        Self::AdminSignedIn,
        Self::AdminSignedOut,
        Self::Pruned,
        Self::RollbackAccepted,
    ];

    /// The name, as it is stored and shown.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::AuthorityCreated => "authority_created",
            Self::HostAdded => "host_added",
            Self::MasterRotated => "master_rotated",
            Self::MasterRemoved => "master_removed",
            Self::GroupCreated => "group_created",
            Self::GroupDeleted => "group_deleted",
            Self::CertificateCreated => "certificate_created",
            Self::CertificateRequested => "certificate_requested",
            Self::CertificateImported => "certificate_imported",
            Self::CertificateDeleted => "certificate_deleted",
            Self::CertificateRetired => "certificate_retired",
            Self::KeyCreated => "key_created",
            Self::KeyUpdated => "key_updated",
            Self::KeyCopied => "key_copied",
            Self::KeyDownloaded => "key_downloaded",
            Self::KeyDeleted => "key_deleted",
            Self::KeyCompromised => "key_compromised",
            Self::ServerCertificateIssued => "server_certificate_issued",
            Self::ConnectorEnrolled => "connector_enrolled",
            Self::ConnectorReplayed => "connector_replayed",
            Self::ConnectorRenewed => "connector_renewed",
            Self::ConnectorRevoked => "connector_revoked",
            Self::EnrollmentRefused => "enrollment_refused",
            Self::RenewalRefused => "renewal_refused",
            Self::TokenCreated => "token_created",
            Self::TokenRevoked => "token_revoked",
            Self::AdminSignedIn => "admin_signed_in",
            Self::AdminSignedOut => "admin_signed_out",
            Self::Pruned => "pruned",
            Self::RollbackAccepted => "rollback_accepted",
        }
    }
}

crate::text::named!(Action, "an action of the audit trail");

/// One entry of the audit trail. The action decides which fields are present.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[non_exhaustive]
pub struct AuditRecord {
    /// When, by the clock of the node that made the change. For a tallied entry, the beginning of
    /// the minute.
    pub at: Timestamp,
    /// What happened.
    pub action: Action,
    /// Who did it, as set by [`acting_as`](crate::authority::Authority::acting_as).
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub actor: Option<String>,
    /// The admin token that authenticated the actor. Another token may later get its name, but
    /// never its id.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub admin_token: Option<AdminTokenId>,
    /// The provisioning key.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub key: Option<KeyId>,
    /// The connector group.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub group: Option<GroupId>,
    /// The enrollment certificate.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub certificate: Option<CertificateId>,
    /// The connector.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub connector: Option<ConnectorId>,
    /// The address of the connector or the administrator. For a tallied entry, the last one.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub address: Option<IpAddr>,
    /// The stable code of the reason for a refusal.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub code: Option<String>,
    /// How often in that minute, for refusals and replays.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub count: Option<u64>,
    /// When it last happened, for refusals and replays.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub last_at: Option<Timestamp>,
    /// Particulars, in words.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub details: Option<String>,
}

impl AuditRecord {
    pub(crate) fn new(at: Timestamp, action: Action) -> Self {
        Self {
            at,
            action,
            actor: None,
            admin_token: None,
            key: None,
            group: None,
            certificate: None,
            connector: None,
            address: None,
            code: None,
            count: None,
            last_at: None,
            details: None,
        }
    }

    /// Names the actor.
    pub(crate) fn set_actor(&mut self, actor: Option<&Actor>) {
        if let Some(Actor { name, admin_token, address }) = actor {
            (self.actor, self.admin_token) = (name.clone(), *admin_token);
            self.address = *address;
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn each_action_is_stored_and_read_under_its_name() {
        for action in Action::ALL {
            assert_eq!(serde_json::to_value(action).unwrap(), action.as_str());
            assert_eq!(Action::parse(action.as_str()), Ok(*action));
        }
        assert!(Action::parse("key_lost").is_err());
    }
}
