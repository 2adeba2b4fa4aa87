//! What must hold, whatever goes wrong.
//!
//! After each unit that the store applies:
//! 1. a key's count is the number of its enrollments: a counted use has a record, and a record was
//!    counted once;
//! 2. an enrollment that is added does not take its key above the limit of that moment;
//! 3. none is added under a key that surely is disabled or deleted;
//! 4. no enrollment is changed into another, and none goes away.
//!
//! After each answer, see [`judge`](super::judge):
//! 5. a certificate that is handed out is recorded, and is the only one of its connector;
//! 6. none is handed out under a key that surely was disabled or deleted all the while, nor to a
//!    connector that was revoked;
//! 7. a refusal has a reason that was there at some moment of the request;
//! 8. an error that says that nothing was changed says so truly;
//! 9. when all is calm nothing fails, and everybody who was recorded gets the certificate.

use std::collections::{BTreeMap, BTreeSet};

use provkey::store::{Memory, Record, RecordKey, ScanRange, Store as _, Value};
use serde::Deserialize;

use super::operation::Operation;
use super::world::Key;

/// An enrollment, as it is recorded.
#[derive(Clone, Debug, Deserialize, PartialEq, Eq)]
pub(super) struct Enrollment {
    pub(super) key: String,
    pub(super) leaf: String,
    pub(super) revoked_at: Option<u64>,
}

#[derive(Deserialize)]
struct KeyRecord {
    enabled: bool,
}

/// What is known of a key.
#[derive(Default)]
pub(super) struct KeyLedger {
    pub(super) id: String,
    /// Whether it is disabled, and nobody has begun to enable it since that was acknowledged.
    pub(super) surely_disabled: bool,
    pub(super) surely_deleted: bool,
    /// How often somebody has begun to enable it.
    pub(super) enables: u64,
    /// How many are about to enable it.
    pub(super) enabling: u64,
    /// When it was last used up, disabled, deleted.
    pub(super) full_at: Option<u64>,
    pub(super) disabled_at: Option<u64>,
    pub(super) deleted_at: Option<u64>,
    enrollments: u64,
}

/// All that is known, and the first thing that should not have been.
#[derive(Default)]
pub(super) struct Ledger {
    pub(super) keys: Vec<KeyLedger>,
    /// By the id of the connector.
    pub(super) enrollments: BTreeMap<String, Enrollment>,
    /// What connectors were handed out, by their numbers.
    pub(super) handed_out: BTreeMap<usize, Vec<u8>>,
    pub(super) surely_revoked: BTreeSet<usize>,
    pub(super) violation: Option<String>,
    /// Counts the moments.
    pub(super) moment: u64,
}

/// What was known when something was asked for.
pub(super) struct Begun {
    pub(super) moment: u64,
    pub(super) surely_disabled: Vec<bool>,
    pub(super) surely_deleted: Vec<bool>,
    pub(super) enables: Vec<u64>,
    pub(super) surely_revoked: BTreeSet<usize>,
    /// The connectors that were recorded, by their ids.
    pub(super) recorded: BTreeSet<String>,
}

impl Ledger {
    pub(super) fn new(keys: &[Key]) -> Self {
        let ledger = |key: &Key| KeyLedger { id: key.id.to_string(), ..KeyLedger::default() };
        Self { keys: keys.iter().map(ledger).collect(), ..Self::default() }
    }

    pub(super) fn violated(&mut self, what: String) {
        self.violation.get_or_insert(what);
    }

    /// The number of the key that a connector is recorded with.
    pub(super) fn key_of(&self, connector: usize) -> Option<usize> {
        let id = super::connectors::connector(connector).id;
        let enrollment = self.enrollments.get(id.as_str())?;
        self.keys.iter().position(|key| key.id == enrollment.key)
    }

