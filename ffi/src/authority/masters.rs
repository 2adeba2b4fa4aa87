//! Rotation of the master key.

use super::keyring::{self, provkey_keyring};
use super::{Opened, provkey_authority};
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
            let Opened { authority, .. } = object(authority, "authority")?;
            let slot = output(slot, "slot")?;
            slot.set(authority.master_slot()?.number().into());
            Ok(())
        })
    }
}

/// Makes the current master key of `keyring`, in a slot that the authority does not know yet, the
/// one that new keys are derived from, and seals all CA keys anew under it. Keys made before stay
/// good: the keyring must have their master keys too. Other processes that have the authority open
/// must be given the new keyring before. Calling it again after an interruption finishes what is
/// left.
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
            let Opened { authority, .. } = object(authority, "authority")?;
            let keyring = keyring::copy(object(keyring, "keyring")?)?;
            Ok(authority.rotate_master(keyring)?)
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
            let Opened { authority, .. } = object(authority, "authority")?;
            Ok(authority.remove_master(keyring::slot(slot)?)?)
        })
    }
}
