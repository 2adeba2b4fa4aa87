//! What is shown of enrollment certificates.

use std::time::SystemTime;

use provkey::authority::{CertificateWarning, EnrollmentCertificate};
use provkey::x509;
use serde::Serialize;
use utoipa::ToSchema;

use crate::api::moment::Moment;

/// An enrollment certificate.
#[derive(Serialize, ToSchema)]
pub(in crate::api) struct Certificate {
    /// Its id.
    id: String,
    /// Its name.
    name: String,
    /// `p256`, `p384`, `ed25519` or `rsa`.
    algorithm: Option<&'static str>,
    /// Its common name.
    subject: Option<String>,
    /// Its serial number, in hexadecimal.
    serial: String,
    /// SHA-256 of it, in hexadecimal.
    sha256: String,
    /// From when on it is valid.
    not_before: Moment,
    /// Until when it is valid.
    not_after: Moment,
    /// How long the certificates of connectors are valid.
    leaf_validity_seconds: u64,
    /// How long after its end a connector's certificate is still renewed.
    renewal_grace_seconds: u64,
    /// Where connectors' certificates say that the CRL is.
    crl_url: Option<String>,
    /// Where connectors' certificates say that OCSP is.
    ocsp_url: Option<String>,
    /// Where connectors' certificates say that this certificate is.
    ca_issuers_url: Option<String>,
    /// How many provisioning keys use it.
    keys: u64,
    /// Whether its key lives elsewhere, in a token.
    key_elsewhere: bool,
    /// Whether it is that of an external CA.
    external: bool,
    /// Since when it signs no more connectors' certificates.
    retired_at: Option<Moment>,
    /// What its operator should know: `retired`, `not_yet_valid`, `expired`, `expires_soon`,
    /// `leaves_cut_short`.
    warnings: Vec<&'static str>,
    /// When it was created.
    created_at: Moment,
    /// It in PEM, as the root signed it.
    pem: String,
}

impl From<EnrollmentCertificate> for Certificate {
    fn from(found: EnrollmentCertificate) -> Self {
        let warnings = found.warnings(SystemTime::now().into());
        let url = |url: Option<x509::LeafUrl>| url.map(|url| url.as_str().to_owned());
        let certificate = found.certificate;
        Self {
            id: found.id.to_string(),
            name: found.name.into(),
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
            key_elsewhere: found.key_elsewhere,
            external: !found.external.is_empty(),
            retired_at: found.retired_at.map(Moment),
            warnings: warnings.into_iter().map(CertificateWarning::as_str).collect(),
            created_at: found.created_at.into(),
            pem: certificate.to_pem(),
        }
    }
}

/// Bytes as lower-case hexadecimal digits.
pub(in crate::api) fn hex(bytes: &[u8]) -> String {
    bytes.iter().map(|byte| format!("{byte:02x}")).collect()
}
