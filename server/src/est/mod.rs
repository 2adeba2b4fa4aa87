//! Enrollment over Secure Transport (RFC 7030), under `/.well-known/est`.
//!
//! | request | response |
//! |---|---|
//! | `GET cacerts` | the root and the enrollment certificates |
//! | `POST simpleenroll` | a certificate for a proven provisioning key |
//! | `POST simplereenroll` | a new certificate for a proven certificate |
//! | `GET csrattrs` | the recommended attributes of a request |
//!
//! A provisioning key is proven inside the CSR, or its text is sent: as the password of HTTP Basic,
//! whose user name is the key's id or empty, or as a Bearer token. A certificate is proven inside
//! the CSR, or over mutual TLS.

mod answer;
mod body;
mod cacerts;
mod credentials;
mod csrattrs;
mod enroll;
mod pkcs7;

use axum::Router;
use axum::extract::Request;
use axum::http::{HeaderValue, StatusCode, header};
use axum::middleware::{self, Next};
use axum::response::Response;
use axum::routing::{get, post};

use crate::app::App;

pub(crate) fn router() -> Router<App> {
    let operations = Router::new()
        .route("/cacerts", get(cacerts::cacerts))
        .route("/csrattrs", get(csrattrs::csrattrs))
        .route("/simpleenroll", post(enroll::enroll))
        .route("/simplereenroll", post(enroll::reenroll))
        .layer(middleware::from_fn(challenge));
    Router::new().nest("/.well-known/est", operations)
}

/// RFC 9110, 11.6.1: a 401 names the schemes. No cache may store a response.
async fn challenge(request: Request, next: Next) -> Response {
    let mut response = next.run(request).await;
    let unproven = response.status() == StatusCode::UNAUTHORIZED;
    let headers = response.headers_mut();
    if unproven {
        for challenge in [r#"Basic realm="provkey", charset="UTF-8""#, r#"Bearer realm="provkey""#]
        {
            headers.append(header::WWW_AUTHENTICATE, HeaderValue::from_static(challenge));
        }
    }
    headers.insert(header::CACHE_CONTROL, HeaderValue::from_static("no-store"));
    response
}
