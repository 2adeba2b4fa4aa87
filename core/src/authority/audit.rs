//! The audit trail: who changed what, who enrolled, and what was refused after a proof.

use alloc::string::String;
use alloc::vec::Vec;
use core::net::IpAddr;
use core::time::Duration;

use serde::{Deserialize, Serialize};

use super::Authority;
use super::actor::Actor;
use super::error::Error;
use super::id::{AdminTokenId, CertificateId, ConnectorId, GroupId};
use super::page::{Examined, Page, PageRequest};
use super::records;
use crate::key::KeyId;
use crate::store::{Record, RecordKey};
use crate::time::Timestamp;

/// What an audit record is about.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
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
    /// What a provisioning key enrolled was revoked.
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
    /// That the store was rolled back, and what was lost by it, was accepted.
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

    /// The action of this name; see [`as_str`](Self::as_str).
    pub fn parse(name: &str) -> Option<Self> {
        Self::ALL.iter().copied().find(|action| action.as_str() == name)
    }
}

/// One entry of the audit trail. Which fields are there depends on the action.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[non_exhaustive]
pub struct AuditRecord {
    /// When, by the clock of the host that did it; for tallied entries the minute's beginning.
    pub at: Timestamp,
    /// What happened.
    pub action: Action,
    /// Who did it, as the host named them with [`Authority::acting_as`].
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub actor: Option<String>,
    /// The admin token that let them in. Another token may have its name later; its id is its own.
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
    /// Where the connector asked from, or the administrator; for tallied entries the last time.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub address: Option<IpAddr>,
    /// Why it was refused: the stable code.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub code: Option<String>,
    /// How often in that minute, for refusals and replays.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub count: Option<u64>,
    /// When the last time was, for refusals and replays.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub last_at: Option<Timestamp>,
    /// What exactly, in words.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub details: Option<String>,
}

impl AuditRecord {
    pub(super) fn new(at: Timestamp, action: Action) -> Self {
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

    /// Names who does it.
    pub(super) fn set_actor(&mut self, actor: Option<&Actor>) {
        if let Some(Actor { name, admin_token, address }) = actor {
            (self.actor, self.admin_token) = (name.clone(), *admin_token);
            self.address = *address;
        }
    }
}

/// Which audit records to list.
#[derive(Clone, Debug, Default)]
pub struct AuditFilter {
    /// Only of this provisioning key.
    pub key: Option<KeyId>,
    /// Only of this connector.
    pub connector: Option<ConnectorId>,
    /// Only this action.
    pub action: Option<Action>,
    /// Only from this moment on.
    pub since: Option<Timestamp>,
    /// Only before this moment.
    pub until: Option<Timestamp>,
    /// The latest first.
    pub latest_first: bool,
}

impl AuditFilter {
    fn admits(&self, record: &AuditRecord) -> bool {
        self.key.is_none_or(|key| record.key == Some(key))
            && self.connector.is_none_or(|connector| record.connector == Some(connector))
            && self.action.is_none_or(|action| record.action == action)
            && self.since.is_none_or(|since| record.at >= since)
            && self.until.is_none_or(|until| record.at < until)
    }

    /// Whether nothing beyond this record can be admitted.
    fn ends_at(&self, record: &AuditRecord) -> bool {
        match self.latest_first {
            true => self.since.is_some_and(|since| record.at < since),
            false => self.until.is_some_and(|until| record.at >= until),
        }
    }

    /// The record key beyond which the first that may be admitted is found.
    fn begins_after(&self) -> Option<RecordKey> {
        match self.latest_first {
            true => self.until.map(|until| records::audit(until, [0; 8])),
            false => {
                let before = |since: Timestamp| since.minus(Duration::from_millis(1));
                self.since.map(|since| records::audit(before(since), [0xff; 8]))
            }
        }
    }
}

impl Authority {
    /// Lists the audit trail in the order of time. A page examines a bounded number of records
    /// and may be short, or empty, and yet have a cursor to go on with.
    ///
    /// # Errors
    /// `cursor_invalid`, and those of the store.
    pub fn list_audit(
        &self,
        filter: &AuditFilter,
        page: &PageRequest,
    ) -> Result<Page<AuditRecord>, Error> {
        let mut listing = self.inner()?.listing("audit/".into(), filter.latest_first, page)?;
        if let (None, Some(key)) = (&page.after, filter.begins_after()) {
            listing.begin_after(key);
        }
        listing.run(|records: &[Record]| {
            let mut items = Vec::with_capacity(records.len());
            for record in records {
                let entry: AuditRecord = records::decode(record)?;
                if filter.ends_at(&entry) {
                    items.push(Examined::End);
                    break;
                }
                items.push(if filter.admits(&entry) {
                    Examined::Item(entry)
                } else {
                    Examined::Skip
                });
            }
            Ok(items)
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn each_action_is_stored_and_read_under_its_name() {
        for action in Action::ALL {
            assert_eq!(serde_json::to_value(action).unwrap(), action.as_str());
            assert_eq!(Action::parse(action.as_str()), Some(*action));
        }
        assert_eq!(Action::parse("key_lost"), None);
    }
}
