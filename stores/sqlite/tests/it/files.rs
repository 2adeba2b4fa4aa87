//! Files: created, opened, refused, copied.

use std::fs;
use std::os::unix::fs::PermissionsExt;
use std::os::unix::process::CommandExt;
use std::path::{Path, PathBuf};
use std::process::Command;

use provkey::store::{Operation, Outcome, RecordKey, Store, StoreError, Unit, Value};
use provkey_sqlite::SqliteStore;
use rusqlite::Connection;

use crate::child::command;
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
fn an_interrupted_creation_can_be_completed() {
    let (_folder, path) = temporary();
    fs::write(&path, "").unwrap();
    check_refused(SqliteStore::open(&path), "store_missing");
    put(&SqliteStore::create(&path).unwrap(), "a", "1");
    assert_eq!(mode(&path), 0o600);
    // Now with a header but without a schema.
    fs::remove_file(&path).unwrap();
    Connection::open(&path).unwrap().pragma_update(None, "journal_mode", "WAL").unwrap();
    assert_ne!(fs::metadata(&path).unwrap().len(), 0);
    check_refused(SqliteStore::open(&path), "store_missing");
    put(&SqliteStore::open_or_create(&path).unwrap(), "a", "1");
}

#[test]
fn anything_but_a_store_is_refused_and_left_unchanged() {
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
fn file_names_have_no_special_meaning() {
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

/// As `VACUUM INTO` or another program may leave it.
#[test]
fn a_store_without_a_log_is_opened() {
    let (_folder, path) = temporary();
    put(&SqliteStore::create(&path).unwrap(), "a", "1");
    Connection::open(&path).unwrap().pragma_update(None, "journal_mode", "DELETE").unwrap();
    assert_eq!(body(&SqliteStore::open(&path).unwrap(), "a"), text("1"));
}

/// The role of a process that may write the folder but not the file.
pub(crate) fn read_what_may_not_be_written(path: &Path) {
    assert!(fs::OpenOptions::new().write(true).open(path).is_err(), "it may be written");
    let store = SqliteStore::open(path).unwrap();
    assert_eq!(body(&store, "a"), text("1"));
    let key = RecordKey::new("b").unwrap();
    let error = store.apply(&[Unit::new(vec![Operation::Delete { key }])]).unwrap_err();
    assert_eq!(error.code(), "store_read_only", "{error}");
    assert_eq!(body(&store, "a"), text("1"));
}

#[test]
fn a_read_only_file_can_be_read() {
    const NOBODY: u32 = 65_534;
    let (folder, path) = temporary();
    put(&SqliteStore::create(&path).unwrap(), "a", "1");
    fs::set_permissions(folder.path(), fs::Permissions::from_mode(0o777)).unwrap();
    fs::set_permissions(&path, fs::Permissions::from_mode(0o444)).unwrap();
    let mut command = command("read only", &path, "");
    if nix::unistd::geteuid().is_root() {
        // Root may write everything, and other users may not read the build folder.
        let program = folder.path().join("program");
        fs::copy(command.get_program(), &program).unwrap();
        let (arguments, variables) = (command.get_args(), command.get_envs());
        let mut of_nobody = Command::new(program);
        of_nobody.args(arguments).envs(variables.filter_map(|(name, value)| Some((name, value?))));
        of_nobody.current_dir(folder.path()).gid(NOBODY).uid(NOBODY);
        command = of_nobody;
    }
    assert!(command.status().unwrap().success());
}

/// The role of a process whose standard input is closed after the store is opened.
#[allow(unsafe_code)]
pub(crate) fn read_without_standard_streams(path: &Path) {
    let store = SqliteStore::open(path).unwrap();
    // SAFETY: nothing here reads standard input.
    assert_eq!(unsafe { nix::libc::close(0) }, 0);
    let before = descriptors();
    for _ in 0..3 {
        assert_eq!(body(&store, "a"), text("1"));
    }
    assert!(descriptors() <= before + 4, "{} descriptors, {before} before", descriptors());
}

fn descriptors() -> usize {
    fs::read_dir("/proc/self/fd").map_or(0, Iterator::count)
}

#[test]
fn a_process_without_standard_streams_reads() {
    let (_folder, path) = temporary();
    put(&SqliteStore::create(&path).unwrap(), "a", "1");
    assert!(command("closed streams", &path, "").status().unwrap().success());
}
