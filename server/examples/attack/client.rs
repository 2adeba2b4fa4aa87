//! Connections to the server from any loopback address.

use std::io;
use std::net::SocketAddr;
use std::sync::Arc;
use std::time::Duration;

use provkey::x509::Certificate;
use rustls::crypto::ring;
use rustls::{ClientConfig, RootCertStore};
use rustls_pki_types::{CertificateDer, ServerName};
use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::net::{TcpSocket, TcpStream};
use tokio::time::timeout;
use tokio_rustls::TlsConnector;
use tokio_rustls::client::TlsStream;

const TIME_MAX: Duration = Duration::from_secs(20);

/// Connects from 127.0.`address`.
pub(crate) async fn tcp(to: SocketAddr, address: [u8; 2]) -> io::Result<TcpStream> {
    let socket = TcpSocket::new_v4()?;
    socket.set_recv_buffer_size(8 * 1024)?;
    socket.bind(SocketAddr::from(([127, 0, address[0], address[1]], 0)))?;
    timeout(TIME_MAX, socket.connect(to)).await?
}

pub(crate) async fn tls(
    to: SocketAddr,
    address: [u8; 2],
    config: &Arc<ClientConfig>,
) -> io::Result<TlsStream<TcpStream>> {
    let stream = tcp(to, address).await?;
    let name = ServerName::try_from("localhost").expect("a valid name");
    timeout(TIME_MAX, TlsConnector::from(Arc::clone(config)).connect(name, stream)).await?
}

/// Sends a request of HTTP/1 over a new connection, and returns the response.
pub(crate) async fn ask(
    to: SocketAddr,
    address: [u8; 2],
    config: &Arc<ClientConfig>,
    request: &[u8],
) -> io::Result<String> {
    let response = async {
        let mut stream = tls(to, address, config).await?;
        stream.write_all(request).await?;
        let mut response = Vec::new();
        stream.read_to_end(&mut response).await?;
        Ok(String::from_utf8_lossy(&response).into_owned())
    };
    timeout(TIME_MAX, response).await?
}

/// A client for this protocol, which trusts the authority's root.
pub(crate) fn config(protocol: &str, root: &Certificate) -> Arc<ClientConfig> {
    let mut roots = RootCertStore::empty();
    roots.add(CertificateDer::from(root.der())).expect("a certificate");
    let mut config = ClientConfig::builder_with_provider(Arc::new(ring::default_provider()))
        .with_safe_default_protocol_versions()
        .expect("ring supports both versions")
        .with_root_certificates(roots)
        .with_no_client_auth();
    config.alpn_protocols = vec![protocol.as_bytes().to_vec()];
    Arc::new(config)
}
