//! One request to the server, and its answer: DNS, TCP, TLS and HTTP, each with its own error
//! codes.

use std::future::Future;
use std::io;
use std::net::SocketAddr;
use std::path::Path;
use std::sync::Arc;
use std::time::{Duration, SystemTime};

use base64ct::{Base64, Encoding as _};
use http_body_util::{BodyExt as _, Full, Limited};
use hyper::body::{Bytes, Incoming};
use hyper::client::conn::http1;
use hyper::header::{ACCEPT, CONTENT_TYPE, DATE, HOST, RETRY_AFTER};
use hyper::{HeaderMap, Request, Response};
use hyper_util::rt::TokioIo;
use provkey::connector::{self, KeyReference};
use provkey::time::{Clock as _, Rounded, SystemClock};
use rustls::client::WebPkiServerVerifier;
use rustls::crypto::ring::default_provider;
use rustls::pki_types::pem::PemObject as _;
use rustls::pki_types::{CertificateDer, ServerName};
use rustls::{ClientConfig, RootCertStore};
use tokio::net::{TcpStream, lookup_host};
use tokio::time::timeout;
use tokio_rustls::TlsConnector;
use tokio_rustls::client::TlsStream;

use super::attempt_error::AttemptError;
use super::pinned_server::PinnedServerVerifier;
use crate::failure::{notice, warn};
use crate::files;
use crate::time::Time;

const CHAIN: &str = "application/pem-certificate-chain";
/// More than any valid answer has.
const ANSWER_BYTES_MAX: usize = 1024 * 1024;
/// How long each step may take.
const STEP_TIME_MAX: Duration = Duration::from_secs(20);
/// The header with the id of the request in the log of the server.
const X_REQUEST_ID: &str = "x-request-id";
const REQUEST_ID_BYTES_MAX: usize = 128;
/// The difference between the clocks above which a warning is written.
const CLOCKS_APART_MAX: Duration = Duration::from_secs(300);

/// What the connector asks for.
#[derive(Clone, Copy)]
pub(super) enum Operation {
    Enroll,
    Renew,
}

impl Operation {
    /// What has been done to the certificate, for a notice.
    pub(super) fn done(self) -> &'static str {
        match self {
            Self::Enroll => "enrolled",
            Self::Renew => "renewed",
        }
    }

    fn path(self) -> &'static str {
        match self {
            Self::Enroll => "/.well-known/est/simpleenroll",
            Self::Renew => "/.well-known/est/simplereenroll",
        }
    }
}

/// The server at the host of a key.
pub(super) struct Server {
    key: KeyReference,
    connect: Option<SocketAddr>,
    tls: Arc<ClientConfig>,
    verifier: Arc<PinnedServerVerifier>,
}

impl Server {
    pub(super) fn new(
        key: &KeyReference,
        connect: Option<SocketAddr>,
        ca_file: Option<&Path>,
    ) -> Result<Self, AttemptError> {
        let provider = Arc::new(default_provider());
        let other = ca_file.map(ca_verifier).transpose()?;
        let verifier = Arc::new(PinnedServerVerifier::new(key, other, &provider));
        let config = ClientConfig::builder_with_provider(provider)
            .with_safe_default_protocol_versions()
            .map_err(|error| AttemptError::new("tls_failed", error))?
            .dangerous()
            .with_custom_certificate_verifier(Arc::clone(&verifier) as _)
            .with_no_client_auth();
        Ok(Self { key: key.clone(), connect, tls: Arc::new(config), verifier })
    }

    /// Sends a request, and returns the chain in PEM from the answer.
    pub(super) fn ask(
        &self,
        operation: Operation,
        request: &connector::Request,
    ) -> Result<Vec<u8>, AttemptError> {
        let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build();
        let runtime = runtime.map_err(|error| AttemptError::transient("connect_failed", error))?;
        runtime.block_on(async {
            let stream = self.tls(self.connect().await?).await?;
            let response = within("the answer", self.send(stream, operation, request)).await??;
            let status = response.status().as_u16();
            let headers = response.headers().clone();
            notice_request_id(status, &headers);
            compare_clocks(&headers);
            let body = Limited::new(response.into_body(), ANSWER_BYTES_MAX).collect();
            let body = within("the answer", body).await?;
            let body = body.map_err(|error| broken(&error))?.to_bytes();
            match status {
                200 => Ok(body.to_vec()),
                status => Err(AttemptError::answered(status, retry_after(&headers), &body)),
            }
        })
    }

    async fn connect(&self) -> Result<TcpStream, AttemptError> {
        let host = self.key.host();
        let addresses = match self.connect {
            Some(address) => vec![address],
            None => {
                let name = host.name().trim_matches(['[', ']']);
                let found = within("the name server", lookup_host((name, host.port()))).await?;
                let found = found.map_err(|error| {
                    let sentence = format!("the name {name} has no address: {error}");
                    AttemptError::transient("dns_failed", sentence)
                });
                found?.collect()
            }
        };
        let mut failure = None;
        for address in addresses {
            notice(format_args!("Enroll: connecting to {host} ({address})"));
            match timeout(STEP_TIME_MAX, TcpStream::connect(address)).await {
                Ok(Ok(stream)) => return Ok(stream),
                Ok(Err(error)) => failure = Some((address, error)),
                Err(_) => failure = Some((address, io::ErrorKind::TimedOut.into())),
            }
        }
        let sentence = match failure {
            Some((address, error)) => format!("no connection to {host} at {address}: {error}"),
            None => format!("the name {host} has no address"),
        };
        Err(AttemptError::transient("connect_failed", sentence))
    }

