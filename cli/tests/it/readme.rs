//! The shell commands in the README work.

use std::path::Path;
use std::process::Command;

const README: &str = include_str!("../../../README.md");

/// The blocks of the README that are marked as shell commands, one after the other.
fn script() -> String {
    let blocks = README.split("\n```sh\n").skip(1);
    let block = |rest: &str| rest.split("\n```").next().unwrap_or_default().to_owned();
    blocks.map(block).collect::<Vec<_>>().join("\n")
}

#[test]
fn the_commands_run_one_after_the_other() {
    let folder = tempfile::tempdir().unwrap();
    let command = Path::new(env!("CARGO_BIN_EXE_provkey"));
    let path = std::env::var("PATH").unwrap();
    let path = format!("{}:{path}", command.parent().unwrap().display());
    let script = script();
    assert!(script.matches("provkey ").count() > 10, "{script}");
    let run = Command::new("sh")
        .args(["-euc", &script])
        .current_dir(folder.path())
        .env("PATH", path)
        .output()
        .unwrap();
    let (out, err) = (String::from_utf8_lossy(&run.stdout), String::from_utf8_lossy(&run.stderr));
    assert!(run.status.success(), "{out}\n{err}");
    assert!(out.contains("1/25"), "one of 25 uses: {out}");
}
