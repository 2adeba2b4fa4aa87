//! Stores with a planted fault, whose histories are not linearizable.

use std::collections::HashMap;
use std::slice;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, Mutex};

use provkey::store::{
    Counter, Memory, Operation, Outcome, Reason, Record, RecordKey, Refused, ScanRange, Store,
    StoreError, Unit, Value,
};

use super::{Fleet, explain_threads};

#[derive(Clone, Copy, PartialEq)]
enum Fault {
    /// Some reads return old records.
    StaleReads,
    /// The limit is checked only before the count, not with it.
    CheckThenCount,
    /// Some uses are counted twice.
    CountsTwice,
}

struct Faulty {
    memory: Memory,
    fault: Fault,
    calls: AtomicUsize,
    read: Mutex<HashMap<Vec<RecordKey>, Vec<Option<Record>>>>,
}

impl Faulty {
    /// Now and then.
    fn strikes(&self) -> bool {
        self.calls.fetch_add(1, Ordering::Relaxed) % 5 == 4
    }
}

impl Store for Faulty {
    fn get(&self, keys: &[RecordKey]) -> Result<Vec<Option<Record>>, StoreError> {
        let mut read = self.read.lock().unwrap();
        if self.fault == Fault::StaleReads
            && let (Some(old), true) = (read.get(keys), self.strikes())
        {
            return Ok(old.clone());
        }
        let records = self.memory.get(keys)?;
        read.insert(keys.to_vec(), records.clone());
        Ok(records)
    }

    fn scan(&self, range: &ScanRange, limit: usize) -> Result<Vec<Record>, StoreError> {
        self.memory.scan(range, limit)
    }

    fn apply(&self, units: &[Unit]) -> Result<Vec<Outcome>, StoreError> {
        units.iter().map(|unit| self.apply_one(unit.clone())).collect()
    }
}

impl Faulty {
    fn apply_one(&self, mut unit: Unit) -> Result<Outcome, StoreError> {
        for operation in &mut unit.operations {
            if self.fault == Fault::CountsTwice
                && let Operation::Count { by: by @ 1, .. } = operation
                && self.strikes()
            {
                *by = 2;
            }
        }
        let outcome = self.memory.apply(slice::from_ref(&unit))?.remove(0);
        match &outcome {
            Outcome::Refused(Refused {
                reason: Reason::LimitReached,
                record: Some(record),
                ..
            }) if self.fault == Fault::CheckThenCount => {
                let Value::Counter(Counter { limit, .. }) = record.value else {
                    return Ok(outcome);
                };
                let counter = &record.key;
                let set = |limit| {
                    Unit::new(vec![Operation::SetLimit { counter: counter.clone(), limit }])
                };
                Ok(self.memory.apply(&[set(None), unit, set(limit)])?.remove(1))
            }
            _ => Ok(outcome),
        }
    }
}

#[track_caller]
fn check_found(fault: Fault) {
    const HISTORIES_MAX: usize = 1000;
    let (memory, calls, read) = (Memory::new(), AtomicUsize::new(0), Mutex::default());
    let store: Arc<dyn Store> = Arc::new(Faulty { memory, fault, calls, read });
    let mut fleet = Fleet::new(Arc::clone(&store));
    let nodes = [fleet.site.authority.clone(), fleet.open(store)];
    let found = (0..HISTORIES_MAX).any(|_| explain_threads(&mut fleet, &nodes).is_err());
    assert!(found, "nothing found in {HISTORIES_MAX} histories");
}

#[test]
fn stale_reads_are_found() {
    check_found(Fault::StaleReads);
}

#[test]
fn a_limit_that_is_checked_first_is_found() {
    check_found(Fault::CheckThenCount);
}

#[test]
fn uses_that_count_twice_are_found() {
    check_found(Fault::CountsTwice);
}
