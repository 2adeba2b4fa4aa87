//! The command `provkey`: operates an authority, and is a connector.
//!
//! It only reads arguments and files, calls the library, and writes tables or JSON. Every
//! decision is the library's.

mod audit;
mod cert;
mod cli;
mod connector;
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
mod sign;
mod system;
mod times;

use std::process::ExitCode;

use clap::Parser;

fn main() -> ExitCode {
    match cli::Cli::parse().run() {
        Ok(()) => ExitCode::SUCCESS,
        Err(failure) => failure.report(),
    }
}
