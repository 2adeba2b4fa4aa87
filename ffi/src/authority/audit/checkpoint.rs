//! Detecting that a store was rolled back.

use core::ffi::c_char;

use provkey::authority::Checkpoint;

use crate::authority::{provkey_authority, run, write};
use crate::bytes::{self, provkey_bytes};
use crate::error::provkey_error;
use crate::failure::Failure;
use crate::status::provkey_status;
use crate::text::text;

/// Writes the checkpoint: a short text that names the latest change that this process knows to be
/// durable. That is the latest change that it made; if it made none, the one that it verified with
/// `provkey_authority_verify_checkpoint`; otherwise the latest one of the audit trail.
///
/// To detect a rollback, such as a restored old copy, save the checkpoint outside of the store
/// after changes, as often as you like. An older checkpoint detects less, but never raises a false
/// alarm.
///
/// Errors: those of the store.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn provkey_authority_checkpoint(
    authority: *const provkey_authority,
    checkpoint: *mut *mut provkey_bytes,
    error: *mut *mut provkey_error,
) -> provkey_status {
    write(authority, (checkpoint, "checkpoint"), error, |authority| {
        Ok(hand_out(&authority.checkpoint()?))
    })
}

/// Checks that the store has the change that `checkpoint` names, and so all earlier ones. Call it
/// after `provkey_authority_open`, before any enrollment, and again at any time, for instance after
/// a failover.
///
/// It detects exactly that the store is older than that change. It does not detect the loss of
/// later changes, and nothing at all once the audit record of the change may have been pruned.
///
/// Errors: `store_rolled_back` if the store lacks the change: later uses and revocations are
/// forgotten, so that keys may enroll beyond their limits. Restore the newer store, or accept the
/// loss. `checkpoint_invalid`, those of the store.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn provkey_authority_verify_checkpoint(
    authority: *const provkey_authority,
    checkpoint: *const c_char,
    error: *mut *mut provkey_error,
) -> provkey_status {
    run(authority, error, |authority| {
        Ok(authority.verify_checkpoint(&self::checkpoint(checkpoint, "checkpoint")?)?)
    })
}

/// Accepts that the store was rolled back and lacks the change that `lost` names: appends an audit
/// record, and writes the `checkpoint` to save from now on. If the store has the change, nothing is
/// recorded.
///
/// Errors: `checkpoint_invalid`, those of the store.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn provkey_authority_accept_rollback(
    authority: *const provkey_authority,
    lost: *const c_char,
    checkpoint: *mut *mut provkey_bytes,
    error: *mut *mut provkey_error,
) -> provkey_status {
    write(authority, (checkpoint, "checkpoint"), error, |authority| {
        let lost = self::checkpoint(lost, "lost")?;
        Ok(hand_out(&authority.accept_rollback(&lost)?))
    })
}

unsafe fn checkpoint(pointer: *const c_char, name: &'static str) -> Result<Checkpoint, Failure> {
    Ok(Checkpoint::parse(text(pointer, name)?)?)
}

fn hand_out(checkpoint: &Checkpoint) -> *mut provkey_bytes {
    bytes::hand_out(checkpoint.to_string().as_bytes())
}
