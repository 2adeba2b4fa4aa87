//! A server whose disk is full.
#![cfg(target_os = "linux")]

use std::collections::BTreeSet;

use provkey::store::{Outcome, Store};
use provkey_postgres::PostgresStore;
use provkey_tests::PostgresServer;

use crate::{check_refused, make_counter, recorded, use_of, used};

/// More than fits into the free space of a table.
const USES_MAX: usize = 2000;

/// Applies uses until one fails.
fn fill(store: &PostgresStore, round: usize, applied: &mut BTreeSet<String>) {
    for n in 0..USES_MAX {
        let name = format!("used/{round}/{n}");
        match store.apply(&[use_of("uses", &name)]) {
            Ok(outcomes) => {
                assert!(matches!(outcomes[..], [Outcome::Applied(_)]));
                applied.insert(name);
            }
            refused => {
                assert!(check_refused(refused, "store_full").retryable());
                return;
            }
        }
    }
    panic!("the disk never gets full");
}

#[test]
fn a_full_disk_of_the_server_is_store_full_and_loses_nothing() {
    let server = PostgresServer::start_on_a_small_disk();
    let store = PostgresStore::create(&server.new_database()).unwrap();
    make_counter(&store, "uses", 1_000_000);
    let mut applied = BTreeSet::new();
    for round in 0..3 {
        server.fill_disk(true);
        fill(&store, round, &mut applied);
        // What is there can be read, and goes on when there is room.
        assert_eq!(used(&store, "uses"), applied.len() as u64);
        server.fill_disk(false);
        for n in 0..50 {
            let name = format!("used/room/{round}/{n}");
            store.apply(&[use_of("uses", &name)]).unwrap();
            applied.insert(name);
        }
        let recorded: BTreeSet<_> = recorded(&store).into_iter().collect();
        assert_eq!(recorded, applied);
        assert_eq!(used(&store, "uses"), recorded.len() as u64);
    }
}
