//! A store of your own, checked by the suite that every store must pass:
//! `cargo run --example own_store`.
//!
//! This one is a sorted map behind a lock. A real one writes to a disk or a server, and returns
//! from `apply` only when what it reports as applied is durable.

use std::collections::BTreeMap;
use std::error::Error;
use std::io::Write;
use std::sync::{Mutex, MutexGuard, PoisonError};

use provkey::limits::{BATCH_UNITS_MAX, GET_KEYS_MAX, SCAN_RECORDS_MAX};
use provkey::store::{
    Counter, Operation, Outcome, Reason, Record, RecordKey, Refused, ScanRange, Store, StoreError,
    Unit, Value, conformance,
};

#[derive(Default)]
struct OwnStore(Mutex<Records>);

#[derive(Default)]
struct Records {
    by_key: BTreeMap<RecordKey, Record>,
    /// How many units have been applied. It is the version of what the last one wrote, so no
    /// version returns when a record is deleted and written anew.
    units: u64,
}

impl OwnStore {
    fn records(&self) -> MutexGuard<'_, Records> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Store for OwnStore {
    fn get(&self, keys: &[RecordKey]) -> Result<Vec<Option<Record>>, StoreError> {
        StoreError::check_size("keys", keys.len(), GET_KEYS_MAX)?;
        let records = self.records();
        Ok(keys.iter().map(|key| records.by_key.get(key).cloned()).collect())
    }

    fn scan(&self, range: &ScanRange, limit: usize) -> Result<Vec<Record>, StoreError> {
        StoreError::check_size("records", limit, SCAN_RECORDS_MAX)?;
        let (start, end) = range.interval();
        let inside = |record: &&Record| {
            let key = record.key.as_bytes();
            *key >= *start && end.as_ref().is_none_or(|end| *key < **end)
        };
        let records = self.records();
        let found = records.by_key.values().filter(inside);
        Ok(match range.reverse {
            false => found.take(limit).cloned().collect(),
            true => found.rev().take(limit).cloned().collect(),
        })
    }

    fn apply(&self, units: &[Unit]) -> Result<Vec<Outcome>, StoreError> {
        StoreError::check_size("units", units.len(), BATCH_UNITS_MAX)?;
        let mut records = self.records();
        let apply = |unit| records.apply(unit).map_or_else(Outcome::Refused, Outcome::Applied);
        Ok(units.iter().map(apply).collect())
    }
}

impl Records {
    /// Decides all operations of a unit, then carries them out: all of them or none.
    fn apply(&mut self, unit: &Unit) -> Result<Vec<Counter>, Refused> {
        let refused = |operation, reason, record| Refused { operation, reason, record };
        unit.check_form().map_err(|form| refused(form.operation, Reason::Malformed, None))?;
        let mut counters = Vec::new();
        for (index, operation) in unit.operations.iter().enumerate() {
            let record = self.by_key.get(operation.key());
            let counter = operation
                .decide(record.map(Record::head))
                .map_err(|reason| refused(index, reason, record.cloned()))?;
            counters.push(counter);
        }
        self.units += 1;
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

    fn put(&mut self, key: &RecordKey, value: Value) {
        let record = Record { key: key.clone(), version: self.units, value };
        self.by_key.insert(key.clone(), record);
    }
}

fn main() -> Result<(), Box<dyn Error>> {
    conformance::check_all(&OwnStore::default(), "example")?;
    writeln!(std::io::stdout(), "{} checks passed", conformance::CHECKS.len())?;
    Ok(())
}

#[test]
fn passes() -> Result<(), Box<dyn Error>> {
    main()
}
