//! Taking a checkpoint, and verifying that the store still has its change.

use alloc::format;
use alloc::string::{String, ToString};

use serde::{Deserialize, Serialize};

use super::Checkpoint;
use crate::authority::{Authority, Inner};
use crate::ledger::Ledger;
use crate::ledger::error::Error;
use crate::ledger::records::{self, Action};
use crate::store::{FaultKind, ScanRange, StoreError, StoreFault};
use crate::time::Timestamp;

/// How far the audit trail was pruned: records from before this moment may be missing.
#[derive(Clone, Copy, Debug, Default, Serialize, Deserialize)]
struct AuditPrunedRecord {
    before: Timestamp,
}

/// # Rollback checkpoints
impl Authority {
    /// The latest change that this process knows to be durable: the last one that it made; if it
    /// has made none yet, the one that it [verified](Self::verify_checkpoint); or else the last one
    /// of the audit trail.
    ///
    /// To notice when a store is rolled back, for instance by restoring an old copy, an application
    /// saves the checkpoint outside of the store, such as in a file elsewhere, after changes and as
    /// often as it likes. At its next start it passes the checkpoint to
    /// [`verify_checkpoint`](Self::verify_checkpoint). The saved checkpoint can be an old one, for
    /// instance after a crash: it notices less, and never raises a false alarm.
    ///
    /// # Errors
    /// Those of the store.
    pub fn checkpoint(&self) -> Result<Checkpoint, Error> {
        let Inner { ledger, reached, .. } = self.inner()?;
        let known = match ledger.latest_change() {
            // The last change may have no audit record, for instance that of a new CRL.
            Some(record) => Checkpoint::of_record(&record),
            None => *reached.lock(),
        };
        known.map_or_else(|| last_of_trail(ledger), Ok)
    }

    /// Verifies that the store has the change that `checkpoint` names, and so all changes before
    /// it. An application calls it after [`open`](Self::open), before it enrolls any connector, and
    /// can call it again at any time, for instance after a failover.
    ///
    /// It notices that the store is older than that change. It does not notice the loss of later
    /// changes. Once the audit record of the change may have been [pruned](Self::prune), it notices
    /// nothing; so save a newer checkpoint before the audit records from the time of this one are
    /// pruned.
    ///
    /// # Errors
    /// `store_rolled_back` if the store lacks the change: it has lost uses that were counted since,
    /// so keys can enroll beyond their limits, and revocations. Put the newer store back, or
    /// [accept](Self::accept_rollback) the loss. Those of the store.
    pub fn verify_checkpoint(&self, checkpoint: &Checkpoint) -> Result<(), Error> {
        let Inner { ledger, reached, .. } = self.inner()?;
        if has_reached(ledger, checkpoint)? {
            *reached.lock() = Some(*checkpoint);
            return Ok(());
        }
        let message = format!(
            "the store lacks a change of {}, which was durable (checkpoint {checkpoint}): an older \
             copy of the store was put in its place, and what was counted or revoked since that copy is \
             forgotten; put the newer store back, or accept the loss",
            checkpoint.at()
        );
        Err(StoreError::NotApplied(StoreFault::new(FaultKind::RolledBack, message)).into())
    }

    /// Accepts that the store was rolled back and lacks the change that `lost` names. Records this
    /// in the audit trail, and returns the checkpoint to save from now on. If the store does not
    /// lack the change, nothing is written.
    ///
    /// # Errors
    /// Those of the store.
    pub fn accept_rollback(&self, lost: &Checkpoint) -> Result<Checkpoint, Error> {
        let ledger = self.ledger()?;
        if !has_reached(ledger, lost)? {
            let mut audit = self.audit(Action::RollbackAccepted)?;
            audit.details = Some(lost.to_string());
            ledger.append_audit(&audit)?;
        }
        self.checkpoint()
    }
}

/// Whether the store has a change, or had it before it was pruned.
fn has_reached(ledger: &Ledger, checkpoint: &Checkpoint) -> Result<bool, Error> {
    let found = ledger.get(&[checkpoint.record(), records::audit_pruned()])?;
    match found.as_slice() {
        [None, Some(pruned)] => {
            Ok(checkpoint.at() < records::decode::<AuditPrunedRecord>(pruned)?.before)
        }
        found => Ok(found.iter().next().is_some_and(Option::is_some)),
    }
}

/// The change that comes last in the audit trail.
fn last_of_trail(ledger: &Ledger) -> Result<Checkpoint, Error> {
    let range = ScanRange { reverse: true, ..ScanRange::prefix(records::AUDIT) };
    let last = ledger.first(&range)?;
    let damaged = |key: String| Error::RecordDamaged { key, what: "no audit record".into() };
    let last = last.ok_or_else(|| damaged(records::AUDIT.into()))?;
    Checkpoint::of_record(&last.key).ok_or_else(|| damaged(format!("{:?}", last.key)))
}

/// Records that audit records from before a moment are about to be deleted.
pub(super) fn remember_pruning(ledger: &Ledger, before: Timestamp) -> Result<(), Error> {
    ledger.retry_on_conflict(|| {
        let found = ledger.read::<AuditPrunedRecord>(records::audit_pruned())?;
        if found.is_some_and(|(_, record)| record.before >= before) {
            return Ok(Some(()));
        }
        let version = found.map(|(version, _)| version);
        let replaced =
            ledger.replace(records::audit_pruned(), version, &AuditPrunedRecord { before })?;
        Ok(replaced.then_some(()))
    })
}
