//! The view of an enrollment certificate.

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
    /// Its SHA-256, in hexadecimal.
    sha256: String,
    /// The start of its validity.
    not_before: Moment,
    /// The end of its validity.
    not_after: Moment,
    /// The validity of connectors' certificates.
    leaf_validity_seconds: u64,
    /// How long an expired connector's certificate can still be renewed.
    renewal_grace_seconds: u64,
    /// The URL of the CRL in connectors' certificates.
    crl_url: Option<String>,
    /// The OCSP URL in connectors' certificates.
    ocsp_url: Option<String>,
    /// The URL of this certificate in connectors' certificates.
    ca_issuers_url: Option<String>,
    /// The number of provisioning keys that use it.
    keys: u64,
    /// Whether its private key is in a PKCS #11 token.
    key_elsewhere: bool,
    /// Whether an external CA issued it.
    external: bool,
    /// When it was retired: since then it signs nothing.
    retired_at: Option<Moment>,
    /// Warnings: `retired`, `not_yet_valid`, `expired`, `expires_soon`,
    /// `leaves_cut_short`.
    warnings: Vec<&'static str>,
    /// When it was created.
    created_at: Moment,
    /// The certificate in PEM, as the root signed it.
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

/// Encodes bytes in lower-case hexadecimal.
pub(in crate::api) fn hex(bytes: &[u8]) -> String {
    bytes.iter().map(|byte| format!("{byte:02x}")).collect()
}
