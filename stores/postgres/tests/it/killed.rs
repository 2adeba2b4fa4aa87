//! A server that is killed or down.

use std::collections::BTreeSet;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::thread;
use std::time::Duration;

use provkey::store::{GroupCommit, Outcome, Store, StoreError};
use provkey_postgres::PostgresStore;
use provkey_tests::PostgresServer;

use crate::{check_refused, key, make_counter, recorded, use_of, used};

const THREADS: usize = 8;

/// Counts uses on several threads, through failures, until stopped. Returns the acknowledged uses.
fn storm(store: &Arc<PostgresStore>, round: usize, ends: &AtomicBool) -> BTreeSet<String> {
    let commit = GroupCommit::new(Arc::clone(store) as Arc<dyn Store>);
    let count = |thread: usize| {
        let mut applied = BTreeSet::new();
        for n in 0.. {
            if ends.load(Ordering::Relaxed) {
                break;
            }
            let name = format!("used/{round}/{thread}/{n}");
            match commit.apply(use_of("uses", &name)) {
                Ok(Outcome::Applied(_)) => drop(applied.insert(name)),
                Ok(Outcome::Refused(refused)) => panic!("{name}: {refused:?}"),
                Err(error) => {
                    assert_eq!(error.code(), "store_unavailable", "{error}");
                    assert!(error.retryable());
                    thread::sleep(Duration::from_millis(5));
                }
            }
        }
        applied
    };
    thread::scope(|scope| {
        let threads: Vec<_> = (0..THREADS).map(|n| scope.spawn(move || count(n))).collect();
        threads.into_iter().flat_map(|thread| thread.join().unwrap()).collect()
    })
}

#[test]
fn what_was_acknowledged_survives_kill_9_of_the_server() {
    let mut server = PostgresServer::start();
    let store = Arc::new(PostgresStore::create(&server.new_database()).unwrap());
    make_counter(&store, "uses", u64::MAX / 2);
    let mut applied = BTreeSet::new();
    for round in 0..4 {
        let ends = AtomicBool::new(false);
        let acknowledged = thread::scope(|scope| {
            let storm = scope.spawn(|| storm(&store, round, &ends));
            thread::sleep(Duration::from_millis(150 + 70 * round as u64));
            server.kill();
            thread::sleep(Duration::from_millis(50));
            server.restart();
            thread::sleep(Duration::from_millis(150));
            ends.store(true, Ordering::Relaxed);
            storm.join().unwrap()
        });
        assert!(!acknowledged.is_empty());
        applied.extend(acknowledged);
    }
    let recorded: BTreeSet<String> = recorded(&store).into_iter().collect();
    let lost: Vec<_> = applied.difference(&recorded).collect();
    assert!(lost.is_empty(), "acknowledged and lost: {lost:?}");
    assert_eq!(used(&store, "uses"), recorded.len() as u64);
}

#[test]
fn a_server_that_is_down_is_store_unavailable_and_no_use_is_counted() {
    let mut server = PostgresServer::start();
    let url = server.new_database();
    let store = PostgresStore::create(&url).unwrap();
    make_counter(&store, "uses", 9);
    server.kill();
    // What was sent on a connection that was there already may have been done, for all one knows.
    let error = store.apply(&[use_of("uses", "used/1")]).unwrap_err();
    assert_eq!(error.code(), "store_unavailable", "{error}");
    check_refused(store.apply(&[use_of("uses", "used/1")]), "store_unavailable");
    check_refused(store.get(&[key("uses")]), "store_unavailable");
    check_refused(PostgresStore::open(&url), "store_unavailable");
    server.restart();
    assert_eq!(used(&store, "uses"), 0);
    assert!(matches!(store.apply(&[use_of("uses", "used/1")]).unwrap()[0], Outcome::Applied(_)));
    assert_eq!(used(&store, "uses"), 1);
}

/// A restart of the server while the store is idle causes no error.
#[test]
fn a_connection_is_tested_after_a_long_idle_time() {
    let mut server = PostgresServer::start();
    let store = PostgresStore::create(&server.new_database()).unwrap();
    make_counter(&store, "uses", 9);
    server.kill();
    server.restart();
    thread::sleep(Duration::from_millis(5200));
    let outcomes: Result<_, StoreError> = store.apply(&[use_of("uses", "used/1")]);
    assert!(matches!(outcomes.unwrap()[0], Outcome::Applied(_)));
}
