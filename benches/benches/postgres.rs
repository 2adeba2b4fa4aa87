//! The store in PostgreSQL beside what one writes by hand, on a server of the benchmark's own: as
//! `compare.rs`, in the same form.
//!
//! `cargo bench -p provkey-benches --bench postgres [-- WORD]`: only rows that contain the word.

// A program for people, that ends by panicking if anything goes wrong.
#![allow(clippy::print_stdout, clippy::unwrap_used)]

use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, Mutex};
use std::time::Duration;

use provkey::store::{GroupCommit, Operation, Outcome, RecordKey, Store, Unit};
use provkey::x509::KeyAlgorithm;
use provkey_benches::{
    HandWrittenPostgres, authority, durations, median, p256_request, per_second, verify_and_sign,
};
use provkey_postgres::PostgresStore;
use provkey_tests::PostgresServer;

const ROUNDS: usize = 5;
const MANY: u64 = 1_000_000_000;

fn main() {
    let word = std::env::args().skip(1).find(|argument| !argument.starts_with('-'));
    let wanted = |row: &str| word.as_ref().is_none_or(|word| row.contains(word.as_str()));
    let server = PostgresServer::start();
    let version = server.sql("postgres", "SHOW server_version");
    println!("{} threads at once on this machine, PostgreSQL {version}", cores());
    println!("| measured | figure | beside | figure | ratio |");
    println!("|---|---|---|---|---|");
    for Row(row, run) in ROWS {
        if wanted(row) {
            run(row, &server);
        }
    }
}

