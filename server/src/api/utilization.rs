//! The enrollments of a key over time.

use axum::Json;
use provkey_admin::operation::ShowUtilization;
use provkey_admin::{Administration as _, Utilization, UtilizationQuery};

use super::authorized::Authorized;
use super::error_responses::ReadErrors;
use super::input::{Id, Parameters};
use crate::problem::Problem;

/// Counts the enrollments of a key over time. One call counts a bounded number of them. Pruned
/// connectors are not counted.
#[utoipa::path(get, path = "/keys/{id}/utilization", tag = "keys",
    operation_id = "showUtilization",
    params(("id" = String, Path, description = "The id of the key."), UtilizationQuery),
    responses((status = 200, body = Utilization), ReadErrors))]
pub(super) async fn show(
    caller: Authorized<ShowUtilization>,
    Id(id): Id,
    Parameters(query): Parameters<UtilizationQuery>,
) -> Result<Json<Utilization>, Problem> {
    caller.call(move |local, actor| local.key_utilization(actor, &id, &query)).await.map(Json)
}
