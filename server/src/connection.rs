//! What is known of the connection that a request came over.

use std::net::SocketAddr;

/// What is known of the connection that a request came over: an extension of each request.
#[derive(Clone, Debug)]
pub struct Connection {
    /// The other end of it: a connector, a browser, or a proxy.
    pub peer: SocketAddr,
    /// The certificate that the other end has shown in the TLS handshake, in DER, with the proof
    /// that it has the key. Nothing else of it was checked.
    pub client_certificate: Option<Vec<u8>>,
    /// Whether the connection is TLS.
    pub encrypted: bool,
}

impl Connection {
    pub(crate) fn plain(peer: SocketAddr) -> Self {
        Self { peer, client_certificate: None, encrypted: false }
    }
}
