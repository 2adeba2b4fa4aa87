//! Group commit: each caller gets the answer to its own units, whatever the store does.

use alloc::sync::Arc;
use alloc::vec::Vec;
use alloc::{format, vec};
use std::collections::BTreeSet;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::atomic::{AtomicUsize, Ordering};

use shuttle::rand::{Rng, thread_rng};
use shuttle::thread;

use super::{absent, check, key, limit, put, use_of};
use crate::limits::BATCH_UNITS_MAX;
use crate::store::{
    Counter, FaultKind, GroupCommit, Memory, Operation, Outcome, Reason, Record, RecordKey,
    ScanRange, Store, StoreError, StoreFault, Unit, Value,
};

/// What a store does instead of answering.
#[derive(Clone, Copy, Debug)]
enum Fault {
    None,
    PanicBefore,
    PanicAfter,
    NotApplied,
    UnknownBefore,
    UnknownAfter,
}

/// A store in memory that has one fault, at one of its calls.
struct Faulty {
    memory: Memory,
    fault: Fault,
    at: usize,
    calls: AtomicUsize,
    /// The number of units in the largest batch.
    largest: AtomicUsize,
}

impl Faulty {
    fn new(fault: Fault, at: usize) -> Arc<Self> {
        let memory = Memory::new();
        memory.apply(&[limit("uses", 5)]).unwrap();
        let (calls, largest) = (AtomicUsize::new(0), AtomicUsize::new(0));
        Arc::new(Self { memory, fault, at, calls, largest })
    }

    fn used(&self) -> u64 {
        match self.memory.get(&[key("uses")]).unwrap().remove(0).unwrap().value {
            Value::Counter(counter) => counter.used,
            Value::Body(_) => panic!("not a counter"),
        }
    }

    fn holds(&self, record: &str) -> bool {
        self.memory.get(&[key(record)]).unwrap()[0].is_some()
    }
}

impl Store for Faulty {
    fn get(&self, keys: &[RecordKey]) -> Result<Vec<Option<Record>>, StoreError> {
        self.memory.get(keys)
    }

    fn scan(&self, range: &ScanRange, limit: usize) -> Result<Vec<Record>, StoreError> {
        self.memory.scan(range, limit)
    }

    fn apply(&self, units: &[Unit]) -> Result<Vec<Outcome>, StoreError> {
        let call = self.calls.fetch_add(1, Ordering::Relaxed);
        self.largest.fetch_max(units.len(), Ordering::Relaxed);
        // Lets other callers arrive.
        thread::yield_now();
        let fault = StoreFault::new(FaultKind::Unavailable, "planted");
        match self.fault {
            fault if call != self.at || matches!(fault, Fault::None) => self.memory.apply(units),
            Fault::PanicBefore => panic!("planted"),
            Fault::NotApplied => Err(StoreError::NotApplied(fault)),
            Fault::UnknownBefore => Err(StoreError::Unknown(fault)),
            Fault::PanicAfter | Fault::UnknownAfter | Fault::None => {
                self.memory.apply(units)?;
                match self.fault {
                    Fault::PanicAfter => panic!("planted"),
                    _ => Err(StoreError::Unknown(fault)),
                }
            }
        }
    }
}

/// The answer to one use.
#[derive(Clone, Debug, PartialEq)]
enum Answer {
    /// The count after it; `None`: an earlier try applied it.
    Applied(Option<u64>),
    Full,
    NotApplied,
    Unknown,
    /// The store panicked while this caller was inside.
    Panicked,
}

fn answer_of(result: Result<Outcome, StoreError>) -> Answer {
    match result {
        Ok(Outcome::Applied(counters)) => {
            Answer::Applied(counters.first().map(|Counter { used, .. }| *used))
        }
        Ok(Outcome::Refused(refused)) => {
            assert_eq!(refused.reason, Reason::LimitReached);
            Answer::Full
        }
        Err(StoreError::NotApplied(_)) => Answer::NotApplied,
        Err(StoreError::Unknown(_)) => Answer::Unknown,
    }
}

const CALLERS: usize = 4;
const USES: usize = 2;

/// Callers that each use the counter a few times. Returns each record with its answer.
fn run(store: &Arc<Faulty>) -> Vec<(alloc::string::String, Answer)> {
    let commit = Arc::new(GroupCommit::new(Arc::clone(store) as Arc<dyn Store>));
    let caller = |caller: usize| {
        let commit = Arc::clone(&commit);
        move || {
            let use_once = |n: usize| {
                let record = format!("use/{caller}/{n}");
                let applied =
                    catch_unwind(AssertUnwindSafe(|| answer_of(commit.apply(use_of(&record)))));
                (record, applied.unwrap_or(Answer::Panicked))
            };
            (0..USES).map(use_once).collect::<Vec<_>>()
        }
    };
    let callers: Vec<_> = (0..CALLERS).map(|number| thread::spawn(caller(number))).collect();
    let answers = callers.into_iter().flat_map(|caller| caller.join().unwrap()).collect();
    // Later callers are not blocked.
    commit.apply(Unit::new(vec![put("later", "")])).unwrap();
    answers
}

fn count(all: &[(alloc::string::String, Answer)], is: impl Fn(&Answer) -> bool) -> u64 {
    all.iter().filter(|(_, answer)| is(answer)).count() as u64
}

