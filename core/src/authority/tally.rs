//! Refusals after a proof, and replays: counted in memory, stored at most every few seconds.
//!
//! Whoever holds a key can cause these as often as they like, so they must cost little: at most
//! one audit record for a key, a reason and a minute, which holds how often. The first of each
//! is stored at once; those that follow within ten seconds wait in memory for the next one, or
//! for [`Authority::flush`]. They are best effort and never a reason to fail: a crash loses what
//! waits, and a write whose outcome is unknown may count twice.

use alloc::collections::BTreeMap;
use alloc::format;
use alloc::string::ToString;
use alloc::vec::Vec;
use core::time::Duration;
use std::sync::{Mutex, MutexGuard, PoisonError};

use sha2::{Digest, Sha256};

use super::audit::{Action, AuditRecord};
use super::error::Error;
use super::id::ConnectorId;
use super::observer::Event;
use super::records::{self, ReplaysRecord};
use super::{Authority, Inner};
use crate::key::KeyId;
use crate::limits::TALLIES_MAX;
use crate::store::{Operation, Outcome, RecordKey, Unit};
use crate::time::Timestamp;

/// How long a tally that was stored waits before it is stored again.
const STORE_INTERVAL: Duration = Duration::from_secs(10);
const MINUTE_MS: u64 = 60_000;

