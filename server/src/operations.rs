//! For whoever looks after the server: is it well, and what does it do.

use axum::Router;
use axum::extract::State;
use axum::http::{StatusCode, header};
use axum::response::{IntoResponse, Response};
use axum::routing::get;
use provkey::authority::{Authority, Error, PageRequest};

use crate::app::App;
use crate::config::Config;
use crate::problem::Problem;

/// `/healthz`: the process answers. `/readyz`: so does its store.
pub(crate) fn health() -> Router<App> {
    Router::new().route("/healthz", get(|| async { "ok\n" })).route("/readyz", get(ready))
}

/// What is not for everybody, with `health`: `/metrics`. It is to be served where only those who
/// look after the server can ask.
pub fn operations(authority: Authority, config: Config) -> Router {
    let app = App::new(authority, config);
    health().route("/metrics", get(metrics)).with_state(app)
}

/// What `/readyz` answers.
pub(crate) type Readiness = Result<&'static str, Problem>;

/// Anybody may ask as often as they like: the store is asked once a second, on a thread of its own.
async fn ready(State(app): State<App>) -> Readiness {
    let asked = app.clone();
    app.readiness.get(|| async move { asked.block(None, readiness).await }).await?
}

/// Whether the server can do its work.
fn readiness(authority: &Authority) -> Result<&'static str, Error> {
    authority.list_groups(&PageRequest { limit: 1, after: None })?;
    Ok("ok\n")
}

/// In the text format of OpenMetrics.
async fn metrics(State(app): State<App>) -> Result<Response, Problem> {
    let Some(metrics) = app.config.metrics.clone() else {
        let sentence = "this server has no metrics";
        return Err(Problem::new("not_found", StatusCode::NOT_FOUND, sentence));
    };
    let text = app.administer(None, move |authority| metrics.text(authority)).await?;
    let kind = "application/openmetrics-text; version=1.0.0; charset=utf-8";
    Ok(([(header::CONTENT_TYPE, kind)], text).into_response())
}
