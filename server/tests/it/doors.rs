//! Every phase of a connection has an end, and nobody has all of the connections.

use std::future::pending;
use std::net::SocketAddr;
use std::sync::Arc;
use std::time::Duration;

use axum::Router;
use axum::routing::{get, post};
use provkey::authority::EnrollRequest;
use provkey::key::Host;
use provkey_server::{ServeOptions, Tls, serve};
use rustls::pki_types::{CertificateDer, PrivateKeyDer, PrivatePkcs8KeyDer, ServerName};
use rustls::{ClientConfig, RootCertStore};
use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::net::{TcpListener, TcpSocket, TcpStream};
use tokio::time::{Instant, sleep, timeout};
use tokio_rustls::TlsConnector;

use crate::common::{self, HOST, World};

const IDLE: Duration = Duration::from_millis(600);
/// Within this a server on a busy machine ends what is over.
const SOON: Duration = Duration::from_secs(8);
const PREFACE: &[u8] = b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n";
const SETTINGS: u8 = 4;
const PING: u8 = 6;
const HEADERS: u8 = 1;
/// END_STREAM and END_HEADERS.
const WHOLE: u8 = 5;

fn options() -> ServeOptions {
    let mut options = ServeOptions::default();
    (options.idle_time_max, options.answer_time_max) = (IDLE, IDLE);
    options
}

async fn served(router: Router, options: ServeOptions) -> SocketAddr {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let address = listener.local_addr().unwrap();
    tokio::spawn(serve(listener, router, options, pending()));
    address
}

async fn connect(to: SocketAddr) -> TcpStream {
    connect_from(1, to).await
}

async fn connect_from(last: u8, to: SocketAddr) -> TcpStream {
    let socket = TcpSocket::new_v4().unwrap();
    socket.set_recv_buffer_size(4096).unwrap();
    socket.bind(SocketAddr::from(([127, 0, 0, last], 0))).unwrap();
    socket.connect(to).await.unwrap()
}

/// A frame of HTTP/2.
fn frame(kind: u8, flags: u8, stream: u8, payload: &[u8]) -> Vec<u8> {
    let length = u32::try_from(payload.len()).unwrap().to_be_bytes();
    [&length[1..], &[kind, flags, 0, 0, 0, stream], payload].concat()
}

/// The header of a GET, in HPACK: each field as it is.
fn head(path: &str) -> Vec<u8> {
    let fields = [(":method", "GET"), (":scheme", "http"), (":authority", "h"), (":path", path)];
    let text = |text: &str| [&[u8::try_from(text.len()).unwrap()], text.as_bytes()].concat();
    fields.iter().flat_map(|(name, value)| [vec![0], text(name), text(value)].concat()).collect()
}

/// Sends the same again and again, until the server has closed the connection.
async fn closes(stream: &mut TcpStream, again: &[u8]) {
    let begun = Instant::now();
    let closed = async {
        let mut buffer = [0; 4096];
        loop {
            tokio::select! {
                read = stream.read(&mut buffer) => if read.unwrap_or(0) == 0 { break },
                () = sleep(IDLE / 10) => if stream.write_all(again).await.is_err() { break },
            }
        }
    };
    timeout(SOON, closed).await.expect("the connection is closed");
    assert!(begun.elapsed() >= IDLE / 2);
}

#[tokio::test]
async fn a_connection_without_a_request_is_closed() {
    let address = served(World::new(1).router, options()).await;
    let http2 = [PREFACE, &frame(SETTINGS, 0, 0, &[])].concat();
    let request = b"GET /healthz HTTP/1.1\r\nHost: h\r\n\r\n";
    for (sent, again) in [
        (&b""[..], &b""[..]),
        (&PREFACE[..10], b""),
        (&request[..20], b""),
        // A header that arrives byte by byte, and one that never ends.
        (&request[..20], b"a"),
        (b"GET / HTTP/1.1\r\n", b"A: b\r\n"),
        (&http2, b""),
        (&http2, &frame(PING, 0, 0, &[0; 8])),
        // A header of HTTP/2 that is not complete.
        (&[&http2[..], &frame(HEADERS, 1, 1, &head("/"))].concat(), b""),
        // One that has had its answer.
        (request, b""),
    ] {
        let mut stream = connect(address).await;
        stream.write_all(sent).await.unwrap();
        closes(&mut stream, again).await;
    }
}

#[tokio::test]
async fn an_answer_that_is_not_read_ends_the_connection() {
    let router = Router::new().route("/", get(|| async { "x".repeat(4000) }));
    let mut options = options();
    options.idle_time_max = Duration::from_secs(60);
    let address = served(router, options).await;
    // A stream with a window of 0, and PINGs so that the connection is alive.
    let mut stream = connect(address).await;
    let window = frame(SETTINGS, 0, 0, &[0, 4, 0, 0, 0, 0]);
    let request = frame(HEADERS, WHOLE, 1, &head("/"));
    stream.write_all(&[PREFACE, &window, &request].concat()).await.unwrap();
    closes(&mut stream, &frame(PING, 0, 0, &[0; 8])).await;
}

