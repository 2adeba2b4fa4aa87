//! What is done to the server.

use std::collections::HashMap;
use std::future::Future;
use std::io;
use std::net::SocketAddr;
use std::sync::{Arc, Mutex};
use std::time::Duration;

use provkey::connector::Identity;
use provkey::key::{Host, KeyId, Pin, ProvisioningKey, Secret};
use provkey::x509::KeyAlgorithm;
use rustls::ClientConfig;
use tokio::io::{AsyncRead, AsyncReadExt as _, AsyncWrite, AsyncWriteExt as _};
use tokio::time::{Instant, sleep};

use crate::client;
use crate::honest::request;
use crate::site::{Server, Site};

/// How much of an attack there is.
#[derive(Clone, Copy)]
pub(crate) struct Scale {
    /// For attacks whose connections are to end, and for others.
    time: [Duration; 2],
    /// Connections with TLS, each of which costs both sides a handshake.
    tls: usize,
    /// Those without.
    tcp: usize,
    /// Options of the server.
    pub(crate) deadlines: &'static str,
    /// How long a connection may last that the server is to end.
    pub(crate) lasts_max: Duration,
    /// How long a connector or an administrator may wait at worst.
    pub(crate) wait_max: Duration,
}

impl Scale {
    pub(crate) const SHORT: Self = Self {
        time: [Duration::from_secs(6), Duration::from_secs(3)],
        tls: 200,
        tcp: 8192,
        deadlines: "--handshake-time 2s --idle-time 2s --body-time 1s --answer-time 2s",
        lasts_max: Duration::from_secs(6),
        wait_max: Duration::from_secs(5),
    };
    pub(crate) const DEEP: Self = Self {
        time: [Duration::from_secs(30); 2],
        tls: 8192,
        tcp: 8192,
        deadlines: "--handshake-time 5s --idle-time 10s --body-time 5s --answer-time 10s",
        lasts_max: Duration::from_secs(28),
        wait_max: Duration::from_secs(20),
    };

    pub(crate) fn time(self, attack: &Attack) -> Duration {
        self.time[usize::from(!attack.ends)]
    }
}

/// One of the attacks.
pub(crate) struct Attack {
    pub(crate) name: &'static str,
    /// Whether it is the server's to end its connections.
    pub(crate) ends: bool,
    /// More options of the server.
    pub(crate) options: &'static str,
    pub(crate) begin: fn(&Arc<Attacker>),
}

pub(crate) const ATTACKS: &[Attack] = &[
    Attack { name: "nothing", ends: false, options: "", begin: |_| {} },
    Attack { name: "silent TCP", ends: true, options: "", begin: silent },
    Attack {
        name: "TLS, then silence",
        ends: true,
        options: "",
        begin: |attacker| attacker.hold("http/1.1", b"", b""),
    },
    Attack {
        name: "PRI * only",
        ends: true,
        options: "",
        begin: |attacker| attacker.hold("h2", &PREFACE[..14], b""),
    },
    Attack { name: "HTTP/2 idle, with PINGs", ends: true, options: "", begin: pings },
    Attack { name: "window 0", ends: true, options: "", begin: window_zero },
    // Its time is longer by what is asked for.
    Attack {
        name: "window 0, large answers",
        ends: false,
        options: "",
        begin: |attacker| unread(attacker, "/api/v1/openapi.json"),
    },
    Attack { name: "never reads", ends: true, options: "", begin: never_reads },
    Attack {
        name: "slow headers",
        ends: true,
        options: "",
        begin: |attacker| attacker.hold("http/1.1", b"GET / HTTP/1.1\r\nHost: h\r\n", b"A: b\r\n"),
    },
    Attack { name: "large headers without end", ends: true, options: "", begin: large_headers },
    Attack { name: "slow bodies", ends: true, options: "", begin: slow_bodies },
    Attack { name: "streams without an end", ends: true, options: "", begin: streams },
    Attack {
        name: "forged renewals, RSA-4096",
        ends: false,
        options: "",
        begin: |attacker| attacker.flood(renewal),
    },
    Attack {
        name: "forged enrollments",
        ends: false,
        options: "",
        begin: |attacker| attacker.flood(enrollment),
    },
    Attack {
        name: "readyz flood",
        ends: false,
        options: "",
        begin: |attacker| attacker.flood(|_| get("/readyz")),
    },
    Attack {
        name: "all connections",
        ends: true,
        options: "--connections-max 256 --connections-per-address-max 64",
        begin: pings,
    },
];

const PREFACE: &[u8] = b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n";
/// Types of frames of HTTP/2, and their flags.
const DATA: u8 = 0;
const HEADERS: u8 = 1;
const SETTINGS: u8 = 4;
const PING: u8 = 6;
const END_STREAM: u8 = 1;
const END_HEADERS: u8 = 4;
/// Streams that a connection opens.
const STREAMS: u8 = 16;
/// With so many streams there are so many times fewer connections.
const CONNECTIONS_PER_STREAMS: usize = 4;
/// In how much time the connections of an attack are opened.
const BEGINNING: Duration = Duration::from_millis(500);
/// Connections over which requests are sent as fast as they are answered.
const FLOODS: usize = 16;

