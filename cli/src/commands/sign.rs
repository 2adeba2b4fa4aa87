//! `provkey sign`: enrolls one connector from its CSR, or renews its certificate.

use std::net::IpAddr;
use std::path::PathBuf;

use provkey::authority::{Authority, EnrollRequest, Enrolled, RenewRequest};
use provkey::key::ProvisioningKey;
use provkey::x509::Csr;

use crate::authority_location::AuthorityLocation;
use crate::failure::Failure;
use crate::files::{self, Content, Destination};
use crate::output::Output;
use crate::record::Record;
use crate::time::Time;

#[derive(clap::Args)]
pub(crate) struct Args {
    /// The CSR, in PEM or DER
    #[arg(long, value_name = "FILE")]
    csr: PathBuf,
    /// The file with the text of the key, for a CSR that does not prove it
    #[arg(long, value_name = "FILE")]
    key_file: Option<PathBuf>,
    /// The address of the connector, which the key may restrict
    #[arg(long, value_name = "IP")]
    address: Option<IpAddr>,
    /// The file for the certificate and its issuers, in PEM; `-` is standard output. Only a file
    /// that holds certificates is replaced
    #[arg(long, value_name = "FILE")]
    out: PathBuf,
    /// The file for the chain to the root of the external CA, if the enrollment certificate is one
    /// of an external CA
    #[arg(long, value_name = "FILE")]
    external_out: Option<PathBuf>,
}

pub(crate) fn run(
    args: &Args,
    location: &AuthorityLocation,
    output: &mut Output,
) -> Result<(), Failure> {
    let request = request(args)?;
    let external = args.external_out.as_deref();
    let external =
        external.map(|path| Destination::prepare(path, Content::Certificates)).transpose()?;
    // Prepared before a use is counted, so that the answer can be written.
    let destination = Destination::prepare(&args.out, Content::Certificates)?;
    let alone = destination.is_standard_output();
    let enrolled = request.send_to(&location.open_with_token()?)?;
    write(destination, &enrolled.chain_pem())?;
    if let Some(external) = external.filter(|_| !enrolled.external_chain.is_empty()) {
        write(external, &enrolled.external_chain_pem())?;
    }
    if alone {
        return Ok(());
    }
    output.show(&shown(&enrolled, matches!(request, Request::Renew(_))))
}

fn write(destination: Destination, pem: &str) -> Result<(), Failure> {
    destination.write(pem.as_bytes()).map_err(|failure| {
        failure.with_note(
            "The certificate was issued. Run the command again to write it: that costs no use.",
        )
    })
}

/// The request that a CSR makes. A CSR with a proof of renewal renews.
enum Request {
    Enroll(EnrollRequest),
    Renew(RenewRequest),
}

fn request(args: &Args) -> Result<Request, Failure> {
    let key_text = match &args.key_file {
        Some(file) => Some(ProvisioningKey::read(&files::read(file)?)?.to_text()),
        None => None,
    };
    let (csr, address) = (files::read(&args.csr)?.to_vec(), args.address);
    let renews = |csr: Csr| csr.renewal().is_some() && csr.proof().is_none();
    if key_text.is_none() && Csr::parse(&csr).is_ok_and(renews) {
        return Ok(Request::Renew(RenewRequest::new(csr).address(address)));
    }
    Ok(Request::Enroll(EnrollRequest::new(csr).key_text(key_text).address(address)))
}

impl Request {
    fn send_to(&self, authority: &Authority) -> Result<Enrolled, Failure> {
        let enrolled = match self {
            Self::Enroll(request) => authority.enroll(request),
            Self::Renew(request) => authority.renew(request),
        };
        // Refusals and replays are counted at best effort.
        let _ = authority.flush();
        Ok(enrolled?)
    }
}

fn shown(enrolled: &Enrolled, renewal: bool) -> Record {
    let cost = match (renewal, enrolled.replay) {
        (true, false) => "none: a renewal",
        (true, true) => "none: the renewal was answered before",
        (false, true) => "none: the enrollment was answered before",
        (false, false) => "one use",
    };
    Record::new()
        .field("connector", "Connector", enrolled.connector)
        .field("key", "Key", enrolled.key)
        .line("Cost", cost)
        .line("Valid until", Time(enrolled.not_after).to_string())
        .json("group", enrolled.group)
        .json("certificate", enrolled.certificate)
        .json("renewal", renewal)
        .json("replay", enrolled.replay)
        .field("serial", "Serial", &enrolled.serial)
        .json("not_before", Time(enrolled.not_before))
        .json("not_after", Time(enrolled.not_after))
}
