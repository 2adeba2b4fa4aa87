//! provkey over the network.
//!
//! [`router`] is the whole server as an axum [`Router`]; the command `provkey serve` runs it. An
//! application mounts the parts of a [`Mount`] beside its own routes. The crate uses the public
//! interface of `provkey` only and decides nothing itself: it reads requests, calls the authority,
//! and writes responses.
//!
//! ```text
//! connectors ─ /.well-known/est ─┐
//! operators ── /api/v1 ──────────┼─ Authority ─ Store
//! browsers ─── /console ─────────┘
//! ```
//!
//! ```no_run
//! use provkey::authority::Authority;
//! use provkey::key::Host;
//! use provkey_server::{Config, ServeOptions, Tls, router, serve};
//! use tokio::net::TcpListener;
//!
//! async fn run(authority: Authority, host: Host) -> Result<(), Box<dyn std::error::Error>> {
//!     let mut options = ServeOptions::default();
//!     options.tls = Some(Tls::issued_by(authority.clone(), host)?);
//!     let router = router(authority, Config::default());
//!     let shutdown = std::future::pending();
//!     serve(TcpListener::bind("0.0.0.0:443").await?, router, options, shutdown).await;
//!     Ok(())
//! }
//! ```
//!
//! The authority blocks, so every call of it runs on tokio's blocking pool (`app.rs`).

mod activity;
mod administrators;
// utoipa writes the types of parameters out.
#[allow(unused_qualifications)]
mod api;
mod app;
mod body;
mod client;
mod config;
mod connection;
mod connection_limits;
mod connection_memory;
mod console;
mod est;
mod fair_semaphore;
mod fallback;
mod forwarded;
mod keyring;
mod memory_pool;
mod metrics;
mod operations;
mod origin;
mod permits;
mod problem;
mod rate_limiter;
mod rate_limits;
mod request_log;
mod requester;
mod secret;
mod serve;
mod single_flight;
mod tls;

// The public interface is:
pub use administrators::{
    AdminCertificate, AdminCertificateError, AdminCertificates, Administrator, Administrators,
};
pub use config::{Config, ProxyHeader};
pub use connection::Connection;
pub use keyring::KeyringSource;
pub use metrics::Metrics;
pub use operations::operations;
pub use problem::Problem;
pub use serve::{ServeOptions, serve};
pub use tls::{Tls, TlsError};

use std::fmt;

use axum::response::Redirect;
use axum::routing::get;
use axum::{Router, middleware};
use provkey::authority::Authority;

use app::App;

/// The whole server as a router: enrollment, administration, the console, `/healthz` and `/readyz`.
/// It answers every other path with a problem document, so it suits an application that serves
/// nothing else; others mount the parts of a [`Mount`].
pub fn router(authority: Authority, config: Config) -> Router {
    Mount::new(authority, config).whole()
}

/// The server in parts, which an application merges with its own routes or nests under a path. The
/// parts share their limits and have no fallback: the application answers all other paths.
///
/// The parts need the address of the client. An application that calls `axum::serve` provides it by
/// `into_make_service_with_connect_info::<SocketAddr>()`; others put a [`Connection`] into the
/// extensions of each request. Without either, every request is answered by the problem
/// `connection_unknown`.
///
/// ```
/// use axum::{Router, routing::get};
/// use provkey_server::{Config, Mount};
///
/// fn application(authority: provkey::authority::Authority) -> Router {
///     let provkey = Mount::new(authority, Config::default());
///     Router::new()
///         .route("/", get(|| async { "the application" }))
///         // RFC 7030, 3.2.2: devices look for this at the root.
///         .merge(provkey.est())
///         .nest("/fleet", provkey.api().merge(provkey.console()))
/// }
/// ```
#[derive(Clone)]
pub struct Mount {
    app: App,
}

impl Mount {
    /// The parts of a server for `authority`.
    pub fn new(authority: Authority, config: Config) -> Self {
        Self { app: App::new(authority, config) }
    }

    /// Enrollment for connectors: `/.well-known/est/…`.
    pub fn est(&self) -> Router {
        self.finish(est::router())
    }

    /// Administration as JSON: `/api/v1/…`.
    pub fn api(&self) -> Router {
        self.finish(api::router())
    }

    /// The web console: `/console/…`. It calls the API, which has to be mounted under the same
    /// path.
    pub fn console(&self) -> Router {
        self.finish(console::router())
    }

    /// `/healthz` and `/readyz`, without credentials.
    pub fn health(&self) -> Router {
        operations::health().with_state(self.app.clone())
    }

    fn whole(&self) -> Router {
        let parts = est::router()
            .merge(api::router())
            .merge(console::router())
            .merge(operations::health())
            .route("/", get(|| async { Redirect::temporary("console/") }))
            .fallback(fallback::not_found);
        self.finish(parts)
    }

    fn finish(&self, routes: Router<App>) -> Router {
        routes
            .method_not_allowed_fallback(fallback::method_not_allowed)
            .layer(middleware::from_fn_with_state(self.app.clone(), body::read_whole))
            .layer(middleware::from_fn_with_state(self.app.clone(), request_log::log))
            .layer(middleware::from_fn(connection::require))
            .with_state(self.app.clone())
    }
}

impl fmt::Debug for Mount {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Mount").finish_non_exhaustive()
    }
}
