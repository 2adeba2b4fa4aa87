//! `provkey crl`: certificate revocation lists.

use std::path::{Path, PathBuf};

use provkey::authority::{Authority, Crl};

use crate::failure::Failure;
use crate::files::{Content, Destination};
use crate::output::Output;
use crate::record::Record;
use crate::time::Time;

#[derive(clap::Args)]
pub(crate) struct Args {
    /// The id or the name of the enrollment certificate
    #[arg(value_name = "CERT", required_unless_present = "root", conflicts_with = "root")]
    certificate: Option<String>,
    /// Write the CRL of the authority's root
    #[arg(long)]
    root: bool,
    /// The file for the CRL; `-` is standard output, which is the default
    #[arg(long, value_name = "FILE")]
    out: Option<PathBuf>,
    /// Write DER instead of PEM
    #[arg(long)]
    der: bool,
    /// Write PEM, which is the default
    #[arg(long, hide = true, conflicts_with = "der")]
    pem: bool,
}

/// Prepares the file first, because every CRL that is made uses up a number.
pub(crate) fn run(args: &Args, authority: &Authority, output: &mut Output) -> Result<(), Failure> {
    let destination = match &args.out {
        Some(path) => Some(Destination::prepare(path, Content::Crl)?),
        None if output.is_json() => None,
        None => Some(Destination::prepare(Path::new("-"), Content::Crl)?),
    };
    let alone = destination.as_ref().is_some_and(Destination::is_standard_output);
    let crl = match &args.certificate {
        Some(certificate) => authority.crl(authority.find_certificate(certificate)?.id)?,
        None => authority.root_crl()?,
    };
    if let Some(destination) = destination {
        match args.der {
            true => destination.write(&crl.der)?,
            false => destination.write(crl.to_pem().as_bytes())?,
        }
    }
    if alone { Ok(()) } else { output.show(&shown(&crl)) }
}

fn shown(crl: &Crl) -> Record {
    Record::new()
        .field("number", "Number", crl.number)
        .field("entries", "Revoked", crl.entries)
        .field("this_update", "This update", Time(crl.this_update))
        .field("next_update", "Next update", Time(crl.next_update))
        .json("pem", crl.to_pem())
}
