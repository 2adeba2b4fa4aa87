//! Scans, compared with their definition.

use std::format;
use std::string::String;
use std::vec;
use std::vec::Vec;

use super::space::{Space, counter, same};
use crate::limits::SCAN_RECORDS_MAX;
use crate::store::{Record, RecordKey, ScanRange, Unit, Value};

const NAMES: &[&[u8]] = &[
    b"a",
    b"a\0",
    b"a\0\0",
    b"a/",
    b"a/1",
    b"a/2",
    b"a/\xff",
    b"a/\xff\xff",
    b"a/\xff\xff\x01",
    b"a0",
    b"b",
    b"\xc3\xa9",
    b"\xff",
    b"\xff\xff",
    b"\xff\xff\xff",
];

const AFTERS: &[Option<&[u8]>] = &[
    None,
    Some(b""),
    Some(b"\0"),
    Some(b"a"),
    Some(b"a/"),
    Some(b"a/15"),
    Some(b"a/2"),
    Some(b"a/\xff\xff"),
    Some(b"aa"),
    Some(b"\xff"),
    Some(b"\xff\xff\xff"),
    Some(b"\xff\xff\xff\xff"),
];

fn fill(space: &Space<'_>) -> Result<(), String> {
    let put = NAMES.iter().map(|name| space.put(name, name)).collect::<Result<_, _>>()?;
    space.applied(put).map(drop)
}

/// What a scan must return, by its definition.
fn defined(all: &[Record], range: &ScanRange, limit: usize) -> Vec<Record> {
    let beyond = |key: &RecordKey| match &range.after {
        None => true,
        Some(after) if range.reverse => key < after,
        Some(after) => key > after,
    };
    let within = |record: &&Record| record.key.as_bytes().starts_with(&range.prefix);
    let mut found: Vec<Record> =
        all.iter().filter(within).filter(|record| beyond(&record.key)).cloned().collect();
    found.sort_by(|one, other| one.key.cmp(&other.key));
    if range.reverse {
        found.reverse();
    }
    found.truncate(limit);
    found
}

pub(super) fn scans_of_every_range(space: &Space<'_>) -> Result<(), String> {
    fill(space)?;
    let keys = NAMES.iter().map(|name| space.key(name)).collect::<Result<Vec<_>, _>>()?;
    let all: Vec<Record> = space.get_all(&keys)?.into_iter().flatten().collect();
    same("the number of records", &all.len(), &NAMES.len())?;
    let prefixes: [&[u8]; 8] =
        [b"", b"a", b"a/", b"a/\xff", b"\xff", b"\xff\xff\xff", b"a/1/2", b"c"];
    for prefix in prefixes {
        for after in AFTERS {
            for reverse in [false, true] {
                let range = ScanRange {
                    prefix: [&space.prefix, prefix].concat(),
                    after: after.map(|after| space.key(after)).transpose()?,
                    reverse,
                };
                for limit in [0, 1, 3, SCAN_RECORDS_MAX] {
                    let what = format!("a scan of {range:?} with limit {limit}");
                    let found = space.scan(&range, limit)?;
                    same(&what, &found, &defined(&all, &range, limit))?;
                }
            }
        }
    }
    Ok(())
}

/// Without a prefix a scan also returns records of others, about which the check knows nothing.
pub(super) fn scans_of_everything(space: &Space<'_>) -> Result<(), String> {
    fill(space)?;
    let own = space.everything()?;
    let mut turned = own.clone();
    turned.reverse();
    for (reverse, wanted, outside) in [(false, own, &b""[..]), (true, turned, b"\xff\xff\xff\xff")]
    {
        let after = Some(space.key(outside)?);
        let range = ScanRange { prefix: Vec::new(), after, reverse };
        same("a scan without a prefix", &space.scan(&range, NAMES.len())?, &wanted)?;
        let all = space.scan(&ScanRange { after: None, ..range }, SCAN_RECORDS_MAX)?;
        let sorted = all.windows(2).all(|pair| match pair {
            [one, next] if reverse => one.key > next.key,
            [one, next] => one.key < next.key,
            _ => true,
        });
        same("whether a scan of everything is in order", &sorted, &true)?;
        same("whether a scan of everything is empty", &all.is_empty(), &false)?;
    }
    Ok(())
}

pub(super) fn scans_read_whole_records(space: &Space<'_>) -> Result<(), String> {
    space.applied(vec![space.put("a", "1")?, space.limit("b", 3)?, space.limit("c", None)?])?;
    space.applied(vec![space.count("b", 2, 7)?])?;
    let keys = ["a", "b", "c"].map(|name| space.key(name));
    let got = space.get_all(&keys.into_iter().collect::<Result<Vec<_>, _>>()?)?;
    let scanned = space.everything()?;
    same("what is scanned, and what is got", &scanned, &got.into_iter().flatten().collect())?;
    let values: Vec<Value> = scanned.into_iter().map(|record| record.value).collect();
    same(
        "the values",
        &values,
        &vec![
            Value::Body(b"1".to_vec()),
            Value::Counter(counter(2, 3, 7)),
            Value::Counter(counter(0, None, None)),
        ],
    )
}

pub(super) fn paging(space: &Space<'_>) -> Result<(), String> {
    fill(space)?;
    for reverse in [false, true] {
        let mut range = ScanRange { reverse, ..ScanRange::prefix(space.prefix.clone()) };
        let wanted = space.scan(&range, SCAN_RECORDS_MAX)?;
        same("the number of records", &wanted.len(), &NAMES.len())?;
        for size in [1, 2, 4, NAMES.len()] {
            range.after = None;
            let mut read = Vec::new();
            // The last page is the first that is not full.
            for _ in 0..=NAMES.len() {
                let page = space.scan(&range, size)?;
                let last = page.len() < size;
                range.after = page.last().map(|record| record.key.clone());
                read.extend(page);
                if last {
                    break;
                }
            }
            same("all pages together", &read, &wanted)?;
        }
    }
    // A page continues behind a record that was deleted.
    space.applied(vec![space.delete("a/1")?])?;
    let after = Some(space.key("a/1")?);
    let range = ScanRange { prefix: space.prefix.clone(), after, reverse: false };
    let next = space.scan(&range, 1)?.pop().map(|record| record.key);
    same("the record behind a deleted one", &next, &Some(space.key("a/2")?))
}

pub(super) fn largest_scan(space: &Space<'_>) -> Result<(), String> {
    let count = SCAN_RECORDS_MAX + 1;
    let name = |n: usize| format!("{n:05}");
    let puts = (0..count).map(|n| space.put(name(n), "")).collect::<Result<Vec<_>, _>>()?;
    let units: Vec<Unit> = puts.chunks(64).map(|puts| Unit::new(puts.to_vec())).collect();
    space.apply(&units)?;
    for reverse in [false, true] {
        let range = ScanRange { reverse, ..ScanRange::prefix(space.prefix.clone()) };
        let keys: Vec<RecordKey> =
            space.scan(&range, SCAN_RECORDS_MAX)?.into_iter().map(|record| record.key).collect();
        let order = |n: usize| if reverse { count - 1 - n } else { n };
        let wanted = (0..SCAN_RECORDS_MAX).map(|n| space.key(name(order(n))));
        same("the largest scan", &keys, &wanted.collect::<Result<_, _>>()?)?;
    }
    Ok(())
}
