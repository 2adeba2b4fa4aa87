//! The log is moved into the database during commits, and does not grow without limit.

use std::fs;
use std::path::Path;
use std::thread;
use std::time::Duration;

use provkey::store::{Operation, Outcome, RecordKey, ScanRange, Store, Unit};
use provkey_sqlite::SqliteStore;
use rusqlite::Connection;

use crate::temporary;

const UNITS: usize = 256;
/// A body of nearly a page.
const BODY: usize = 3000;

/// Writes a megabyte.
fn write_batch(store: &SqliteStore, number: usize) {
    let put = |n: usize| {
        let key = RecordKey::new(format!("{number:05}/{n:03}")).unwrap();
        Unit::new(vec![Operation::Put { key, body: vec![b'b'; BODY] }])
    };
    let units: Vec<_> = (0..UNITS).map(put).collect();
    let outcomes = store.apply(&units).unwrap();
    assert!(outcomes.iter().all(|outcome| matches!(outcome, Outcome::Applied(_))));
}

fn log_bytes(path: &Path) -> u64 {
    fs::metadata(path.with_extension("db-wal")).map_or(0, |log| log.len())
}

fn check_whole(path: &Path, batches: usize) {
    let store = SqliteStore::open(path).unwrap();
    for number in 0..batches {
        let range = ScanRange::prefix(format!("{number:05}/"));
        assert_eq!(store.scan(&range, 1000).unwrap().len(), UNITS, "batch {number}");
    }
}

#[test]
fn the_log_stays_short_however_much_is_written() {
    let (_folder, path) = temporary();
    let store = SqliteStore::create(&path).unwrap();
    let batches = 120;
    thread::scope(|scope| {
        for first in 0..4 {
            let store = &store;
            scope.spawn(move || {
                (first..batches).step_by(4).for_each(|number| write_batch(store, number));
            });
        }
    });
    let (log, written) = (log_bytes(&path), (batches * UNITS * BODY) as u64);
    assert!(log < written * 3 / 4, "{log} bytes of log");
    let file = fs::metadata(&path).unwrap().len();
    assert!(file > written / 4, "{file} bytes of file, while it is in use");
    drop(store);
    assert_eq!(log_bytes(&path), 0);
    check_whole(&path, batches);
}

/// A long read keeps the log from restarting. Writers do not wait for it.
#[test]
fn a_long_read_delays_only_the_move_of_the_log() {
    let (_folder, path) = temporary();
    let store = SqliteStore::create(&path).unwrap();
    write_batch(&store, 0);
    let reader = Connection::open(&path).unwrap();
    reader.execute_batch("BEGIN; SELECT count(*) FROM records").unwrap();
    (1..60).for_each(|number| write_batch(&store, number));
    let longest = log_bytes(&path);
    assert!(longest > (59 * UNITS * BODY) as u64, "{longest} bytes of log");
    drop(reader);
    let mut number = 60;
    // When the log begins anew its file is cut.
    while log_bytes(&path) >= longest {
        assert!(number < 1000, "{} bytes of log", log_bytes(&path));
        write_batch(&store, number);
        number += 1;
        thread::sleep(Duration::from_millis(1));
    }
    drop(store);
    check_whole(&path, number);
}
