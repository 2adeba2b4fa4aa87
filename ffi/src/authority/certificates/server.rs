//! Certificates for the authority's TLS servers.

use core::ffi::c_char;
use std::time::Duration;

use provkey::authority::ServerCertificate;
use provkey::key::Host;
use provkey::x509::{CsrError, PublicKey};

use crate::argument::buffer;
use crate::authority::{describe, provkey_authority};
use crate::backing::Backing;
use crate::error::provkey_error;
use crate::handle::{self, provkey_header, record};
use crate::record::Describe;
use crate::status::provkey_status;
use crate::text::text;

/// The certificate of a TLS server, signed by the root: a connector trusts it by the pin in its key
/// text alone. Freed with `provkey_server_certificate_free`.
#[repr(C)]
pub struct provkey_server_certificate {
    /// The header.
    pub header: provkey_header,
    /// The server's certificate, then the root, in PEM. The server must send both, because a key
    /// text pins the root.
    pub chain_pem: *const c_char,
    /// From when it is valid, in Unix milliseconds.
    pub not_before_ms: u64,
    /// Until when it is valid.
    pub not_after_ms: u64,
}

record!(provkey_server_certificate, 0x706b_0117, Backing);

impl Describe<ServerCertificate> for provkey_server_certificate {
    fn describe(header: provkey_header, issued: &ServerCertificate, backing: &mut Backing) -> Self {
        Self {
            header,
            chain_pem: backing.text(&issued.chain_pem()),
            not_before_ms: issued.not_before.unix_ms(),
            not_after_ms: issued.not_after.unix_ms(),
        }
    }
}

/// Issues a certificate for a TLS server at one of the authority's hosts. `spki`: the server's
/// public key, a SubjectPublicKeyInfo in DER. Such a certificate cannot be revoked: make it valid
/// for a few months at most, and renew it in time. Each one is recorded in the audit trail.
///
/// Errors: the `host_` codes, `host_unknown` if the authority does not have the host;
/// `validity_invalid` below an hour; `public_key_of_authority`; `csr_bad_key`, `csr_key_off_curve`,
/// `csr_unsupported_key` and the `weak_key_` codes for the public key; those of the signer and of
/// the store.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn provkey_authority_issue_server_certificate(
    authority: *const provkey_authority,
    host: *const c_char,
    spki: *const u8,
    spki_len: usize,
    validity_seconds: u64,
    certificate: *mut *mut provkey_server_certificate,
    error: *mut *mut provkey_error,
) -> provkey_status {
    describe(authority, (certificate, "certificate"), error, |authority| {
        let host = Host::parse(text(host, "host")?)?;
        let spki = buffer(spki, spki_len, "spki")?;
        let public_key = PublicKey::from_spki(spki)
            .map_err(|error| provkey::authority::Error::from(CsrError::from(error)))?;
        let validity = Duration::from_secs(validity_seconds);
        Ok(authority.issue_server_certificate(&host, &public_key, validity)?)
    })
}

/// Frees the certificate of a server. NULL is allowed.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn provkey_server_certificate_free(
    certificate: *mut provkey_server_certificate,
) {
    handle::free(certificate);
}
