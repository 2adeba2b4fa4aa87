//! The store in memory: who reads sees a batch whole or not at all.

use alloc::sync::Arc;
use alloc::vec::Vec;
use alloc::{format, vec};

use shuttle::thread;

use super::{check, key, limit, put, use_of};
use crate::store::{Memory, Outcome, Record, ScanRange, Store, Unit, Value};

const NAMES: [&str; 3] = ["pair/a", "pair/b", "pair/c"];

/// Two units, and so two versions, that write one thing.
fn batch(body: &str) -> [Unit; 2] {
    let [a, b, c] = NAMES.map(|name| put(name, body));
    [Unit::new(vec![a, b]), Unit::new(vec![c])]
}

fn check_whole(records: &[Record]) {
    if let [first, rest @ ..] = records {
        assert_eq!(rest.len(), NAMES.len() - 1);
        assert!(rest.iter().all(|record| record.value == first.value), "{records:?}");
    }
}

#[test]
fn who_reads_sees_whole_batches() {
    check(|| {
        let store = Arc::new(Memory::new());
        let writer = |name: &'static str| {
            let store = Arc::clone(&store);
            move || (0..3).for_each(|n| drop(store.apply(&batch(&format!("{name}{n}"))).unwrap()))
        };
        let writers = ["x", "y"].map(|name| thread::spawn(writer(name)));
        let getter = {
            let store = Arc::clone(&store);
            move || {
                let got = store.get(&NAMES.map(key)).unwrap();
                check_whole(&got.into_iter().flatten().collect::<Vec<_>>());
            }
        };
        let scanner = {
            let store = Arc::clone(&store);
            move || check_whole(&store.scan(&ScanRange::prefix("pair/"), 10).unwrap())
        };
        let readers = [thread::spawn(getter), thread::spawn(scanner)];
        writers.into_iter().chain(readers).for_each(|thread| thread.join().unwrap());
    });
}

#[test]
fn a_limit_is_reached_and_not_passed() {
    check(|| {
        let store = Arc::new(Memory::new());
        store.apply(&[limit("uses", 3)]).unwrap();
        let caller = |caller: usize| {
            let store = Arc::clone(&store);
            move || {
                let units = [0, 1].map(|n| use_of(&format!("use/{caller}/{n}")));
                let outcomes = units.map(|unit| store.apply(&[unit]).unwrap().remove(0));
                let applied = outcomes.iter().filter(|one| matches!(one, Outcome::Applied(_)));
                applied.count()
            }
        };
        let callers: Vec<_> = (0..3).map(|number| thread::spawn(caller(number))).collect();
        let applied: usize = callers.into_iter().map(|caller| caller.join().unwrap()).sum();
        assert_eq!(applied, 3);
        let recorded = store.scan(&ScanRange::prefix("use/"), 10).unwrap();
        assert_eq!(recorded.len(), 3);
        let uses = store.get(&[key("uses")]).unwrap().remove(0).unwrap();
        assert!(matches!(uses.value, Value::Counter(counter) if counter.used == 3));
    });
}
