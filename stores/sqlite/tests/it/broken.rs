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

/// After `harm`, every call is `store_broken`, whichever comes first, and stays so.
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
fn a_removed_or_replaced_database_is_detected() {
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
fn a_removed_replaced_or_cut_log_is_detected() {
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
fn a_removed_replaced_or_cut_index_is_detected() {
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

/// Commits of another process are not cached here, so the cut must be detected before they are
/// read.
#[test]
fn a_cut_in_the_commits_of_another_process_is_detected() {
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

/// The index is removed while the store is idle. Another process then writes a log with a new
/// index, which the idle store must not delete when it is closed.
#[test]
fn closing_an_idle_store_deletes_no_log_of_others() {
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

/// SQLite shares the index with the connections that the process already has.
#[test]
fn a_store_is_not_opened_beside_a_broken_one() {
    for suffix in ["-shm", "-wal"] {
        let (_folder, path) = temporary();
        let store = SqliteStore::create(&path).unwrap();
        store.apply(&[unit("a")]).unwrap();
        fs::remove_file(beside(&path, suffix)).unwrap();
        let error = SqliteStore::open(&path).unwrap_err();
        assert_eq!(error.code(), "store_broken", "{suffix}: {error}");
        drop(store);
        // The commits in a removed log are lost.
        assert_eq!(SqliteStore::open(&path).is_ok(), suffix == "-shm");
    }
}

/// Closing a broken store leaves its log, which may be needed for a rescue.
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

/// A checkpoint with SQLite's locks.
#[test]
fn a_checkpoint_by_another_program_does_no_harm() {
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
