//! The authority itself.

use axum::Json;
use axum::http::StatusCode;
use provkey_admin::operation::{AddHost, ShowAuthority};
use provkey_admin::{Administration as _, AuthorityDetails, NewHost};

use super::authorized::Authorized;
use super::error_responses::{CommonErrors, WriteErrors};
use super::input::Body;
use crate::problem::Problem;

/// Shows the authority.
#[utoipa::path(get, path = "/authority", tag = "authority", operation_id = "showAuthority",
    responses((status = 200, body = AuthorityDetails), CommonErrors))]
pub(super) async fn show(
    caller: Authorized<ShowAuthority>,
) -> Result<Json<AuthorityDetails>, Problem> {
    caller.call(|local, actor| local.authority(actor)).await.map(Json)
}

/// Adds a host. Other processes enroll and renew for it at once, but list it only when they
/// open the authority again.
#[utoipa::path(post, path = "/authority/hosts", tag = "authority", operation_id = "addHost",
    request_body = NewHost, responses((status = 201, body = AuthorityDetails), WriteErrors))]
pub(super) async fn add_host(
    caller: Authorized<AddHost>,
    Body(new): Body<NewHost>,
) -> Result<(StatusCode, Json<AuthorityDetails>), Problem> {
    let authority = caller.call(move |local, actor| local.add_host(actor, &new)).await?;
    Ok((StatusCode::CREATED, Json(authority)))
}
