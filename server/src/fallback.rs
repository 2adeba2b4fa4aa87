//! Answers to what nothing here is asked with.

use axum::http::StatusCode;

use crate::problem::Problem;

pub(crate) async fn not_found() -> Problem {
    Problem::new("not_found", StatusCode::NOT_FOUND, "there is nothing at this address")
}

pub(crate) async fn method_not_allowed() -> Problem {
    let status = StatusCode::METHOD_NOT_ALLOWED;
    Problem::new("method_not_allowed", status, "this address is not asked with this method")
}
