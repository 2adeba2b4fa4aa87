//! The first steps in docs/cli.md work.

use std::path::Path;
use std::process::Command;

const PAGE: &str = include_str!("../../../docs/cli.md");

/// The shell commands of the first section, one after the other.
fn script() -> String {
    let first_steps = PAGE.split("\n## Commands\n").next().unwrap_or_default();
    let blocks = first_steps.split("\n```sh\n").skip(1);
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
    assert!(script.matches("provkey ").count() >= 9, "{script}");
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
