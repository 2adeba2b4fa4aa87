//! Enrollment certificates.

mod input;
mod view;

use axum::Json;
use axum::http::{StatusCode, header};
use axum::response::IntoResponse;
use provkey::authority::{Authority, CertificateId};

pub(super) use input::{CertificateInput, read_certificates};
pub(super) use view::{Certificate, hex};

use super::authorized::{Admin, Viewer};
use super::error_responses::{ChangeErrors, CommonErrors, ReadErrors, WriteErrors};
use super::input::{Body, Id, Parameters};
use super::page::{PageQuery, PageView};
use crate::problem::Problem;

/// Lists the enrollment certificates by name.
#[utoipa::path(get, path = "/certificates", tag = "certificates",
    operation_id = "listCertificates", params(PageQuery),
    responses((status = 200, body = PageView<Certificate>), CommonErrors))]
pub(super) async fn list(
    viewer: Viewer,
    Parameters(query): Parameters<PageQuery>,
) -> Result<Json<PageView<Certificate>>, Problem> {
    let page = viewer.call(move |authority| authority.list_certificates(&query.page())).await?;
    Ok(Json(PageView::of(page, Certificate::from)))
}

/// Creates an enrollment certificate under the authority's root.
#[utoipa::path(post, path = "/certificates", tag = "certificates",
    operation_id = "createCertificate", request_body = CertificateInput,
    responses((status = 201, body = Certificate), WriteErrors))]
pub(super) async fn create(
    admin: Admin,
    Body(input): Body<CertificateInput>,
) -> Result<(StatusCode, Json<Certificate>), Problem> {
    let new = input.read()?;
    let certificate = admin.call(move |authority| authority.create_certificate(&new)).await?;
    Ok((StatusCode::CREATED, Json(certificate.into())))
}

/// Imports a foreign CA certificate with its private key.
#[utoipa::path(post, path = "/certificates/import", tag = "certificates",
    operation_id = "importCertificate", request_body = input::Import,
    responses((status = 201, body = Certificate), WriteErrors))]
pub(super) async fn import(
    admin: Admin,
    Body(input): Body<input::Import>,
) -> Result<(StatusCode, Json<Certificate>), Problem> {
    let input = input.read()?;
    let import = move |authority: &Authority| authority.import_certificate(&input.as_import());
    Ok((StatusCode::CREATED, Json(admin.call(import).await?.into())))
}

/// Shows an enrollment certificate.
#[utoipa::path(get, path = "/certificates/{id}", tag = "certificates",
    operation_id = "showCertificate", params(("id" = String, Path, description = "The id.")),
    responses((status = 200, body = Certificate), ChangeErrors))]
pub(super) async fn show(
    viewer: Viewer,
    Id(id): Id<CertificateId>,
) -> Result<Json<Certificate>, Problem> {
    Ok(Json(viewer.call(move |authority| authority.certificate(id)).await?.into()))
}

/// Deletes an enrollment certificate that no key uses and that signed for no connector.
#[utoipa::path(delete, path = "/certificates/{id}", tag = "certificates",
    operation_id = "deleteCertificate", params(("id" = String, Path, description = "The id.")),
    responses((status = 204, description = "Deleted."), ChangeErrors))]
pub(super) async fn delete(admin: Admin, Id(id): Id<CertificateId>) -> Result<StatusCode, Problem> {
    admin.call(move |authority| authority.delete_certificate(id)).await?;
    Ok(StatusCode::NO_CONTENT)
}

/// Retires an enrollment certificate: from now on it signs nothing.
#[utoipa::path(post, path = "/certificates/{id}/retire", tag = "certificates",
    operation_id = "retireCertificate", params(("id" = String, Path, description = "The id.")),
    responses((status = 200, body = Certificate), ChangeErrors))]
pub(super) async fn retire(
    admin: Admin,
    Id(id): Id<CertificateId>,
) -> Result<Json<Certificate>, Problem> {
    Ok(Json(admin.call(move |authority| authority.retire_certificate(id)).await?.into()))
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
    viewer: Viewer,
    Id(id): Id<CertificateId>,
) -> Result<impl IntoResponse, Problem> {
    let crl = viewer.call(move |authority| authority.crl(id)).await?;
    Ok(([(header::CONTENT_TYPE, "application/pkix-crl")], crl.der.to_vec()))
}
