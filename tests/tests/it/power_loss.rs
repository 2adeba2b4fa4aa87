//! Processes that are killed between any two steps on the disk, also within a commit; and power
//! losses at these moments, which lose what was not synced.
#![cfg(target_os = "linux")]

use std::collections::BTreeMap;
use std::path::Path;
use std::process::Command;
use std::sync::atomic::{AtomicBool, Ordering};
use std::thread;

use provkey_sqlite::SqliteStore;
use provkey_tests::{Answer, Granted, STORE_FILE, disk_faults};

use crate::site::{Site, enroll, requests, scaled};
use crate::worker::{PROGRAM, Worker};

const CONNECTORS: usize = 3;
/// More than the steps of a worker, which opens the store, enrolls, and closes it.
const STEPS_MAX: usize = 1000;

/// A worker that is killed at a step. With `lose`, the power fails, too; the seed selects what is
/// lost.
fn worker(folder: &Path, kill_at: usize, lose: Option<usize>) -> Command {
    let mut command = Command::new(PROGRAM);
    command.arg(folder).arg("1").env("LD_PRELOAD", disk_faults()).env("DISK_FOLDER", folder);
    command.env("DISK_KILL_AT", kill_at.to_string());
    if let Some(seed) = lose {
        command.env("DISK_LOSE", seed.to_string());
    }
    command
}

/// Sends all requests in turn. Returns the answers, and whether the worker completed.
fn ask(worker: &mut Command, csrs: &[Vec<u8>]) -> (Vec<Answer>, bool) {
    let worker = Worker::spawn(worker);
    csrs.iter().enumerate().for_each(|(index, csr)| worker.ask(index, csr));
    worker.end()
}

/// As [`ask`], while other code drops the POSIX locks of the worker's process at each step, and
/// other processes open and close the store. A process that seems to be the last deletes the log.
fn ask_among_other_programs(
    worker: &mut Command,
    folder: &Path,
    csrs: &[Vec<u8>],
) -> (Vec<Answer>, bool) {
    let store = folder.join(STORE_FILE);
    worker.env("DISK_OTHER", &store);
    let done = AtomicBool::new(false);
    thread::scope(|scope| {
        scope.spawn(|| {
            while !done.load(Ordering::Relaxed) {
                drop(SqliteStore::open(&store).unwrap());
            }
        });
        let answers = ask(worker, csrs);
        done.store(true, Ordering::Relaxed);
        answers
    })
}

/// Kills at every `stride`-th step. `lose` selects what is lost at a step.
fn check(stride: usize, lose: impl Fn(usize) -> Option<usize>) {
    check_with(stride, |folder, step, csrs| ask(&mut worker(folder, step, lose(step)), csrs));
}

fn check_with(stride: usize, ask: impl Fn(&Path, usize, &[Vec<u8>]) -> (Vec<Answer>, bool)) {
    let mut site = Site::new();
    let mut killed_while_enrolling = 0;
    for step in (1..STEPS_MAX).step_by(stride) {
        let key = site.key(&format!("fleet {step}"), CONNECTORS as u64).id;
        let csrs = requests(&site.provisioning_key(key), CONNECTORS);
        let checkpoint = site.authority.checkpoint().unwrap();
        let (answers, done);
        (site, (answers, done)) = site.away(|folder| ask(folder, step, &csrs));
        // All earlier enrollments and all answered ones exist.
        site.authority.verify_checkpoint(&checkpoint).unwrap();
        let granted: BTreeMap<usize, Granted> =
            answers.into_iter().map(|answer| (answer.connector, answer.outcome.unwrap())).collect();
        site.check_books(key, granted.values());
        killed_while_enrolling += usize::from(!done && !granted.is_empty());
        for (index, csr) in csrs.iter().enumerate() {
            let enrolled = enroll(&site.authority, csr).unwrap();
            if let Some(granted) = granted.get(&index) {
                assert_eq!((&granted.leaf, true), (&enrolled.chain[0], enrolled.replay), "{step}");
            }
        }
        assert_eq!(site.used(key), CONNECTORS as u64);
        site.check_books(key, granted.values());
        if done {
            assert_eq!(granted.len(), CONNECTORS);
            assert!(killed_while_enrolling > 0, "no step was in the middle");
            return;
        }
    }
    panic!("a worker takes more steps than {STEPS_MAX}");
}

#[test]
fn a_process_that_is_killed_at_any_step_on_the_disk_loses_nothing() {
    check(scaled(7, 1), |_| None);
}

#[test]
fn an_answered_enrollment_survives_a_power_loss() {
    check(scaled(7, 1), |_| Some(1));
    if scaled(0, 1) == 1 {
        check(1, |step| Some(2 + step));
        check(1, |step| Some(7_919 * step));
    }
}

#[test]
fn a_process_that_is_killed_beside_other_programs_loses_nothing() {
    check_with(scaled(7, 1), |folder, step, csrs| {
        ask_among_other_programs(&mut worker(folder, step, None), folder, csrs)
    });
}

/// The test can fail: with a disk that does not sync, answered enrollments are lost, which is
/// detected.
#[test]
fn a_disk_that_does_not_sync_loses_answered_enrollments() {
    let mut site = Site::new();
    for step in (20..STEPS_MAX).step_by(10) {
        let key = site.key(&format!("fleet {step}"), CONNECTORS as u64).id;
        let csrs = requests(&site.provisioning_key(key), CONNECTORS);
        let answers;
        (site, answers) = site.away(|folder| {
            let mut command = worker(folder, step, Some(1));
            ask(command.env("DISK_LIES", "1"), &csrs).0
        });
        if !answers.is_empty() {
            assert_eq!(site.connectors(key), []);
            return;
        }
    }
    panic!("no request was answered");
}
