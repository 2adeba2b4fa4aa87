//! A provisioning key, as a connector reads it.

use core::ffi::c_char;

use provkey::key::ProvisioningKey;

use crate::argument::{buffer, output};
use crate::backing::Backing;
use crate::bytes::{self, provkey_bytes};
use crate::call::call;
use crate::error::provkey_error;
use crate::failure::Failure;
use crate::handle::{self, object, record};
use crate::status::{PROVKEY_STATUS_NO_REPAIR, provkey_status};

/// A provisioning key: what its text says. Its secret is not among the fields, and is wiped when
/// it is freed with `provkey_provisioning_key_free`.
#[repr(C)]
pub struct provkey_provisioning_key {
    /// For the library.
    pub header: handle::provkey_header,
    /// Where the authority is found: `host` or `host:port`.
    pub host: *const c_char,
    /// The public id: 12 characters.
    pub id: *const c_char,
    /// What may be shown of the text: everything before the secret, and an ellipsis (UTF-8).
    pub public_text: *const c_char,
    /// The pin of the authority's root: the left 120 bits of SHA-256 over its
    /// SubjectPublicKeyInfo.
    pub pin: [u8; 15],
}

record!(provkey_provisioning_key, 0x706b_0003, (ProvisioningKey, Backing));

/// Reads the text of a provisioning key as people and programs hand it over, without any network.
///
/// White space, line wraps, invisible characters, quotes, punctuation around the text and `NAME=`
/// in front are ignored, and case is folded. What is wrong is explained as exactly as can be: see
/// the positions of `provkey_error`, and `provkey_provisioning_key_repair`.
///
/// Errors: `key_empty`, `key_wrong_prefix`, `key_unsupported_version`, `key_truncated`, `key_extra`,
/// `key_bad_character`, `key_miscopied`, `key_host_miscopied`, `key_damaged`.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn provkey_provisioning_key_read(
    text: *const u8,
    text_len: usize,
    key: *mut *mut provkey_provisioning_key,
    error: *mut *mut provkey_error,
) -> provkey_status {
    // SAFETY: the rules of the header.
    unsafe {
        call(error, || {
            let text = buffer(text, text_len, "text")?;
            let key = output(key, "key")?;
            key.set(hand_out(ProvisioningKey::read(text)?));
            Ok(())
        })
    }
}

/// The text that a damaged one probably should have been. It is a secret, to be compared with the
/// original by a person: five or more wrong characters may, rarely, produce a repair that is wrong.
///
/// Errors: `no_repair` if the text is right, or wrong beyond repair.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn provkey_provisioning_key_repair(
    text: *const u8,
    text_len: usize,
    repaired: *mut *mut provkey_bytes,
    error: *mut *mut provkey_error,
) -> provkey_status {
    // SAFETY: the rules of the header.
    unsafe {
        call(error, || {
            let text = buffer(text, text_len, "text")?;
            let repaired = output(repaired, "repaired")?;
            let read = ProvisioningKey::read(text).map(drop);
            let text = read.as_ref().err().and_then(|error| error.repaired());
            let text = text.ok_or(Failure::new(
                PROVKEY_STATUS_NO_REPAIR,
                "there is no repair of this key text",
            ))?;
            repaired.set(bytes::hand_out(text.expose().as_bytes()));
            Ok(())
        })
    }
}

/// The canonical text of a key. It is a secret.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn provkey_provisioning_key_text(
    key: *const provkey_provisioning_key,
    text: *mut *mut provkey_bytes,
    error: *mut *mut provkey_error,
) -> provkey_status {
    // SAFETY: the rules of the header.
    unsafe {
        call(error, || {
            let (key, _) = object(key, "key")?;
            output(text, "text")?.set(bytes::hand_out(key.to_text().expose().as_bytes()));
            Ok(())
        })
    }
}

/// Frees a key, and wipes its secret. NULL is fine.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn provkey_provisioning_key_free(key: *mut provkey_provisioning_key) {
    // SAFETY: the rules of the header.
    unsafe { handle::free(key) }
}

fn hand_out(key: ProvisioningKey) -> *mut provkey_provisioning_key {
    let mut backing = Backing::default();
    let head = provkey_provisioning_key {
        header: provkey_provisioning_key::HEADER,
        host: backing.text(key.host().as_str()),
        id: backing.text(key.id().as_str()),
        public_text: backing.text(&key.public_text()),
        pin: *key.pin().as_bytes(),
    };
    handle::hand_out_record(head, (key, backing))
}
