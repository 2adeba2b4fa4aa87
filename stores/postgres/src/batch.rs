//! Units, applied by one call of the server's function `apply`.
//!
//! The function decides which units are applied. What each outcome says is worked out here, from
//! the records as the function found them, by [`Operation::decide`], so that this store says what
//! all stores say; that both decide alike is checked each time.

use std::collections::BTreeMap;

use postgres::Row;
use provkey::store::{
    Counter, Head, Operation, Outcome, Reason, Record, RecordKey, Refused, Unit, Value,
};

use crate::error::Failed;
use crate::record::Columns;
use crate::session::Session;

const APPLY: &str = "SELECT version_base, refused, there, versions, useds, used_maxes, last_ats,
    there_bodies FROM {schema}.apply($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12)";

const DIFFERS: Failed = Failed::Senseless("the server decided otherwise than this library");

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
    sent: Vec<&'u Unit>,
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

    fn slot(&self, key: &RecordKey) -> Option<usize> {
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

fn refused(operation: usize, reason: Reason, record: Option<Record>) -> Outcome {
    Outcome::Refused(Refused { operation, reason, record })
}

/// What the function told of a batch, and then each slot as the units leave it.
struct Told<'u> {
    version_base: u64,
    /// The numbers of the units that were refused, from 1, ascending.
    refused: Vec<i32>,
    heads: Vec<Option<Head>>,
    bodies: Vec<Body<'u>>,
}

#[derive(Clone)]
enum Body<'u> {
    /// Not told, for nobody needs it.
    Unknown,
    Found(Vec<u8>),
    Put(&'u [u8]),
}

impl<'u> Told<'u> {
    fn read(row: &Row, slots: usize) -> Result<Self, Failed> {
        let found: Vec<i32> = row.try_get(2)?;
        // Arrays to which nothing was added are null.
        let versions: Vec<i64> = row.try_get::<_, Option<_>>(3)?.unwrap_or_default();
        let numbers =
            |column| Ok::<_, Failed>(row.try_get::<_, Option<Vec<_>>>(column)?.unwrap_or_default());
        let useds: Vec<Option<i64>> = numbers(4)?;
        let used_maxes = numbers(5)?;
        let last_ats = numbers(6)?;
        let bodies: Option<Vec<Option<Vec<u8>>>> = row.try_get(7)?;
        let mut told = Self {
            version_base: row.try_get::<_, Option<i64>>(0)?.unwrap_or(0) as u64,
            refused: row.try_get(1)?,
            heads: vec![None; slots],
            bodies: vec![Body::Unknown; slots],
        };
        let bodies = bodies.unwrap_or_default().into_iter().chain(std::iter::repeat(None));
        let columns = versions.into_iter().zip(useds).zip(used_maxes.into_iter().zip(last_ats));
        for ((slot, columns), body) in found.into_iter().zip(columns).zip(bodies) {
            let ((version, used), (used_max, last_at_ms)) = columns;
            let slot = usize::try_from(slot - 1).unwrap_or(usize::MAX);
            let (Some(head), Some(known)) = (told.heads.get_mut(slot), told.bodies.get_mut(slot))
            else {
                return Err(DIFFERS);
            };
            *head = Some(Columns { version, used, used_max, last_at_ms }.head()?);
            *known = body.map_or(Body::Unknown, Body::Found);
        }
        Ok(told)
    }

    /// Decides each unit once more.
    fn outcomes(mut self, batch: &Batch<'u>) -> Result<Vec<Outcome>, Failed> {
        let mut refused_units = std::mem::take(&mut self.refused).into_iter().peekable();
        let mut outcomes = Vec::with_capacity(batch.sent.len());
        for (number, unit) in (1..).zip(&batch.sent) {
            let refused_there = refused_units.next_if_eq(&number).is_some();
            let version = self.version_base + number as u64 - 1;
            let outcome = self.outcome(batch, unit, version)?;
            if refused_there != matches!(outcome, Outcome::Refused(_)) {
                return Err(DIFFERS);
            }
            outcomes.push(outcome);
        }
        Ok(outcomes)
    }

    fn outcome(
        &mut self,
        batch: &Batch<'u>,
        unit: &'u Unit,
        version: u64,
    ) -> Result<Outcome, Failed> {
        let mut counters = Vec::with_capacity(unit.operations.len());
        for (index, operation) in unit.operations.iter().enumerate() {
            let slot = batch.slot(operation.key()).unwrap_or(usize::MAX);
            match operation.decide(self.heads.get(slot).copied().flatten()) {
                Ok(counter) => counters.push((operation, slot, counter)),
                Err(reason) => {
                    return Ok(refused(index, reason, self.record(operation.key(), slot)?));
                }
            }
        }
        for (operation, slot, counter) in &counters {
            self.write(operation, *slot, *counter, version);
        }
        Ok(Outcome::Applied(counters.into_iter().filter_map(|(_, _, counter)| counter).collect()))
    }

    fn write(
        &mut self,
        operation: &'u Operation,
        slot: usize,
        counter: Option<Counter>,
        version: u64,
    ) {
        let (Some(head), Some(known)) = (self.heads.get_mut(slot), self.bodies.get_mut(slot))
        else {
            return;
        };
        match operation {
            Operation::Put { body, .. } => {
                *head = Some(Head { version, counter: None });
                *known = Body::Put(body);
            }
            Operation::Delete { .. } => *head = None,
            _ if counter.is_some() => *head = Some(Head { version, counter }),
            _ => {}
        }
    }

    /// The record that stands in the way of a unit.
    fn record(&self, key: &RecordKey, slot: usize) -> Result<Option<Record>, Failed> {
        let Some(Head { version, counter }) = self.heads.get(slot).copied().flatten() else {
            return Ok(None);
        };
        let value = match (counter, self.bodies.get(slot)) {
            (Some(counter), _) => Value::Counter(counter),
            (None, Some(Body::Found(body))) => Value::Body(body.clone()),
            (None, Some(Body::Put(body))) => Value::Body(body.to_vec()),
            (None, _) => return Err(DIFFERS),
        };
        Ok(Some(Record { key: key.clone(), version, value }))
    }
}
