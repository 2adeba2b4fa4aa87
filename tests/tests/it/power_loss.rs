//! Processes that are killed between any two steps that they take on the disk, in the middle of a
//! commit too; and the power that goes with them, so that what was not synced is lost.
#![cfg(target_os = "linux")]

use std::collections::BTreeMap;
use std::path::Path;
use std::process::Command;

use provkey_tests::{Answer, Granted, disk_faults};

use crate::site::{Site, enroll, requests, scaled};
use crate::worker::{PROGRAM, Worker};

const CONNECTORS: usize = 3;
/// A worker takes fewer steps on the disk: it opens the store, enrolls, and closes it.
const STEPS_MAX: usize = 1000;

/// Asks for everybody in turn. What was answered, and whether the worker came to its end.
fn ask(
    folder: &Path,
    csrs: &[Vec<u8>],
    kill_at: usize,
    lose: Option<usize>,
) -> (Vec<Answer>, bool) {
    let mut command = Command::new(PROGRAM);
    command.arg(folder).arg("1").env("LD_PRELOAD", disk_faults()).env("DISK_FOLDER", folder);
    command.env("DISK_KILL_AT", kill_at.to_string());
    if let Some(seed) = lose {
        command.env("DISK_LOSE", seed.to_string());
    }
    let worker = Worker::spawn(&mut command);
    csrs.iter().enumerate().for_each(|(index, csr)| worker.ask(index, csr));
    worker.end()
}

/// Goes through the steps, every `stride`-th of them. `lose`: what is lost at which step.
fn check(stride: usize, lose: impl Fn(usize) -> Option<usize>) {
    let mut site = Site::new();
    let mut killed_while_enrolling = 0;
    for step in (1..STEPS_MAX).step_by(stride) {
        let key = site.key(&format!("fleet {step}"), CONNECTORS as u64).id;
        let csrs = requests(&site.provisioning_key(key), CONNECTORS);
        let epoch = site.authority.epoch().unwrap();
        let (answers, done);
        (site, (answers, done)) = site.away(|folder| ask(folder, &csrs, step, lose(step)));
        // Everything was durable that was before, and everything that was answered.
        site.authority.check_epoch(&epoch).unwrap();
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

/// The faults are real: a process that does not sync loses what it wrote.
#[test]
fn what_is_not_synced_is_lost() {
    let folder = tempfile::tempdir().unwrap();
    let write = |sync: &str, kill_at: &str| {
        let file = folder.path().join("file");
        std::fs::write(&file, "before").unwrap();
        let script = "import os, sys\n\
                      file = os.open(sys.argv[1], os.O_WRONLY)\n\
                      os.pwrite(file, b'behind', 0)\n\
                      if sys.argv[2]: os.fsync(file)\n\
                      os.pwrite(file, b'longer', 6)\n";
        let mut python = Command::new("python3");
        python.args(["-c", script]).arg(&file).arg(sync).env("LD_PRELOAD", disk_faults());
        python.env("DISK_FOLDER", folder.path()).env("DISK_KILL_AT", kill_at);
        assert!(!python.env("DISK_LOSE", "1").status().unwrap().success());
        std::fs::read_to_string(file).unwrap()
    };
    assert_eq!(write("", "2"), "before");
    assert_eq!(write("sync", "3"), "behind");
}
