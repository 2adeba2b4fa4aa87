//! The conformance suite, on files.

use std::thread;

use provkey::store::conformance::{check_reopened, failures};
use provkey_sqlite::SqliteStore;

use crate::temporary;

#[test]
fn a_file_passes() {
    let (_folder, path) = temporary();
    let store = SqliteStore::create(&path).unwrap();
    assert_eq!(failures(&store, "file"), []);
    check_reopened(&|| Ok(Box::new(SqliteStore::open(&path)?)), "file").unwrap();
}

/// Each store has separate connections, as in separate processes.
#[test]
fn several_stores_on_one_file_pass() {
    let (_folder, path) = temporary();
    let found = thread::scope(|scope| {
        let run = |run| failures(&SqliteStore::open_or_create(&path).unwrap(), run);
        let runs = ["one", "two"].map(|name| scope.spawn(move || run(name)));
        runs.map(|run| run.join().unwrap())
    });
    assert_eq!(found, [[], []]);
}
