//! Requests for a certificate or its renewal, and accepting the answer.

use core::ffi::c_char;
use std::sync::Arc;

use provkey::connector::{self, RenewalKey, Request};
use provkey::time::Timestamp;
use provkey::x509::Certificate;

use crate::algorithm::{algorithm, provkey_key_algorithm};
use crate::argument::{buffer, optional_output};
use crate::backing::Backing;
use crate::bytes::provkey_slice;
use crate::call::{call, call_for};
use crate::error::provkey_error;
use crate::failure::Failure;
use crate::fingerprint::{optional_fingerprint, provkey_fingerprint};
use crate::handle::{self, object, optional_object, provkey_header, record};
use crate::identity::{locked, provkey_identity};
use crate::provisioning_key::provkey_provisioning_key;
use crate::record::{self, Describe};
use crate::signer::provkey_signer;
use crate::status::{PROVKEY_STATUS_VALUE_UNKNOWN, provkey_status};

/// A request for a certificate: a CSR (PKCS #10, RFC 2986). It is not a secret: an attacker who
/// captures it can only submit it unchanged. Freed with `provkey_request_free`.
#[repr(C)]
pub struct provkey_request {
    /// The header.
    pub header: provkey_header,
    /// The CSR in DER.
    pub der: provkey_slice,
    /// The CSR in PEM.
    pub pem: *const c_char,
}

record!(provkey_request, 0x706b_0009, Backing);

impl Describe<Request> for provkey_request {
    fn describe(header: provkey_header, request: &Request, backing: &mut Backing) -> Self {
        Self { header, der: backing.slice(request.der()), pem: backing.text(&request.to_pem()) }
    }
}

/// Frees a request. NULL is allowed.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn provkey_request_free(request: *mut provkey_request) {
    handle::free(request);
}

/// The result of accepting an answer.
#[repr(C)]
#[derive(Clone, Copy)]
pub struct provkey_accepted {
    /// The moment to use from here on, in Unix milliseconds: the clock's, or the beginning of the
    /// certificate's validity if the clock is behind that.
    pub now_ms: u64,
    /// At least how many milliseconds the clock is behind; 0: it is not.
    pub clock_behind_ms: u64,
    /// From when the certificate is valid.
    pub not_before_ms: u64,
    /// Until when the certificate and its issuers are valid.
    pub not_after_ms: u64,
}

/// Makes a request for a certificate: a CSR that proves possession of the provisioning key without
/// containing its secret. The identity remembers the public part of the key to check the answer.
/// Save the identity before you send the request: then a lost answer costs no use.
///
/// Repeat it as often as needed: the same identity is the same connector and costs one use in all.
/// `fingerprint`: NULL for none; the authority expects the same one each time.
///
/// Errors: `signer_unavailable`, `signer_failed`.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn provkey_identity_request(
    identity: *mut provkey_identity,
    key: *const provkey_provisioning_key,
    fingerprint: *const provkey_fingerprint,
    request: *mut *mut provkey_request,
    error: *mut *mut provkey_error,
) -> provkey_status {
    call_for((request, "request"), error, || {
        let (key, _) = object(key, "key")?;
        let fingerprint = optional_fingerprint(fingerprint);
        Ok(record::hand_out(&locked(identity)?.request(key, fingerprint)?))
    })
}

/// Makes a request to renew the identity's certificate. The old key signs it; no provisioning key
/// is needed. Save the identity before you send the request: a certificate is renewed once, for one
/// key pair.
///
/// `algorithm`: 0 keeps the key pair; another value makes a new one. `signer`: a new key that is
/// elsewhere; then `algorithm` is 0. Repeat it as often as needed until an answer is accepted: it
/// continues the pending renewal.
///
/// Errors: `renewal_without_certificate`, `signer_unavailable`, `signer_failed`,
/// `signer_algorithm_unsupported`.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn provkey_identity_renew_request(
    identity: *mut provkey_identity,
    algorithm: provkey_key_algorithm,
    signer: *const provkey_signer,
    fingerprint: *const provkey_fingerprint,
    request: *mut *mut provkey_request,
    error: *mut *mut provkey_error,
) -> provkey_status {
    call_for((request, "request"), error, || {
        let signer = optional_object(signer, "signer")?;
        let key = match (self::algorithm(algorithm)?, signer) {
            (None, None) => RenewalKey::Same,
            (Some(algorithm), None) => RenewalKey::New(algorithm),
            (None, Some(signer)) => RenewalKey::Elsewhere(Arc::clone(signer)),
            (Some(_), Some(_)) => {
                let what = "must be 0 with a signer";
                let status = PROVKEY_STATUS_VALUE_UNKNOWN;
                return Err(Failure::argument(status, "algorithm", what));
            }
        };
        let fingerprint = optional_fingerprint(fingerprint);
        Ok(record::hand_out(&locked(identity)?.renew_request(key, fingerprint)?))
    })
}

/// Accepts the answer to a request, in PEM: this identity's certificate, its issuers and the root,
/// in any order and with any text around them. `now_ms`: the machine's clock, in Unix milliseconds.
/// `accepted` may be NULL.
///
/// Only the root that the provisioning key pins is trusted. On any error the identity does not
/// change and keeps its earlier certificate.
///
/// Errors: `answer_without_request`, `answer_for_another_key`, `clock_ahead`, the `certificate_`
/// and `chain_` codes.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn provkey_identity_accept(
    identity: *mut provkey_identity,
    answer: *const u8,
    answer_len: usize,
    now_ms: u64,
    accepted: *mut provkey_accepted,
    error: *mut *mut provkey_error,
) -> provkey_status {
    call(error, || {
        let answer = buffer(answer, answer_len, "answer")?;
        let accepted = optional_output(accepted, "accepted")?;
        let accepted_answer = locked(identity)?.accept(answer, Timestamp::from_unix_ms(now_ms))?;
        let behind = accepted_answer.clock_behind.unwrap_or_default().as_millis();
        if let Some(accepted) = accepted {
            accepted.set(provkey_accepted {
                now_ms: accepted_answer.now.unix_ms(),
                clock_behind_ms: u64::try_from(behind).unwrap_or(u64::MAX),
                not_before_ms: accepted_answer.not_before.unix_ms(),
                not_after_ms: accepted_answer.not_after.unix_ms(),
            });
        }
        Ok(())
    })
}

/// Checks the certificates of a TLS server at the host of the key of this identity's latest
/// request: PEM, the server's own certificate first. `now_ms`: the machine's clock. `checked_ms`,
/// which may be NULL, receives the moment to use from here on: a clock that is behind does not fail
/// the check.
///
/// Only the root that the key pins is trusted. It must have signed the server's certificate
/// directly, and the certificate must be for TLS servers and name the host. The TLS handshake
/// proves that the server has the private key.
///
/// Errors: `answer_without_request`, `server_wrong_host`, the `certificate_` and `chain_` codes.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn provkey_identity_check_server(
    identity: *const provkey_identity,
    chain: *const u8,
    chain_len: usize,
    now_ms: u64,
    checked_ms: *mut u64,
    error: *mut *mut provkey_error,
) -> provkey_status {
    call(error, || {
        let identity = locked(identity)?;
        let chain = buffer(chain, chain_len, "chain")?;
        let checked = optional_output(checked_ms, "checked_ms")?;
        let chain = Certificate::parse_all(chain).map_err(connector::Error::from)?;
        let now = identity.check_server(&chain, Timestamp::from_unix_ms(now_ms))?;
        if let Some(checked) = checked {
            checked.set(now.unix_ms());
        }
        Ok(())
    })
}
