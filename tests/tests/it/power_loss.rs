//! Processes that are killed between any two steps that they take on the disk, in the middle of a
//! commit too; and the power that goes with them, so that what was not synced is lost.
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
/// A worker takes fewer steps on the disk: it opens the store, enrolls, and closes it.
const STEPS_MAX: usize = 1000;

/// A worker that is killed at a step. `lose`: with the power, as the seed says.
fn worker(folder: &Path, kill_at: usize, lose: Option<usize>) -> Command {
    let mut command = Command::new(PROGRAM);
    command.arg(folder).arg("1").env("LD_PRELOAD", disk_faults()).env("DISK_FOLDER", folder);
    command.env("DISK_KILL_AT", kill_at.to_string());
    if let Some(seed) = lose {
        command.env("DISK_LOSE", seed.to_string());
    }
    command
}

/// Asks for everybody in turn. What was answered, and whether the worker came to its end.
fn ask(worker: &mut Command, csrs: &[Vec<u8>]) -> (Vec<Answer>, bool) {
    let worker = Worker::spawn(worker);
    csrs.iter().enumerate().for_each(|(index, csr)| worker.ask(index, csr));
    worker.end()
}

/// As [`ask`], while somebody in the worker's process drops its POSIX locks at each step, and
/// others outside open and close the store: who takes itself for the last deletes the log.
fn ask_among_strangers(
    worker: &mut Command,
    folder: &Path,
    csrs: &[Vec<u8>],
) -> (Vec<Answer>, bool) {
    let store = folder.join(STORE_FILE);
    worker.env("DISK_STRANGER", &store);
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

/// Goes through the steps, every `stride`-th of them. `lose`: what is lost at which step.
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
        // Everything was durable that was before, and everything that was answered.
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
fn what_was_answered_survives_the_loss_of_what_was_not_synced() {
    check(scaled(7, 1), |_| Some(1));
    if scaled(0, 1) == 1 {
        check(1, |step| Some(2 + step));
        check(1, |step| Some(7_919 * step));
    }
}

#[test]
fn a_process_that_is_killed_among_strangers_loses_nothing() {
    check_with(scaled(7, 1), |folder, step, csrs| {
        ask_among_strangers(&mut worker(folder, step, None), folder, csrs)
    });
}

/// The faults are real: with a disk that does not sync, what was answered is lost, and that is
/// seen.
#[test]
fn a_disk_that_lies_loses_what_was_answered() {
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
    panic!("nobody was answered");
}
