//! Disks that fill up while connectors enroll, and then have space again.
#![cfg(target_os = "linux")]

use std::collections::BTreeMap;
use std::fs;
use std::path::PathBuf;
use std::process::{Command, Stdio};

use provkey_tests::{Answer, Granted, MASTER_KEY_FILE, STORE_FILE, open_authority};
use tempfile::TempDir;

use crate::site::{Site, requests};
use crate::worker::{PROGRAM, Worker};

const CONNECTORS: usize = 200;
const THREADS: &str = "8";

/// The answers to all connectors, each of which asks once.
fn ask(worker: &Worker, csrs: &[Vec<u8>]) -> BTreeMap<usize, Result<Granted, String>> {
    csrs.iter().enumerate().for_each(|(index, csr)| worker.ask(index, csr));
    let answers = csrs.iter().map(|_| worker.answer());
    answers.map(|Answer { connector, outcome }| (connector, outcome)).collect()
}

/// There are as many uses as connectors, and the disk does not hold all enrollments. Once it
/// has space, every connector gets a certificate, so no use was lost.
fn check(
    mut site: Site,
    start: impl FnOnce(&Site) -> Worker,
    expected: &str,
    make_room: impl FnOnce(&Worker),
    folder_of: impl FnOnce(&Worker) -> PathBuf,
) {
    let key = site.key("fleet", CONNECTORS as u64).id;
    let csrs = requests(&site.provisioning_key(key), CONNECTORS);
    let worker = start(&site);
    worker.wait_until_ready();
    let first = ask(&worker, &csrs);
    let codes: Vec<_> = first.values().filter_map(|outcome| outcome.as_ref().err()).collect();
    assert!((1..CONNECTORS).contains(&codes.len()), "{} of {CONNECTORS}", codes.len());
    assert!(codes.iter().all(|code| *code == expected), "{codes:?}");

    make_room(&worker);
    let second: BTreeMap<_, _> = ask(&worker, &csrs)
        .into_iter()
        .map(|(connector, outcome)| (connector, outcome.unwrap()))
        .collect();
    for (connector, granted) in &first {
        if let Ok(granted) = granted {
            let again = &second[connector];
            assert_eq!((&again.leaf, again.replay), (&granted.leaf, true));
        }
    }
    site.authority = open_authority(&folder_of(&worker)).unwrap();
    worker.finish();
    assert_eq!(site.used(key), CONNECTORS as u64);
    site.check_books(key, second.values());
}

/// A small file system that only the worker sees.
#[test]
fn a_full_disk_costs_no_use() {
    let possible = Command::new("unshare").args(["-rm", "true"]).stderr(Stdio::null()).status();
    if !possible.is_ok_and(|status| status.success()) {
        // This system cannot mount it. The limit on file sizes below has the same effect.
        return;
    }
    let (disk, copy) = (TempDir::new().unwrap(), TempDir::new().unwrap());
    let start = |site: &Site| {
        let script = "mount -t tmpfs -o size=16m none \"$DISK\"; cp \"$FOLDER\"/* \"$DISK\"; \
                      head -c 15m /dev/zero > \"$DISK/filler\"; exec \"$@\"";
        let mut command = Command::new("unshare");
        command.args(["-rm", "sh", "-ec", script, "sh", PROGRAM]).arg(disk.path()).arg(THREADS);
        Worker::spawn(command.env("DISK", disk.path()).env("FOLDER", site.folder()))
    };
    let seen_by = |worker: &Worker, file: &str| {
        let root = PathBuf::from(format!("/proc/{}/root", worker.id()));
        root.join(disk.path().strip_prefix("/").unwrap()).join(file)
    };
    let make_room = |worker: &Worker| fs::remove_file(seen_by(worker, "filler")).unwrap();
    let folder_of = |worker: &Worker| {
        for file in [STORE_FILE, &format!("{STORE_FILE}-wal"), MASTER_KEY_FILE] {
            fs::copy(seen_by(worker, file), copy.path().join(file)).unwrap();
        }
        copy.path().to_owned()
    };
    check(Site::new(), start, "store_full", make_room, folder_of);
}

/// SQLite does not distinguish a file that may not grow from a failing disk, so the code is
/// another.
#[test]
fn a_file_that_may_not_grow_costs_no_use() {
    let start = |site: &Site| {
        let log = site.folder().join(format!("{STORE_FILE}-wal"));
        let limit = fs::metadata(log).unwrap().len() + 500_000;
        // Without the trap, the system kills the process.
        let script = "trap '' XFSZ; exec prlimit --fsize=\"$LIMIT\": \"$@\"";
        let mut command = Command::new("sh");
        command.args(["-ec", script, "sh", PROGRAM]).arg(site.folder()).arg(THREADS);
        Worker::spawn(command.env("LIMIT", limit.to_string()))
    };
    let make_room = |worker: &Worker| {
        let worker = worker.id().to_string();
        let done = Command::new("prlimit").args(["--pid", &worker, "--fsize=unlimited:"]).status();
        assert!(done.unwrap().success());
    };
    let site = Site::new();
    let folder = site.folder().to_owned();
    check(site, start, "store_unavailable", make_room, |_| folder);
}
