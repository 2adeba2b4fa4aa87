//! Errors, as problem documents (RFC 9457).

use axum::Json;
use axum::http::{HeaderValue, StatusCode, header};
use axum::response::{IntoResponse, Response};
use provkey::authority::Error;
use serde::Serialize;

/// Why a request was not served: a problem document (RFC 9457), with our code.
#[derive(Clone, Debug, Serialize)]
pub(crate) struct Problem {
    /// The HTTP status.
    #[serde(serialize_with = "number")]
    pub(crate) status: StatusCode,
    /// The stable code, the same in every language.
    pub(crate) code: &'static str,
    /// What it says to a person. Holds no secret.
    pub(crate) detail: String,
    /// Whether the same request may succeed later without anybody doing anything.
    pub(crate) retryable: bool,
}

impl Problem {
    pub(crate) fn internal() -> Self {
        Self {
            status: StatusCode::INTERNAL_SERVER_ERROR,
            code: "internal_error",
            detail: "something went wrong in the server".to_owned(),
            retryable: true,
        }
    }
}

impl From<Error> for Problem {
    fn from(error: Error) -> Self {
        Self {
            status: status(&error),
            code: error.code(),
            detail: error.to_string(),
            retryable: error.retryable(),
        }
    }
}

/// The status of an error of the authority.
fn status(error: &Error) -> StatusCode {
    match error {
        Error::Store(_) | Error::Contended | Error::Random(_) => StatusCode::SERVICE_UNAVAILABLE,
        _ => StatusCode::BAD_REQUEST,
    }
}

fn number<S: serde::Serializer>(status: &StatusCode, serializer: S) -> Result<S::Ok, S::Error> {
    serializer.serialize_u16(status.as_u16())
}

impl IntoResponse for Problem {
    fn into_response(self) -> Response {
        let mut response = (self.status, Json(self)).into_response();
        let kind = HeaderValue::from_static("application/problem+json");
        response.headers_mut().insert(header::CONTENT_TYPE, kind);
        response
    }
}
