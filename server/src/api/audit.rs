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

/// One entry of the audit trail. Which members are there depends on the action.
#[derive(Serialize, ToSchema)]
pub(super) struct Entry {
    /// When; for entries with a count the minute's beginning.
    at: Moment,
    /// What happened.
    #[schema(example = "key_created")]
    action: &'static str,
    /// Who did it.
    actor: Option<String>,
    /// The id of the admin token that let them in.
    admin_token: Option<String>,
    /// The provisioning key.
    key: Option<String>,
    /// The connector group.
    group: Option<String>,
    /// The enrollment certificate.
    certificate: Option<String>,
    /// The connector.
    connector: Option<String>,
    /// Where the connector asked from, or the administrator; with a count, the last time.
    address: Option<String>,
    /// Why it was refused: the stable code.
    code: Option<String>,
    /// How often in that minute, for refusals and replays.
    count: Option<u64>,
    /// When the last time was, for refusals and replays.
    last_at: Option<Moment>,
    /// What exactly, in words.
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

/// Which entries to list.
#[derive(Deserialize, IntoParams)]
#[serde(deny_unknown_fields)]
#[into_params(parameter_in = Query)]
pub(super) struct AuditQuery {
    /// Only of the provisioning key with this id.
    key: Option<String>,
    /// Only of the connector with this id.
    connector: Option<String>,
    /// Only this action, for example `key_created`.
    action: Option<String>,
    /// Only from this moment on.
    since: Option<Moment>,
    /// Only before this moment.
    until: Option<Moment>,
    /// The latest first; without: it is.
    latest_first: Option<bool>,
    /// How many entries at most: 1 to 1000, by default 50.
    #[param(minimum = 1, maximum = 1000)]
    limit: Option<u16>,
    /// Where the page before ended: its `next`.
    after: Option<String>,
}

impl AuditQuery {
    fn filter(&self) -> Result<AuditFilter, Problem> {
        let action = |name: &str| {
            Action::parse(name).ok_or_else(|| Problem::malformed("there is no such action".into()))
        };
        Ok(AuditFilter {
            key: self.key.as_deref().map(parse_id).transpose()?,
            connector: self.connector.as_deref().map(parse_id).transpose()?,
            action: self.action.as_deref().map(action).transpose()?,
            since: self.since.map(|since| since.0),
            until: self.until.map(|until| until.0),
            latest_first: self.latest_first.unwrap_or(true),
        })
    }
}

/// Lists the audit trail in the order of time. A page examines a bounded number of entries.
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
