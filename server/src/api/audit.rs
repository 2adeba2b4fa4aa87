//! The audit trail.

use axum::Json;
use provkey_admin::operation::ListAudit;
use provkey_admin::{Administration as _, AuditEntry, AuditQuery, Page};

use super::authorized::Authorized;
use super::error_responses::ReadErrors;
use super::input::Parameters;
use crate::problem::Problem;

/// Lists the audit trail by time. A page examines a bounded number of entries. An operator of one
/// group names a key or a connector of the group.
#[utoipa::path(get, path = "/audit", tag = "audit", operation_id = "listAudit",
    params(AuditQuery), responses((status = 200, body = Page<AuditEntry>), ReadErrors))]
pub(super) async fn list(
    caller: Authorized<ListAudit>,
    Parameters(query): Parameters<AuditQuery>,
) -> Result<Json<Page<AuditEntry>>, Problem> {
    caller.call(move |local, actor| local.list_audit(actor, &query)).await.map(Json)
}
