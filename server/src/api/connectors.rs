//! Connectors.

use axum::Json;
use provkey_admin::operation::{ListConnectors, RevokeConnector, ShowConnector};
use provkey_admin::{Administration as _, Connector, ConnectorQuery, Page, Revocation};

use super::authorized::Authorized;
use super::error_responses::{CommonErrors, ReadErrors, WriteErrors};
use super::input::{Body, Id, Parameters};
use crate::problem::Problem;

/// Lists connectors: of a key or a group in the order of enrollment, of a certificate by serial
/// number, otherwise by id.
#[utoipa::path(get, path = "/connectors", tag = "connectors", operation_id = "listConnectors",
    params(ConnectorQuery), responses((status = 200, body = Page<Connector>), ReadErrors))]
pub(super) async fn list(
    caller: Authorized<ListConnectors>,
    Parameters(query): Parameters<ConnectorQuery>,
) -> Result<Json<Page<Connector>>, Problem> {
    caller.call(move |local, actor| local.list_connectors(actor, &query)).await.map(Json)
}

/// Shows a connector.
#[utoipa::path(get, path = "/connectors/{id}", tag = "connectors",
    operation_id = "showConnector", params(("id" = String, Path, description = "The id.")),
    responses((status = 200, body = Connector), ReadErrors))]
pub(super) async fn show(
    caller: Authorized<ShowConnector>,
    Id(id): Id,
) -> Result<Json<Connector>, Problem> {
    caller.call(move |local, actor| local.connector(actor, &id)).await.map(Json)
}

/// Revokes a connector permanently: its public key can never enroll again.
#[utoipa::path(post, path = "/connectors/{id}/revoke", tag = "connectors",
    operation_id = "revokeConnector", params(("id" = String, Path, description = "The id.")),
    request_body = Revocation, responses((status = 200, body = Connector), WriteErrors, CommonErrors))]
pub(super) async fn revoke(
    caller: Authorized<RevokeConnector>,
    Id(id): Id,
    Body(input): Body<Revocation>,
) -> Result<Json<Connector>, Problem> {
    caller.call(move |local, actor| local.revoke_connector(actor, &id, &input)).await.map(Json)
}
