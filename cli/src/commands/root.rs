//! `provkey root`: the root certificate, which connectors trust.

use std::path::{Path, PathBuf};

use provkey::authority::Authority;

use super::init::shown;
use crate::failure::Failure;
use crate::files::{Content, Destination};
use crate::output::Output;

#[derive(clap::Args)]
pub(crate) struct Args {
    /// The file for the certificate; `-` is standard output, which is the default
    #[arg(long, value_name = "FILE")]
    out: Option<PathBuf>,
}

pub(crate) fn run(args: &Args, authority: &Authority, output: &mut Output) -> Result<(), Failure> {
    let path = match &args.out {
        Some(path) => path,
        None if output.is_json() => return output.show(&shown(authority)),
        None => Path::new("-"),
    };
    let destination = Destination::prepare(path, Content::Certificates)?;
    let alone = destination.is_standard_output();
    destination.write(authority.root().to_pem().as_bytes())?;
    if alone { Ok(()) } else { output.show(&shown(authority)) }
}
