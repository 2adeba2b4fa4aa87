//! The identity of a connector: its key pair, and its certificate once it has one.

use core::ffi::c_char;
use std::sync::{Arc, Mutex, MutexGuard, TryLockError};

use provkey::connector::{CertificateState, Identity, KeyReference};
use provkey::time::Timestamp;
use provkey::x509::Chain;

use crate::algorithm::{algorithm_or_usual, provkey_key_algorithm};
use crate::argument::buffer;
use crate::backing::Backing;
use crate::bytes::{self, provkey_bytes};
use crate::call::{call, call_for};
use crate::error::provkey_error;
use crate::failure::Failure;
use crate::handle::{self, object, opaque, provkey_header, record};
use crate::random::{provkey_random, random_or_system};
use crate::record::{self, Describe};
use crate::signer::provkey_signer;
use crate::status::{
    PROVKEY_STATUS_CERTIFICATE_MISSING, PROVKEY_STATUS_HANDLE_IN_USE,
    PROVKEY_STATUS_PRIVATE_KEY_MISSING, provkey_status,
};

/// The identity of a connector: its key pair, and its certificate once it has one. One thread uses
/// it at a time: a call that overlaps another is refused with `handle_in_use`. Freed with
/// `provkey_identity_free`, which wipes the private key, except for ring's copy.
pub struct provkey_identity {
    _opaque: [u8; 0],
}

opaque!(provkey_identity, 0x706b_0007, Mutex<Identity>, of_its_process);

/// The state of a connector's certificate.
pub type provkey_certificate_state = u32;

/// There is no certificate yet.
pub const PROVKEY_CERTIFICATE_STATE_NONE: provkey_certificate_state = 0;
/// It is valid.
pub const PROVKEY_CERTIFICATE_STATE_VALID: provkey_certificate_state = 1;
/// It is valid, and due for renewal.
pub const PROVKEY_CERTIFICATE_STATE_RENEW_SOON: provkey_certificate_state = 2;
/// It or one of its issuers has expired.
pub const PROVKEY_CERTIFICATE_STATE_EXPIRED: provkey_certificate_state = 3;

/// The details of an identity at one moment. Freed with `provkey_identity_details_free`.
#[repr(C)]
pub struct provkey_identity_details {
    /// The header.
    pub header: provkey_header,
    /// The host of the provisioning key of its latest request. NULL: it has made no request.
    pub asked_host: *const c_char,
    /// The id of that key. NULL: it has made no request.
    pub asked_key: *const c_char,
    /// The host of the provisioning key that it enrolled with. NULL: it has no certificate.
    pub enrolled_host: *const c_char,
    /// The id of that key. NULL: it has no certificate.
    pub enrolled_key: *const c_char,
    /// The connector's id, as in its certificate. NULL: it has no certificate.
    pub connector: *const c_char,
    /// Its certificate, the issuers and the pinned root, in PEM. NULL: it has no certificate.
    pub chain_pem: *const c_char,
    /// From when its certificate is valid, in Unix milliseconds; 0: it has no certificate.
    pub not_before_ms: u64,
    /// Until when its certificate and the issuers are valid; 0: it has no certificate.
    pub not_after_ms: u64,
    /// When to renew its certificate; 0: it has no certificate. The moment differs between
    /// connectors, so that a fleet does not renew all at once.
    pub renew_at_ms: u64,
    /// The state of the certificate at `now_ms`.
    pub state: provkey_certificate_state,
    /// The algorithm of its key pair.
    pub algorithm: provkey_key_algorithm,
    /// Whether a renewal was requested and no answer was accepted yet.
    pub renewing: bool,
    /// Whether the private key is elsewhere, behind a `provkey_signer`.
    pub key_elsewhere: bool,
    /// The SubjectPublicKeyInfo of its key pair, in DER.
    pub public_key: bytes::provkey_slice,
}

record!(provkey_identity_details, 0x706b_0008, Backing);

/// An identity, and the moment that it is described at.
type Seen<'a> = (&'a Identity, Timestamp);

