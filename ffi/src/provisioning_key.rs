//! Provisioning keys as a connector reads them.

use core::ffi::c_char;

use provkey::key::ProvisioningKey;

use crate::argument::buffer;
use crate::backing::Backing;
use crate::bytes::{self, provkey_bytes};
use crate::call::call_for;
use crate::error::provkey_error;
use crate::failure::Failure;
use crate::handle::{self, object, record};
use crate::status::{PROVKEY_STATUS_NO_REPAIR, provkey_status};

/// A provisioning key that was read. No field holds its secret. Freed with
/// `provkey_provisioning_key_free`, which wipes the secret.
#[repr(C)]
pub struct provkey_provisioning_key {
    /// The header.
    pub header: handle::provkey_header,
    /// The authority's address: `host` or `host:port`.
    pub host: *const c_char,
    /// The public id: 12 characters.
    pub id: *const c_char,
    /// The part of the text that is safe to show: everything before the secret, then an ellipsis
    /// (UTF-8).
    pub public_text: *const c_char,
    /// The pin of the authority's root: the left 120 bits of SHA-256 over its
    /// SubjectPublicKeyInfo.
    pub pin: [u8; 15],
}

record!(provkey_provisioning_key, 0x706b_0003, (ProvisioningKey, Backing));

/// Reads the text of a provisioning key. Needs no network.
///
/// White space, line breaks, invisible characters, quotes, punctuation around the text, a leading
/// `NAME=` and letter case are ignored. The error says which characters are wrong: see `positions`
/// of `provkey_error`, and `provkey_provisioning_key_repair`.
///
/// Errors: `key_empty`, `key_wrong_prefix`, `key_unsupported_version`, `key_truncated`,
/// `key_extra`, `key_bad_character`, `key_miscopied`, `key_host_miscopied`, `key_damaged`.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn provkey_provisioning_key_read(
    text: *const u8,
    text_len: usize,
    key: *mut *mut provkey_provisioning_key,
    error: *mut *mut provkey_error,
) -> provkey_status {
    call_for((key, "key"), error, || {
        let text = buffer(text, text_len, "text")?;
        Ok(hand_out(ProvisioningKey::read(text)?))
    })
}

/// Repairs a miscopied text. The result is a secret. A person should compare it with the original:
/// with five or more wrong characters a repair may, rarely, be wrong.
///
/// Errors: `no_repair` if the text is correct or cannot be repaired.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn provkey_provisioning_key_repair(
    text: *const u8,
    text_len: usize,
    repaired: *mut *mut provkey_bytes,
    error: *mut *mut provkey_error,
) -> provkey_status {
    call_for((repaired, "repaired"), error, || {
        let text = buffer(text, text_len, "text")?;
        let read = ProvisioningKey::read(text).map(drop);
        let text = read.as_ref().err().and_then(|error| error.repaired());
        let text =
            text.ok_or(Failure::new(PROVKEY_STATUS_NO_REPAIR, "this key text cannot be repaired"))?;
        Ok(bytes::hand_out(text.expose().as_bytes()))
    })
}

/// Writes the canonical text of a key, which is a secret.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn provkey_provisioning_key_text(
    key: *const provkey_provisioning_key,
    text: *mut *mut provkey_bytes,
    error: *mut *mut provkey_error,
) -> provkey_status {
    call_for((text, "text"), error, || {
        let (key, _) = object(key, "key")?;
        Ok(bytes::hand_out(key.to_text().expose().as_bytes()))
    })
}

/// Frees a key and wipes its secret. NULL is allowed.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn provkey_provisioning_key_free(key: *mut provkey_provisioning_key) {
    handle::free(key);
}

fn hand_out(key: ProvisioningKey) -> *mut provkey_provisioning_key {
    let mut backing = Backing::default();
    let head = provkey_provisioning_key {
        header: handle::header::<provkey_provisioning_key>(),
        host: backing.text(key.host().as_str()),
        id: backing.text(key.id().as_str()),
        public_text: backing.text(&key.public_text()),
        pin: *key.pin().as_bytes(),
    };
    handle::hand_out_record(head, (key, backing))
}