    /// Somebody begins to ask for something.
    pub(super) fn begin(&mut self, memory: &Memory, operation: Operation) -> Begun {
        if let Operation::Enable { key, enabled: true } = operation {
            self.keys[key].enables += 1;
            self.keys[key].enabling += 1;
            self.keys[key].surely_disabled = false;
        }
        self.look(memory);
        Begun {
            moment: self.moment,
            surely_disabled: self.keys.iter().map(|key| key.surely_disabled).collect(),
            surely_deleted: self.keys.iter().map(|key| key.surely_deleted).collect(),
            enables: self.keys.iter().map(|key| key.enables).collect(),
            surely_revoked: self.surely_revoked.clone(),
            recorded: self.enrollments.keys().cloned().collect(),
        }
    }

    /// Compares the store with what must hold.
    pub(super) fn look(&mut self, memory: &Memory) {
        self.moment += 1;
        let enrollments = match read_enrollments(memory) {
            Ok(enrollments) => enrollments,
            Err(what) => return self.violated(what),
        };
        for (connector, before) in &self.enrollments {
            match enrollments.get(connector) {
                Some(now) if now.leaf == before.leaf && now.key == before.key => {}
                now => {
                    let what = format!("the enrollment of {connector} became {now:?}");
                    self.violation.get_or_insert(what);
                }
            }
        }
        self.enrollments = enrollments;
        for at in 0..self.keys.len() {
            if let Err(what) = self.look_at_key(at, memory) {
                self.violated(what);
            }
        }
    }

    fn look_at_key(&mut self, at: usize, memory: &Memory) -> Result<(), String> {
        let (moment, key) = (self.moment, &mut self.keys[at]);
        let id = key.id.clone();
        let enrollments = self.enrollments.values().filter(|one| one.key == id).count() as u64;
        let added = enrollments - key.enrollments.min(enrollments);
        key.enrollments = enrollments;
        let record = read(memory, &format!("key/{id}"));
        let counter = match read(memory, &format!("key-uses/{id}")).map(|counter| counter.value) {
            Some(Value::Counter(counter)) => Some(counter),
            _ => None,
        };
        let (Some(record), Some(counter)) = (record, counter) else {
            key.deleted_at = Some(moment);
            return if added == 0 { Ok(()) } else { Err(format!("{id} enrolls after its end")) };
        };
        let limit = counter.limit.ok_or_else(|| format!("{id} has no limit"))?;
        if counter.used != enrollments {
            return Err(format!("{id} has {enrollments} enrollments and counts {}", counter.used));
        }
        if added > 0 && enrollments > limit {
            return Err(format!("{id} enrolls the {enrollments}. of {limit}"));
        }
        if added > 0 && (key.surely_disabled || key.surely_deleted) {
            return Err(format!("{id} enrolls though it is disabled or deleted"));
        }
        if counter.used >= limit {
            key.full_at = Some(moment);
        }
        let Value::Body(body) = &record.value else { return Err(format!("{id} is no key")) };
        let body: KeyRecord = serde_json::from_slice(body).map_err(|error| error.to_string())?;
        if !body.enabled {
            key.disabled_at = Some(moment);
        }
        Ok(())
    }
}

fn read(memory: &Memory, key: &str) -> Option<Record> {
    let key = RecordKey::new(key).expect("it is short");
    memory.get(&[key]).expect("memory does not fail").remove(0)
}

fn read_enrollments(memory: &Memory) -> Result<BTreeMap<String, Enrollment>, String> {
    let found = memory.scan(&ScanRange::prefix("enrollment/"), 100);
    let found = found.expect("memory does not fail");
    let read = |record: Record| {
        let key = String::from_utf8_lossy(record.key.as_bytes()).into_owned();
        let connector = key.trim_start_matches("enrollment/").to_owned();
        let Value::Body(body) = record.value else { return Err(format!("{key} is a counter")) };
        let enrollment =
            serde_json::from_slice(&body).map_err(|error| format!("{key}: {error}"))?;
        Ok((connector, enrollment))
    };
    found.into_iter().map(read).collect()
}
