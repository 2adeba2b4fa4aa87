//! Enrollment certificates, and requests for them from an external CA.

use std::time::Duration;

use provkey::authority::{
    self, CertificateWarning, EnrollmentCertificate, ImportedKey, InputError, Name, RejectedInput,
};
use provkey::time::{Clock, SystemClock};
use provkey::x509::{self, KeyAlgorithm, LeafUrl, LeafUrlError, LeafUrls};
use serde::{Deserialize, Serialize};
use zeroize::Zeroizing;

use crate::error::Error;
use crate::moment::Moment;

/// An enrollment certificate.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
#[non_exhaustive]
pub struct Certificate {
    /// Its id.
    pub id: String,
    /// Its name.
    pub name: String,
    /// `p256`, `p384`, `ed25519` or `rsa`.
    pub algorithm: Option<String>,
    /// Its common name.
    pub subject: Option<String>,
    /// Its serial number, in hexadecimal.
    pub serial: String,
    /// Its SHA-256, in hexadecimal.
    pub sha256: String,
    /// The start of its validity.
    pub not_before: Moment,
    /// The end of its validity.
    pub not_after: Moment,
    /// The validity of connectors' certificates.
    pub leaf_validity_seconds: u64,
    /// How long an expired connector's certificate can still be renewed.
    pub renewal_grace_seconds: u64,
    /// The URL of the CRL in connectors' certificates.
    pub crl_url: Option<String>,
    /// The OCSP URL in connectors' certificates.
    pub ocsp_url: Option<String>,
    /// The URL of this certificate in connectors' certificates.
    pub ca_issuers_url: Option<String>,
    /// The number of provisioning keys that use it.
    pub keys: u64,
    /// Whether its private key is in a PKCS #11 token.
    pub key_elsewhere: bool,
    /// Whether an external CA issued it.
    pub external: bool,
    /// When it was retired: since then it signs nothing.
    pub retired_at: Option<Moment>,
    /// Warnings: `retired`, `not_yet_valid`, `expired`, `expires_soon`,
    /// `leaves_cut_short`.
    pub warnings: Vec<String>,
    /// When it was created.
    pub created_at: Moment,
    /// The certificate in PEM, as the root signed it.
    pub pem: String,
    /// Of an external CA: the certificate in PEM as that CA issued it, then its issuers.
    pub external_pem: Option<String>,
}

impl From<EnrollmentCertificate> for Certificate {
    fn from(found: EnrollmentCertificate) -> Self {
        let warnings = found.warnings(SystemClock.now());
        let url = |url: Option<LeafUrl>| url.map(|url| url.as_str().to_owned());
        let external = !found.external.is_empty();
        let external_pem = found.external.iter().map(x509::Certificate::to_pem).collect();
        let certificate = found.certificate;
        let algorithm = certificate.public_key().ok().map(|key| key.algorithm());
        Self {
            id: found.id.to_string(),
            name: found.name.into(),
            algorithm: algorithm.map(|algorithm| algorithm.as_str().to_owned()),
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
            key_elsewhere: found.key_elsewhere,
            external,
            retired_at: found.retired_at.map(Moment),
            warnings: warnings.into_iter().map(warning).collect(),
            created_at: found.created_at.into(),
            pem: certificate.to_pem(),
            external_pem: external.then_some(external_pem),
        }
    }
}

fn warning(warning: CertificateWarning) -> String {
    warning.as_str().to_owned()
}

/// Encodes bytes in lower-case hexadecimal.
pub(crate) fn hex(bytes: &[u8]) -> String {
    bytes.iter().map(|byte| format!("{byte:02x}")).collect()
}

/// An enrollment certificate to create, or to request from an external CA.
#[derive(Clone, Debug, Default, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
#[non_exhaustive]
pub struct NewCertificate {
    /// Its name, unique among enrollment certificates.
    pub name: String,
    /// The algorithm of its key: `p256`, `p384` or `ed25519`; default: `p256`.
    pub algorithm: Option<String>,
    /// Its validity; default: 10 years. An external CA decides this itself.
    pub validity_seconds: Option<u64>,
    /// The validity of connectors' certificates; default: a year.
    pub leaf_validity_seconds: Option<u64>,
    /// How long an expired connector's certificate can still be renewed; default: 30 days.
    pub renewal_grace_seconds: Option<u64>,
    /// The validity of a CRL; default: a week.
    pub crl_validity_seconds: Option<u64>,
    /// The URL of the CRL in connectors' certificates.
    pub crl_url: Option<String>,
    /// The OCSP URL in connectors' certificates.
    pub ocsp_url: Option<String>,
    /// The URL of this certificate in connectors' certificates.
    pub ca_issuers_url: Option<String>,
}

fn algorithm(text: &str) -> Result<KeyAlgorithm, RejectedInput> {
    KeyAlgorithm::parse(text).map_err(|_| InputError::AlgorithmUnsupported.about(text))
}

