//! Provisioning keys.

use axum::http::{HeaderMap, HeaderValue, StatusCode, header};
use axum::response::{IntoResponse, Response};
use axum::{Extension, Json};
use provkey_admin::operation::{
    CompromiseKey, CopyKey, CreateKey, DeleteKey, DownloadKey, EditKey, ListKeys, ShowKey,
};
use provkey_admin::{
    Administration as _, Compromise, Compromised, Key, KeyPatch, KeyQuery, KeyText, NewKey, Page,
};

use super::authorized::Authorized;
use super::error_responses::{ChangeErrors, EditErrors, ReadErrors, WriteErrors};
use super::etag::{self, Version};
use super::input::{Body, Id, Parameters};
use crate::problem::Problem;
use crate::secret::{self, SecretJson};

type Found = (Extension<Version>, Json<Key>);

fn found(key: Key) -> Found {
    (Extension(Version(key.version)), Json(key))
}

/// Lists provisioning keys.
#[utoipa::path(get, path = "/keys", tag = "keys", operation_id = "listKeys",
    params(KeyQuery), responses((status = 200, body = Page<Key>), ReadErrors))]
pub(super) async fn list(
    caller: Authorized<ListKeys>,
    Parameters(query): Parameters<KeyQuery>,
) -> Result<Json<Page<Key>>, Problem> {
    caller.call(move |local, actor| local.list_keys(actor, &query)).await.map(Json)
}

/// Creates a provisioning key. `copy` returns its text.
#[utoipa::path(post, path = "/keys", tag = "keys", operation_id = "createKey",
    request_body = NewKey, responses((status = 201, body = Key), WriteErrors))]
pub(super) async fn create(
    caller: Authorized<CreateKey>,
    Body(new): Body<NewKey>,
) -> Result<(StatusCode, Json<Key>), Problem> {
    let key = caller.call(move |local, actor| local.create_key(actor, &new)).await?;
    Ok((StatusCode::CREATED, Json(key)))
}

/// Shows a provisioning key. Send its ETag with an edit.
#[utoipa::path(get, path = "/keys/{id}", tag = "keys", operation_id = "showKey",
    params(("id" = String, Path, description = "The id.")),
    responses((status = 200, body = Key), ReadErrors))]
pub(super) async fn show(caller: Authorized<ShowKey>, Id(id): Id) -> Result<Found, Problem> {
    caller.call(move |local, actor| local.key(actor, &id)).await.map(found)
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
    caller: Authorized<EditKey>,
    Id(id): Id,
    headers: HeaderMap,
    Body(edit): Body<KeyPatch>,
) -> Result<Found, Problem> {
    let version = etag::if_match(&headers)?;
    let edited = caller.call(move |local, actor| local.edit_key(actor, &id, version, &edit)).await;
    // RFC 9110, 13.1.1.
    let edited = edited.map_err(|problem| match problem.code {
        "edit_conflict" => Problem { status: StatusCode::PRECONDITION_FAILED, ..problem },
        _ => problem,
    });
    edited.map(found)
}

/// Deletes a provisioning key permanently. Connectors that enrolled with it keep their
/// certificates.
#[utoipa::path(delete, path = "/keys/{id}", tag = "keys", operation_id = "deleteKey",
    params(("id" = String, Path, description = "The id.")),
    responses((status = 204, description = "Deleted."), ChangeErrors))]
pub(super) async fn delete(
    caller: Authorized<DeleteKey>,
    Id(id): Id,
) -> Result<StatusCode, Problem> {
    caller.call(move |local, actor| local.delete_key(actor, &id)).await?;
    Ok(StatusCode::NO_CONTENT)
}

/// Returns the text of a key for a connector. The audit trail records each copy. A key that is used
/// up cannot be copied until its limit is raised.
#[utoipa::path(post, path = "/keys/{id}/copy", tag = "keys", operation_id = "copyKey",
    params(("id" = String, Path, description = "The id.")),
    responses((status = 200, body = KeyText), ChangeErrors))]
pub(super) async fn copy(
    caller: Authorized<CopyKey>,
    Id(id): Id,
) -> Result<SecretJson<KeyText>, Problem> {
    caller.call(move |local, actor| local.copy_key(actor, &id)).await.map(SecretJson)
}

/// Returns the text of a key as a file. The audit trail records each download.
#[utoipa::path(post, path = "/keys/{id}/download", tag = "keys", operation_id = "downloadKey",
    params(("id" = String, Path, description = "The id.")),
    responses(
        (status = 200, body = String, content_type = "text/plain; charset=utf-8"),
        ChangeErrors,
    ))]
pub(super) async fn download(
    caller: Authorized<DownloadKey>,
    Id(id): Id,
) -> Result<Response, Problem> {
    let file = caller.call(move |local, actor| local.download_key(actor, &id)).await?;
    let disposition = format!("attachment; filename=\"{}\"", file.file_name);
    let disposition = HeaderValue::from_str(&disposition).map_err(|_| Problem::internal())?;
    let contents = secret::bytes(secret::concat(&[&file.text, "\n"]));
    let content_type = HeaderValue::from_static("text/plain; charset=utf-8");
    let headers =
        [(header::CONTENT_TYPE, content_type), (header::CONTENT_DISPOSITION, disposition)];
    Ok((headers, contents).into_response())
}

/// Marks a key as compromised permanently, and revokes the connectors that it enrolled. This works
/// for a deleted key, too. With `dry_run` it only counts them.
#[utoipa::path(post, path = "/keys/{id}/compromise", tag = "keys",
    operation_id = "compromiseKey", request_body = Compromise,
    params(("id" = String, Path, description = "The id.")),
    responses((status = 200, body = Compromised), WriteErrors))]
pub(super) async fn compromise(
    caller: Authorized<CompromiseKey>,
    Id(id): Id,
    Body(input): Body<Compromise>,
) -> Result<Json<Compromised>, Problem> {
    caller.call(move |local, actor| local.compromise_key(actor, &id, &input)).await.map(Json)
}
