//! Noticing that a store was rolled back.

use core::ffi::c_char;

use provkey::authority::Epoch;

use super::{Opened, provkey_authority};
use crate::argument::output;
use crate::bytes::{self, provkey_bytes};
use crate::call::call;
use crate::error::{Failure, provkey_error};
use crate::handle::object;
use crate::status::provkey_status;
use crate::text::text;

/// The epoch: a short text that names the latest change which this process knows to be durable. That
/// is the last one that it made; if it has made none yet, the one that it checked with
/// `provkey_authority_check_epoch`; or else the last one of the audit trail.
///
/// A host that wants to notice when its store is rolled back, for instance because somebody restored
/// an old copy, keeps the epoch outside of the store, in a file elsewhere, written anew after changes,
/// as often as it likes. It may be kept late: an older epoch notices less, and is never a false alarm.
///
/// Errors: those of the store.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn provkey_authority_epoch(
    authority: *const provkey_authority,
    epoch: *mut *mut provkey_bytes,
    error: *mut *mut provkey_error,
) -> provkey_status {
    // SAFETY: the rules of the header.
    unsafe {
        call(error, || {
            let Opened { authority, .. } = object(authority, "authority")?;
            let epoch = output(epoch, "epoch")?;
            epoch.set(hand_out(&authority.epoch()?));
            Ok(())
        })
    }
}

/// Checks that the store has the change that `epoch` names, and so all that came before it. A host does
/// so after `provkey_authority_open`, before it enrolls anybody, and may do so again at any time, for
/// instance after a failover.
///
/// What it notices, precisely: that the store is of a time before that change. It does not notice
/// the loss of changes after it, and nothing at all once the audit record of the change may have
/// been pruned.
///
/// Errors: `store_rolled_back` if the store lacks the change: uses that were counted since are
/// forgotten, so keys may enroll beyond their limits, and so are revocations. Put the newer store
/// back, or accept the loss. `epoch_invalid`, those of the store.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn provkey_authority_check_epoch(
    authority: *const provkey_authority,
    epoch: *const c_char,
    error: *mut *mut provkey_error,
) -> provkey_status {
    // SAFETY: the rules of the header.
    unsafe {
        call(error, || {
            let Opened { authority, .. } = object(authority, "authority")?;
            Ok(authority.check_epoch(&self::epoch(epoch, "epoch")?)?)
        })
    }
}

/// Accepts that the store was rolled back, and lacks the change that `lost` names: this is written
/// into the audit trail, and `epoch` is the one to keep from now on. If the store lacks nothing,
/// nothing is written.
///
/// Errors: `epoch_invalid`, those of the store.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn provkey_authority_accept_rollback(
    authority: *const provkey_authority,
    lost: *const c_char,
    epoch: *mut *mut provkey_bytes,
    error: *mut *mut provkey_error,
) -> provkey_status {
    // SAFETY: the rules of the header.
    unsafe {
        call(error, || {
            let Opened { authority, .. } = object(authority, "authority")?;
            let lost = self::epoch(lost, "lost")?;
            let epoch = output(epoch, "epoch")?;
            epoch.set(hand_out(&authority.accept_rollback(&lost)?));
            Ok(())
        })
    }
}

/// # Safety
/// The rules of the header.
unsafe fn epoch(pointer: *const c_char, name: &'static str) -> Result<Epoch, Failure> {
    // SAFETY: as the caller says.
    Ok(Epoch::parse(unsafe { text(pointer, name) }?)?)
}

fn hand_out(epoch: &Epoch) -> *mut provkey_bytes {
    bytes::hand_out(epoch.to_string().as_bytes())
}