impl NewCertificate {
    /// A certificate with the defaults.
    pub fn new(name: impl Into<String>) -> Self {
        Self { name: name.into(), ..Self::default() }
    }

    pub(crate) fn read(&self) -> Result<authority::NewCertificate, Error> {
        let usual = authority::NewCertificate::new(Name::parse(&self.name)?);
        let algorithm = self.algorithm.as_deref().map_or(Ok(usual.algorithm), algorithm)?;
        let mut new = usual.algorithm(algorithm).leaf_urls(self.urls()?);
        set_seconds(&mut new.validity, self.validity_seconds);
        set_seconds(&mut new.leaf_validity, self.leaf_validity_seconds);
        set_seconds(&mut new.renewal_grace, self.renewal_grace_seconds);
        set_seconds(&mut new.crl_validity, self.crl_validity_seconds);
        Ok(new)
    }

    fn urls(&self) -> Result<LeafUrls, LeafUrlError> {
        let url = |text: &Option<String>| text.as_deref().map(LeafUrl::parse).transpose();
        Ok(LeafUrls::default()
            .crl(url(&self.crl_url)?)
            .ocsp(url(&self.ocsp_url)?)
            .ca_issuers(url(&self.ca_issuers_url)?))
    }
}

/// Another duration than the usual one, if the request has one.
fn set_seconds(duration: &mut Duration, seconds: Option<u64>) {
    if let Some(seconds) = seconds {
        *duration = Duration::from_secs(seconds);
    }
}

/// Reads certificates in PEM, the CA's first.
pub(crate) fn read_certificates(pem: &str) -> Result<Vec<x509::Certificate>, Error> {
    Ok(x509::Certificate::parse_all(pem.as_bytes())?)
}

/// A foreign CA certificate to import.
#[derive(Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
#[non_exhaustive]
pub struct CertificateImport {
    /// Its name, unique among enrollment certificates.
    pub name: String,
    /// The certificate in PEM, followed by those of its issuers that connectors receive with it.
    pub certificates: String,
    /// Its private key in PEM.
    #[cfg_attr(feature = "openapi", schema(value_type = String))]
    pub private_key: Zeroizing<String>,
    /// The passphrase of the private key, if it is encrypted.
    #[cfg_attr(feature = "openapi", schema(value_type = Option<String>))]
    pub passphrase: Option<Zeroizing<String>>,
    /// The validity of connectors' certificates; default: a year.
    pub leaf_validity_seconds: Option<u64>,
    /// How long an expired connector's certificate can still be renewed; default: 30 days.
    pub renewal_grace_seconds: Option<u64>,
}

impl CertificateImport {
    /// An import with the defaults, of a private key that is not encrypted.
    pub fn new(
        name: impl Into<String>,
        certificates: impl Into<String>,
        private_key: Zeroizing<String>,
    ) -> Self {
        Self {
            name: name.into(),
            certificates: certificates.into(),
            private_key,
            passphrase: None,
            leaf_validity_seconds: None,
            renewal_grace_seconds: None,
        }
    }

    pub(crate) fn read(&self) -> Result<authority::CertificateImport<'_>, Error> {
        let passphrase = self.passphrase.as_ref().map(|text| text.as_bytes());
        let key = ImportedKey::File { contents: self.private_key.as_bytes(), passphrase };
        let (name, certificates) =
            (Name::parse(&self.name)?, read_certificates(&self.certificates)?);
        let mut import = authority::CertificateImport::new(name, certificates, key);
        set_seconds(&mut import.leaf_validity, self.leaf_validity_seconds);
        set_seconds(&mut import.renewal_grace, self.renewal_grace_seconds);
        Ok(import)
    }
}

/// A request for a certificate that the external CA has not answered yet.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
#[non_exhaustive]
pub struct CertificateRequest {
    /// The id of the future certificate.
    pub id: String,
    /// The name of the future certificate.
    pub name: String,
    /// When it was created.
    pub created_at: Moment,
    /// The future validity of connectors' certificates.
    pub leaf_validity_seconds: u64,
    /// How long an expired connector's certificate will be renewable.
    pub renewal_grace_seconds: u64,
    /// Whether its private key is in a PKCS #11 token.
    pub key_elsewhere: bool,
    /// The CSR in PEM, for the external CA.
    pub csr: String,
}

impl From<authority::CertificateRequest> for CertificateRequest {
    fn from(request: authority::CertificateRequest) -> Self {
        Self {
            csr: request.csr_pem(),
            id: request.id.to_string(),
            name: request.name.into(),
            created_at: request.created_at.into(),
            leaf_validity_seconds: request.leaf_validity.as_secs(),
            renewal_grace_seconds: request.renewal_grace.as_secs(),
            key_elsewhere: request.key_elsewhere,
        }
    }
}

/// The answer of an external CA.
#[derive(Clone, Debug, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct Answer {
    /// The certificate in PEM; those of its issuers may follow.
    pub certificates: String,
}
