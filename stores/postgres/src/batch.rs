//! Units, applied by one call of the server's function `apply`.
//!
//! The function decides which units are applied; `told.rs` works out what each outcome says.

use std::collections::BTreeMap;

use provkey::store::{Operation, Outcome, Reason, Record, RecordKey, Refused, Unit};

use crate::error::Failed;
use crate::session::Session;
use crate::told::Told;

const APPLY: &str = "SELECT version_base, refused, there, versions, useds, used_maxes, last_ats,
    there_bodies FROM {schema}.apply($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12)";

pub(crate) const DIFFERS: Failed =
    Failed::Senseless("the server decided otherwise than this library");

/// How sure one is that what units expect is so.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(crate) enum Mode {
    /// All will be applied, and what they make anew is not there: nearly always so. Otherwise it
    /// is a race.
    Hopeful,
    /// Each record is looked at.
    Careful,
}

/// Units as the function takes them. See `schema/2.sql`.
#[derive(Default)]
pub(crate) struct Batch<'u> {
    units: &'u [Unit],
    /// The units that are sent: those that any store can apply.
    pub(crate) sent: Vec<&'u Unit>,
    /// The slot of each record that is looked at, by its key.
    slot_of: BTreeMap<&'u [u8], usize>,
    locks: Vec<i16>,
    unit_ends: Vec<i32>,
    kinds: Vec<i16>,
    slots: Vec<i32>,
    numbers: Vec<Option<i64>>,
    moments: Vec<i64>,
    bodies: Vec<&'u [u8]>,
    new_keys: Vec<&'u [u8]>,
    new_units: Vec<i32>,
    new_bodies: Vec<Option<&'u [u8]>>,
    guards: Vec<&'u [u8]>,
}

const UNLOCKED: i16 = 0;
const SHARED: i16 = 1;
const EXCLUSIVE: i16 = 2;

impl<'u> Batch<'u> {
    pub(crate) fn new(units: &'u [Unit], mode: Mode) -> Self {
        let sent = units.iter().filter(|unit| unit.check_form().is_ok()).collect();
        let mut batch = Self { units, sent, ..Self::default() };
        for (key, touched) in touched(&batch.sent) {
            match (mode, touched.is_made_anew) {
                (Mode::Hopeful, true) => batch.add_new(key, &touched),
                _ => drop(batch.slot_of.insert(key, batch.slot_of.len())),
            }
        }
        batch.locks = vec![UNLOCKED; batch.slot_of.len()];
        for unit in batch.sent.clone() {
            batch.add(unit);
        }
        batch
    }

    /// Applies the units: one round trip.
    pub(crate) fn apply(&self, session: &mut Session) -> Result<Vec<Outcome>, Failed> {
        if self.sent.is_empty() {
            return Ok(self.outcomes(Vec::new()));
        }
        let keys: Vec<&[u8]> = self.slot_of.keys().copied().collect();
        let rows = session.query(
            APPLY,
            &[
                &keys,
                &self.locks,
                &self.unit_ends,
                &self.kinds,
                &self.slots,
                &self.numbers,
                &self.moments,
                &self.bodies,
                &self.new_keys,
                &self.new_units,
                &self.new_bodies,
                &self.guards,
            ],
        )?;
        let [row] = rows.as_slice() else { return Err(DIFFERS) };
        Ok(self.outcomes(Told::read(row, self.slot_of.len())?.outcomes(self)?))
    }

    fn add_new(&mut self, key: &'u [u8], touched: &Touched<'u>) {
        self.new_keys.push(key);
        self.new_units.push(touched.unit as i32 + 1);
        self.new_bodies.push(touched.body);
        if touched.body.is_none() {
            self.guards.push(key);
        }
    }

    fn add(&mut self, unit: &'u Unit) {
        for operation in &unit.operations {
            let Some(slot) = self.slot(operation.key()) else { continue };
            let (kind, number, moment) = self.encode(operation);
            self.kinds.push(kind);
            self.slots.push(slot as i32 + 1);
            self.numbers.push(number);
            self.moments.push(moment);
            if let Some(lock) = self.locks.get_mut(slot) {
                *lock = (*lock).max(lock_of(unit, operation));
            }
        }
        self.unit_ends.push(self.kinds.len() as i32);
    }

    fn encode(&mut self, operation: &'u Operation) -> (i16, Option<i64>, i64) {
        match operation {
            Operation::Expect { version: None, .. } => (0, None, 0),
            Operation::Expect { version: Some(version), .. } => (1, Some(expected(*version)), 0),
            Operation::Put { body, .. } => {
                self.bodies.push(body);
                (3, Some(self.bodies.len() as i64), 0)
            }
            Operation::Delete { .. } => (4, None, 0),
            Operation::SetLimit { limit, .. } => (5, limit.map(|limit| limit as i64), 0),
            Operation::Count { by, at_ms, .. } => (6, Some(*by), *at_ms as i64),
            _ => (2, None, 0),
        }
    }

    pub(crate) fn slot(&self, key: &RecordKey) -> Option<usize> {
        self.slot_of.get(key.as_bytes()).copied()
    }

    /// The outcomes of all units, of those of the units that were sent.
    fn outcomes(&self, sent: Vec<Outcome>) -> Vec<Outcome> {
        let mut sent = sent.into_iter();
        let outcome = |unit: &Unit| match unit.check_form() {
            Ok(()) => sent.next(),
            Err(malformed) => Some(refused(malformed.operation, Reason::Malformed, None)),
        };
        self.units.iter().filter_map(outcome).collect()
    }
}

/// What a batch does with one record.
struct Touched<'u> {
    /// The index of the first unit that touches it.
    unit: usize,
    /// It is expected to be absent, or written whatever it was, or both, and by one unit only.
    is_made_anew: bool,
    body: Option<&'u [u8]>,
}

/// All records that units touch, by their keys.
fn touched<'u>(units: &[&'u Unit]) -> BTreeMap<&'u [u8], Touched<'u>> {
    let mut all = BTreeMap::new();
    for (index, unit) in units.iter().enumerate() {
        for operation in &unit.operations {
            let untouched = Touched { unit: index, is_made_anew: true, body: None };
            let touched = all.entry(operation.key().as_bytes()).or_insert(untouched);
            touched.is_made_anew &= touched.unit == index;
            match operation {
                Operation::Expect { version: None, .. } => {}
                Operation::Put { body, .. } => touched.body = Some(body),
                _ => touched.is_made_anew = false,
            }
        }
    }
    all
}

/// How the record of an operation has to be locked. What a unit expects to be absent and then
/// writes needs no lock: if it is there, the unit is refused; if it is not, there is nothing to
/// lock, and it is inserted.
fn lock_of(unit: &Unit, operation: &Operation) -> i16 {
    let expected_absent = unit.operations.iter().any(
        |other| matches!(other, Operation::Expect { key, version: None } if key == operation.key()),
    );
    match operation.writes() {
        _ if expected_absent => UNLOCKED,
        true => EXCLUSIVE,
        false => SHARED,
    }
}

/// A version as the server compares it: one that no record can have is -1 there.
fn expected(version: u64) -> i64 {
    i64::try_from(version).ok().filter(|version| *version > 0).unwrap_or(-1)
}

pub(crate) fn refused(operation: usize, reason: Reason, record: Option<Record>) -> Outcome {
    Outcome::Refused(Refused { operation, reason, record })
}