impl Describe<Seen<'_>> for provkey_identity_details {
    fn describe(header: provkey_header, &(identity, now): &Seen, backing: &mut Backing) -> Self {
        let (asked, enrolled) = (identity.asked_with(), identity.enrolled_with());
        let chain = identity.chain();
        let leaf = identity.certificate();
        Self {
            header,
            asked_host: backing.optional_text(asked.map(KeyReference::host)),
            asked_key: backing.optional_text(asked.map(KeyReference::id)),
            enrolled_host: backing.optional_text(enrolled.map(KeyReference::host)),
            enrolled_key: backing.optional_text(enrolled.map(KeyReference::id)),
            connector: backing.optional_text(leaf.and_then(|leaf| leaf.common_name())),
            chain_pem: backing.optional_text(chain.map(Chain::to_pem)),
            not_before_ms: leaf.map_or(0, |leaf| leaf.not_before().unix_ms()),
            not_after_ms: chain.map_or(0, |chain| chain.not_after().unix_ms()),
            renew_at_ms: identity.renew_at().map_or(0, Timestamp::unix_ms),
            state: state_number(identity.state(now)),
            algorithm: crate::algorithm::number(identity.public_key().algorithm()),
            renewing: identity.is_renewing(),
            key_elsewhere: identity.private_key().is_none(),
            public_key: backing.slice(identity.public_key().spki()),
        }
    }
}

/// Makes an identity with a new key pair: P-256 (1, or 0), P-384 or Ed25519. The operating system's
/// randomness is used.
///
/// Errors: `signer_algorithm_unsupported` for RSA; `signer_failed` without randomness.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn provkey_identity_generate(
    algorithm: provkey_key_algorithm,
    identity: *mut *mut provkey_identity,
    error: *mut *mut provkey_error,
) -> provkey_status {
    call_for((identity, "identity"), error, || {
        Ok(hand_out(Identity::generate(algorithm_or_usual(algorithm)?)?))
    })
}

/// Makes an identity whose private key is elsewhere: in a secure element, a TPM, a keystore. The
/// identity's file does not contain the private key; after opening one, call
/// `provkey_identity_attach_signer`. Signatures are not checked here: the authority refuses a
/// request with a wrong one (`csr_bad_signature`).
#[unsafe(no_mangle)]
pub unsafe extern "C" fn provkey_identity_with_signer(
    signer: *const provkey_signer,
    identity: *mut *mut provkey_identity,
    error: *mut *mut provkey_error,
) -> provkey_status {
    call_for((identity, "identity"), error, || {
        let signer = object(signer, "signer")?;
        Ok(hand_out(Identity::with_signer(Arc::clone(signer))))
    })
}

/// Attaches the signer to an identity that was opened and whose private key is elsewhere. Without
/// it, requests fail with `signer_unavailable`.
///
/// Errors: `signer_key_mismatch`.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn provkey_identity_attach_signer(
    identity: *mut provkey_identity,
    signer: *const provkey_signer,
    error: *mut *mut provkey_error,
) -> provkey_status {
    call(error, || {
        let signer = object(signer, "signer")?;
        Ok(locked(identity)?.attach_signer(signer)?)
    })
}

/// Opens the file that `provkey_identity_seal` made, with the same material.
///
/// Errors: `identity_other_machine`, `identity_not_sealed`, `identity_damaged`,
/// `identity_too_new`, `identity_not_recognized`, `identity_too_large`, `fingerprint_empty`.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn provkey_identity_open(
    file: *const u8,
    file_len: usize,
    material: *const u8,
    material_len: usize,
    identity: *mut *mut provkey_identity,
    error: *mut *mut provkey_error,
) -> provkey_status {
    call_for((identity, "identity"), error, || {
        let file = buffer(file, file_len, "file")?;
        let material = buffer(material, material_len, "material")?;
        Ok(hand_out(Identity::open(file, material)?))
    })
}

/// Writes the whole identity as a file that only this machine can open. Save it before a request is
/// sent, and after an answer is accepted. `random`: NULL for the operating system's.
///
/// `material` is what only this machine has. The file is as safe as the material is secret:
/// material that can be guessed or looked up, such as a serial number, stops only accidental
/// clones.
///
/// Errors: `fingerprint_empty`, `random_unavailable`.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn provkey_identity_seal(
    identity: *const provkey_identity,
    material: *const u8,
    material_len: usize,
    random: *const provkey_random,
    file: *mut *mut provkey_bytes,
    error: *mut *mut provkey_error,
) -> provkey_status {
    call_for((file, "file"), error, || {
        let material = buffer(material, material_len, "material")?;
        let random = random_or_system(random)?;
        Ok(bytes::hand_out(&locked(identity)?.seal(material, &*random)?))
    })
}

/// Reads the file that `provkey_identity_to_bytes` made.
///
/// Errors: `identity_sealed`, `identity_damaged`, `identity_too_new`, `identity_not_recognized`,
/// `identity_too_large`.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn provkey_identity_from_bytes(
    file: *const u8,
    file_len: usize,
    identity: *mut *mut provkey_identity,
    error: *mut *mut provkey_error,
) -> provkey_status {
    call_for((identity, "identity"), error, || {
        let file = buffer(file, file_len, "file")?;
        Ok(hand_out(Identity::from_bytes(file)?))
    })
}