/// Answers and records agree, use by use and in sum, except where the outcome is unknown.
fn check_answers(store: &Faulty, all: &[(alloc::string::String, Answer)]) {
    let applied = count(all, |answer| matches!(answer, Answer::Applied(_)));
    let doubtful = count(all, |answer| matches!(answer, Answer::Unknown | Answer::Panicked));
    assert!((applied..=applied + doubtful).contains(&store.used()));
    for (record, answer) in all {
        match answer {
            Answer::Applied(_) => {
                assert!(store.holds(record), "{record} was answered as applied and is not there")
            }
            Answer::Full | Answer::NotApplied => assert!(!store.holds(record), "{record} is there"),
            Answer::Unknown | Answer::Panicked => {}
        }
    }
}

#[test]
fn each_caller_gets_the_answer_to_its_own_use() {
    static SHARED: AtomicUsize = AtomicUsize::new(0);
    check(|| {
        let store = Faulty::new(Fault::None, 0);
        let all = run(&store);
        check_answers(&store, &all);
        let counts = all.iter().filter_map(|(_, answer)| match answer {
            Answer::Applied(used) => Some(used.unwrap()),
            _ => None,
        });
        // Each count is answered once, and a caller sees its own in the order of its calls.
        assert_eq!(counts.clone().collect::<BTreeSet<_>>(), (1..=5).collect());
        assert_eq!(counts.count(), 5);
        for own in all.chunks(USES) {
            assert!(!matches!(own, [(_, Answer::Full), (_, Answer::Applied(_))]));
            if let [(_, Answer::Applied(first)), (_, Answer::Applied(second))] = own {
                assert!(first < second);
            }
        }
        SHARED.fetch_max(store.largest.load(Ordering::Relaxed), Ordering::Relaxed);
    });
    assert_eq!(SHARED.load(Ordering::Relaxed), CALLERS, "callers that waited share a batch");
}

#[test]
fn units_that_go_together_are_answered_in_their_order() {
    check(|| {
        let commit = Arc::new(GroupCommit::new(Arc::new(Memory::new())));
        // Of different lengths, so that no answer fits another caller.
        let caller = |caller: usize| {
            let (commit, own) = (Arc::clone(&commit), format!("own/{caller}"));
            move || {
                let mut units = vec![Unit::new(vec![absent(&own), put(&own, "")])];
                units.extend((0..caller).map(|_| Unit::new(vec![absent(&own)])));
                units.push(Unit::new(vec![Operation::Delete { key: key(&own) }]));
                units.push(Unit::new(vec![absent(&own)]));
                let outcomes = commit.apply_together(units).unwrap();
                assert_eq!(outcomes.len(), caller + 3);
                for (at, outcome) in outcomes.iter().enumerate() {
                    match outcome {
                        Outcome::Applied(_) => assert!(!(1..=caller).contains(&at)),
                        Outcome::Refused(refused) => {
                            assert!((1..=caller).contains(&at));
                            assert_eq!(refused.record.as_ref().unwrap().key, key(&own));
                        }
                    }
                }
            }
        };
        let callers: Vec<_> = (0..3).map(|number| thread::spawn(caller(number))).collect();
        callers.into_iter().for_each(|caller| caller.join().unwrap());
    });
}

/// More than fits into one batch: a waiting caller leads the rest.
#[test]
fn a_full_batch_leaves_no_caller_waiting() {
    check(|| {
        let store = Faulty::new(Fault::None, 0);
        let commit = Arc::new(GroupCommit::new(Arc::clone(&store) as Arc<dyn Store>));
        let caller = || {
            let commit = Arc::clone(&commit);
            move || {
                let units = vec![Unit::default(); BATCH_UNITS_MAX / 2 + 1];
                assert_eq!(commit.apply_together(units.clone()).unwrap().len(), units.len());
            }
        };
        let callers: Vec<_> = (0..4).map(|_| thread::spawn(caller())).collect();
        callers.into_iter().for_each(|caller| caller.join().unwrap());
        assert_eq!(store.calls.load(Ordering::Relaxed), 4);
    });
}

#[test]
fn a_panic_of_the_store_leaves_no_caller_waiting() {
    for fault in [Fault::PanicBefore, Fault::PanicAfter] {
        check(move || {
            let store = Faulty::new(fault, thread_rng().gen_range(0..2));
            let all = run(&store);
            check_answers(&store, &all);
            assert_eq!(count(&all, |answer| *answer == Answer::Panicked), 1);
            assert!(count(&all, |answer| *answer == Answer::Unknown) < CALLERS as u64);
        });
    }
}

#[test]
fn a_batch_that_is_not_applied_fails_for_its_callers_only() {
    check(|| {
        let store = Faulty::new(Fault::NotApplied, thread_rng().gen_range(0..2));
        let all = run(&store);
        check_answers(&store, &all);
        assert!(
            (1..=CALLERS as u64).contains(&count(&all, |answer| *answer == Answer::NotApplied))
        );
        assert_eq!(count(&all, |answer| *answer == Answer::Unknown), 0);
    });
}

#[test]
fn an_unknown_batch_is_settled_for_all_its_callers() {
    for fault in [Fault::UnknownBefore, Fault::UnknownAfter] {
        check(move || {
            let store = Faulty::new(fault, thread_rng().gen_range(0..2));
            let all = run(&store);
            check_answers(&store, &all);
            assert_eq!(count(&all, |answer| matches!(answer, Answer::Applied(_))), 5);
            assert_eq!(count(&all, |answer| *answer == Answer::Full), 3);
        });
    }
}
