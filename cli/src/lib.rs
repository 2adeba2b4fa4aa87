//! The command `provkey`: it operates an authority, and it is a connector.
//!
//! It reads arguments and files, calls the library, and writes tables or JSON. Every decision is
//! the library's. The command is a function, [`run`], so that the Python wheel has the same command
//! as the binary.
//!
//! `cli` names all subcommands; `commands` has a module for each. The other modules are what
//! subcommands share: the store and its keys (`authority_location`, `checkpoint`, `keyring_file`,
//! `pkcs11`), a connector's files (`identity_folder`), and input and output (`files`, `output`,
//! `failure`).

mod actor;
mod authority_location;
mod checkpoint;
mod cli;
mod commands;
mod failure;
mod files;
mod identity_folder;
mod keyring_file;
mod output;
mod pkcs11;
mod record;
mod redact;
mod systemd;
mod time;

use std::ffi::OsString;
use std::io::{self, Write};

use clap::{CommandFactory, Parser};

use crate::cli::Cli;
use crate::failure::Failure;

/// Runs the command with these arguments, the first of which is its name. Returns the exit status:
/// 0 for success, 1 for a refusal or a failure, 2 for wrong arguments.
///
/// Standard output is flushed before this returns: an application that embeds the command need not
/// flush Rust's standard output when it exits.
pub fn run(arguments: impl IntoIterator<Item = OsString>) -> u8 {
    let parsed = Cli::try_parse_from(arguments).map_err(Failure::Usage);
    let done = parsed.and_then(Cli::run).and_then(|()| Ok(io::stdout().flush()?));
    done.map_or_else(|failure| failure.report(&mut Cli::command()), |()| 0)
}
