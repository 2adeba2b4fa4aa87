//! Many threads at once.

use std::format;
use std::string::String;
use std::sync::atomic::{AtomicBool, Ordering};
use std::thread;
use std::vec;
use std::vec::Vec;

use super::space::{Space, counter, same};
use crate::store::{Outcome, Record, ScanRange, Unit, Value};

const THREADS: usize = 8;

/// Runs `work` on each thread, with the number of the thread, and collects the results.
fn on_threads<T: Send>(
    work: impl Fn(usize) -> Result<Vec<T>, String> + Sync,
) -> Result<Vec<T>, String> {
    let work = &work;
    let answers: Vec<_> = thread::scope(|scope| {
        let threads: Vec<_> = (0..THREADS).map(|n| scope.spawn(move || work(n))).collect();
        threads.into_iter().map(thread::ScopedJoinHandle::join).collect()
    });
    let mut all = Vec::new();
    for answer in answers {
        all.extend(answer.map_err(|_| String::from("the store panicked"))??);
    }
    Ok(all)
}

/// More tries than the limit allows, alone and in batches: each value is counted once.
pub(super) fn on_one_counter(space: &Space<'_>) -> Result<(), String> {
    const LIMIT: u64 = 50;
    space.applied(vec![space.limit("c", LIMIT)?])?;
    let mut counted: Vec<u64> = on_threads(|thread| {
        let mut counted = Vec::new();
        for (batch, size) in [1, 2, 5, 1, 3].into_iter().enumerate() {
            let unit = |n| {
                let winner = space.put(format!("{thread} {batch} {n}"), "")?;
                Ok(Unit::new(vec![space.count("c", 1, 1)?, winner]))
            };
            for outcome in space.apply(&(0..size).map(unit).collect::<Result<Vec<_>, String>>()?)? {
                match outcome {
                    Outcome::Applied(counters) => {
                        counted.extend(counters.into_iter().map(|counter| counter.used));
                    }
                    Outcome::Refused(_) => {}
                }
            }
        }
        Ok(counted)
    })?;
    counted.sort_unstable();
    same("what was counted", &counted, &(1..=LIMIT).collect())?;
    space.is("c", Some(Value::Counter(counter(LIMIT, LIMIT, 1))))?;
    same("the number of records", &space.everything()?.len(), &(LIMIT as usize + 1))
}

/// All threads insert the same records: each record has one winner.
pub(super) fn on_one_key(space: &Space<'_>) -> Result<(), String> {
    const KEYS: usize = 12;
    let mut won: Vec<(String, usize)> = on_threads(|thread| {
        let mut won = Vec::new();
        for n in 0..KEYS {
            let name = format!("{n:02}");
            let insert =
                vec![space.expect(&name, None)?, space.put(&name, format!("{name} {thread}"))?];
            if let Outcome::Applied(_) = space.apply_one(insert)? {
                won.push((name, thread));
            }
        }
        Ok(won)
    })?;
    won.sort();
    let wins =
        won.iter().map(|(name, thread)| Value::Body(format!("{name} {thread}").into_bytes()));
    let values: Vec<_> = space.everything()?.into_iter().map(|record| record.value).collect();
    same("the records of the winners", &values, &wins.collect())?;
    same("the number of winners", &won.len(), &KEYS)
}

/// One thread repeatedly writes the same body to two records in one unit. The others never see them
/// differ.
pub(super) fn see_whole_units(space: &Space<'_>) -> Result<(), String> {
    const NAMES: [&str; 2] = ["first", "last"];
    let write = |n: usize| {
        let puts = NAMES.map(|name| space.put(name, format!("{n}")));
        Ok::<_, String>(Unit::new(puts.into_iter().collect::<Result<_, _>>()?))
    };
    let keys = NAMES.map(|name| space.key(name)).into_iter().collect::<Result<Vec<_>, _>>()?;
    let look = || {
        let got: Vec<Record> = space.get_all(&keys)?.into_iter().flatten().collect();
        alike("got", &got)?;
        let range = ScanRange::prefix(space.prefix.clone());
        alike("scanned", &space.scan(&range, NAMES.len())?)
    };
    space.apply(&[write(0)?])?;
    let written = AtomicBool::new(false);
    on_threads(|thread| {
        if thread > 0 {
            while !written.load(Ordering::Acquire) {
                look()?;
            }
            return look().map(|()| Vec::<()>::new());
        }
        let batches = (1..=40).try_for_each(|n| {
            let units = (0..n % 4 + 1).map(|unit| write(n * 4 + unit));
            space.apply(&units.collect::<Result<Vec<_>, _>>()?).map(drop)
        });
        written.store(true, Ordering::Release);
        batches.map(|()| Vec::new())
    })
    .map(drop)
}

fn alike(how: &str, records: &[Record]) -> Result<(), String> {
    let [first, last] = records else {
        return Err(format!("{} records were {how}, of two", records.len()));
    };
    same(&format!("what was {how} of the last record"), &last.value, &first.value)
}
