//! The SQLite store beside hand-written accounting.
//!
//! `cargo bench -p provkey-benches --bench sqlite [-- WORD]` runs the rows that contain the word.

// A command-line program, which panics on any error.
#![allow(clippy::print_stdout, clippy::unwrap_used)]

mod listing;
mod slow_disk;

use std::path::Path;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};

use provkey::authority::EnrollRequest;
use provkey::x509::KeyAlgorithm;
use provkey_benches::{
    Accounting, HandWritten, Journal, ROUNDS, Row, World, authority, beside, cores, durations,
    median_ms, p256_request, per_second, run, tail, verify_and_sign,
};
use provkey_sqlite::SqliteStore;
use tempfile::TempDir;

use Journal::{Rollback, Wal};

fn main() {
    run(&[
        Row("accounting, SQLite, 64 callers, one key", |row| accounting(row, 64, Rollback)),
        Row("accounting, SQLite, 64 callers, one key, beside WAL", |row| accounting(row, 64, Wal)),
        Row("accounting, SQLite, 8 callers, one key, beside WAL", |row| accounting(row, 8, Wal)),
        Row("accounting, SQLite, 1 caller", lone),
        Row("accounting, SQLite, 64 callers, 1 ms more for each fsync", slow_disk::run),
        Row("enroll, SQLite, 64 callers, beside all cores doing ring alone", enroll_ring),
        Row("enroll, SQLite, 64 callers, beside hand-written", |row| enroll(row, 64, Rollback)),
        Row("enroll, SQLite, 64 callers, beside hand-written with WAL", |row| enroll(row, 64, Wal)),
        Row("enroll, SQLite, 1 caller, beside hand-written with WAL", |row| enroll(row, 1, Wal)),
        Row("wait of one of 64 callers, SQLite", |row| {
            let (_directory, accounting) = new_accounting();
            tail(row, || accounting.count_one());
        }),
        Row("accounting, SQLite, 1,000,000 enrollments stored", stored),
        Row("a page of 50 keys among 1,000,000, SQLite", listing::pages),
    ]);
}

/// A folder for files, beside the build and hence on a real disk.
fn directory() -> TempDir {
    tempfile::tempdir_in(env!("CARGO_TARGET_TMPDIR")).unwrap()
}

fn new_store(directory: &Path) -> Arc<SqliteStore> {
    Arc::new(SqliteStore::create(directory.join("store.db")).unwrap())
}

fn new_accounting() -> (TempDir, Accounting) {
    let directory = directory();
    let accounting = Accounting::new(new_store(directory.path()));
    (directory, accounting)
}

/// The accounting written by hand, in a database of its own.
struct Rival {
    hand_written: HandWritten,
    next: AtomicUsize,
    _directory: TempDir,
}

impl Rival {
    fn new(journal: Journal) -> Self {
        let directory = directory();
        let path = directory.path().join("rival.db");
        let hand_written = HandWritten::create(&path, journal, 1_000_000_000).unwrap();
        Self { hand_written, next: AtomicUsize::new(0), _directory: directory }
    }

    fn count_one(&self) {
        let number = self.next.fetch_add(1, Ordering::Relaxed);
        let hash = ring::digest::digest(&ring::digest::SHA256, &number.to_be_bytes());
        let public_key = hash.as_ref().try_into().unwrap();
        assert!(self.hand_written.enroll(&public_key, &[b'e'; 650]).unwrap());
    }
}

fn named(journal: Journal) -> &'static str {
    match journal {
        Rollback => "hand-written, one transaction per use",
        Wal => "hand-written, one transaction per use, WAL",
    }
}

fn accounting(row: &str, callers: usize, journal: Journal) {
    let ((_directory, ours), theirs) = (new_accounting(), Rival::new(journal));
    beside(
        row,
        named(journal),
        || per_second(callers, 400, |_, _| ours.count_one()),
        // The rival is slow with many callers, so fewer uses are enough.
        || per_second(callers, 800 / callers, |_, _| theirs.count_one()),
    );
}

fn lone(row: &str) {
    let ((_directory, ours), theirs) = (new_accounting(), Rival::new(Wal));
    let (ours, theirs) = (|_, _| ours.count_one(), |_, _| theirs.count_one());
    beside(row, named(Wal), || per_second(1, 400, ours), || per_second(1, 400, theirs));
    let (ours, theirs) =
        (median_ms(&durations(1, 1000, ours)), median_ms(&durations(1, 1000, theirs)));
    println!(
        "| {row}, wait | p50 {ours:.3} ms | {} | p50 {theirs:.3} ms | {:.3} |",
        named(Wal),
        ours / theirs
    );
}

/// An authority, and enough requests for all rounds.
struct Enrolling {
    world: World,
    requests: Vec<EnrollRequest>,
    next: AtomicUsize,
    _directory: TempDir,
}

impl Enrolling {
    fn new(number: usize) -> Self {
        let directory = directory();
        let world = authority(new_store(directory.path()));
        let (_, key) = world.key("fleet", 1_000_000_000);
        let requests = (0..number).map(|_| p256_request(&key)).collect();
        Self { world, requests, next: AtomicUsize::new(0), _directory: directory }
    }

    fn enroll(&self) {
        let request = &self.requests[self.next.fetch_add(1, Ordering::Relaxed)];
        assert!(!self.world.authority.enroll(request).unwrap().replay);
    }
}

fn enroll_ring(row: &str) {
    let ours = Enrolling::new(ROUNDS * 64 * 250);
    let ring = verify_and_sign(KeyAlgorithm::EcdsaP256);
    beside(
        row,
        "all cores doing only ring's verify and sign",
        || per_second(64, 250, |_, _| ours.enroll()),
        || per_second(cores(), 8000, |_, _| ring()),
    );
}

fn enroll(row: &str, callers: usize, journal: Journal) {
    let count = 12_800 / callers.max(16);
    let ours = Enrolling::new(ROUNDS * callers * count);
    let (ring, theirs) = (verify_and_sign(KeyAlgorithm::EcdsaP256), Rival::new(journal));
    beside(
        row,
        &format!("ring's verify and sign, then {}", named(journal)),
        || per_second(callers, count, |_, _| ours.enroll()),
        || {
            per_second(callers, 800 / callers, |_, _| {
                ring();
                theirs.count_one();
            })
        },
    );
}

/// The effect of the number of stored enrollments.
fn stored(row: &str) {
    let ((_many_directory, many), (_few_directory, few)) = (new_accounting(), new_accounting());
    many.fill(1_000_000);
    few.fill(1000);
    beside(
        row,
        "with 1,000",
        || per_second(64, 100, |_, _| many.count_one()),
        || per_second(64, 100, |_, _| few.count_one()),
    );
}
