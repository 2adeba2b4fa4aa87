//! Enrollment certificates of an external CA: requested with a CSR, or imported with their key.

use core::ffi::c_char;
use std::sync::Arc;

use provkey::authority::{
    CertificateId, CertificateImport, CertificateRequest, ImportedKey, InputError, Name,
};
use provkey::x509::Certificate;

use super::{
    describe_certificate, leaf_urls, new_certificate, provkey_enrollment_certificate,
    provkey_new_certificate, renewal_grace, seconds_or,
};
use crate::argument::{buffer, plain, structure};
use crate::authority::page::{page, provkey_page_request};
use crate::authority::{describe, list, provkey_authority, run};
use crate::backing::Backing;
use crate::bytes::provkey_slice;
use crate::error::provkey_error;
use crate::failure::Failure;
use crate::handle::{self, optional_object, provkey_header, record};
use crate::record::Describe;
use crate::signer::provkey_signer;
use crate::status::provkey_status;
use crate::text::text;

/// A CA certificate to import with its private key.
#[repr(C)]
#[derive(Clone, Copy)]
pub struct provkey_certificate_import {
    /// `sizeof(provkey_certificate_import)`.
    pub struct_size: usize,
    /// Its name, unique among enrollment certificates.
    pub name: *const c_char,
    /// The certificate, then those issuers of it that connectors shall receive, in PEM.
    pub certificates: *const u8,
    /// Their length in bytes.
    pub certificates_len: usize,
    /// Its private key, in PEM or DER: PKCS #8, encrypted or not, SEC 1, PKCS #1. It is sealed into
    /// the store. Ignored if there is a `signer`.
    pub private_key: *const u8,
    /// Their length in bytes.
    pub private_key_len: usize,
    /// The passphrase of an encrypted private key. NULL: it is not encrypted.
    pub passphrase: *const u8,
    /// Their length in bytes.
    pub passphrase_len: usize,
    /// Its private key, if that is elsewhere. NULL: `private_key`.
    pub signer: *const provkey_signer,
    /// How long connectors' certificates are valid: at least an hour. 0: a year.
    pub leaf_validity_seconds: u64,
    /// How long after it has expired a connector's certificate is still renewed. 0: 30 days.
    pub renewal_grace_seconds: u64,
    /// The URL of the CRL in connectors' certificates. NULL: none.
    pub crl_url: *const c_char,
    /// The URL of OCSP. NULL: none.
    pub ocsp_url: *const c_char,
    /// The URL of the issuer's certificate. NULL: none.
    pub ca_issuers_url: *const c_char,
}

plain!(provkey_certificate_import);

/// A pending request for a certificate from an external CA. Freed with
/// `provkey_certificate_request_free`.
#[repr(C)]
pub struct provkey_certificate_request {
    /// The header.
    pub header: provkey_header,
    /// The id that the certificate will have.
    pub id: *const c_char,
    /// The name that the certificate will have.
    pub name: *const c_char,
    /// When it was made, in Unix milliseconds.
    pub created_at_ms: u64,
    /// How long connectors' certificates will be valid.
    pub leaf_validity_seconds: u64,
    /// How long after it has expired a connector's certificate will still be renewed.
    pub renewal_grace_seconds: u64,
    /// The CSR in DER, for the external CA.
    pub csr: provkey_slice,
    /// The CSR in PEM.
    pub csr_pem: *const c_char,
    /// Whether its private key is elsewhere.
    pub key_elsewhere: bool,
}

/// A page of requests. Freed, with its items, with `provkey_certificate_request_page_free`.
#[repr(C)]
pub struct provkey_certificate_request_page {
    /// The header.
    pub header: provkey_header,
    /// The requests.
    pub items: *const *const provkey_certificate_request,
    /// The number of requests.
    pub items_len: usize,
    /// The cursor of the next page. NULL: this is the last page.
    pub next: *const c_char,
}

record!(provkey_certificate_request, 0x706b_010d, Backing);
page!(provkey_certificate_request_page, 0x706b_010e, provkey_certificate_request);

impl Describe<CertificateRequest> for provkey_certificate_request {
    fn describe(
        header: provkey_header,
        request: &CertificateRequest,
        backing: &mut Backing,
    ) -> Self {
        Self {
            header,
            id: backing.text(request.id.as_str()),
            name: backing.text(request.name.as_str()),
            created_at_ms: request.created_at.unix_ms(),
            leaf_validity_seconds: request.leaf_validity.as_secs(),
            renewal_grace_seconds: request.renewal_grace.as_secs(),
            csr: backing.slice(&request.csr),
            csr_pem: backing.text(&request.csr_pem()),
            key_elsewhere: request.key_elsewhere,
        }
    }
}

/// Makes a CSR that asks an external CA for a CA certificate, for a new key pair or for one that is
/// elsewhere. The external CA determines the validity: `validity_seconds` is ignored.
/// `provkey_authority_import_answer` takes the certificate that it issues.
///
/// Errors: the `name_` codes, `validity_invalid`, `algorithm_unsupported`, `url_invalid`, those of
/// the signer and of the store.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn provkey_authority_request_certificate(
    authority: *const provkey_authority,
    new_certificate: *const provkey_new_certificate,
    request: *mut *mut provkey_certificate_request,
    error: *mut *mut provkey_error,
) -> provkey_status {
    describe(authority, (request, "request"), error, |authority| {
        Ok(authority.request_certificate(&self::new_certificate(new_certificate)?)?)
    })
}

