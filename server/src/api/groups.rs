//! Connector groups.

use axum::Json;
use axum::http::StatusCode;
use provkey::authority::{ConnectorGroup, GroupId, Name};
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

use super::authorized::{Operator, Viewer};
use super::error_responses::{ChangeErrors, CommonErrors, ReadErrors, WriteErrors};
use super::input::{Body, Id, Parameters};
use super::moment::Moment;
use super::page::{PageQuery, PageView};
use crate::problem::Problem;

/// A connector group.
#[derive(Serialize, ToSchema)]
pub(super) struct Group {
    /// Its id.
    id: String,
    /// Its name.
    name: String,
    /// The number of provisioning keys for it.
    keys: u64,
    /// When it was created.
    created_at: Moment,
}

impl From<ConnectorGroup> for Group {
    fn from(group: ConnectorGroup) -> Self {
        let ConnectorGroup { id, name, created_at, keys, .. } = group;
        Self { id: id.to_string(), name: name.into(), keys, created_at: created_at.into() }
    }
}

/// A group to create.
#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(super) struct NewGroup {
    /// Its name, unique among groups.
    #[schema(example = "Plant 7")]
    name: String,
}

/// Lists the groups by name.
#[utoipa::path(get, path = "/groups", tag = "groups", operation_id = "listGroups",
    params(PageQuery), responses((status = 200, body = PageView<Group>), CommonErrors))]
pub(super) async fn list(
    viewer: Viewer,
    Parameters(query): Parameters<PageQuery>,
) -> Result<Json<PageView<Group>>, Problem> {
    let page = viewer.call(move |authority| authority.list_groups(&query.page())).await?;
    Ok(Json(PageView::of(page, Group::from)))
}

/// Creates a group.
#[utoipa::path(post, path = "/groups", tag = "groups", operation_id = "createGroup",
    request_body = NewGroup, responses((status = 201, body = Group), WriteErrors))]
pub(super) async fn create(
    operator: Operator,
    Body(input): Body<NewGroup>,
) -> Result<(StatusCode, Json<Group>), Problem> {
    let name = Name::parse(&input.name)?;
    let group = operator.call(move |authority| authority.create_group(&name)).await?;
    Ok((StatusCode::CREATED, Json(group.into())))
}

/// Shows a group.
#[utoipa::path(get, path = "/groups/{id}", tag = "groups", operation_id = "showGroup",
    params(("id" = String, Path, description = "The id.")),
    responses((status = 200, body = Group), ReadErrors))]
pub(super) async fn show(viewer: Viewer, Id(id): Id<GroupId>) -> Result<Json<Group>, Problem> {
    Ok(Json(viewer.call(move |authority| authority.group(id)).await?.into()))
}

/// Deletes a group without keys and connectors.
#[utoipa::path(delete, path = "/groups/{id}", tag = "groups", operation_id = "deleteGroup",
    params(("id" = String, Path, description = "The id.")),
    responses((status = 204, description = "Deleted."), ChangeErrors))]
pub(super) async fn delete(operator: Operator, Id(id): Id<GroupId>) -> Result<StatusCode, Problem> {
    operator.call(move |authority| authority.delete_group(id)).await?;
    Ok(StatusCode::NO_CONTENT)
}
