//! Limits, and graceful shutdown.

use std::net::SocketAddr;
use std::pin::Pin;
use std::sync::Arc;
use std::task::{Context, Poll};
use std::thread::sleep;
use std::time::Duration;

use axum::body::{Body, Bytes, HttpBody};
use axum::http::Request;
use hyper::body::Frame;
use provkey::authority::{AdminRole, NewAdminToken};
use provkey::key::{ProvisioningKey, Secret};
use provkey::store::{Memory, Outcome, Record, RecordKey, ScanRange, Store, StoreError, Unit};
use provkey_server::{Config, Connection, ServeOptions, serve};
use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::net::{TcpListener, TcpStream};
use tokio::sync::{mpsc, oneshot};
use tokio::task::JoinSet;
use tokio::time::timeout;

use crate::common::{self, World, connection, get, name, post_enroll as post, problem};

/// A CSR of a new connector for the key of this world.
fn csr(world: &World) -> Vec<u8> {
    common::csr(&world.provisioning_key())
}

/// A body that never ends, with one chunk or none.
struct Unfinished(Option<Bytes>);

impl HttpBody for Unfinished {
    type Data = Bytes;
    type Error = std::io::Error;

    fn poll_frame(
        mut self: Pin<&mut Self>,
        _: &mut Context<'_>,
    ) -> Poll<Option<Result<Frame<Bytes>, std::io::Error>>> {
        match self.0.take() {
            Some(piece) => Poll::Ready(Some(Ok(Frame::data(piece)))),
            None => Poll::Pending,
        }
    }
}

/// Paused time advances only while all tasks wait.
#[tokio::test(start_paused = true)]
async fn a_slow_body_times_out() {
    let world = World::new(1);
    let response = world.ask(post(Body::new(Unfinished(None)))).await;
    assert_eq!(problem(response, 408).await, "body_too_slow");
}

#[tokio::test]
async fn the_memory_of_bodies_is_limited_per_client() {
    let mut config = Config::default();
    config.bodies_bytes_per_address_max = 16 * 1024;
    let world = Arc::new(World::over(Arc::new(Memory::new()), 1, config));
    let large = || post(vec![0; 10_000]);
    let unfinished = Body::new(Unfinished(Some(Bytes::from_static(&[0; 10_000]))));
    let holding = tokio::spawn({
        let world = Arc::clone(&world);
        async move { world.ask(from([198, 51, 100, 7], post(unfinished))).await }
    });
    tokio::time::sleep(Duration::from_millis(200)).await;
    assert_eq!(
        problem(world.ask(from([198, 51, 100, 7], large())).await, 503).await,
        "server_busy"
    );
    assert_eq!(problem(world.ask(large()).await, 400).await, "body_malformed");
    holding.abort();
    let _ = holding.await;
    let after = world.ask(from([198, 51, 100, 7], large())).await;
    assert_eq!(problem(after, 400).await, "body_malformed");
}

#[tokio::test]
async fn forged_requests_do_not_use_up_the_rate_of_a_key() {
    let mut config = Config::default();
    (config.per_key_per_second, config.per_key_burst) = (0.001, 2);
    config.unproven_burst = 0;
    let world = World::over(Arc::new(Memory::new()), 10, config);
    let key = world.provisioning_key();
    let secret = Secret::from_bytes([7; 20]);
    let forged = ProvisioningKey::from_parts(key.host().clone(), key.id(), secret, key.pin());
    for _ in 0..20 {
        let response = world.ask(post(common::csr(&forged))).await;
        assert_eq!(problem(response, 401).await, "key_invalid");
    }
    for _ in 0..3 {
        assert_eq!(world.ask(post(csr(&world))).await.status(), 200);
    }
    assert_eq!(problem(world.ask(post(csr(&world))).await, 429).await, "rate_limited");
    assert_eq!(world.used(), 3);
}

fn post_from(byte: u8, body: impl Into<Body>) -> Request<Body> {
    from([192, 0, 2, byte], post(body))
}

