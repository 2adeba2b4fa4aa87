//! provkey over the network.
//!
//! [`router`] is the whole of it as an axum [`Router`], which any Rust host can mount; the command
//! `provkey serve` runs it. It stands on the public interface of the crate `provkey` only, and
//! decides nothing itself: it reads requests, asks the authority, and writes answers.
//!
//! ```text
//! connectors ─ /.well-known/est ─┐
//! operators ── /api/v1 ──────────┼─ Authority ─ Store
//! browsers ─── / (the console) ──┘
//! ```
//!
//! The authority blocks, so each call of it runs on tokio's blocking pool: `App::call`.

mod admission;
// utoipa writes the types of parameters out.
#[allow(unused_qualifications)]
mod api;
mod app;
mod asker;
mod body;
mod budget;
mod cached;
mod client;
mod config;
mod connection;
mod console;
mod crowd;
mod est;
mod fallback;
mod forwarded;
mod lane;
mod life;
mod meter;
mod metrics;
mod operations;
mod origin;
mod problem;
mod rate;
mod repeats;
mod request;
mod serve;
mod tls;

// The public interface is:
pub use config::{AdminCertificate, Config, ProxyHeader};
pub use connection::Connection;
pub use metrics::Metrics;
pub use operations::operations;
pub use serve::{ServeOptions, serve};
pub use tls::{Tls, TlsError};

use axum::{Router, middleware};
use provkey::authority::Authority;

use app::App;

/// The whole server as a router: enrollment, administration and the console.
///
/// Whoever accepts connections puts a [`Connection`] into the extensions of each request.
pub fn router(authority: Authority, config: Config) -> Router {
    let app = App::new(authority, config);
    Router::new()
        .merge(est::router())
        .merge(api::router())
        .merge(console::router())
        .merge(operations::health())
        .method_not_allowed_fallback(fallback::method_not_allowed)
        .fallback(fallback::not_found)
        .layer(middleware::from_fn_with_state(app.clone(), body::read_whole))
        .layer(middleware::from_fn_with_state(app.clone(), request::tell))
        .with_state(app)
}
