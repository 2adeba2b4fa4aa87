//! The attacks.

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
use crate::http2::{
    END_HEADERS, END_STREAM, HEADERS, PREFACE, WINDOW_ZERO, frame, header_block, ping, preface,
};
use crate::site::{Server, Site};

/// The size of the attacks.
#[derive(Clone, Copy)]
pub(crate) struct Scale {
    /// The duration of attacks whose connections the server has to close, and of others.
    time: [Duration; 2],
    /// The number of TLS connections, each of which costs both sides a handshake.
    tls: usize,
    /// The number of TCP connections.
    tcp: usize,
    /// Options of the server that set its deadlines.
    pub(crate) deadlines: &'static str,
    /// How long a connection may last that the server has to close.
    pub(crate) lasts_max: Duration,
    /// The longest time that a connector or an administrator may wait.
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
        self.time[usize::from(!attack.closes)]
    }
}

/// An attack.
pub(crate) struct Attack {
    pub(crate) name: &'static str,
    /// Whether the server has to close its connections.
    pub(crate) closes: bool,
    /// Further options of the server.
    pub(crate) options: &'static str,
    pub(crate) begin: fn(&Arc<Attacker>),
}

/// An attack whose connections the server has to close.
const fn closes(name: &'static str, begin: fn(&Arc<Attacker>)) -> Attack {
    Attack { name, closes: true, options: "", begin }
}

/// An attack whose connections may last.
const fn lasts(name: &'static str, begin: fn(&Arc<Attacker>)) -> Attack {
    Attack { name, closes: false, options: "", begin }
}

pub(crate) const ATTACKS: &[Attack] = &[
    lasts("nothing", |_| {}),
    closes("silent TCP", silent),
    closes("TLS, then silence", |attacker| attacker.hold("http/1.1", b"", b"")),
    closes("PRI * only", |attacker| attacker.hold("h2", &PREFACE[..14], b"")),
    closes("HTTP/2 idle, with PINGs", pings),
    closes("window 0", |attacker| unread(attacker, "/console/style.css")),
    // Its deadline grows with the length of the response.
    lasts("window 0, large answers", |attacker| unread(attacker, "/api/v1/openapi.json")),
    closes("never reads", never_reads),
    closes("slow headers", |attacker| {
        attacker.hold("http/1.1", b"GET / HTTP/1.1\r\nHost: h\r\n", b"A: b\r\n");
    }),
    closes("large headers without end", large_headers),
    closes("slow bodies", slow_bodies),
    closes("streams without an end", streams),
    lasts("forged renewals, RSA-4096", |attacker| attacker.flood(renewal)),
    lasts("forged enrollments", |attacker| attacker.flood(enrollment)),
    lasts("readyz flood", |attacker| {
        attacker.flood(|_| request("GET", "/readyz", "keep-alive", "", &[]));
    }),
    Attack {
        options: "--connections-max 256 --connections-per-address-max 64",
        ..closes("all connections", pings)
    },
];

const DATA: u8 = 0;
/// The streams of a connection.
const STREAMS: u8 = 16;
/// Attacks with many streams have this many times fewer connections.
const CONNECTIONS_PER_STREAMS: usize = 4;
/// The time in which the connections of an attack are opened.
const BEGINNING: Duration = Duration::from_millis(500);
/// The connections of a flood.
const FLOODS: usize = 16;
/// The addresses of the other attacks.
const ADDRESSES: usize = 4;
const REOPEN_AFTER: Duration = Duration::from_millis(500);

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

