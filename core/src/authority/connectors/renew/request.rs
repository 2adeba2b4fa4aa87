//! What a connector sends to renew its certificate.

use alloc::vec::Vec;
use core::net::IpAddr;

use crate::key::Fingerprint;

/// What a connector sends that has a certificate, and what the host knows of it.
#[derive(Debug, Default)]
#[non_exhaustive]
pub struct RenewRequest {
    /// The CSR for the new certificate, of the same key pair or another: PKCS#10, DER or PEM, at
    /// most 16 KiB of DER. It may hold the proof of renewal.
    pub csr: Vec<u8>,
    /// The certificate that the connector has authenticated with over TLS, in DER. The host has
    /// verified it, and that the connector has its key.
    pub client_certificate: Option<Vec<u8>>,
    /// The connector's fingerprint, when it stands beside the CSR.
    pub fingerprint: Option<Fingerprint>,
    /// Where the connector asks from.
    pub address: Option<IpAddr>,
}

crate::setters::setters!(RenewRequest {
    csr: Vec<u8>,
    client_certificate: Option<Vec<u8>>,
    fingerprint: Option<Fingerprint>,
    address: Option<IpAddr>,
});

impl RenewRequest {
    /// A renewal by this CSR, PKCS#10 in DER or PEM.
    pub fn new(csr: impl Into<Vec<u8>>) -> Self {
        Self { csr: csr.into(), ..Self::default() }
    }
}
