//! Nearly the same certificate from programs in other languages. Each reads the CSR from
//! standard input, makes the given number of certificates, and prints how many it made per second.

use std::io::Write as _;
use std::path::PathBuf;
use std::process::{Command, Stdio};

fn source(path: &str) -> PathBuf {
    PathBuf::from(env!("CARGO_MANIFEST_DIR")).join(path)
}

/// Compiles the program in C; its path.
pub(super) fn build_openssl() -> String {
    let program = PathBuf::from(env!("CARGO_TARGET_TMPDIR")).join("issue-openssl");
    let built = Command::new("cc")
        .args(["-std=c11", "-O2", "-Wall", "-Wextra", "-o"])
        .arg(&program)
        .arg(source("c/issue.c"))
        .arg("-lcrypto")
        .status();
    assert!(built.unwrap().success(), "OpenSSL's headers: libssl-dev");
    program.to_str().unwrap().to_owned()
}

/// The interpreter that has `cryptography`, and the script.
pub(super) fn python() -> (String, String) {
    let python = source("../target/venv/bin/python");
    let script = source("python/issue.py");
    (python.to_str().unwrap().to_owned(), script.to_str().unwrap().to_owned())
}

/// Runs a program; what it printed.
pub(super) fn run(program: &str, arguments: &[&str]) -> String {
    let output = Command::new(program).args(arguments).output().unwrap();
    assert!(output.status.success(), "{output:?}");
    String::from_utf8(output.stdout).unwrap().trim().to_owned()
}

pub(super) fn per_second(program: &str, csr: &[u8], count: usize) -> f64 {
    measure(Command::new(program).arg(count.to_string()), csr)
}

pub(super) fn per_second_by(python: &str, script: &str, csr: &[u8], count: usize) -> f64 {
    measure(Command::new(python).arg(script).arg(count.to_string()), csr)
}

fn measure(command: &mut Command, csr: &[u8]) -> f64 {
    let mut child =
        command.stdin(Stdio::piped()).stdout(Stdio::piped()).spawn().expect("the program starts");
    child.stdin.take().unwrap().write_all(csr).unwrap();
    let output = child.wait_with_output().unwrap();
    assert!(output.status.success(), "{output:?}");
    String::from_utf8(output.stdout).unwrap().trim().parse().unwrap()
}
