//! Stores that are each broken in one way, to show that each check can fail.

use std::collections::{BTreeMap, BTreeSet};
use std::string::String;
use std::sync::{Arc, Mutex};
use std::thread;
use std::time::Duration;
use std::vec::Vec;

use super::{CHECKS, check_all, check_reopened, failures};
use crate::limits::{BATCH_UNITS_MAX, GET_KEYS_MAX, SCAN_RECORDS_MAX};
use crate::store::{
    Counter, Head, Memory, Operation, Outcome, Reason, Record, RecordKey, Refused, ScanRange,
    Store, StoreError, Unit, Value,
};

#[derive(Clone, Copy, Debug, PartialEq)]
enum Fault {
    None,
    AnswersByKey,
    EmptyBodyIsAbsent,
    VersionsStartAnew,
    OneVersionForAll,
    NotAtomic,
    ChecksSeeWrites,
    AnyVersionWillDo,
    NamesLastFailure,
    HidesRecord,
    PutsOverCounters,
    TakesAnyForm,
    CutsBodies,
    UnitsDoNotSeeUnits,
    OneForAll,
    LosesCounts,
    LosesLastUnit,
    TakesAnySize,
    PutsOverExpectedAbsent,
    TextKeys,
    ShortKeys,
    LimitIsOneMore,
    NoLimitIsNone,
    LimitResetsUsed,
    LimitStaysAboveUsed,
    StopsAtZero,
    MomentGoesBack,
    OnceUsedIsUsed,
    CountMakesCounter,
    CountKeepsVersion,
    CountersByKey,
    CountersComeBack,
    ScanTakesAfter,
    ScanLosesLastPrefix,
    ScanIgnoresReverse,
    ScanNeedsPrefix,
    ScanWithoutCounters,
    ScanPagesShort,
    ScanCutShort,
    DecidesThenWrites,
    ReadsOneByOne,
}

/// Each fault, and a check that must find it.
const FOUND: &[(Fault, &str)] = &[
    (Fault::AnswersByKey, "get_answers_in_order"),
    (Fault::EmptyBodyIsAbsent, "put_and_delete"),
    (Fault::VersionsStartAnew, "versions_are_never_reused"),
    (Fault::OneVersionForAll, "only_changes_change_versions"),
    (Fault::NotAtomic, "units_are_atomic"),
    (Fault::ChecksSeeWrites, "checks_come_before_writes"),
    (Fault::AnyVersionWillDo, "expectations"),
    (Fault::NamesLastFailure, "first_failure_is_named"),
    (Fault::HidesRecord, "first_failure_is_named"),
    (Fault::PutsOverCounters, "wrong_kinds"),
    (Fault::TakesAnyForm, "malformed_units"),
    (Fault::CutsBodies, "largest_units"),
    (Fault::UnitsDoNotSeeUnits, "later_units_see_earlier_ones"),
    (Fault::OneForAll, "bad_unit_among_good_ones"),
    (Fault::LosesCounts, "hot_records_in_one_batch"),
    (Fault::LosesLastUnit, "largest_batch"),
    (Fault::TakesAnySize, "too_large_requests"),
    (Fault::PutsOverExpectedAbsent, "applied_again"),
    (Fault::TextKeys, "any_bytes"),
    (Fault::ShortKeys, "longest_keys"),
    (Fault::LimitIsOneMore, "counts_up_to_the_limit"),
    (Fault::NoLimitIsNone, "counts_without_limit"),
    (Fault::LimitResetsUsed, "limit_changes"),
    (Fault::LimitStaysAboveUsed, "limit_changes"),
    (Fault::StopsAtZero, "releases"),
    (Fault::MomentGoesBack, "last_moment"),
    (Fault::OnceUsedIsUsed, "unused_counters"),
    (Fault::CountMakesCounter, "missing_counters"),
    (Fault::CountKeepsVersion, "versions_of_counters"),
    (Fault::CountersByKey, "several_counters"),
    (Fault::CountersComeBack, "new_counter_of_old_name"),
    (Fault::ScanTakesAfter, "scans_of_every_range"),
    (Fault::ScanLosesLastPrefix, "scans_of_every_range"),
    (Fault::ScanIgnoresReverse, "scans_of_every_range"),
    (Fault::ScanNeedsPrefix, "scans_of_everything"),
    (Fault::ScanWithoutCounters, "scans_read_whole_records"),
    (Fault::ScanPagesShort, "paging"),
    (Fault::ScanCutShort, "largest_scan"),
    (Fault::DecidesThenWrites, "threads_on_one_counter"),
    (Fault::DecidesThenWrites, "threads_on_one_key"),
    (Fault::ReadsOneByOne, "threads_see_whole_units"),
];

