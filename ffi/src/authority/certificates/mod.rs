//! Enrollment certificates: the CA certificates that sign connectors' certificates.

pub mod external;
pub mod masters;
pub mod server;

use core::ffi::c_char;
use core::time::Duration;
use std::sync::Arc;

use provkey::authority::{Authority, EnrollmentCertificate, Name, NewCertificate};
use provkey::time::Timestamp;
use provkey::x509::{Certificate, LeafUrl, LeafUrls};

use crate::algorithm::{algorithm_or_usual, provkey_key_algorithm};
use crate::argument::{plain, structure};
use crate::authority::id::read_id;
use crate::authority::page::{self, number, page, page_request, provkey_page_request};
use crate::authority::{OpenAuthority, provkey_authority, run, write};
use crate::backing::Backing;
use crate::call::call_for;
use crate::error::provkey_error;
use crate::failure::Failure;
use crate::handle::{self, object, optional_object, provkey_header, record};
use crate::record::{self, Describe};
use crate::signer::provkey_signer;
use crate::status::provkey_status;
use crate::text::{optional_text, text};

/// A value of `renewal_grace_seconds`: no certificate is renewed after it has expired.
pub const PROVKEY_NO_RENEWAL_GRACE: u64 = u64::MAX;

/// The parameters of a new enrollment certificate.
#[repr(C)]
#[derive(Clone, Copy)]
pub struct provkey_new_certificate {
    /// `sizeof(provkey_new_certificate)`.
    pub struct_size: usize,
    /// Its name, unique among enrollment certificates.
    pub name: *const c_char,
    /// Its private key, if that is elsewhere; it is attached as by
    /// `provkey_authority_attach_signer`. NULL: a key pair is made and sealed into the store.
    pub signer: *const provkey_signer,
    /// How long it is valid: at least a day. 0: 10 years. It never outlives the root.
    pub validity_seconds: u64,
    /// How long connectors' certificates are valid: at least an hour. 0: a year.
    pub leaf_validity_seconds: u64,
    /// How long after it has expired a connector's certificate is still renewed. 0: 30 days.
    pub renewal_grace_seconds: u64,
    /// How long a CRL is valid: an hour to a year. 0: a week.
    pub crl_validity_seconds: u64,
    /// The URL of the CRL in connectors' certificates. NULL: none.
    pub crl_url: *const c_char,
    /// The URL of OCSP in connectors' certificates. NULL: none.
    pub ocsp_url: *const c_char,
    /// The URL of the issuer's certificate in connectors' certificates. NULL: none.
    pub ca_issuers_url: *const c_char,
    /// The algorithm of a new key pair: P-256 (1, or 0), P-384 or Ed25519.
    pub algorithm: provkey_key_algorithm,
}

plain!(provkey_new_certificate);

/// A CA certificate that signs the certificates of connectors. Freed with
/// `provkey_enrollment_certificate_free`.
#[repr(C)]
pub struct provkey_enrollment_certificate {
    /// The header.
    pub header: provkey_header,
    /// Its id, which is also in its subject unless it was imported.
    pub id: *const c_char,
    /// Its name, unique among enrollment certificates.
    pub name: *const c_char,
    /// When it was created, in Unix milliseconds.
    pub created_at_ms: u64,
    /// The number of provisioning keys that use it.
    pub keys: u64,
    /// How long connectors' certificates are valid.
    pub leaf_validity_seconds: u64,
    /// How long after it has expired a connector's certificate is still renewed; 0: not at all.
    pub renewal_grace_seconds: u64,
    /// When it was retired and stopped signing, in Unix milliseconds; 0: it was not.
    pub retired_at_ms: u64,
    /// From when it is valid.
    pub not_before_ms: u64,
    /// Until when it is valid.
    pub not_after_ms: u64,
    /// The certificate that the root signed, in PEM.
    pub pem: *const c_char,
    /// For an external CA: the certificate that this CA issued, then its issuers, in PEM. Otherwise
    /// NULL.
    pub external_pem: *const c_char,
    /// The URL of the CRL in connectors' certificates. NULL: none.
    pub crl_url: *const c_char,
    /// The URL of OCSP. NULL: none.
    pub ocsp_url: *const c_char,
    /// The URL of the issuer's certificate. NULL: none.
    pub ca_issuers_url: *const c_char,
    /// Warnings at the moment of reading: `retired`, `not_yet_valid`, `expired`, `expires_soon`,
    /// `leaves_cut_short`.
    pub warnings: *const *const c_char,
    /// The number of warnings.
    pub warnings_len: usize,
    /// SHA-256 of the certificate in DER.
    pub sha256: [u8; 32],
    /// Whether its private key is elsewhere and has to be attached.
    pub key_elsewhere: bool,
}

