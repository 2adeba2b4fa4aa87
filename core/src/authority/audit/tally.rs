//! Refusals after a proof, and replays: counted in memory, stored at most every few seconds.
//!
//! The holder of a key can cause any number of these, so they must cost little: at most one audit
//! record per key, reason and minute, with the number of times and the moment and address of the
//! last one. The first is stored immediately; those that follow within ten seconds wait in memory
//! for the next one, or for [`Authority::flush`](crate::authority::Authority::flush). For any
//! number of keys and connectors, tallies write at most sixteen batches at once and then four a
//! second; counts that are due meanwhile are stored together. They are best effort, and never make
//! a call fail: a crash loses the counts in memory, a write whose outcome is unknown may count
//! twice, and a count that does not fit into memory only reaches the observer.

use alloc::collections::BTreeMap;
use alloc::format;
use alloc::string::{String, ToString};
use alloc::vec::Vec;
use core::net::IpAddr;
use core::time::Duration;
use std::sync::{Mutex, MutexGuard, PoisonError};

use sha2::{Digest, Sha256};

use crate::key::KeyId;
use crate::ledger::Ledger;
use crate::ledger::error::Error;
use crate::ledger::model::ConnectorId;
use crate::ledger::observer::Event;
use crate::ledger::records::{self, Action, AuditRecord, ReplaysRecord};
use crate::limits::{BATCH_UNITS_MAX, TALLIES_MAX};
use crate::store::{Operation, Outcome, Record, RecordKey, Unit};
use crate::time::Timestamp;

/// How long a tally that was stored waits before it is stored again.
const STORE_INTERVAL: Duration = Duration::from_secs(10);
/// How often tallies are stored, on average.
const WRITE_INTERVAL: Duration = Duration::from_millis(250);
/// How far ahead of that average they can be: sixteen writes.
const WRITES_AHEAD: Duration = Duration::from_secs(4);
const MINUTE_MS: u64 = 60_000;

/// What is counted.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) enum Subject {
    Refusal(&'static str),
    RenewalRefusal(&'static str),
    Replay(ConnectorId),
}

impl Subject {
    /// How the key of a stored count names it. Stores hold such keys: the text never changes.
    fn stored_text(self) -> String {
        match self {
            Self::Refusal(code) => format!("Refusal(\"{code}\")"),
            Self::RenewalRefusal(code) => format!("RenewalRefusal(\"{code}\")"),
            Self::Replay(connector) => format!("Replay({connector})"),
        }
    }
}

/// The counts that are not stored yet.
#[derive(Default)]
pub(crate) struct Tally(Mutex<Counts>);

#[derive(Default)]
struct Counts {
    /// By minute, so that the oldest come first.
    counts: BTreeMap<(u64, KeyId, Subject), Count>,
    /// When the next write is due, if writes are [`WRITE_INTERVAL`] apart.
    next_write_at: Timestamp,
}

/// The last time that something was counted.
#[derive(Clone, Copy, Default)]
pub(crate) struct Last {
    pub(crate) at: Timestamp,
    /// Where the connector asked from.
    pub(crate) address: Option<IpAddr>,
}

/// A count within one minute.
#[derive(Clone, Copy, Default)]
struct Count {
    unstored: u64,
    last: Last,
    stored_at: Timestamp,
}

/// A count that is about to be stored.
#[derive(Clone, Copy)]
struct Due {
    key: KeyId,
    subject: Subject,
    minute: u64,
    count: u64,
    last: Last,
}

/// Not counted, because too many other counts wait.
#[derive(Debug)]
struct Full;

impl Tally {
    fn lock(&self) -> MutexGuard<'_, Counts> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn take_all(&self) -> Vec<Due> {
        self.lock().take(usize::MAX, |_| true)
    }

    /// Counts one, and removes the counts to store now: one batch at most.
    fn count(&self, key: KeyId, subject: Subject, last: Last) -> Result<Vec<Due>, Full> {
        self.lock().count(key, subject, last)
    }
}

impl Counts {
    fn count(&mut self, key: KeyId, subject: Subject, last: Last) -> Result<Vec<Due>, Full> {
        let now = last.at;
        let place = (now.unix_ms() / MINUTE_MS, key, subject);
        if !self.counts.contains_key(&place) && self.counts.len() >= TALLIES_MAX {
            self.counts.retain(|_, count| count.unstored > 0);
        }
        let is_full = self.counts.len() >= TALLIES_MAX;
        if is_full && !self.counts.contains_key(&place) {
            if !self.may_write(now) {
                return Err(Full);
            }
            let due = self.take(BATCH_UNITS_MAX, |_| true);
            self.counts.retain(|_, count| count.unstored > 0);
            self.counts.insert(place, Count { unstored: 1, last, ..Count::default() });
            return Ok(due);
        }
        let count = self.counts.entry(place).or_default();
        count.unstored += 1;
        count.last = last;
        if !count.is_due(now) || !self.may_write(now) {
            return Ok(Vec::new());
        }
        let due = self.take(BATCH_UNITS_MAX, |count| count.is_due(now));
        for due in &due {
            if let Some(count) = self.counts.get_mut(&(due.minute, due.key, due.subject)) {
                count.stored_at = now;
            }
        }
        Ok(due)
    }

