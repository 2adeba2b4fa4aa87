//! Accepts connections, and limits what each of them may use.

use std::convert::Infallible;
use std::future::Future;
use std::io;
use std::net::SocketAddr;
use std::sync::Arc;
use std::time::Duration;

use axum::Router;
use axum::body::Body;
use axum::http::{HeaderMap, Request, Response, StatusCode};
use hyper::body::Incoming;
use hyper::service::service_fn;
use hyper_util::rt::{TokioExecutor, TokioIo, TokioTimer};
use hyper_util::server::conn::auto::Builder;
use provkey::authority::AddressRange;
use rustls_pki_types::CertificateDer;
use socket2::SockRef;
use tokio::io::{AsyncRead, AsyncWrite};
use tokio::net::{TcpListener, TcpStream};
use tokio::sync::{mpsc, watch};
use tokio::time::{sleep, timeout};
use tokio_rustls::TlsAcceptor;
use tower::ServiceExt as _;

use crate::activity::{Activity, CloseReason, ResponseBody};
use crate::connection::Connection;
use crate::connection_limits::{ConnectionLimits, ConnectionPermit};
use crate::connection_memory::{ConnectionMemory, MeteredStream};
use crate::memory_pool::MemoryPool;
use crate::origin::Origin;
use crate::tls::Tls;

/// The memory of a connection without any input, as measured, before and after it is established.
const TCP_BYTES: usize = 12 * 1024;
const HTTP1_BYTES: usize = 24 * 1024;
const HTTP2_BYTES: usize = 40 * 1024;
/// The memory of a request without its header and body: its task, its response.
const REQUEST_BYTES: usize = 8 * 1024;
/// The memory of a header field beside its name and its value.
const HEADER_FIELD_BYTES: usize = 64;
/// The kernel's send buffer of a connection. Without a limit it grows to some MiB for each client
/// that requests much and reads nothing.
const SEND_BUFFER_BYTES: usize = 64 * 1024;
/// How long a connection that timed out may take to close.
const CLOSE_TIME_MAX: Duration = Duration::from_secs(1);

/// How connections are served. Begin with `default()` and set fields.
#[derive(Clone, Debug)]
#[non_exhaustive]
pub struct ServeOptions {
    /// `None`: plain HTTP, behind a proxy that terminates TLS.
    pub tls: Option<Tls>,
    /// Proxies with many clients behind them: no limit per client applies to their connections.
    pub trusted_proxies: Vec<AddressRange>,
    /// How many connections may be open. At the limit, a new connection evicts one of the client
    /// that has most of them.
    pub connections_max: usize,
    /// How many of them one client may have, which is an IPv4 address or an IPv6 /64. Further ones
    /// are closed at once.
    pub connections_per_address_max: usize,
    /// How many bytes connections and their unparsed input may use together, without bodies
    /// ([`Config::bodies_bytes_max`](crate::Config::bodies_bytes_max)). The last third is for
    /// clients that use little. At the limit, connections are closed and requests answered with
    /// 503.
    pub buffers_bytes_max: usize,
    /// How many of them one client may use.
    pub buffers_bytes_per_address_max: usize,
    /// How long a TLS handshake may take.
    pub handshake_time_max: Duration,
    /// How long a connection may have no request in flight: until its first header is complete, and
    /// between requests. Neither bytes nor PINGs extend it.
    pub idle_time_max: Duration,
    /// How long a client may take to read a response, and a second more for each 16 KiB of it. A
    /// response of unknown length, such as an application's stream of events, has this time in all;
    /// then its connection is closed.
    pub answer_time_max: Duration,
    /// How long requests in flight may take once `shutdown` is ready.
    pub shutdown_time_max: Duration,
}

impl Default for ServeOptions {
    fn default() -> Self {
        Self {
            tls: None,
            trusted_proxies: Vec::new(),
            connections_max: 8192,
            connections_per_address_max: 2048,
            buffers_bytes_max: 144 * 1024 * 1024,
            buffers_bytes_per_address_max: 36 * 1024 * 1024,
            handshake_time_max: Duration::from_secs(10),
            idle_time_max: Duration::from_secs(20),
            answer_time_max: Duration::from_secs(20),
            shutdown_time_max: Duration::from_secs(30),
        }
    }
}

