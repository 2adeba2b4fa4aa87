//! Integration tests of the PostgreSQL store.

#![allow(clippy::unwrap_used, clippy::panic)]

use std::sync::LazyLock;

use provkey::store::{Operation, RecordKey, ScanRange, Store, StoreError, Unit, Value};
use provkey_postgres::PostgresStore;
use provkey_tests::PostgresServer;

mod access;
mod child;
mod conformance;
mod failover;
mod full_disk;
mod killed;
mod lost_connections;
mod processes;
mod queries;
mod races;
mod replica;
mod runtimes;
mod schemas;
mod tls;

/// The server that most tests share.
static SERVER: LazyLock<PostgresServer> = LazyLock::new(PostgresServer::start);

fn key(name: &str) -> RecordKey {
    RecordKey::new(name).unwrap()
}

/// A use of a key: counted and recorded. If its outcome is unknown, it can be repeated.
fn use_of(counter: &str, record: &str) -> Unit {
    Unit::new(vec![
        Operation::Expect { key: key(record), version: None },
        Operation::Count { counter: key(counter), by: 1, at_ms: 1 },
        Operation::Put { key: key(record), body: vec![b'x'; 1200] },
    ])
}

fn make_counter(store: &PostgresStore, counter: &str, limit: u64) {
    let counter = key(counter);
    let unit = Unit::new(vec![
        Operation::Expect { key: counter.clone(), version: None },
        Operation::SetLimit { counter, limit: Some(limit) },
    ]);
    // In a race, one of the callers creates it.
    store.apply(&[unit]).unwrap();
}

fn used(store: &PostgresStore, counter: &str) -> u64 {
    match store.get(&[key(counter)]).unwrap().remove(0).unwrap().value {
        Value::Counter(counter) => counter.used,
        Value::Body(_) => panic!("not a counter"),
    }
}

/// The names of all recorded uses.
fn recorded(store: &PostgresStore) -> Vec<String> {
    let mut range = ScanRange::prefix("used/");
    let mut keys = Vec::new();
    loop {
        let page = store.scan(&range, 1000).unwrap();
        let Some(last) = page.last() else { return keys };
        range.after = Some(last.key.clone());
        let name = |key: &RecordKey| String::from_utf8(key.as_bytes().to_vec()).unwrap();
        keys.extend(page.iter().map(|record| name(&record.key)));
    }
}

/// Checks that the call failed with this code and changed nothing.
#[track_caller]
fn check_refused<T>(result: Result<T, StoreError>, code: &str) -> StoreError {
    let Err(error) = result else { panic!("{code} was expected") };
    assert_eq!(error.code(), code, "{error}");
    assert!(matches!(error, StoreError::NotApplied(_)), "{error}");
    error
}