/// A page of enrollment certificates. Freed, with its items, with
/// `provkey_enrollment_certificate_page_free`.
#[repr(C)]
pub struct provkey_enrollment_certificate_page {
    /// The header.
    pub header: provkey_header,
    /// The certificates.
    pub items: *const *const provkey_enrollment_certificate,
    /// The number of certificates.
    pub items_len: usize,
    /// The cursor of the next page. NULL: this is the last page.
    pub next: *const c_char,
}

record!(provkey_enrollment_certificate, 0x706b_010b, Backing);
page!(provkey_enrollment_certificate_page, 0x706b_010c, provkey_enrollment_certificate);

/// An enrollment certificate, and the moment that its warnings are for.
type Seen = (EnrollmentCertificate, Timestamp);

impl Describe<Seen> for provkey_enrollment_certificate {
    fn describe(header: provkey_header, (value, now): &Seen, backing: &mut Backing) -> Self {
        let external: String = value.external.iter().map(Certificate::to_pem).collect();
        let warnings = value.warnings(*now);
        let warnings: Vec<_> = warnings.iter().map(|warning| warning.as_str()).collect();
        let LeafUrls { crl, ocsp, ca_issuers, .. } = &value.leaf_urls;
        Self {
            header,
            id: backing.text(value.id.as_str()),
            name: backing.text(value.name.as_str()),
            created_at_ms: value.created_at.unix_ms(),
            keys: value.keys,
            leaf_validity_seconds: value.leaf_validity.as_secs(),
            renewal_grace_seconds: value.renewal_grace.as_secs(),
            retired_at_ms: number(value.retired_at),
            not_before_ms: value.certificate.not_before().unix_ms(),
            not_after_ms: value.certificate.not_after().unix_ms(),
            pem: backing.text(&value.certificate.to_pem()),
            external_pem: backing.optional_text(Some(&*external).filter(|pem| !pem.is_empty())),
            crl_url: backing.optional_text(crl.as_ref()),
            ocsp_url: backing.optional_text(ocsp.as_ref()),
            ca_issuers_url: backing.optional_text(ca_issuers.as_ref()),
            warnings: backing.texts(&warnings),
            warnings_len: warnings.len(),
            sha256: value.certificate.sha256(),
            key_elsewhere: value.key_elsewhere,
        }
    }
}

/// Creates an enrollment certificate under the authority's root, for a new key pair or for one that
/// is elsewhere.
///
/// Errors: the `name_` codes, `validity_invalid`, `algorithm_unsupported`, `url_invalid`, those of
/// the signer and of the store.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn provkey_authority_create_certificate(
    authority: *const provkey_authority,
    new_certificate: *const provkey_new_certificate,
    certificate: *mut *mut provkey_enrollment_certificate,
    error: *mut *mut provkey_error,
) -> provkey_status {
    describe_certificate(authority, (certificate, "certificate"), error, |authority| {
        Ok(authority.create_certificate(&self::new_certificate(new_certificate)?)?)
    })
}

/// Reads the enrollment certificate with this id.
///
/// Errors: `certificate_not_found`, `certificate_unanswered`, those of the store.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn provkey_authority_certificate(
    authority: *const provkey_authority,
    id: *const c_char,
    certificate: *mut *mut provkey_enrollment_certificate,
    error: *mut *mut provkey_error,
) -> provkey_status {
    describe_certificate(authority, (certificate, "certificate"), error, |authority| {
        Ok(authority.certificate(read_id(id, "id")?)?)
    })
}

/// Finds an enrollment certificate by id or name.
///
/// Errors: `certificate_not_found`, `certificate_unanswered`, those of the store.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn provkey_authority_find_certificate(
    authority: *const provkey_authority,
    id_or_name: *const c_char,
    certificate: *mut *mut provkey_enrollment_certificate,
    error: *mut *mut provkey_error,
) -> provkey_status {
    describe_certificate(authority, (certificate, "certificate"), error, |authority| {
        Ok(authority.find_certificate(text(id_or_name, "id_or_name")?)?)
    })
}

/// Lists enrollment certificates by name. `page`: NULL for the first page.
///
/// Errors: `cursor_invalid`, those of the store.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn provkey_authority_list_certificates(
    authority: *const provkey_authority,
    page: *const provkey_page_request,
    certificates: *mut *mut provkey_enrollment_certificate_page,
    error: *mut *mut provkey_error,
) -> provkey_status {
    call_for((certificates, "certificates"), error, || {
        let OpenAuthority { authority, clock } = object(authority, "authority")?;
        let page = page_request(page)?;
        let (found, now) = (authority.list_certificates(&page)?, clock.now());
        let items: Vec<Seen> = found.items.into_iter().map(|one| (one, now)).collect();
        let found = provkey::authority::Page { items, next: found.next };
        Ok(page::hand_out(&found))
    })
}