/// Serves `router` on `listener` until `shutdown` is ready. Then it accepts no more connections and
/// finishes the requests in flight.
pub async fn serve(
    listener: TcpListener,
    router: Router,
    options: ServeOptions,
    shutdown: impl Future<Output = ()>,
) {
    let shutdown_time_max = options.shutdown_time_max;
    let fresh = options.tls.clone().map(|tls| tokio::spawn(tls.keep_fresh()));
    let server = Arc::new(Server::new(router, options));
    let (end, ending) = watch::channel(());
    // Each connection has a sender. Receiving ends when the last one is dropped.
    let (connected, mut all_gone) = mpsc::channel::<Infallible>(1);
    let mut shutdown = std::pin::pin!(shutdown);
    loop {
        let (stream, peer) = tokio::select! {
            accepted = accept(&listener) => accepted,
            () = &mut shutdown => break,
        };
        if let Some(connecting) = server.admit(peer) {
            let served = Arc::clone(&server).connection(stream, connecting, ending.clone());
            let connected = connected.clone();
            tokio::spawn(async move {
                served.await;
                drop(connected);
            });
        }
    }
    drop((listener, connected, end));
    if timeout(shutdown_time_max, all_gone.recv()).await.is_err() {
        tracing::warn!("connections were cut: their requests took too long");
    }
    fresh.inspect(tokio::task::JoinHandle::abort);
}

async fn accept(listener: &TcpListener) -> (TcpStream, SocketAddr) {
    loop {
        match listener.accept().await {
            Ok(accepted) => return accepted,
            Err(error) => {
                // There may be too many open files: some may be closed soon.
                tracing::warn!(%error, "a connection could not be accepted");
                sleep(Duration::from_millis(100)).await;
            }
        }
    }
}

struct Server {
    router: Router,
    tls: Option<TlsAcceptor>,
    http: Builder<TokioExecutor>,
    http1: Builder<TokioExecutor>,
    http2: Builder<TokioExecutor>,
    limits: ConnectionLimits,
    memory: MemoryPool,
    options: ServeOptions,
}

/// An admitted connection.
struct Connecting {
    peer: SocketAddr,
    origin: Origin,
    activity: Arc<Activity>,
    memory: Arc<ConnectionMemory>,
    _permit: ConnectionPermit,
}

type Served = Result<(), Box<dyn std::error::Error + Send + Sync>>;

impl Server {
    fn new(router: Router, options: ServeOptions) -> Self {
        let mut http = Builder::new(TokioExecutor::new());
        // `Activity` has the deadlines: those of hyper do not know what a connection is doing.
        http.http1()
            .timer(TokioTimer::new())
            .header_read_timeout(None)
            .max_headers(64)
            .max_buf_size(16 * 1024);
        // Small windows: a body that is not read yet waits at the client.
        http.http2()
            .timer(TokioTimer::new())
            .max_concurrent_streams(16)
            .initial_stream_window_size(16 * 1024)
            .initial_connection_window_size(64 * 1024 - 1)
            .max_frame_size(16 * 1024)
            .max_header_list_size(16 * 1024)
            .max_send_buf_size(64 * 1024)
            .max_pending_accept_reset_streams(16)
            .max_local_error_reset_streams(32);
        Self {
            router,
            tls: options.tls.as_ref().map(|tls| TlsAcceptor::from(tls.config())),
            http1: http.clone().http1_only(),
            http2: http.clone().http2_only(),
            http,
            limits: ConnectionLimits::new(
                options.connections_max,
                options.connections_per_address_max,
            ),
            memory: MemoryPool::new(
                options.buffers_bytes_max,
                options.buffers_bytes_per_address_max,
            ),
            options,
        }
    }

    fn admit(&self, peer: SocketAddr) -> Option<Connecting> {
        let origin = Origin::of_peer(peer.ip(), &self.options.trusted_proxies);
        let activity = Activity::new(self.options.idle_time_max, self.options.answer_time_max);
        let memory = ConnectionMemory::new(self.memory.reserve(origin), TCP_BYTES);
        let permit = self.limits.admit(origin, &activity);
        let (Some(memory), Some(permit)) = (memory, permit) else {
            tracing::debug!(%peer, "a connection was refused: its client is at a limit");
            return None;
        };
        Some(Connecting { peer, origin, activity, memory, _permit: permit })
    }

    async fn connection(
        self: Arc<Self>,
        stream: TcpStream,
        connecting: Connecting,
        ending: watch::Receiver<()>,
    ) {
        let peer = connecting.peer;
        // Boxed, so that a connection that never gets this far stays small.
        let served = match (prepare(&stream), &self.tls) {
            (Err(error), _) => Err(error.into()),
            (Ok(()), None) => {
                let stream = MeteredStream { stream, memory: Arc::clone(&connecting.memory) };
                let connection = Connection::plain(peer);
                Box::pin(self.http(&self.http, stream, connection, 0, &connecting, ending)).await
            }
            (Ok(()), Some(acceptor)) => self.https(acceptor, stream, &connecting, ending).await,
        };
        if let Err(error) = served {
            tracing::debug!(%peer, error, "a connection ended early");
        }
    }

