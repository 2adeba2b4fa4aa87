//! Responses as EST clients read them.

use axum::body::Bytes;
use axum::http::header::{ACCEPT, CONTENT_TYPE, HeaderName};
use axum::http::{HeaderMap, HeaderValue};
use axum::response::{IntoResponse, Response};
use base64ct::{Base64, Encoding};
use provkey::authority::Enrolled;

use super::pkcs7;

/// The media type of a chain in PEM (RFC 8555, 9.1).
const PEM_CHAIN: &str = "application/pem-certificate-chain";
const CONTENT_TRANSFER_ENCODING: HeaderName = HeaderName::from_static("content-transfer-encoding");

/// Encodes base64 as one line with a line end, which all clients read: inner line ends break some
/// of them, and a missing final one breaks others.
pub(super) fn encode(der: &[u8]) -> Bytes {
    let mut line = Base64::encode_string(der);
    line.push('\n');
    line.into()
}

/// A response in base64.
pub(super) fn line(kind: &'static str, line: Bytes) -> Response {
    let headers = [
        (CONTENT_TYPE, HeaderValue::from_static(kind)),
        (CONTENT_TRANSFER_ENCODING, HeaderValue::from_static("base64")),
    ];
    (headers, line).into_response()
}

/// RFC 7030, 4.2.3: the certificate alone. A client that accepts a chain in PEM gets the chain, so
/// that one response has all that a connector needs.
pub(super) fn enrolled(headers: &HeaderMap, enrolled: &Enrolled) -> Response {
    let accepts_chain = headers
        .get_all(ACCEPT)
        .iter()
        .filter_map(|value| value.to_str().ok())
        .flat_map(|value| value.split(','))
        .any(|kind| kind.split(';').next().is_some_and(|kind| kind.trim() == PEM_CHAIN));
    if accepts_chain {
        return ([(CONTENT_TYPE, PEM_CHAIN)], enrolled.chain_pem()).into_response();
    }
    let leaf = enrolled.chain.first().map(Vec::as_slice);
    line(pkcs7::CERTS_ONLY, encode(&pkcs7::certs_only(leaf)))
}
