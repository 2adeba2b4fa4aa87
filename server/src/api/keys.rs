//! Provisioning keys.

mod input;
mod view;

use axum::http::{HeaderMap, HeaderValue, StatusCode, header};
use axum::response::{IntoResponse, Response};
use axum::{Extension, Json};
use provkey::authority::Compromise;
use provkey::key::KeyId;

use input::{CompromiseInput, KeyInput, KeyPatch, KeyQuery};
use view::{Compromised, Key, Text};

use super::authorized::{Operator, Viewer};
use super::error_responses::{ChangeErrors, EditErrors, ReadErrors, WriteErrors};
use super::etag::{self, Version};
use super::input::{Body, Id, Parameters};
use super::page::PageView;
use crate::problem::Problem;
use crate::secret::{self, SecretJson};

type Found = (Extension<Version>, Json<Key>);

fn found(key: Key) -> Found {
    (Extension(Version(key.version())), Json(key))
}

/// Lists provisioning keys.
#[utoipa::path(get, path = "/keys", tag = "keys", operation_id = "listKeys",
    params(KeyQuery), responses((status = 200, body = PageView<Key>), ReadErrors))]
pub(super) async fn list(
    viewer: Viewer,
    Parameters(query): Parameters<KeyQuery>,
) -> Result<Json<PageView<Key>>, Problem> {
    let (filter, page) = (query.filter()?, query.page());
    let page = viewer.call(move |authority| authority.list_keys(&filter, &page)).await?;
    Ok(Json(PageView::of(page, Key::from)))
}

/// Creates a provisioning key. `copy` returns its text.
#[utoipa::path(post, path = "/keys", tag = "keys", operation_id = "createKey",
    request_body = KeyInput, responses((status = 201, body = Key), WriteErrors))]
pub(super) async fn create(
    operator: Operator,
    Body(input): Body<KeyInput>,
) -> Result<(StatusCode, Json<Key>), Problem> {
    let new = input.read()?;
    let key = operator.call(move |authority| authority.create_key(&new)).await?;
    Ok((StatusCode::CREATED, Json(key.into())))
}

/// Shows a provisioning key. Send its ETag with an edit.
#[utoipa::path(get, path = "/keys/{id}", tag = "keys", operation_id = "showKey",
    params(("id" = String, Path, description = "The id.")),
    responses((status = 200, body = Key), ReadErrors))]
pub(super) async fn show(viewer: Viewer, Id(id): Id<KeyId>) -> Result<Found, Problem> {
    Ok(found(viewer.call(move |authority| authority.key(id)).await?.into()))
}

/// Edits a provisioning key. Absent members keep their values. Enrollments do not make an edit with
/// `If-Match` fail.
#[utoipa::path(patch, path = "/keys/{id}", tag = "keys", operation_id = "editKey",
    params(
        ("id" = String, Path, description = "The id."),
        ("If-Match" = Option<String>, Header, description = "The ETag of the key when it was read."),
    ),
    request_body = KeyPatch, responses((status = 200, body = Key), EditErrors))]
pub(super) async fn edit(
    operator: Operator,
    Id(id): Id<KeyId>,
    headers: HeaderMap,
    Body(input): Body<KeyPatch>,
) -> Result<Found, Problem> {
    let update = input.read()?.version(etag::if_match(&headers)?);
    let edited = operator.call(move |authority| authority.update_key(id, &update)).await;
    // RFC 9110, 13.1.1.
    let edited = edited.map_err(|problem| match problem.code {
        "edit_conflict" => Problem { status: StatusCode::PRECONDITION_FAILED, ..problem },
        _ => problem,
    });
    Ok(found(edited?.into()))
}

/// Deletes a provisioning key permanently. Connectors that enrolled with it keep their
/// certificates.
#[utoipa::path(delete, path = "/keys/{id}", tag = "keys", operation_id = "deleteKey",
    params(("id" = String, Path, description = "The id.")),
    responses((status = 204, description = "Deleted."), ChangeErrors))]
pub(super) async fn delete(operator: Operator, Id(id): Id<KeyId>) -> Result<StatusCode, Problem> {
    operator.call(move |authority| authority.delete_key(id)).await?;
    Ok(StatusCode::NO_CONTENT)
}

/// Returns the text of a key for a connector. The audit trail records each copy. A key that is used
/// up cannot be copied until its limit is raised.
#[utoipa::path(post, path = "/keys/{id}/copy", tag = "keys", operation_id = "copyKey",
    params(("id" = String, Path, description = "The id.")),
    responses((status = 200, body = Text), ChangeErrors))]
pub(super) async fn copy(
    operator: Operator,
    Id(id): Id<KeyId>,
) -> Result<SecretJson<Text>, Problem> {
    let text = operator.call(move |authority| authority.copy_key(id)).await?;
    Ok(SecretJson(Text { text: text.expose().to_owned().into() }))
}

/// Returns the text of a key as a file. The audit trail records each download.
#[utoipa::path(post, path = "/keys/{id}/download", tag = "keys", operation_id = "downloadKey",
    params(("id" = String, Path, description = "The id.")),
    responses(
        (status = 200, body = String, content_type = "text/plain; charset=utf-8"),
        ChangeErrors,
    ))]
pub(super) async fn download(operator: Operator, Id(id): Id<KeyId>) -> Result<Response, Problem> {
    let file = operator.call(move |authority| authority.download_key(id)).await?;
    let disposition = format!("attachment; filename=\"{}\"", file.file_name);
    let disposition = HeaderValue::from_str(&disposition).map_err(|_| Problem::internal())?;
    let contents = secret::bytes(secret::concat(&[file.contents.expose(), "\n"]));
    let content_type = HeaderValue::from_static("text/plain; charset=utf-8");
    let headers =
        [(header::CONTENT_TYPE, content_type), (header::CONTENT_DISPOSITION, disposition)];
    Ok((headers, contents).into_response())
}

/// Marks a key as compromised permanently, and revokes the connectors that it enrolled. This works
/// for a deleted key, too. With `dry_run` it only counts them.
#[utoipa::path(post, path = "/keys/{id}/compromise", tag = "keys",
    operation_id = "compromiseKey", request_body = CompromiseInput,
    params(("id" = String, Path, description = "The id.")),
    responses((status = 200, body = Compromised), WriteErrors))]
pub(super) async fn compromise(
    operator: Operator,
    Id(id): Id<KeyId>,
    Body(input): Body<CompromiseInput>,
) -> Result<Json<Compromised>, Problem> {
    let compromise = Compromise::from(input);
    let done = operator.call(move |authority| authority.compromise_key(id, &compromise)).await?;
    Ok(Json(done.into()))
}
