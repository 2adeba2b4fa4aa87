//! Requests for a certificate.

use alloc::string::String;
use alloc::vec::Vec;

use super::{Error, Identity, KeyReference};
use crate::key::{Fingerprint, Proof, ProvisioningKey};
use crate::x509::{build_csr, encode_pem};

/// A request for a certificate: a CSR (PKCS #10, RFC 2986) with a proof of possession of a
/// provisioning key, or of the certificate to renew.
///
/// It is not a secret. An attacker who captures it can only submit it unchanged, and gets a
/// certificate for a private key that the attacker does not have.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Request {
    der: Vec<u8>,
}

impl Request {
    pub(super) fn new(der: Vec<u8>) -> Self {
        Self { der }
    }

    /// The CSR in DER.
    pub fn der(&self) -> &[u8] {
        &self.der
    }

    /// The CSR in PEM.
    pub fn to_pem(&self) -> String {
        encode_pem("CERTIFICATE REQUEST", &self.der)
    }
}

/// # Requesting a certificate
impl Identity {
    /// Makes a request with a provisioning key, and stores the key's public part to check the
    /// answer with. The key's secret is neither sent nor stored.
    ///
    /// Repeat it as often as needed: with the same key it is the same connector, and costs one use.
    /// The authority requires the same `fingerprint` each time.
    ///
    /// # Errors
    /// Those of the signer. The identity is unchanged then.
    pub fn request(
        &mut self,
        key: &ProvisioningKey,
        fingerprint: Option<Fingerprint>,
    ) -> Result<Request, Error> {
        let proof = Proof::make(key, self.public_key().spki(), fingerprint);
        let der = build_csr(self.signer(), &[&proof.to_attribute()])?;
        self.asked = Some(KeyReference::from(key));
        Ok(Request::new(der))
    }
}
