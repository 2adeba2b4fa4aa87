//! What is known of the connection that a request came over.

use std::net::SocketAddr;
use std::sync::Arc;

use axum::extract::{ConnectInfo, FromRequestParts as _, Request};
use axum::http::StatusCode;
use axum::middleware::Next;
use axum::response::{IntoResponse as _, Response};

use crate::problem::Problem;

/// What is known of the connection that a request came over: an extension of each request.
#[derive(Clone, Debug)]
pub struct Connection {
    /// The other end of it: a connector, a browser, or a proxy.
    pub peer: SocketAddr,
    /// The certificate that the other end has shown in the TLS handshake, in DER, with the proof
    /// that it has the key. Nothing else of it was checked.
    /// All requests of a connection share it.
    pub client_certificate: Option<Arc<[u8]>>,
    /// Whether the connection is TLS.
    pub encrypted: bool,
}

impl Connection {
    pub(crate) fn plain(peer: SocketAddr) -> Self {
        Self { peer, client_certificate: None, encrypted: false }
    }
}

/// Answers no request whose connection is not known. To go on without its address would share one
/// set of limits among all, and refuse keys with an address list.
pub(crate) async fn require(request: Request, next: Next) -> Response {
    let (mut parts, body) = request.into_parts();
    if parts.extensions.get::<Connection>().is_none() {
        let connected = ConnectInfo::<SocketAddr>::from_request_parts(&mut parts, &()).await;
        let Ok(ConnectInfo(peer)) = connected else { return unknown().into_response() };
        parts.extensions.insert(Connection::plain(peer));
    }
    next.run(Request::from_parts(parts, body)).await
}

fn unknown() -> Problem {
    let detail = "the application does not say where requests come from: it must be served with \
                  into_make_service_with_connect_info::<SocketAddr>(), or put a \
                  provkey_server::Connection into the extensions of each request";
    tracing::error!("{detail}");
    Problem::new("connection_unknown", StatusCode::INTERNAL_SERVER_ERROR, detail)
}