struct Broken {
    fault: Fault,
    state: Mutex<State>,
}

#[derive(Clone, Default)]
struct State {
    records: BTreeMap<RecordKey, Arc<Record>>,
    deleted: BTreeMap<RecordKey, Arc<Record>>,
    sequence: u64,
}

impl Broken {
    fn new(fault: Fault) -> Self {
        Self { fault, state: Mutex::default() }
    }

    fn is(&self, fault: Fault) -> bool {
        self.fault == fault
    }

    fn check_size(&self, size: usize, size_max: usize) -> Result<(), StoreError> {
        let size_max = if self.is(Fault::TakesAnySize) { usize::MAX } else { size_max };
        StoreError::check_size("things", size, size_max)
    }

    fn key(&self, key: &RecordKey) -> RecordKey {
        let bytes = match self.fault {
            Fault::TextKeys => String::from_utf8_lossy(key.as_bytes()).into_owned().into_bytes(),
            Fault::ShortKeys => key.as_bytes().iter().take(500).copied().collect(),
            _ => return key.clone(),
        };
        RecordKey::new(bytes).unwrap()
    }

    fn shown(&self, record: &Record, state: &State) -> Record {
        match self.fault {
            Fault::OneVersionForAll => Record { version: state.sequence, ..record.clone() },
            _ => record.clone(),
        }
    }

    /// Decides correctly, except for the fault.
    fn decide(&self, operation: &Operation, head: Option<Head>) -> Result<Option<Counter>, Reason> {
        let counter = head.and_then(|head| head.counter);
        let right = operation.decide(head);
        match (self.fault, operation, &right, counter) {
            (Fault::AnyVersionWillDo, Operation::Expect { .. }, Err(Reason::Changed), _)
            | (Fault::PutsOverExpectedAbsent, Operation::Expect { .. }, Err(Reason::Exists), _)
            | (Fault::PutsOverCounters, Operation::Put { .. }, Err(_), _) => Ok(None),
            (
                Fault::LimitIsOneMore,
                Operation::Count { .. },
                Err(Reason::LimitReached),
                Some(c),
            ) if Some(c.used) == c.limit => Ok(Some(Counter { used: c.used + 1, ..c })),
            (Fault::NoLimitIsNone, Operation::Count { .. }, Err(Reason::LimitReached), Some(c))
                if c.limit.is_none() =>
            {
                Ok(Some(Counter { used: c.used + 1, ..c }))
            }
            (Fault::LimitResetsUsed, Operation::SetLimit { .. }, Ok(Some(c)), _) => {
                Ok(Some(Counter { used: 0, ..*c }))
            }
            (Fault::LimitStaysAboveUsed, Operation::SetLimit { .. }, Ok(Some(c)), _) => {
                Ok(Some(Counter { limit: c.limit.map(|limit| limit.max(c.used)), ..*c }))
            }
            (Fault::StopsAtZero, Operation::Count { .. }, Err(Reason::BelowZero), Some(c)) => {
                Ok(Some(Counter { used: 0, ..c }))
            }
            (Fault::MomentGoesBack, Operation::Count { at_ms, .. }, Ok(Some(c)), _) => {
                Ok(Some(Counter { last_at_ms: Some(*at_ms), ..*c }))
            }
            (Fault::OnceUsedIsUsed, Operation::ExpectUnused { .. }, Ok(_), Some(c))
                if c.last_at_ms.is_some() =>
            {
                Err(Reason::InUse)
            }
            (Fault::CountMakesCounter, Operation::Count { .. }, Err(Reason::Absent), _) => {
                operation.decide(Some(Head { version: 0, counter: Some(Counter::default()) }))
            }
            _ => right,
        }
    }

