//! Accepting connections, and what each of them may take.

use std::future::Future;
use std::io;
use std::net::SocketAddr;
use std::sync::Arc;
use std::time::Duration;

use axum::Router;
use axum::body::Body;
use axum::http::Request;
use hyper::body::Incoming;
use hyper::service::service_fn;
use hyper_util::rt::{TokioExecutor, TokioIo, TokioTimer};
use hyper_util::server::conn::auto::Builder;
use hyper_util::server::graceful::{GracefulShutdown, Watcher};
use tokio::io::{AsyncRead, AsyncWrite};
use tokio::net::{TcpListener, TcpStream};
use tokio::sync::{OwnedSemaphorePermit, Semaphore};
use tokio::time::{sleep, timeout};
use tokio_rustls::TlsAcceptor;
use tower::ServiceExt as _;

use crate::connection::Connection;
use crate::crowd::{Crowd, Place};
use crate::tls::Tls;

/// How connections are served. What is left as it is suits most.
#[derive(Clone)]
#[non_exhaustive]
pub struct ServeOptions {
    /// `None`: plain HTTP, for a proxy in front that does TLS.
    pub tls: Option<Tls>,
    /// How many connections there may be. Others wait to be accepted.
    pub connections_max: usize,
    /// How many of them one address may have; an IPv6 address counts with all of its /64. Others
    /// are closed at once. A proxy needs as many as there are.
    pub connections_per_address_max: usize,
    /// How long a TLS handshake may take.
    pub handshake_time_max: Duration,
    /// How long it may take until the header of a request has arrived, idle time before it included.
    pub header_time_max: Duration,
    /// How long requests may still take once the server is to end.
    pub shutdown_time_max: Duration,
}

impl Default for ServeOptions {
    fn default() -> Self {
        Self {
            tls: None,
            connections_max: 8192,
            connections_per_address_max: 2048,
            handshake_time_max: Duration::from_secs(10),
            header_time_max: Duration::from_secs(20),
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
    let places = Arc::new(Semaphore::new(options.connections_max));
    let crowd = Crowd::new(options.connections_per_address_max);
    let graceful = GracefulShutdown::new();
    let fresh = options.tls.clone().map(|tls| tokio::spawn(tls.keep_fresh()));
    let server = Arc::new(Server::new(router, &options));
    let mut shutdown = std::pin::pin!(shutdown);
    loop {
        let accepted = tokio::select! {
            accepted = accept(&listener, &places) => accepted,
            () = &mut shutdown => break,
        };
        let (stream, peer, permit) = accepted;
        let Some(place) = crowd.enter(peer.ip()) else {
            tracing::debug!(%peer, "an address has too many connections");
            continue;
        };
        let (server, watcher) = (Arc::clone(&server), graceful.watcher());
        tokio::spawn(server.connection(stream, peer, watcher, (permit, place)));
    }
    drop(listener);
    if timeout(options.shutdown_time_max, graceful.shutdown()).await.is_err() {
        tracing::warn!("connections were cut: they took too long to end");
    }
    fresh.inspect(tokio::task::JoinHandle::abort);
}

/// The next connection, once there is room for one.
async fn accept(
    listener: &TcpListener,
    places: &Arc<Semaphore>,
) -> (TcpStream, SocketAddr, OwnedSemaphorePermit) {
    let permit = Arc::clone(places).acquire_owned().await.expect("it is never closed");
    loop {
        match listener.accept().await {
            Ok((stream, peer)) => return (stream, peer, permit),
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
    handshake_time_max: Duration,
}

impl Server {
    fn new(router: Router, options: &ServeOptions) -> Self {
        let mut http = Builder::new(TokioExecutor::new());
        http.http1()
            .timer(TokioTimer::new())
            .header_read_timeout(options.header_time_max)
            .max_headers(64)
            .max_buf_size(32 * 1024);
        http.http2()
            .timer(TokioTimer::new())
            .keep_alive_interval(options.header_time_max)
            .keep_alive_timeout(options.header_time_max)
            .max_concurrent_streams(64)
            .max_header_list_size(32 * 1024);
        let tls = options.tls.as_ref().map(|tls| TlsAcceptor::from(tls.config()));
        Self { router, tls, http, handshake_time_max: options.handshake_time_max }
    }

    async fn connection(
        self: Arc<Self>,
        stream: TcpStream,
        peer: SocketAddr,
        watcher: Watcher,
        _until_it_ends: (OwnedSemaphorePermit, Place),
    ) {
        // An answer is one small write: it need not wait for more.
        let served = match (stream.set_nodelay(true), &self.tls) {
            (Err(error), _) => Err(error.into()),
            (Ok(()), None) => self.http(stream, Connection::plain(peer), watcher).await,
            (Ok(()), Some(acceptor)) => {
                match timeout(self.handshake_time_max, acceptor.accept(stream)).await {
                    Ok(Ok(stream)) => {
                        let shown = stream.get_ref().1.peer_certificates();
                        let certificate = shown.and_then(|certificates| certificates.first());
                        let connection = Connection {
                            peer,
                            client_certificate: certificate.map(|der| der.to_vec()),
                            encrypted: true,
                        };
                        self.http(stream, connection, watcher).await
                    }
                    Ok(Err(error)) => Err(error.into()),
                    Err(_) => Err(io::Error::from(io::ErrorKind::TimedOut).into()),
                }
            }
        };
        if let Err(error) = served {
            tracing::debug!(%peer, error, "a connection ended early");
        }
    }

    async fn http(
        &self,
        stream: impl AsyncRead + AsyncWrite + Unpin + Send + 'static,
        connection: Connection,
        watcher: Watcher,
    ) -> Result<(), Box<dyn std::error::Error + Send + Sync>> {
        let service = service_fn(move |request: Request<Incoming>| {
            let mut request = request.map(Body::new);
            request.extensions_mut().insert(connection.clone());
            self.router.clone().oneshot(request)
        });
        let served = self.http.serve_connection(TokioIo::new(stream), service);
        watcher.watch(served).await
    }
}
