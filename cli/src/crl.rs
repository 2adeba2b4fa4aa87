//! `provkey crl`: certificate revocation lists.

use std::path::{Path, PathBuf};

use provkey::authority::{Authority, Crl};
use serde::Serialize;

use crate::failure::Failure;
use crate::files::{Content, Destination};
use crate::output::{Fields, Output};
use crate::times::Time;

#[derive(clap::Args)]
pub(crate) struct Args {
    /// The id or the name of the enrollment certificate
    #[arg(value_name = "CERT", required_unless_present = "root", conflicts_with = "root")]
    certificate: Option<String>,
    /// The list of the authority's root
    #[arg(long)]
    root: bool,
    /// Write the list to this file; `-` is standard output, as without it
    #[arg(long, value_name = "FILE")]
    out: Option<PathBuf>,
    /// Write it in DER, not in PEM
    #[arg(long)]
    der: bool,
    /// Write it in PEM, as without it
    #[arg(long, hide = true, conflicts_with = "der")]
    pem: bool,
}

/// Where the list goes comes first: a list that cannot be written would use a number for nothing.
pub(crate) fn run(args: &Args, authority: &Authority, output: &mut Output) -> Result<(), Failure> {
    let destination = match &args.out {
        Some(path) => Some(Destination::prepare(path, Content::Crl)?),
        None if output.is_for_programs() => None,
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
    if alone { Ok(()) } else { output.one(&CrlView::from(&crl)) }
}

#[derive(Serialize)]
struct CrlView {
    number: u64,
    entries: usize,
    this_update: Time,
    next_update: Time,
    pem: String,
}

impl From<&Crl> for CrlView {
    fn from(crl: &Crl) -> Self {
        Self {
            number: crl.number,
            entries: crl.entries,
            this_update: crl.this_update.into(),
            next_update: crl.next_update.into(),
            pem: crl.to_pem(),
        }
    }
}

impl Fields for CrlView {
    fn fields(&self) -> Vec<(&'static str, String)> {
        vec![
            ("Number", self.number.to_string()),
            ("Revoked", self.entries.to_string()),
            ("This update", self.this_update.to_string()),
            ("Next update", self.next_update.to_string()),
        ]
    }
}
