//! What a connector sends to enroll.

use alloc::vec::Vec;
use core::net::IpAddr;

use crate::key::{Fingerprint, KeyText};

/// What a connector sends, and what the application knows about it.
///
/// ```
/// use provkey::authority::EnrollRequest;
/// use provkey::connector::Identity;
/// use provkey::testing::TestAuthority;
/// use provkey::x509::{KeyAlgorithm, build_csr};
///
/// let test = TestAuthority::new();
/// let key = test.key("first floor", 2);
///
/// // Usually the CSR contains a proof of the provisioning key.
/// let mut identity = Identity::generate(KeyAlgorithm::EcdsaP256)?;
/// let csr = identity.request(&test.provisioning_key(&key), None)?;
/// let request = EnrollRequest::new(csr.der()).address("10.0.0.7".parse::<std::net::IpAddr>()?);
/// test.authority.enroll(&request)?;
///
/// // A plain tool sends the key text beside an ordinary CSR.
/// let (signer, _private_key) = provkey::x509::SoftwareSigner::generate(KeyAlgorithm::EcdsaP256)?;
/// let request = EnrollRequest::new(build_csr(&signer, &[])?)
///     .key_text(test.authority.copy_key(key.id)?);
/// test.authority.enroll(&request)?;
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
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
