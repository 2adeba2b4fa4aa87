//! The calls that `python/benches/compare.py` makes, made from Rust: it runs this beside its own.
//!
//! `provkey-bench-worker enroll-memory|enroll-sqlite|read COUNT` prints nanoseconds per call.

// A program for another, that ends by panicking if anything goes wrong.
#![allow(clippy::print_stdout, clippy::unwrap_used, clippy::panic)]

use std::hint::black_box;
use std::sync::Arc;
use std::time::Instant;

use provkey::key::ProvisioningKey;
use provkey::store::{Memory, Store};
use provkey_benches::{authority, p256_request};
use provkey_sqlite::SqliteStore;

fn main() {
    let arguments: Vec<_> = std::env::args().collect();
    let [_, what, count] = &arguments[..] else { panic!("what, and how often?") };
    let count: usize = count.parse().unwrap();
    let directory = tempfile::tempdir().unwrap();
    let store: Arc<dyn Store> = match what.as_str() {
        "enroll-sqlite" => Arc::new(SqliteStore::create(directory.path().join("db")).unwrap()),
        _ => Arc::new(Memory::new()),
    };
    let world = authority(store);
    let (_, key) = world.key("key", 1_000_000);
    let text = key.to_text();
    let requests: Vec<_> = match what.as_str() {
        "read" => Vec::new(),
        _ => (0..count).map(|_| p256_request(&key)).collect(),
    };
    let started = Instant::now();
    if requests.is_empty() {
        for _ in 0..count {
            drop(ProvisioningKey::read(black_box(text.expose().as_bytes())).unwrap());
        }
    }
    for request in &requests {
        drop(black_box(world.authority.enroll(request).unwrap()));
    }
    println!("{}", started.elapsed().as_nanos() / count as u128);
}
