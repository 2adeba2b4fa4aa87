//! Input for enrollment certificates.

use std::time::Duration;

use provkey::authority::{CertificateImport, ImportedKey, InputError, Name, NewCertificate};
use provkey::x509::{Certificate, KeyAlgorithm, LeafUrl, LeafUrls};
use serde::Deserialize;
use utoipa::ToSchema;
use zeroize::Zeroizing;

use crate::problem::Problem;

/// An enrollment certificate to create, or to request from an external CA.
#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
#[schema(as = NewCertificate)]
pub(in crate::api) struct CertificateInput {
    /// Its name, unique among enrollment certificates.
    name: String,
    /// The algorithm of its key: `p256`, `p384` or `ed25519`; default: `p256`.
    algorithm: Option<String>,
    /// Its validity; default: 10 years. An external CA decides this itself.
    validity_seconds: Option<u64>,
    /// The validity of connectors' certificates; default: a year.
    leaf_validity_seconds: Option<u64>,
    /// How long an expired connector's certificate can still be renewed; default: 30 days.
    renewal_grace_seconds: Option<u64>,
    /// The validity of a CRL; default: a week.
    crl_validity_seconds: Option<u64>,
    /// The URL of the CRL in connectors' certificates.
    crl_url: Option<String>,
    /// The OCSP URL in connectors' certificates.
    ocsp_url: Option<String>,
    /// The URL of this certificate in connectors' certificates.
    ca_issuers_url: Option<String>,
}

impl CertificateInput {
    pub(in crate::api) fn read(self) -> Result<NewCertificate, Problem> {
        let usual = NewCertificate::new(Name::parse(&self.name)?);
        let algorithm = self.algorithm.as_deref().map_or(Ok(usual.algorithm), KeyAlgorithm::parse);
        let mut new = usual
            .algorithm(algorithm.map_err(|_| InputError::AlgorithmUnsupported)?)
            .leaf_urls(urls(self.crl_url, self.ocsp_url, self.ca_issuers_url)?);
        set_seconds(&mut new.validity, self.validity_seconds);
        set_seconds(&mut new.leaf_validity, self.leaf_validity_seconds);
        set_seconds(&mut new.renewal_grace, self.renewal_grace_seconds);
        set_seconds(&mut new.crl_validity, self.crl_validity_seconds);
        Ok(new)
    }
}

/// Another duration than the usual one, if the request has one.
fn set_seconds(duration: &mut Duration, seconds: Option<u64>) {
    if let Some(seconds) = seconds {
        *duration = Duration::from_secs(seconds);
    }
}

fn urls(
    crl: Option<String>,
    ocsp: Option<String>,
    ca_issuers: Option<String>,
) -> Result<LeafUrls, Problem> {
    let url = |text: Option<String>| text.map(|text| LeafUrl::parse(&text)).transpose();
    Ok(LeafUrls::default().crl(url(crl)?).ocsp(url(ocsp)?).ca_issuers(url(ca_issuers)?))
}

/// Reads certificates in PEM, the CA's first.
pub(in crate::api) fn read_certificates(pem: &str) -> Result<Vec<Certificate>, Problem> {
    Ok(Certificate::parse_all(pem.as_bytes())?)
}

/// A foreign CA certificate to import.
#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
#[schema(as = CertificateImport)]
pub(in crate::api) struct Import {
    /// Its name, unique among enrollment certificates.
    name: String,
    /// The certificate in PEM, followed by those of its issuers that connectors receive with it.
    certificates: String,
    /// Its private key in PEM.
    #[schema(value_type = String)]
    private_key: Zeroizing<String>,
    /// The passphrase of the private key, if it is encrypted.
    #[schema(value_type = Option<String>)]
    passphrase: Option<Zeroizing<String>>,
    /// The validity of connectors' certificates; default: a year.
    leaf_validity_seconds: Option<u64>,
    /// How long an expired connector's certificate can still be renewed; default: 30 days.
    renewal_grace_seconds: Option<u64>,
}

/// A parsed import.
pub(super) struct ReadImport {
    terms: NewCertificate,
    certificates: Vec<Certificate>,
    private_key: Zeroizing<String>,
    passphrase: Option<Zeroizing<String>>,
}

impl Import {
    pub(super) fn read(self) -> Result<ReadImport, Problem> {
        let mut terms = NewCertificate::new(Name::parse(&self.name)?);
        set_seconds(&mut terms.leaf_validity, self.leaf_validity_seconds);
        set_seconds(&mut terms.renewal_grace, self.renewal_grace_seconds);
        let certificates = read_certificates(&self.certificates)?;
        let Self { private_key, passphrase, .. } = self;
        Ok(ReadImport { terms, certificates, private_key, passphrase })
    }
}

impl ReadImport {
    pub(super) fn as_import(&self) -> CertificateImport<'_> {
        let passphrase = self.passphrase.as_ref().map(|text| text.as_bytes());
        let key = ImportedKey::File { contents: self.private_key.as_bytes(), passphrase };
        CertificateImport::new(self.terms.name.clone(), self.certificates.clone(), key)
            .leaf_validity(self.terms.leaf_validity)
            .renewal_grace(self.terms.renewal_grace)
    }
}
