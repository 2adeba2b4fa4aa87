//! Requests for enrollment certificates from an external CA.

use axum::Json;
use axum::http::StatusCode;
use provkey_admin::operation::{
    AnswerCertificateRequest, CreateCertificateRequest, DeleteCertificateRequest,
    ListCertificateRequests, ShowCertificateRequest,
};
use provkey_admin::{
    Actor, Administration as _, Answer, Certificate, CertificateRequest, Local, NewCertificate,
    Page, PageQuery,
};

use super::authorized::Authorized;
use super::error_responses::{ChangeErrors, CommonErrors, ReadErrors, WriteErrors};
use super::input::{Body, Id, Parameters};
use crate::problem::Problem;

/// Lists the unanswered requests.
#[utoipa::path(get, path = "/certificate-requests", tag = "certificates",
    operation_id = "listCertificateRequests", params(PageQuery),
    responses((status = 200, body = Page<CertificateRequest>), CommonErrors))]
pub(super) async fn list(
    caller: Authorized<ListCertificateRequests>,
    Parameters(query): Parameters<PageQuery>,
) -> Result<Json<Page<CertificateRequest>>, Problem> {
    caller.call(move |local, actor| local.list_certificate_requests(actor, &query)).await.map(Json)
}

/// Creates a key pair and a CSR for an external CA.
#[utoipa::path(post, path = "/certificate-requests", tag = "certificates",
    operation_id = "createCertificateRequest", request_body = NewCertificate,
    responses((status = 201, body = CertificateRequest), WriteErrors))]
pub(super) async fn create(
    caller: Authorized<CreateCertificateRequest>,
    Body(new): Body<NewCertificate>,
) -> Result<(StatusCode, Json<CertificateRequest>), Problem> {
    let request =
        caller.call(move |local, actor| local.create_certificate_request(actor, &new)).await?;
    Ok((StatusCode::CREATED, Json(request)))
}

/// Shows a request.
#[utoipa::path(get, path = "/certificate-requests/{id}", tag = "certificates",
    operation_id = "showCertificateRequest",
    params(("id" = String, Path, description = "The id.")),
    responses((status = 200, body = CertificateRequest), ReadErrors))]
pub(super) async fn show(
    caller: Authorized<ShowCertificateRequest>,
    Id(id): Id,
) -> Result<Json<CertificateRequest>, Problem> {
    caller.call(move |local, actor| local.certificate_request(actor, &id)).await.map(Json)
}

/// Imports the certificate that an external CA issued for a request.
#[utoipa::path(post, path = "/certificate-requests/{id}/answer", tag = "certificates",
    operation_id = "answerCertificateRequest", request_body = Answer,
    params(("id" = String, Path, description = "The id.")),
    responses((status = 201, body = Certificate), WriteErrors))]
pub(super) async fn answer(
    caller: Authorized<AnswerCertificateRequest>,
    Id(id): Id,
    Body(answer): Body<Answer>,
) -> Result<(StatusCode, Json<Certificate>), Problem> {
    let import =
        move |local: &Local, actor: &Actor| local.answer_certificate_request(actor, &id, &answer);
    Ok((StatusCode::CREATED, Json(caller.call(import).await?)))
}

/// Deletes a request and its private key.
#[utoipa::path(delete, path = "/certificate-requests/{id}", tag = "certificates",
    operation_id = "deleteCertificateRequest",
    params(("id" = String, Path, description = "The id.")),
    responses((status = 204, description = "Deleted."), ChangeErrors))]
pub(super) async fn delete(
    caller: Authorized<DeleteCertificateRequest>,
    Id(id): Id,
) -> Result<StatusCode, Problem> {
    caller.call(move |local, actor| local.delete_certificate_request(actor, &id)).await?;
    Ok(StatusCode::NO_CONTENT)
}
