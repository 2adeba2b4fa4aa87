//! `provkey sign`: the authority enrolls one CSR, or renews one certificate.

use std::net::IpAddr;
use std::path::PathBuf;

use provkey::authority::{
    Authority, CertificateId, ConnectorId, EnrollRequest, Enrolled, GroupId, RenewRequest,
};
use provkey::key::{KeyId, ProvisioningKey};
use provkey::x509::Csr;
use serde::Serialize;

use crate::failure::Failure;
use crate::files::{self, Content, Destination};
use crate::output::{Fields, Output};
use crate::place::Place;
use crate::times::Time;

#[derive(clap::Args)]
pub(crate) struct Args {
    /// The CSR, in PEM or DER
    #[arg(long, value_name = "FILE")]
    csr: PathBuf,
    /// The text of the key, for a CSR that does not prove one
    #[arg(long, value_name = "FILE")]
    key_file: Option<PathBuf>,
    /// Where the connector asks from
    #[arg(long, value_name = "IP")]
    address: Option<IpAddr>,
    /// Where the certificate and its issuers go, in PEM; `-` is standard output. A file that
    /// holds certificates is replaced, any other is left alone
    #[arg(long, value_name = "FILE")]
    out: PathBuf,
    /// Where the other chain goes, to the root of an external CA, if its certificate signed
    #[arg(long, value_name = "FILE")]
    external_out: Option<PathBuf>,
}

pub(crate) fn run(args: &Args, place: &Place, output: &mut Output) -> Result<(), Failure> {
    let request = request(args)?;
    let external = args.external_out.as_deref();
    let external =
        external.map(|path| Destination::prepare(path, Content::Certificates)).transpose()?;
    // Before anything is counted, it is certain that the answer can be kept.
    let destination = Destination::prepare(&args.out, Content::Certificates)?;
    let alone = destination.is_standard_output();
    let enrolled = request.ask(&place.signing_authority()?)?;
    destination.write(enrolled.chain_pem().as_bytes()).map_err(|failure| {
        failure.note("The connector has its certificate. Run it again: that costs no use.")
    })?;
    write_external(external, &enrolled)?;
    if alone {
        return Ok(());
    }
    output.one(&EnrolledView::new(enrolled, matches!(request, Request::Renew(_))))
}

fn write_external(destination: Option<Destination>, enrolled: &Enrolled) -> Result<(), Failure> {
    match destination {
        Some(destination) if !enrolled.external_chain.is_empty() => {
            destination.write(enrolled.external_chain_pem().as_bytes()).map_err(|failure| {
                failure.note("The connector has its certificate. Run it again: that costs no use.")
            })
        }
        _ => Ok(()),
    }
}

/// What a CSR is for: one with a proof of renewal is for that.
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
        return Ok(Request::Renew(RenewRequest { csr, address, ..RenewRequest::default() }));
    }
    Ok(Request::Enroll(EnrollRequest { csr, key_text, address, fingerprint: None }))
}

impl Request {
    fn ask(&self, authority: &Authority) -> Result<Enrolled, Failure> {
        let enrolled = match self {
            Self::Enroll(request) => authority.enroll(request),
            Self::Renew(request) => authority.renew(request),
        };
        // What is counted of refusals and replays is best effort.
        let _ = authority.flush();
        Ok(enrolled?)
    }
}

#[derive(Serialize)]
struct EnrolledView {
    connector: ConnectorId,
    key: KeyId,
    group: GroupId,
    certificate: CertificateId,
    renewal: bool,
    replay: bool,
    serial: String,
    not_before: Time,
    not_after: Time,
}

impl EnrolledView {
    fn new(enrolled: Enrolled, renewal: bool) -> Self {
        Self {
            connector: enrolled.connector,
            key: enrolled.key,
            group: enrolled.group,
            certificate: enrolled.certificate,
            renewal,
            replay: enrolled.replay,
            serial: enrolled.serial,
            not_before: enrolled.not_before.into(),
            not_after: enrolled.not_after.into(),
        }
    }
}

impl Fields for EnrolledView {
    fn fields(&self) -> Vec<(&'static str, String)> {
        let cost = match (self.renewal, self.replay) {
            (true, false) => "none: a renewal",
            (true, true) => "none: it had renewed before",
            (false, true) => "none: it had enrolled before",
            (false, false) => "one use",
        };
        vec![
            ("Connector", self.connector.to_string()),
            ("Key", self.key.to_string()),
            ("Cost", cost.into()),
            ("Valid until", self.not_after.to_string()),
            ("Serial", self.serial.clone()),
        ]
    }
}
