//! Counters.

use std::string::String;
use std::vec;
use std::vec::Vec;

use super::space::{Space, body, counter, same};
use crate::limits::COUNT_MAX;
use crate::store::{Counter, Operation, Reason, Value};

fn is(space: &Space<'_>, name: &str, wanted: Counter) -> Result<(), String> {
    space.is(name, Some(Value::Counter(wanted)))
}

fn check(
    space: &Space<'_>,
    operation: Result<Operation, String>,
    wanted: Counter,
) -> Result<(), String> {
    let operation = operation?;
    let key = operation.key().clone();
    same("the counter in the outcome", &space.applied(vec![operation])?, &vec![wanted])?;
    let stored: Vec<_> = space.get_all(&[key])?.into_iter().flatten().collect();
    let stored: Vec<_> = stored.into_iter().map(|record| record.value).collect();
    same("the counter in the store", &stored, &vec![Value::Counter(wanted)])
}

pub(super) fn counts_up_to_the_limit(space: &Space<'_>) -> Result<(), String> {
    let reached = Reason::LimitReached;
    check(space, space.limit("c", 5), counter(0, 5, None))?;
    space.refused(vec![space.count("c", 6, 1)?], 0, reached)?;
    check(space, space.count("c", 1, 1), counter(1, 5, 1))?;
    check(space, space.count("c", 3, 2), counter(4, 5, 2))?;
    space.refused(vec![space.count("c", 2, 3)?], 0, reached)?;
    check(space, space.count("c", 1, 3), counter(5, 5, 3))?;
    space.refused(vec![space.count("c", 1, 4)?], 0, reached)?;
    space.refused(vec![space.count("c", i64::MAX, 4)?], 0, reached)?;
    is(space, "c", counter(5, 5, 3))?;
    check(space, space.limit("none", 0), counter(0, 0, None))?;
    space.refused(vec![space.count("none", 1, 1)?], 0, reached)
}

pub(super) fn counts_without_limit(space: &Space<'_>) -> Result<(), String> {
    check(space, space.limit("c", None), counter(0, None, None))?;
    check(space, space.count("c", 1, 1), counter(1, None, 1))?;
    check(space, space.count("c", i64::MAX - 1, 1), counter(COUNT_MAX, None, 1))?;
    space.refused(vec![space.count("c", 1, 2)?], 0, Reason::LimitReached)?;
    space.refused(vec![space.count("c", i64::MAX, 2)?], 0, Reason::LimitReached)?;
    check(space, space.count("c", -i64::MAX, 2), counter(0, None, 1))
}

pub(super) fn limit_changes(space: &Space<'_>) -> Result<(), String> {
    check(space, space.limit("c", 5), counter(0, 5, None))?;
    check(space, space.count("c", 4, 1), counter(4, 5, 1))?;
    check(space, space.limit("c", 2), counter(4, 2, 1))?;
    space.refused(vec![space.count("c", 1, 2)?], 0, Reason::LimitReached)?;
    check(space, space.count("c", -1, 2), counter(3, 2, 1))?;
    space.refused(vec![space.count("c", 1, 2)?], 0, Reason::LimitReached)?;
    check(space, space.limit("c", 4), counter(3, 4, 1))?;
    check(space, space.count("c", 1, 3), counter(4, 4, 3))?;
    check(space, space.limit("c", None), counter(4, None, 3))?;
    check(space, space.count("c", 10, 4), counter(14, None, 4))?;
    check(space, space.limit("c", 0), counter(14, 0, 4))?;
    space.refused(vec![space.count("c", 1, 5)?], 0, Reason::LimitReached)?;
    check(space, space.limit("c", COUNT_MAX), counter(14, COUNT_MAX, 4))
}

pub(super) fn releases(space: &Space<'_>) -> Result<(), String> {
    check(space, space.limit("c", 5), counter(0, 5, None))?;
    space.refused(vec![space.count("c", -1, 1)?], 0, Reason::BelowZero)?;
    check(space, space.count("c", 3, 7), counter(3, 5, 7))?;
    space.refused(vec![space.count("c", -4, 8)?], 0, Reason::BelowZero)?;
    space.refused(vec![space.count("c", i64::MIN, 8)?], 0, Reason::BelowZero)?;
    check(space, space.count("c", -2, 8), counter(1, 5, 7))?;
    check(space, space.count("c", -1, 9), counter(0, 5, 7))?;
    space.refused(vec![space.count("c", -1, 9)?], 0, Reason::BelowZero)?;
    check(space, space.count("c", 5, 8), counter(5, 5, 8))
}

