//! Cross-site request forgery: requests that another site makes a browser send.
//!
//! A browser adds cookies and client certificates by itself. The cookie is `SameSite=Strict`. A
//! request is refused if the browser reports that another site made it (Fetch Metadata, or else
//! `Origin`), or if it changes something and lacks a header that no form can set.

use axum::http::request::Parts;
use axum::http::{Method, StatusCode, header};

use crate::problem::Problem;

/// The header that the console sends with each request. Its value does not matter.
pub(super) const HEADER: &str = "x-provkey-console";

/// Refuses a request by cookie that the console did not make.
pub(super) fn refuse_from_browser(parts: &Parts) -> Result<(), Problem> {
    let changes = parts.method != Method::GET && parts.method != Method::HEAD;
    if changes && !parts.headers.contains_key(HEADER) {
        return Err(problem(
            "a request by cookie that changes something needs the header X-Provkey-Console",
        ));
    }
    refuse(parts)
}

/// Refuses a request that another site made a browser send.
pub(super) fn refuse(parts: &Parts) -> Result<(), Problem> {
    let text = |name| parts.headers.get(name).map(|value| value.to_str().unwrap_or_default());
    if let Some(site) = text("sec-fetch-site".parse().unwrap_or(header::ORIGIN)) {
        return match site {
            "same-origin" | "none" => Ok(()),
            _ => Err(problem("another site made this request")),
        };
    }
    // HTTP/2 has the host in the URI.
    let host = parts.uri.authority().map(|authority| authority.as_str()).or(text(header::HOST));
    let origin = text(header::ORIGIN);
    let authority = origin.map(|origin| origin.split_once("://").map_or("", |(_, rest)| rest));
    match authority {
        Some(authority) if Some(authority) != host => {
            Err(problem("another site made this request"))
        }
        _ => Ok(()),
    }
}

fn problem(detail: &str) -> Problem {
    Problem::new("cross_site_request", StatusCode::FORBIDDEN, detail)
}