    async fn https(
        &self,
        acceptor: &TlsAcceptor,
        stream: TcpStream,
        connecting: &Connecting,
        ending: watch::Receiver<()>,
    ) -> Served {
        let stream = MeteredStream { stream, memory: Arc::clone(&connecting.memory) };
        let handshake = timeout(self.options.handshake_time_max, acceptor.accept(stream));
        let stream = tokio::select! {
            accepted = handshake => accepted.map_err(|_| timed_out())??,
            reason = connecting.activity.closed() => return Err(reason.into()),
        };
        let (_, tls) = stream.get_ref();
        let chain = tls.peer_certificates().unwrap_or_default();
        let connection = Connection {
            peer: connecting.peer,
            client_certificate: chain.first().map(|der| (**der).into()),
            encrypted: true,
        };
        let certificates = certificate_bytes(chain);
        let http = if tls.alpn_protocol() == Some(b"h2") { &self.http2 } else { &self.http1 };
        Box::pin(self.http(http, stream, connection, certificates, connecting, ending)).await
    }

    async fn http(
        &self,
        http: &Builder<TokioExecutor>,
        stream: impl AsyncRead + AsyncWrite + Unpin + Send + 'static,
        connection: Connection,
        certificate_bytes: usize,
        connecting: &Connecting,
        mut ending: watch::Receiver<()>,
    ) -> Served {
        let Connecting { origin, activity, memory, .. } = connecting;
        let bytes = if http.is_http2_available() { HTTP2_BYTES } else { HTTP1_BYTES };
        if !memory.established(bytes + certificate_bytes) {
            return Err(io::Error::from(io::ErrorKind::OutOfMemory).into());
        }
        let service = service_fn(move |request| {
            memory.request_parsed();
            self.respond(request, &connection, *origin, activity)
        });
        let mut served = std::pin::pin!(http.serve_connection(TokioIo::new(stream), service));
        let reason = tokio::select! {
            served = &mut served => return served,
            reason = activity.closed() => Some(reason),
            _ = ending.changed() => None,
        };
        served.as_mut().graceful_shutdown();
        match reason {
            // The server ends: requests in flight are finished.
            None => tokio::select! {
                served = served => served,
                reason = activity.closed() => Err(reason.into()),
            },
            Some(CloseReason::TimedOut) => match timeout(CLOSE_TIME_MAX, served).await {
                Ok(served) => served,
                Err(_) => Err(timed_out().into()),
            },
            Some(reason) => Err(reason.into()),
        }
    }

    /// Responds to a request, with 503 if its client is at its memory limit.
    fn respond(
        &self,
        request: Request<Incoming>,
        connection: &Connection,
        origin: Origin,
        activity: &Arc<Activity>,
    ) -> impl Future<Output = Result<Response<ResponseBody>, Infallible>> + Send + use<> {
        let mut memory = self.memory.reserve(origin);
        let reserved = memory.try_resize(REQUEST_BYTES + header_bytes(request.headers()));
        let in_flight = activity.begin_request(memory);
        let mut request = request.map(Body::new);
        request.extensions_mut().insert(connection.clone());
        let router = self.router.clone();
        async move {
            let response = match reserved {
                true => router.oneshot(request).await?,
                false => at_limit(),
            };
            Ok(response.map(|body| in_flight.respond(body)))
        }
    }
}

fn prepare(stream: &TcpStream) -> io::Result<()> {
    // A response is one small write, which need not wait for more.
    stream.set_nodelay(true)?;
    SockRef::from(stream).set_send_buffer_size(SEND_BUFFER_BYTES)
}

/// The memory of a client's certificates: TLS keeps the chain, and `Connection` a copy of the leaf.
fn certificate_bytes(chain: &[CertificateDer<'_>]) -> usize {
    2 * chain.iter().map(|der| der.len()).sum::<usize>()
}

fn header_bytes(headers: &HeaderMap) -> usize {
    let field = |(name, value): (&axum::http::HeaderName, &axum::http::HeaderValue)| {
        name.as_str().len() + value.len() + HEADER_FIELD_BYTES
    };
    headers.iter().map(field).sum()
}

/// It has no body, which would be buffered until the client reads it.
fn at_limit() -> Response<Body> {
    let mut response = Response::new(Body::empty());
    *response.status_mut() = StatusCode::SERVICE_UNAVAILABLE;
    response.headers_mut().insert(axum::http::header::RETRY_AFTER, 5.into());
    response
}

fn timed_out() -> io::Error {
    io::ErrorKind::TimedOut.into()
}
