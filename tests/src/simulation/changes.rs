//! Whether an operation has changed something, or still may.

use std::sync::atomic::{AtomicBool, Ordering};

use provkey::store::Outcome;

#[derive(Default)]
pub(super) struct Changes {
    made: AtomicBool,
    /// Whether a batch of the operation is delayed.
    pending: AtomicBool,
}

impl Changes {
    /// Records that a batch is delayed and may arrive later.
    pub(super) fn expect_late_batch(&self) {
        self.pending.store(true, Ordering::Relaxed);
    }

    /// Records the outcomes of a batch. It may be a retry of a delayed one. If its unit is refused
    /// by another operation than the first, which expects the unit's own record to be absent, the
    /// delayed unit will be refused as well: no version occurs twice.
    pub(super) fn settle(&self, outcomes: &[Outcome]) {
        for outcome in outcomes {
            match outcome {
                Outcome::Applied(_) => self.made.store(true, Ordering::Relaxed),
                Outcome::Refused(refused) if refused.operation > 0 => {
                    self.pending.store(false, Ordering::Relaxed);
                }
                Outcome::Refused(_) => {}
            }
        }
    }

    /// Whether something has changed, or still may. Then starts over.
    pub(super) fn take(&self) -> bool {
        let pending = self.pending.swap(false, Ordering::Relaxed);
        self.made.swap(false, Ordering::Relaxed) || pending
    }
}
