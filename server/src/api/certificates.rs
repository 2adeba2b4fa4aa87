//! Enrollment certificates.

use axum::Json;
use axum::http::{StatusCode, header};
use axum::response::IntoResponse;
use provkey_admin::operation::{
    CreateCertificate, DeleteCertificate, ImportCertificate, ListCertificates, RetireCertificate,
    ShowCertificate, ShowCrl,
};
use provkey_admin::{
    Administration as _, Certificate, CertificateImport, NewCertificate, Page, PageQuery,
};

use super::authorized::Authorized;
use super::error_responses::{ChangeErrors, CommonErrors, ReadErrors, WriteErrors};
use super::input::{Body, Id, Parameters};
use crate::problem::Problem;

/// Lists the enrollment certificates by name.
#[utoipa::path(get, path = "/certificates", tag = "certificates",
    operation_id = "listCertificates", params(PageQuery),
    responses((status = 200, body = Page<Certificate>), CommonErrors))]
pub(super) async fn list(
    caller: Authorized<ListCertificates>,
    Parameters(query): Parameters<PageQuery>,
) -> Result<Json<Page<Certificate>>, Problem> {
    caller.call(move |local, actor| local.list_certificates(actor, &query)).await.map(Json)
}

/// Creates an enrollment certificate under the authority's root.
#[utoipa::path(post, path = "/certificates", tag = "certificates",
    operation_id = "createCertificate", request_body = NewCertificate,
    responses((status = 201, body = Certificate), WriteErrors))]
pub(super) async fn create(
    caller: Authorized<CreateCertificate>,
    Body(new): Body<NewCertificate>,
) -> Result<(StatusCode, Json<Certificate>), Problem> {
    let made = caller.call(move |local, actor| local.create_certificate(actor, &new)).await?;
    Ok((StatusCode::CREATED, Json(made)))
}

/// Imports a foreign CA certificate with its private key.
#[utoipa::path(post, path = "/certificates/import", tag = "certificates",
    operation_id = "importCertificate", request_body = CertificateImport,
    responses((status = 201, body = Certificate), WriteErrors))]
pub(super) async fn import(
    caller: Authorized<ImportCertificate>,
    Body(import): Body<CertificateImport>,
) -> Result<(StatusCode, Json<Certificate>), Problem> {
    let made = caller.call(move |local, actor| local.import_certificate(actor, &import)).await?;
    Ok((StatusCode::CREATED, Json(made)))
}

/// Shows an enrollment certificate.
#[utoipa::path(get, path = "/certificates/{id}", tag = "certificates",
    operation_id = "showCertificate", params(("id" = String, Path, description = "The id.")),
    responses((status = 200, body = Certificate), ChangeErrors))]
pub(super) async fn show(
    caller: Authorized<ShowCertificate>,
    Id(id): Id,
) -> Result<Json<Certificate>, Problem> {
    caller.call(move |local, actor| local.certificate(actor, &id)).await.map(Json)
}

/// Deletes an enrollment certificate that no key uses and that signed for no connector.
#[utoipa::path(delete, path = "/certificates/{id}", tag = "certificates",
    operation_id = "deleteCertificate", params(("id" = String, Path, description = "The id.")),
    responses((status = 204, description = "Deleted."), ChangeErrors))]
pub(super) async fn delete(
    caller: Authorized<DeleteCertificate>,
    Id(id): Id,
) -> Result<StatusCode, Problem> {
    caller.call(move |local, actor| local.delete_certificate(actor, &id)).await?;
    Ok(StatusCode::NO_CONTENT)
}

/// Retires an enrollment certificate: from now on it signs nothing.
#[utoipa::path(post, path = "/certificates/{id}/retire", tag = "certificates",
    operation_id = "retireCertificate", params(("id" = String, Path, description = "The id.")),
    responses((status = 200, body = Certificate), ChangeErrors))]
pub(super) async fn retire(
    caller: Authorized<RetireCertificate>,
    Id(id): Id,
) -> Result<Json<Certificate>, Problem> {
    caller.call(move |local, actor| local.retire_certificate(actor, &id)).await.map(Json)
}

/// Returns the CRL of an enrollment certificate in DER.
#[utoipa::path(get, path = "/certificates/{id}/crl", tag = "certificates",
    operation_id = "showCrl", params(("id" = String, Path, description = "The id.")),
    responses(
        (status = 200, content_type = "application/pkix-crl", body = String),
        ChangeErrors,
        ReadErrors,
    ))]
pub(super) async fn crl(
    caller: Authorized<ShowCrl>,
    Id(id): Id,
) -> Result<impl IntoResponse, Problem> {
    let der = caller.call(move |local, actor| local.crl(actor, &id)).await?;
    Ok(([(header::CONTENT_TYPE, "application/pkix-crl")], der))
}
