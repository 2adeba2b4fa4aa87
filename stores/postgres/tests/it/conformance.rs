//! The conformance suite, on databases.

use std::thread;

use provkey::store::conformance::{check_reopened, failures};
use provkey_postgres::PostgresStore;

use crate::SERVER;

#[test]
fn a_database_passes() {
    let url = SERVER.new_database();
    let store = PostgresStore::create(&url).unwrap();
    assert_eq!(failures(&store, "database"), []);
    check_reopened(&|| Ok(Box::new(PostgresStore::open(&url)?)), "database").unwrap();
}

/// Each store has separate connections, as on separate nodes.
#[test]
fn several_stores_on_one_database_pass() {
    let url = SERVER.new_database();
    let found = thread::scope(|scope| {
        let run = |run| failures(&PostgresStore::open_or_create(&url).unwrap(), run);
        let runs = ["one", "two"].map(|name| scope.spawn(move || run(name)));
        runs.map(|run| run.join().unwrap())
    });
    assert_eq!(found, [[], []]);
}