#[tokio::test]
async fn replays_of_one_request_do_not_stop_other_enrollments() {
    let mut config = Config::default();
    // The replays alone would use it up.
    (config.per_key_per_second, config.per_key_burst) = (0.001, 250);
    let world = World::over(Arc::new(Memory::new()), 1000, config);
    let captured = csr(&world);
    assert_eq!(world.ask(post_from(1, captured.clone())).await.status(), 200);
    let (mut replayed, mut refused) = (0, 0);
    for number in 0..10_000 {
        let answer = world.ask(post_from(9, captured.clone())).await;
        match answer.status().as_u16() {
            200 => replayed += 1,
            _ => refused += u32::from(problem(answer, 429).await == "rate_limited"),
        }
        if number % 50 == 0 {
            // Also from the address that replays.
            let address = if number % 100 == 0 { 9 } else { 2 };
            assert_eq!(world.ask(post_from(address, csr(&world))).await.status(), 200, "{number}");
        }
    }
    assert_eq!(replayed + refused, 10_000);
    assert!((60..200).contains(&replayed), "{replayed}");
    // Replays do not stop the connector itself.
    assert_eq!(world.ask(post_from(1, captured.clone())).await.status(), 200);
    assert_eq!(world.used(), 201);
}

#[tokio::test]
async fn refusals_of_one_connector_are_bounded_and_cost_the_key_nothing() {
    let world = World::new(1);
    let (late, later) = (csr(&world), csr(&world));
    assert_eq!(world.ask(post(csr(&world))).await.status(), 200);
    let mut codes = Vec::new();
    for _ in 0..100 {
        let answer = world.ask(post(late.clone())).await;
        let status = answer.status().as_u16();
        codes.push(problem(answer, status).await);
    }
    assert_eq!(codes[..60], vec!["key_exhausted"; 60]);
    assert_eq!(codes[90..], vec!["rate_limited"; 10]);
    assert_eq!(problem(world.ask(post(later)).await, 403).await, "key_exhausted");
}

/// A slow store, which reports when a change begins.
struct Slow {
    store: Memory,
    begun: mpsc::UnboundedSender<()>,
}

impl Slow {
    fn new(begun: mpsc::UnboundedSender<()>) -> Arc<Self> {
        Arc::new(Self { store: Memory::new(), begun })
    }
}

impl Store for Slow {
    fn get(&self, keys: &[RecordKey]) -> Result<Vec<Option<Record>>, StoreError> {
        self.store.get(keys)
    }

    fn scan(&self, range: &ScanRange, limit: usize) -> Result<Vec<Record>, StoreError> {
        self.store.scan(range, limit)
    }

    fn apply(&self, units: &[Unit]) -> Result<Vec<Outcome>, StoreError> {
        let _ = self.begun.send(());
        sleep(Duration::from_millis(300));
        self.store.apply(units)
    }
}

/// Sends a request from this address.
fn from(address: [u8; 4], mut request: Request<Body>) -> Request<Body> {
    let peer = SocketAddr::from((address, 4711));
    request.extensions_mut().insert(Connection { peer, ..connection(None) });
    request
}

#[tokio::test(flavor = "multi_thread")]
async fn a_long_queue_of_one_client_does_not_delay_others() {
    let mut config = Config::default();
    config.calls_max = 4;
    let world = Arc::new(World::over(Slow::new(mpsc::unbounded_channel().0), 100, config));
    let new = NewAdminToken::new(name("a"), AdminRole::Viewer);
    let (_, token) = world.authority.create_token(&new).unwrap();
    let key = world.provisioning_key();
    let csr = || common::csr(&key);
    let honest = post(csr());
    let mut many = JoinSet::new();
    for _ in 0..12 {
        let (world, request) = (Arc::clone(&world), post(csr()));
        many.spawn(async move { world.ask(from([198, 51, 100, 7], request)).await.status() });
    }
    // They are signed one after the other, each for 300 ms.
    tokio::time::sleep(Duration::from_millis(100)).await;
    let answer = timeout(Duration::from_secs(2), world.ask(honest)).await;
    assert_eq!(answer.unwrap().status(), 200);
    let session = Request::get("/api/v1/session");
    let session = session.header("authorization", format!("Bearer {}", token.expose()));
    let session = from([198, 51, 100, 7], session.body(Body::empty()).unwrap());
    let asked = timeout(Duration::from_millis(500), world.ask(session)).await;
    assert_eq!(asked.unwrap().status(), 200);
    assert!(world.used() < 12, "the others still wait");
    assert!(many.join_all().await.iter().all(|status| *status == 200));
}

