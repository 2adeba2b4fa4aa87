//! `provkey cert import`: a certificate of an external CA, with its key or as an answer.

use std::path::{Path, PathBuf};

use provkey::authority::{Authority, CertificateImport, EnrollmentCertificate, ImportedKey, Name};
use provkey::x509::Certificate;

use super::url_args::UrlArgs;
use crate::failure::Failure;
use crate::files;
use crate::time::Period;

#[derive(clap::Args)]
pub(crate) struct Args {
    /// The name of the certificate, unless it answers a request
    #[arg(required_unless_present = "answer_to", conflicts_with = "answer_to")]
    name: Option<String>,
    /// The certificate, in PEM or DER; the certificates of its issuers may follow. May be repeated
    #[arg(long, value_name = "FILE", required = true)]
    cert: Vec<PathBuf>,
    /// The private key: PKCS #8, encrypted or not, SEC 1 or PKCS #1, in PEM or DER
    #[arg(long, value_name = "FILE", required_unless_present = "answer_to")]
    #[arg(conflicts_with = "answer_to")]
    key: Option<PathBuf>,
    /// The passphrase of the private key, in a file of one line
    #[arg(long, value_name = "FILE", requires = "key")]
    passphrase_file: Option<PathBuf>,
    /// The request that the certificate answers, by id or name
    #[arg(long, value_name = "ID")]
    #[arg(conflicts_with_all = ["crl_url", "ocsp_url", "ca_issuers_url"])]
    answer_to: Option<String>,
    /// How long the certificates of connectors are valid. An answer takes it from its request
    #[arg(long, value_name = "PERIOD", default_value = "1y", value_parser = Period::parse)]
    leaf_validity: Period,
    /// How long after its expiry the certificate of a connector can still be renewed. An answer
    /// takes it from its request
    #[arg(long, value_name = "PERIOD", default_value = "30d", value_parser = Period::parse)]
    renewal_grace: Period,
    #[command(flatten)]
    urls: UrlArgs,
}

pub(crate) fn run(args: &Args, authority: &Authority) -> Result<EnrollmentCertificate, Failure> {
    let certificates = read_certificates(&args.cert)?;
    if let Some(request) = &args.answer_to {
        let request = authority.find_certificate_request(request)?;
        return Ok(authority.import_answer(request.id, &certificates)?);
    }
    let (Some(name), Some(key)) = (&args.name, &args.key) else {
        return Err(Failure::usage(
            "the certificate needs a name and a key: pass NAME and --key FILE",
        ));
    };
    let contents = files::read(key)?;
    let passphrase = args.passphrase_file.as_deref().map(files::read).transpose()?;
    let passphrase = passphrase.as_ref().map(|line| without_line_end(line));
    let key = ImportedKey::File { contents: &contents, passphrase };
    let import = CertificateImport::new(Name::parse(name)?, certificates, key)
        .leaf_validity(args.leaf_validity.starting_now())
        .renewal_grace(args.renewal_grace.starting_now())
        .leaf_urls(args.urls.read()?);
    Ok(authority.import_certificate(&import)?)
}

fn read_certificates(files: &[PathBuf]) -> Result<Vec<Certificate>, Failure> {
    let mut all = Vec::new();
    for file in files {
        all.extend(read_file(file)?);
    }
    Ok(all)
}

fn read_file(file: &Path) -> Result<Vec<Certificate>, Failure> {
    Ok(Certificate::parse_all(&files::read(file)?)?)
}

fn without_line_end(line: &[u8]) -> &[u8] {
    let line = line.strip_suffix(b"\n").unwrap_or(line);
    line.strip_suffix(b"\r").unwrap_or(line)
}
