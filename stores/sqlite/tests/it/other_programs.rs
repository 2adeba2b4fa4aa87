//! Other code, in this process and in others, opens, reads, copies and closes the files of a
//! store in use. Each close drops the POSIX locks that the process has on the file.

use std::env;
use std::fs;
use std::io::Read;
use std::path::{Path, PathBuf};
use std::process::{Child, ChildStdout};
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::thread::{self, JoinHandle};
use std::time::{Duration, Instant};

use provkey::store::{Counter, Operation, Outcome, RecordKey, Store, Unit, Value};
use provkey_sqlite::SqliteStore;
use rusqlite::{Connection, OpenFlags};

use crate::child::{make_counter, spawn, use_of};
use crate::processes::{check_whole, recorded, used};
use crate::temporary;

/// The limit of uses, low enough to be reached.
const LIMIT: u64 = 2500;
const WORKERS: [&str; 2] = ["a", "b"];
const THREADS: usize = 3;
const ROUNDS: u32 = 6;

fn files(path: &Path) -> [PathBuf; 3] {
    ["", "-wal", "-shm"].map(|suffix| PathBuf::from(format!("{}{suffix}", path.display())))
}

/// The role of a worker, until it is killed or the limit is reached: threads that commit, one
/// that reads, and one that copies the files.
#[allow(clippy::print_stdout)]
pub(crate) fn commit_among_other_programs(path: &Path, name: &str) {
    let store = SqliteStore::open(path).unwrap();
    let (done, count) = (AtomicBool::new(false), AtomicU64::new(0));
    thread::scope(|scope| {
        let (store, count, done) = (&store, &count, &done);
        let running = move || !done.load(Ordering::Relaxed);
        for _ in 0..THREADS {
            scope.spawn(move || {
                loop {
                    let n = count.fetch_add(1, Ordering::Relaxed);
                    let record = format!("used/{name}/{n}");
                    match &store.apply(&[twice(&record)]).unwrap()[0] {
                        Outcome::Applied(_) => println!("applied {record}"),
                        Outcome::Refused(_) => return done.store(true, Ordering::Relaxed),
                    }
                }
            });
        }
        scope.spawn(move || {
            while running() {
                assert_eq!(both(store), None, "a mixed snapshot");
            }
        });
        scope.spawn(move || {
            while running() {
                // Read to the end and closed. A file that SQLite just deletes is not there.
                files(path).iter().for_each(|path| drop(fs::read(path)));
                thread::sleep(Duration::from_micros(300));
            }
        });
    });
}

/// A use that increments two counters.
fn twice(record: &str) -> Unit {
    let mut unit = use_of("uses", record);
    let counter = RecordKey::new("same uses").unwrap();
    unit.operations.push(Operation::Count { counter, by: 1, at_ms: 1 });
    unit
}

/// The two counts, if they differ.
fn both(store: &SqliteStore) -> Option<(Counter, Counter)> {
    let keys = ["uses", "same uses"].map(|key| RecordKey::new(key).unwrap());
    let counters = store.get(&keys).unwrap();
    let [Some(one), Some(other)] = &counters[..] else { panic!("no counters") };
    match (&one.value, &other.value) {
        (Value::Counter(one), Value::Counter(other)) if one.used == other.used => None,
        (Value::Counter(one), Value::Counter(other)) => Some((*one, *other)),
        _ => panic!("not counters"),
    }
}

/// A program that reads a view and ends. If it is the last with the file open, it deletes the
/// log.
fn look_in_from_outside(path: &Path) {
    let other = Connection::open_with_flags(path, OpenFlags::SQLITE_OPEN_READ_WRITE).unwrap();
    other.busy_timeout(Duration::from_secs(10)).unwrap();
    other
        .query_row("SELECT count(*) FROM provisioning_keys", (), |row| row.get::<_, u64>(0))
        .unwrap();
}

/// The uses that a worker reports as acknowledged, until it ends.
fn listen(mut stdout: ChildStdout) -> JoinHandle<Vec<String>> {
    thread::spawn(move || {
        let mut said = String::new();
        stdout.read_to_string(&mut said).unwrap();
        // The last line may be cut short.
        let whole = said.rsplit_once('\n').map_or("", |(whole, _)| whole);
        whole.lines().filter_map(|line| line.strip_prefix("applied ").map(str::to_owned)).collect()
    })
}

#[test]
fn other_programs_cost_no_acknowledged_use() {
    let scale = if env::var_os("PROVKEY_TEST_DEEP").is_some() { 20 } else { 1 };
    let (limit, rounds) = (LIMIT * scale, ROUNDS * scale as u32);
    let (_folder, path) = temporary();
    let store = SqliteStore::create(&path).unwrap();
    make_counter(&store, "uses", limit);
    make_counter(&store, "same uses", limit);
    drop(store);
    let (mut promised, mut full) = (Vec::new(), false);
    for round in 0..rounds {
        let last = round == rounds - 1;
        let mut workers =
            WORKERS.map(|name| spawn("among other programs", &path, &format!("{round}{name}")));
        let heard = workers.each_mut().map(|worker| listen(worker.stdout.take().unwrap()));
        let started = Instant::now();
        let lifetime = Duration::from_millis(u64::from(60 + round % 12 * 37));
        // In the last round they go on to the limit.
        while started.elapsed() < lifetime || (last && workers.iter_mut().any(is_running)) {
            look_in_from_outside(&path);
        }
        for worker in &mut workers {
            worker.kill().unwrap();
            full |= worker.wait().unwrap().success();
        }
        promised.extend(heard.into_iter().flat_map(|heard| heard.join().unwrap()));
    }
    assert!(full, "the limit was not reached");
    let store = SqliteStore::open(&path).unwrap();
    let recorded = recorded(&store);
    promised.sort_unstable();
    let lost: Vec<_> =
        promised.iter().filter(|record| recorded.binary_search(record).is_err()).collect();
    assert!(lost.is_empty(), "{} of {} were lost: {lost:?}", lost.len(), promised.len());
    assert_eq!((used(&store), recorded.len() as u64), (limit, limit));
    assert_eq!(both(&store), None);
    check_whole(&path);
}

fn is_running(worker: &mut Child) -> bool {
    worker.try_wait().unwrap().is_none()
}

/// Writes of another program, with SQLite's locks.
#[test]
fn writes_of_other_programs_are_refused() {
    let (_folder, path) = temporary();
    let store = SqliteStore::create(&path).unwrap();
    make_counter(&store, "uses", 1);
    let other = Connection::open(&path).unwrap();
    for write in [
        "INSERT INTO records (key, version, body) VALUES (x'00', 1, x'00')",
        "UPDATE records SET used = 0",
        "UPDATE records SET id = id + 1",
        "DELETE FROM records",
        "REPLACE INTO records (key, version, body) VALUES (x'00', 1, x'00')",
        "INSERT INTO sequence VALUES (0)",
        "UPDATE sequence SET latest = 0",
        "DELETE FROM sequence",
    ] {
        let error = other.execute(write, ()).unwrap_err();
        assert!(error.to_string().contains("only provkey writes to its store"), "{write}: {error}");
    }
    check_whole(&path);
    store.apply(&[use_of("uses", "used/a")]).unwrap();
    assert_eq!(used(&store), 1);
}
