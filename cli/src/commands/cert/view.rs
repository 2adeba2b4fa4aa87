//! An enrollment certificate, as it is shown.

use provkey::authority::{CertificateId, CertificateWarning, EnrollmentCertificate, Name};
use provkey::time::{Clock, SystemClock};
use provkey::x509::{Certificate, LeafUrl};
use serde::Serialize;

use crate::output::{Fields, Row, hex, or_dash};
use crate::time::Time;

#[derive(Serialize)]
pub(super) struct CertificateView {
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
    pub(super) connectors: Option<u64>,
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
