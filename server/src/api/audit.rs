//! The audit trail.

use axum::Json;
use provkey::authority::{Action, AuditFilter, AuditRecord};
use serde::{Deserialize, Serialize};
use utoipa::{IntoParams, ToSchema};

use super::authorized::Viewer;
use super::error_responses::ReadErrors;
use super::input::{Parameters, parse_id};
use super::moment::Moment;
use super::page::{self, PageView};
use crate::problem::Problem;

/// An entry of the audit trail. The action determines which members are set.
#[derive(Serialize, ToSchema)]
pub(super) struct Entry {
    /// When it happened; for an entry with a count, the start of the minute.
    at: Moment,
    /// What happened.
    #[schema(example = "key_created")]
    action: &'static str,
    /// The actor.
    actor: Option<String>,
    /// The id of the admin token that authenticated the actor.
    admin_token: Option<String>,
    /// The provisioning key.
    key: Option<String>,
    /// The connector group.
    group: Option<String>,
    /// The enrollment certificate.
    certificate: Option<String>,
    /// The connector.
    connector: Option<String>,
    /// The address of the connector or the administrator; for an entry with a count, the latest.
    address: Option<String>,
    /// The stable code of a refusal.
    code: Option<String>,
    /// The number of refusals or replays in that minute.
    count: Option<u64>,
    /// When the latest of them happened.
    last_at: Option<Moment>,
    /// Details for a person.
    details: Option<String>,
}

impl From<AuditRecord> for Entry {
    fn from(record: AuditRecord) -> Self {
        Self {
            at: record.at.into(),
            action: record.action.as_str(),
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
#[derive(Deserialize, IntoParams)]
#[serde(deny_unknown_fields)]
#[into_params(parameter_in = Query)]
pub(super) struct AuditQuery {
    /// Only entries of this provisioning key, by id.
    key: Option<String>,
    /// Only entries of this connector, by id.
    connector: Option<String>,
    /// Only entries with this action, such as `key_created`.
    action: Option<String>,
    /// Only entries at this time or later.
    since: Option<Moment>,
    /// Only entries before this time.
    until: Option<Moment>,
    /// Whether the latest come first; default: true.
    latest_first: Option<bool>,
    /// The maximum number of entries, 1 to 1000; default 50.
    #[param(minimum = 1, maximum = 1000)]
    limit: Option<u16>,
    /// The cursor: `next` of the previous page.
    after: Option<String>,
}

impl AuditQuery {
    fn filter(&self) -> Result<AuditFilter, Problem> {
        let action = |name: &str| {
            Action::parse(name).map_err(|_| Problem::malformed("`action` is unknown".into()))
        };
        Ok(AuditFilter::default()
            .key(self.key.as_deref().map(parse_id).transpose()?)
            .connector(self.connector.as_deref().map(parse_id).transpose()?)
            .action(self.action.as_deref().map(action).transpose()?)
            .since(self.since.map(|since| since.0))
            .until(self.until.map(|until| until.0))
            .latest_first(self.latest_first.unwrap_or(true)))
    }
}

/// Lists the audit trail by time. A page examines a bounded number of entries.
#[utoipa::path(get, path = "/audit", tag = "audit", operation_id = "listAudit",
    params(AuditQuery), responses((status = 200, body = PageView<Entry>), ReadErrors))]
pub(super) async fn list(
    viewer: Viewer,
    Parameters(query): Parameters<AuditQuery>,
) -> Result<Json<PageView<Entry>>, Problem> {
    let (filter, page) = (query.filter()?, page::request(query.limit, query.after.as_ref()));
    let page = viewer.call(move |authority| authority.list_audit(&filter, &page)).await?;
    Ok(Json(PageView::of(page, Entry::from)))
}