#[tokio::test]
async fn readiness_asks_the_store_once_a_second() {
    let (began, mut begins) = mpsc::unbounded_channel();
    let mut config = Config::default();
    // No permit is left.
    config.calls_max = 0;
    let world = World::over(Slow::new(began), 1, config);
    while begins.try_recv().is_ok() {}
    for _ in 0..100 {
        assert_eq!(world.ask(get("/readyz")).await.status(), 200);
    }
    let asked = std::iter::from_fn(|| begins.try_recv().ok()).count();
    assert!((1..=3).contains(&asked), "{asked}");
}

#[tokio::test(start_paused = true)]
async fn a_server_whose_store_was_moved_is_not_ready() {
    let store = Arc::new(Memory::new());
    let world = World::over(store.clone(), 1, Config::default());
    assert_eq!(world.ask(get("/readyz")).await.status(), 200);
    store.fence(true).unwrap();
    tokio::time::advance(Duration::from_secs(1)).await;
    assert_eq!(problem(world.ask(get("/readyz")).await, 503).await, "store_moved");
    store.fence(false).unwrap();
    tokio::time::advance(Duration::from_secs(1)).await;
    assert_eq!(world.ask(get("/readyz")).await.status(), 200);
}

#[tokio::test]
async fn requests_in_flight_are_finished_at_shutdown() {
    let (begun, mut beginning) = mpsc::unbounded_channel();
    let world = World::over(Slow::new(begun), 1, Config::default());
    let csr = csr(&world);
    while beginning.try_recv().is_ok() {}

    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let address = listener.local_addr().unwrap();
    let (end, ended) = oneshot::channel::<()>();
    let server =
        tokio::spawn(serve(listener, world.router.clone(), ServeOptions::default(), async {
            ended.await.unwrap();
        }));
    let mut stream = TcpStream::connect(address).await.unwrap();
    let head = format!(
        "POST /.well-known/est/simpleenroll HTTP/1.1\r\nHost: h\r\nContent-Type: application/pkcs10\r\n\
         Content-Length: {}\r\n\r\n",
        csr.len()
    );
    stream.write_all(&[head.as_bytes(), &csr].concat()).await.unwrap();
    beginning.recv().await.unwrap();
    end.send(()).unwrap();
    let mut answer = String::new();
    stream.read_to_string(&mut answer).await.unwrap();
    assert!(answer.starts_with("HTTP/1.1 200 "), "{answer}");
    server.await.unwrap();
    assert!(TcpStream::connect(address).await.is_err());
    assert_eq!(world.used(), 1);
}

#[tokio::test(flavor = "multi_thread")]
async fn hanging_up_does_not_bypass_the_rate_limits() {
    let (begun, mut began) = mpsc::unbounded_channel();
    let mut config = Config::default();
    (config.per_key_per_second, config.per_key_burst) = (0.001, 0);
    let world = Arc::new(World::over(Slow::new(begun), 9, config));
    let key = world.provisioning_key();
    let csr = || common::csr(&key);
    while began.try_recv().is_ok() {}
    let asking = tokio::spawn({
        let (world, request) = (Arc::clone(&world), post(csr()));
        async move { world.ask(request).await.status() }
    });
    began.recv().await.unwrap();
    asking.abort();
    assert!(asking.await.unwrap_err().is_cancelled());
    tokio::time::sleep(Duration::from_secs(1)).await;
    assert_eq!(world.used(), 1);
    assert_eq!(problem(world.ask(post(csr())).await, 429).await, "rate_limited");
}
