//! Connector groups.

use axum::Json;
use axum::http::StatusCode;
use provkey_admin::operation::{CreateGroup, DeleteGroup, ListGroups, ShowGroup};
use provkey_admin::{Administration as _, Group, NewGroup, Page, PageQuery};

use super::authorized::Authorized;
use super::error_responses::{ChangeErrors, CommonErrors, ReadErrors, WriteErrors};
use super::input::{Body, Id, Parameters};
use crate::problem::Problem;

/// Lists the groups by name.
#[utoipa::path(get, path = "/groups", tag = "groups", operation_id = "listGroups",
    params(PageQuery), responses((status = 200, body = Page<Group>), CommonErrors))]
pub(super) async fn list(
    caller: Authorized<ListGroups>,
    Parameters(query): Parameters<PageQuery>,
) -> Result<Json<Page<Group>>, Problem> {
    caller.call(move |local, actor| local.list_groups(actor, &query)).await.map(Json)
}

/// Creates a group.
#[utoipa::path(post, path = "/groups", tag = "groups", operation_id = "createGroup",
    request_body = NewGroup, responses((status = 201, body = Group), WriteErrors))]
pub(super) async fn create(
    caller: Authorized<CreateGroup>,
    Body(new): Body<NewGroup>,
) -> Result<(StatusCode, Json<Group>), Problem> {
    let group = caller.call(move |local, actor| local.create_group(actor, &new)).await?;
    Ok((StatusCode::CREATED, Json(group)))
}

/// Shows a group.
#[utoipa::path(get, path = "/groups/{id}", tag = "groups", operation_id = "showGroup",
    params(("id" = String, Path, description = "The id.")),
    responses((status = 200, body = Group), ReadErrors))]
pub(super) async fn show(
    caller: Authorized<ShowGroup>,
    Id(id): Id,
) -> Result<Json<Group>, Problem> {
    caller.call(move |local, actor| local.group(actor, &id)).await.map(Json)
}

/// Deletes a group without keys and connectors.
#[utoipa::path(delete, path = "/groups/{id}", tag = "groups", operation_id = "deleteGroup",
    params(("id" = String, Path, description = "The id.")),
    responses((status = 204, description = "Deleted."), ChangeErrors))]
pub(super) async fn delete(
    caller: Authorized<DeleteGroup>,
    Id(id): Id,
) -> Result<StatusCode, Problem> {
    caller.call(move |local, actor| local.delete_group(actor, &id)).await?;
    Ok(StatusCode::NO_CONTENT)
}