pub(super) fn last_moment(space: &Space<'_>) -> Result<(), String> {
    check(space, space.limit("c", 9), counter(0, 9, None))?;
    check(space, space.count("c", 1, 0), counter(1, 9, 0))?;
    check(space, space.count("c", 1, 50), counter(2, 9, 50))?;
    check(space, space.count("c", 1, 49), counter(3, 9, 50))?;
    check(space, space.count("c", -1, 99), counter(2, 9, 50))?;
    check(space, space.count("c", 1, COUNT_MAX), counter(3, 9, COUNT_MAX))
}

pub(super) fn unused_counters(space: &Space<'_>) -> Result<(), String> {
    space.refused(vec![space.expect_unused("c")?], 0, Reason::Absent)?;
    space.applied(vec![space.limit("c", 9)?])?;
    space.applied(vec![space.expect_unused("c")?])?;
    space.applied(vec![space.count("c", 1, 1)?])?;
    let unit = vec![space.delete("c")?, space.expect_unused("c")?];
    space.refused(unit.clone(), 1, Reason::InUse)?;
    is(space, "c", counter(1, 9, 1))?;
    // It matters what is in use now, not what has been.
    space.applied(vec![space.count("c", -1, 1)?])?;
    space.applied(unit)?;
    space.is("c", None)
}

pub(super) fn missing_counters(space: &Space<'_>) -> Result<(), String> {
    for by in [1, -1] {
        let unit = vec![space.put("a", "1")?, space.count("c", by, 1)?];
        space.refused(unit, 1, Reason::Absent)?;
    }
    space.is("a", None)?;
    space.is("c", None)
}

pub(super) fn versions_of_counters(space: &Space<'_>) -> Result<(), String> {
    space.applied(vec![space.limit("c", 9)?])?;
    let mut seen = vec![space.version("c")?];
    for change in [
        space.count("c", 1, 5)?,
        space.count("c", 1, 5)?,
        space.count("c", -1, 5)?,
        space.limit("c", 8)?,
        space.limit("c", 8)?,
    ] {
        let version = space.version("c")?;
        space.applied(vec![space.expect("c", version)?, change.clone()])?;
        let stale = vec![change, space.expect("c", version)?];
        space.refused(stale, 1, Reason::Changed)?;
        let known = seen.contains(&space.version("c")?);
        same("whether a version came back", &known, &false)?;
        seen.push(space.version("c")?);
    }
    Ok(())
}

pub(super) fn several_counters(space: &Space<'_>) -> Result<(), String> {
    space.applied(vec![space.limit("b", 9)?, space.limit("a", 8)?])?;
    let counters = space.applied(vec![
        space.put("x", "1")?,
        space.count("b", 2, 5)?,
        space.expect("y", None)?,
        space.limit("c", 7)?,
        space.delete("z")?,
        space.count("a", 1, 5)?,
    ])?;
    let wanted = vec![counter(2, 9, 5), counter(0, 7, None), counter(1, 8, 5)];
    same("the counters, in the order of the operations", &counters, &wanted)?;
    // If one may not count, none does.
    let unit = vec![space.count("a", 1, 6)?, space.count("b", 8, 6)?, space.count("c", 1, 6)?];
    space.refused(unit, 1, Reason::LimitReached)?;
    is(space, "a", counter(1, 8, 5))?;
    is(space, "b", counter(2, 9, 5))?;
    is(space, "c", counter(0, 7, None))
}

pub(super) fn new_counter_of_old_name(space: &Space<'_>) -> Result<(), String> {
    space.applied(vec![space.limit("c", 9)?])?;
    space.applied(vec![space.count("c", 5, 5)?])?;
    space.applied(vec![space.delete("c")?])?;
    space.applied(vec![space.limit("c", None)?])?;
    is(space, "c", counter(0, None, None))?;
    space.applied(vec![space.delete("c")?])?;
    space.applied(vec![space.put("c", "a body")?])?;
    space.is("c", body("a body"))
}
