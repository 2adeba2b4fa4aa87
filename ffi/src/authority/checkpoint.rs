//! Noticing that a store was rolled back.

use core::ffi::c_char;

use provkey::authority::Checkpoint;

use super::{OpenAuthority, provkey_authority};
use crate::argument::output;
use crate::bytes::{self, provkey_bytes};
use crate::call::call;
use crate::error::provkey_error;
use crate::failure::Failure;
use crate::handle::object;
use crate::status::provkey_status;
use crate::text::text;

/// The checkpoint: a short text that names the latest change which this process knows to be durable. That
/// is the last one that it made; if it has made none yet, the one that it checked with
/// `provkey_authority_verify_checkpoint`; or else the last one of the audit trail.
///
/// A host that wants to notice when its store is rolled back, for instance because somebody restored
/// an old copy, keeps the checkpoint outside of the store, in a file elsewhere, written anew after changes,
/// as often as it likes. It may be kept late: an older checkpoint notices less, and is never a false alarm.
///
/// Errors: those of the store.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn provkey_authority_checkpoint(
    authority: *const provkey_authority,
    checkpoint: *mut *mut provkey_bytes,
    error: *mut *mut provkey_error,
) -> provkey_status {
    // SAFETY: the rules of the header.
    unsafe {
        call(error, || {
            let OpenAuthority { authority, .. } = object(authority, "authority")?;
            let checkpoint = output(checkpoint, "checkpoint")?;
            checkpoint.set(hand_out(&authority.checkpoint()?));
            Ok(())
        })
    }
}

/// Checks that the store has the change that `checkpoint` names, and so all that came before it. A host does
/// so after `provkey_authority_open`, before it enrolls anybody, and may do so again at any time, for
/// instance after a failover.
///
/// What it notices, precisely: that the store is of a time before that change. It does not notice
/// the loss of changes after it, and nothing at all once the audit record of the change may have
/// been pruned.
///
/// Errors: `store_rolled_back` if the store lacks the change: uses that were counted since are
/// forgotten, so keys may enroll beyond their limits, and so are revocations. Put the newer store
/// back, or accept the loss. `checkpoint_invalid`, those of the store.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn provkey_authority_verify_checkpoint(
    authority: *const provkey_authority,
    checkpoint: *const c_char,
    error: *mut *mut provkey_error,
) -> provkey_status {
    // SAFETY: the rules of the header.
    unsafe {
        call(error, || {
            let OpenAuthority { authority, .. } = object(authority, "authority")?;
            Ok(authority.verify_checkpoint(&self::checkpoint(checkpoint, "checkpoint")?)?)
        })
    }
}

/// Accepts that the store was rolled back, and lacks the change that `lost` names: this is written
/// into the audit trail, and `checkpoint` is the one to keep from now on. If the store lacks nothing,
/// nothing is written.
///
/// Errors: `checkpoint_invalid`, those of the store.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn provkey_authority_accept_rollback(
    authority: *const provkey_authority,
    lost: *const c_char,
    checkpoint: *mut *mut provkey_bytes,
    error: *mut *mut provkey_error,
) -> provkey_status {
    // SAFETY: the rules of the header.
    unsafe {
        call(error, || {
            let OpenAuthority { authority, .. } = object(authority, "authority")?;
            let lost = self::checkpoint(lost, "lost")?;
            let checkpoint = output(checkpoint, "checkpoint")?;
            checkpoint.set(hand_out(&authority.accept_rollback(&lost)?));
            Ok(())
        })
    }
}

/// # Safety
/// The rules of the header.
unsafe fn checkpoint(pointer: *const c_char, name: &'static str) -> Result<Checkpoint, Failure> {
    // SAFETY: as the caller says.
    Ok(Checkpoint::parse(unsafe { text(pointer, name) }?)?)
}

fn hand_out(checkpoint: &Checkpoint) -> *mut provkey_bytes {
    bytes::hand_out(checkpoint.to_string().as_bytes())
}
