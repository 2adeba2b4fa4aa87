//! Several processes on one file, some of them killed.

use std::io::{BufRead, BufReader};
use std::path::Path;
use std::thread;
use std::time::Duration;

use provkey::store::{RecordKey, ScanRange, Store, Value};
use provkey_sqlite::SqliteStore;
use rusqlite::Connection;

use crate::child::{make_counter, spawn};
use crate::temporary;

pub(crate) fn used(store: &SqliteStore) -> u64 {
    let counter = store.get(&[RecordKey::new("uses").unwrap()]).unwrap().remove(0).unwrap();
    match counter.value {
        Value::Counter(counter) => counter.used,
        Value::Body(_) => panic!("not a counter"),
    }
}

pub(crate) fn recorded(store: &SqliteStore) -> Vec<String> {
    let mut range = ScanRange::prefix("used/");
    let mut keys = Vec::new();
    loop {
        let page = store.scan(&range, 1000).unwrap();
        let Some(last) = page.last() else { return keys };
        range.after = Some(last.key.clone());
        keys.extend(
            page.iter().map(|record| String::from_utf8(record.key.as_bytes().to_vec()).unwrap()),
        );
    }
}

pub(crate) fn check_whole(path: &Path) {
    let connection = Connection::open(path).unwrap();
    let found: String =
        connection.query_row("PRAGMA integrity_check", (), |row| row.get(0)).unwrap();
    assert_eq!(found, "ok");
}

#[test]
fn processes_that_race_for_a_limit_never_pass_it() {
    let (_folder, path) = temporary();
    // They also race to make the file.
    let children = ["a", "b", "c", "d"].map(|name| spawn("count", &path, name));
    for child in children {
        let output = child.wait_with_output().unwrap();
        assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stdout));
    }
    let store = SqliteStore::open(&path).unwrap();
    assert_eq!(used(&store), 300);
    assert_eq!(recorded(&store).len(), 300);
    check_whole(&path);
}

#[test]
fn what_was_acknowledged_survives_kill_9() {
    let (folder, path) = temporary();
    make_counter(&SqliteStore::create(&path).unwrap(), "uses", u64::MAX / 2);
    for round in 0..8u64 {
        let mut children =
            ["a", "b"].map(|name| spawn("acknowledge", &path, &format!("{round}{name}")));
        thread::sleep(Duration::from_millis(30 + round * 17));
        // A copy while they write.
        let copy = folder.path().join(format!("copy {round}"));
        SqliteStore::open(&path).unwrap().backup(&copy).unwrap();
        let copy = SqliteStore::open(&copy).unwrap();
        assert_eq!(used(&copy), recorded(&copy).len() as u64);
        for child in &mut children {
            child.kill().unwrap();
        }
        let store = SqliteStore::open(&path).unwrap();
        let recorded = recorded(&store);
        assert_eq!(used(&store), recorded.len() as u64);
        for mut child in children {
            child.wait().unwrap();
            for line in BufReader::new(child.stdout.take().unwrap()).lines() {
                // The last line may be cut short.
                let Ok(line) = line else { break };
                if let Some(key) = line.strip_prefix("applied ") {
                    let known = recorded.iter().any(|recorded| recorded.starts_with(key));
                    assert!(known, "{key} was acknowledged but is not there");
                }
            }
        }
    }
    assert!(used(&SqliteStore::open(&path).unwrap()) > 0);
    check_whole(&path);
}
