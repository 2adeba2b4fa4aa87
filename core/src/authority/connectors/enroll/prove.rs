//! Steps 1 and 2 of an enrollment, without input or output: prove the provisioning key, then check
//! the CSR.

use core::net::IpAddr;

use super::request::EnrollRequest;
use crate::authority::Inner;
use crate::key::{Fingerprint, KeyId, KeyText, Proof, ProvisioningKey};
use crate::ledger::error::{Error, MasterError, Refusal};
use crate::ledger::model::ConnectorId;
use crate::x509::{Csr, Purpose, VerifiedCsr};

/// A request whose provisioning key is proven and whose CSR is good. Only [`prove`] makes
/// one.
pub(super) struct Proven {
    pub(super) key: KeyId,
    /// The key was proven inside the CSR.
    pub(super) by_proof: bool,
    pub(super) fingerprint: Option<Fingerprint>,
    pub(super) address: Option<IpAddr>,
    pub(super) connector: ConnectorId,
    pub(super) csr: VerifiedCsr,
}

/// A request that failed, and its key if that was proven.
pub(super) struct Failed {
    pub(super) key: Option<KeyId>,
    pub(super) error: Error,
}

/// Proves the provisioning key and checks the CSR of a request.
pub(super) fn prove(inner: &Inner, request: &EnrollRequest) -> Result<Proven, Failed> {
    let unproven = |error: Error| Failed { key: None, error };
    let csr = Csr::parse(&request.csr).map_err(|error| unproven(error.into()))?;
    if !csr.serves(Purpose::Enrollment) {
        return Err(unproven(Refusal::RequestWrongPurpose.into()));
    }
    let credentials = check_credentials(inner, request, &csr).map_err(unproven)?;
    let key = credentials.key;
    let proven = |error: Error| Failed { key: Some(key), error };
    let fingerprint = credentials.fingerprint(request).map_err(|e| proven(e.into()))?;
    let csr = csr.verify().map_err(|error| proven(error.into()))?;
    Ok(Proven {
        key,
        by_proof: credentials.by_proof,
        fingerprint,
        address: request.address,
        connector: ConnectorId::of_spki_sha256(&csr.public_key().sha256()),
        csr,
    })
}

/// What a request proved.
struct Credentials {
    key: KeyId,
    by_proof: bool,
    /// The fingerprint inside the proof, if there is a proof.
    proven_fingerprint: Option<Fingerprint>,
}

impl Credentials {
    /// The fingerprint of the request: the proven one, or else the one beside the CSR.
    fn fingerprint(&self, request: &EnrollRequest) -> Result<Option<Fingerprint>, Refusal> {
        match (self.proven_fingerprint, request.fingerprint) {
            (Some(proven), Some(given)) if proven != given => Err(Refusal::FingerprintMismatch),
            (None, Some(_)) if self.by_proof => Err(Refusal::FingerprintMismatch),
            (proven, given) => Ok(proven.or(given)),
        }
    }
}

fn check_credentials(
    inner: &Inner,
    request: &EnrollRequest,
    csr: &Csr,
) -> Result<Credentials, Error> {
    let by_proof = csr.proof().map(|proof| check_proof(inner, proof, csr)).transpose()?;
    let by_text = request.key_text.as_ref().map(|text| check_text(inner, text)).transpose()?;
    match (by_proof, by_text) {
        (None, None) => Err(Refusal::KeyMissing.into()),
        (Some(proof), Some(key)) if proof.key != key => Err(Refusal::CredentialsDisagree.into()),
        (Some(proof), _) => Ok(proof),
        (None, Some(key)) => Ok(Credentials { key, by_proof: false, proven_fingerprint: None }),
    }
}

/// Checks a key text: canonical, with the secret that the authority itself derives for its host and
/// id, with our pin, for one of our hosts. A canonical text costs one HMAC, whatever is wrong with
/// it. Whether it is canonical depends only on its bytes. Only a text that our own master key
/// made can cause a read of the store.
fn check_text(inner: &Inner, text: &KeyText) -> Result<KeyId, Error> {
    let state = inner.ledger.state();
    let key = ProvisioningKey::parse_strict(text.expose()).map_err(|_| Refusal::KeyInvalid)?;
    let verified = state.keyring.verify_key(&key) & (key.pin() == state.pin);
    if verified && inner.ledger.has_host(key.host())? {
        return Ok(key.id());
    }
    Err(unproven(inner, key.id()))
}

/// Checks a proof inside a CSR. The cost is three HMACs, whatever is wrong. Only a proof that our
/// own master key made can cause a read of the store.
fn check_proof(inner: &Inner, proof: &[u8], csr: &Csr) -> Result<Credentials, Error> {
    let state = inner.ledger.state();
    let proof = Proof::from_der(proof).map_err(|_| Refusal::KeyInvalid)?;
    if state.keyring.verify_proof(&proof, csr.spki()) && inner.ledger.has_host(proof.host())? {
        let proven_fingerprint = proof.fingerprint();
        return Ok(Credentials { key: proof.id(), by_proof: true, proven_fingerprint });
    }
    Err(unproven(inner, proof.id()))
}

/// Why a key is not proven. It may be valid if this process lacks its master key.
fn unproven(inner: &Inner, key: KeyId) -> Error {
    match inner.lookups.lacks_master(&inner.ledger, key.slot()) {
        Ok(false) => Refusal::KeyInvalid.into(),
        Ok(true) => MasterError::Missing.into(),
        Err(error) => error,
    }
}