/// Writes the whole identity as a file that holds the private key in the clear. Only the mode of
/// the file protects it: prefer `provkey_identity_seal`.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn provkey_identity_to_bytes(
    identity: *const provkey_identity,
    file: *mut *mut provkey_bytes,
    error: *mut *mut provkey_error,
) -> provkey_status {
    call_for((file, "file"), error, || Ok(bytes::hand_out(&locked(identity)?.to_bytes())))
}

/// Drops the pending renewal with its new key pair: the next `provkey_identity_renew_request`
/// begins another. Without a pending renewal nothing changes. Save the identity afterwards.
///
/// Call this only if the authority refused the renewal with `public_key_in_use`. After any other
/// error the authority may have renewed the certificate, which it does for one key pair only.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn provkey_identity_drop_renewal(
    identity: *mut provkey_identity,
    error: *mut *mut provkey_error,
) -> provkey_status {
    call(error, || {
        locked(identity)?.drop_renewal();
        Ok(())
    })
}

/// Describes an identity at a moment. `now_ms`: the machine's clock, in Unix milliseconds.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn provkey_identity_describe(
    identity: *const provkey_identity,
    now_ms: u64,
    details: *mut *mut provkey_identity_details,
    error: *mut *mut provkey_error,
) -> provkey_status {
    call_for((details, "details"), error, || {
        Ok(record::hand_out(&(&*locked(identity)?, Timestamp::from_unix_ms(now_ms))))
    })
}

/// Frees the details of an identity. NULL is allowed.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn provkey_identity_details_free(details: *mut provkey_identity_details) {
    handle::free(details);
}

/// Writes the certificate of an identity in DER, without its issuers, as some TLS libraries want
/// it.
///
/// Errors: `certificate_missing` if there is none yet.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn provkey_identity_certificate(
    identity: *const provkey_identity,
    der: *mut *mut provkey_bytes,
    error: *mut *mut provkey_error,
) -> provkey_status {
    call_for((der, "der"), error, || {
        let identity = locked(identity)?;
        let certificate = identity.certificate().ok_or(Failure::new(
            PROVKEY_STATUS_CERTIFICATE_MISSING,
            "this identity has no certificate yet",
        ))?;
        Ok(bytes::hand_out(certificate.der()))
    })
}

/// Writes the private key of an identity in PEM (PKCS #8, RFC 5958), for the TLS library that uses
/// the certificate. It is a secret.
///
/// Errors: `private_key_missing` if the key is elsewhere.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn provkey_identity_private_key(
    identity: *const provkey_identity,
    pem: *mut *mut provkey_bytes,
    error: *mut *mut provkey_error,
) -> provkey_status {
    call_for((pem, "pem"), error, || {
        let identity = locked(identity)?;
        let private_key = identity.private_key().ok_or(Failure::new(
            PROVKEY_STATUS_PRIVATE_KEY_MISSING,
            "the private key is elsewhere",
        ))?;
        Ok(bytes::hand_out(private_key.to_pem().as_bytes()))
    })
}

/// Frees an identity and wipes its private key. NULL is allowed.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn provkey_identity_free(identity: *mut provkey_identity) {
    handle::free(identity);
}

fn hand_out(identity: Identity) -> *mut provkey_identity {
    handle::hand_out(Mutex::new(identity))
}

/// Locks the identity behind an argument for this call.
pub(crate) unsafe fn locked<'a>(
    identity: *const provkey_identity,
) -> Result<MutexGuard<'a, Identity>, Failure> {
    match object(identity, "identity")?.try_lock() {
        Ok(identity) => Ok(identity),
        // A panic leaves the identity as it was before the call.
        Err(TryLockError::Poisoned(poisoned)) => Ok(poisoned.into_inner()),
        Err(TryLockError::WouldBlock) => Err(Failure::argument(
            PROVKEY_STATUS_HANDLE_IN_USE,
            "identity",
            "is in use by another call",
        )),
    }
}

const fn state_number(state: CertificateState) -> provkey_certificate_state {
    match state {
        CertificateState::None => PROVKEY_CERTIFICATE_STATE_NONE,
        CertificateState::Valid => PROVKEY_CERTIFICATE_STATE_VALID,
        CertificateState::RenewSoon => PROVKEY_CERTIFICATE_STATE_RENEW_SOON,
        CertificateState::Expired => PROVKEY_CERTIFICATE_STATE_EXPIRED,
    }
}
