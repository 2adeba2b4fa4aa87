//! Group commit and the store in memory under shuttle: one thread runs at a time, and shuttle
//! chooses at each lock, wait and wake-up which one. A thread that waits forever is a deadlock and
//! fails the test. A failed schedule is printed, and `shuttle::replay` runs it again.
//!
//! `scripts/schedules.sh` runs these tests with `--cfg shuttle`, and shows that they find planted
//! bugs.

// Clippy grants these to functions marked `#[test]`, but not to what they share.
#![allow(clippy::panic, clippy::unwrap_used)]

mod commit;
mod memory;

use std::env;
use std::string::String;

use alloc::vec;

use super::{Operation, RecordKey, Unit};

/// The directed search finds bugs that need up to this many preemptions.
const PREEMPTIONS: usize = 3;

/// Runs a test in many schedules: random ones, and ones with few preemptions.
fn check(test: impl Fn() + Clone + Send + Sync + 'static) {
    let schedules = if env::var_os("PROVKEY_TEST_DEEP").is_some() { 20_000 } else { 500 };
    shuttle::check_random(test.clone(), schedules);
    shuttle::check_pct(test, schedules, PREEMPTIONS);
}

fn key(name: impl Into<String>) -> RecordKey {
    RecordKey::new(name.into()).unwrap()
}

fn absent(name: impl Into<String>) -> Operation {
    Operation::Expect { key: key(name), version: None }
}

fn put(name: impl Into<String>, body: &str) -> Operation {
    Operation::Put { key: key(name), body: body.into() }
}

fn limit(counter: &str, limit: u64) -> Unit {
    Unit::new(vec![Operation::SetLimit { counter: key(counter), limit: Some(limit) }])
}

/// A use of the counter `uses`: counted, and recorded. It can be settled.
fn use_of(record: &str) -> Unit {
    let count = Operation::Count { counter: key("uses"), by: 1, at_ms: 1 };
    Unit::new(vec![absent(record), put(record, record), count])
}
