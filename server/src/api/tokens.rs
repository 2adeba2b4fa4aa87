//! Admin tokens.

use axum::Json;
use axum::http::StatusCode;
use provkey_admin::operation::{CreateToken, ListTokens, RevokeToken};
use provkey_admin::{
    AdminToken, Administration as _, CreatedToken, NewAdminToken, Page, PageQuery,
};

use super::authorized::Authorized;
use super::error_responses::{CommonErrors, ReadErrors, WriteErrors};
use super::input::{Body, Id, Parameters};
use crate::problem::Problem;
use crate::secret::SecretJson;

/// Lists the admin tokens by id.
#[utoipa::path(get, path = "/tokens", tag = "access", operation_id = "listTokens",
    params(PageQuery), responses((status = 200, body = Page<AdminToken>), CommonErrors))]
pub(super) async fn list(
    caller: Authorized<ListTokens>,
    Parameters(query): Parameters<PageQuery>,
) -> Result<Json<Page<AdminToken>>, Problem> {
    caller.call(move |local, actor| local.list_tokens(actor, &query)).await.map(Json)
}

/// Creates an admin token. Only this response contains its text.
#[utoipa::path(post, path = "/tokens", tag = "access", operation_id = "createToken",
    request_body = NewAdminToken, responses((status = 201, body = CreatedToken), WriteErrors))]
pub(super) async fn create(
    caller: Authorized<CreateToken>,
    Body(new): Body<NewAdminToken>,
) -> Result<(StatusCode, SecretJson<CreatedToken>), Problem> {
    let created = caller.call(move |local, actor| local.create_token(actor, &new)).await?;
    Ok((StatusCode::CREATED, SecretJson(created)))
}

/// Revokes an admin token permanently.
#[utoipa::path(post, path = "/tokens/{id}/revoke", tag = "access", operation_id = "revokeToken",
    params(("id" = String, Path, description = "The id.")),
    responses((status = 200, body = AdminToken), ReadErrors))]
pub(super) async fn revoke(
    caller: Authorized<RevokeToken>,
    Id(id): Id,
) -> Result<Json<AdminToken>, Problem> {
    caller.call(move |local, actor| local.revoke_token(actor, &id)).await.map(Json)
}
