//! Applies units within one transaction.

use std::collections::HashMap;
use std::collections::hash_map::Entry;

use provkey::store::{
    Counter, Head, Operation, Outcome, Reason, Record, RecordKey, Refused, Unit, Value,
};
use rusqlite::{CachedStatement, Connection, OptionalExtension, Result};

use crate::{fence, record};

/// The units of one transaction.
///
/// All checks of a unit are decided before its first write, so a refused unit has nothing to roll
/// back. The exception is a new record: it is inserted without a read, and if one of the inserts of
/// a unit fails, the others are deleted again.
///
/// Many units of a batch share a few records: a key and its counter. Their heads are read once and
/// then cached here; a counter is written once, at the end.
pub(crate) struct Batch<'c> {
    heads: HashMap<&'c [u8], Cached>,
    sequence: u64,
    sequence_before: u64,
    closed: bool,
    select_head: CachedStatement<'c>,
    select: CachedStatement<'c>,
    insert: CachedStatement<'c>,
    replace: CachedStatement<'c>,
    delete: CachedStatement<'c>,
    update_sequence: CachedStatement<'c>,
}

/// Whether records are read before they are inserted.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Mode {
    /// New records are only inserted, which fails if one exists.
    Optimistic,
    /// Every record is read first.
    Checked,
}

