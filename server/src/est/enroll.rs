//! Simple enrollment and re-enrollment (RFC 7030, 4.2).

use axum::body::Body;
use axum::extract::State;
use axum::http::{HeaderMap, StatusCode};
use axum::response::Response;
use provkey::authority::{EnrollRequest, RenewRequest};
use provkey::key::{KeyId, KeyText, Proof};
use provkey::x509::Csr;

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
    let csr = body::csr(&headers, body).await?;
    let (admission, address) = (&app.admission, client.address);
    let key_text = credentials::key_text(&headers).inspect_err(|_| admission.unproven(address))?;
    let claimed = claimed(&csr, key_text.as_ref());
    admission.check_rate(claimed)?;
    let request = EnrollRequest { csr, key_text, address, ..EnrollRequest::default() };
    let answered = app.call(address, move |authority| authority.enroll(&request)).await;
    match (&answered, claimed) {
        (Ok(enrolled), _) => admission.proven(enrolled.key),
        (Err(problem), Some(key)) if refuses_a_proven_key(problem) => admission.proven(key),
        (Err(problem), _) if problem.status.is_client_error() => admission.unproven(address),
        (Err(_), _) => {}
    }
    Ok(answer::enrolled(&headers, &answered?))
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
    let _permit = app.admission.check_expensive(address).await?;
    let request = RenewRequest { csr, client_certificate, address, ..RenewRequest::default() };
    let answered = app.call(address, move |authority| authority.renew(&request)).await;
    if answered.as_ref().is_err_and(|problem| problem.status.is_client_error()) {
        app.admission.unproven(address);
    }
    Ok(answer::enrolled(&headers, &answered?))
}

/// The key that a request says it holds. Nothing is proven by that.
fn claimed(csr: &[u8], text: Option<&KeyText>) -> Option<KeyId> {
    let in_text = || {
        let core = text?.expose().rsplit('_').next()?;
        KeyId::parse(core.get(..credentials::ID_CHARACTERS)?).ok()
    };
    let in_csr = || Some(Proof::from_der(Csr::parse(csr).ok()?.proof()?).ok()?.id());
    in_text().or_else(in_csr)
}

/// Whether a refusal says that the key, at least, was proven.
fn refuses_a_proven_key(problem: &Problem) -> bool {
    matches!(problem.status, StatusCode::FORBIDDEN | StatusCode::CONFLICT)
}
