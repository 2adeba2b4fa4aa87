//! The command `provkey`: operates an authority, and is a connector.
//!
//! It only reads arguments and files, calls the library, and writes tables or JSON. Every
//! decision is the library's. It is a function, [`run`], so that the Python wheel has the same
//! command as the binary.

mod admin_token;
mod audit;
mod cert;
mod checkpoint;
mod cli;
mod connector;
mod crl;
mod demo;
mod enroll;
mod failure;
mod files;
mod group;
mod identity;
mod init;
mod inspect;
mod key;
mod keyring_file;
mod master;
mod output;
mod place;
mod query;
mod redact;
mod root;
mod serve;
mod sign;
mod store;
mod system;
mod times;
mod token;

use std::ffi::OsString;
use std::io::{self, Write};

use clap::Parser;

use crate::failure::Failure;

/// Runs the command with these arguments, the first of them its own name. Answers the exit status:
/// 0 done, 1 refused, 2 called as it should not be.
///
/// What it said has left the process when this returns, for not every host flushes the standard
/// output of Rust at its end.
pub fn run(arguments: impl IntoIterator<Item = OsString>) -> u8 {
    let parsed = cli::Cli::try_parse_from(arguments).map_err(Failure::Usage);
    let done = parsed.and_then(cli::Cli::run).and_then(|()| Ok(io::stdout().flush()?));
    done.map_or_else(Failure::report, |()| 0)
}
