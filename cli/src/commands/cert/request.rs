//! `provkey cert request` and `requests`: requests to an external CA.

use std::path::PathBuf;

use clap::builder::PossibleValuesParser;
use provkey::authority::{Authority, Name, NewCertificate};
use provkey::x509::KeyAlgorithm;
use provkey_admin::CertificateRequest;

use super::url_args::UrlArgs;
use crate::failure::Failure;
use crate::files::{Content, Destination};
use crate::output::Output;
use crate::pkcs11::Pkcs11Token;
use crate::record::Record;
use crate::time::{Period, Time};

#[derive(clap::Args)]
pub(crate) struct Args {
    /// The name of the certificate, unique among enrollment certificates
    name: String,
    /// The algorithm of the key
    #[arg(long, default_value = "p256")]
    #[arg(value_parser = PossibleValuesParser::new(["p256", "p384", "ed25519"]))]
    algorithm: String,
    /// The label of its key in the PKCS #11 token; the key is made if it is missing
    #[arg(long, value_name = "LABEL")]
    token_key: Option<String>,
    /// How long the certificates of connectors are valid
    #[arg(long, value_name = "PERIOD", default_value = "1y", value_parser = Period::parse)]
    leaf_validity: Period,
    /// How long after its expiry the certificate of a connector can still be renewed
    #[arg(long, value_name = "PERIOD", default_value = "30d", value_parser = Period::parse)]
    renewal_grace: Period,
    /// The file for the CSR, in PEM; `-` is standard output
    #[arg(long, value_name = "FILE")]
    out: PathBuf,
    #[command(flatten)]
    urls: UrlArgs,
}

pub(crate) fn run(
    args: &Args,
    authority: &Authority,
    token: &Pkcs11Token,
    output: &mut Output,
) -> Result<(), Failure> {
    let mut new = NewCertificate::new(Name::parse(&args.name)?);
    new.algorithm = KeyAlgorithm::parse(&args.algorithm).unwrap_or(new.algorithm);
    new.leaf_validity = args.leaf_validity.starting_now();
    new.renewal_grace = args.renewal_grace.starting_now();
    new.leaf_urls = args.urls.read()?;
    if let Some(label) = &args.token_key {
        new.signer = Some(token.key(label, new.algorithm)?);
    }
    let destination = Destination::prepare(&args.out, Content::Request)?;
    let request = authority.request_certificate(&new)?;
    let alone = destination.is_standard_output();
    destination.write(request.csr_pem().as_bytes())?;
    if alone {
        return Ok(());
    }
    output.show(&shown(request))?;
    output.remark(
        "When the external CA has signed it: provkey cert import --answer-to ID --cert FILE",
    )
}

pub(super) fn shown(request: impl Into<CertificateRequest>) -> Record {
    let request = request.into();
    let created = Time::from(request.created_at);
    Record::of(&request)
        .line("Request", &request.id)
        .line("Name", &request.name)
        .line("Created", created.to_string())
        .cell("ID", &request.id)
        .cell("NAME", &request.name)
        .cell("CREATED", created)
}
