//! Bodies are read whole before anything is done with them: up to a size, and within a time.

use std::error::Error;
use std::time::Duration;

use axum::body::{Body, HttpBody as _, to_bytes};
use axum::extract::Request;
use axum::http::StatusCode;
use axum::middleware::Next;
use axum::response::{IntoResponse as _, Response};
use http_body_util::LengthLimitError;
use tokio::time::timeout;

use crate::problem::Problem;

/// More than any request needs.
const BODY_BYTES_MAX: usize = 64 * 1024;
/// How long a body may take to arrive.
const BODY_TIME_MAX: Duration = Duration::from_secs(15);

/// Reads the body of a request before it goes on.
pub(crate) async fn read_whole(request: Request, next: Next) -> Response {
    let (parts, body) = request.into_parts();
    // The length that a header promises.
    if body.size_hint().lower() > BODY_BYTES_MAX as u64 {
        return too_large().into_response();
    }
    let body = match timeout(BODY_TIME_MAX, to_bytes(body, BODY_BYTES_MAX)).await {
        Ok(Ok(bytes)) => Body::from(bytes),
        Ok(Err(error)) => return unread(&error).into_response(),
        Err(_) => return too_slow().into_response(),
    };
    next.run(Request::from_parts(parts, body)).await
}

pub(crate) fn too_large() -> Problem {
    let status = StatusCode::PAYLOAD_TOO_LARGE;
    Problem::new("body_too_large", status, "the body is longer than any good one")
}

fn too_slow() -> Problem {
    let status = StatusCode::REQUEST_TIMEOUT;
    Problem::new("body_too_slow", status, "the body took too long to arrive").retry_after(1)
}

/// It was longer than it may be, or ended early.
fn unread(error: &axum::Error) -> Problem {
    let mut source = Some(error as &dyn Error);
    while let Some(error) = source {
        if error.is::<LengthLimitError>() {
            return too_large();
        }
        source = error.source();
    }
    Problem::new("body_malformed", StatusCode::BAD_REQUEST, "the body ended early")
}