    /// Applies a unit, decided on the state itself or on another that the fault shows it.
    fn apply_unit(&self, state: &mut State, seen: Option<&State>, unit: &Unit) -> Outcome {
        let refuse = |operation, reason, record: Option<&Record>| {
            let record = record.filter(|_| !self.is(Fault::HidesRecord)).cloned();
            Outcome::Refused(Refused { operation, reason, record })
        };
        if let Err(malformed) = unit.check_form()
            && !self.is(Fault::TakesAnyForm)
        {
            return refuse(malformed.operation, Reason::Malformed, None);
        }
        let mut counters = Vec::new();
        let mut failure = None;
        let mut after = state.clone();
        after.sequence += 1;
        for (index, operation) in unit.operations.iter().enumerate() {
            let key = self.key(operation.key());
            let before = seen.unwrap_or(state);
            let looked_at = if self.is(Fault::ChecksSeeWrites) { &after } else { before };
            let record = looked_at.records.get(&key);
            match self.decide(operation, record.map(|record| record.head())) {
                Err(reason) if failure.is_none() || self.is(Fault::NamesLastFailure) => {
                    failure = Some(refuse(index, reason, record.map(|record| &**record)));
                }
                Err(_) => {}
                Ok(_) if failure.is_some() => {}
                Ok(counter) => {
                    counters.extend(counter.map(|counter| (key.clone(), counter)));
                    self.write(&mut after, key, operation, counter);
                }
            }
        }
        if failure.is_none() || self.is(Fault::NotAtomic) {
            *state = after;
        }
        if self.is(Fault::CountersByKey) {
            counters.sort_by(|(one, _), (other, _)| one.cmp(other));
        }
        let counters = counters.into_iter().map(|(_, counter)| counter).collect();
        failure.unwrap_or(Outcome::Applied(counters))
    }

    fn write(
        &self,
        state: &mut State,
        key: RecordKey,
        operation: &Operation,
        counter: Option<Counter>,
    ) {
        let mut version = state.sequence;
        let known = state.records.get(&key).map(|record| record.version);
        match (self.fault, operation, known) {
            (Fault::VersionsStartAnew, _, known) => version = known.unwrap_or(0) + 1,
            (Fault::CountKeepsVersion, Operation::Count { .. }, Some(known)) => version = known,
            _ => {}
        }
        let value = match (operation, counter) {
            (Operation::Put { body, .. }, _) if self.is(Fault::CutsBodies) => {
                Value::Body(body.iter().take(65_535).copied().collect())
            }
            (Operation::Put { body, .. }, _) => Value::Body(body.clone()),
            (_, Some(counter)) => Value::Counter(counter),
            _ => Value::Body(Vec::new()),
        };
        let value = match (state.deleted.get(&key).map(|record| &record.value), value) {
            (Some(Value::Counter(old)), Value::Counter(new))
                if known.is_none() && self.is(Fault::CountersComeBack) =>
            {
                Value::Counter(Counter { limit: new.limit, ..*old })
            }
            (_, value) => value,
        };
        let empty = value == Value::Body(Vec::new()) && self.is(Fault::EmptyBodyIsAbsent);
        if matches!(operation, Operation::Delete { .. }) || (operation.writes() && empty) {
            let deleted = state.records.remove(&key);
            state.deleted.extend(deleted.map(|record| (key, record)));
        } else if operation.writes() {
            state.records.insert(key.clone(), Arc::new(Record { key, version, value }));
        }
    }
}

/// Long enough for other threads to run in between, even on a busy machine.
const A_WHILE: Duration = Duration::from_micros(200);

impl Store for Broken {
    fn get(&self, keys: &[RecordKey]) -> Result<Vec<Option<Record>>, StoreError> {
        self.check_size(keys.len(), GET_KEYS_MAX)?;
        let mut keys: Vec<RecordKey> = keys.iter().map(|key| self.key(key)).collect();
        if self.is(Fault::AnswersByKey) {
            keys.sort();
        }
        if self.is(Fault::ReadsOneByOne) && keys.len() > 1 {
            let read = |key: &RecordKey| {
                thread::sleep(A_WHILE);
                self.state.lock().unwrap().records.get(key).map(|record| (**record).clone())
            };
            return Ok(keys.iter().map(read).collect());
        }
        let state = self.state.lock().unwrap();
        let get = |key| state.records.get(key).map(|record| self.shown(record, &state));
        Ok(keys.iter().map(get).collect())
    }

