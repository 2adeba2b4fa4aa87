//! `provkey cert create`.

use clap::builder::PossibleValuesParser;
use provkey::authority::{Name, NewCertificate};
use provkey::x509::KeyAlgorithm;

use super::url_args::UrlArgs;
use crate::failure::Failure;
use crate::pkcs11::Pkcs11Token;
use crate::time::Period;

#[derive(clap::Args)]
pub(crate) struct Args {
    /// The name, unique among enrollment certificates
    name: String,
    /// The label of its key in the PKCS #11 token; the key is made if it is missing
    #[arg(long, value_name = "LABEL")]
    token_key: Option<String>,
    /// The algorithm of the key, if one is made
    #[arg(long, default_value = "p256")]
    #[arg(value_parser = PossibleValuesParser::new(["p256", "p384", "ed25519"]))]
    algorithm: String,
    /// How long the certificate is valid, for example 10y
    #[arg(long, value_name = "PERIOD", default_value = "10y", value_parser = Period::parse)]
    validity: Period,
    /// How long the certificates of connectors are valid [default: 1y, but not longer than this
    /// one]
    #[arg(long, value_name = "PERIOD", value_parser = Period::parse)]
    leaf_validity: Option<Period>,
    /// How long after its expiry the certificate of a connector can still be renewed
    #[arg(long, value_name = "PERIOD", default_value = "30d", value_parser = Period::parse)]
    renewal_grace: Period,
    /// How long its CRLs are valid: an hour to a year
    #[arg(long, value_name = "PERIOD", default_value = "7d", value_parser = Period::parse)]
    crl_validity: Period,
    #[command(flatten)]
    urls: UrlArgs,
}

impl Args {
    pub(super) fn new_certificate(&self, token: &Pkcs11Token) -> Result<NewCertificate, Failure> {
        let mut new = NewCertificate::new(Name::parse(&self.name)?);
        new.algorithm = KeyAlgorithm::parse(&self.algorithm).unwrap_or(new.algorithm);
        // Checked before a key is made in the token.
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
