//! Noticing that a store was rolled back: that an older copy of it was restored.
//!
//! A host keeps an [`Checkpoint`] outside of the store. It names one change that the store reported as
//! durable, by its audit record, whose key is drawn at random and never used again. Each change
//! stands on all those before it, so a store that lacks the record is of a time before it.
//!
//! A checkpoint costs no write: the record is there anyway. It is taken only when the store has
//! acknowledged it, so it is never ahead of what is durable. Audit records are pruned; how far is
//! kept in a record of its own, which is written before anything is deleted. A copy of the store
//! from before the change cannot have been pruned beyond it.

use alloc::format;
use alloc::string::{String, ToString};
use core::fmt;
use std::sync::{Mutex, MutexGuard, PoisonError};

use serde::{Deserialize, Serialize};

use crate::authority::{Authority, Inner};
use crate::ledger::error::{Error, InputError};
use crate::ledger::records::{self, Action};
use crate::store::{
    FaultKind, Operation, Outcome, RecordKey, ScanRange, StoreError, StoreFault, Unit,
};
use crate::time::Timestamp;

/// A change that the store reported as durable. Opaque; a host keeps its text outside of the
/// store, see [`Authority::checkpoint`].
///
/// ```
/// use provkey::authority::Checkpoint;
///
/// let checkpoint = Checkpoint::parse("1795632000000-9f8e7d6c5b4a3928")?;
/// assert_eq!(checkpoint.to_string(), "1795632000000-9f8e7d6c5b4a3928");
/// # Ok::<(), provkey::authority::InputError>(())
/// ```
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct Checkpoint {
    at: Timestamp,
    tail: [u8; 8],
}

impl Checkpoint {
    /// Reads the text that `Display` writes.
    ///
    /// # Errors
    /// `checkpoint_invalid`.
    pub fn parse(text: &str) -> Result<Self, InputError> {
        Self::of_parts(text.split_once('-')).ok_or(InputError::CheckpointInvalid)
    }

    /// When the change was made, by the clock of the host that made it.
    pub fn at(&self) -> Timestamp {
        self.at
    }

    /// That of an audit record.
    fn of_record(key: &RecordKey) -> Option<Self> {
        let text = core::str::from_utf8(key.as_bytes()).ok()?;
        Self::of_parts(text.strip_prefix("audit/")?.split_once('/'))
    }

    fn of_parts(parts: Option<(&str, &str)>) -> Option<Self> {
        let (at, tail) = parts?;
        let digits = |text: &str, length| {
            text.len() == length && text.bytes().all(|b| matches!(b, b'0'..=b'9' | b'a'..=b'f'))
        };
        if !digits(at, 13) || !digits(tail, 16) {
            return None;
        }
        let tail = u64::from_str_radix(tail, 16).ok()?.to_be_bytes();
        Some(Self { at: Timestamp::from_unix_ms(at.parse().ok()?), tail })
    }

    /// The audit record of the change.
    fn record(&self) -> RecordKey {
        records::audit(self.at, self.tail)
    }
}

impl fmt::Display for Checkpoint {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}-{:016x}", records::ms(self.at), u64::from_be_bytes(self.tail))
    }
}

crate::text::from_str_with!(Checkpoint, InputError, Checkpoint::parse);
crate::text::serde_as_text!(Checkpoint);

/// The last checkpoint that the store was seen to have reached.
#[derive(Default)]
pub(crate) struct Reached(Mutex<Option<Checkpoint>>);

impl Reached {
    fn lock(&self) -> MutexGuard<'_, Option<Checkpoint>> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

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
        let made = inner.commit.latest().as_ref().and_then(Checkpoint::of_record);
        let known = made.or_else(|| *inner.reached.lock());
        known.map_or_else(|| inner.last_of_trail(), Ok)
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
        if self.inner()?.has_reached(checkpoint)? {
            *self.inner()?.reached.lock() = Some(*checkpoint);
            return Ok(());
        }
        let message = format!(
            "the store lacks a change of {}, which was durable (checkpoint {checkpoint}): an older copy of the \
             store was put in its place, and what was counted or revoked since that copy is \
             forgotten; put the newer store back, or accept the loss",
            checkpoint.at
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
        if !self.inner()?.has_reached(lost)? {
            let mut audit = self.audit(Action::RollbackAccepted)?;
            audit.details = Some(lost.to_string());
            self.inner()?.note(&audit)?;
        }
        self.checkpoint()
    }
}

impl Inner {
    /// Whether the store has a change, or had it before it was pruned.
    fn has_reached(&self, checkpoint: &Checkpoint) -> Result<bool, Error> {
        let found = self.store.get(&[checkpoint.record(), records::audit_pruned()])?;
        match found.as_slice() {
            [None, Some(pruned)] => {
                Ok(checkpoint.at < records::decode::<AuditPrunedRecord>(pruned)?.before)
            }
            found => Ok(found.iter().next().is_some_and(Option::is_some)),
        }
    }

    /// The change that comes last in the audit trail.
    fn last_of_trail(&self) -> Result<Checkpoint, Error> {
        let range = ScanRange { reverse: true, ..ScanRange::prefix("audit/") };
        let last = self.store.scan(&range, 1)?.into_iter().next();
        let damaged = |key: String| Error::RecordDamaged { key, what: "no audit record".into() };
        let last = last.ok_or_else(|| damaged("audit/".into()))?;
        Checkpoint::of_record(&last.key).ok_or_else(|| damaged(format!("{:?}", last.key)))
    }

    /// Notes that audit records from before a moment are going to be deleted.
    pub(crate) fn note_audit_pruned(&self, before: Timestamp) -> Result<(), Error> {
        let key = records::audit_pruned();
        self.until_undisturbed(|| {
            let found = self.read::<AuditPrunedRecord>(key.clone())?;
            if found.is_some_and(|(_, record)| record.before >= before) {
                return Ok(Some(()));
            }
            let version = found.map(|(version, _)| version);
            let body = records::encode(&AuditPrunedRecord { before });
            let unit = Unit::new(alloc::vec![
                Operation::Expect { key: key.clone(), version },
                Operation::Put { key: key.clone(), body },
            ]);
            let outcome = self.commit.apply(unit)?;
            Ok(matches!(outcome, Outcome::Applied(_)).then_some(()))
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_what_is_written_is_read() {
        let text = "1795632000000-9f8e7d6c5b4a3928";
        let checkpoint = Checkpoint::parse(text).unwrap();
        assert_eq!(checkpoint.to_string(), text);
        assert_eq!(Checkpoint::of_record(&checkpoint.record()), Some(checkpoint));
        for wrong in [
            "",
            "-",
            "1795632000000",
            "1795632000000-",
            "1795632000000/9f8e7d6c5b4a3928",
            "1795632000000-9F8E7D6C5B4A3928",
            "1795632000000-9f8e7d6c5b4a392",
            "179563200000a-9f8e7d6c5b4a3928",
            "+795632000000-9f8e7d6c5b4a3928",
            "1795632000000-9f8e7d6c5b4a3928\n",
        ] {
            assert_eq!(Checkpoint::parse(wrong), Err(InputError::CheckpointInvalid), "{wrong:?}");
        }
    }
}
