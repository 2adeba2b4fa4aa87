//! Forks of a process that has a store open.

#![allow(unsafe_code)]

use std::panic::{self, AssertUnwindSafe};
use std::path::Path;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::thread;
use std::time::{Duration, Instant};

use nix::libc::_exit;
use nix::sys::signal::{Signal, kill};
use nix::sys::wait::{WaitPidFlag, WaitStatus, waitpid};
use nix::unistd::{ForkResult, Pid, fork};
use provkey::store::{RecordKey, ScanRange, Store};
use provkey_sqlite::SqliteStore;

use crate::child::{make_counter, spawn, use_of};
use crate::processes::{recorded, used};
use crate::temporary;

const ROUNDS: u64 = 20;
const THREADS: u64 = 4;
const CHILD_USES: u64 = 5;
const GENERATIONS: u64 = 2;
const HANGS: Duration = Duration::from_secs(60);

/// Forks 20 times while threads of the process commit and open stores. In each child, the
/// inherited store is refused, and the child and its own child can open the store again.
#[test]
fn a_forked_child_can_open_the_store_again() {
    let (_folder, path) = temporary();
    make_counter(&SqliteStore::create(&path).unwrap(), "uses", u64::MAX / 2);
    let output = spawn("fork", &path, "").wait_with_output().unwrap();
    let said = String::from_utf8_lossy(&output.stdout).into_owned();
    assert!(output.status.success(), "{said}");
    let of_parent: u64 =
        said.lines().find_map(|line| line.strip_prefix("parent ")?.parse().ok()).unwrap();
    assert!(of_parent > 0);
    let store = SqliteStore::open(&path).unwrap();
    assert_eq!(used(&store), of_parent + ROUNDS * GENERATIONS * CHILD_USES);
    assert_eq!(recorded(&store).len() as u64, used(&store));
}

/// A fork during the first open of a process leaves the child in a consistent state.
#[test]
fn a_child_forked_during_the_first_open_can_open_the_store() {
    let (_folder, path) = temporary();
    make_counter(&SqliteStore::create(&path).unwrap(), "uses", u64::MAX / 2);
    for _ in 0..ROUNDS {
        assert!(spawn("fork at first", &path, "").wait().unwrap().success());
    }
}

pub(crate) fn fork_during_the_first_open(path: &Path) {
    thread::scope(|scope| {
        scope.spawn(|| SqliteStore::open(path).unwrap());
        for delay_us in (0..400).step_by(20) {
            thread::sleep(Duration::from_micros(delay_us));
            run_in_child(|| drop(SqliteStore::open(path).unwrap()));
        }
    });
}

#[allow(clippy::print_stdout)]
pub(crate) fn fork_while_others_commit(path: &Path) {
    let store = SqliteStore::open(path).unwrap();
    let (done, committed) = (AtomicBool::new(false), AtomicU64::new(0));
    thread::scope(|scope| {
        for thread in 0..THREADS {
            let (store, done, committed) = (&store, &done, &committed);
            scope.spawn(move || {
                for n in 0.. {
                    if done.load(Ordering::Relaxed) {
                        return;
                    }
                    commit(store, &format!("used/parent/{thread}/{n}"));
                    committed.fetch_add(1, Ordering::Relaxed);
                }
            });
        }
        scope.spawn(|| {
            while !done.load(Ordering::Relaxed) {
                SqliteStore::open(path).unwrap();
            }
        });
        for round in 0..ROUNDS {
            run_forked(&mut Some(SqliteStore::open(path).unwrap()), path, round, 1);
        }
        done.store(true, Ordering::Relaxed);
    });
    println!("parent {}", committed.into_inner());
}

fn commit(store: &SqliteStore, record: &str) {
    store.apply(&[use_of("uses", record)]).unwrap();
}

/// Runs a forked child with the store of its parent.
fn run_forked(handle: &mut Option<SqliteStore>, path: &Path, round: u64, generation: u64) {
    run_in_child(|| be_child(handle.take().unwrap(), path, round, generation));
}

/// Runs a forked child, which must succeed within the time limit.
fn run_in_child(act: impl FnOnce()) {
    // SAFETY: more is called in the child than a process with threads may count on, which is what
    // is tested.
    match unsafe { fork() }.unwrap() {
        ForkResult::Parent { child } => wait(child),
        ForkResult::Child => {
            let failed = panic::catch_unwind(AssertUnwindSafe(act)).is_err();
            // SAFETY: it ends the process without what the parent has to do at its end.
            unsafe { _exit(failed.into()) }
        }
    }
}

fn be_child(inherited: SqliteStore, path: &Path, round: u64, generation: u64) {
    let calls = [
        inherited.apply(&[use_of("uses", "never")]).map(drop),
        inherited.get(&[RecordKey::new("uses").unwrap()]).map(drop),
        inherited.scan(&ScanRange::prefix(""), 1).map(drop),
        inherited.backup(path.with_extension("copy")),
    ];
    for refused in calls {
        let error = refused.unwrap_err();
        assert_eq!((error.code(), error.retryable()), ("used_after_fork", false));
    }
    assert!(!path.with_extension("copy").exists());
    drop(inherited);
    let store = SqliteStore::open(path).unwrap();
    for n in 0..CHILD_USES {
        commit(&store, &format!("used/child/{round}/{generation}/{n}"));
    }
    if generation < GENERATIONS {
        run_forked(&mut Some(store), path, round, generation + 1);
    }
}

fn wait(child: Pid) {
    let started = Instant::now();
    loop {
        match waitpid(child, Some(WaitPidFlag::WNOHANG)).unwrap() {
            WaitStatus::StillAlive if started.elapsed() > HANGS => {
                kill(child, Signal::SIGKILL).unwrap();
                panic!("the child hangs");
            }
            WaitStatus::StillAlive => thread::sleep(Duration::from_millis(1)),
            status => return assert_eq!(status, WaitStatus::Exited(child, 0)),
        }
    }
}
