//! Errors, as problem documents (RFC 9457).

mod status;

use std::time::SystemTime;

use axum::Json;
use axum::http::{HeaderValue, StatusCode, header};
use axum::response::{IntoResponse, Response};
use provkey::authority::Error;
use provkey::store::FaultKind;
use provkey::time::Timestamp;
use serde::Serialize;

/// `Retry-After` of a retryable problem without a better estimate.
const RETRY_AFTER_SECONDS: u64 = 2;

/// Why a request was not served. As a response it is a problem document (RFC 9457).
#[derive(Clone, Debug)]
pub struct Problem {
    /// The HTTP status.
    pub status: StatusCode,
    /// The stable code, the same in every language.
    pub code: &'static str,
    /// The explanation for a person. It contains no secret.
    pub detail: String,
    /// What the problem is about, such as the name that is not found. It is no secret.
    pub subject: Option<String>,
    /// Whether the same request may succeed later without any intervention.
    pub retryable: bool,
    /// When to retry, if it is retryable.
    pub retry_after_seconds: u64,
}

/// A problem document: the members of RFC 9457, 3.1, and ours.
#[derive(Serialize, utoipa::ToSchema)]
#[schema(as = Problem)]
pub(crate) struct Document {
    /// Names the kind of problem: `urn:provkey:error:` and the code.
    r#type: String,
    /// The reason phrase of the status.
    title: &'static str,
    /// The HTTP status.
    status: u16,
    /// The explanation for a person.
    detail: String,
    /// What the problem is about: an id, a name, a number or any other text of the request, cut to
    /// 128 bytes. Absent if nothing can be named.
    #[serde(skip_serializing_if = "Option::is_none")]
    subject: Option<String>,
    /// The stable code.
    code: &'static str,
    /// Whether the same request may succeed later without any intervention.
    retryable: bool,
    /// The server's clock in RFC 3339, so that a client can detect that its own clock is wrong.
    time: String,
}

/// The code of a problem, for the log: an extension of the response.
#[derive(Clone, Copy, Debug)]
pub(crate) struct ProblemCode(pub(crate) &'static str);

impl Problem {
    /// A problem that a retry does not solve.
    pub fn new(code: &'static str, status: StatusCode, detail: impl Into<String>) -> Self {
        let (retryable, retry_after_seconds) = (false, RETRY_AFTER_SECONDS);
        let (detail, subject) = (detail.into(), None);
        Self { status, code, detail, subject, retryable, retry_after_seconds }
    }

    /// Makes the problem retryable, after so many seconds.
    #[must_use]
    pub fn retry_after(self, seconds: u64) -> Self {
        Self { retryable: true, retry_after_seconds: seconds, ..self }
    }

    /// The server is at one of its limits.
    pub(crate) fn busy() -> Self {
        let status = StatusCode::SERVICE_UNAVAILABLE;
        Self::new("server_busy", status, "the server is too busy").retry_after(5)
    }

    /// A fault of the server.
    pub(crate) fn internal() -> Self {
        let status = StatusCode::INTERNAL_SERVER_ERROR;
        Self::new("internal_error", status, "the server has failed")
            .retry_after(RETRY_AFTER_SECONDS)
    }
}

impl From<Error> for Problem {
    fn from(error: Error) -> Self {
        let (code, status) = (error.code(), status::of(&error));
        let mut problem = Self::new(code, status, error.to_string());
        problem.subject = error.subject().map(str::to_owned);
        // The message of a store or a signer is for the operator only.
        if status.is_server_error() {
            problem.subject = None;
            tracing::error!(code, %error, "the authority failed");
            problem.detail = "the server cannot do this now; its log says why".to_owned();
        }
        if error.retryable() || is_moved(&error) {
            problem.status = StatusCode::SERVICE_UNAVAILABLE;
            return problem.retry_after(RETRY_AFTER_SECONDS);
        }
        problem
    }
}

/// Whether the store was moved: a client may retry, because an operator will start the server on
/// the new store.
fn is_moved(error: &Error) -> bool {
    matches!(error, Error::Store(error) if error.fault().kind == FaultKind::Moved)
}

impl From<Problem> for Document {
    fn from(problem: Problem) -> Self {
        Self {
            r#type: format!("urn:provkey:error:{}", problem.code),
            title: problem.status.canonical_reason().unwrap_or_default(),
            status: problem.status.as_u16(),
            detail: problem.detail,
            subject: problem.subject,
            code: problem.code,
            retryable: problem.retryable,
            time: Timestamp::from(SystemTime::now()).to_string(),
        }
    }
}

impl IntoResponse for Problem {
    fn into_response(self) -> Response {
        let (status, code) = (self.status, self.code);
        let retry_after = self.retryable.then_some(self.retry_after_seconds);
        let mut response = (status, Json(Document::from(self))).into_response();
        let kind = HeaderValue::from_static("application/problem+json");
        response.headers_mut().insert(header::CONTENT_TYPE, kind);
        // RFC 9110, 10.2.3.
        if let Some(seconds) = retry_after {
            response.headers_mut().insert(header::RETRY_AFTER, seconds.into());
        }
        response.extensions_mut().insert(ProblemCode(code));
        response
    }
}
