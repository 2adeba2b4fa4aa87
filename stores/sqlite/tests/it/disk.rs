//! Disks that are full, read-only or damaged, and files that other processes lock.

use std::fs;
use std::path::Path;
use std::process::Command;
use std::time::Duration;

use provkey::store::{Outcome, RecordKey, ScanRange, Store, StoreError};
use provkey_sqlite::{SqliteOptions, SqliteStore};
use rusqlite::Connection;

use crate::child::{command, make_counter, use_of};
use crate::temporary;

#[test]
fn the_bundled_sqlite_has_the_needed_fixes() {
    // Before 3.51.3, two processes that reset the log at once could lose a commit.
    assert!(rusqlite::version_number() >= 3_051_003, "{}", rusqlite::version());
}

#[test]
fn a_store_that_another_process_locks_is_busy() {
    let (_folder, path) = temporary();
    let options = SqliteOptions::default().busy_timeout(Duration::from_millis(20));
    let store = SqliteStore::create_with(&path, options).unwrap();
    make_counter(&store, "uses", 9);
    let other = Connection::open(&path).unwrap();
    other.execute_batch("BEGIN IMMEDIATE").unwrap();
    let error = store.apply(&[use_of("uses", "used/1")]).unwrap_err();
    assert_eq!((error.code(), error.retryable()), ("store_busy", true));
    assert!(matches!(error, StoreError::NotApplied(_)));
    assert!(store.get(&[RecordKey::new("uses").unwrap()]).unwrap()[0].is_some());
    other.execute_batch("ROLLBACK").unwrap();
    let outcomes = store.apply(&[use_of("uses", "used/1")]).unwrap();
    assert!(matches!(outcomes[..], [Outcome::Applied(_)]));
}

#[test]
fn a_writer_waits_for_another() {
    let (_folder, path) = temporary();
    let store = SqliteStore::create(&path).unwrap();
    make_counter(&store, "uses", 9);
    let other = Connection::open(&path).unwrap();
    other.execute_batch("BEGIN IMMEDIATE").unwrap();
    std::thread::scope(|scope| {
        let waiting = scope.spawn(|| store.apply(&[use_of("uses", "used/1")]));
        std::thread::sleep(Duration::from_millis(50));
        assert!(!waiting.is_finished());
        other.execute_batch("ROLLBACK").unwrap();
        assert!(matches!(waiting.join().unwrap().unwrap()[..], [Outcome::Applied(_)]));
    });
}

#[test]
fn a_damaged_file_is_store_corrupt() {
    let (_folder, path) = temporary();
    {
        let store = SqliteStore::create(&path).unwrap();
        make_counter(&store, "uses", 99);
        let units: Vec<_> = (0..50).map(|n| use_of("uses", &format!("used/{n}"))).collect();
        store.apply(&units).unwrap();
    }
    let mut bytes = fs::read(&path).unwrap();
    let header = 4096;
    bytes[header..].fill(0x5a);
    fs::write(&path, bytes).unwrap();
    let read = SqliteStore::open(&path).and_then(|store| store.scan(&ScanRange::prefix(""), 9));
    assert_eq!(read.unwrap_err().code(), "store_corrupt");
}

#[test]
fn a_missing_table_is_store_corrupt() {
    let (_folder, path) = temporary();
    drop(SqliteStore::create(&path).unwrap());
    Connection::open(&path).unwrap().execute_batch("DROP TABLE sequence").unwrap();
    let store = SqliteStore::open(&path).unwrap();
    assert_eq!(store.apply(&[use_of("uses", "used/1")]).unwrap_err().code(), "store_corrupt");
}

/// Runs a role in a separate mount namespace, after the command `mount`.
fn in_namespace(mount: &str, role: &str, path: &Path) {
    let possible = Command::new("unshare").args(["-rm", "true"]).status();
    if !possible.is_ok_and(|status| status.success()) {
        // Not on this system: there the same is tested by other means, as far as it can be.
        return;
    }
    let child = command(role, path, "");
    let mut unshare = Command::new("unshare");
    unshare.args(["-rm", "sh", "-ec", &format!("{mount}; exec \"$@\""), "sh"]);
    unshare.arg(child.get_program()).args(child.get_args());
    unshare.envs(child.get_envs().filter_map(|(name, value)| Some((name, value?))));
    unshare.env("FOLDER", path.parent().unwrap());
    let output = unshare.output().unwrap();
    let said = String::from_utf8_lossy(&output.stdout);
    assert!(output.status.success(), "{said}{}", String::from_utf8_lossy(&output.stderr));
}

#[test]
fn a_full_disk_is_store_full_and_does_no_harm() {
    let (_folder, path) = temporary();
    in_namespace("mount -t tmpfs -o size=1m none \"$FOLDER\"", "fill", &path);
}

/// The role of a process on a disk of 1 MiB.
pub(crate) fn fill(path: &Path) {
    let store = SqliteStore::create(path).unwrap();
    make_counter(&store, "uses", 100_000);
    let mut applied = 0;
    let error = loop {
        let units = [0, 1, 2].map(|n| use_of("uses", &format!("used/{}", applied + n)));
        match store.apply(&units) {
            Ok(_) => applied += 3,
            Err(error) => break error,
        }
        assert!(applied < 10_000, "the disk never gets full");
    };
    assert_eq!((error.code(), error.retryable()), ("store_full", true), "{error}");
    assert!(matches!(error, StoreError::NotApplied(_)), "{error}");
    assert_eq!(store.backup(path.with_extension("copy")).unwrap_err().code(), "store_full");
    assert!(!path.with_extension("copy").exists(), "half a backup is removed");
    let count = |store: &SqliteStore| store.scan(&ScanRange::prefix("used/"), 1000).unwrap().len();
    assert_eq!(count(&store), applied);
    drop(store);
    assert_eq!(count(&SqliteStore::open(path).unwrap()), applied);
}

#[test]
fn a_read_only_disk_is_store_read_only() {
    let (_folder, path) = temporary();
    make_counter(&SqliteStore::create(&path).unwrap(), "uses", 9);
    let mount = "mount --bind \"$FOLDER\" \"$FOLDER\"; mount -o remount,bind,ro \"$FOLDER\"";
    in_namespace(mount, "write", &path);
}

/// The role of a process on a read-only disk.
pub(crate) fn write_where_nothing_can_be_written(path: &Path) {
    let written =
        SqliteStore::open(path).and_then(|store| store.apply(&[use_of("uses", "used/1")]));
    assert_eq!(written.unwrap_err().code(), "store_read_only");
    let created = SqliteStore::create(path.with_extension("new"));
    assert_eq!(created.unwrap_err().code(), "store_read_only");
}
