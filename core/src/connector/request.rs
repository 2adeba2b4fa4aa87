//! Asking for a certificate.

use alloc::string::String;
use alloc::vec::Vec;

use super::{Error, Identity, KeyReference};
use crate::key::{Fingerprint, Proof, ProvisioningKey};
use crate::x509::{build_csr, encode_pem};

/// A request for a certificate: a CSR (PKCS#10, RFC 2986) that proves the possession of a
/// provisioning key, or of a certificate that is to be renewed.
///
/// It is no secret. Whoever captures it can submit it only as it stands, and gets a certificate for
/// a private key that never left the connector.
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

impl Identity {
    /// Asks for a certificate with a provisioning key, and remembers its public part, so that the
    /// answer can be checked. The key's secret is neither sent nor kept.
    ///
    /// Ask as often as needed: with the same key it is the same connector, and costs one use.
    /// The authority wants the same `fingerprint` each time.
    ///
    /// # Errors
    /// Those of the signer. Then no other key is remembered than before.
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
