//! The store in memory: for tests and demonstrations, and the reference for other stores.

use std::collections::BTreeMap;
use std::ops::Bound;
use std::vec::Vec;

use super::sync::{RwLock, RwLockReadGuard};
use super::{
    Counter, FaultKind, Operation, Outcome, Reason, Record, RecordKey, Refused, ScanRange, Store,
    StoreError, StoreFault, Unit, Value,
};
use crate::limits::{BATCH_UNITS_MAX, GET_KEYS_MAX, SCAN_RECORDS_MAX};
use crate::process::Owned;

/// A [`Store`] in memory. If memory runs out in the middle of a change, and the application catches
/// the panic, every later call fails.
///
/// ```
/// use provkey::store::{Memory, Operation, Outcome, RecordKey, Store, Unit, Value};
///
/// let store = Memory::new();
/// let key = RecordKey::new("greeting").expect("1 to 512 bytes");
/// let put = Operation::Put { key: key.clone(), body: b"hello".to_vec() };
/// assert_eq!(store.apply(&[Unit::new(vec![put])])?, [Outcome::Applied(vec![])]);
///
/// let record = store.get(&[key])?.remove(0).expect("it was just written");
/// assert_eq!(record.value, Value::Body(b"hello".to_vec()));
/// # Ok::<(), provkey::store::StoreError>(())
/// ```
#[derive(Debug, Default)]
pub struct Memory {
    records: Owned<RwLock<Records>>,
}

#[derive(Debug, Default)]
struct Records {
    by_key: BTreeMap<RecordKey, Record>,
    /// The number of applied units. A unit's number is the version of the records that it writes,
    /// so a record that is deleted and created again gets a new version.
    sequence: u64,
    /// Whether it is closed to changes.
    closed: bool,
}

impl Memory {
    /// An empty store.
    pub fn new() -> Self {
        Self::default()
    }
}

impl Memory {
    /// Fails in a forked child, and if memory ran out in a change: half of a unit may be there.
    fn read(&self) -> Result<RwLockReadGuard<'_, Records>, StoreError> {
        self.records.get()?.read().map_err(|_| broken_off())
    }
}

fn broken_off() -> StoreError {
    let message = "memory ran out in the middle of a change";
    StoreError::NotApplied(StoreFault::new(FaultKind::Corrupt, message))
}

impl Store for Memory {
    fn get(&self, keys: &[RecordKey]) -> Result<Vec<Option<Record>>, StoreError> {
        StoreError::check_size("keys", keys.len(), GET_KEYS_MAX)?;
        let records = self.read()?;
        Ok(keys.iter().map(|key| records.by_key.get(key).cloned()).collect())
    }

    fn scan(&self, range: &ScanRange, limit: usize) -> Result<Vec<Record>, StoreError> {
        StoreError::check_size("records", limit, SCAN_RECORDS_MAX)?;
        let records = self.read()?;
        Ok(records.scan(range, limit))
    }

    fn apply(&self, units: &[Unit]) -> Result<Vec<Outcome>, StoreError> {
        StoreError::check_size("units", units.len(), BATCH_UNITS_MAX)?;
        let mut records = self.records.get()?.write().map_err(|_| broken_off())?;
        if records.closed {
            let why = "the authority was moved to another store; use that one";
            return Err(StoreError::NotApplied(StoreFault::new(FaultKind::Moved, why)));
        }
        let apply = |unit| records.apply(unit).map_or_else(Outcome::Refused, Outcome::Applied);
        Ok(units.iter().map(apply).collect())
    }

    fn fence(&self, closed: bool) -> Result<bool, StoreError> {
        let mut records = self.records.get()?.write().map_err(|_| broken_off())?;
        Ok(std::mem::replace(&mut records.closed, closed) != closed)
    }
}

impl Records {
    fn scan(&self, range: &ScanRange, limit: usize) -> Vec<Record> {
        let (start, end) = range.interval();
        // `BTreeMap::range` panics if the start is above the end.
        if end.as_ref().is_some_and(|end| *end <= start) {
            return Vec::new();
        }
        let end = end.as_deref().map_or(Bound::Unbounded, Bound::Excluded);
        let found = self.by_key.range::<[u8], _>((Bound::Included(start.as_slice()), end));
        let found = found.map(|(_, record)| record);
        match range.reverse {
            false => found.take(limit).cloned().collect(),
            true => found.rev().take(limit).cloned().collect(),
        }
    }

    fn apply(&mut self, unit: &Unit) -> Result<Vec<Counter>, Refused> {
        let counters = self.decide(unit)?;
        self.sequence += 1;
        for (operation, counter) in unit.operations.iter().zip(&counters) {
            match (operation, counter) {
                (Operation::Put { key, body }, _) => self.put(key, Value::Body(body.clone())),
                (Operation::Delete { key }, _) => drop(self.by_key.remove(key)),
                (operation, Some(counter)) => self.put(operation.key(), Value::Counter(*counter)),
                (_, None) => {}
            }
        }
        Ok(counters.into_iter().flatten().collect())
    }

    /// Decides all operations, before any is carried out.
    fn decide(&self, unit: &Unit) -> Result<Vec<Option<Counter>>, Refused> {
        unit.check_form().map_err(|malformed| Refused {
            operation: malformed.operation,
            reason: Reason::Malformed,
            record: None,
        })?;
        let decide = |(index, operation): (usize, &Operation)| {
            let record = self.by_key.get(operation.key());
            operation.decide(record.map(Record::head)).map_err(|reason| Refused {
                operation: index,
                reason,
                record: record.cloned(),
            })
        };
        unit.operations.iter().enumerate().map(decide).collect()
    }

    fn put(&mut self, key: &RecordKey, value: Value) {
        let record = Record { key: key.clone(), version: self.sequence, value };
        self.by_key.insert(key.clone(), record);
    }
}
