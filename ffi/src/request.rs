//! Asking for a certificate, for its renewal, and accepting the answer.

use core::ffi::c_char;
use std::sync::Arc;

use provkey::connector::{self, RenewalKey, Request};
use provkey::time::Timestamp;
use provkey::x509::Certificate;

use crate::algorithm::{algorithm, provkey_key_algorithm};
use crate::argument::{buffer, output};
use crate::backing::Backing;
use crate::bytes::provkey_slice;
use crate::call::call;
use crate::error::provkey_error;
use crate::failure::Failure;
use crate::fingerprint::{optional_fingerprint, provkey_fingerprint};
use crate::handle::{self, object, optional_object, record};
use crate::identity::{locked, provkey_identity};
use crate::provisioning_key::provkey_provisioning_key;
use crate::signer::provkey_signer;
use crate::status::{PROVKEY_STATUS_VALUE_UNKNOWN, provkey_status};

/// A request for a certificate: a CSR (PKCS #10, RFC 2986). It is no secret: whoever captures it can
/// submit it only as it stands. Freed with `provkey_request_free`.
#[repr(C)]
pub struct provkey_request {
    /// For the library.
    pub header: handle::provkey_header,
    /// The CSR in DER.
    pub der: provkey_slice,
    /// The CSR in PEM.
    pub pem: *const c_char,
}

record!(provkey_request, 0x706b_0009, Backing);

/// Frees a request. NULL is fine.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn provkey_request_free(request: *mut provkey_request) {
    // SAFETY: the rules of the header.
    unsafe { handle::free(request) }
}

/// What an accepted answer says.
#[repr(C)]
#[derive(Clone, Copy)]
pub struct provkey_accepted {
    /// The moment to go on with, in Unix milliseconds: what the clock says, or the certificate's
    /// first moment if the clock is behind that.
    pub now_ms: u64,
    /// How many milliseconds the clock is behind, at least; 0 if it is not.
    pub clock_behind_ms: u64,
    /// From when the certificate is valid.
    pub not_before_ms: u64,
    /// Until when the certificate and its issuers are valid.
    pub not_after_ms: u64,
}

/// Asks for a certificate with a provisioning key: gives a CSR that proves the possession of the
/// key without holding its secret. The identity remembers the key's public part, so that the answer
/// can be checked. Save the identity before the request is sent: then a lost answer costs nothing.
///
/// Ask as often as needed: with the same identity it is the same connector, and costs one use in
/// all. The authority wants the same fingerprint each time; NULL: none.
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
    // SAFETY: the rules of the header.
    unsafe {
        call(error, || {
            let (key, _) = object(key, "key")?;
            let output = output(request, "request")?;
            let fingerprint = optional_fingerprint(fingerprint);
            let request = locked(identity)?.request(key, fingerprint)?;
            output.set(hand_out(&request));
            Ok(())
        })
    }
}

/// Asks for a new certificate in place of the one that the identity has, which proves itself with a
/// signature; no provisioning key takes part. Save the identity before the request is sent: a
/// certificate is renewed once, for one key pair.
///
/// `algorithm` 0 is for the key pair that there is, another for a new one; or `signer` for a new one
/// that lives elsewhere, and then `algorithm` is 0. Ask as often as needed until an answer is
/// accepted: the renewal that is under way goes on.
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
    // SAFETY: the rules of the header.
    unsafe {
        call(error, || {
            let signer = optional_object(signer, "signer")?;
            let output = output(request, "request")?;
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
            let request = locked(identity)?.renew_request(key, fingerprint)?;
            output.set(hand_out(&request));
            Ok(())
        })
    }
}

/// Accepts the answer to a request, in PEM: the certificate made for this identity, its issuers and
/// the root, in any order and with any text around them. `now_ms` is what the machine's clock says,
/// in Unix milliseconds. `accepted` may be NULL.
///
/// Only the root that the provisioning key pins is trusted. Nothing changes unless all is good: an
/// earlier certificate stays.
///
/// Errors: `answer_without_request`, `answer_for_another_key`, `clock_ahead`, the `certificate_` and
/// `chain_` codes.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn provkey_identity_accept(
    identity: *mut provkey_identity,
    answer: *const u8,
    answer_len: usize,
    now_ms: u64,
    accepted: *mut provkey_accepted,
    error: *mut *mut provkey_error,
) -> provkey_status {
    // SAFETY: the rules of the header.
    unsafe {
        call(error, || {
            let answer = buffer(answer, answer_len, "answer")?;
            let accepted = match accepted.is_null() {
                true => None,
                false => Some(output(accepted, "accepted")?),
            };
            let said = locked(identity)?.accept(answer, Timestamp::from_unix_ms(now_ms))?;
            let behind = said.clock_behind.unwrap_or_default().as_millis();
            if let Some(accepted) = accepted {
                accepted.set(provkey_accepted {
                    now_ms: said.now.unix_ms(),
                    clock_behind_ms: u64::try_from(behind).unwrap_or(u64::MAX),
                    not_before_ms: said.not_before.unix_ms(),
                    not_after_ms: said.not_after.unix_ms(),
                });
            }
            Ok(())
        })
    }
}

/// Checks the certificates that a TLS server at the host of a key has shown, its own one first, in
/// PEM, under the key that this identity asked with last. `now_ms` is what the machine's clock
/// says; `checked_ms`, which may be NULL, becomes the moment to go on with: a clock that is behind
/// is no reason to refuse.
///
/// Only the root that the key pins is trusted. The server's certificate must be signed by it
/// directly, be for TLS servers, and name the host. That the server has the private key is what the
/// TLS handshake shows.
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
    // SAFETY: the rules of the header.
    unsafe {
        call(error, || {
            let identity = locked(identity)?;
            let chain = buffer(chain, chain_len, "chain")?;
            let checked = match checked_ms.is_null() {
                true => None,
                false => Some(output(checked_ms, "checked_ms")?),
            };
            let chain = Certificate::parse_all(chain).map_err(connector::Error::from)?;
            let now = identity.check_server(&chain, Timestamp::from_unix_ms(now_ms))?;
            if let Some(checked) = checked {
                checked.set(now.unix_ms());
            }
            Ok(())
        })
    }
}

/// Hands out a request.
fn hand_out(request: &Request) -> *mut provkey_request {
    let mut backing = Backing::default();
    let head = provkey_request {
        header: provkey_request::HEADER,
        der: backing.slice(request.der()),
        pem: backing.text(&request.to_pem()),
    };
    handle::hand_out_record(head, backing)
}
