//! `ETag`, `If-None-Match` and `If-Match` (RFC 9110, 8.8.3 and 13.1).
//!
//! Every JSON response to a GET has an ETag, a hash of its body, so that polling is cheap. The ETag
//! of a provisioning key begins with the version of its last edit. `If-Match` compares only that
//! version, so an edit does not fail because connectors have enrolled meanwhile.

use axum::body::{Body, Bytes, to_bytes};
use axum::extract::Request;
use axum::http::{HeaderMap, HeaderValue, Method, StatusCode, header};
use axum::middleware::Next;
use axum::response::{IntoResponse, Response};
use sha2::{Digest, Sha256};

use crate::problem::Problem;

/// More than the longest response: a page of a listing has a thousand entries at most.
const RESPONSE_BYTES_MAX: usize = 16 * 1024 * 1024;

/// The version of a key: an extension of the response that shows it.
#[derive(Clone, Copy, Debug)]
pub(super) struct Version(pub(super) u64);

/// Adds the ETag, and responds 304 if the client has the body.
pub(super) async fn layer(request: Request, next: Next) -> Response {
    let get = request.method() == Method::GET;
    let known = request.headers().get(header::IF_NONE_MATCH).cloned();
    let response = next.run(request).await;
    if !get || response.status() != StatusCode::OK {
        return response;
    }
    let (mut parts, body) = response.into_parts();
    let Ok(bytes) = to_bytes(body, RESPONSE_BYTES_MAX).await else {
        return Problem::internal().into_response();
    };
    let version = parts.extensions.get::<Version>().map(|version| version.0);
    let etag = etag(version, &bytes);
    let matches = known.as_ref().is_some_and(|known| lists(known, &etag));
    if let Ok(value) = HeaderValue::from_str(&etag) {
        parts.headers.insert(header::ETAG, value);
    }
    if matches {
        parts.status = StatusCode::NOT_MODIFIED;
        parts.headers.remove(header::CONTENT_LENGTH);
        return Response::from_parts(parts, Body::empty());
    }
    Response::from_parts(parts, Body::from(bytes))
}

/// A JSON response that never changes. All requests share one buffer.
#[derive(Clone)]
pub(super) struct StaticJson {
    etag: String,
    json: Bytes,
}

impl StaticJson {
    pub(super) fn new(json: String) -> Self {
        Self { etag: etag(None, json.as_bytes()), json: json.into() }
    }

    pub(super) fn respond(self, headers: &HeaderMap) -> Response {
        let known = headers.get(header::IF_NONE_MATCH);
        if known.is_some_and(|known| lists(known, &self.etag)) {
            return (StatusCode::NOT_MODIFIED, [(header::ETAG, self.etag)]).into_response();
        }
        let kind = "application/json".to_owned();
        ([(header::CONTENT_TYPE, kind), (header::ETAG, self.etag)], self.json).into_response()
    }
}

fn etag(version: Option<u64>, bytes: &[u8]) -> String {
    let hash = Sha256::digest(bytes);
    let hash: String = hash[..12].iter().map(|byte| format!("{byte:02x}")).collect();
    version.map_or_else(|| format!("\"{hash}\""), |version| format!("\"{version}.{hash}\""))
}

/// Whether `If-None-Match` lists this ETag.
fn lists(known: &HeaderValue, etag: &str) -> bool {
    let known = known.to_str().unwrap_or_default();
    known.split(',').map(str::trim).any(|one| one == "*" || one.trim_start_matches("W/") == etag)
}

/// The version in `If-Match`; `None`: any version.
pub(super) fn if_match(headers: &HeaderMap) -> Result<Option<u64>, Problem> {
    let Some(value) = headers.get(header::IF_MATCH) else { return Ok(None) };
    let value = value.to_str().unwrap_or_default().trim();
    if value == "*" {
        return Ok(None);
    }
    let tag = value.strip_prefix('"').and_then(|rest| rest.strip_suffix('"'));
    let version = tag.and_then(|tag| tag.split('.').next()?.parse().ok());
    version.map(Some).ok_or_else(|| {
        let detail = "If-Match must be the ETag of the key";
        Problem::new("edit_conflict", StatusCode::PRECONDITION_FAILED, detail)
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_etag_holds_the_version_that_if_match_reads() {
        let mut headers = HeaderMap::new();
        let mut check = |value: &str, expected| {
            headers.insert(header::IF_MATCH, value.parse().unwrap());
            assert_eq!(if_match(&headers).map_err(|problem| problem.status.as_u16()), expected);
        };
        check(&etag(Some(7), b"{}"), Ok(Some(7)));
        check("\"7\"", Ok(Some(7)));
        check("*", Ok(None));
        for wrong in ["7", "\"\"", "\"x.7\"", "W/\"7.aa\"", "\"7.aa\", \"8.aa\""] {
            check(wrong, if wrong.contains(',') { Ok(Some(7)) } else { Err(412) });
        }
        assert_eq!(if_match(&HeaderMap::new()).unwrap(), None);
    }
}
