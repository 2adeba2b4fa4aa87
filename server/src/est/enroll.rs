//! Simple enrollment and re-enrollment (RFC 7030, 4.2).

use std::net::IpAddr;

use axum::body::Body;
use axum::extract::State;
use axum::http::{HeaderMap, StatusCode};
use axum::response::{IntoResponse as _, Response};
use provkey::authority::{Authority, EnrollRequest, Enrolled, Refusal, RenewRequest};

use super::{answer, body, credentials};
use crate::app::App;
use crate::client::Client;
use crate::fair_semaphore::Permit;
use crate::problem::Problem;
use crate::rate_limits::rate_limited;
use crate::requester::Requester;

/// Issues a certificate for a provisioning key.
pub(super) async fn enroll(
    State(app): State<App>,
    client: Client,
    headers: HeaderMap,
    body: Body,
) -> Result<Response, Problem> {
    let csr = body::csr(&headers, body).await?;
    let address = client.address;
    let key_text =
        credentials::key_text(&headers).inspect_err(|_| app.rate_limits.count_unproven(address))?;
    let claimed = Requester::of_enrollment(&csr, key_text.as_ref());
    app.rate_limits.check_key(claimed.and_then(|requester| requester.key))?;
    app.rate_limits.check_repeat(claimed, address)?;
    let request = EnrollRequest::new(csr).key_text(key_text).address(address);
    let enroll = move |authority: &Authority| authority.enroll(&request);
    let respond = {
        let app = app.clone();
        move |result: Result<Enrolled, Problem>| {
            if let Ok(enrolled) = &result
                && !enrolled.replay
            {
                app.rate_limits.count_enrollment(enrolled.key);
            }
            respond(&app, &headers, claimed, address, result)
        }
    };
    app.call_for_connector(address, enroll, respond).await
}

/// Renews a certificate.
pub(super) async fn reenroll(
    State(app): State<App>,
    client: Client,
    headers: HeaderMap,
    body: Body,
) -> Result<Response, Problem> {
    let csr = body::csr(&headers, body).await?;
    let Client { address, certificate: client_certificate } = client;
    let claimed = Requester::of_renewal(&csr, client_certificate.as_deref());
    let permit = suspect_permit(&app, address).await?;
    app.rate_limits.check_repeat(claimed, address)?;
    let renew = move |authority: &Authority| {
        // Copied when the call begins: many requests may wait for a permit.
        let client_certificate = client_certificate.as_deref().map(<[u8]>::to_vec);
        let csr = csr.clone();
        authority
            .renew(&RenewRequest::new(csr).client_certificate(client_certificate).address(address))
    };
    let respond = {
        let app = app.clone();
        move |result| {
            drop(permit);
            respond(&app, &headers, claimed, address, result)
        }
    };
    app.call_for_connector(address, renew, respond).await
}

/// The permit that a renewal needs from an address over its rate of unproven requests.
async fn suspect_permit(app: &App, address: Option<IpAddr>) -> Result<Option<Permit>, Problem> {
    let Some(wait) = app.rate_limits.unproven_wait(address) else { return Ok(None) };
    let permit = app.permits.suspect_renewal(address).await;
    let detail = "too many requests from this address prove nothing";
    permit.map(Some).ok_or_else(|| rate_limited(detail, wait))
}

/// Counts the outcome of a request, and responds. A proven requester is attached for the log.
fn respond(
    app: &App,
    headers: &HeaderMap,
    claimed: Option<Requester>,
    address: Option<IpAddr>,
    result: Result<Enrolled, Problem>,
) -> Response {
    let proven = match &result {
        Ok(enrolled) => Some(Requester::from(enrolled)),
        Err(problem) => claimed.filter(|_| proves_requester(problem)),
    };
    match (&result, proven) {
        (Ok(enrolled), _) if !enrolled.replay => {}
        // A repeated renewal is counted under what it claims, as the next one claims the same.
        (_, Some(requester)) => {
            app.rate_limits.count_repeat(claimed.unwrap_or(requester), address);
        }
        (Err(problem), None) if problem.status.is_client_error() => {
            app.rate_limits.count_unproven(address);
        }
        _ => {}
    }
    let mut response =
        result.map_or_else(Problem::into_response, |enrolled| answer::enrolled(headers, &enrolled));
    if let Some(requester) = proven {
        response.extensions_mut().insert(requester);
    }
    response
}

/// Whether the authority refuses only after the key or the certificate was proven.
fn proves_requester(problem: &Problem) -> bool {
    let renewed_too_often = problem.code == Refusal::RenewalTooEarly.code();
    matches!(problem.status, StatusCode::FORBIDDEN | StatusCode::CONFLICT) || renewed_too_often
}
