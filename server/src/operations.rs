//! Health, readiness and metrics.

use axum::Router;
use axum::extract::State;
use axum::http::{StatusCode, header};
use axum::response::{IntoResponse, Response};
use axum::routing::get;
use provkey::authority::Authority;
use provkey::key::Slot;

use crate::app::{App, Readiness};
use crate::config::Config;
use crate::keyring::still_missing;
use crate::problem::Problem;

/// `/healthz`: the process is alive. `/readyz`: it can enroll.
pub(crate) fn health() -> Router<App> {
    Router::new().route("/healthz", get(|| async { "ok\n" })).route("/readyz", get(ready))
}

/// `/metrics`, `/healthz` and `/readyz`. Serve it on an address that only operators can reach.
pub fn operations(authority: Authority, config: Config) -> Router {
    let app = App::new(authority, config);
    health().route("/metrics", get(metrics)).with_state(app)
}

/// It needs no credentials, so the store is asked at most once a second, however many clients ask.
async fn ready(State(app): State<App>) -> Readiness {
    let shared = app.clone();
    app.readiness.get(|| async move { readiness(&shared).await }).await?
}

/// Whether the server can enroll: its store accepts changes, and no master key is missing.
async fn readiness(app: &App) -> Readiness {
    let keyring = app.config.keyring.clone();
    let missing = move |authority: &Authority| {
        authority.check_writable()?;
        still_missing(keyring.as_ref(), authority)
    };
    let missing = app.call_blocking(None, missing).await?.map_err(|error| app.problem(error))?;
    if missing.is_empty() {
        return Ok("ok\n");
    }
    let slots: Vec<_> = missing.iter().map(Slot::to_string).collect();
    let detail = format!(
        "this server lacks the master keys of the slots {}: copy the master key file from the node \
         that rotated",
        slots.join(", ")
    );
    let status = StatusCode::SERVICE_UNAVAILABLE;
    let problem = Problem::new("master_key_missing", status, detail);
    // Without a source to read again, time alone does not help.
    Err(if app.config.keyring.is_some() { problem.retry_after(5) } else { problem })
}

/// The metrics in the text format of OpenMetrics.
async fn metrics(State(app): State<App>) -> Result<Response, Problem> {
    let Some(metrics) = app.config.metrics.clone() else {
        let sentence = "this server has no metrics";
        return Err(Problem::new("not_found", StatusCode::NOT_FOUND, sentence));
    };
    let text = app.call_for_administrator(None, move |authority| metrics.text(authority)).await?;
    let text = text.map_err(|error| app.problem(error))?;
    let kind = "application/openmetrics-text; version=1.0.0; charset=utf-8";
    Ok(([(header::CONTENT_TYPE, kind)], text).into_response())
}
