//! `provkey cert`: enrollment certificates.

mod import;
mod request;
mod urls;

use clap::builder::PossibleValuesParser;
use clap::{Args, Subcommand};
use provkey::authority::{
    Authority, CertificateId, CertificateWarning, EnrollmentCertificate, Error, InputError, Name,
    NewCertificate,
};
use provkey::time::{Clock, SystemClock};
use provkey::x509::{Certificate, KeyAlgorithm, LeafUrl};
use serde::Serialize;

use self::request::RequestView;
use self::urls::UrlArgs;
use crate::failure::Failure;
use crate::output::{Deleted, Fields, Output, PageArgs, Row, hex, or_dash};
use crate::times::{Period, Time};
use crate::token::TokenPlace;

#[derive(Subcommand)]
pub(crate) enum Command {
    /// Make a key pair and a certificate for it under the authority's root
    Create(Box<CreateArgs>),
    /// Ask an external CA for a certificate: make a key pair, and a CSR for it
    Request(Box<request::Args>),
    /// List the requests that have not been answered
    Requests(PageArgs),
    /// Import the certificate of an external CA, with its private key or as the answer to a request
    Import(Box<import::Args>),
    /// List the certificates by name
    List(PageArgs),
    /// Show one certificate, and what hangs on it
    Show {
        /// Its id or its name
        #[arg(value_name = "ID")]
        certificate: String,
        /// Write the certificate itself, in PEM
        #[arg(long)]
        pem: bool,
    },
    /// Retire a certificate: it signs for no more connectors, at once and for ever
    Retire {
        /// Its id or its name
        #[arg(value_name = "ID")]
        certificate: String,
    },
    /// Delete a certificate, or a request for one, and its private key, that no key and no
    /// connector needs
    Delete {
        /// Its id or its name
        #[arg(value_name = "ID")]
        certificate: String,
    },
}

#[derive(Args)]
pub(crate) struct CreateArgs {
    /// Its name, unique among enrollment certificates
    name: String,
    /// Its key is the one of this label in the token, and is made there if there is none
    #[arg(long, value_name = "LABEL")]
    token_key: Option<String>,
    /// The algorithm of its key, if that is made
    #[arg(long, default_value = "p256")]
    #[arg(value_parser = PossibleValuesParser::new(["p256", "p384", "ed25519"]))]
    algorithm: String,
    /// How long it is valid, for example 10y
    #[arg(long, value_name = "PERIOD", default_value = "10y", value_parser = Period::parse)]
    validity: Period,
    /// How long the certificates of connectors are valid [default: 1y, or as long as this one]
    #[arg(long, value_name = "PERIOD", value_parser = Period::parse)]
    leaf_validity: Option<Period>,
    /// How long after its end the certificate of a connector is still renewed
    #[arg(long, value_name = "PERIOD", default_value = "30d", value_parser = Period::parse)]
    renewal_grace: Period,
    /// How long its CRLs are good: an hour to a year
    #[arg(long, value_name = "PERIOD", default_value = "7d", value_parser = Period::parse)]
    crl_validity: Period,
    #[command(flatten)]
    urls: UrlArgs,
}

impl CreateArgs {
    fn new_certificate(&self, token: &TokenPlace) -> Result<NewCertificate, Failure> {
        let mut new = NewCertificate::new(Name::new(&self.name)?);
        new.algorithm = KeyAlgorithm::parse(&self.algorithm).unwrap_or(new.algorithm);
        // Before a key is made in a token.
        new.leaf_urls = self.urls.read()?;
        if let Some(label) = &self.token_key {
            new.signer = Some(token.key(label, new.algorithm)?);
        }
        new.validity = self.validity.starting_now();
        new.leaf_validity = match self.leaf_validity {
            Some(period) => period.starting_now(),
            None => new.leaf_validity.min(new.validity),
        };
        new.renewal_grace = self.renewal_grace.starting_now();
        new.crl_validity = self.crl_validity.starting_now();
        Ok(new)
    }
}

pub(crate) fn run(
    command: &Command,
    authority: &Authority,
    token: &TokenPlace,
    output: &mut Output,
) -> Result<(), Failure> {
    match command {
        Command::Create(args) => {
            let certificate = authority.create_certificate(&args.new_certificate(token)?)?;
            show(certificate, authority, output)
        }
        Command::Request(args) => request::run(args, authority, token, output),
        Command::Requests(page) => {
            output.pages(page, |page| authority.list_certificate_requests(page), RequestView::from)
        }
        Command::Import(args) => show(import::run(args, authority)?, authority, output),
        Command::List(page) => {
            output.pages(page, |page| authority.list_certificates(page), CertificateView::from)
        }
        Command::Show { certificate, pem } => {
            let certificate = authority.find_certificate(certificate)?;
            match pem {
                true => output.plain(&certificate.certificate.to_pem()),
                false => show(certificate, authority, output),
            }
        }
        Command::Retire { certificate } => {
            let certificate = authority.find_certificate(certificate)?;
            let name = &certificate.name;
            output.confirm(format_args!(
                "Retire the enrollment certificate {name} for ever? It signs for no more connectors."
            ))?;
            show(authority.retire_certificate(certificate.id)?, authority, output)
        }
        Command::Delete { certificate } => {
            output.confirm(format_args!(
                "Delete the enrollment certificate {certificate} and its private key for ever?"
            ))?;
            let id = delete(certificate, authority)?;
            output.one(&Deleted::new(id))
        }
    }
}