/// The write of one operation.
enum Step<'c> {
    /// A body, as a new record.
    Insert(&'c RecordKey, &'c [u8]),
    /// A body, as a new record or over an old body.
    Put(&'c RecordKey, &'c [u8]),
    Delete(&'c RecordKey),
    Counter(&'c RecordKey, Counter),
}

/// A record as the transaction has it.
#[derive(Clone, Copy)]
struct Cached {
    head: Option<Head>,
    /// Whether it is a counter that must still be written.
    unwritten: bool,
}

impl<'c> Batch<'c> {
    pub(crate) fn begin(connection: &'c Connection) -> Result<Self> {
        let mut sequence = connection.prepare_cached("SELECT latest FROM sequence")?;
        let (sequence, closed) = fence::read(sequence.query_row((), |row| row.get(0))?);
        Ok(Self {
            heads: HashMap::new(),
            sequence,
            sequence_before: sequence,
            closed,
            select_head: connection.prepare_cached(
                "SELECT version, used, used_max, last_at_ms FROM records WHERE key = ?1",
            )?,
            select: connection.prepare_cached(
                "SELECT version, used, used_max, last_at_ms, body FROM records WHERE key = ?1",
            )?,
            insert: connection.prepare_cached(
                "INSERT INTO records (key, version, body) VALUES (?1, ?2, ?3)
                 ON CONFLICT (key) DO NOTHING",
            )?,
            replace: connection.prepare_cached(
                "INSERT INTO records (key, version, used, used_max, last_at_ms, body)
                 VALUES (?1, ?2, ?3, ?4, ?5, ?6)
                 ON CONFLICT (key) DO UPDATE SET (version, used, used_max, last_at_ms, body)
                 = (?2, ?3, ?4, ?5, ?6)",
            )?,
            delete: connection.prepare_cached("DELETE FROM records WHERE key = ?1")?,
            update_sequence: connection.prepare_cached("UPDATE sequence SET latest = ?1")?,
        })
    }

    /// The version that the latest unit has written.
    pub(crate) fn sequence(&self) -> u64 {
        self.sequence
    }

    /// Whether the store is closed to changes.
    pub(crate) fn is_closed(&self) -> bool {
        self.closed
    }

    /// Applies all units. Also returns the new sequence number, if anything changed.
    pub(crate) fn apply_all(mut self, units: &'c [Unit]) -> Result<(Vec<Outcome>, Option<u64>)> {
        let outcomes = units.iter().map(|unit| self.apply(unit)).collect::<Result<_>>()?;
        Ok((outcomes, self.finish()?))
    }

    /// Nearly all units are applied, and the records that they put are nearly always new. So they
    /// are inserted first, without being read.
    fn apply(&mut self, unit: &'c Unit) -> Result<Outcome> {
        if let Ok(steps) = self.plan(unit, Mode::Optimistic)?
            && self.insert(&steps)?
        {
            return self.write(&steps);
        }
        match self.plan(unit, Mode::Checked)? {
            Ok(steps) => self.write(&steps),
            Err(refused) => Ok(Outcome::Refused(refused)),
        }
    }

    /// Writes the counters. Returns the new sequence number, if the batch changed anything.
    fn finish(mut self) -> Result<Option<u64>> {
        if self.sequence == self.sequence_before {
            return Ok(None);
        }
        for (key, cached) in &self.heads {
            let Cached { head: Some(Head { version, counter: Some(counter) }), unwritten: true } =
                cached
            else {
                continue;
            };
            let Counter { used, limit, last_at_ms } = counter;
            self.replace.execute((key, version, used, limit, last_at_ms, None::<&[u8]>))?;
        }
        self.update_sequence.execute([self.sequence])?;
        Ok(Some(self.sequence))
    }

    /// The writes of the unit, if all its checks hold.
    fn plan(&mut self, unit: &'c Unit, mode: Mode) -> Result<Result<Vec<Step<'c>>, Refused>> {
        if let Err(malformed) = unit.check_form() {
            let operation = malformed.operation;
            return Ok(Err(Refused { operation, reason: Reason::Malformed, record: None }));
        }
        let mut steps = Vec::with_capacity(unit.operations.len());
        for (index, operation) in unit.operations.iter().enumerate() {
            let key = operation.key();
            let is_new = mode == Mode::Optimistic && self.may_be_new(key, unit);
            let counter = match is_new {
                true => Ok(None),
                false => operation.decide(self.head(key)?),
            };
            match (operation, counter) {
                (_, Err(reason)) => {
                    return Ok(Err(Refused {
                        operation: index,
                        reason,
                        record: self.record(key)?,
                    }));
                }
                (Operation::Put { body, .. }, _) if is_new => steps.push(Step::Insert(key, body)),
                (Operation::Put { body, .. }, _) => steps.push(Step::Put(key, body)),
                (Operation::Delete { .. }, _) => steps.push(Step::Delete(key)),
                (_, Ok(Some(counter))) => steps.push(Step::Counter(key, counter)),
                (_, Ok(None)) => {}
            }
        }
        Ok(Ok(steps))
    }

    /// Whether the unit puts a record that is not cached, and at most expects it to be absent.
    fn may_be_new(&self, key: &RecordKey, unit: &Unit) -> bool {
        let mut touching = unit.operations.iter().filter(|operation| operation.key() == key);
        let is_put = |operation: &Operation| matches!(operation, Operation::Put { .. });
        !self.heads.contains_key(key.as_bytes())
            && touching.clone().any(is_put)
            && touching
                .all(|it| is_put(it) || matches!(it, Operation::Expect { version: None, .. }))
    }

    /// Inserts the new records. If one exists, inserts none and returns false.
    fn insert(&mut self, steps: &[Step<'c>]) -> Result<bool> {
        let new = |step: &Step<'c>| match *step {
            Step::Insert(key, body) => Some((key.as_bytes(), body)),
            _ => None,
        };
        for (count, (key, body)) in steps.iter().filter_map(new).enumerate() {
            if self.insert.execute((key, self.sequence + 1, body))? == 1 {
                continue;
            }
            for (key, _) in steps.iter().filter_map(new).take(count) {
                self.delete.execute([key])?;
            }
            return Ok(false);
        }
        Ok(true)
    }

    /// Writes the rest, which applies the unit.
    fn write(&mut self, steps: &[Step<'c>]) -> Result<Outcome> {
        self.sequence += 1;
        let mut counters = Vec::new();
        for step in steps {
            match *step {
                Step::Insert(..) => {}
                Step::Put(key, body) => self.put(key, body)?,
                Step::Delete(key) => self.delete(key)?,
                Step::Counter(key, counter) => {
                    self.cache(key, Some(counter), true);
                    counters.push(counter);
                }
            }
        }
        Ok(Outcome::Applied(counters))
    }

    fn head(&mut self, key: &'c RecordKey) -> Result<Option<Head>> {
        match self.heads.entry(key.as_bytes()) {
            Entry::Occupied(cached) => Ok(cached.get().head),
            Entry::Vacant(entry) => {
                let head = self.select_head.query_row([key.as_bytes()], record::head).optional()?;
                Ok(entry.insert(Cached { head, unwritten: false }).head)
            }
        }
    }

    /// The whole record, for a refusal.
    fn record(&mut self, key: &'c RecordKey) -> Result<Option<Record>> {
        match self.head(key)? {
            None => Ok(None),
            Some(Head { version, counter: Some(counter) }) => {
                Ok(Some(Record { key: key.clone(), version, value: Value::Counter(counter) }))
            }
            Some(_) => {
                self.select.query_row([key.as_bytes()], |row| record::record(key, row)).optional()
            }
        }
    }

    fn put(&mut self, key: &'c RecordKey, body: &[u8]) -> Result<()> {
        let none = None::<u64>;
        self.replace.execute((key.as_bytes(), self.sequence, none, none, none, body))?;
        self.cache(key, None, false);
        Ok(())
    }

    fn delete(&mut self, key: &'c RecordKey) -> Result<()> {
        self.delete.execute([key.as_bytes()])?;
        self.heads.insert(key.as_bytes(), Cached { head: None, unwritten: false });
        Ok(())
    }

    fn cache(&mut self, key: &'c RecordKey, counter: Option<Counter>, unwritten: bool) {
        let head = Some(Head { version: self.sequence, counter });
        self.heads.insert(key.as_bytes(), Cached { head, unwritten });
    }
}
