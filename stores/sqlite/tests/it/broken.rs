//! Files that are removed, replaced or cut short under a running process.

use std::fs::{self, OpenOptions};
use std::path::{Path, PathBuf};

use provkey::store::{Operation, RecordKey, ScanRange, Store, StoreError, Unit};
use provkey_sqlite::SqliteStore;

use crate::child::spawn;
use crate::temporary;

fn unit(key: &str) -> Unit {
    let key = RecordKey::new(key).unwrap();
    Unit::new(vec![Operation::Put { key, body: vec![b'x'; 5000] }])
}

fn beside(path: &Path, suffix: &str) -> PathBuf {
    PathBuf::from(format!("{}{suffix}", path.display()))
}

fn cut(path: &Path, bytes: u64) {
    OpenOptions::new().write(true).open(path).unwrap().set_len(bytes).unwrap();
}

/// After the harm is done, every call says so, whichever comes first; and it does not change by
/// itself.
#[track_caller]
fn check(harm: impl Fn(&Path), reads_notice: bool) {
    for write_first in [true, false] {
        let (_folder, path) = temporary();
        let store = SqliteStore::create(&path).unwrap();
        store.apply(&[unit("a"), unit("b")]).unwrap();
        harm(&path);
        let write = || store.apply(&[unit("c")]).map(drop);
        let read = || store.get(&[RecordKey::new("a").unwrap()]).map(drop);
        let scan = || store.scan(&ScanRange::prefix(""), 10).map(drop);
        let is_broken = |result: Result<(), StoreError>| {
            let error = result.unwrap_err();
            assert_eq!(error.code(), "store_broken", "{error}");
            assert!(!error.retryable() && matches!(error, StoreError::NotApplied(_)), "{error}");
        };
        if write_first || !reads_notice {
            is_broken(write());
        } else {
            is_broken(read());
        }
        for _ in 0..2 {
            is_broken(write());
            is_broken(read());
            is_broken(scan());
        }
    }
}

#[test]
fn a_database_that_is_removed_or_replaced() {
    check(|path| fs::remove_file(path).unwrap(), true);
    check(|path| fs::rename(path, beside(path, ".old")).unwrap(), true);
    check(
        |path| {
            let copy = beside(path, ".copy");
            SqliteStore::open(path).unwrap().backup(&copy).unwrap();
            fs::rename(&copy, path).unwrap();
        },
        true,
    );
    check(|path| cut(path, 0), true);
    check(|path| cut(path, fs::metadata(path).unwrap().len() / 2), false);
}

#[test]
fn a_log_that_is_removed_replaced_or_cut_short() {
    let log = |path: &Path| beside(path, "-wal");
    check(|path| fs::remove_file(log(path)).unwrap(), true);
    check(|path| fs::rename(log(path), beside(path, ".old")).unwrap(), true);
    check(
        |path| {
            let copy = beside(path, ".copy");
            fs::copy(log(path), &copy).unwrap();
            fs::rename(&copy, log(path)).unwrap();
        },
        true,
    );
    check(|path| cut(&log(path), 0), false);
    check(|path| cut(&log(path), fs::metadata(log(path)).unwrap().len() - 1), false);
    check(
        |path| {
            let length = fs::metadata(log(path)).unwrap().len();
            cut(&log(path), 0);
            cut(&log(path), length);
        },
        false,
    );
}

#[test]
fn an_index_that_is_removed_replaced_or_cut_short() {
    let index = |path: &Path| beside(path, "-shm");
    check(|path| fs::remove_file(index(path)).unwrap(), true);
    check(|path| cut(&index(path), 0), true);
    check(
        |path| {
            let copy = beside(path, ".copy");
            fs::copy(index(path), &copy).unwrap();
            fs::rename(&copy, index(path)).unwrap();
        },
        true,
    );
}

/// What another process has committed is not in this one's cache: what is cut is not read before it
/// is noticed.
#[test]
fn a_log_of_others_that_is_cut_short() {
    for length_stays in [false, true] {
        let (_folder, path) = temporary();
        let store = SqliteStore::create(&path).unwrap();
        store.apply(&[unit("a")]).unwrap();
        let mut other = spawn("put one", &path, "b");
        assert!(other.wait().unwrap().success());
        let log = beside(&path, "-wal");
        let length = fs::metadata(&log).unwrap().len();
        cut(&log, 0);
        cut(&log, if length_stays { length } else { 0 });
        for _ in 0..2 {
            let error = store.apply(&[unit("c")]).unwrap_err();
            assert_eq!(error.code(), "store_broken", "{error}");
        }
        assert_eq!(store.scan(&ScanRange::prefix(""), 9).unwrap_err().code(), "store_broken");
    }
}

/// A store that was idle while its index was removed does not delete the log that another process
/// then wrote with another index.
#[test]
fn an_idle_store_that_is_closed_deletes_nothing() {
    let (_folder, path) = temporary();
    let store = SqliteStore::create(&path).unwrap();
    store.apply(&[unit("a")]).unwrap();
    fs::remove_file(beside(&path, "-shm")).unwrap();
    let mut other = spawn("put one", &path, "b");
    assert!(other.wait().unwrap().success());
    drop(store);
    let store = SqliteStore::open(&path).unwrap();
    assert_eq!(store.scan(&ScanRange::prefix(""), 9).unwrap().len(), 2);
}

/// SQLite shares the index with what the process has open already.
#[test]
fn beside_a_broken_store_it_is_not_opened_again() {
    for suffix in ["-shm", "-wal"] {
        let (_folder, path) = temporary();
        let store = SqliteStore::create(&path).unwrap();
        store.apply(&[unit("a")]).unwrap();
        fs::remove_file(beside(&path, suffix)).unwrap();
        let error = SqliteStore::open(&path).unwrap_err();
        assert_eq!(error.code(), "store_broken", "{suffix}: {error}");
        drop(store);
        // What is in a log that was removed is gone.
        assert_eq!(SqliteStore::open(&path).is_ok(), suffix == "-shm");
    }
}

/// The log of a broken store is left as it is when the store is closed: it may hold what is to be
/// saved.
#[test]
fn a_broken_store_leaves_its_files_alone() {
    let (_folder, path) = temporary();
    let store = SqliteStore::create(&path).unwrap();
    store.apply(&[unit("a")]).unwrap();
    let index = beside(&path, "-shm");
    fs::rename(&index, beside(&path, ".old")).unwrap();
    store.apply(&[unit("b")]).unwrap_err();
    let files = || [&path, &beside(&path, "-wal")].map(|path| fs::read(path).unwrap());
    let before = files();
    drop(store);
    assert!(files() == before);
    let store = SqliteStore::open(&path).unwrap();
    assert!(store.get(&[RecordKey::new("a").unwrap()]).unwrap()[0].is_some());
}

/// A checkpoint by another program, with its locks, is no harm.
#[test]
fn a_log_that_another_program_empties_is_whole() {
    let (_folder, path) = temporary();
    let store = SqliteStore::create(&path).unwrap();
    for n in 0..20 {
        store.apply(&[unit(&format!("{n}"))]).unwrap();
        let other = rusqlite::Connection::open(&path).unwrap();
        other.query_row("PRAGMA wal_checkpoint(TRUNCATE)", (), |_| Ok(())).unwrap();
        assert_eq!(fs::metadata(beside(&path, "-wal")).unwrap().len(), 0);
    }
    assert_eq!(store.scan(&ScanRange::prefix(""), 100).unwrap().len(), 20);
}
