//! The certificates that a client needs to build chains.

use axum::body::Bytes;
use axum::extract::State;
use axum::response::Response;
use provkey::authority::{Authority, Error, PageRequest};

use super::{answer, pkcs7};
use crate::app::App;
use crate::problem::Problem;

/// An authority has few enrollment certificates: more than these are not looked for.
const CERTIFICATES_MAX: usize = 1000;

/// RFC 7030, 4.1. Anybody may ask: the answer is given again for a while, from one buffer.
pub(super) async fn cacerts(State(app): State<App>) -> Result<Response, Problem> {
    let asked = app.clone();
    let make = || async move {
        asked.block(None, certificates).await?.map_err(|error| asked.problem(error))
    };
    let line = app.ca_certificates.get(make).await??;
    Ok(answer::line(pkcs7::CERTS_ONLY, line))
}

/// The root and all enrollment certificates: what a retired one signed is still good.
fn certificates(authority: &Authority) -> Result<Bytes, Error> {
    let page = PageRequest { limit: CERTIFICATES_MAX, after: None };
    let signing = authority.list_certificates(&page)?.items;
    let root = authority.root();
    let signing = signing.iter().map(|signing| &signing.certificate);
    let der = pkcs7::certs_only(signing.chain([&root]).map(provkey::x509::Certificate::der));
    Ok(answer::encode(&der))
}