/// Deletes the certificate that has this id or this name, or the request for one.
fn delete(id_or_name: &str, authority: &Authority) -> Result<CertificateId, Failure> {
    match authority.find_certificate(id_or_name) {
        Err(Error::Input(InputError::CertificateUnanswered)) => {
            let request = authority.find_certificate_request(id_or_name)?;
            authority.delete_certificate_request(request.id)?;
            Ok(request.id)
        }
        found => {
            let id = found?.id;
            authority.delete_certificate(id)?;
            Ok(id)
        }
    }
}

/// Shows a certificate with the number of connectors that hang on it.
fn show(
    certificate: EnrollmentCertificate,
    authority: &Authority,
    output: &mut Output,
) -> Result<(), Failure> {
    let connectors = authority.count_connectors(certificate.id)?;
    output.one(&CertificateView { connectors: Some(connectors), ..certificate.into() })
}

#[derive(Serialize)]
struct CertificateView {
    id: CertificateId,
    name: Name,
    algorithm: Option<&'static str>,
    subject: Option<String>,
    serial: String,
    sha256: String,
    not_before: Time,
    not_after: Time,
    leaf_validity_seconds: u64,
    renewal_grace_seconds: u64,
    crl_url: Option<String>,
    ocsp_url: Option<String>,
    ca_issuers_url: Option<String>,
    keys: u64,
    connectors: Option<u64>,
    key_elsewhere: bool,
    retired_at: Option<Time>,
    warnings: Vec<&'static str>,
    created_at: Time,
    pem: String,
    external_pem: Option<String>,
}

impl From<EnrollmentCertificate> for CertificateView {
    fn from(found: EnrollmentCertificate) -> Self {
        let warnings = found.warnings(SystemClock.now());
        let external: String = found.external.iter().map(Certificate::to_pem).collect();
        let url = |url: Option<LeafUrl>| url.map(|url| url.to_string());
        let certificate = found.certificate;
        Self {
            id: found.id,
            name: found.name,
            algorithm: certificate.public_key().ok().map(|key| key.algorithm().as_str()),
            subject: certificate.common_name().map(Into::into),
            serial: hex(certificate.serial()),
            sha256: hex(&certificate.sha256()),
            not_before: certificate.not_before().into(),
            not_after: certificate.not_after().into(),
            leaf_validity_seconds: found.leaf_validity.as_secs(),
            renewal_grace_seconds: found.renewal_grace.as_secs(),
            crl_url: url(found.leaf_urls.crl),
            ocsp_url: url(found.leaf_urls.ocsp),
            ca_issuers_url: url(found.leaf_urls.ca_issuers),
            keys: found.keys,
            connectors: None,
            key_elsewhere: found.key_elsewhere,
            retired_at: found.retired_at.map(Time),
            warnings: warnings.into_iter().map(CertificateWarning::as_str).collect(),
            created_at: found.created_at.into(),
            pem: certificate.to_pem(),
            external_pem: (!external.is_empty()).then_some(external),
        }
    }
}

impl CertificateView {
    fn algorithm(&self) -> String {
        self.algorithm.unwrap_or("unknown").into()
    }

    fn warnings(&self) -> String {
        let words: Vec<_> = self.warnings.iter().map(|warning| warning.replace('_', " ")).collect();
        if words.is_empty() { "-".into() } else { words.join(", ") }
    }

    fn leaf_validity(&self) -> String {
        match self.leaf_validity_seconds / 3600 {
            hours if hours % 24 == 0 => format!("{} days", hours / 24),
            hours => format!("{hours} hours"),
        }
    }
}

impl Row for CertificateView {
    const COLUMNS: &'static [&'static str] =
        &["ID", "NAME", "ALGORITHM", "VALID UNTIL", "KEYS", "WARNINGS"];

    fn row(&self) -> Vec<String> {
        let Self { id, name, not_after, keys, .. } = self;
        let (id, name, until) = (id.to_string(), name.to_string(), not_after.to_string());
        vec![id, name, self.algorithm(), until, keys.to_string(), self.warnings()]
    }
}

impl Fields for CertificateView {
    fn fields(&self) -> Vec<(&'static str, String)> {
        vec![
            ("Certificate", self.id.to_string()),
            ("Name", self.name.to_string()),
            ("Algorithm", self.algorithm()),
            ("Subject", self.subject.clone().unwrap_or_default()),
            ("Serial", self.serial.clone()),
            ("SHA-256", self.sha256.clone()),
            ("Valid from", self.not_before.to_string()),
            ("Valid until", self.not_after.to_string()),
            ("Leaves valid", self.leaf_validity()),
            ("CRL URL", or_dash(self.crl_url.as_ref())),
            ("OCSP URL", or_dash(self.ocsp_url.as_ref())),
            ("CA issuers URL", or_dash(self.ca_issuers_url.as_ref())),
            ("External", if self.external_pem.is_some() { "yes" } else { "no" }.into()),
            ("Private key", if self.key_elsewhere { "elsewhere" } else { "sealed" }.into()),
            ("Keys", self.keys.to_string()),
            ("Connectors", self.connectors.unwrap_or_default().to_string()),
            ("Warnings", self.warnings()),
            ("Created", self.created_at.to_string()),
        ]
    }
}
