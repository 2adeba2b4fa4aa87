//! Nearly the same certificate from OpenSSL, by a program in C. It reads the CSR from standard
//! input, makes the given number of certificates, and prints how many it made per second.

use std::io::Write as _;
use std::path::Path;
use std::process::{Command, Stdio};

/// Compiles the program; its path.
pub(super) fn build() -> String {
    let program = Path::new(env!("CARGO_TARGET_TMPDIR")).join("issue-openssl");
    let built = Command::new("cc")
        .args(["-std=c11", "-O2", "-Wall", "-Wextra", "-o"])
        .arg(&program)
        .arg(Path::new(env!("CARGO_MANIFEST_DIR")).join("c/issue.c"))
        .arg("-lcrypto")
        .status();
    assert!(built.unwrap().success(), "OpenSSL's headers: libssl-dev");
    program.to_str().unwrap().to_owned()
}

/// Runs the program; what it prints.
pub(super) fn run(program: &str, argument: &str, input: &[u8]) -> String {
    let mut child = Command::new(program)
        .arg(argument)
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .spawn()
        .expect("the program starts");
    child.stdin.take().unwrap().write_all(input).unwrap();
    let output = child.wait_with_output().unwrap();
    assert!(output.status.success(), "{output:?}");
    String::from_utf8(output.stdout).unwrap().trim().to_owned()
}

pub(super) fn per_second(program: &str, csr: &[u8], count: usize) -> f64 {
    run(program, &count.to_string(), csr).parse().unwrap()
}
