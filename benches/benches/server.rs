//! Connectors that enroll through HTTPS beside the library alone. Clients and server share the
//! machine.
//!
//! `cargo bench -p provkey-benches --bench server`

// A command-line program, which panics on any error.
#![allow(clippy::print_stdout, clippy::unwrap_used, clippy::panic)]

use std::net::SocketAddr;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};
use std::time::Instant;

use http_body_util::{BodyExt as _, Full};
use hyper::Request;
use hyper::body::Bytes;
use hyper::client::conn::http1;
use hyper_util::rt::TokioIo;
use provkey::authority::{Authority, EnrollRequest, KeyUpdate};
use provkey::key::KeyId;
use provkey_benches::{World, authority, median, p256_request, per_second};
use provkey_server::{Config, ServeOptions, Tls, router, serve};
use provkey_sqlite::SqliteStore;
use rustls::pki_types::{CertificateDer, ServerName};
use rustls::{ClientConfig, RootCertStore};
use tempfile::TempDir;
use tokio::net::{TcpListener, TcpStream};
use tokio::runtime::Runtime;
use tokio_rustls::TlsConnector;

const ROUNDS: usize = 3;
const CONNECTIONS: usize = 64;
const CONNECTORS: usize = 10_000;
const HOST: &str = "api.private.example.com";

fn main() {
    let (mut ours, mut theirs) = (Vec::new(), Vec::new());
    for _ in 0..ROUNDS {
        ours.push(through_https());
        theirs.push(library_alone());
    }
    let (ours, theirs) = (median(ours), median(theirs));
    let row =
        format!("{CONNECTORS} enroll through HTTPS, {CONNECTIONS} connections, operator at work");
    let rival = format!("the library alone, {CONNECTIONS} callers");
    println!("| {row} | {ours:.0}/s | {rival} | {theirs:.0}/s | {:.3} |", ours / theirs);
}

/// An authority of its own, and what is asked of it.
fn prepare() -> (TempDir, World, KeyId, Vec<EnrollRequest>) {
    let folder = tempfile::tempdir().unwrap();
    let store = SqliteStore::create(folder.path().join("store.db")).unwrap();
    let world = authority(Arc::new(store));
    let (details, key) = world.key("key", CONNECTORS as u64);
    let requests = (0..CONNECTORS).map(|_| p256_request(&key)).collect();
    (folder, world, details.id, requests)
}

fn library_alone() -> f64 {
    let (_folder, world, _, requests) = prepare();
    let count = CONNECTORS / CONNECTIONS;
    per_second(CONNECTIONS, count, |thread, index| {
        world.authority.enroll(&requests[thread * count + index]).unwrap();
    })
}

fn through_https() -> f64 {
    let (_folder, world, key, requests) = prepare();
    let authority = world.authority;
    let (server, clients) = (Runtime::new().unwrap(), Runtime::new().unwrap());
    let address = server.block_on(start(&authority));
    let requests: Arc<[Bytes]> = requests.into_iter().map(|request| request.csr.into()).collect();
    let (next, over) = (Arc::new(AtomicUsize::new(0)), Arc::new(AtomicBool::new(false)));
    let operator = {
        let (authority, over) = (authority.clone(), Arc::clone(&over));
        std::thread::spawn(move || operate(&authority, key, &over))
    };
    let started = Instant::now();
    clients.block_on(async {
        let tls = client_config(&authority);
        let running: Vec<_> = (0..CONNECTIONS)
            .map(|_| {
                let (tls, requests, next) = (tls.clone(), Arc::clone(&requests), Arc::clone(&next));
                tokio::spawn(async move { enroll(address, tls, &requests, &next).await })
            })
            .collect();
        for connection in running {
            connection.await.unwrap();
        }
    });
    let rate = CONNECTORS as f64 / started.elapsed().as_secs_f64();
    over.store(true, Ordering::Relaxed);
    operator.join().unwrap();
    assert_eq!(authority.key(key).unwrap().used, CONNECTORS as u64);
    rate
}

async fn start(authority: &Authority) -> SocketAddr {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let address = listener.local_addr().unwrap();
    let mut options = ServeOptions::default();
    let host = authority.hosts().remove(0);
    options.tls = Some(Tls::issued_by(authority.clone(), host).unwrap());
    let router = router(authority.clone(), Config::default());
    tokio::spawn(serve(listener, router, options, std::future::pending()));
    address
}

fn client_config(authority: &Authority) -> TlsConnector {
    let mut roots = RootCertStore::empty();
    roots.add(CertificateDer::from(authority.root().der())).unwrap();
    let provider = Arc::new(rustls::crypto::ring::default_provider());
    let config = ClientConfig::builder_with_provider(provider)
        .with_safe_default_protocol_versions()
        .unwrap()
        .with_root_certificates(roots)
        .with_no_client_auth();
    TlsConnector::from(Arc::new(config))
}

/// One connection, on which connectors enroll one after the other.
async fn enroll(address: SocketAddr, tls: TlsConnector, requests: &[Bytes], next: &AtomicUsize) {
    let stream = TcpStream::connect(address).await.unwrap();
    stream.set_nodelay(true).unwrap();
    let stream = tls.connect(ServerName::try_from(HOST).unwrap(), stream).await.unwrap();
    let (mut sender, connection) = http1::handshake(TokioIo::new(stream)).await.unwrap();
    tokio::spawn(connection);
    while let Some(csr) = requests.get(next.fetch_add(1, Ordering::Relaxed)) {
        let request = Request::post("/.well-known/est/simpleenroll")
            .header("host", HOST)
            .header("content-type", "application/pkcs10")
            .body(Full::new(csr.clone()))
            .unwrap();
        let response = sender.send_request(request).await.unwrap();
        assert_eq!(response.status(), 200);
        response.into_body().collect().await.unwrap();
    }
}

/// Lists and edits, over and over.
fn operate(authority: &Authority, key: KeyId, over: &AtomicBool) {
    for limit in (CONNECTORS as u64..).step_by(1) {
        if over.load(Ordering::Relaxed) {
            return;
        }
        authority.list_keys(&Default::default(), &Default::default()).unwrap();
        authority.list_connectors(&Default::default(), &Default::default()).unwrap();
        let update = KeyUpdate::default().max_uses(limit);
        // Enrollments expect the key as it was: one edit after the other would be in their way all
        // the time, as no operator is.
        let _ = authority.update_key(key, &update);
        std::thread::sleep(std::time::Duration::from_millis(100));
    }
}