    /// Removes at most so many of the waiting counts.
    fn take(&mut self, most: usize, mut which: impl FnMut(&Count) -> bool) -> Vec<Due> {
        let waiting = self.counts.iter_mut().filter(|(_, count)| count.unstored > 0);
        waiting
            .filter(|(_, count)| which(count))
            .take(most)
            .map(|(&(minute, key, subject), count)| {
                let unstored = core::mem::take(&mut count.unstored);
                Due { key, subject, minute, count: unstored, last: count.last }
            })
            .collect()
    }

    /// Whether tallies may be stored now. If so, it counts as done.
    fn may_write(&mut self, now: Timestamp) -> bool {
        let latest = now.plus(WRITES_AHEAD);
        if self.next_write_at > latest {
            // The clock was set back.
            self.next_write_at = now;
        }
        let next = self.next_write_at.max(now).plus(WRITE_INTERVAL);
        let may = next <= latest;
        if may {
            self.next_write_at = next;
        }
        may
    }
}

impl Count {
    fn is_due(&self, now: Timestamp) -> bool {
        now >= self.stored_at.plus(STORE_INTERVAL) || now < self.stored_at
    }
}

impl Tally {
    /// Counts one refusal or replay, and stores what is due.
    pub(crate) fn add(&self, ledger: &Ledger, key: KeyId, subject: Subject, last: Last) {
        let counted = self.count(key, subject, last);
        let stored = counted.map_err(|Full| Error::Contended).and_then(|due| store(ledger, due));
        let _ = stored.inspect_err(|error| notify_lost(ledger, error));
    }

    /// Stores all that waits. A batch that cannot be stored is lost; the others are stored all the
    /// same.
    pub(crate) fn flush(&self, ledger: &Ledger) -> Result<(), Error> {
        let due = self.take_all();
        let stored = due
            .chunks(BATCH_UNITS_MAX)
            .map(|due| store(ledger, due.to_vec()).inspect_err(|error| notify_lost(ledger, error)));
        stored.fold(Ok(()), Result::and)
    }
}

fn notify_lost(ledger: &Ledger, error: &Error) {
    ledger.notify(&Event::TallyLost { code: error.code() });
}

/// Adds to the stored counts, in one batch. Several processes add to the same records, so each
/// addition expects the version that it read.
fn store(ledger: &Ledger, mut due: Vec<Due>) -> Result<(), Error> {
    if due.is_empty() {
        return Ok(());
    }
    ledger.retry_on_conflict(|| {
        let keys: Vec<_> = due.iter().flat_map(Due::records).collect();
        let mut found = ledger.get(&keys)?.into_iter();
        let units = due.iter().map(|due| due.unit(&mut found)).collect::<Result<_, _>>()?;
        let mut outcomes = ledger.apply_together(units)?.into_iter();
        due.retain(|_| !matches!(outcomes.next(), Some(Outcome::Applied(_))));
        Ok(due.is_empty().then_some(()))
    })
}

fn replace(unit: &mut Unit, key: RecordKey, version: Option<u64>, body: Vec<u8>) {
    unit.operations.push(Operation::Expect { key: key.clone(), version });
    unit.operations.push(Operation::Put { key, body });
}

impl Due {
    /// The records to read before it is stored: its audit record; for a replay also the connector's
    /// enrollment and its count of replays.
    fn records(&self) -> Vec<RecordKey> {
        let mut records = alloc::vec![self.audit_key()];
        if let Subject::Replay(connector) = self.subject {
            records.extend([records::enrollment(connector), records::replays(connector)]);
        }
        records
    }

