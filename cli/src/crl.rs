//! `provkey crl`: certificate revocation lists.

use std::path::PathBuf;

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
    /// Write the list to this file, in DER
    #[arg(long, value_name = "FILE")]
    out: Option<PathBuf>,
    /// Write it in PEM; without --out to standard output
    #[arg(long)]
    pem: bool,
}

pub(crate) fn run(args: &Args, authority: &Authority, output: &mut Output) -> Result<(), Failure> {
    let destination = args.out.as_ref().map(|path| Destination::prepare(path, Content::Crl));
    let destination = destination.transpose()?;
    let crl = match &args.certificate {
        Some(certificate) => authority.crl(authority.find_certificate(certificate)?.id)?,
        None => authority.root_crl()?,
    };
    match destination {
        Some(destination) if args.pem => destination.write(crl.to_pem().as_bytes())?,
        Some(destination) => destination.write(&crl.der)?,
        None if args.pem => return output.plain(&crl.to_pem()),
        None => {}
    }
    output.one(&CrlView::from(&crl))
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
