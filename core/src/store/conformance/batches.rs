//! Several units at once, and the limits of a request.

use std::format;
use std::string::{String, ToString};
use std::vec;
use std::vec::Vec;

use super::space::{Space, body, counter, same};
use crate::limits::{
    BATCH_UNITS_MAX, COUNT_MAX, GET_KEYS_MAX, RECORD_BODY_BYTES_MAX, SCAN_RECORDS_MAX,
    UNIT_OPERATIONS_MAX,
};
use crate::store::{
    Counter, FaultKind, Operation, Outcome, Reason, Refused, ScanRange, StoreError, Unit, Value,
};

pub(super) fn malformed_units(space: &Space<'_>) -> Result<(), String> {
    space.applied(vec![space.limit("c", None)?])?;
    let before = space.everything()?;
    let too_many = (0..=UNIT_OPERATIONS_MAX).map(|n| space.put(n.to_string(), ""));
    let malformed = [
        (UNIT_OPERATIONS_MAX, too_many.collect::<Result<Vec<_>, _>>()?),
        (0, vec![space.put("a", vec![0; RECORD_BODY_BYTES_MAX + 1])?]),
        (1, vec![space.put("a", "1")?, space.limit("d", COUNT_MAX + 1)?]),
        (1, vec![space.put("a", "1")?, space.count("c", 0, 1)?]),
        (1, vec![space.put("a", "1")?, space.count("c", 1, COUNT_MAX + 1)?]),
        (1, vec![space.put("a", "1")?, space.put("a", "1")?]),
        (2, vec![space.put("a", "1")?, space.put("b", "1")?, space.delete("a")?]),
        (1, vec![space.count("c", 1, 1)?, space.count("c", 1, 1)?]),
        (1, vec![space.limit("c", 5)?, space.count("c", 1, 1)?]),
    ];
    for (operation, unit) in malformed {
        space.refused(unit, operation, Reason::Malformed)?;
    }
    same("what malformed units left", &space.everything()?, &before)
}

pub(super) fn largest_units(space: &Space<'_>) -> Result<(), String> {
    let bytes: Vec<u8> = (0..=255).cycle().take(RECORD_BODY_BYTES_MAX).collect();
    let put = |n: usize| space.put(format!("{n:03}"), &bytes);
    space.applied((0..UNIT_OPERATIONS_MAX).map(put).collect::<Result<_, _>>()?)?;
    let records = space.everything()?;
    same("the number of records", &records.len(), &UNIT_OPERATIONS_MAX)?;
    for record in records {
        same("a largest body", &record.value, &Value::Body(bytes.clone()))?;
    }
    space.applied(vec![space.limit("c", COUNT_MAX)?])?;
    let counted = space.applied(vec![space.count("c", i64::MAX, COUNT_MAX)?])?;
    same("the largest counter", &counted, &vec![counter(COUNT_MAX, COUNT_MAX, COUNT_MAX)])
}

pub(super) fn later_units_see_earlier_ones(space: &Space<'_>) -> Result<(), String> {
    let outcomes = space.apply(&[
        Unit::new(vec![space.expect("a", None)?, space.put("a", "1")?]),
        Unit::new(vec![space.expect("a", None)?, space.put("a", "2")?]),
        Unit::new(vec![space.delete("a")?]),
        Unit::new(vec![space.expect("a", None)?, space.put("a", "3")?, space.limit("c", 1)?]),
        Unit::new(vec![space.count("c", 1, 1)?]),
        Unit::new(vec![space.expect_unused("c")?]),
        Unit::new(vec![space.limit("c", 2)?]),
        Unit::new(vec![space.count("c", 1, 2)?]),
    ])?;
    same(
        "the outcomes",
        &effects(&outcomes),
        &vec![
            Effect::Applied(vec![]),
            Effect::Refused(0, Reason::Exists, body("1")),
            Effect::Applied(vec![]),
            Effect::Applied(vec![counter(0, 1, None)]),
            Effect::Applied(vec![counter(1, 1, 1)]),
            Effect::Refused(0, Reason::InUse, Some(Value::Counter(counter(1, 1, 1)))),
            Effect::Applied(vec![counter(1, 2, 1)]),
            Effect::Applied(vec![counter(2, 2, 2)]),
        ],
    )?;
    space.is("a", body("3"))?;
    space.is("c", Some(Value::Counter(counter(2, 2, 2))))
}

pub(super) fn bad_unit_among_good_ones(space: &Space<'_>) -> Result<(), String> {
    space.applied(vec![space.put("there", "1")?, space.limit("full", 0)?])?;
    let outcomes = space.apply(&[
        Unit::new(vec![space.put("a", "1")?]),
        Unit::new(vec![space.put("x", "1")?, space.expect("there", None)?]),
        Unit::new(vec![space.put("b", "1")?]),
        Unit::new(vec![space.put("y", "1")?, space.put("y", "2")?]),
        Unit::new(vec![space.put("c", "1")?, space.count("full", 1, 1)?]),
        Unit::new(vec![space.put("d", "1")?, space.delete("there")?]),
    ])?;
    same(
        "the outcomes",
        &effects(&outcomes),
        &vec![
            Effect::Applied(vec![]),
            Effect::Refused(1, Reason::Exists, body("1")),
            Effect::Applied(vec![]),
            Effect::Refused(1, Reason::Malformed, None),
            Effect::Refused(1, Reason::LimitReached, Some(Value::Counter(counter(0, 0, None)))),
            Effect::Applied(vec![]),
        ],
    )?;
    let left: Vec<_> = space.everything()?.into_iter().map(|record| record.key).collect();
    let wanted = ["a", "b", "d", "full"].map(|name| space.key(name));
    same("what is there", &left, &wanted.into_iter().collect::<Result<_, _>>()?)
}

