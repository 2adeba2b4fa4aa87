//! The command `provkey`.

use std::process::ExitCode;

fn main() -> ExitCode {
    provkey_cli::run(std::env::args_os()).into()
}
