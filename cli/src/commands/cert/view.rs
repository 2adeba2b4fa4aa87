//! An enrollment certificate, as it is shown.

use provkey::authority::{CertificateWarning, EnrollmentCertificate};
use provkey::time::{Clock, SystemClock};
use provkey::x509::{Certificate, LeafUrl};

use crate::output::hex;
use crate::record::{Record, yes_or_no};
use crate::time::Time;

/// The certificate, and how many connectors depend on it, which a listing does not count.
pub(super) fn shown(found: &EnrollmentCertificate, connectors: Option<u64>) -> Record {
    let certificate = &found.certificate;
    let algorithm = certificate.public_key().ok().map(|key| key.algorithm().as_str());
    let algorithm_text = algorithm.unwrap_or("unknown");
    let subject = certificate.common_name();
    let not_after = Time(certificate.not_after());
    let url = |url: &Option<LeafUrl>| url.as_ref().map(ToString::to_string);
    let external: String = found.external.iter().map(Certificate::to_pem).collect();
    let has_external = !external.is_empty();
    let warnings = found.warnings(SystemClock.now());
    let warnings: Vec<_> = warnings.into_iter().map(CertificateWarning::as_str).collect();
    let warnings_text = match warnings.as_slice() {
        [] => "-".into(),
        warnings => warnings.join(", ").replace('_', " "),
    };
    Record::new()
        .field("id", "Certificate", found.id)
        .field("name", "Name", &found.name)
        .json("algorithm", algorithm)
        .line("Algorithm", algorithm_text)
        .json("subject", subject)
        .line("Subject", subject.unwrap_or_default())
        .field("serial", "Serial", hex(certificate.serial()))
        .field("sha256", "SHA-256", hex(&certificate.sha256()))
        .field("not_before", "Valid from", Time(certificate.not_before()))
        .field("not_after", "Valid until", not_after)
        .json("leaf_validity_seconds", found.leaf_validity.as_secs())
        .line("Leaves valid", hours_or_days(found.leaf_validity.as_secs()))
        .json("renewal_grace_seconds", found.renewal_grace.as_secs())
        .optional("crl_url", "CRL URL", url(&found.leaf_urls.crl))
        .optional("ocsp_url", "OCSP URL", url(&found.leaf_urls.ocsp))
        .optional("ca_issuers_url", "CA issuers URL", url(&found.leaf_urls.ca_issuers))
        .line("External", yes_or_no(has_external))
        .line("Private key", if found.key_elsewhere { "elsewhere" } else { "sealed" })
        .field("keys", "Keys", found.keys)
        .json("connectors", connectors)
        .line("Connectors", connectors.unwrap_or_default().to_string())
        .json("key_elsewhere", found.key_elsewhere)
        .json("retired_at", found.retired_at.map(Time))
        .json("warnings", &warnings)
        .line("Warnings", warnings_text.clone())
        .field("created_at", "Created", Time(found.created_at))
        .json("pem", certificate.to_pem())
        .json("external_pem", has_external.then_some(external))
        .cell("ID", found.id)
        .cell("NAME", &found.name)
        .cell("ALGORITHM", algorithm_text)
        .cell("VALID UNTIL", not_after)
        .cell("KEYS", found.keys)
        .cell("WARNINGS", warnings_text)
}

fn hours_or_days(seconds: u64) -> String {
    match seconds / 3600 {
        hours if hours % 24 == 0 => format!("{} days", hours / 24),
        hours => format!("{hours} hours"),
    }
}
