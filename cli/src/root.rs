//! `provkey root`: the certificate that connectors trust.

use std::path::{Path, PathBuf};

use provkey::authority::Authority;

use crate::failure::Failure;
use crate::files::{Content, Destination};
use crate::init::AuthorityView;
use crate::output::Output;

#[derive(clap::Args)]
pub(crate) struct Args {
    /// Write it to this file; `-` is standard output, as without it
    #[arg(long, value_name = "FILE")]
    out: Option<PathBuf>,
}

pub(crate) fn run(args: &Args, authority: &Authority, output: &mut Output) -> Result<(), Failure> {
    let path = match &args.out {
        Some(path) => path,
        None if output.is_for_programs() => return output.one(&AuthorityView::of(authority)),
        None => Path::new("-"),
    };
    let destination = Destination::prepare(path, Content::Certificates)?;
    let alone = destination.is_standard_output();
    destination.write(authority.root().to_pem().as_bytes())?;
    if alone { Ok(()) } else { output.one(&AuthorityView::of(authority)) }
}
