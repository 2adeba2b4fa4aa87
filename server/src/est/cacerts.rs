//! The certificates that a client needs to build chains.

use axum::body::Bytes;
use axum::extract::State;
use axum::response::Response;
use provkey::authority::{Authority, Error, PageRequest};

use super::{answer, pkcs7};
use crate::app::App;
use crate::problem::Problem;

/// An authority has few enrollment certificates; more than these are not served.
const CERTIFICATES_MAX: usize = 1000;

/// RFC 7030, 4.1. It needs no credentials, so the response is made at most once in five seconds.
pub(super) async fn cacerts(State(app): State<App>) -> Result<Response, Problem> {
    let shared = app.clone();
    let make = || async move {
        shared.call_blocking(None, certificates).await?.map_err(|error| shared.problem(error))
    };
    let line = app.ca_certificates.get(make).await??;
    Ok(answer::line(pkcs7::CERTS_ONLY, line))
}

/// The root and all enrollment certificates; a retired one still verifies what it signed.
fn certificates(authority: &Authority) -> Result<Bytes, Error> {
    let page = PageRequest { limit: CERTIFICATES_MAX, after: None };
    let signing = authority.list_certificates(&page)?.items;
    let root = authority.root();
    let signing = signing.iter().map(|signing| &signing.certificate);
    let der = pkcs7::certs_only(signing.chain([&root]).map(provkey::x509::Certificate::der));
    Ok(answer::encode(&der))
}
