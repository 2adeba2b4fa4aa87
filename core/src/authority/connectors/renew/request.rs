//! What a connector sends to renew its certificate.

use alloc::vec::Vec;
use core::net::IpAddr;

use crate::key::Fingerprint;

/// What a connector sends to renew, and what the application knows about it.
#[derive(Debug, Default)]
#[non_exhaustive]
pub struct RenewRequest {
    /// The CSR for the new certificate, of the same key pair or another: PKCS#10, DER or PEM, at
    /// most 16 KiB of DER. It can contain the proof of renewal.
    pub csr: Vec<u8>,
    /// The certificate that the connector has authenticated with over TLS, in DER. The application
    /// has verified that the connector has its private key.
    pub client_certificate: Option<Vec<u8>>,
    /// The connector's fingerprint, if it came beside the CSR.
    pub fingerprint: Option<Fingerprint>,
    /// The connector's address, if the application knows it.
    pub address: Option<IpAddr>,
}

impl RenewRequest {
    /// A renewal by this CSR, PKCS#10 in DER or PEM.
    pub fn new(csr: impl Into<Vec<u8>>) -> Self {
        Self { csr: csr.into(), ..Self::default() }
    }
}

crate::setters::setters!(RenewRequest {
    csr: Vec<u8>,
    client_certificate: Option<Vec<u8>>,
    fingerprint: Option<Fingerprint>,
    address: Option<IpAddr>,
});
