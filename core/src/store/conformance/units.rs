//! Single units.

use std::string::String;
use std::vec;
use std::vec::Vec;

use super::space::{Space, body, counter, same};
use crate::store::{Reason, Record, Value};

pub(super) fn get_answers_in_order(space: &Space<'_>) -> Result<(), String> {
    space.applied(vec![space.put("a", "1")?, space.put("b", "2")?, space.limit("c", 3)?])?;
    let names = ["b", "nothing", "a", "b", "c"];
    let keys = names.iter().map(|name| space.key(name)).collect::<Result<Vec<_>, _>>()?;
    let values: Vec<_> =
        space.get_all(&keys)?.into_iter().map(|record| Some(record?.value)).collect();
    let counter = Some(Value::Counter(counter(0, 3, None)));
    same("what was got", &values, &vec![body("2"), None, body("1"), body("2"), counter])?;
    same("what was got for no keys", &space.get_all(&[])?, &vec![])
}

pub(super) fn put_and_delete(space: &Space<'_>) -> Result<(), String> {
    space.is("a", None)?;
    space.applied(vec![space.put("a", "1")?])?;
    space.is("a", body("1"))?;
    space.applied(vec![space.put("a", "")?])?;
    space.is("a", body(""))?;
    space.applied(vec![space.put("a", "a longer one")?, space.put("b", "2")?])?;
    space.is("a", body("a longer one"))?;
    space.applied(vec![space.delete("a")?])?;
    space.is("a", None)?;
    space.is("b", body("2"))?;
    same("deleting what is not there", &space.applied(vec![space.delete("a")?])?, &vec![])?;
    same("an empty unit", &space.applied(vec![])?, &vec![])
}

pub(super) fn versions_are_never_reused(space: &Space<'_>) -> Result<(), String> {
    let mut seen = Vec::new();
    let mut note = || {
        let version = space.version("a")?;
        let known = seen.contains(&version);
        seen.push(version);
        same("whether a version came back", &known, &false)
    };
    for _ in 0..3 {
        space.applied(vec![space.put("a", "1")?])?;
        note()?;
        space.applied(vec![space.put("a", "1")?])?;
        note()?;
        space.applied(vec![space.delete("a")?])?;
        space.applied(vec![space.limit("a", 9)?])?;
        note()?;
        space.applied(vec![space.delete("a")?])?;
        space.applied(vec![space.put("b", "1")?, space.put("c", "1")?])?;
    }
    for version in seen {
        space.refused(vec![space.expect("a", version)?], 0, Reason::Absent)?;
    }
    Ok(())
}

pub(super) fn only_changes_change_versions(space: &Space<'_>) -> Result<(), String> {
    space.applied(vec![space.put("a", "1")?, space.limit("c", 9)?])?;
    let (a, c) = (space.get("a")?, space.get("c")?);
    space.applied(vec![space.put("b", "2")?, space.limit("d", 9)?])?;
    space.applied(vec![space.expect("a", space.version("a")?)?, space.expect_unused("c")?])?;
    space.refused(vec![space.put("a", "3")?, space.expect("a", None)?], 1, Reason::Exists)?;
    same("a record that nothing changed", &space.get("a")?, &a)?;
    same("a counter that nothing changed", &space.get("c")?, &c)
}

pub(super) fn units_are_atomic(space: &Space<'_>) -> Result<(), String> {
    space.applied(vec![
        space.put("changed", "1")?,
        space.put("deleted", "1")?,
        space.limit("counted", 5)?,
        space.limit("limited", 5)?,
    ])?;
    let before = space.everything()?;
    let unit = vec![
        space.put("new", "1")?,
        space.put("changed", "2")?,
        space.delete("deleted")?,
        space.count("counted", 1, 1)?,
        space.limit("limited", 6)?,
        space.limit("new counter", 6)?,
        space.expect("deleted", None)?,
    ];
    space.refused(unit.clone(), 6, Reason::Exists)?;
    same("what a refused unit left", &space.everything()?, &before)?;
    let mut turned = unit;
    turned.rotate_right(1);
    space.refused(turned, 0, Reason::Exists)?;
    same("what a refused unit left", &space.everything()?, &before)
}

