//! Simple enrollment and re-enrollment (RFC 7030, 4.2).

use std::net::IpAddr;

use axum::body::Body;
use axum::extract::State;
use axum::http::{HeaderMap, StatusCode};
use axum::response::{IntoResponse as _, Response};
use provkey::authority::{Authority, EnrollRequest, Enrolled, Refusal, RenewRequest};

use super::{answer, body, credentials};
use crate::app::App;
use crate::asker::Asker;
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
    let asker = Asker::of_enrollment(&csr, key_text.as_ref());
    admission.check_rate(asker.and_then(|asker| asker.key))?;
    app.repeats.check(asker, address)?;
    let request = EnrollRequest { csr, key_text, address, ..EnrollRequest::default() };
    let enroll = move |authority: &Authority| authority.enroll(&request);
    let respond = {
        let app = app.clone();
        move |answered: Result<Enrolled, Problem>| {
            if let Ok(enrolled) = &answered
                && !enrolled.replay
            {
                app.admission.enrolled(enrolled.key);
            }
            respond(&app, &headers, asker, address, answered)
        }
    };
    app.call(address, enroll, respond).await
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
    let asker = Asker::of_renewal(&csr, client_certificate.as_deref());
    let permit = app.admission.check_expensive(address).await?;
    app.repeats.check(asker, address)?;
    let renew = move |authority: &Authority| {
        // Copied only now: many may wait for their turn.
        let client_certificate = client_certificate.as_deref().map(<[u8]>::to_vec);
        let csr = csr.clone();
        authority.renew(&RenewRequest { csr, client_certificate, address, ..Default::default() })
    };
    let respond = {
        let app = app.clone();
        move |answered| {
            drop(permit);
            respond(&app, &headers, asker, address, answered)
        }
    };
    app.call(address, renew, respond).await
}

/// Counts what became of a request, and answers it. The response names who asked, if that is
/// proven, for the log.
fn respond(
    app: &App,
    headers: &HeaderMap,
    claimed: Option<Asker>,
    address: Option<IpAddr>,
    answered: Result<Enrolled, Problem>,
) -> Response {
    let proven = match &answered {
        Ok(enrolled) => Some(Asker::from(enrolled)),
        Err(problem) => claimed.filter(|_| refuses_what_is_proven(problem)),
    };
    match (&answered, proven) {
        (Ok(enrolled), _) if !enrolled.replay => {}
        // A renewal is counted under what its request claims: that is what the next one claims.
        (_, Some(asker)) => app.repeats.count(claimed.unwrap_or(asker), address),
        (Err(problem), None) if problem.status.is_client_error() => app.admission.unproven(address),
        _ => {}
    }
    let mut response = answered
        .map_or_else(Problem::into_response, |enrolled| answer::enrolled(headers, &enrolled));
    if let Some(asker) = proven {
        response.extensions_mut().insert(asker);
    }
    response
}

/// Whether a refusal says that the key or the certificate, at least, was proven.
fn refuses_what_is_proven(problem: &Problem) -> bool {
    let renewed_too_often = problem.code == Refusal::RenewalTooEarly.code();
    matches!(problem.status, StatusCode::FORBIDDEN | StatusCode::CONFLICT) || renewed_too_often
}
