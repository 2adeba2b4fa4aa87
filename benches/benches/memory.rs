//! The peak memory of a process after little and after much work.
//!
//! `cargo bench -p provkey-benches --bench memory [-- WORD]` runs the rows that contain the word.

// A command-line program, which panics on any error.
#![allow(clippy::print_stdout, clippy::unwrap_used)]

use std::path::Path;
use std::process::Command;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};

use provkey::authority::{KeyFilter, PageRequest};
use provkey_benches::{ManyKeys, Row, authority, p256_request, run};
use provkey_sqlite::SqliteStore;

/// The task of a child process.
const TASK: &str = "PROVKEY_BENCH_MEMORY";
const MANY: usize = 1_000_000;

fn main() {
    match std::env::var(TASK).as_deref() {
        Ok("enroll") => enroll(),
        Ok("page") => page(),
        _ => run(&[
            Row("peak memory, 100,000 connectors enrolled by 8 threads, SQLite", |row| {
                measure(row, "enroll", "10,000");
            }),
            Row("peak memory, paging through 1,000,000 keys, SQLite", |row| {
                drop(ManyKeys::new(directory(), MANY));
                measure(row, "page", "10,000");
            }),
        ]),
    }
}

fn directory() -> &'static Path {
    Path::new(env!("CARGO_TARGET_TMPDIR"))
}

/// Has a process of its own do it, which prints its peaks early and at the end.
fn measure(row: &str, task: &str, early: &str) {
    let this = std::env::current_exe().unwrap();
    let output = Command::new(this).env(TASK, task).output().unwrap();
    assert!(output.status.success(), "{output:?}");
    let output = String::from_utf8(output.stdout).unwrap();
    let peaks: Vec<f64> = output.lines().map(|line| line.parse().unwrap()).collect();
    let [little, much] = peaks[..] else { unreachable!("{output}") };
    println!(
        "| {row} | {much:.1} MiB | after {early} of them | {little:.1} MiB | {:.2} |",
        much / little
    );
}

fn print_peak() {
    let status = std::fs::read_to_string("/proc/self/status").unwrap();
    let peak = status.lines().find(|line| line.starts_with("VmHWM:")).unwrap();
    let kib: f64 = peak.split_whitespace().nth(1).unwrap().parse().unwrap();
    println!("{}", kib / 1024.0);
}

fn enroll() {
    let temporary = tempfile::tempdir_in(directory()).unwrap();
    let store = SqliteStore::create(temporary.path().join("store.db")).unwrap();
    let world = authority(Arc::new(store));
    let (_, key) = world.key("fleet", MANY as u64);
    for count in [10_000, 90_000] {
        let left = AtomicUsize::new(count);
        let one_more =
            || left.fetch_update(Ordering::SeqCst, Ordering::SeqCst, |left| left.checked_sub(1));
        std::thread::scope(|scope| {
            for _ in 0..8 {
                scope.spawn(|| {
                    while one_more().is_ok() {
                        world.authority.enroll(&p256_request(&key)).unwrap();
                    }
                });
            }
        });
        print_peak();
    }
}

fn page() {
    let keys = ManyKeys::new(directory(), MANY);
    let mut page = PageRequest { limit: 200, after: None };
    let mut seen = 0;
    loop {
        let found = keys.authority.list_keys(&KeyFilter::default(), &page).unwrap();
        seen += found.items.len();
        if seen == 10_000 {
            print_peak();
        }
        page.after = found.next;
        if page.after.is_none() {
            break;
        }
    }
    assert_eq!(seen, MANY);
    print_peak();
}
