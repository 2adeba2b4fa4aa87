//! The PostgreSQL store beside hand-written accounting, on a server that the benchmark starts.
//!
//! `cargo bench -p provkey-benches --bench postgres [-- WORD]` runs the rows that contain the word.

// A command-line program, which panics on any error.
#![allow(clippy::print_stdout, clippy::unwrap_used)]

mod processes;
mod redis;

use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, LazyLock, Mutex};

use provkey::x509::KeyAlgorithm;
use provkey_benches::{
    Accounting, HandWrittenPostgres, ROUNDS, Row, authority, beside, cores, durations, median_ms,
    p256_request, per_second, run, tail, verify_and_sign,
};
use provkey_postgres::PostgresStore;
use provkey_tests::PostgresServer;

const ONE_KEY: &str = "accounting, PostgreSQL, 64 callers, one key";

fn main() {
    if processes::is_child() {
        return processes::child();
    }
    run(&[
        Row("accounting, PostgreSQL, 1 caller", lone),
        Row(ONE_KEY, |row| {
            let theirs = Rivals::new(64);
            beside_accounting(row, "hand-written, one transaction per use, 64 connections", || {
                // The rival is slow, so fewer uses are enough.
                per_second(64, 15, |thread, _| theirs.count_one(thread))
            });
        }),
        Row("accounting, PostgreSQL, 64 callers, one key, beside Redis", |row| {
            let redis = redis::Server::start();
            let rival = format!("Redis {}, Lua, appendfsync always, 50 clients", redis.version());
            beside_accounting(row, &rival, || redis.per_second(50, 400));
        }),
        Row("accounting, PostgreSQL, 64 callers in each of 4 processes, one key", processes::run),
        Row("enroll, PostgreSQL, 64 callers, beside all cores doing ring alone", enroll_ring),
        Row("wait of one of 64 callers, PostgreSQL", |row| {
            let accounting = new_accounting(&SERVER.new_database());
            tail(row, || accounting.count_one());
        }),
    ]);
}

/// A server with the settings of Debian.
static SERVER: LazyLock<PostgresServer> = LazyLock::new(PostgresServer::start);

fn new_accounting(url: &str) -> Accounting {
    Accounting::new(Arc::new(PostgresStore::open_or_create(url).unwrap()))
}

fn beside_accounting(row: &str, rival: &str, theirs: impl FnMut() -> f64) {
    let ours = new_accounting(&SERVER.new_database());
    beside(row, rival, || per_second(64, 600, |_, _| ours.count_one()), theirs);
}

/// The hand-written accounting, over several connections.
struct Rivals {
    connections: Vec<Mutex<HandWrittenPostgres>>,
    next: AtomicUsize,
}

impl Rivals {
    fn new(connections: usize) -> Self {
        let url = SERVER.new_database();
        HandWrittenPostgres::create(&url, 1_000_000_000).unwrap();
        let connect = |_| Mutex::new(HandWrittenPostgres::connect(&url).unwrap());
        Self { connections: (0..connections).map(connect).collect(), next: AtomicUsize::new(0) }
    }

    fn next_public_key(&self) -> [u8; 32] {
        let number = self.next.fetch_add(1, Ordering::Relaxed);
        let hash = ring::digest::digest(&ring::digest::SHA256, &number.to_be_bytes());
        hash.as_ref().try_into().unwrap()
    }

    fn count_one(&self, connection: usize) {
        let mut connection = self.connections[connection].lock().unwrap();
        assert!(connection.enroll(&self.next_public_key(), &[b'e'; 650]).unwrap());
    }

    fn count_one_in_one_statement(&self) {
        let mut connection = self.connections[0].lock().unwrap();
        assert!(connection.enroll_in_one(&self.next_public_key(), &[b'e'; 650]).unwrap());
    }
}

fn lone(row: &str) {
    let (ours, theirs) = (new_accounting(&SERVER.new_database()), Rivals::new(1));
    let ours = |_, _| ours.count_one();
    let theirs = |_, _| theirs.count_one_in_one_statement();
    let rival = "hand-written, one statement";
    beside(row, rival, || per_second(1, 1500, ours), || per_second(1, 1500, theirs));
    let (ours, theirs) =
        (median_ms(&durations(1, 1500, ours)), median_ms(&durations(1, 1500, theirs)));
    println!(
        "| {row}, wait | p50 {ours:.2} ms | {rival} | p50 {theirs:.2} ms | {:.3} |",
        ours / theirs
    );
}

fn enroll_ring(row: &str) {
    let store = PostgresStore::create(&SERVER.new_database()).unwrap();
    let world = authority(Arc::new(store));
    let (_, key) = world.key("fleet", 1_000_000_000);
    let requests: Vec<_> = (0..ROUNDS * 64 * 250).map(|_| p256_request(&key)).collect();
    let next = AtomicUsize::new(0);
    let ring = verify_and_sign(KeyAlgorithm::EcdsaP256);
    beside(
        row,
        "all cores doing only ring's verify and sign",
        || {
            per_second(64, 250, |_, _| {
                let request = &requests[next.fetch_add(1, Ordering::Relaxed)];
                assert!(!world.authority.enroll(request).unwrap().replay);
            })
        },
        || per_second(cores(), 8000, |_, _| ring()),
    );
}