pub(crate) struct Attacker {
    to: SocketAddr,
    scale: Scale,
    forged_renewal: Vec<u8>,
    http1: Arc<ClientConfig>,
    http2: Arc<ClientConfig>,
    connections: Mutex<Connections>,
}

#[derive(Default)]
struct Connections {
    count: usize,
    open: HashMap<usize, Instant>,
    lasted: Duration,
}

/// A connection, until it is dropped.
struct Open {
    attacker: Arc<Attacker>,
    number: usize,
}

impl Drop for Open {
    fn drop(&mut self) {
        let mut connections = self.attacker.connections.lock().unwrap();
        if let Some(begun) = connections.open.remove(&self.number) {
            connections.lasted = connections.lasted.max(begun.elapsed());
        }
    }
}

impl Attacker {
    pub(crate) fn new(site: &Site, server: &Server, scale: Scale) -> Self {
        let [http1, http2] = ["http/1.1", "h2"].map(client::config);
        let forged_renewal = site.forged_renewal.clone();
        let connections = Mutex::default();
        Self { to: server.address, scale, forged_renewal, http1, http2, connections }
    }

    /// How many connections there were, and how long the one lasted that lasted longest.
    pub(crate) fn connections(&self) -> (usize, Duration) {
        let connections = self.connections.lock().unwrap();
        let open = connections.open.values().map(Instant::elapsed);
        (connections.count, open.max().unwrap_or_default().max(connections.lasted))
    }

    fn open(self: &Arc<Self>) -> Open {
        let mut connections = self.connections.lock().unwrap();
        let number = connections.count;
        connections.count += 1;
        connections.open.insert(number, Instant::now());
        Open { attacker: Arc::clone(self), number }
    }

    /// Holds so many connections, from four addresses; each one that ends is opened again soon.
    fn each<F>(self: &Arc<Self>, connections: usize, hold: impl Fn(Arc<Self>, [u8; 2]) -> F)
    where
        F: Future<Output = ()> + Send + 'static,
    {
        for index in 0..connections {
            let address = [2, 1 + u8::try_from(index % 4).expect("one of four")];
            let held = hold(Arc::clone(self), address);
            // Not all at once: the system would make them wait, for seconds.
            let delay = BEGINNING.mul_f64(index as f64 / connections as f64);
            tokio::spawn(async move {
                sleep(delay).await;
                held.await;
            });
        }
    }

    /// Sends something over each connection, and then the same again and again.
    fn hold(self: &Arc<Self>, protocol: &'static str, first: &[u8], again: &[u8]) {
        self.hold_some(self.scale.tls, protocol, first, again);
    }

    fn hold_some(
        self: &Arc<Self>,
        connections: usize,
        protocol: &'static str,
        first: &[u8],
        again: &[u8],
    ) {
        let (first, again): (Arc<[u8]>, Arc<[u8]>) = (first.into(), again.into());
        self.each(connections, |attacker, address| {
            let (first, again) = (Arc::clone(&first), Arc::clone(&again));
            async move {
                let config = if protocol == "h2" { &attacker.http2 } else { &attacker.http1 };
                loop {
                    if let Ok(stream) = client::tls(attacker.to, address, config).await {
                        let open = attacker.open();
                        let _ = outlast(stream, &first, &again).await;
                        drop(open);
                    }
                    sleep(Duration::from_millis(500)).await;
                }
            }
        });
    }

    /// Sends a request again and again over a few connections of one address.
    fn flood(self: &Arc<Self>, make: fn(&Self) -> Vec<u8>) {
        for _ in 0..FLOODS {
            let (attacker, request) = (Arc::clone(self), make(self));
            tokio::spawn(async move {
                loop {
                    if let Ok(mut stream) = client::tls(attacker.to, [2, 1], &attacker.http1).await
                    {
                        let open = attacker.open();
                        let mut buffer = [0; 4096];
                        while stream.write_all(&request).await.is_ok()
                            && stream.read(&mut buffer).await.is_ok_and(|read| read > 0)
                        {
                        }
                        drop(open);
                    }
                    sleep(Duration::from_millis(100)).await;
                }
            });
        }
    }
}

/// Until the server ends the connection; what it sends is read.
async fn outlast(
    mut stream: impl AsyncRead + AsyncWrite + Unpin,
    first: &[u8],
    again: &[u8],
) -> io::Result<()> {
    stream.write_all(first).await?;
    stream.flush().await?;
    let mut buffer = [0; 4096];
    loop {
        tokio::select! {
            read = stream.read(&mut buffer) => if read? == 0 { return Ok(()) },
            () = sleep(Duration::from_millis(500)), if !again.is_empty() => {
                stream.write_all(again).await?;
                stream.flush().await?;
            }
        }
    }
}

fn silent(attacker: &Arc<Attacker>) {
    attacker.each(attacker.scale.tcp, |attacker, address| async move {
        loop {
            if let Ok(mut stream) = client::tcp(attacker.to, address).await {
                let open = attacker.open();
                let _ = stream.read(&mut [0; 16]).await;
                drop(open);
            }
            sleep(Duration::from_millis(500)).await;
        }
    });
}

