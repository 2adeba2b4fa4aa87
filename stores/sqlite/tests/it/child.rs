//! Runs this test binary as another process.

use std::env;
use std::mem;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};

use provkey::store::{Operation, Outcome, RecordKey, Store, Unit};
use provkey_sqlite::SqliteStore;

const ROLE: &str = "PROVKEY_SQLITE_TEST_ROLE";
const PATH: &str = "PROVKEY_SQLITE_TEST_PATH";
const NAME: &str = "PROVKEY_SQLITE_TEST_NAME";

/// Starts a process with a role of [`a_child_plays_its_role`].
pub(crate) fn command(role: &str, path: &Path, name: &str) -> Command {
    let mut command = Command::new(env::current_exe().unwrap());
    command.args(["--exact", "child::a_child_plays_its_role", "--nocapture"]);
    command.env(ROLE, role).env(PATH, path).env(NAME, name);
    command.stdout(Stdio::piped());
    command
}

pub(crate) fn spawn(role: &str, path: &Path, name: &str) -> Child {
    command(role, path, name).spawn().unwrap()
}

/// Not a test: it does nothing unless [`command`] sets a role.
#[test]
fn a_child_plays_its_role() {
    let Ok(role) = env::var(ROLE) else { return };
    let path = PathBuf::from(env::var(PATH).unwrap());
    let name = env::var(NAME).unwrap();
    match role.as_str() {
        "count" => count_until_full(&SqliteStore::open_or_create(&path).unwrap(), &name),
        "acknowledge" => acknowledge(&SqliteStore::open(&path).unwrap(), &name),
        // The process ends without closing it.
        "put one" => mem::forget(put_one(&path, &name)),
        "read only" => crate::files::read_what_may_not_be_written(&path),
        "closed streams" => crate::files::read_without_standard_streams(&path),
        "among other programs" => crate::other_programs::commit_among_other_programs(&path, &name),
        "fork at first" => crate::forks::fork_during_the_first_open(&path),
        "fork" => crate::forks::fork_while_others_commit(&path),
        "fill" => crate::disk::fill(&path),
        "write" => crate::disk::write_where_nothing_can_be_written(&path),
        role => panic!("no such role: {role}"),
    }
}

fn put_one(path: &Path, key: &str) -> SqliteStore {
    let store = SqliteStore::open(path).unwrap();
    let key = RecordKey::new(key).unwrap();
    store.apply(&[Unit::new(vec![Operation::Put { key, body: vec![b'x'; 5000] }])]).unwrap();
    store
}

/// A use of a key: counted and recorded.
pub(crate) fn use_of(counter: &str, record: &str) -> Unit {
    let key = |name: &str| RecordKey::new(name).unwrap();
    Unit::new(vec![
        Operation::Expect { key: key(record), version: None },
        Operation::Count { counter: key(counter), by: 1, at_ms: 1 },
        Operation::Put { key: key(record), body: vec![b'x'; 1200] },
    ])
}

pub(crate) fn make_counter(store: &SqliteStore, counter: &str, limit: u64) {
    let counter = RecordKey::new(counter).unwrap();
    let unit = Unit::new(vec![
        Operation::Expect { key: counter.clone(), version: None },
        Operation::SetLimit { counter, limit: Some(limit) },
    ]);
    // In a race, one makes it.
    store.apply(&[unit]).unwrap();
}

fn count_until_full(store: &SqliteStore, name: &str) {
    make_counter(store, "uses", 300);
    for n in (0..).step_by(3) {
        let unit = |n| use_of("uses", &format!("used/{name}/{n}"));
        let outcomes = store.apply(&[unit(n), unit(n + 1), unit(n + 2)]).unwrap();
        if outcomes.iter().any(|outcome| matches!(outcome, Outcome::Refused(_))) {
            return;
        }
    }
}

/// Prints a line for each applied record, until the process is killed.
#[allow(clippy::print_stdout)]
fn acknowledge(store: &SqliteStore, name: &str) {
    for n in 0.. {
        let units: Vec<Unit> =
            (0..n % 5 + 1).map(|part| use_of("uses", &format!("used/{name}/{n}/{part}"))).collect();
        let outcomes = store.apply(&units).unwrap();
        assert!(outcomes.iter().all(|outcome| matches!(outcome, Outcome::Applied(_))));
        for unit in &units {
            println!("applied {}", String::from_utf8_lossy(unit.operations[0].key().as_bytes()));
        }
    }
}
