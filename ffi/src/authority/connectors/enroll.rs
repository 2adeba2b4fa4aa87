//! Enrollment: one use, one certificate, exactly once.

use core::ffi::c_char;
use core::ptr;

use provkey::authority::{self as core_authority, Authority, EnrollRequest, Enrolled};
use provkey::key::KeyText;

use crate::argument::{BUFFER_BYTES_MAX, buffer, check_pointer, plain, structure};
use crate::authority::id::optional_address;
use crate::authority::{describe, provkey_authority, run};
use crate::backing::Backing;
use crate::bytes::provkey_slice;
use crate::error::provkey_error;
use crate::failure::Failure;
use crate::fingerprint::{optional_fingerprint, provkey_fingerprint};
use crate::handle::{self, provkey_header, record};
use crate::owned::Owned;
use crate::record::{self, Describe};
use crate::status::{
    PROVKEY_STATUS_ARGUMENT_TOO_LARGE, PROVKEY_STATUS_NULL_ARGUMENT, PROVKEY_STATUS_OK,
    provkey_status,
};

/// An enrollment request: what the connector sent, and what the application knows about it.
#[repr(C)]
#[derive(Clone, Copy)]
pub struct provkey_enroll_request {
    /// `sizeof(provkey_enroll_request)`.
    pub struct_size: usize,
    /// The CSR: PKCS #10, DER or PEM, at most 16 KiB of DER. It may hold the proof of a key.
    pub csr: *const u8,
    /// Its length in bytes.
    pub csr_len: usize,
    /// The canonical text of a key, if it was sent beside the CSR. NULL: none.
    pub key_text: *const u8,
    /// Its length in bytes.
    pub key_text_len: usize,
    /// The connector's fingerprint, if it was sent beside the CSR. NULL: none.
    pub fingerprint: *const provkey_fingerprint,
    /// The connector's IP address. NULL: unknown.
    pub address: *const c_char,
}

plain!(provkey_enroll_request);

/// The answer to a connector. Freed with `provkey_enrolled_free`.
#[repr(C)]
pub struct provkey_enrolled {
    /// The header.
    pub header: provkey_header,
    /// The connector's id.
    pub connector: *const c_char,
    /// The id of the provisioning key that it enrolled with.
    pub key: *const c_char,
    /// The id of the group that it belongs to.
    pub group: *const c_char,
    /// The id of the enrollment certificate that signed.
    pub certificate: *const c_char,
    /// The serial number of its certificate, in lower-case hexadecimal.
    pub serial: *const c_char,
    /// The connector's certificate, the enrollment certificate and the root, in PEM: the answer to
    /// send.
    pub chain_pem: *const c_char,
    /// The same certificates, each in DER.
    pub chain: *const provkey_slice,
    /// The number of certificates.
    pub chain_len: usize,
    /// For an external CA: the chain to that CA, in PEM. Otherwise NULL. The two chains are never
    /// merged.
    pub external_chain_pem: *const c_char,
    /// The same certificates, each in DER.
    pub external_chain: *const provkey_slice,
    /// The number of certificates.
    pub external_chain_len: usize,
    /// From when its certificate is valid, in Unix milliseconds.
    pub not_before_ms: u64,
    /// Until when its certificate is valid.
    pub not_after_ms: u64,
    /// Whether the connector had enrolled before, so that this cost no use.
    pub replay: bool,
}

record!(provkey_enrolled, 0x706b_0113, Backing);

impl Describe<Enrolled> for provkey_enrolled {
    fn describe(header: provkey_header, enrolled: &Enrolled, backing: &mut Backing) -> Self {
        let external = enrolled.external_chain_pem();
        Self {
            header,
            connector: backing.text(enrolled.connector.as_str()),
            key: backing.text(enrolled.key.as_str()),
            group: backing.text(enrolled.group.as_str()),
            certificate: backing.text(enrolled.certificate.as_str()),
            serial: backing.text(&enrolled.serial),
            chain_pem: backing.text(&enrolled.chain_pem()),
            chain: backing.slices(&enrolled.chain),
            chain_len: enrolled.chain.len(),
            external_chain_pem: backing.optional_text(Some(&*external).filter(|s| !s.is_empty())),
            external_chain: backing.slices(&enrolled.external_chain),
            external_chain_len: enrolled.external_chain.len(),
            not_before_ms: enrolled.not_before.unix_ms(),
            not_after_ms: enrolled.not_after.unix_ms(),
            replay: enrolled.replay,
        }
    }
}

