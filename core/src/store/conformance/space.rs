//! The keys of one check, and helpers that all checks share.

use core::fmt::Debug;
use std::format;
use std::string::String;
use std::vec;
use std::vec::Vec;

use crate::limits::SCAN_RECORDS_MAX;
use crate::store::{
    Counter, Operation, Outcome, Reason, Record, RecordKey, Refused, ScanRange, Store, Unit, Value,
};

/// A part of a store that belongs to one check of one run.
pub(super) struct Space<'s> {
    pub(super) store: &'s dyn Store,
    pub(super) prefix: Vec<u8>,
}

impl<'s> Space<'s> {
    /// The space of this check, without the records that an earlier run of the same name left.
    pub(super) fn new(store: &'s dyn Store, run: &str, check: &str) -> Result<Self, String> {
        let space = Self::existing(store, run, check);
        space.clear()?;
        Ok(space)
    }

    /// The space of this check, with the records in it.
    pub(super) fn existing(store: &'s dyn Store, run: &str, check: &str) -> Self {
        Self { store, prefix: format!("conformance/{run}/{check}/").into_bytes() }
    }

    pub(super) fn clear(&self) -> Result<(), String> {
        // A broken store might return the same records forever.
        for _ in 0..100 {
            let records = self.scan(&ScanRange::prefix(self.prefix.clone()), 256)?;
            if records.is_empty() {
                return Ok(());
            }
            let delete = |record: Record| Unit::new(vec![Operation::Delete { key: record.key }]);
            self.apply(&records.into_iter().map(delete).collect::<Vec<_>>())?;
        }
        Err("deleted records are still there".into())
    }

    /// A key within the space.
    pub(super) fn key(&self, name: impl AsRef<[u8]>) -> Result<RecordKey, String> {
        RecordKey::new([&self.prefix, name.as_ref()].concat())
            .ok_or_else(|| "the name of the run is too long".into())
    }

    pub(super) fn expect(
        &self,
        name: impl AsRef<[u8]>,
        version: impl Into<Option<u64>>,
    ) -> Result<Operation, String> {
        Ok(Operation::Expect { key: self.key(name)?, version: version.into() })
    }

    pub(super) fn expect_unused(&self, name: &str) -> Result<Operation, String> {
        Ok(Operation::ExpectUnused { counter: self.key(name)? })
    }

    pub(super) fn put(
        &self,
        name: impl AsRef<[u8]>,
        body: impl AsRef<[u8]>,
    ) -> Result<Operation, String> {
        Ok(Operation::Put { key: self.key(name)?, body: body.as_ref().to_vec() })
    }

    pub(super) fn delete(&self, name: impl AsRef<[u8]>) -> Result<Operation, String> {
        Ok(Operation::Delete { key: self.key(name)? })
    }

    pub(super) fn limit(
        &self,
        name: &str,
        limit: impl Into<Option<u64>>,
    ) -> Result<Operation, String> {
        Ok(Operation::SetLimit { counter: self.key(name)?, limit: limit.into() })
    }

    pub(super) fn count(&self, name: &str, by: i64, at_ms: u64) -> Result<Operation, String> {
        Ok(Operation::Count { counter: self.key(name)?, by, at_ms })
    }

    /// Applies units and checks that each has an answer.
    pub(super) fn apply(&self, units: &[Unit]) -> Result<Vec<Outcome>, String> {
        let outcomes = self.store.apply(units).map_err(|error| format!("apply: {error}"))?;
        same("the number of outcomes", &outcomes.len(), &units.len())?;
        Ok(outcomes)
    }

    /// Applies one unit.
    pub(super) fn apply_one(&self, operations: Vec<Operation>) -> Result<Outcome, String> {
        let outcome = self.apply(&[Unit::new(operations)])?.pop();
        outcome.ok_or_else(|| "a unit without an outcome".into())
    }

