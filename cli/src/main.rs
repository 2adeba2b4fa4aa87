//! The command `provkey`: operates an authority, and is a connector.
//!
//! It only reads arguments and files, calls the library, and writes tables or JSON. Every
//! decision is the library's.

mod audit;
mod cert;
mod cli;
mod connector;
mod crl;
mod demo;
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
mod redact;
mod sign;
mod store;
mod system;
mod times;
mod token;

use std::process::ExitCode;

use clap::Parser;

use crate::failure::Failure;

fn main() -> ExitCode {
    match cli::Cli::try_parse().map_err(Failure::Usage).and_then(cli::Cli::run) {
        Ok(()) => ExitCode::SUCCESS,
        Err(failure) => failure.report(),
    }
}