#[tokio::test]
async fn a_client_that_never_reads_is_closed() {
    let router = Router::new().route("/", get(|| async { "x".repeat(15_000) }));
    let address = served(router, options()).await;
    let mut stream = connect(address).await;
    let writing = async {
        // It is closed when it cannot be written to any more: nothing is ever read.
        while stream.write_all(b"GET / HTTP/1.1\r\nHost: h\r\n\r\n").await.is_ok() {}
    };
    timeout(SOON, writing).await.expect("the connection is closed");
}

#[tokio::test]
async fn a_request_in_work_keeps_its_connection() {
    let work = || async {
        sleep(IDLE * 3).await;
        "done"
    };
    let address = served(Router::new().route("/", post(work)), options()).await;
    let mut stream = connect(address).await;
    let request = b"POST / HTTP/1.1\r\nHost: h\r\nConnection: close\r\nContent-Length: 0\r\n\r\n";
    stream.write_all(request).await.unwrap();
    let mut answer = String::new();
    stream.read_to_string(&mut answer).await.unwrap();
    assert!(answer.ends_with("done"), "{answer}");
}

#[tokio::test]
async fn those_who_have_most_connections_make_room_for_a_newcomer() {
    let mut options = ServeOptions::default();
    (options.connections_max, options.connections_per_address_max) = (40, 10);
    let address = served(World::new(1).router, options).await;
    let mut held = Vec::new();
    for index in 0..60 {
        held.push(connect_from(10 + index % 4, address).await);
    }
    for last in 1..=8 {
        let mut stream = connect_from(last, address).await;
        let request = b"GET /healthz HTTP/1.1\r\nHost: h\r\nConnection: close\r\n\r\n";
        stream.write_all(request).await.unwrap();
        let mut answer = String::new();
        let read = timeout(SOON, stream.read_to_string(&mut answer)).await;
        assert!(read.is_ok() && answer.starts_with("HTTP/1.1 200 "), "{last}: {answer}");
    }
}

#[tokio::test]
async fn what_clients_send_has_a_budget() {
    let mut options = ServeOptions::default();
    options.buffers_bytes_max = 3 * 1024 * 1024;
    options.buffers_bytes_per_address_max = 256 * 1024;
    let address = served(World::new(1).router, options).await;
    let mut held = Vec::new();
    // Each holds a part of a header, until the address has used its share up.
    for _ in 0..40 {
        let mut stream = connect_from(2, address).await;
        let head = format!("GET / HTTP/1.1\r\nA: {}", "a".repeat(12_000));
        let _ = stream.write_all(head.as_bytes()).await;
        held.push(stream);
    }
    let mut closed = 0;
    for stream in &mut held {
        closed += usize::from(timeout(IDLE, stream.read(&mut [0; 16])).await.is_ok());
    }
    assert!((30..40).contains(&closed), "{closed}");
    let mut stream = connect_from(3, address).await;
    stream.write_all(b"GET /healthz HTTP/1.0\r\n\r\n").await.unwrap();
    let mut answer = String::new();
    stream.read_to_string(&mut answer).await.unwrap();
    assert!(answer.starts_with("HTTP/1.0 200 "), "{answer}");
}

/// A client that shows its certificate twenty times.
fn with_much_to_show(world: &World) -> TlsConnector {
    let mut identity = common::identity();
    let csr = identity.request(&world.provisioning_key(), None).unwrap().der().to_vec();
    let request = EnrollRequest { csr, ..EnrollRequest::default() };
    let leaf = world.authority.enroll(&request).unwrap().chain.remove(0);
    let key = PrivatePkcs8KeyDer::from(identity.private_key().unwrap().expose().to_vec());
    let mut roots = RootCertStore::empty();
    roots.add(world.authority.root().der().to_vec().into()).unwrap();
    let provider = Arc::new(rustls::crypto::ring::default_provider());
    let config = ClientConfig::builder_with_provider(provider)
        .with_safe_default_protocol_versions()
        .unwrap()
        .with_root_certificates(roots)
        .with_client_auth_cert(vec![CertificateDer::from(leaf); 20], PrivateKeyDer::Pkcs8(key));
    Arc::new(config.unwrap()).into()
}

#[tokio::test]
async fn certificates_that_clients_show_have_a_budget() {
    let world = World::new(1);
    let mut options = ServeOptions::default();
    let host = Host::parse(HOST).unwrap();
    options.tls = Some(Tls::issued_by(world.authority.clone(), host).unwrap());
    options.buffers_bytes_max = 3 * 1024 * 1024;
    options.buffers_bytes_per_address_max = 360 * 1024;
    let client = with_much_to_show(&world);
    let address = served(world.router, options).await;
    let mut held = Vec::new();
    for _ in 0..12 {
        let name = ServerName::try_from(HOST).unwrap();
        let Ok(mut stream) = client.connect(name, connect(address).await).await else { continue };
        let _ = stream.write_all(b"GET /healthz HTTP/1.1\r\nHost: h\r\n\r\n").await;
        if stream.read(&mut [0; 16]).await.is_ok_and(|read| read > 0) {
            held.push(stream);
        }
    }
    // Without certificates there would be room for all.
    assert!((2..11).contains(&held.len()), "{}", held.len());
}
