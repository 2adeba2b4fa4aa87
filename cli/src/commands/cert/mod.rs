//! `provkey cert`: enrollment certificates.

mod create;
mod import;
mod request;
mod url_args;
mod view;

use clap::Subcommand;
use provkey::authority::{Authority, CertificateId, EnrollmentCertificate, InputError};

use self::view::shown;
use crate::failure::Failure;
use crate::output::{Output, PageArgs, deleted};
use crate::pkcs11::Pkcs11Token;

#[derive(Subcommand)]
pub(crate) enum Command {
    /// Create an enrollment certificate under the authority's root, with its key pair
    Create(Box<create::Args>),
    /// Create a key pair and a CSR, for an external CA to issue the certificate
    Request(Box<request::Args>),
    /// List the requests whose certificate has not been imported
    Requests(PageArgs),
    /// Import a certificate of an external CA, with its private key or as the answer to a request
    Import(Box<import::Args>),
    /// List the certificates by name
    List(PageArgs),
    /// Show one certificate, and how many keys and connectors depend on it
    Show {
        /// The id or the name of the certificate
        #[arg(value_name = "ID")]
        certificate: String,
        /// Write only the certificate, in PEM
        #[arg(long)]
        pem: bool,
    },
    /// Retire a certificate: it issues no more certificates, for good
    Retire {
        /// The id or the name of the certificate
        #[arg(value_name = "ID")]
        certificate: String,
    },
    /// Delete a certificate, or a request, and its private key. No key and no connector may depend
    /// on it
    Delete {
        /// The id or the name of the certificate
        #[arg(value_name = "ID")]
        certificate: String,
    },
}

pub(crate) fn run(
    command: &Command,
    authority: &Authority,
    token: &Pkcs11Token,
    output: &mut Output,
) -> Result<(), Failure> {
    match command {
        Command::Create(args) => {
            let certificate = authority.create_certificate(&args.new_certificate(token)?)?;
            show(certificate, authority, output)
        }
        Command::Request(args) => request::run(args, authority, token, output),
        Command::Requests(page) => {
            output.pages(page, |page| authority.list_certificate_requests(page), request::shown)
        }
        Command::Import(args) => show(import::run(args, authority)?, authority, output),
        Command::List(page) => {
            output.pages(page, |page| authority.list_certificates(page), |found| shown(found, None))
        }
        Command::Show { certificate, pem } => {
            let certificate = authority.find_certificate(certificate)?;
            match pem {
                true => output.write(&certificate.certificate.to_pem()),
                false => show(certificate, authority, output),
            }
        }
        Command::Retire { certificate } => {
            let certificate = authority.find_certificate(certificate)?;
            let name = &certificate.name;
            output.confirm(format_args!(
                "Retire the enrollment certificate {name} for good? It will issue no more certificates."
            ))?;
            show(authority.retire_certificate(certificate.id)?, authority, output)
        }
        Command::Delete { certificate } => {
            output.confirm(format_args!(
                "Delete the enrollment certificate {certificate} and its private key for good?"
            ))?;
            let id = delete(certificate, authority)?;
            output.show(&deleted(id))
        }
    }
}

/// Deletes the certificate, or the request, with this id or name.
fn delete(id_or_name: &str, authority: &Authority) -> Result<CertificateId, Failure> {
    match authority.find_certificate(id_or_name) {
        Err(error) if error.is_input(InputError::CertificateUnanswered) => {
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

/// Shows a certificate with the number of connectors that depend on it.
fn show(
    certificate: EnrollmentCertificate,
    authority: &Authority,
    output: &mut Output,
) -> Result<(), Failure> {
    let connectors = authority.count_connectors(certificate.id)?;
    output.show(&shown(certificate, Some(connectors)))
}
