//! Every phase of a connection has a deadline, and no client can take all connections.

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
use crate::http2::{
    END_HEADERS, END_STREAM, HEADERS, PREFACE, WINDOW_ZERO, frame, header_block, ping, preface,
};

const IDLE: Duration = Duration::from_millis(600);
/// The server closes a connection within this time, also on a busy machine.
const SOON: Duration = Duration::from_secs(8);

const RST_STREAM: u8 = 3;
const REFUSED_STREAM: [u8; 4] = [0, 0, 0, 7];

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

/// Sends the same bytes repeatedly until the server has closed the connection.
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
    let http2 = preface(&[]);
    let request = b"GET /healthz HTTP/1.1\r\nHost: h\r\n\r\n";
    for (sent, again) in [
        (&b""[..], &b""[..]),
        (&PREFACE[..10], b""),
        (&request[..20], b""),
        // A header that arrives byte by byte, and one that never ends.
        (&request[..20], b"a"),
        (b"GET / HTTP/1.1\r\n", b"A: b\r\n"),
        (&http2, b""),
        (&http2, &ping()),
        // An incomplete header of HTTP/2.
        (&[&http2[..], &frame(HEADERS, END_STREAM, 1, &header_block("GET", "/"))].concat(), b""),
        // A connection after its response.
        (request, b""),
    ] {
        let mut stream = connect(address).await;
        stream.write_all(sent).await.unwrap();
        closes(&mut stream, again).await;
    }
}

#[tokio::test]
async fn a_silent_handshake_is_closed() {
    let world = World::new(1);
    let mut options = options();
    (options.idle_time_max, options.handshake_time_max) = (Duration::from_secs(60), IDLE);
    options.tls = Some(tls(&world));
    let address = served(world.router, options).await;
    // Nothing, and the header of a TLS record.
    for sent in [&b""[..], b"\x16\x03\x01\x02\x00"] {
        let mut stream = connect(address).await;
        stream.write_all(sent).await.unwrap();
        closes(&mut stream, b"").await;
    }
}

#[tokio::test]
async fn a_header_is_bounded() {
    let address = served(World::new(1).router, ServeOptions::default()).await;
    let fields = |count| "A: b\r\n".repeat(count);
    for (header, status) in [
        (fields(64), Some("200")),
        (fields(65), Some("431")),
        (format!("A: {}\r\n", "b".repeat(12 * 1024)), Some("200")),
        (format!("A: {}\r\n", "b".repeat(17 * 1024)), None),
    ] {
        let mut stream = connect(address).await;
        let request = format!("GET /healthz HTTP/1.0\r\n{header}\r\n");
        let _ = stream.write_all(request.as_bytes()).await;
        let mut response = Vec::new();
        let read = timeout(SOON, stream.read_to_end(&mut response)).await;
        assert!(read.is_ok(), "the connection is closed");
        let response = String::from_utf8_lossy(&response);
        let found = response.split(' ').nth(1);
        assert!(found == status || status.is_none() && found != Some("200"), "{response}");
    }
}

#[tokio::test]
async fn http2_streams_are_bounded() {
    let address = served(World::new(1).router, ServeOptions::default()).await;
    let mut stream = connect(address).await;
    let mut sent = preface(&[]);
    for number in 0..17 {
        let head = header_block("POST", "/.well-known/est/simpleenroll");
        sent.extend(frame(HEADERS, END_HEADERS, 2 * number + 1, &head));
    }
    stream.write_all(&sent).await.unwrap();
    let refused = async {
        loop {
            let mut head = [0; 9];
            stream.read_exact(&mut head).await.unwrap();
            let length = u32::from_be_bytes([0, head[0], head[1], head[2]]);
            let mut payload = vec![0; length.try_into().unwrap()];
            stream.read_exact(&mut payload).await.unwrap();
            if head[3] == RST_STREAM {
                return (head[8], payload);
            }
        }
    };
    let refused = timeout(SOON, refused).await.expect("a stream is refused");
    assert_eq!(refused, (33, REFUSED_STREAM.to_vec()));
}

#[tokio::test]
async fn an_unread_response_closes_the_connection() {
    let router = Router::new().route("/", get(|| async { "x".repeat(4000) }));
    let mut options = options();
    options.idle_time_max = Duration::from_secs(60);
    let address = served(router, options).await;
    // A window of 0, and PINGs that keep the connection alive.
    let mut stream = connect(address).await;
    let request = frame(HEADERS, END_STREAM | END_HEADERS, 1, &header_block("GET", "/"));
    stream.write_all(&[preface(&WINDOW_ZERO), request].concat()).await.unwrap();
    closes(&mut stream, &ping()).await;
}

#[tokio::test]
async fn a_client_that_never_reads_is_closed() {
    let router = Router::new().route("/", get(|| async { "x".repeat(15_000) }));
    let address = served(router, options()).await;
    let mut stream = connect(address).await;
    let writing = async {
        // Writing fails once the server has closed the connection.
        while stream.write_all(b"GET / HTTP/1.1\r\nHost: h\r\n\r\n").await.is_ok() {}
    };
    timeout(SOON, writing).await.expect("the connection is closed");
}

#[tokio::test]
async fn a_request_in_flight_keeps_its_connection() {
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
async fn the_memory_of_input_is_limited_per_client() {
    let mut options = ServeOptions::default();
    options.buffers_bytes_max = 3 * 1024 * 1024;
    options.buffers_bytes_per_address_max = 256 * 1024;
    let address = served(World::new(1).router, options).await;
    let mut held = Vec::new();
    // Each sends a part of a header, until the client is at its memory limit.
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

fn tls(world: &World) -> Tls {
    Tls::issued_by(world.authority.clone(), Host::parse(HOST).unwrap()).unwrap()
}

/// A TLS client with a chain of twenty certificates.
fn with_long_chain(world: &World) -> TlsConnector {
    let mut identity = common::identity();
    let csr = identity.request(&world.provisioning_key(), None).unwrap().der().to_vec();
    let request = EnrollRequest::new(csr);
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
async fn the_memory_of_client_certificates_is_limited_per_client() {
    let world = World::new(1);
    let mut options = ServeOptions::default();
    options.tls = Some(tls(&world));
    options.buffers_bytes_max = 3 * 1024 * 1024;
    options.buffers_bytes_per_address_max = 360 * 1024;
    let client = with_long_chain(&world);
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
    // Without client certificates, all of them fit.
    assert!((2..11).contains(&held.len()), "{}", held.len());
}
