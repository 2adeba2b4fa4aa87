//! Units, applied within one transaction.

use std::collections::HashMap;
use std::collections::hash_map::Entry;

use provkey::store::{
    Counter, Head, Operation, Outcome, Reason, Record, RecordKey, Refused, Unit, Value,
};
use rusqlite::{CachedStatement, Connection, OptionalExtension, Result};

use crate::record;

/// One transaction's worth of units.
///
/// Every check of a unit is decided before its first write, so a refused unit has written
/// nothing and there is nothing to roll back for it.
///
/// Many units of one batch look at the same few records: the key and its counter. Their heads
/// are read once and then followed here; a counter is written once, at the end.
pub(crate) struct Batch<'c> {
    heads: HashMap<&'c [u8], Known>,
    sequence: u64,
    sequence_before: u64,
    select_head: CachedStatement<'c>,
    select: CachedStatement<'c>,
    write: CachedStatement<'c>,
    delete: CachedStatement<'c>,
    update_sequence: CachedStatement<'c>,
}

/// What is known of a record within the transaction.
#[derive(Clone, Copy)]
struct Known {
    head: Option<Head>,
    /// A counter that the table does not have yet as it is here.
    unwritten: bool,
}

impl<'c> Batch<'c> {
    /// Applies all units. Answers also whether that changed anything.
    pub(crate) fn apply_all(
        connection: &'c Connection,
        units: &'c [Unit],
    ) -> Result<(Vec<Outcome>, bool)> {
        let mut batch = Self::begin(connection)?;
        let outcomes = units.iter().map(|unit| batch.apply(unit)).collect::<Result<_>>()?;
        Ok((outcomes, batch.finish()?))
    }

    fn begin(connection: &'c Connection) -> Result<Self> {
        let mut sequence = connection.prepare_cached("SELECT latest FROM sequence")?;
        let sequence = sequence.query_row((), |row| row.get(0))?;
        Ok(Self {
            heads: HashMap::new(),
            sequence,
            sequence_before: sequence,
            select_head: connection.prepare_cached(
                "SELECT version, used, used_max, last_at_ms FROM records WHERE key = ?1",
            )?,
            select: connection.prepare_cached(
                "SELECT version, used, used_max, last_at_ms, body FROM records WHERE key = ?1",
            )?,
            write: connection.prepare_cached(
                "INSERT INTO records (key, version, used, used_max, last_at_ms, body)
                 VALUES (?1, ?2, ?3, ?4, ?5, ?6)
                 ON CONFLICT (key) DO UPDATE SET (version, used, used_max, last_at_ms, body)
                 = (?2, ?3, ?4, ?5, ?6)",
            )?,
            delete: connection.prepare_cached("DELETE FROM records WHERE key = ?1")?,
            update_sequence: connection.prepare_cached("UPDATE sequence SET latest = ?1")?,
        })
    }

    fn apply(&mut self, unit: &'c Unit) -> Result<Outcome> {
        let counters = match self.decide(unit)? {
            Ok(counters) => counters,
            Err(refused) => return Ok(Outcome::Refused(refused)),
        };
        self.sequence += 1;
        for (operation, counter) in unit.operations.iter().zip(&counters) {
            match (operation, counter) {
                (Operation::Put { key, body }, _) => self.put(key, body)?,
                (Operation::Delete { key }, _) => self.delete(key)?,
                (operation, Some(counter)) => self.count(operation.key(), *counter),
                (_, None) => {}
            }
        }
        Ok(Outcome::Applied(counters.into_iter().flatten().collect()))
    }

    /// Writes what is still unwritten. Answers whether the batch has changed anything.
    fn finish(mut self) -> Result<bool> {
        if self.sequence == self.sequence_before {
            return Ok(false);
        }
        for (key, known) in &self.heads {
            let Known { head: Some(Head { version, counter: Some(counter) }), unwritten: true } =
                known
            else {
                continue;
            };
            let Counter { used, limit, last_at_ms } = counter;
            self.write.execute((key, version, used, limit, last_at_ms, None::<&[u8]>))?;
        }
        self.update_sequence.execute([self.sequence])?;
        Ok(true)
    }

    fn decide(&mut self, unit: &'c Unit) -> Result<Result<Vec<Option<Counter>>, Refused>> {
        if let Err(malformed) = unit.check_form() {
            let operation = malformed.operation;
            return Ok(Err(Refused { operation, reason: Reason::Malformed, record: None }));
        }
        let mut counters = Vec::with_capacity(unit.operations.len());
        for (index, operation) in unit.operations.iter().enumerate() {
            match operation.decide(self.head(operation.key())?) {
                Ok(counter) => counters.push(counter),
                Err(reason) => {
                    let record = self.record(operation.key())?;
                    return Ok(Err(Refused { operation: index, reason, record }));
                }
            }
        }
        Ok(Ok(counters))
    }

    fn head(&mut self, key: &'c RecordKey) -> Result<Option<Head>> {
        match self.heads.entry(key.as_bytes()) {
            Entry::Occupied(known) => Ok(known.get().head),
            Entry::Vacant(unknown) => {
                let head = self.select_head.query_row([key.as_bytes()], record::head).optional()?;
                Ok(unknown.insert(Known { head, unwritten: false }).head)
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
        self.write.execute((key.as_bytes(), self.sequence, none, none, none, body))?;
        self.know(key, None, false);
        Ok(())
    }

    fn delete(&mut self, key: &'c RecordKey) -> Result<()> {
        self.delete.execute([key.as_bytes()])?;
        self.heads.insert(key.as_bytes(), Known { head: None, unwritten: false });
        Ok(())
    }

    fn count(&mut self, counter: &'c RecordKey, value: Counter) {
        self.know(counter, Some(value), true);
    }

    fn know(&mut self, key: &'c RecordKey, counter: Option<Counter>, unwritten: bool) {
        let head = Some(Head { version: self.sequence, counter });
        self.heads.insert(key.as_bytes(), Known { head, unwritten });
    }
}
