//! Transactions that conflict in the ways that READ COMMITTED allows.

use std::sync::Barrier;
use std::thread;

use provkey::store::{Operation, Outcome, Store, Unit, Value};
use provkey_postgres::PostgresStore;

use crate::{SERVER, key, make_counter, use_of, used};

fn absent(name: &str) -> Operation {
    Operation::Expect { key: key(name), version: None }
}

fn put(name: &str) -> Operation {
    Operation::Put { key: key(name), body: b"x".to_vec() }
}

/// Runs `work(node, store, round)` on two nodes at the same time, repeatedly.
fn both<T: Send>(
    url: &str,
    rounds: usize,
    work: impl Fn(usize, &PostgresStore, usize) -> T + Sync,
) -> Vec<[T; 2]> {
    let start = Barrier::new(2);
    let run = |host: usize| {
        let store = PostgresStore::open(url).unwrap();
        let one = |round| {
            start.wait();
            work(host, &store, round)
        };
        (0..rounds).map(one).collect::<Vec<_>>()
    };
    let run = &run;
    let [first, second] = thread::scope(|scope| {
        [0, 1].map(|host| scope.spawn(move || run(host))).map(|host| host.join().unwrap())
    });
    first.into_iter().zip(second).map(|(first, second)| [first, second]).collect()
}

/// Each expects the absence of what the other writes, so one must be refused. With a refused
/// unit in the batch, every record is read first.
#[test]
fn two_units_that_exclude_each_other_are_not_both_applied() {
    check_exclusion(&[]);
    check_exclusion(&[Unit::new(vec![Operation::Delete { key: key("x") }])]);
    check_exclusion(&[Unit::new(vec![Operation::ExpectUnused { counter: key("none") }])]);
}

fn check_exclusion(neighbours: &[Unit]) {
    let url = SERVER.new_database();
    PostgresStore::create(&url).unwrap();
    let rounds = both(&url, 200, |host, store, round| {
        let (own, other) = (format!("{round}/{host}"), format!("{round}/{}", 1 - host));
        let unit = Unit::new(vec![absent(&own), put(&own), absent(&other)]);
        let units = [&[unit], neighbours].concat();
        matches!(store.apply(&units).unwrap()[0], Outcome::Applied(_))
    });
    assert!(rounds.iter().all(|applied| applied[0] != applied[1]), "{rounds:?}");
    assert!([0, 1].iter().all(|host| rounds.iter().any(|applied| applied[*host])), "no race");
}

/// A record that a unit expects, and another unit writes, is unchanged when the first one commits.
#[test]
fn an_expected_record_stays_until_the_commit() {
    let url = SERVER.new_database();
    let store = PostgresStore::create(&url).unwrap();
    let rounds = 200;
    for round in 0..rounds {
        store.apply(&[Unit::new(vec![put(&format!("flag/{round}"))])]).unwrap();
    }
    both(&url, rounds, |host, store, round| {
        let (flag, seen) = (format!("flag/{round}"), format!("seen/{round}"));
        let unit = if host == 0 {
            // It disables the flag unless it has been relied on.
            vec![absent(&seen), Operation::Delete { key: key(&flag) }]
        } else {
            let version = store.get(&[key(&flag)]).unwrap()[0].as_ref().map(|it| it.version);
            vec![Operation::Expect { key: key(&flag), version: version.or(Some(1)) }, put(&seen)]
        };
        store.apply(&[Unit::new(unit)]).unwrap();
    });
    for round in 0..rounds {
        let names = [key(&format!("flag/{round}")), key(&format!("seen/{round}"))];
        let [flag, seen] = store.get(&names).unwrap().try_into().unwrap();
        assert_eq!(flag.is_some(), seen.is_some(), "round {round}");
    }
}

/// Batches that touch the same records in different orders.
#[test]
fn batches_in_every_order_do_not_deadlock() {
    const COUNTERS: usize = 7;
    let url = SERVER.new_database();
    let store = PostgresStore::create(&url).unwrap();
    let counter = |n: usize| format!("c{}", n % COUNTERS);
    (0..COUNTERS).for_each(|n| make_counter(&store, &counter(n), 1_000_000));
    let counted = both(&url, 150, |host, store, round| {
        let unit = |n: usize| match n % 4 {
            0 => Unit::new(vec![absent(&format!("{round}/{n}")), put(&format!("{round}/{n}"))]),
            1 => Unit::new(vec![put(&counter(n).replace('c', "body"))]),
            2 => Unit::new(vec![Operation::Delete { key: key(&counter(n).replace('c', "body")) }]),
            _ => use_of(&counter(n), &format!("used/{host}/{round}/{n}")),
        };
        let mut units: Vec<Unit> = (0..24).map(|n| unit(n * (round % 5 + 1) + host)).collect();
        if host == 1 {
            units.reverse();
        }
        let outcomes = store.apply(&units).unwrap();
        let counters = outcomes.iter().filter_map(|outcome| match outcome {
            Outcome::Applied(counters) => Some(counters.len() as u64),
            Outcome::Refused(_) => None,
        });
        counters.sum::<u64>()
    });
    let total: u64 = counted.into_iter().flatten().sum();
    assert_eq!((0..COUNTERS).map(|n| used(&store, &counter(n))).sum::<u64>(), total);
    let database = url.rsplit('/').next().unwrap();
    let deadlocks = format!("SELECT deadlocks FROM pg_stat_database WHERE datname = '{database}'");
    assert_eq!(SERVER.sql("postgres", &deadlocks), "0");
}

/// One unit puts a body where another creates a counter. The record is one or the other.
#[test]
fn a_record_has_one_kind() {
    let url = SERVER.new_database();
    let store = PostgresStore::create(&url).unwrap();
    let rounds = both(&url, 100, |host, store, round| {
        let name = format!("{round}");
        let operation = match host {
            0 => put(&name),
            _ => Operation::SetLimit { counter: key(&name), limit: Some(5) },
        };
        matches!(store.apply(&[Unit::new(vec![operation])]).unwrap()[0], Outcome::Applied(_))
    });
    for (round, applied) in rounds.iter().enumerate() {
        let record = store.get(&[key(&format!("{round}"))]).unwrap().remove(0).unwrap();
        let is_counter = matches!(record.value, Value::Counter(_));
        assert_eq!(*applied, [!is_counter, is_counter], "round {round}");
    }
}