/// An open connection, until it is dropped.
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
        let [http1, http2] =
            ["http/1.1", "h2"].map(|protocol| client::config(protocol, &site.root));
        let forged_renewal = site.forged_renewal.clone();
        let connections = Mutex::default();
        Self { to: server.address, scale, forged_renewal, http1, http2, connections }
    }

    /// The number of connections, and how long the longest has lasted.
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

    /// Attacks over so many connections from so many addresses, and opens each one that ends again.
    fn each<F>(
        self: &Arc<Self>,
        connections: usize,
        addresses: usize,
        attack: impl Fn(Arc<Self>, [u8; 2]) -> F + Clone + Send + 'static,
    ) where
        F: Future<Output = io::Result<()>> + Send + 'static,
    {
        for index in 0..connections {
            let address = [2, 1 + u8::try_from(index % addresses).expect("few addresses")];
            let (attacker, attack) = (Arc::clone(self), attack.clone());
            // Not all at once: the kernel would delay them for seconds.
            let delay = BEGINNING.mul_f64(index as f64 / connections as f64);
            tokio::spawn(async move {
                sleep(delay).await;
                loop {
                    let _ = attack(Arc::clone(&attacker), address).await;
                    sleep(REOPEN_AFTER).await;
                }
            });
        }
    }

    /// Sends `first` over each connection, and then `again` repeatedly.
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
        self.each(connections, ADDRESSES, move |attacker, address| {
            let (first, again) = (Arc::clone(&first), Arc::clone(&again));
            async move {
                let config = if protocol == "h2" { &attacker.http2 } else { &attacker.http1 };
                let stream = client::tls(attacker.to, address, config).await?;
                let _open = attacker.open();
                outlast(stream, &first, &again).await
            }
        });
    }

    /// Sends requests as fast as they are answered, over a few connections from one address.
    fn flood(self: &Arc<Self>, make: fn(&Self) -> Vec<u8>) {
        self.each(FLOODS, 1, move |attacker, address| async move {
            let request = make(&attacker);
            let mut stream = client::tls(attacker.to, address, &attacker.http1).await?;
            let _open = attacker.open();
            let mut buffer = [0; 4096];
            loop {
                stream.write_all(&request).await?;
                if stream.read(&mut buffer).await? == 0 {
                    return Ok(());
                }
            }
        });
    }
}

/// Reads until the server closes the connection.
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
    attacker.each(attacker.scale.tcp, ADDRESSES, |attacker, address| async move {
        let mut stream = client::tcp(attacker.to, address).await?;
        let _open = attacker.open();
        stream.read(&mut [0; 16]).await.map(drop)
    });
}

fn pings(attacker: &Arc<Attacker>) {
    attacker.hold("h2", &preface(&[]), &ping());
}

fn unread(attacker: &Arc<Attacker>, path: &str) {
    let mut first = preface(&WINDOW_ZERO);
    for stream in 0..STREAMS {
        let head = header_block("GET", path);
        first.extend(frame(HEADERS, END_STREAM | END_HEADERS, 2 * stream + 1, &head));
    }
    let connections = attacker.scale.tls / CONNECTIONS_PER_STREAMS;
    attacker.hold_some(connections, "h2", &first, &ping());
}

fn never_reads(attacker: &Arc<Attacker>) {
    attacker.each(attacker.scale.tls, ADDRESSES, |attacker, address| async move {
        let request = b"GET /console/style.css HTTP/1.1\r\nHost: localhost\r\n\r\n".repeat(20);
        let mut stream = client::tls(attacker.to, address, &attacker.http1).await?;
        let _open = attacker.open();
        loop {
            stream.write_all(&request).await?;
            stream.flush().await?;
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
    let head = header_block("POST", "/.well-known/est/simpleenroll");
    for stream in 0..STREAMS {
        first.extend(frame(HEADERS, END_HEADERS, 2 * stream + 1, &head));
    }
    // Together they fill the window of the connection.
    for stream in 0..STREAMS {
        first.extend(frame(DATA, 0, 2 * stream + 1, &[b'M'; 4_000]));
    }
    let connections = attacker.scale.tls / CONNECTIONS_PER_STREAMS;
    attacker.hold_some(connections, "h2", &first, &ping());
}

fn renewal(attacker: &Attacker) -> Vec<u8> {
    post("simplereenroll", &attacker.forged_renewal)
}

/// With the text of an invented key.
fn enrollment(_: &Attacker) -> Vec<u8> {
    let host = Host::parse("localhost").unwrap();
    let (id, pin) = (KeyId::parse("q2w3e4r5t6y7").unwrap(), Pin::from_bytes([1; 15]));
    let key = ProvisioningKey::from_parts(host, id, Secret::from_bytes([7; 20]), pin);
    let mut identity = Identity::generate(KeyAlgorithm::EcdsaP256).unwrap();
    post("simpleenroll", identity.request(&key, None).unwrap().der())
}

fn post(operation: &str, body: &[u8]) -> Vec<u8> {
    let path = format!("/.well-known/est/{operation}");
    request("POST", &path, "keep-alive", "Content-Type: application/pkcs10\r\n", body)
}