/// Retires an enrollment certificate: it signs no further certificates of connectors. Those that it
/// signed stay valid.
///
/// Errors: `certificate_not_found`, those of the store.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn provkey_authority_retire_certificate(
    authority: *const provkey_authority,
    id: *const c_char,
    error: *mut *mut provkey_error,
) -> provkey_status {
    run(authority, error, |authority| {
        authority.retire_certificate(read_id(id, "id")?)?;
        Ok(())
    })
}

/// Counts the connectors' certificates that an enrollment certificate signed, one by one.
///
/// Errors: `certificate_not_found`, those of the store.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn provkey_authority_count_connectors(
    authority: *const provkey_authority,
    id: *const c_char,
    count: *mut u64,
    error: *mut *mut provkey_error,
) -> provkey_status {
    write(authority, (count, "count"), error, |authority| {
        Ok(authority.count_connectors(read_id(id, "id")?)?)
    })
}

/// Deletes an enrollment certificate that no key uses and that signed no remembered certificate.
///
/// Errors: `certificate_not_found`, `certificate_in_use`, those of the store.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn provkey_authority_delete_certificate(
    authority: *const provkey_authority,
    id: *const c_char,
    error: *mut *mut provkey_error,
) -> provkey_status {
    run(authority, error, |authority| Ok(authority.delete_certificate(read_id(id, "id")?)?))
}

/// Attaches a signer to the enrollment certificate that has its public key, until this authority is
/// freed. Attach your signers each time you open the authority. Each signature is checked before it
/// is used, so a failing signer costs no use.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn provkey_authority_attach_signer(
    authority: *const provkey_authority,
    signer: *const provkey_signer,
    error: *mut *mut provkey_error,
) -> provkey_status {
    run(authority, error, |authority| {
        Ok(authority.attach_signer(Arc::clone(object(signer, "signer")?))?)
    })
}

/// Frees an enrollment certificate. NULL is allowed; an item of a page is left alone.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn provkey_enrollment_certificate_free(
    certificate: *mut provkey_enrollment_certificate,
) {
    handle::free(certificate);
}

/// Frees a page of enrollment certificates. NULL is allowed.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn provkey_enrollment_certificate_page_free(
    certificates: *mut provkey_enrollment_certificate_page,
) {
    handle::free(certificates);
}

/// Calls an authority, and hands out the certificate that it returns, with the warnings of this
/// moment.
pub(super) unsafe fn describe_certificate(
    authority: *const provkey_authority,
    output: (*mut *mut provkey_enrollment_certificate, &'static str),
    error: *mut *mut provkey_error,
    work: impl FnOnce(&Authority) -> Result<EnrollmentCertificate, Failure>,
) -> provkey_status {
    call_for(output, error, || {
        let OpenAuthority { authority, clock } = object(authority, "authority")?;
        Ok(record::hand_out(&(work(authority)?, clock.now())))
    })
}

pub(super) unsafe fn new_certificate(
    pointer: *const provkey_new_certificate,
) -> Result<NewCertificate, Failure> {
    let input = structure(pointer, "new_certificate")?;
    let mut new = NewCertificate::new(Name::parse(text(input.name, "name")?)?);
    new.algorithm = algorithm_or_usual(input.algorithm)?;
    new.signer = optional_object(input.signer, "signer")?.map(Arc::clone);
    new.validity = seconds_or(input.validity_seconds, new.validity);
    new.leaf_validity = seconds_or(input.leaf_validity_seconds, new.leaf_validity);
    new.renewal_grace = renewal_grace(input.renewal_grace_seconds, new.renewal_grace);
    new.crl_validity = seconds_or(input.crl_validity_seconds, new.crl_validity);
    new.leaf_urls = leaf_urls(input.crl_url, input.ocsp_url, input.ca_issuers_url)?;
    Ok(new)
}

pub(super) fn seconds_or(seconds: u64, usual: Duration) -> Duration {
    if seconds == 0 { usual } else { Duration::from_secs(seconds) }
}

pub(super) fn renewal_grace(seconds: u64, usual: Duration) -> Duration {
    if seconds == PROVKEY_NO_RENEWAL_GRACE { Duration::ZERO } else { seconds_or(seconds, usual) }
}

pub(super) unsafe fn leaf_urls(
    crl: *const c_char,
    ocsp: *const c_char,
    ca_issuers: *const c_char,
) -> Result<LeafUrls, Failure> {
    let read = |pointer, name| {
        let text = optional_text(pointer, name)?;
        text.map(LeafUrl::parse).transpose().map_err(Failure::from)
    };
    Ok(LeafUrls::default()
        .crl(read(crl, "crl_url")?)
        .ocsp(read(ocsp, "ocsp_url")?)
        .ca_issuers(read(ca_issuers, "ca_issuers_url")?))
}