pub(super) fn hot_records_in_one_batch(space: &Space<'_>) -> Result<(), String> {
    space.applied(vec![space.limit("c", 3)?, space.put("key", "1")?])?;
    let key = space.version("key")?;
    let unit = |n: usize| {
        let insert = space.put(format!("{n}"), "")?;
        Ok(Unit::new(vec![space.expect("key", key)?, space.count("c", 1, n as u64)?, insert]))
    };
    let outcomes = space.apply(&(0..5).map(unit).collect::<Result<Vec<_>, String>>()?)?;
    let full = || Effect::Refused(1, Reason::LimitReached, Some(Value::Counter(counter(3, 3, 2))));
    same(
        "the outcomes",
        &effects(&outcomes),
        &vec![
            Effect::Applied(vec![counter(1, 3, 0)]),
            Effect::Applied(vec![counter(2, 3, 1)]),
            Effect::Applied(vec![counter(3, 3, 2)]),
            full(),
            full(),
        ],
    )?;
    // Counted, then deleted, then made anew, in one batch.
    let outcomes = space.apply(&[
        Unit::new(vec![space.count("c", -1, 9)?]),
        Unit::new(vec![space.delete("c")?]),
        Unit::new(vec![space.put("c", "a body")?]),
        Unit::new(vec![space.delete("c")?]),
        Unit::new(vec![space.limit("c", 7)?]),
        Unit::new(vec![space.count("c", 2, 4)?]),
    ])?;
    let applied = outcomes.iter().filter(|outcome| matches!(outcome, Outcome::Applied(_)));
    same("the number of units that were applied", &applied.count(), &6)?;
    space.is("c", Some(Value::Counter(counter(2, 7, 4))))
}

pub(super) fn largest_batch(space: &Space<'_>) -> Result<(), String> {
    same("the outcomes of no units", &space.apply(&[])?, &vec![])?;
    let put = |n| Ok(Unit::new(vec![space.put(format!("{n:03}"), format!("{n}"))?]));
    let units = (0..BATCH_UNITS_MAX).map(put).collect::<Result<Vec<_>, String>>()?;
    let wanted = vec![Outcome::Applied(vec![]); BATCH_UNITS_MAX];
    same("the outcomes", &space.apply(&units)?, &wanted)?;
    let bodies = space.everything()?.into_iter().map(|record| record.value);
    let wanted = (0..BATCH_UNITS_MAX).map(|n| Value::Body(format!("{n}").into_bytes()));
    same("what is there", &bodies.collect::<Vec<_>>(), &wanted.collect())
}

pub(super) fn too_large_requests(space: &Space<'_>) -> Result<(), String> {
    let unit = Unit::new(vec![space.put("a", "1")?]);
    let units = space.store.apply(&vec![unit; BATCH_UNITS_MAX + 1]).map(drop);
    let keys = space.store.get(&vec![space.key("a")?; GET_KEYS_MAX + 1]).map(drop);
    let range = ScanRange::prefix(space.prefix.clone());
    let records = space.store.scan(&range, SCAN_RECORDS_MAX + 1).map(drop);
    for (what, answer) in [("apply", units), ("get", keys), ("scan", records)] {
        let refused = matches!(&answer,
            Err(StoreError::NotApplied(fault)) if fault.kind == FaultKind::TooLarge);
        if !refused {
            return Err(format!("{what} beyond its limit was answered by {answer:?}"));
        }
    }
    space.is("a", None)?;
    let most = space.get_all(&vec![space.key("a")?; GET_KEYS_MAX])?;
    same("the number of records", &most.len(), &GET_KEYS_MAX)
}

/// A unit that is applied again is refused by its own record. This is how unknown outcomes settle.
pub(super) fn applied_again(space: &Space<'_>) -> Result<(), String> {
    space.applied(vec![space.limit("c", 9)?])?;
    let unit: Vec<Operation> = vec![
        space.expect("audit", None)?,
        space.count("c", 1, 1)?,
        space.put("audit", "the only one of its name")?,
    ];
    space.applied(unit.clone())?;
    space.refused(unit.clone(), 0, Reason::Exists)?;
    space.refused(unit, 0, Reason::Exists)?;
    space.is("c", Some(Value::Counter(counter(1, 9, 1))))
}

#[derive(Debug, PartialEq)]
enum Effect {
    Applied(Vec<Counter>),
    Refused(usize, Reason, Option<Value>),
}

/// Outcomes without the keys and versions of records.
fn effects(outcomes: &[Outcome]) -> Vec<Effect> {
    let effect = |outcome: &Outcome| match outcome.clone() {
        Outcome::Applied(counters) => Effect::Applied(counters),
        Outcome::Refused(Refused { operation, reason, record }) => {
            Effect::Refused(operation, reason, record.map(|record| record.value))
        }
    };
    outcomes.iter().map(effect).collect()
}
