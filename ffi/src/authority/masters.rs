//! Rotation of the master key, and what other processes learn of it.

use super::keyring::{self, provkey_keyring};
use super::{OpenAuthority, provkey_authority};
use crate::argument::output;
use crate::call::call;
use crate::error::provkey_error;
use crate::handle::object;
use crate::status::provkey_status;

/// The slot of the master key that new keys are derived from. A host whose keyring has a later one
/// was interrupted in a rotation: `provkey_authority_rotate_master` finishes it.
///
/// Errors: `master_slot_empty`.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn provkey_authority_master_slot(
    authority: *const provkey_authority,
    slot: *mut u32,
    error: *mut *mut provkey_error,
) -> provkey_status {
    // SAFETY: the rules of the header.
    unsafe {
        call(error, || {
            let OpenAuthority { authority, .. } = object(authority, "authority")?;
            let slot = output(slot, "slot")?;
            slot.set(authority.master_slot()?.number().into());
            Ok(())
        })
    }
}

/// Makes the current master key of `keyring`, in a slot that the authority does not know yet, the
/// one that new keys are derived from, and seals all CA keys anew under it. Keys made before stay
/// good: the keyring must have their master keys too. Other processes that have the authority open
/// need the new keyring, too, best before: `provkey_authority_replace_keyring`. Calling it again after
/// an interruption finishes what is left.
///
/// Errors: `master_key_wrong`, `master_key_missing`, `master_slot_taken`, those of the store.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn provkey_authority_rotate_master(
    authority: *const provkey_authority,
    keyring: *const provkey_keyring,
    error: *mut *mut provkey_error,
) -> provkey_status {
    // SAFETY: the rules of the header.
    unsafe {
        call(error, || {
            let OpenAuthority { authority, .. } = object(authority, "authority")?;
            let keyring = keyring::copy(object(keyring, "keyring")?)?;
            Ok(authority.rotate_master(keyring)?)
        })
    }
}

/// Replaces the keyring of an open authority, for example by the one with the master key that another
/// process has rotated to. It must have every master key that the authority knows now. Calls that run
/// go on with the old one. If it is refused, nothing has changed.
///
/// Errors: `master_key_wrong`, `master_key_missing`, those of the store.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn provkey_authority_replace_keyring(
    authority: *const provkey_authority,
    keyring: *const provkey_keyring,
    error: *mut *mut provkey_error,
) -> provkey_status {
    // SAFETY: the rules of the header.
    unsafe {
        call(error, || {
            let OpenAuthority { authority, .. } = object(authority, "authority")?;
            let keyring = keyring::copy(object(keyring, "keyring")?)?;
            Ok(authority.replace_keyring(keyring)?)
        })
    }
}

/// The slots of the master keys that the authority has in its store and this process lacks: bit n is
/// slot n. If there are any, another process has rotated: read the master key file again and call
/// `provkey_authority_replace_keyring`. Until then connectors enroll and renew with the keys made
/// before, and what needs the new master key is `master_key_missing`.
///
/// Errors: `master_key_wrong`, those of the store.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn provkey_authority_missing_masters(
    authority: *const provkey_authority,
    slots: *mut u32,
    error: *mut *mut provkey_error,
) -> provkey_status {
    // SAFETY: the rules of the header.
    unsafe {
        call(error, || {
            let OpenAuthority { authority, .. } = object(authority, "authority")?;
            let slots = output(slots, "slots")?;
            let missing = authority.missing_masters()?;
            slots.set(missing.iter().fold(0, |bits, slot| bits | 1 << slot.number()));
            Ok(())
        })
    }
}

/// Forgets the master key of a slot that nothing stands on any more.
///
/// Errors: `master_key_in_use`, `master_slot_empty`, those of the store.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn provkey_authority_remove_master(
    authority: *const provkey_authority,
    slot: u32,
    error: *mut *mut provkey_error,
) -> provkey_status {
    // SAFETY: the rules of the header.
    unsafe {
        call(error, || {
            let OpenAuthority { authority, .. } = object(authority, "authority")?;
            Ok(authority.remove_master(keyring::slot(slot)?)?)
        })
    }
}
