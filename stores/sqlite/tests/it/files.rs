//! What becomes of files: made, opened, refused, copied.

use std::fs;
use std::os::unix::fs::PermissionsExt;
use std::path::{Path, PathBuf};

use provkey::store::{Operation, Outcome, RecordKey, Store, StoreError, Unit, Value};
use provkey_sqlite::SqliteStore;
use rusqlite::Connection;

use crate::temporary;

fn put(store: &SqliteStore, key: &str, body: &str) {
    let key = RecordKey::new(key).unwrap();
    let unit = Unit::new(vec![Operation::Put { key, body: body.into() }]);
    assert_eq!(store.apply(&[unit]).unwrap(), [Outcome::Applied(vec![])]);
}

fn body(store: &SqliteStore, key: &str) -> Option<Value> {
    store.get(&[RecordKey::new(key).unwrap()]).unwrap().remove(0).map(|record| record.value)
}

fn text(body: &str) -> Option<Value> {
    Some(Value::Body(body.into()))
}

fn check_refused(opened: Result<SqliteStore, StoreError>, code: &str) {
    let error = opened.unwrap_err();
    assert_eq!(error.code(), code, "{error}");
    assert!(matches!(error, StoreError::NotApplied(_)), "{error}");
}

fn mode(path: &Path) -> u32 {
    fs::metadata(path).unwrap().permissions().mode() & 0o777
}

#[test]
fn a_new_store_belongs_to_its_owner_alone() {
    let (folder, path) = temporary();
    let store = SqliteStore::create(&path).unwrap();
    put(&store, "a", "1");
    store.backup(folder.path().join("copy.db")).unwrap();
    let files: Vec<PathBuf> =
        fs::read_dir(folder.path()).unwrap().map(|entry| entry.unwrap().path()).collect();
    assert_eq!(files.len(), 4, "the file, its log, its index, the copy: {files:?}");
    for file in files {
        assert_eq!(mode(&file), 0o600, "{file:?}");
    }
}

#[test]
fn create_open_and_open_or_create() {
    let (_folder, path) = temporary();
    check_refused(SqliteStore::open(&path), "store_missing");
    assert!(!path.exists(), "opening makes no file");
    put(&SqliteStore::open_or_create(&path).unwrap(), "a", "1");
    check_refused(SqliteStore::create(&path), "store_exists");
    assert_eq!(body(&SqliteStore::open(&path).unwrap(), "a"), text("1"));
    assert_eq!(body(&SqliteStore::open_or_create(&path).unwrap(), "a"), text("1"));
    check_refused(SqliteStore::create(path.join("in/no/folder")), "store_unavailable");
    check_refused(SqliteStore::create(path.with_file_name("no/store.db")), "store_missing");
}

#[test]
fn an_interrupted_creation_is_taken_up() {
    let (_folder, path) = temporary();
    fs::write(&path, "").unwrap();
    check_refused(SqliteStore::open(&path), "store_missing");
    put(&SqliteStore::create(&path).unwrap(), "a", "1");
    assert_eq!(mode(&path), 0o600);
    // The header is written, the schema is not.
    fs::remove_file(&path).unwrap();
    Connection::open(&path).unwrap().pragma_update(None, "journal_mode", "WAL").unwrap();
    assert_ne!(fs::metadata(&path).unwrap().len(), 0);
    check_refused(SqliteStore::open(&path), "store_missing");
    put(&SqliteStore::open_or_create(&path).unwrap(), "a", "1");
}

#[test]
fn what_is_no_store_is_refused_and_left_alone() {
    let (folder, path) = temporary();
    check_refused(SqliteStore::open(folder.path()), "store_not_recognized");
    check_refused(SqliteStore::create(folder.path()), "store_exists");
    let check = |code: &str| {
        let before = fs::read(&path).unwrap();
        check_refused(SqliteStore::open(&path), code);
        check_refused(SqliteStore::open_or_create(&path), code);
        check_refused(SqliteStore::create(&path), "store_exists");
        assert_eq!(fs::read(&path).unwrap(), before);
        assert_eq!(fs::read_dir(folder.path()).unwrap().count(), 1, "nothing was put beside it");
    };
    fs::write(&path, "a letter to a friend, longer than the header of a database ".repeat(99))
        .unwrap();
    check("store_not_recognized");
    fs::remove_file(&path).unwrap();
    Connection::open(&path).unwrap().execute_batch("CREATE TABLE records (key)").unwrap();
    check("store_not_recognized");
}

#[test]
fn a_store_of_a_newer_program_is_refused() {
    let (_folder, path) = temporary();
    put(&SqliteStore::create(&path).unwrap(), "a", "1");
    Connection::open(&path).unwrap().pragma_update(None, "user_version", 9999).unwrap();
    check_refused(SqliteStore::open(&path), "store_too_new");
}

#[test]
fn odd_names_are_plain_names() {
    let (folder, _) = temporary();
    for name in [":memory:", "file:x?mode=memory", "a b'c\"d", "%20"] {
        put(&SqliteStore::create(folder.path().join(name)).unwrap(), "a", name);
        let store = SqliteStore::open(folder.path().join(name)).unwrap();
        assert_eq!(body(&store, "a"), text(name));
    }
}

#[test]
fn a_backup_is_a_store() {
    let (folder, path) = temporary();
    let copy = folder.path().join("copy.db");
    let store = SqliteStore::create(&path).unwrap();
    put(&store, "a", "1");
    store.backup(&copy).unwrap();
    put(&store, "a", "2");
    assert_eq!(store.backup(&copy).unwrap_err().code(), "store_exists");
    let copy = SqliteStore::open(&copy).unwrap();
    assert_eq!(body(&copy, "a"), text("1"));
    put(&copy, "a", "3");
    assert_eq!(body(&store, "a"), text("2"));
}
