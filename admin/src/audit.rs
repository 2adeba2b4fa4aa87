//! The audit trail.

use provkey::authority::{Action, AuditFilter, AuditRecord, PageRequest};
use serde::{Deserialize, Serialize};

use crate::error::Error;
use crate::ids;
use crate::moment::Moment;
use crate::page;

/// An entry of the audit trail. The action determines which members are set.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
#[non_exhaustive]
pub struct AuditEntry {
    /// When it happened; for an entry with a count, the start of the minute.
    pub at: Moment,
    /// What happened.
    #[cfg_attr(feature = "openapi", schema(example = "key_created"))]
    pub action: String,
    /// The actor.
    pub actor: Option<String>,
    /// The id of the admin token that authenticated the actor.
    pub admin_token: Option<String>,
    /// The provisioning key.
    pub key: Option<String>,
    /// The connector group.
    pub group: Option<String>,
    /// The enrollment certificate.
    pub certificate: Option<String>,
    /// The connector.
    pub connector: Option<String>,
    /// The address of the connector or the administrator; for an entry with a count, the latest.
    pub address: Option<String>,
    /// The stable code of a refusal.
    pub code: Option<String>,
    /// The number of refusals or replays in that minute.
    pub count: Option<u64>,
    /// When the latest of them happened.
    pub last_at: Option<Moment>,
    /// Details for a person.
    pub details: Option<String>,
}

impl From<AuditRecord> for AuditEntry {
    fn from(record: AuditRecord) -> Self {
        Self {
            at: record.at.into(),
            action: record.action.to_string(),
            actor: record.actor,
            admin_token: record.admin_token.map(|token| token.to_string()),
            key: record.key.map(|key| key.to_string()),
            group: record.group.map(|group| group.to_string()),
            certificate: record.certificate.map(|certificate| certificate.to_string()),
            connector: record.connector.map(|connector| connector.to_string()),
            address: record.address.map(|address| address.to_string()),
            code: record.code,
            count: record.count,
            last_at: record.last_at.map(Moment),
            details: record.details,
        }
    }
}

/// A filter and a page of entries.
#[derive(Clone, Debug, Default, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
#[cfg_attr(feature = "openapi", derive(utoipa::IntoParams), into_params(parameter_in = Query))]
#[non_exhaustive]
pub struct AuditQuery {
    /// Only entries of this provisioning key, by id.
    pub key: Option<String>,
    /// Only entries of this connector, by id.
    pub connector: Option<String>,
    /// Only entries with this action, such as `key_created`.
    pub action: Option<String>,
    /// Only entries at this time or later.
    pub since: Option<Moment>,
    /// Only entries before this time.
    pub until: Option<Moment>,
    /// Whether the latest come first; default: true.
    pub latest_first: Option<bool>,
    /// The maximum number of entries, 1 to 1000; default 50.
    #[cfg_attr(feature = "openapi", param(minimum = 1, maximum = 1000))]
    pub limit: Option<u16>,
    /// The cursor: `next` of the previous page.
    pub after: Option<String>,
}

impl AuditQuery {
    pub(crate) fn page(&self) -> PageRequest {
        page::request(self.limit, self.after.as_ref())
    }

    pub(crate) fn filter(&self) -> Result<AuditFilter, Error> {
        let action =
            |name: &str| Action::parse(name).map_err(|_| Error::Malformed("`action` is unknown"));
        Ok(AuditFilter::default()
            .key(ids::optional(self.key.as_ref(), ids::key)?)
            .connector(ids::optional(self.connector.as_ref(), ids::connector)?)
            .action(self.action.as_deref().map(action).transpose()?)
            .since(self.since.map(|since| since.0))
            .until(self.until.map(|until| until.0))
            .latest_first(self.latest_first.unwrap_or(true)))
    }
}
