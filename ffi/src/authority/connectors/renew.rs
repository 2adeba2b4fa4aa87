//! Renewal of certificates, at no use of a provisioning key.

use core::ffi::c_char;

use provkey::authority::RenewRequest;

use super::enroll::provkey_enrolled;
use crate::argument::{buffer, plain, structure};
use crate::authority::id::optional_address;
use crate::authority::{describe, provkey_authority};
use crate::error::provkey_error;
use crate::fingerprint::{optional_fingerprint, provkey_fingerprint};
use crate::status::provkey_status;

/// A renewal request: what the connector sent, and what the application knows about it.
#[repr(C)]
#[derive(Clone, Copy)]
pub struct provkey_renew_request {
    /// `sizeof(provkey_renew_request)`.
    pub struct_size: usize,
    /// The CSR for the new certificate, of the same key pair or a new one: PKCS #10, DER or PEM. It
    /// may hold the proof of renewal.
    pub csr: *const u8,
    /// Its length in bytes.
    pub csr_len: usize,
    /// The certificate that the connector authenticated with over mutual TLS, in DER. The
    /// application vouches that the connector has its private key. NULL: none.
    pub client_certificate: *const u8,
    /// Its length in bytes.
    pub client_certificate_len: usize,
    /// The connector's fingerprint, if it was sent beside the CSR. NULL: none.
    pub fingerprint: *const provkey_fingerprint,
    /// The connector's IP address. NULL: unknown.
    pub address: *const c_char,
}

plain!(provkey_renew_request);

/// Renews the certificate of one connector, even if its provisioning key is deleted, disabled,
/// exhausted or expired. A certificate is renewed once: asking again with the same public key
/// returns the same answer.
///
/// Errors: `renewal_missing`, `renewal_invalid`, `certificate_unknown`, and the `csr_` codes; then
/// the precise reason; those of the store.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn provkey_authority_renew(
    authority: *const provkey_authority,
    request: *const provkey_renew_request,
    renewed: *mut *mut provkey_enrolled,
    error: *mut *mut provkey_error,
) -> provkey_status {
    describe(authority, (renewed, "renewed"), error, |authority| {
        let input = structure(request, "request")?;
        let (data, len) = (input.client_certificate, input.client_certificate_len);
        let client_certificate = buffer(data, len, "client_certificate")?;
        let request = RenewRequest::new(buffer(input.csr, input.csr_len, "csr")?.to_vec())
            .client_certificate((!data.is_null()).then(|| client_certificate.to_vec()))
            .fingerprint(optional_fingerprint(input.fingerprint))
            .address(optional_address(input.address)?);
        Ok(authority.renew(&request)?)
    })
}
