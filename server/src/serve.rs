//! Accepting connections, and what each of them may take.

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

use crate::budget::Budget;
use crate::connection::Connection;
use crate::crowd::{Crowd, Place};
use crate::life::{Answer, Life, Over};
use crate::meter::{Meter, Metered};
use crate::origin::Origin;
use crate::tls::Tls;

/// What a connection uses of the memory by itself, as measured, before and after it is established.
const TCP_BYTES: usize = 12 * 1024;
const HTTP1_BYTES: usize = 24 * 1024;
const HTTP2_BYTES: usize = 40 * 1024;
/// What a request uses by itself: its task, its answer.
const REQUEST_BYTES: usize = 8 * 1024;
/// What a header field uses beside its name and its value.
const HEADER_FIELD_BYTES: usize = 64;
/// What the system buffers for a connection of what is sent, at most: as much as it likes otherwise,
/// some MiB for each client that asks much and reads nothing.
const SEND_BUFFER_BYTES: usize = 64 * 1024;
/// How long a connection that is over has to say goodbye.
const FAREWELL_TIME_MAX: Duration = Duration::from_secs(1);

/// How connections are served. What is left as it is suits most.
#[derive(Clone)]
#[non_exhaustive]
pub struct ServeOptions {
    /// `None`: plain HTTP, for a proxy in front that does TLS.
    pub tls: Option<Tls>,
    /// Proxies that many clients are behind: they have no share, but as much as there is.
    pub trusted_proxies: Vec<AddressRange>,
    /// How many connections there may be. Beyond that, a newcomer takes the place of one from the
    /// address that has most of them.
    pub connections_max: usize,
    /// How many of them one address may have; an IPv6 address counts with all of its /64. Others
    /// are closed at once.
    pub connections_per_address_max: usize,
    /// How many bytes connections and what they have sent may use together, bodies excluded
    /// ([`Config::bodies_bytes_max`](crate::Config::bodies_bytes_max)). The last third is kept for
    /// addresses that use little. Connections for which there are none are closed, requests are
    /// answered with 503.
    pub buffers_bytes_max: usize,
    /// How many of them one address may use.
    pub buffers_bytes_per_address_max: usize,
    /// How long a TLS handshake may take.
    pub handshake_time_max: Duration,
    /// How long a connection may have no request in work: time to find out the protocol, for a header
    /// to arrive, between requests. Neither single bytes nor PINGs make it longer.
    pub idle_time_max: Duration,
    /// How long an answer may take to be read, and a second more for each 16 KiB of it. One whose
    /// length is not known when it begins, such as a stream of events of an application, has this
    /// time in all: then its connection is closed.
    pub answer_time_max: Duration,
    /// How long requests may still take once the server is to end.
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

/// Serves `router` on `listener` until `shutdown` is ready; then what is being answered is
/// finished, and nothing new accepted.
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
    // Each connection has a sender: once all are gone, there is nothing left to receive.
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
        tracing::warn!("connections were cut: they took too long to end");
    }
    fresh.inspect(tokio::task::JoinHandle::abort);
}