pub(super) fn checks_come_before_writes(space: &Space<'_>) -> Result<(), String> {
    space.applied(vec![space.put("a", "1")?, space.expect("a", None)?])?;
    let version = space.version("a")?;
    space.applied(vec![space.delete("a")?, space.expect("a", version)?])?;
    space.is("a", None)?;
    space.refused(vec![space.put("a", "2")?, space.expect("a", version)?], 1, Reason::Absent)?;

    space.applied(vec![space.limit("c", 9)?, space.expect("c", None)?])?;
    let version = space.version("c")?;
    space.applied(vec![
        space.count("c", 1, 1)?,
        space.expect("c", version)?,
        space.expect_unused("c")?,
    ])?;
    let unit = vec![space.count("c", -1, 1)?, space.expect_unused("c")?];
    space.refused(unit, 1, Reason::InUse)?;
    let unit = vec![space.limit("d", 9)?, space.expect_unused("d")?];
    space.refused(unit, 1, Reason::Absent)?;
    space.applied(vec![space.delete("c")?, space.expect("c", space.version("c")?)?])?;
    space.is("c", None)
}

pub(super) fn expectations(space: &Space<'_>) -> Result<(), String> {
    space.applied(vec![space.expect("a", None)?])?;
    space.refused(vec![space.expect("a", 0)?], 0, Reason::Absent)?;
    space.refused(vec![space.expect("a", 1)?], 0, Reason::Absent)?;
    space.applied(vec![space.put("a", "1")?, space.limit("c", 9)?])?;
    for name in ["a", "c"] {
        let version = space.version(name)?;
        space.applied(vec![space.expect(name, version)?])?;
        space.refused(vec![space.expect(name, None)?], 0, Reason::Exists)?;
        for other in [version.wrapping_add(1), version.wrapping_sub(1), u64::MAX, 1 << 63] {
            if other != version {
                space.refused(vec![space.expect(name, other)?], 0, Reason::Changed)?;
            }
        }
        space.applied(vec![space.delete(name)?])?;
        space.refused(vec![space.expect(name, version)?], 0, Reason::Absent)?;
        space.applied(vec![space.expect(name, None)?])?;
    }
    Ok(())
}

pub(super) fn first_failure_is_named(space: &Space<'_>) -> Result<(), String> {
    space.applied(vec![space.put("a", "1")?, space.put("b", "2")?, space.limit("c", 0)?])?;
    let good = space.expect("a", space.version("a")?)?;
    let exists = space.expect("b", None)?;
    let reached = space.count("c", 1, 1)?;
    let absent = space.expect_unused("d")?;
    let unit = vec![good.clone(), exists.clone(), reached.clone(), absent.clone()];
    space.refused(unit, 1, Reason::Exists)?;
    let unit = vec![good.clone(), reached.clone(), exists.clone(), absent.clone()];
    space.refused(unit, 1, Reason::LimitReached)?;
    space.refused(vec![absent.clone(), good.clone(), exists.clone()], 0, Reason::Absent)?;
    // The form is looked at first.
    let unit = vec![exists, reached, absent, space.put("e", "")?, space.put("e", "")?];
    space.refused(unit, 4, Reason::Malformed)
}

pub(super) fn wrong_kinds(space: &Space<'_>) -> Result<(), String> {
    space.applied(vec![space.put("body", "1")?, space.limit("counter", 9)?])?;
    let before: Vec<Record> = space.everything()?;
    for operation in [
        space.put("counter", "1")?,
        space.count("body", 1, 1)?,
        space.count("body", -1, 1)?,
        space.limit("body", 9)?,
        space.limit("body", None)?,
        space.expect_unused("body")?,
    ] {
        let unit = vec![space.put("other", "1")?, operation];
        space.refused(unit, 1, Reason::WrongKind)?;
    }
    same("what refused units left", &space.everything()?, &before)?;
    // A key may change its kind with its record.
    space.applied(vec![space.delete("body")?, space.delete("counter")?])?;
    space.applied(vec![space.limit("body", 9)?, space.put("counter", "1")?])?;
    space.is("body", Some(Value::Counter(counter(0, 9, None))))?;
    space.is("counter", body("1"))
}
