//! An honest connector and an honest administrator.

use std::io;
use std::net::SocketAddr;
use std::sync::Arc;
use std::time::Duration;

use provkey::connector::Identity;
use provkey::x509::KeyAlgorithm;
use rustls::ClientConfig;
use tokio::time::{Instant, sleep};

use crate::client;
use crate::site::{Server, Site};

/// The time between two requests of each.
const INTERVAL: Duration = Duration::from_millis(100);

/// How long the requests of one client took.
#[derive(Default)]
pub(crate) struct Waits {
    times: Vec<Duration>,
    pub(crate) failed: Vec<String>,
}

impl Waits {
    pub(crate) fn median(&self) -> Duration {
        let mut times = self.times.clone();
        times.sort();
        times.get(times.len() / 2).copied().unwrap_or(Duration::MAX)
    }

    pub(crate) fn worst(&self) -> Duration {
        self.times.iter().max().copied().unwrap_or(Duration::MAX)
    }

    fn count(&mut self, begun: Instant, answer: io::Result<String>) {
        self.times.push(begun.elapsed());
        match answer {
            Ok(answer) if answer.starts_with("HTTP/1.1 200 ") => {}
            Ok(answer) => self.failed.push(answer.chars().take(400).collect()),
            Err(error) => self.failed.push(error.to_string()),
        }
    }
}

/// Runs both for a while.
pub(crate) fn measure(site: &Site, server: &Server, time: Duration) -> (Waits, Waits) {
    let csrs: Vec<_> = (0..time.as_millis() / INTERVAL.as_millis())
        .map(|_| {
            let mut identity = Identity::generate(KeyAlgorithm::EcdsaP256).unwrap();
            identity.request(&site.key, None).unwrap().der().to_vec()
        })
        .collect();
    let token = format!("Authorization: Bearer {}\r\n", site.admin_token);
    let query = request("GET", "/api/v1/keys?limit=10", "close", &token, &[]);
    let queries = vec![query; csrs.len()];
    let enrollments = csrs.iter().map(|csr| {
        let kind = "Content-Type: application/pkcs10\r\n";
        request("POST", "/.well-known/est/simpleenroll", "close", kind, csr)
    });
    let enrollments = enrollments.collect();
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap();
    runtime.block_on(async {
        let config = client::config("http/1.1", &site.root);
        let until = Instant::now() + time;
        let connector = work(server.address, [1, 1], &config, enrollments, until);
        let administrator = work(server.address, [1, 2], &config, queries, until);
        tokio::join!(connector, administrator)
    })
}

async fn work(
    to: SocketAddr,
    from: [u8; 2],
    config: &Arc<ClientConfig>,
    requests: Vec<Vec<u8>>,
    until: Instant,
) -> Waits {
    let mut waits = Waits::default();
    for request in requests {
        let begun = Instant::now();
        if begun >= until {
            break;
        }
        let answer = client::ask(to, from, config, &request).await;
        waits.count(begun, answer);
        sleep(INTERVAL.saturating_sub(begun.elapsed())).await;
    }
    waits
}

/// A request of HTTP/1.
pub(crate) fn request(
    method: &str,
    path: &str,
    connection: &str,
    headers: &str,
    body: &[u8],
) -> Vec<u8> {
    let head = format!(
        "{method} {path} HTTP/1.1\r\nHost: localhost\r\nConnection: {connection}\r\n{headers}Content-Length: {}\r\n\r\n",
        body.len()
    );
    [head.as_bytes(), body].concat()
}
