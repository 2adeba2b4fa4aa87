//! Master keys, which the application stores outside of the store.

use std::str;

use provkey::key::{Keyring, KeyringError, MasterKey, Slot};

use crate::argument::buffer;
use crate::bytes::{self, provkey_bytes};
use crate::call::call_for;
use crate::error::provkey_error;
use crate::failure::{Failure, failures};
use crate::handle::{self, object, opaque};
use crate::random::{provkey_random, random_or_system};
use crate::status::{PROVKEY_STATUS_MASTER_SLOT_EMPTY, provkey_status};

/// The master keys of an authority, in slots 0 to 31. A secret. Freed with `provkey_keyring_free`,
/// which wipes it.
pub struct provkey_keyring {
    _opaque: [u8; 0],
}

opaque!(provkey_keyring, 0x706b_0106, Keyring);

failures! { KeyringError }

/// Makes a keyring with one new master key. `random`: NULL for the operating system's.
///
/// Errors: `random_unavailable`.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn provkey_keyring_generate(
    random: *const provkey_random,
    keyring: *mut *mut provkey_keyring,
    error: *mut *mut provkey_error,
) -> provkey_status {
    call_for((keyring, "keyring"), error, || {
        let random = random_or_system(random)?;
        Ok(handle::hand_out(Keyring::new(MasterKey::generate(&*random)?)))
    })
}

/// Reads the contents of a master key file: line n, counted from 0, is the master key of slot n in
/// 64 hexadecimal digits, or `-` for a removed one. The last one is the current master key.
///
/// Errors: `keyring_malformed`, `keyring_full`, `keyring_empty`.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn provkey_keyring_read(
    text: *const u8,
    text_len: usize,
    keyring: *mut *mut provkey_keyring,
    error: *mut *mut provkey_error,
) -> provkey_status {
    call_for((keyring, "keyring"), error, || {
        let text = buffer(text, text_len, "text")?;
        let text = str::from_utf8(text).map_err(|_| KeyringError::Malformed { line: 1 })?;
        Ok(handle::hand_out(Keyring::parse(text)?))
    })
}

/// Writes the contents of the master key file, as `provkey_keyring_read` reads it. It is a secret:
/// only its owner may read the file. Keep it apart from the store.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn provkey_keyring_text(
    keyring: *const provkey_keyring,
    text: *mut *mut provkey_bytes,
    error: *mut *mut provkey_error,
) -> provkey_status {
    call_for((text, "text"), error, || {
        let keyring = object(keyring, "keyring")?;
        Ok(bytes::hand_out(keyring.to_file_text().as_bytes()))
    })
}

/// Makes a keyring with the same master keys and a new current one, for
/// `provkey_authority_rotate_master`. Save it first. `random`: NULL for the operating system's.
///
/// Errors: `keyring_full`, `random_unavailable`.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn provkey_keyring_rotated(
    keyring: *const provkey_keyring,
    random: *const provkey_random,
    rotated: *mut *mut provkey_keyring,
    error: *mut *mut provkey_error,
) -> provkey_status {
    call_for((rotated, "rotated"), error, || {
        let keyring = object(keyring, "keyring")?;
        let random = random_or_system(random)?;
        let slot = keyring.next_slot().ok_or(KeyringError::Full)?;
        let master = MasterKey::generate(&*random)?;
        let keyring = copy(keyring)?.with(slot, master).with_current(slot)?;
        Ok(handle::hand_out(keyring))
    })
}

/// Makes a keyring with the same master keys except the one in `slot`. Save it after
/// `provkey_authority_remove_master`.
///
/// Errors: `keyring_slot_current`; `master_slot_empty` if `slot` is above 31.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn provkey_keyring_without(
    keyring: *const provkey_keyring,
    slot: u32,
    without: *mut *mut provkey_keyring,
    error: *mut *mut provkey_error,
) -> provkey_status {
    call_for((without, "without"), error, || {
        let keyring = object(keyring, "keyring")?;
        Ok(handle::hand_out(copy(keyring)?.without(self::slot(slot)?)?))
    })
}

/// Writes the slot of the current master key.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn provkey_keyring_current_slot(
    keyring: *const provkey_keyring,
    slot: *mut u32,
    error: *mut *mut provkey_error,
) -> provkey_status {
    call_for((slot, "slot"), error, || {
        Ok(object(keyring, "keyring")?.current_slot().number().into())
    })
}

/// Wipes and frees a keyring. NULL is allowed.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn provkey_keyring_free(keyring: *mut provkey_keyring) {
    handle::free(keyring);
}

/// A copy of the keyring behind an argument.
pub(crate) unsafe fn copy_of(pointer: *const provkey_keyring) -> Result<Keyring, Failure> {
    Ok(copy(object(pointer, "keyring")?)?)
}

fn copy(keyring: &Keyring) -> Result<Keyring, KeyringError> {
    Keyring::parse(&keyring.to_file_text())?.with_current(keyring.current_slot())
}

pub(crate) fn slot(number: u32) -> Result<Slot, Failure> {
    u8::try_from(number)
        .ok()
        .and_then(Slot::new)
        .ok_or(Failure::new(PROVKEY_STATUS_MASTER_SLOT_EMPTY, "slots are 0 to 31"))
}
