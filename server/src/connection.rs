//! The connection that a request came over.

use std::net::SocketAddr;
use std::sync::Arc;

use axum::extract::{ConnectInfo, FromRequestParts as _, Request};
use axum::http::StatusCode;
use axum::middleware::Next;
use axum::response::{IntoResponse as _, Response};

use crate::problem::Problem;

/// The connection that a request came over: an extension of each request.
#[derive(Clone, Debug)]
pub struct Connection {
    /// The peer: a connector, a browser, or a proxy.
    pub peer: SocketAddr,
    /// The peer's certificate in DER. The TLS handshake proved possession of its private key and
    /// checked nothing else. All requests of a connection share it.
    pub client_certificate: Option<Arc<[u8]>>,
    /// Whether the connection uses TLS.
    pub encrypted: bool,
}

impl Connection {
    pub(crate) fn plain(peer: SocketAddr) -> Self {
        Self { peer, client_certificate: None, encrypted: false }
    }
}

/// Refuses a request whose connection is unknown. Without an address all clients would share one
/// set of limits, and keys with an address list would be refused.
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
    let detail = "the application does not report the address of the client: it must be served with \
                  into_make_service_with_connect_info::<SocketAddr>(), or put a \
                  provkey_server::Connection into the extensions of each request";
    tracing::error!("{detail}");
    Problem::new("connection_unknown", StatusCode::INTERNAL_SERVER_ERROR, detail)
}