    async fn tls(&self, stream: TcpStream) -> Result<TlsStream<TcpStream>, AttemptError> {
        let name = self.key.host().name().trim_matches(['[', ']']).to_owned();
        let name =
            ServerName::try_from(name).map_err(|error| AttemptError::new("tls_failed", error))?;
        let connector = TlsConnector::from(Arc::clone(&self.tls));
        let error = match within("the TLS handshake", connector.connect(name, stream)).await? {
            Ok(stream) => return Ok(stream),
            Err(error) => error,
        };
        if let Some(refused) = self.verifier.take_refusal() {
            return Err(AttemptError::new(refused.code(), refused));
        }
        let sentence = format!("TLS failed: {error}");
        // An error of rustls is about what the server sent; any other is about the connection.
        let by_rustls = error.get_ref().is_some_and(|error| error.is::<rustls::Error>());
        Err(match by_rustls {
            true => AttemptError::new("tls_failed", sentence),
            false => AttemptError::transient("tls_failed", sentence),
        })
    }

    async fn send(
        &self,
        stream: TlsStream<TcpStream>,
        operation: Operation,
        request: &connector::Request,
    ) -> Result<Response<Incoming>, AttemptError> {
        let (mut sender, connection) =
            http1::handshake(TokioIo::new(stream)).await.map_err(|error| broken(&error))?;
        tokio::spawn(connection);
        let request = Request::post(operation.path())
            .header(HOST, self.key.host().as_str())
            .header(CONTENT_TYPE, "application/pkcs10")
            .header(ACCEPT, CHAIN)
            .body(Full::new(Bytes::from(Base64::encode_string(request.der()))))
            .map_err(|error| AttemptError::new("server_answer_invalid", error))?;
        sender.send_request(request).await.map_err(|error| broken(&error))
    }
}

async fn within<T>(what: &str, step: impl Future<Output = T>) -> Result<T, AttemptError> {
    timeout(STEP_TIME_MAX, step).await.map_err(|_| {
        let seconds = STEP_TIME_MAX.as_secs();
        AttemptError::transient(
            "connect_failed",
            format!("{what} took longer than {seconds} seconds"),
        )
    })
}

/// The outcome is unknown: the request may have arrived. Another attempt finds out.
fn broken(error: &dyn std::fmt::Display) -> AttemptError {
    AttemptError::transient("connect_failed", format!("the connection broke: {error}"))
}

/// Accepts servers with a certificate of one of these CAs.
fn ca_verifier(file: &Path) -> Result<Arc<WebPkiServerVerifier>, AttemptError> {
    let unusable = |error: &dyn std::fmt::Display| {
        AttemptError::new("file_unreadable", format!("{} cannot be used: {error}", file.display()))
    };
    let pem = files::read(file)?;
    let mut roots = RootCertStore::empty();
    for certificate in CertificateDer::pem_slice_iter(&pem) {
        let certificate = certificate.map_err(|error| unusable(&error))?;
        roots.add(certificate).map_err(|error| unusable(&error))?;
    }
    let provider = Arc::new(default_provider());
    let verifier = WebPkiServerVerifier::builder_with_provider(Arc::new(roots), provider);
    verifier.build().map_err(|error| unusable(&error))
}

/// Writes the id by which an operator finds the request in the log of the server.
fn notice_request_id(status: u16, headers: &HeaderMap) {
    let id = headers.get(X_REQUEST_ID).and_then(|id| id.to_str().ok());
    // A server may send anything.
    let id = id.filter(|id| id.len() <= REQUEST_ID_BYTES_MAX).unwrap_or("none");
    let now = Time(SystemClock.now());
    notice(format_args!("Enroll: http status({status}) time({now}) request id({id})"));
}

/// `Retry-After` (RFC 9110, 10.2.3), in seconds.
fn retry_after(headers: &HeaderMap) -> Option<Duration> {
    let seconds = headers.get(RETRY_AFTER)?.to_str().ok()?.parse().ok()?;
    Some(Duration::from_secs(seconds))
}

/// Warns if the clock differs much from the server's `Date`, which often explains what fails next.
/// Nothing is decided by it.
fn compare_clocks(headers: &HeaderMap) {
    let stated = headers.get(DATE).and_then(|date| date.to_str().ok());
    let stated = stated.and_then(|date| jiff::fmt::rfc2822::parse(date).ok());
    let Some(stated) = stated.map(|date| SystemTime::from(date.timestamp())) else { return };
    let now = SystemTime::now();
    let (apart, way) = match now.duration_since(stated) {
        Ok(ahead) => (ahead, "ahead of"),
        Err(error) => (error.duration(), "behind"),
    };
    if apart > CLOCKS_APART_MAX {
        let apart = Rounded(apart);
        warn(format_args!("the clock of this machine is {apart} {way} the server's"));
    }
}
