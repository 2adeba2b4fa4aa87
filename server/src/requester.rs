//! The connector that sends a request, and its provisioning key.

use provkey::authority::{ConnectorId, Enrolled};
use provkey::key::{KeyId, KeyText, Proof};
use provkey::x509::{Certificate, Csr, RenewalProof};
use sha2::{Digest, Sha256};

/// The length of a key's id, with which the core of a key text begins.
pub(crate) const KEY_ID_CHARACTERS: usize = 12;

/// A connector and its provisioning key, as a request claims them. In the extensions of a response
/// they are proven.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub(crate) struct Requester {
    /// `None` for a refused renewal: its certificate names no key.
    pub(crate) key: Option<KeyId>,
    pub(crate) connector: ConnectorId,
}

impl Requester {
    /// What an enrollment claims: the public key of the CSR names the connector.
    pub(crate) fn of_enrollment(csr: &[u8], key_text: Option<&KeyText>) -> Option<Self> {
        let csr = Csr::parse(csr).ok()?;
        let in_csr = || Some(Proof::from_der(csr.proof()?).ok()?.id());
        let key = key_text.and_then(id_in_text).or_else(in_csr)?;
        let connector = ConnectorId::of_spki_sha256(&Sha256::digest(csr.spki()).into());
        Some(Self { key: Some(key), connector })
    }

    /// What a renewal claims: the old certificate names the connector.
    pub(crate) fn of_renewal(csr: &[u8], client_certificate: Option<&[u8]>) -> Option<Self> {
        let csr = Csr::parse(csr).ok()?;
        let proof = csr.renewal().and_then(|proof| RenewalProof::from_der(proof).ok());
        let shown = || Certificate::parse(client_certificate?).ok();
        let certificate = proof.map(|proof| proof.certificate().clone()).or_else(shown)?;
        let connector = ConnectorId::parse(certificate.common_name()?).ok()?;
        Some(Self { key: None, connector })
    }
}

impl From<&Enrolled> for Requester {
    fn from(enrolled: &Enrolled) -> Self {
        Self { key: Some(enrolled.key), connector: enrolled.connector }
    }
}

fn id_in_text(text: &KeyText) -> Option<KeyId> {
    let core = text.expose().rsplit('_').next()?;
    KeyId::parse(core.get(..KEY_ID_CHARACTERS)?).ok()
}
