//! Rotation of the master key, also across processes.

use crate::authority::keyring::{self, copy_of, provkey_keyring};
use crate::authority::{provkey_authority, run, write};
use crate::error::provkey_error;
use crate::status::provkey_status;

/// Writes the slot of the master key that new keys are derived from. If the keyring's current slot
/// is a later one, a rotation was interrupted: `provkey_authority_rotate_master` finishes it.
///
/// Errors: `master_slot_empty`.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn provkey_authority_master_slot(
    authority: *const provkey_authority,
    slot: *mut u32,
    error: *mut *mut provkey_error,
) -> provkey_status {
    write(authority, (slot, "slot"), error, |authority| {
        Ok(authority.master_slot()?.number().into())
    })
}

/// Rotates to the current master key of `keyring`, whose slot must be new to the authority: new
/// keys are derived from it, and all CA keys are sealed under it again. Existing keys stay valid,
/// so the keyring must keep their master keys. Other processes that have the authority open need
/// the new keyring, too, preferably before: `provkey_authority_replace_keyring`. After an
/// interruption, call it again to finish.
///
/// Errors: `master_key_wrong`, `master_key_missing`, `master_slot_taken`, those of the store.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn provkey_authority_rotate_master(
    authority: *const provkey_authority,
    keyring: *const provkey_keyring,
    error: *mut *mut provkey_error,
) -> provkey_status {
    run(authority, error, |authority| Ok(authority.rotate_master(copy_of(keyring)?)?))
}

/// Replaces the keyring of an open authority, for example after another process has rotated the
/// master key. It must hold every master key that the authority knows. Running calls finish with
/// the old keyring. On an error nothing changes.
///
/// Errors: `master_key_wrong`, `master_key_missing`, those of the store.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn provkey_authority_replace_keyring(
    authority: *const provkey_authority,
    keyring: *const provkey_keyring,
    error: *mut *mut provkey_error,
) -> provkey_status {
    run(authority, error, |authority| Ok(authority.replace_keyring(copy_of(keyring)?)?))
}

/// Writes the slots of the master keys that the store knows and this process lacks: bit n is slot
/// n. If there are any, another process has rotated: read the master key file again and call
/// `provkey_authority_replace_keyring`. Until then connectors with older keys enroll and renew, and
/// whatever needs the new master key fails with `master_key_missing`.
///
/// Errors: `master_key_wrong`, those of the store.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn provkey_authority_missing_masters(
    authority: *const provkey_authority,
    slots: *mut u32,
    error: *mut *mut provkey_error,
) -> provkey_status {
    write(authority, (slots, "slots"), error, |authority| {
        let missing = authority.missing_masters()?;
        Ok(missing.iter().fold(0, |bits, slot| bits | 1 << slot.number()))
    })
}

/// Forgets the master key in a slot. No key, CA or valid admin token may depend on it.
///
/// Errors: `master_key_in_use`, `master_slot_empty`, those of the store.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn provkey_authority_remove_master(
    authority: *const provkey_authority,
    slot: u32,
    error: *mut *mut provkey_error,
) -> provkey_status {
    run(authority, error, |authority| Ok(authority.remove_master(keyring::slot(slot)?)?))
}