/// What a row measures, and the measurement.
struct Row(&'static str, fn(&str, &PostgresServer));

const ROWS: &[Row] = &[
    Row("accounting, PostgreSQL, 1 caller", lone),
    Row("accounting, PostgreSQL, 64 callers, one key", crowd),
    Row("enroll, PostgreSQL, 64 callers, beside all cores doing ring alone", enroll_ring),
    Row("wait of one of 64 callers, PostgreSQL", tail),
];

fn cores() -> usize {
    std::thread::available_parallelism().map_or(1, usize::from)
}

/// Lets two take turns and prints how many a second each made.
fn beside(row: &str, rival: &str, mut ours: impl FnMut() -> f64, mut theirs: impl FnMut() -> f64) {
    let (mut our_figures, mut their_figures) = (Vec::new(), Vec::new());
    for _ in 0..ROUNDS {
        our_figures.push(ours());
        their_figures.push(theirs());
    }
    let (ours, theirs) = (median(our_figures), median(their_figures));
    println!("| {row} | {ours:.0}/s | {rival} | {theirs:.0}/s | {:.3} |", ours / theirs);
}

/// The accounting of one key in a database of its own.
struct Accounting {
    commit: GroupCommit,
    /// The versions of the key's and the certificate's records.
    versions: [u64; 2],
    next: AtomicUsize,
}

impl Accounting {
    fn new(server: &PostgresServer) -> Self {
        let store = Arc::new(PostgresStore::create(&server.new_database()).unwrap());
        let records = ["key/q2w3e4r5t6y7", "certificate/q2w3e4r5t6y7"].map(key);
        let counter = key("key-uses/q2w3e4r5t6y7");
        let mut operations = vec![Operation::SetLimit { counter, limit: Some(MANY) }];
        operations.extend(
            records.iter().map(|key| Operation::Put { key: key.clone(), body: vec![b'k'; 300] }),
        );
        store.apply(&[Unit::new(operations)]).unwrap();
        let versions = store.get(&records).unwrap().into_iter().map(|it| it.unwrap().version);
        let versions = versions.collect::<Vec<_>>().try_into().unwrap();
        Self { commit: GroupCommit::new(store), versions, next: AtomicUsize::new(0) }
    }

    fn count_one(&self) {
        let unit = self.unit(self.next.fetch_add(1, Ordering::Relaxed));
        assert!(matches!(self.commit.apply(unit).unwrap(), Outcome::Applied(_)));
    }

    /// The unit of one enrollment, whole, as the authority makes it.
    fn unit(&self, number: usize) -> Unit {
        let connector =
            format!("{:026}", number * 2_654_435_761 % 1_000_000_007 * 100_000 + number);
        let audit = key(&format!("audit/1790000000000/{number:016x}"));
        let enrollment = key(&format!("enrollment/{connector}"));
        let expect = |key, version| Operation::Expect { key, version };
        let put = |key, length| Operation::Put { key, body: vec![b'b'; length] };
        let index = |by: &str| key(&format!("enrollment-by-{by}/1790000000000/{connector}"));
        Unit::new(vec![
            expect(audit.clone(), None),
            put(audit, 140),
            expect(key("key/q2w3e4r5t6y7"), Some(self.versions[0])),
            expect(key("certificate/q2w3e4r5t6y7"), Some(self.versions[1])),
            expect(enrollment.clone(), None),
            expect(key(&format!("renewed/{connector}")), None),
            Operation::Count { counter: key("key-uses/q2w3e4r5t6y7"), by: 1, at_ms: 1 },
            put(enrollment, 1150),
            put(index("key/q2w3e4r5t6y7"), 0),
            put(index("group/q2w3e4r5t6y7"), 0),
            put(index("serial/q2w3e4r5t6y7"), 26),
        ])
    }
}

fn key(text: &str) -> RecordKey {
    RecordKey::new(text).unwrap()
}

fn lone(row: &str, server: &PostgresServer) {
    let ours = Accounting::new(server);
    let (mut rival, theirs) = (rivals(server, 1).remove(0), AtomicUsize::new(0));
    let rival = Mutex::new(&mut rival);
    let work = || {
        let number = theirs.fetch_add(1, Ordering::Relaxed);
        let mut rival = rival.lock().unwrap();
        assert!(rival.enroll_in_one(&public_key(number), &[b'e'; 650]).unwrap());
    };
    beside(
        row,
        "hand-written, one statement",
        || per_second(1, 1500, |_, _| ours.count_one()),
        || per_second(1, 1500, |_, _| work()),
    );
    let middle = |all: Vec<Duration>| all[all.len() / 2].as_secs_f64() * 1000.0;
    let ours = middle(durations(1, 1500, |_, _| ours.count_one()));
    let theirs = middle(durations(1, 1500, |_, _| work()));
    println!(
        "| {row}, wait | p50 {ours:.2} ms | hand-written, one statement | p50 {theirs:.2} ms | {:.3} |",
        ours / theirs
    );
}

fn rivals(server: &PostgresServer, connections: usize) -> Vec<HandWrittenPostgres> {
    let url = server.new_database();
    HandWrittenPostgres::create(&url, MANY as i64).unwrap();
    (0..connections).map(|_| HandWrittenPostgres::connect(&url).unwrap()).collect()
}

fn crowd(row: &str, server: &PostgresServer) {
    let ours = Accounting::new(server);
    let rivals: Vec<_> = rivals(server, 64).into_iter().map(Mutex::new).collect();
    let theirs = AtomicUsize::new(0);
    beside(
        row,
        "hand-written, one transaction per use, 64 connections",
        || per_second(64, 600, |_, _| ours.count_one()),
        || {
            // The rival is slow: fewer uses say the same.
            per_second(64, 15, |thread, _| {
                let number = theirs.fetch_add(1, Ordering::Relaxed);
                let mut rival = rivals[thread].lock().unwrap();
                assert!(rival.enroll(&public_key(number), &[b'e'; 650]).unwrap());
            })
        },
    );
}

fn public_key(number: usize) -> [u8; 32] {
    let hash = ring::digest::digest(&ring::digest::SHA256, &number.to_be_bytes());
    hash.as_ref().try_into().unwrap()
}

fn enroll_ring(row: &str, server: &PostgresServer) {
    let store = PostgresStore::create(&server.new_database()).unwrap();
    let world = authority(Arc::new(store));
    let (_, key) = world.key("fleet", MANY);
    let requests: Vec<_> = (0..ROUNDS * 64 * 250).map(|_| p256_request(&key)).collect();
    let next = AtomicUsize::new(0);
    let work = verify_and_sign(KeyAlgorithm::EcdsaP256);
    beside(
        row,
        "all cores doing only ring's verify and sign",
        || {
            per_second(64, 250, |_, _| {
                let request = &requests[next.fetch_add(1, Ordering::Relaxed)];
                assert!(!world.authority.enroll(request).unwrap().replay);
            })
        },
        || per_second(cores(), 8000, |_, _| work()),
    );
}

fn tail(row: &str, server: &PostgresServer) {
    let accounting = Accounting::new(server);
    let (lone, many) = (
        durations(1, 1000, |_, _| accounting.count_one()),
        durations(64, 600, |_, _| accounting.count_one()),
    );
    let at = |all: &[Duration], part: f64| {
        all[((all.len() - 1) as f64 * part) as usize].as_secs_f64() * 1000.0
    };
    println!(
        "| {row} | p50 {:.2} ms, p99 {:.2} ms, most {:.2} ms | one lone commit | p50 {:.2} ms | {:.2}, {:.2} |",
        at(&many, 0.5),
        at(&many, 0.99),
        at(&many, 1.0),
        at(&lone, 0.5),
        at(&many, 0.5) / at(&lone, 0.5),
        at(&many, 0.99) / at(&lone, 0.5),
    );
}
