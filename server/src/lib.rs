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
//! The authority blocks, so each call of it runs on tokio's blocking pool: [`App::call`].

// utoipa writes the types of parameters out.
#[allow(unused_qualifications)]
mod api;
mod app;
mod client;
mod config;
mod connection;
mod est;
mod fallback;
mod problem;

// The public interface is:
pub use config::{AdminCertificate, Config, ProxyHeader};
pub use connection::Connection;

use axum::Router;
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
        .method_not_allowed_fallback(fallback::method_not_allowed)
        .fallback(fallback::not_found)
        .with_state(app)
}