    fn scan(&self, range: &ScanRange, limit: usize) -> Result<Vec<Record>, StoreError> {
        self.check_size(limit, SCAN_RECORDS_MAX)?;
        let state = self.state.lock().unwrap();
        let (start, end) = range.interval();
        let within = |record: &&Arc<Record>| {
            let key = record.key.as_bytes();
            let at_after = range.after.as_ref() == Some(&record.key)
                && key.starts_with(&range.prefix)
                && self.is(Fault::ScanTakesAfter);
            let counter = matches!(record.value, Value::Counter(_));
            let inside = key >= &*start && end.as_ref().is_none_or(|end| key < &**end);
            match self.fault {
                Fault::ScanLosesLastPrefix if range.prefix.last() == Some(&0xff) => false,
                Fault::ScanNeedsPrefix if range.prefix.is_empty() => false,
                Fault::ScanWithoutCounters if counter => false,
                _ => inside || at_after,
            }
        };
        let mut found: Vec<Record> = state
            .records
            .values()
            .filter(within)
            .map(|record| self.shown(record, &state))
            .collect();
        if range.reverse && !self.is(Fault::ScanIgnoresReverse) {
            found.reverse();
        }
        found.truncate(match self.fault {
            Fault::ScanPagesShort if limit > 1 => limit - 1,
            Fault::ScanCutShort => limit.min(1000),
            _ => limit,
        });
        Ok(found)
    }

    fn apply(&self, units: &[Unit]) -> Result<Vec<Outcome>, StoreError> {
        self.check_size(units.len(), BATCH_UNITS_MAX)?;
        if self.is(Fault::ReadsOneByOne) {
            thread::sleep(A_WHILE);
        }
        let mut state = self.state.lock().unwrap();
        if self.is(Fault::DecidesThenWrites) {
            let mut copy = state.clone();
            drop(state);
            thread::sleep(A_WHILE);
            let outcomes = units.iter().map(|unit| self.apply_unit(&mut copy, None, unit));
            let outcomes = outcomes.collect();
            *self.state.lock().unwrap() = copy;
            return Ok(outcomes);
        }
        let before = state.clone();
        let mut outcomes = Vec::new();
        for (index, unit) in units.iter().enumerate() {
            let mut seen = None;
            if self.is(Fault::UnitsDoNotSeeUnits) {
                seen = Some(before.clone());
            }
            if self.is(Fault::LosesCounts) {
                let seen = seen.insert(state.clone());
                let counter = |record: &Record| matches!(record.value, Value::Counter(_));
                let old = before.records.values().filter(|record| counter(record)).cloned();
                seen.records.extend(old.map(|record| (record.key.clone(), record)));
            }
            if self.is(Fault::LosesLastUnit) && index == BATCH_UNITS_MAX - 1 {
                outcomes.push(self.apply_unit(&mut State::default(), None, unit));
                continue;
            }
            outcomes.push(self.apply_unit(&mut state, seen.as_ref(), unit));
        }
        let refused = |outcome: &Outcome| matches!(outcome, Outcome::Refused(_));
        if self.is(Fault::OneForAll) && outcomes.iter().any(refused) {
            *state = before;
        }
        Ok(outcomes)
    }
}

#[test]
fn a_sound_store_passes() {
    assert_eq!(failures(&Broken::new(Fault::None), "sound"), []);
    let memory = Memory::new();
    for run in ["one", "two", "one"] {
        assert_eq!(check_all(&memory, run), Ok(()));
    }
    let left = memory.scan(&ScanRange::prefix(""), 1).unwrap();
    assert_eq!(left, [], "the checks clear up");
}

#[test]
fn each_fault_is_found() {
    for (fault, name) in FOUND {
        let check = CHECKS.iter().find(|check| check.name == *name).unwrap();
        // A race may go well.
        let tries = if name.starts_with("threads") { 50 } else { 1 };
        let found = (0..tries).any(|_| check.run(&Broken::new(*fault), "broken").is_err());
        assert!(found, "{name} does not find {fault:?}");
    }
}

#[test]
fn each_check_can_fail() {
    let proven: BTreeSet<&str> = FOUND.iter().map(|(_, name)| *name).collect();
    let all: BTreeSet<&str> = CHECKS.iter().map(|check| check.name).collect();
    assert_eq!(proven, all);
}

#[test]
fn a_failure_says_what_was_seen() {
    let failure = check_all(&Broken::new(Fault::LimitIsOneMore), "broken").unwrap_err();
    assert_eq!(failure.check, "first_failure_is_named");
    assert!(failure.seen.contains("LimitReached"), "{failure}");
}

#[test]
fn forgetting_is_found() {
    let failure = check_reopened(&|| Ok(std::boxed::Box::new(Memory::new())), "new").unwrap_err();
    assert!(failure.seen.starts_with("what was kept"), "{failure}");
}
