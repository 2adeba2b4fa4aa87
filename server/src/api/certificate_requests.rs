//! Requests for enrollment certificates from an external CA.

use axum::Json;
use axum::http::StatusCode;
use provkey::authority::{Authority, CertificateId, CertificateRequest, InputError};
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

use super::authorized::{Admin, Viewer};
use super::certificates::{Certificate, CertificateInput, read_certificates};
use super::error_responses::{ChangeErrors, CommonErrors, ReadErrors, WriteErrors};
use super::input::{Body, Id, Parameters, ParseId};
use super::moment::Moment;
use super::page::{PageQuery, PageView};
use crate::problem::Problem;

/// A request for a certificate that the external CA has not answered yet.
#[derive(Serialize, ToSchema)]
#[schema(as = CertificateRequest)]
pub(super) struct RequestView {
    /// The id of the future certificate.
    id: String,
    /// The name of the future certificate.
    name: String,
    /// When it was created.
    created_at: Moment,
    /// The future validity of connectors' certificates.
    leaf_validity_seconds: u64,
    /// The CSR in PEM, for the external CA.
    csr: String,
}

impl From<CertificateRequest> for RequestView {
    fn from(request: CertificateRequest) -> Self {
        Self {
            csr: request.csr_pem(),
            id: request.id.to_string(),
            name: request.name.into(),
            created_at: request.created_at.into(),
            leaf_validity_seconds: request.leaf_validity.as_secs(),
        }
    }
}

/// The answer of an external CA.
#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(super) struct Answer {
    /// The certificate in PEM; those of its issuers may follow.
    certificates: String,
}

/// The id of a request, and of its future certificate.
pub(super) struct RequestId(CertificateId);

impl ParseId for RequestId {
    fn parse_id(text: &str) -> Result<Self, InputError> {
        CertificateId::parse(text).map(Self).map_err(|_| InputError::CertificateRequestNotFound)
    }
}

/// Lists the unanswered requests.
#[utoipa::path(get, path = "/certificate-requests", tag = "certificates",
    operation_id = "listCertificateRequests", params(PageQuery),
    responses((status = 200, body = PageView<RequestView>), CommonErrors))]
pub(super) async fn list(
    viewer: Viewer,
    Parameters(query): Parameters<PageQuery>,
) -> Result<Json<PageView<RequestView>>, Problem> {
    let page = query.page();
    let page = viewer.call(move |authority| authority.list_certificate_requests(&page)).await?;
    Ok(Json(PageView::of(page, RequestView::from)))
}

/// Creates a key pair and a CSR for an external CA.
#[utoipa::path(post, path = "/certificate-requests", tag = "certificates",
    operation_id = "createCertificateRequest", request_body = CertificateInput,
    responses((status = 201, body = RequestView), WriteErrors))]
pub(super) async fn create(
    admin: Admin,
    Body(input): Body<CertificateInput>,
) -> Result<(StatusCode, Json<RequestView>), Problem> {
    let new = input.read()?;
    let request = admin.call(move |authority| authority.request_certificate(&new)).await?;
    Ok((StatusCode::CREATED, Json(request.into())))
}

/// Shows a request.
#[utoipa::path(get, path = "/certificate-requests/{id}", tag = "certificates",
    operation_id = "showCertificateRequest",
    params(("id" = String, Path, description = "The id.")),
    responses((status = 200, body = RequestView), ReadErrors))]
pub(super) async fn show(
    viewer: Viewer,
    Id(RequestId(id)): Id<RequestId>,
) -> Result<Json<RequestView>, Problem> {
    Ok(Json(viewer.call(move |authority| authority.certificate_request(id)).await?.into()))
}

/// Imports the certificate that an external CA issued for a request.
#[utoipa::path(post, path = "/certificate-requests/{id}/answer", tag = "certificates",
    operation_id = "answerCertificateRequest", request_body = Answer,
    params(("id" = String, Path, description = "The id.")),
    responses((status = 201, body = Certificate), WriteErrors))]
pub(super) async fn answer(
    admin: Admin,
    Id(RequestId(id)): Id<RequestId>,
    Body(input): Body<Answer>,
) -> Result<(StatusCode, Json<Certificate>), Problem> {
    let certificates = read_certificates(&input.certificates)?;
    let import = move |authority: &Authority| authority.import_answer(id, &certificates);
    Ok((StatusCode::CREATED, Json(admin.call(import).await?.into())))
}

/// Deletes a request and its private key.
#[utoipa::path(delete, path = "/certificate-requests/{id}", tag = "certificates",
    operation_id = "deleteCertificateRequest",
    params(("id" = String, Path, description = "The id.")),
    responses((status = 204, description = "Deleted."), ChangeErrors))]
pub(super) async fn delete(
    admin: Admin,
    Id(RequestId(id)): Id<RequestId>,
) -> Result<StatusCode, Problem> {
    admin.call(move |authority| authority.delete_certificate_request(id)).await?;
    Ok(StatusCode::NO_CONTENT)
}