/// Imports the certificate that an external CA issued for a request, in PEM, optionally followed by
/// its issuers. It becomes an enrollment certificate with the id of the request.
///
/// Errors: `certificate_request_not_found`, the `external_` and `certificate_` codes, those of the
/// store.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn provkey_authority_import_answer(
    authority: *const provkey_authority,
    id: *const c_char,
    certificates: *const u8,
    certificates_len: usize,
    certificate: *mut *mut provkey_enrollment_certificate,
    error: *mut *mut provkey_error,
) -> provkey_status {
    describe_certificate(authority, (certificate, "certificate"), error, |authority| {
        let id = request_id(id)?;
        let certificates = buffer(certificates, certificates_len, "certificates")?;
        Ok(authority.import_answer(id, &Certificate::parse_all(certificates)?)?)
    })
}

/// Imports the CA certificate of an external CA with its private key.
///
/// Errors: the `name_` codes, `validity_invalid`, `url_invalid`, the `external_`, `private_key_`
/// and `certificate_` codes, those of the store.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn provkey_authority_import_certificate(
    authority: *const provkey_authority,
    import: *const provkey_certificate_import,
    certificate: *mut *mut provkey_enrollment_certificate,
    error: *mut *mut provkey_error,
) -> provkey_status {
    describe_certificate(authority, (certificate, "certificate"), error, |authority| {
        Ok(authority.import_certificate(&read_import(&structure(import, "import")?)?)?)
    })
}

/// Reads the pending request with this id.
///
/// Errors: `certificate_request_not_found`, those of the store.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn provkey_authority_certificate_request(
    authority: *const provkey_authority,
    id: *const c_char,
    request: *mut *mut provkey_certificate_request,
    error: *mut *mut provkey_error,
) -> provkey_status {
    describe(authority, (request, "request"), error, |authority| {
        Ok(authority.certificate_request(request_id(id)?)?)
    })
}

/// Finds a pending request by id or name.
///
/// Errors: `certificate_request_not_found`, those of the store.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn provkey_authority_find_certificate_request(
    authority: *const provkey_authority,
    id_or_name: *const c_char,
    request: *mut *mut provkey_certificate_request,
    error: *mut *mut provkey_error,
) -> provkey_status {
    describe(authority, (request, "request"), error, |authority| {
        Ok(authority.find_certificate_request(text(id_or_name, "id_or_name")?)?)
    })
}

/// Lists the pending requests by id. `page`: NULL for the first page.
///
/// Errors: `cursor_invalid`, those of the store.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn provkey_authority_list_certificate_requests(
    authority: *const provkey_authority,
    page: *const provkey_page_request,
    requests: *mut *mut provkey_certificate_request_page,
    error: *mut *mut provkey_error,
) -> provkey_status {
    list(authority, page, (requests, "requests"), error, |authority, page| {
        Ok(authority.list_certificate_requests(page)?)
    })
}

/// Deletes a pending request and its private key.
///
/// Errors: `certificate_request_not_found`, those of the store.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn provkey_authority_delete_certificate_request(
    authority: *const provkey_authority,
    id: *const c_char,
    error: *mut *mut provkey_error,
) -> provkey_status {
    run(authority, error, |authority| Ok(authority.delete_certificate_request(request_id(id)?)?))
}

/// Frees a request. NULL is allowed; an item of a page is left alone.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn provkey_certificate_request_free(
    request: *mut provkey_certificate_request,
) {
    handle::free(request);
}

/// Frees a page of requests. NULL is allowed.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn provkey_certificate_request_page_free(
    requests: *mut provkey_certificate_request_page,
) {
    handle::free(requests);
}

/// The id of a request. A malformed id is one that is not found.
unsafe fn request_id(pointer: *const c_char) -> Result<CertificateId, Failure> {
    let text = text(pointer, "id")?;
    Ok(CertificateId::parse(text)
        .map_err(|_| InputError::CertificateRequestNotFound.about(text))?)
}

unsafe fn read_import(
    input: &provkey_certificate_import,
) -> Result<CertificateImport<'_>, Failure> {
    let name = Name::parse(text(input.name, "name")?)?;
    let certificates = buffer(input.certificates, input.certificates_len, "certificates")?;
    let contents = buffer(input.private_key, input.private_key_len, "private_key")?;
    let passphrase = buffer(input.passphrase, input.passphrase_len, "passphrase")?;
    let passphrase = Some(passphrase).filter(|_| !input.passphrase.is_null());
    let key = match optional_object(input.signer, "signer")? {
        Some(signer) => ImportedKey::Elsewhere(Arc::clone(signer)),
        None => ImportedKey::File { contents, passphrase },
    };
    let mut import = CertificateImport::new(name, Certificate::parse_all(certificates)?, key);
    import.leaf_validity = seconds_or(input.leaf_validity_seconds, import.leaf_validity);
    import.renewal_grace = renewal_grace(input.renewal_grace_seconds, import.renewal_grace);
    import.leaf_urls = leaf_urls(input.crl_url, input.ocsp_url, input.ca_issuers_url)?;
    Ok(import)
}