async fn accept(listener: &TcpListener) -> (TcpStream, SocketAddr) {
    loop {
        match listener.accept().await {
            Ok(accepted) => return accepted,
            Err(error) => {
                // Too many open files, perhaps: some may be closed soon.
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
    crowd: Crowd,
    budget: Budget,
    options: ServeOptions,
}

/// A connection that was let in.
struct Connecting {
    peer: SocketAddr,
    origin: Origin,
    life: Arc<Life>,
    meter: Arc<Meter>,
    _place: Place,
}

type Served = Result<(), Box<dyn std::error::Error + Send + Sync>>;

impl Server {
    fn new(router: Router, options: ServeOptions) -> Self {
        let mut http = Builder::new(TokioExecutor::new());
        // Their own deadlines do not know what a connection does; `Life` does.
        http.http1()
            .timer(TokioTimer::new())
            .header_read_timeout(None)
            .max_headers(64)
            .max_buf_size(16 * 1024);
        // Small windows: a body that nobody reads yet waits at the client.
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
            crowd: Crowd::new(options.connections_max, options.connections_per_address_max),
            budget: Budget::new(options.buffers_bytes_max, options.buffers_bytes_per_address_max),
            options,
        }
    }

    fn admit(&self, peer: SocketAddr) -> Option<Connecting> {
        let origin = Origin::of_peer(peer.ip(), &self.options.trusted_proxies);
        let life = Life::new(self.options.idle_time_max, self.options.answer_time_max);
        let meter = Meter::new(self.budget.charge(origin), TCP_BYTES);
        let place = self.crowd.enter(origin, &life);
        let (Some(meter), Some(place)) = (meter, place) else {
            tracing::debug!(%peer, "there is no room for a connection from this address");
            return None;
        };
        Some(Connecting { peer, origin, life, meter, _place: place })
    }

    async fn connection(
        self: Arc<Self>,
        stream: TcpStream,
        connecting: Connecting,
        ending: watch::Receiver<()>,
    ) {
        let peer = connecting.peer;
        // Boxed: connections that never get so far shall be small.
        let served = match (prepare(&stream), &self.tls) {
            (Err(error), _) => Err(error.into()),
            (Ok(()), None) => {
                let stream = Metered { stream, meter: Arc::clone(&connecting.meter) };
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
        let stream = Metered { stream, meter: Arc::clone(&connecting.meter) };
        let handshake = timeout(self.options.handshake_time_max, acceptor.accept(stream));
        let stream = tokio::select! {
            accepted = handshake => accepted.map_err(|_| timed_out())??,
            over = connecting.life.over() => return Err(ended(over).into()),
        };
        let (_, tls) = stream.get_ref();
        let chain = tls.peer_certificates().unwrap_or_default();
        let connection = Connection {
            peer: connecting.peer,
            client_certificate: chain.first().map(|der| (**der).into()),
            encrypted: true,
        };
        let kept = certificate_bytes(chain);
        let http = if tls.alpn_protocol() == Some(b"h2") { &self.http2 } else { &self.http1 };
        Box::pin(self.http(http, stream, connection, kept, connecting, ending)).await
    }

    async fn http(
        &self,
        http: &Builder<TokioExecutor>,
        stream: impl AsyncRead + AsyncWrite + Unpin + Send + 'static,
        connection: Connection,
        kept: usize,
        connecting: &Connecting,
        mut ending: watch::Receiver<()>,
    ) -> Served {
        let Connecting { origin, life, meter, .. } = connecting;
        let bytes = if http.is_http2_available() { HTTP2_BYTES } else { HTTP1_BYTES };
        if !meter.established(bytes + kept) {
            return Err(io::Error::from(io::ErrorKind::OutOfMemory).into());
        }
        let service = service_fn(move |request| {
            meter.request();
            self.answer(request, &connection, *origin, life)
        });
        let mut served = std::pin::pin!(http.serve_connection(TokioIo::new(stream), service));
        let over = tokio::select! {
            served = &mut served => return served,
            over = life.over() => Some(over),
            _ = ending.changed() => None,
        };
        served.as_mut().graceful_shutdown();
        match over {
            // What is being answered is finished.
            None => tokio::select! {
                served = served => served,
                over = life.over() => Err(ended(over).into()),
            },
            Some(Over::TimedOut) => match timeout(FAREWELL_TIME_MAX, served).await {
                Ok(served) => served,
                Err(_) => Err(timed_out().into()),
            },
            Some(over) => Err(ended(over).into()),
        }
    }

    /// Answers a request, if what it uses may be used.
    fn answer(
        &self,
        request: Request<Incoming>,
        connection: &Connection,
        origin: Origin,
        life: &Arc<Life>,
    ) -> impl Future<Output = Result<Response<Answer>, Infallible>> + Send + use<> {
        let mut charge = self.budget.charge(origin);
        let charged = charge.set(REQUEST_BYTES + header_bytes(request.headers()));
        let in_work = life.request(charge);
        let mut request = request.map(Body::new);
        request.extensions_mut().insert(connection.clone());
        let router = self.router.clone();
        async move {
            let response = match charged {
                true => router.oneshot(request).await?,
                false => no_room(),
            };
            Ok(response.map(|body| in_work.answer(body)))
        }
    }
}

fn prepare(stream: &TcpStream) -> io::Result<()> {
    // An answer is one small write: it need not wait for more.
    stream.set_nodelay(true)?;
    SockRef::from(stream).set_send_buffer_size(SEND_BUFFER_BYTES)
}

/// What the certificates of a client use: TLS keeps them, and `Connection` a copy of the first.
fn certificate_bytes(chain: &[CertificateDer<'_>]) -> usize {
    2 * chain.iter().map(|der| der.len()).sum::<usize>()
}

fn header_bytes(headers: &HeaderMap) -> usize {
    let field = |(name, value): (&axum::http::HeaderName, &axum::http::HeaderValue)| {
        name.as_str().len() + value.len() + HEADER_FIELD_BYTES
    };
    headers.iter().map(field).sum()
}

/// Without a body, which would have to wait until the client takes it.
fn no_room() -> Response<Body> {
    let mut response = Response::new(Body::empty());
    *response.status_mut() = StatusCode::SERVICE_UNAVAILABLE;
    response.headers_mut().insert(axum::http::header::RETRY_AFTER, 5.into());
    response
}

fn timed_out() -> io::Error {
    io::ErrorKind::TimedOut.into()
}

fn ended(over: Over) -> io::Error {
    match over {
        Over::TimedOut => timed_out(),
        Over::Displaced => io::Error::other("another client needs its place"),
    }
}
