//! Simple enrollment and re-enrollment (RFC 7030, 4.2).

use axum::body::Body;
use axum::extract::State;
use axum::http::HeaderMap;
use axum::response::Response;
use provkey::authority::{EnrollRequest, RenewRequest};

use super::{answer, body, credentials};
use crate::app::App;
use crate::client::Client;
use crate::problem::Problem;

/// A certificate for a provisioning key.
pub(super) async fn enroll(
    State(app): State<App>,
    client: Client,
    headers: HeaderMap,
    body: Body,
) -> Result<Response, Problem> {
    let key_text = credentials::key_text(&headers)?;
    let csr = body::csr(&headers, body).await?;
    let address = client.address;
    let request = EnrollRequest { csr, key_text, address, ..EnrollRequest::default() };
    let enrolled = app.call(move |authority| authority.enroll(&request)).await?;
    Ok(answer::enrolled(&headers, &enrolled))
}

/// A certificate for a certificate.
pub(super) async fn reenroll(
    State(app): State<App>,
    client: Client,
    headers: HeaderMap,
    body: Body,
) -> Result<Response, Problem> {
    let csr = body::csr(&headers, body).await?;
    let Client { address, certificate: client_certificate } = client;
    let request = RenewRequest { csr, client_certificate, address, ..RenewRequest::default() };
    let renewed = app.call(move |authority| authority.renew(&request)).await?;
    Ok(answer::enrolled(&headers, &renewed))
}
