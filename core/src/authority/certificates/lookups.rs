//! Finding out from the store whether this process lacks a master key.

use core::sync::atomic::{AtomicU64, Ordering};
use core::time::Duration;

use crate::key::Slot;
use crate::ledger::error::Error;
use crate::ledger::{Ledger, State, missing_masters};
use crate::time::Timestamp;

/// How often an unknown slot in a request causes a read of the store.
const LOOKUP_INTERVAL: Duration = Duration::from_secs(1);

/// When an unknown slot last caused a read of the store, in milliseconds since 1970.
#[derive(Default)]
pub(crate) struct Lookups(AtomicU64);

impl Lookups {
    /// Whether the authority has a master key in this slot that this process lacks. Another process
    /// may have rotated since the authority was opened, so an unknown slot causes a read of the
    /// store; but not for each request, because anyone can name one.
    pub(crate) fn lacks_master(&self, ledger: &Ledger, slot: Slot) -> Result<bool, Error> {
        let lacks = |state: &State| missing_masters(state).any(|missing| missing == slot);
        let state = ledger.state();
        if state.keyring.master(slot).is_some() || lacks(&state) {
            return Ok(lacks(&state));
        }
        if self.take(ledger.now()) {
            ledger.reload()?;
        }
        Ok(lacks(&ledger.state()))
    }

    /// Whether another read is due. If so, it counts as done.
    fn take(&self, now: Timestamp) -> bool {
        let due = |last: u64| {
            let soon = Timestamp::from_unix_ms(last).plus(LOOKUP_INTERVAL);
            // A clock that was set back does not prevent reads.
            (now >= soon || now.unix_ms() < last).then_some(now.unix_ms())
        };
        self.0.fetch_update(Ordering::Relaxed, Ordering::Relaxed, due).is_ok()
    }
}
