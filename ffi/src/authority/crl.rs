//! Revocation status: CRLs and OCSP responses.

use core::ffi::c_char;

use provkey::authority::Crl;

use super::id::read_id;
use super::{describe, provkey_authority, write};
use crate::argument::buffer;
use crate::backing::Backing;
use crate::bytes::{self, provkey_bytes, provkey_slice};
use crate::error::provkey_error;
use crate::handle::{self, provkey_header, record};
use crate::record::Describe;
use crate::status::provkey_status;

/// A CRL (RFC 5280, section 5). Freed with `provkey_crl_free`.
#[repr(C)]
pub struct provkey_crl {
    /// The header.
    pub header: provkey_header,
    /// The list in DER.
    pub der: provkey_slice,
    /// The list in PEM.
    pub pem: *const c_char,
    /// Its number, unique among the CRLs of its issuer.
    pub number: u64,
    /// When it was made, in Unix milliseconds.
    pub this_update_ms: u64,
    /// Until when it is valid.
    pub next_update_ms: u64,
    /// The number of certificates on it.
    pub entries: usize,
}

record!(provkey_crl, 0x706b_0114, Backing);

impl Describe<Crl> for provkey_crl {
    fn describe(header: provkey_header, crl: &Crl, backing: &mut Backing) -> Self {
        Self {
            header,
            der: backing.slice(&crl.der),
            pem: backing.text(&crl.to_pem()),
            number: crl.number,
            this_update_ms: crl.this_update.unix_ms(),
            next_update_ms: crl.next_update.unix_ms(),
            entries: crl.entries,
        }
    }
}

/// Writes the CRL of an enrollment certificate: all revoked certificates that it signed and that
/// have not expired.
///
/// Errors: `certificate_not_found`, `crl_imported_ca` for a CA that was imported with its key,
/// those of the signer and of the store.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn provkey_authority_crl(
    authority: *const provkey_authority,
    id: *const c_char,
    crl: *mut *mut provkey_crl,
    error: *mut *mut provkey_error,
) -> provkey_status {
    describe(authority, (crl, "crl"), error, |authority| Ok(authority.crl(read_id(id, "id")?)?))
}

/// Writes the CRL of the root. It is empty, because enrollment certificates cannot be revoked; some
/// programs require a CRL of every CA in a chain.
///
/// Errors: `seal_broken`, those of the store.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn provkey_authority_root_crl(
    authority: *const provkey_authority,
    crl: *mut *mut provkey_crl,
    error: *mut *mut provkey_error,
) -> provkey_status {
    describe(authority, (crl, "crl"), error, |authority| Ok(authority.root_crl()?))
}

/// Answers an OCSP request (RFC 6960) in DER. If it cannot be answered, the OCSP response says so.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn provkey_authority_ocsp(
    authority: *const provkey_authority,
    request: *const u8,
    request_len: usize,
    response: *mut *mut provkey_bytes,
    error: *mut *mut provkey_error,
) -> provkey_status {
    write(authority, (response, "response"), error, |authority| {
        let request = buffer(request, request_len, "request")?;
        Ok(bytes::hand_out(&authority.ocsp(request)))
    })
}

/// Frees a CRL. NULL is allowed.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn provkey_crl_free(crl: *mut provkey_crl) {
    handle::free(crl);
}