    /// Applies one unit, which must be applied.
    pub(super) fn applied(&self, operations: Vec<Operation>) -> Result<Vec<Counter>, String> {
        let unit = shorten(&operations);
        match self.apply_one(operations)? {
            Outcome::Applied(counters) => Ok(counters),
            Outcome::Refused(refused) => Err(format!("{unit} was refused: {}", shorten(&refused))),
        }
    }

    /// Applies one unit, which must be refused: by this operation, for this reason, with the record
    /// as it is now.
    pub(super) fn refused(
        &self,
        operations: Vec<Operation>,
        operation: usize,
        reason: Reason,
    ) -> Result<(), String> {
        let key = operations.get(operation).map(|operation| operation.key().clone());
        let record = match key {
            Some(key) if reason != Reason::Malformed => self.get_key(key)?,
            _ => None,
        };
        let unit = shorten(&operations);
        let wanted = Outcome::Refused(Refused { operation, reason, record });
        same(&format!("the outcome of {unit}"), &self.apply_one(operations)?, &wanted)
    }

    pub(super) fn get(&self, name: impl AsRef<[u8]>) -> Result<Option<Record>, String> {
        self.get_key(self.key(name)?)
    }

    fn get_key(&self, key: RecordKey) -> Result<Option<Record>, String> {
        let records = self.get_all(&[key])?;
        Ok(records.into_iter().next().flatten())
    }

    /// Reads records, and checks that each answer belongs to its key.
    pub(super) fn get_all(&self, keys: &[RecordKey]) -> Result<Vec<Option<Record>>, String> {
        let records = self.store.get(keys).map_err(|error| format!("get: {error}"))?;
        same("the number of records", &records.len(), &keys.len())?;
        for (key, record) in keys.iter().zip(&records) {
            if let Some(record) = record {
                same("the key of a record", &record.key, key)?;
            }
        }
        Ok(records)
    }

    pub(super) fn scan(&self, range: &ScanRange, limit: usize) -> Result<Vec<Record>, String> {
        self.store.scan(range, limit).map_err(|error| format!("scan: {error}"))
    }

    /// All records in the space.
    pub(super) fn everything(&self) -> Result<Vec<Record>, String> {
        self.scan(&ScanRange::prefix(self.prefix.clone()), SCAN_RECORDS_MAX)
    }

    /// The version of a record that must be there.
    pub(super) fn version(&self, name: &str) -> Result<u64, String> {
        let record = self.get(name)?.ok_or_else(|| format!("there is no record {name:?}"))?;
        Ok(record.version)
    }

    /// Checks that a record has this value, or is absent.
    pub(super) fn is(&self, name: impl AsRef<[u8]>, wanted: Option<Value>) -> Result<(), String> {
        let name = name.as_ref();
        let value = self.get(name)?.map(|record| record.value);
        same(&format!("the record \"{}\"", name.escape_ascii()), &value, &wanted)
    }
}

/// A body as a value that a record should have.
pub(super) fn body(body: impl AsRef<[u8]>) -> Option<Value> {
    Some(Value::Body(body.as_ref().to_vec()))
}

/// A counter.
pub(super) fn counter(
    used: u64,
    limit: impl Into<Option<u64>>,
    last_at_ms: impl Into<Option<u64>>,
) -> Counter {
    Counter { used, limit: limit.into(), last_at_ms: last_at_ms.into() }
}

/// Checks that what was seen is what was expected.
pub(super) fn same<T: PartialEq + Debug>(what: &str, seen: &T, wanted: &T) -> Result<(), String> {
    if seen == wanted {
        return Ok(());
    }
    Err(format!("{what} should be {} but is {}", shorten(wanted), shorten(seen)))
}

fn shorten(value: &impl Debug) -> String {
    let mut text = format!("{value:?}");
    if let Some((end, _)) = text.char_indices().nth(400) {
        text.truncate(end);
        text.push('…');
    }
    text
}