    /// Adds it to the records that were found.
    fn unit(&self, found: &mut impl Iterator<Item = Option<Record>>) -> Result<Unit, Error> {
        let mut unit = Unit::default();
        let mut next = || found.next().flatten();
        let audit = next();
        let version = audit.as_ref().map(|record| record.version);
        let mut body = audit.as_ref().map_or_else(|| Ok(self.audit()), records::decode)?;
        body.count = Some(body.count.unwrap_or(0).saturating_add(self.count));
        // Several processes count: the latest moment wins.
        if body.last_at.is_none_or(|at| at <= self.last.at) {
            body.last_at = Some(self.last.at);
            body.address = self.last.address.map(|address| address.to_canonical());
        }
        replace(&mut unit, self.audit_key(), version, records::encode(&body));
        let Subject::Replay(connector) = self.subject else { return Ok(unit) };
        let (enrollment, replays) = (next(), next());
        // Not for a connector that was pruned meanwhile.
        let Some(enrollment) = enrollment else { return Ok(unit) };
        let (owner, version) = (records::enrollment(connector), Some(enrollment.version));
        unit.operations.push(Operation::Expect { key: owner, version });
        let version = replays.as_ref().map(|record| record.version);
        let mut body: ReplaysRecord =
            replays.as_ref().map(records::decode).transpose()?.unwrap_or_default();
        body.count = body.count.saturating_add(self.count);
        body.last_at = body.last_at.max(self.last.at);
        replace(&mut unit, records::replays(connector), version, records::encode(&body));
        Ok(unit)
    }

    fn minute_at(&self) -> Timestamp {
        Timestamp::from_unix_ms(self.minute * MINUTE_MS)
    }

    /// Every process computes the same record key for a key, subject and minute, so they share one
    /// record.
    fn audit_key(&self) -> RecordKey {
        let mut hash = Sha256::new();
        hash.update(format!("{}/{}/{}", self.key, self.subject.stored_text(), self.minute));
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

    fn replay(index: usize) -> Subject {
        let mut hash = [0; 32];
        hash[..8].copy_from_slice(&(index as u64).to_le_bytes());
        Subject::Replay(ConnectorId::of_spki_sha256(&hash))
    }

    fn at_moment(at: Timestamp) -> Last {
        Last { at, address: None }
    }

    /// Existing stores have such keys: with another text, a minute would get a second record.
    #[test]
    fn the_key_of_a_stored_count_never_changes() {
        let check = |subject, audit_key: &str| {
            let key = KeyId::parse("q2w3e4r5t6y7").unwrap();
            let due = Due { key, subject, minute: 29_833_333, count: 1, last: Last::default() };
            assert_eq!(format!("{:?}", due.audit_key()), audit_key);
        };
        let connector = ConnectorId::parse("q2w3e4r5t6y7q2w3e4r5t6y7q2").unwrap();
        // SHA-256 of `q2w3e4r5t6y7/Refusal("key_expired")/29833333`, the first 8 bytes.
        check(Subject::Refusal("key_expired"), "audit/1789999980000/3d03161e65065418");
        check(Subject::RenewalRefusal("renewal_too_late"), "audit/1789999980000/e1b02b1d275ea807");
        check(Subject::Replay(connector), "audit/1789999980000/f115656ae7e01c52");
    }

    #[test]
    fn tallies_need_few_writes_and_little_memory() {
        let (tally, key) = (Tally::default(), KeyId::parse("q2w3e4r5t6y7").unwrap());
        let (connectors, seconds) = (TALLIES_MAX + 500, 6);
        let (mut writes, mut stored, mut lost) = (0, 0, 0);
        for second in 0..seconds {
            for index in 0..connectors {
                let now = Timestamp::from_unix_ms(90_000 + second * 1000);
                match tally.count(key, replay(index), at_moment(now)) {
                    Ok(due) => {
                        assert!(due.len() <= BATCH_UNITS_MAX);
                        writes += u64::from(!due.is_empty());
                        stored += due.iter().map(|due| due.count).sum::<u64>();
                    }
                    Err(Full) => lost += 1,
                }
                assert!(tally.lock().counts.len() <= TALLIES_MAX);
            }
        }
        assert!(writes <= 16 + 4 * seconds, "{writes} writes");
        let waiting: u64 = tally.take_all().iter().map(|due| due.count).sum();
        assert_eq!(stored + waiting + lost, seconds * connectors as u64);
        assert!(waiting > 0 && lost < stored + waiting, "{stored} {waiting} {lost}");
    }

    #[test]
    fn waiting_counts_are_stored_with_later_ones() {
        let (tally, key) = (Tally::default(), KeyId::parse("q2w3e4r5t6y7").unwrap());
        let counts = |from: usize, to: usize, at: u64| -> Vec<usize> {
            let now = Timestamp::from_unix_ms(at);
            (from..to)
                .map(|index| tally.count(key, replay(index), at_moment(now)).unwrap().len())
                .collect()
        };
        // The first sixteen are stored immediately; the others wait until another write may happen.
        let first = counts(0, 100, 600_000);
        assert_eq!((first[..16].iter().sum(), first[16..].iter().sum()), (16, 0));
        assert_eq!(counts(100, 101, 600_250), [85]);
        assert_eq!(counts(101, 102, 600_250), [0]);
        // A clock that was set back does not prevent writes.
        assert_eq!(counts(102, 103, 60_000), [2]);
    }
}