/// Enrolls one connector.
///
/// Errors: until the key is proven only `key_invalid`, `key_missing`, `credentials_disagree` and
/// the `csr_` codes; then the precise reason; `store_busy` if others keep changing the key; those
/// of the store. No error costs a use. If `outcome_unknown`, the connector asks again and gets the
/// same certificate.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn provkey_authority_enroll(
    authority: *const provkey_authority,
    request: *const provkey_enroll_request,
    enrolled: *mut *mut provkey_enrolled,
    error: *mut *mut provkey_error,
) -> provkey_status {
    describe(authority, (enrolled, "enrolled"), error, |authority| {
        let request = read_request(&structure(request, "request")?)?;
        Ok(authority.enroll(&request)?)
    })
}

/// Enrolls many connectors with one write, for applications with one thread. All requests have the
/// `struct_size` of the first. For each request, in order, `enrolled` receives the answer or NULL,
/// `statuses` the status, and `errors`, unless it is NULL, the error or NULL. The call itself fails
/// only if an array or a `struct_size` is wrong, or with `out_of_memory` or `internal_error`: then
/// only `error` is written, and the connectors ask again.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn provkey_authority_enroll_many(
    authority: *const provkey_authority,
    requests: *const provkey_enroll_request,
    requests_len: usize,
    enrolled: *mut *mut provkey_enrolled,
    statuses: *mut provkey_status,
    errors: *mut *mut provkey_error,
    error: *mut *mut provkey_error,
) -> provkey_status {
    run(authority, error, |authority| {
        let requests = read_requests(requests, requests_len)?;
        if requests.is_empty() {
            return Ok(());
        }
        check_pointer(enrolled, "enrolled")?;
        check_pointer(statuses, "statuses")?;
        if !errors.is_aligned() {
            let status = PROVKEY_STATUS_NULL_ARGUMENT;
            return Err(Failure::argument(status, "errors", "is not aligned"));
        }
        // All answers are made before the first is written, because memory may run out.
        let answers: Vec<_> = enroll_many(authority, requests).into_iter().map(answer).collect();
        for (at, (status, answer, failure)) in answers.into_iter().enumerate() {
            statuses.add(at).write(status);
            enrolled.add(at).write(answer.release());
            if !errors.is_null() {
                errors.add(at).write(failure.release());
            }
        }
        Ok(())
    })
}

/// Frees an answer. NULL is allowed.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn provkey_enrolled_free(enrolled: *mut provkey_enrolled) {
    handle::free(enrolled);
}

/// The outputs for one request of many.
fn answer(
    result: Result<Enrolled, Failure>,
) -> (provkey_status, Owned<provkey_enrolled>, Owned<provkey_error>) {
    match result {
        Ok(enrolled) => {
            let answer = Owned::new(record::hand_out(&enrolled));
            (PROVKEY_STATUS_OK, answer, Owned::new(ptr::null_mut()))
        }
        Err(failure) => {
            let status = failure.status;
            (status, Owned::new(ptr::null_mut()), Owned::new(record::hand_out(&failure)))
        }
    }
}

/// Enrolls the requests that could be read, and returns the results of all, in order.
fn enroll_many(
    authority: &Authority,
    requests: Vec<Result<EnrollRequest, Failure>>,
) -> Vec<Result<Enrolled, Failure>> {
    let (mut sound, mut answers) = (Vec::with_capacity(requests.len()), Vec::new());
    for request in requests {
        answers.push(request.map(|request| sound.push(request)));
    }
    let mut enrolled = authority.enroll_many(&sound).into_iter();
    let mut next = || enrolled.next().unwrap_or(Err(core_authority::Error::Contended));
    answers.into_iter().map(|read| read.and_then(|()| Ok(next()?))).collect()
}

unsafe fn read_requests(
    first: *const provkey_enroll_request,
    len: usize,
) -> Result<Vec<Result<EnrollRequest, Failure>>, Failure> {
    if len == 0 {
        return Ok(Vec::new());
    }
    // The structs of a newer header are larger: `each` is their size.
    let each = structure(first, "requests")?.struct_size;
    if len > BUFFER_BYTES_MAX / each {
        let status = PROVKEY_STATUS_ARGUMENT_TOO_LARGE;
        return Err(Failure::argument(status, "requests", "is too long"));
    }
    let at = |index| first.cast::<u8>().add(index * each).cast::<provkey_enroll_request>();
    let input: Result<Vec<_>, _> = (0..len).map(|index| structure(at(index), "requests")).collect();
    Ok(input?.iter().map(|request| read_request(request)).collect())
}

unsafe fn read_request(input: &provkey_enroll_request) -> Result<EnrollRequest, Failure> {
    let key_text = buffer(input.key_text, input.key_text_len, "key_text")?;
    // Text that is not UTF-8 is refused like any other text that is not a key.
    let key_text = (!input.key_text.is_null())
        .then(|| KeyText::new(String::from_utf8_lossy(key_text).into_owned()));
    Ok(EnrollRequest::new(buffer(input.csr, input.csr_len, "csr")?.to_vec())
        .key_text(key_text)
        .fingerprint(optional_fingerprint(input.fingerprint))
        .address(optional_address(input.address)?))
}
