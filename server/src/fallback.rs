//! Problems for unknown paths and methods.

use axum::http::StatusCode;

use crate::problem::Problem;

pub(crate) async fn not_found() -> Problem {
    Problem::new("not_found", StatusCode::NOT_FOUND, "there is nothing at this path")
}

pub(crate) async fn method_not_allowed() -> Problem {
    let status = StatusCode::METHOD_NOT_ALLOWED;
    Problem::new("method_not_allowed", status, "this path does not support this method")
}
