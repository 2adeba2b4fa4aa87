//! An enrollment certificate, as it is shown.

use provkey_admin::Certificate;

use crate::record::{Record, or_dash, yes_or_no};
use crate::time::Time;

/// The certificate, and how many connectors depend on it, which a listing does not count.
pub(super) fn shown(found: impl Into<Certificate>, connectors: Option<u64>) -> Record {
    let found = found.into();
    let algorithm = found.algorithm.as_deref().unwrap_or("unknown");
    let not_after = Time::from(found.not_after).to_string();
    let warnings = match found.warnings.as_slice() {
        [] => "-".into(),
        warnings => warnings.join(", ").replace('_', " "),
    };
    Record::of(&found)
        .json("connectors", connectors)
        .line("Certificate", &found.id)
        .line("Name", &found.name)
        .line("Algorithm", algorithm)
        .line("Subject", found.subject.as_deref().unwrap_or_default())
        .line("Serial", &found.serial)
        .line("SHA-256", &found.sha256)
        .line("Valid from", Time::from(found.not_before).to_string())
        .line("Valid until", &not_after)
        .line("Leaves valid", hours_or_days(found.leaf_validity_seconds))
        .line("CRL URL", or_dash(found.crl_url.as_ref()))
        .line("OCSP URL", or_dash(found.ocsp_url.as_ref()))
        .line("CA issuers URL", or_dash(found.ca_issuers_url.as_ref()))
        .line("External", yes_or_no(found.external))
        .line("Private key", if found.key_elsewhere { "elsewhere" } else { "sealed" })
        .line("Keys", found.keys.to_string())
        .line("Connectors", connectors.unwrap_or_default().to_string())
        .line("Warnings", &warnings)
        .line("Created", Time::from(found.created_at).to_string())
        .cell("ID", &found.id)
        .cell("NAME", &found.name)
        .cell("ALGORITHM", algorithm)
        .cell("VALID UNTIL", not_after)
        .cell("KEYS", found.keys)
        .cell("WARNINGS", warnings)
}

fn hours_or_days(seconds: u64) -> String {
    match seconds / 3600 {
        hours if hours % 24 == 0 => format!("{} days", hours / 24),
        hours => format!("{hours} hours"),
    }
}
