//! For whoever looks after the server: is it well, and what does it do.

use axum::Router;
use axum::extract::State;
use axum::http::{StatusCode, header};
use axum::response::{IntoResponse, Response};
use axum::routing::get;
use provkey::authority::{Authority, PageRequest};
use provkey::key::Slot;

use crate::app::App;
use crate::config::Config;
use crate::keyring::still_missing;
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
    app.readiness.get(|| async move { asked.readiness().await }).await?
}

impl App {
    /// Whether the server can do its work: its store answers, and it has every master key.
    async fn readiness(&self) -> Readiness {
        let keyring = self.config.keyring.clone();
        let missing = move |authority: &Authority| {
            authority.list_groups(&PageRequest { limit: 1, after: None })?;
            still_missing(keyring.as_ref(), authority)
        };
        let missing = self.block(None, missing).await?.map_err(|error| self.problem(error))?;
        if missing.is_empty() {
            return Ok("ok\n");
        }
        let slots: Vec<_> = missing.iter().map(Slot::to_string).collect();
        let detail = format!(
            "this server lacks the master keys of the slots {}: bring it the master key file of the \
             machine that rotated",
            slots.join(", ")
        );
        let status = StatusCode::SERVICE_UNAVAILABLE;
        let problem = Problem::new("master_key_missing", status, detail);
        // Without a place to read them from again time alone does not help.
        Err(if self.config.keyring.is_some() { problem.retry_after(5) } else { problem })
    }
}

/// In the text format of OpenMetrics.
async fn metrics(State(app): State<App>) -> Result<Response, Problem> {
    let Some(metrics) = app.config.metrics.clone() else {
        let sentence = "this server has no metrics";
        return Err(Problem::new("not_found", StatusCode::NOT_FOUND, sentence));
    };
    let text = app.administer(None, move |authority| metrics.text(authority)).await?;
    let text = text.map_err(|error| app.problem(error))?;
    let kind = "application/openmetrics-text; version=1.0.0; charset=utf-8";
    Ok(([(header::CONTENT_TYPE, kind)], text).into_response())
}
