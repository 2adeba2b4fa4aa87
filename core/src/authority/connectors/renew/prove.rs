//! Steps 1 and 2 of a renewal, without input or output: prove the old certificate, then check the
//! CSR.

use core::net::IpAddr;

use sha2::{Digest as _, Sha256};

use super::request::RenewRequest;
use crate::key::{Fingerprint, Host};
use crate::ledger::error::{Error, Refusal};
use crate::ledger::model::ConnectorId;
use crate::time::Timestamp;
use crate::x509::{Certificate, Csr, Purpose, RenewalProof, VerifiedCsr};

/// A request that proves the private key of a certificate. Whether the authority issued that
/// certificate is not known yet.
pub(super) struct Proven {
    /// The connector that the certificate names.
    pub(super) connector: ConnectorId,
    /// Of the certificate to renew.
    pub(super) sha256: [u8; 32],
    pub(super) not_after: Timestamp,
    /// The host that the signature inside the CSR is for, if that proved the certificate. Whether
    /// the authority has it is not known yet.
    pub(super) signed_for: Option<Host>,
    pub(super) fingerprint: Option<Fingerprint>,
    pub(super) address: Option<IpAddr>,
    pub(super) csr: VerifiedCsr,
}

impl Proven {
    /// The SHA-256 of the new public key.
    pub(super) fn spki_sha256(&self) -> [u8; 32] {
        self.csr.public_key().sha256()
    }

    /// The id that the new public key would have as a connector of its own.
    pub(super) fn public_key_id(&self) -> ConnectorId {
        ConnectorId::of_spki_sha256(&self.spki_sha256())
    }
}

/// Proves the certificate and checks the CSR of a request.
pub(super) fn prove(request: &RenewRequest) -> Result<Proven, Error> {
    let csr = Csr::parse(&request.csr)?;
    if !csr.serves(Purpose::Renewal) {
        return Err(Refusal::RequestWrongPurpose.into());
    }
    let proof = csr.renewal().map(|proof| check(proof, &csr)).transpose()?;
    let certificate = certificate(proof.as_ref(), request.client_certificate.as_deref())?;
    let fingerprint = fingerprint(proof.as_ref(), request.fingerprint)?;
    let csr = csr.verify_renewal_of(&certificate)?;
    let connector = certificate.common_name().and_then(|name| ConnectorId::parse(name).ok());
    Ok(Proven {
        connector: connector.ok_or(Refusal::CertificateUnknown)?,
        sha256: Sha256::digest(certificate.der()).into(),
        not_after: certificate.not_after(),
        signed_for: proof.map(|proof| proof.host().clone()),
        fingerprint,
        address: request.address,
        csr,
    })
}

/// Checks a proof inside a CSR: signed by the key of its certificate.
fn check(proof: &[u8], csr: &Csr) -> Result<RenewalProof, Refusal> {
    let proof = RenewalProof::from_der(proof).map_err(|_| Refusal::RenewalInvalid)?;
    if proof.verify(csr.spki()) { Ok(proof) } else { Err(Refusal::RenewalInvalid) }
}

/// The certificate to renew. If it is proven in both ways, they must agree.
fn certificate(
    proof: Option<&RenewalProof>,
    client: Option<&[u8]>,
) -> Result<Certificate, Refusal> {
    let client = client.map(Certificate::parse).transpose();
    match (proof, client.map_err(|_| Refusal::CertificateUnknown)?) {
        (None, None) => Err(Refusal::RenewalMissing),
        (None, Some(client)) => Ok(client),
        (Some(proof), Some(client)) if *proof.certificate() != client => {
            Err(Refusal::CredentialsDisagree)
        }
        (Some(proof), _) => Ok(proof.certificate().clone()),
    }
}

/// The fingerprint of the request: the proven one, or else the one beside the CSR.
fn fingerprint(
    proof: Option<&RenewalProof>,
    given: Option<Fingerprint>,
) -> Result<Option<Fingerprint>, Refusal> {
    match (proof.map(RenewalProof::fingerprint), given) {
        (None, given) => Ok(given),
        (Some(proven), Some(given)) if proven != Some(given) => Err(Refusal::FingerprintMismatch),
        (Some(proven), _) => Ok(proven),
    }
}