fn pings(attacker: &Arc<Attacker>) {
    attacker.hold("h2", &preface(&[]), &frame(PING, 0, 0, &[0; 8]));
}

fn window_zero(attacker: &Arc<Attacker>) {
    unread(attacker, "/console/style.css");
}

fn unread(attacker: &Arc<Attacker>, path: &str) {
    // SETTINGS_INITIAL_WINDOW_SIZE.
    let mut first = preface(&[0, 4, 0, 0, 0, 0]);
    for stream in 0..STREAMS {
        let head = header("GET", path);
        first.extend(frame(HEADERS, END_STREAM | END_HEADERS, 2 * stream + 1, &head));
    }
    let connections = attacker.scale.tls / CONNECTIONS_PER_STREAMS;
    attacker.hold_some(connections, "h2", &first, &frame(PING, 0, 0, &[0; 8]));
}

fn never_reads(attacker: &Arc<Attacker>) {
    let request = b"GET /console/style.css HTTP/1.1\r\nHost: localhost\r\n\r\n".repeat(20);
    attacker.each(attacker.scale.tls, |attacker, address| {
        let request = request.clone();
        async move {
            loop {
                if let Ok(mut stream) = client::tls(attacker.to, address, &attacker.http1).await {
                    let open = attacker.open();
                    while stream.write_all(&request).await.is_ok() && stream.flush().await.is_ok() {
                    }
                    drop(open);
                }
                sleep(Duration::from_millis(500)).await;
            }
        }
    });
}

fn large_headers(attacker: &Arc<Attacker>) {
    let head = format!("GET / HTTP/1.1\r\nHost: h\r\nA: {}", "a".repeat(15_000));
    attacker.hold("http/1.1", head.as_bytes(), b"");
}

fn slow_bodies(attacker: &Arc<Attacker>) {
    let head =
        b"POST /.well-known/est/simpleenroll HTTP/1.1\r\nHost: h\r\nContent-Length: 20000\r\n\r\n";
    attacker.hold("http/1.1", &[&head[..], &[b'M'; 10_000]].concat(), b"M");
}

fn streams(attacker: &Arc<Attacker>) {
    let mut first = preface(&[]);
    let head = header("POST", "/.well-known/est/simpleenroll");
    for stream in 0..STREAMS {
        first.extend(frame(HEADERS, END_HEADERS, 2 * stream + 1, &head));
    }
    // As much for all of them as the window of a connection takes.
    for stream in 0..STREAMS {
        first.extend(frame(DATA, 0, 2 * stream + 1, &[b'M'; 4_000]));
    }
    let connections = attacker.scale.tls / CONNECTIONS_PER_STREAMS;
    attacker.hold_some(connections, "h2", &first, &frame(PING, 0, 0, &[0; 8]));
}

fn renewal(attacker: &Attacker) -> Vec<u8> {
    post("simplereenroll", &attacker.forged_renewal)
}

/// With the text of a key that somebody made up.
fn enrollment(_: &Attacker) -> Vec<u8> {
    let host = Host::parse("localhost").unwrap();
    let (id, pin) = (KeyId::parse("q2w3e4r5t6y7").unwrap(), Pin::from_bytes([1; 15]));
    let key = ProvisioningKey::from_parts(host, id, Secret::from_bytes([7; 20]), pin);
    let mut identity = Identity::generate(KeyAlgorithm::EcdsaP256).unwrap();
    post("simpleenroll", identity.request(&key, None).unwrap().der())
}

fn post(operation: &str, body: &[u8]) -> Vec<u8> {
    let path = format!("/.well-known/est/{operation}");
    keep(request("POST", &path, "Content-Type: application/pkcs10\r\n", body))
}

fn get(path: &str) -> Vec<u8> {
    keep(request("GET", path, "", &[]))
}

/// The same request, after which the connection stays.
fn keep(request: Vec<u8>) -> Vec<u8> {
    let end = b"Connection: close\r\n";
    let at = request.windows(end.len()).position(|window| window == end).expect("it is there");
    [&request[..at], &request[at + end.len()..]].concat()
}

/// How a client of HTTP/2 begins, with these settings.
fn preface(settings: &[u8]) -> Vec<u8> {
    [PREFACE, &frame(SETTINGS, 0, 0, settings)].concat()
}

fn frame(kind: u8, flags: u8, stream: u8, payload: &[u8]) -> Vec<u8> {
    let length = u32::try_from(payload.len()).expect("it is short").to_be_bytes();
    [&length[1..], &[kind, flags, 0, 0, 0, stream], payload].concat()
}

/// A header in HPACK, with each field as it is.
fn header(method: &str, path: &str) -> Vec<u8> {
    let text = |text: &str| [&[u8::try_from(text.len()).expect("short")], text.as_bytes()].concat();
    [(":method", method), (":scheme", "https"), (":authority", "localhost"), (":path", path)]
        .iter()
        .flat_map(|(name, value)| [vec![0], text(name), text(value)].concat())
        .collect()
}
