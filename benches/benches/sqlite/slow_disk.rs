//! The accounting on a disk whose fsync takes a millisecond longer: this program starts itself
//! with a preloaded library that waits.

use std::path::PathBuf;
use std::process::Command;

use provkey_benches::{beside, per_second};

const CHILD: &str = "PROVKEY_BENCH_SLOW_DISK";

pub(super) fn run(row: &str) {
    if std::env::var_os(CHILD).is_some() {
        return measure(row);
    }
    let library = PathBuf::from(env!("CARGO_TARGET_TMPDIR")).join("slow-fsync.so");
    let source = PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("c/slow_fsync.c");
    let built = Command::new("cc")
        .args(["-std=c11", "-O2", "-Wall", "-Wextra", "-shared", "-fPIC", "-o"])
        .args([&library, &source])
        .arg("-ldl")
        .status();
    assert!(built.unwrap().success());
    let this = std::env::current_exe().unwrap();
    let child =
        Command::new(this).arg(row).env(CHILD, "1").env("LD_PRELOAD", library).status().unwrap();
    assert!(child.success());
}

fn measure(row: &str) {
    let ((_directory, ours), theirs) = (crate::new_accounting(), crate::Rival::new(crate::Wal));
    beside(
        row,
        crate::named(crate::Wal),
        || per_second(64, 200, |_, _| ours.count_one()),
        || per_second(64, 8, |_, _| theirs.count_one()),
    );
}
