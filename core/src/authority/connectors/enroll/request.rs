//! What a connector sends to enroll.

use alloc::vec::Vec;
use core::net::IpAddr;

use crate::key::{Fingerprint, KeyText};

/// What a connector sends, and what the application knows about it.
#[derive(Debug, Default)]
#[non_exhaustive]
pub struct EnrollRequest {
    /// The CSR: PKCS#10, DER or PEM, at most 16 KiB of DER. It can contain the proof of a
    /// provisioning key.
    pub csr: Vec<u8>,
    /// The text of a provisioning key beside the CSR, in its canonical form.
    pub key_text: Option<KeyText>,
    /// The connector's fingerprint, if it came beside the CSR.
    pub fingerprint: Option<Fingerprint>,
    /// The connector's address, if the application knows it.
    pub address: Option<IpAddr>,
}

impl EnrollRequest {
    /// An enrollment by this CSR, PKCS#10 in DER or PEM.
    pub fn new(csr: impl Into<Vec<u8>>) -> Self {
        Self { csr: csr.into(), ..Self::default() }
    }
}

crate::setters::setters!(EnrollRequest {
    csr: Vec<u8>,
    key_text: Option<KeyText>,
    fingerprint: Option<Fingerprint>,
    address: Option<IpAddr>,
});
