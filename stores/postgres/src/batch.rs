//! A batch of units, encoded as the arguments of the function `apply` in `schema/apply.sql`.

use std::collections::BTreeMap;

use provkey::store::{Operation, RecordKey, Unit};

/// Whether new records are read before they are inserted.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(crate) enum Mode {
    /// New records are only inserted, which fails as a conflict if one exists or a unit is
    /// refused. Nearly always, neither is the case.
    Optimistic,
    /// Every record is read first.
    Checked,
}

/// The units that are sent, and the arguments that encode them.
#[derive(Default)]
pub(crate) struct Batch<'u> {
    /// The well-formed units.
    pub(crate) sent: Vec<&'u Unit>,
    /// The slot of each record that is read, by its key.
    pub(crate) slot_of: BTreeMap<&'u [u8], usize>,
    pub(crate) locks: Vec<i16>,
    pub(crate) unit_ends: Vec<i32>,
    pub(crate) kinds: Vec<i16>,
    pub(crate) slots: Vec<i32>,
    pub(crate) numbers: Vec<Option<i64>>,
    pub(crate) moments: Vec<i64>,
    pub(crate) bodies: Vec<&'u [u8]>,
    pub(crate) new_keys: Vec<&'u [u8]>,
    pub(crate) new_units: Vec<i32>,
    pub(crate) new_bodies: Vec<Option<&'u [u8]>>,
    pub(crate) guards: Vec<&'u [u8]>,
}

const UNLOCKED: i16 = 0;
const SHARED: i16 = 1;
const EXCLUSIVE: i16 = 2;

impl<'u> Batch<'u> {
    pub(crate) fn new(units: &'u [Unit], mode: Mode) -> Self {
        let sent = units.iter().filter(|unit| unit.check_form().is_ok()).collect();
        let mut batch = Self { sent, ..Self::default() };
        for (key, touched) in touched(&batch.sent) {
            match (mode, touched.is_new) {
                (Mode::Optimistic, true) => batch.add_new(key, &touched),
                _ => drop(batch.slot_of.insert(key, batch.slot_of.len())),
            }
        }
        batch.locks = vec![UNLOCKED; batch.slot_of.len()];
        for unit in batch.sent.clone() {
            batch.add(unit);
        }
        batch
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
}

/// How a batch touches one record.
struct Touched<'u> {
    /// The index of the first unit that touches it.
    unit: usize,
    /// Only one unit touches it, and only expects it to be absent or puts a body.
    is_new: bool,
    body: Option<&'u [u8]>,
}

/// The records that the units touch, by their keys.
fn touched<'u>(units: &[&'u Unit]) -> BTreeMap<&'u [u8], Touched<'u>> {
    let mut all = BTreeMap::new();
    for (index, unit) in units.iter().enumerate() {
        for operation in &unit.operations {
            let untouched = Touched { unit: index, is_new: true, body: None };
            let touched = all.entry(operation.key().as_bytes()).or_insert(untouched);
            touched.is_new &= touched.unit == index;
            match operation {
                Operation::Expect { version: None, .. } => {}
                Operation::Put { body, .. } => touched.body = Some(body),
                _ => touched.is_new = false,
            }
        }
    }
    all
}

/// The lock that an operation needs. A record that its unit expects to be absent needs none: if it
/// exists, the unit is refused; otherwise there is nothing to lock.
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

/// A version as the server compares it. One that no record can have becomes -1.
fn expected(version: u64) -> i64 {
    i64::try_from(version).ok().filter(|version| *version > 0).unwrap_or(-1)
}
