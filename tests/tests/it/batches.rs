//! Random batches of units on SQLite and PostgreSQL, each compared with the store in memory.

use proptest::collection::vec;
use proptest::prelude::*;
use proptest::sample::select;
use proptest::test_runner::{Config, TestRunner};
use provkey::store::{
    Memory, Operation, Outcome, Reason, RecordKey, ScanRange, Store, Unit, Value,
};
use provkey_postgres::PostgresStore;
use provkey_sqlite::SqliteStore;
use provkey_tests::PostgresServer;

use crate::site::scaled;

/// Few keys, so that operations conflict.
const KEYS: [&str; 6] = ["a", "b", "c", "d", "e", "f"];

/// An operation without versions, which differ between stores.
#[derive(Clone, Copy, Debug)]
enum Kind {
    ExpectAbsent,
    ExpectAsBefore,
    ExpectAnother,
    ExpectUnused,
    Put(u8),
    /// As in the units of an authority: expects the record to be absent and puts it.
    PutNew(u8),
    Delete,
    SetLimit(Option<u64>),
    Count(i64),
}

type Steps = Vec<(&'static str, Kind)>;

fn kind() -> impl Strategy<Value = Kind> {
    prop_oneof![
        1 => Just(Kind::ExpectAbsent),
        2 => Just(Kind::ExpectAsBefore),
        1 => Just(Kind::ExpectAnother),
        1 => Just(Kind::ExpectUnused),
        4 => any::<u8>().prop_map(Kind::Put),
        4 => any::<u8>().prop_map(Kind::PutNew),
        2 => Just(Kind::Delete),
        2 => proptest::option::of(0..4u64).prop_map(Kind::SetLimit),
        3 => (-1..3i64).prop_map(Kind::Count),
    ]
}

/// Batches of units of operations.
fn history() -> impl Strategy<Value = Vec<Vec<Steps>>> {
    let unit = vec((select(&KEYS[..]), kind()), 1..5);
    vec(vec(unit, 1..6), 1..8)
}

fn key(text: &str) -> RecordKey {
    RecordKey::new(text).unwrap()
}

/// The unit for a store, with its versions before the batch.
fn unit(steps: &Steps, version: impl Fn(&str) -> Option<u64>) -> Unit {
    let operations = |&(name, kind): &(&str, Kind)| {
        let (key, counter) = (key(name), key(name));
        match kind {
            Kind::ExpectAbsent => vec![Operation::Expect { key, version: None }],
            Kind::ExpectAsBefore => vec![Operation::Expect { key, version: version(name) }],
            Kind::ExpectAnother => vec![Operation::Expect { key, version: Some(u64::MAX) }],
            Kind::ExpectUnused => vec![Operation::ExpectUnused { counter }],
            Kind::Put(body) => vec![Operation::Put { key, body: vec![body] }],
            Kind::PutNew(body) => vec![
                Operation::Expect { key: key.clone(), version: None },
                Operation::Put { key, body: vec![body] },
            ],
            Kind::Delete => vec![Operation::Delete { key }],
            Kind::SetLimit(limit) => vec![Operation::SetLimit { counter, limit }],
            Kind::Count(by) => vec![Operation::Count { counter, by, at_ms: 1 }],
        }
    };
    Unit::new(steps.iter().flat_map(operations).collect())
}

/// The outcome of a unit, without versions, which differ between stores.
#[derive(Debug, PartialEq)]
enum BatchResult {
    Applied(Vec<provkey::store::Counter>),
    Refused(usize, Reason, Option<Value>),
}

fn apply(store: &dyn Store, batch: &[Steps]) -> Vec<BatchResult> {
    let before = store.get(&KEYS.map(key)).unwrap();
    let version = |name: &str| {
        let place = KEYS.iter().position(|key| *key == name).unwrap();
        before[place].as_ref().map(|record| record.version)
    };
    let units: Vec<_> = batch.iter().map(|steps| unit(steps, version)).collect();
    let comparable = |outcome| match outcome {
        Outcome::Applied(counters) => BatchResult::Applied(counters),
        Outcome::Refused(it) => {
            BatchResult::Refused(it.operation, it.reason, it.record.map(|record| record.value))
        }
    };
    store.apply(&units).unwrap().into_iter().map(comparable).collect()
}

fn everything(store: &dyn Store) -> Vec<(RecordKey, Value)> {
    let records = store.scan(&ScanRange::prefix(""), 1000).unwrap();
    records.into_iter().map(|record| (record.key, record.value)).collect()
}

/// Applies histories, each to an empty store.
fn check(cases: usize, store: &dyn Store) {
    let cases = u32::try_from(cases).unwrap();
    let config = Config { cases, failure_persistence: None, ..Config::default() };
    let run = |history: Vec<Vec<Steps>>| {
        let memory = Memory::new();
        let delete = KEYS.map(|name| Operation::Delete { key: key(name) });
        store.apply(&[Unit::new(delete.into())]).unwrap();
        for batch in &history {
            prop_assert_eq!(apply(store, batch), apply(&memory, batch), "{:?}", batch);
            prop_assert_eq!(everything(store), everything(&memory), "after {:?}", batch);
        }
        Ok(())
    };
    TestRunner::new(config).run(&history(), run).unwrap();
}

#[test]
fn on_sqlite_they_have_the_same_outcomes_as_in_memory() {
    let folder = tempfile::tempdir().unwrap();
    let store = SqliteStore::create(folder.path().join("store.db")).unwrap();
    check(scaled(500, 20_000), &store);
}

#[test]
fn on_postgresql_they_have_the_same_outcomes_as_in_memory() {
    let server = PostgresServer::start();
    let store = PostgresStore::create(&server.new_database()).unwrap();
    check(scaled(200, 5000), &store);
}
