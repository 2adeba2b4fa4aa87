//! Keeping a checkpoint, and checking that the store still has its change.

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

/// How far the audit trail was pruned: records from before this moment may be gone.
#[derive(Clone, Copy, Debug, Default, Serialize, Deserialize)]
struct AuditPrunedRecord {
    before: Timestamp,
}

impl Authority {
    /// The latest change that this process knows to be durable: the last one that it made; if it has
    /// made none yet, the one that it [checked](Self::verify_checkpoint); or else the last one of the audit
    /// trail.
    ///
    /// A host that wants to notice when its store is rolled back, for instance because somebody
    /// restored an old copy, keeps this outside of the store: in a file elsewhere, written anew
    /// after changes, as often as it likes. When it starts again it hands it to
    /// [`verify_checkpoint`](Self::verify_checkpoint). It may be kept late, or not at all after a crash: an
    /// older checkpoint notices less, and is never a false alarm.
    ///
    /// # Errors
    /// Those of the store.
    pub fn checkpoint(&self) -> Result<Checkpoint, Error> {
        let inner = self.inner()?;
        let made = inner.ledger.latest_change().as_ref().and_then(Checkpoint::of_record);
        let known = made.or_else(|| *inner.reached.lock());
        known.map_or_else(|| last_of_trail(&inner.ledger), Ok)
    }

    /// Checks that the store has the change that `checkpoint` names, and so all that came before it. A
    /// host does so after [`open`](Self::open), before it enrolls anybody, and may do so again at any
    /// time, for instance after a failover.
    ///
    /// What it notices, precisely: that the store is of a time before that change. It does not
    /// notice the loss of changes after it. Once the audit record of the change may have been
    /// [pruned](Self::prune), nothing is noticed any more; so keep checkpoints that are younger than
    /// the audit trail is long.
    ///
    /// # Errors
    /// `store_rolled_back` if the store lacks the change: uses that were counted since are
    /// forgotten, so keys may enrol beyond their limits, and revocations since are forgotten too.
    /// Put the newer store back, or [accept](Self::accept_rollback) what is lost. Those of the store.
    pub fn verify_checkpoint(&self, checkpoint: &Checkpoint) -> Result<(), Error> {
        let Inner { ledger, reached, .. } = self.inner()?;
        if has_reached(ledger, checkpoint)? {
            *reached.lock() = Some(*checkpoint);
            return Ok(());
        }
        let message = format!(
            "the store lacks a change of {}, which was durable (checkpoint {checkpoint}): an older copy of the \
             store was put in its place, and what was counted or revoked since that copy is \
             forgotten; put the newer store back, or accept the loss",
            checkpoint.at()
        );
        Err(StoreError::NotApplied(StoreFault::new(FaultKind::RolledBack, message)).into())
    }

    /// Accepts that the store was rolled back, and lacks the change that `lost` names: this is
    /// written into the audit trail, and the checkpoint to keep from now on is answered. If the store
    /// lacks nothing, nothing is written.
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
    let last = last.ok_or_else(|| damaged("audit/".into()))?;
    Checkpoint::of_record(&last.key).ok_or_else(|| damaged(format!("{:?}", last.key)))
}

/// Remembers that audit records from before a moment are going to be deleted.
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