/// What is counted.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(super) enum Subject {
    Refusal(&'static str),
    RenewalRefusal(&'static str),
    Replay(ConnectorId),
}

/// The counts that are not stored yet.
#[derive(Default)]
pub(super) struct Tally {
    counts: Mutex<BTreeMap<(KeyId, Subject), Count>>,
}

/// A count within one minute.
#[derive(Clone, Copy)]
struct Count {
    minute: u64,
    unstored: u64,
    last_at: Timestamp,
    stored_at: Timestamp,
}

/// A count that is taken out to be stored.
struct Due {
    key: KeyId,
    subject: Subject,
    minute: u64,
    count: u64,
    last_at: Timestamp,
}

impl Tally {
    fn lock(&self) -> MutexGuard<'_, BTreeMap<(KeyId, Subject), Count>> {
        self.counts.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn take_all(&self) -> Vec<Due> {
        let mut counts = self.lock();
        counts.iter_mut().filter_map(|((key, subject), count)| count.take(*key, *subject)).collect()
    }

    /// Counts one, and takes out what is due: three at most.
    fn count(&self, key: KeyId, subject: Subject, now: Timestamp) -> Vec<Due> {
        let mut counts = self.lock();
        let mut due = Vec::new();
        if !counts.contains_key(&(key, subject)) {
            due.extend(make_room(&mut counts));
        }
        let minute = now.unix_ms() / MINUTE_MS;
        let fresh = Count { minute, unstored: 0, last_at: now, stored_at: Timestamp::default() };
        let count = counts.entry((key, subject)).or_insert(fresh);
        if count.minute != minute {
            due.extend(count.take(key, subject));
            *count = fresh;
        }
        count.unstored += 1;
        count.last_at = now;
        if now >= count.stored_at.plus(STORE_INTERVAL) || now < count.stored_at {
            due.extend(count.take(key, subject));
            count.stored_at = now;
        }
        due
    }
}

impl Count {
    fn take(&mut self, key: KeyId, subject: Subject) -> Option<Due> {
        let Self { minute, last_at, .. } = *self;
        let count = core::mem::take(&mut self.unstored);
        (count > 0).then_some(Due { key, subject, minute, count, last_at })
    }
}

/// Makes room for one more count: those that are stored go, or else one that is not. One, for
/// whoever counts has to wait until what is due is stored.
fn make_room(counts: &mut BTreeMap<(KeyId, Subject), Count>) -> Option<Due> {
    if counts.len() < TALLIES_MAX {
        return None;
    }
    counts.retain(|_, count| count.unstored > 0);
    if counts.len() < TALLIES_MAX {
        return None;
    }
    let ((key, subject), mut count) = counts.pop_first()?;
    count.take(key, subject)
}

impl Authority {
    /// Stores the counts of refusals and replays that still wait in memory. A host calls it
    /// before it ends, and now and then if it likes the trail to be complete.
    ///
    /// # Errors
    /// Those of the store. What could not be stored is lost.
    pub fn flush(&self) -> Result<(), Error> {
        let due = self.inner()?.tally.take_all();
        due.iter().try_for_each(|due| self.inner()?.store_tally(due))
    }
}

impl Inner {
    pub(super) fn count_tally(&self, key: KeyId, subject: Subject, now: Timestamp) {
        for due in self.tally.count(key, subject, now) {
            if let Err(error) = self.store_tally(&due) {
                self.observe(&Event::TallyLost { code: error.code() });
            }
        }
    }

    /// Adds to the stored counts. Several processes add to the same ones, so it reads first and
    /// expects nobody between.
    fn store_tally(&self, due: &Due) -> Result<(), Error> {
        self.until_undisturbed(|| {
            let mut unit = Unit::default();
            self.add_to_audit(due, &mut unit)?;
            if let Subject::Replay(connector) = due.subject {
                self.add_to_replays(connector, due, &mut unit)?;
            }
            let outcome = self.commit.apply(unit)?;
            Ok(matches!(outcome, Outcome::Applied(_)).then_some(()))
        })
    }

    fn add_to_audit(&self, due: &Due, unit: &mut Unit) -> Result<(), Error> {
        let key = due.audit_key();
        let found = self.read::<AuditRecord>(key.clone())?;
        let (version, mut audit) =
            found.map_or_else(|| (None, due.audit()), |(version, audit)| (Some(version), audit));
        audit.count = Some(audit.count.unwrap_or(0).saturating_add(due.count));
        replace(unit, key, version, records::encode(&audit));
        Ok(())
    }

    /// Of a connector that is still there: what is pruned leaves nothing.
    fn add_to_replays(
        &self,
        connector: ConnectorId,
        due: &Due,
        unit: &mut Unit,
    ) -> Result<(), Error> {
        let (owner, key) = (records::enrollment(connector), records::replays(connector));
        let found = self.store.get(&[owner.clone(), key.clone()])?;
        let [Some(enrollment), found] = found.as_slice() else { return Ok(()) };
        let version = Some(enrollment.version);
        unit.operations.push(Operation::Expect { key: owner, version });
        let version = found.as_ref().map(|record| record.version);
        let replays: Option<ReplaysRecord> = found.as_ref().map(records::decode).transpose()?;
        let mut replays = replays.unwrap_or_default();
        replays.count = replays.count.saturating_add(due.count);
        replays.last_at = replays.last_at.max(due.last_at);
        replace(unit, key, version, records::encode(&replays));
        Ok(())
    }
}

fn replace(unit: &mut Unit, key: RecordKey, version: Option<u64>, body: Vec<u8>) {
    unit.operations.push(Operation::Expect { key: key.clone(), version });
    unit.operations.push(Operation::Put { key, body });
}

impl Due {
    fn minute_at(&self) -> Timestamp {
        Timestamp::from_unix_ms(self.minute * MINUTE_MS)
    }

    /// The same for the same key, subject and minute in every process, so that they share one
    /// record.
    fn audit_key(&self) -> RecordKey {
        let mut hash = Sha256::new();
        hash.update(format!("{}/{:?}/{}", self.key, self.subject, self.minute));
        let hash: [u8; 32] = hash.finalize().into();
        let mut tail = [0; 8];
        tail.copy_from_slice(&hash[..8]);
        records::audit(self.minute_at(), tail)
    }

    fn audit(&self) -> AuditRecord {
        let action = match self.subject {
            Subject::Refusal(_) => Action::EnrollmentRefused,
            Subject::RenewalRefusal(_) => Action::RenewalRefused,
            Subject::Replay(_) => Action::ConnectorReplayed,
        };
        let mut audit = AuditRecord::new(self.minute_at(), action);
        audit.key = Some(self.key);
        match self.subject {
            Subject::Refusal(code) | Subject::RenewalRefusal(code) => {
                audit.code = Some(code.to_string());
            }
            Subject::Replay(connector) => audit.connector = Some(connector),
        }
        audit
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn however_many_there_are_nobody_waits_for_many_and_none_is_lost() {
        let (tally, key) = (Tally::default(), KeyId::parse("q2w3e4r5t6y7").unwrap());
        let (connectors, rounds) = (TALLIES_MAX + 500, 3);
        let mut stored = 0;
        for round in 0..rounds {
            for index in 0..connectors {
                let mut hash = [0; 32];
                hash[..8].copy_from_slice(&(index as u64).to_le_bytes());
                let subject = Subject::Replay(ConnectorId::of_spki_sha256(&hash));
                let due = tally.count(key, subject, Timestamp::from_unix_ms(90_000 + round));
                assert!(due.len() <= 3, "{} due at once", due.len());
                assert!(tally.lock().len() <= TALLIES_MAX);
                stored += due.iter().map(|due| due.count).sum::<u64>();
            }
        }
        let waiting: u64 = tally.take_all().iter().map(|due| due.count).sum();
        assert_eq!(stored + waiting, rounds * connectors as u64);
    }
}
