//! Stores that fail, lie, panic or call back.

use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, Mutex, OnceLock};
use std::thread;

use provkey::authority::{Authority, Error, Event, KeyUpdate, NewCertificate};
use provkey::key::Keyring;
use provkey::store::{
    FaultKind, Memory, Operation, Outcome, Record, RecordKey, ScanRange, Store, StoreError,
    StoreFault, Unit,
};
use provkey::testing::TestAuthority;

use crate::common::{Intercepted, TestConnector, code, master, name, renewal};

/// The fault of the next `apply`.
#[derive(Clone, Copy, Debug, PartialEq)]
enum Fault {
    /// It fails and changes nothing.
    NotApplied,
    /// Its outcome is unknown, and it changed nothing.
    UnknownBefore,
    /// Its outcome is unknown, and it was applied.
    UnknownAfter,
    /// It panics, and changed nothing.
    PanicBefore,
    /// It panics after it was applied.
    PanicAfter,
    /// It returns no outcomes, and was applied.
    NoAnswer,
}

/// A memory store with planned faults.
#[derive(Default)]
struct Faulty {
    memory: Memory,
    plan: Mutex<Vec<Fault>>,
    applied: AtomicUsize,
    batches: AtomicUsize,
}

impl Faulty {
    fn plan(&self, faults: &[Fault]) {
        *self.plan.lock().unwrap() = faults.iter().rev().copied().collect();
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
        self.batches.fetch_add(1, Ordering::SeqCst);
        let fault = self.plan.lock().unwrap().pop();
        let gone = || StoreFault::new(FaultKind::Unavailable, "the connection is gone");
        match fault {
            Some(Fault::NotApplied) => return Err(StoreError::NotApplied(gone())),
            Some(Fault::UnknownBefore) => return Err(StoreError::Unknown(gone())),
            Some(Fault::PanicBefore) => panic!("planned"),
            _ => {}
        }
        self.applied.fetch_add(units.len(), Ordering::SeqCst);
        let outcomes = self.memory.apply(units);
        match fault {
            Some(Fault::UnknownAfter) => Err(StoreError::Unknown(gone())),
            Some(Fault::PanicAfter) => panic!("planned"),
            Some(Fault::NoAnswer) => Ok(Vec::new()),
            _ => outcomes,
        }
    }
}

#[test]
fn an_unknown_outcome_is_settled() {
    let store = Arc::new(Faulty::default());
    let world = TestAuthority::over(store.clone());
    let key = world.key("fleet", 100);
    let text = world.provisioning_key(&key);
    let mut used = 0;
    use Fault::{NoAnswer, NotApplied, UnknownAfter, UnknownBefore};
    for faults in [
        &[UnknownAfter][..],
        &[UnknownBefore],
        &[NoAnswer],
        &[UnknownAfter, UnknownBefore],
        &[UnknownBefore, UnknownAfter],
        &[UnknownAfter, NotApplied],
    ] {
        store.plan(faults);
        let enrolled = world.authority.enroll(&TestConnector::new().proof(&text));
        assert_eq!(code(enrolled), "enrolled", "{faults:?}");
        used += 1;
        assert_eq!(world.used(&key), used, "{faults:?}");
    }
}

/// A store that applies a batch, reports its outcome as unknown, loses the audit trail before the
/// next try, and then fails.
#[derive(Default)]
struct Forgetful {
    memory: Memory,
    /// How often it was called since it began to be so; 0: it is not.
    calls: AtomicUsize,
}

impl Store for Forgetful {
    fn get(&self, keys: &[RecordKey]) -> Result<Vec<Option<Record>>, StoreError> {
        match self.calls.load(Ordering::SeqCst) {
            3 => Err(StoreError::NotApplied(StoreFault::new(FaultKind::Unavailable, "as planned"))),
            _ => self.memory.get(keys),
        }
    }

    fn scan(&self, range: &ScanRange, limit: usize) -> Result<Vec<Record>, StoreError> {
        self.memory.scan(range, limit)
    }

    fn apply(&self, units: &[Unit]) -> Result<Vec<Outcome>, StoreError> {
        let call = |calls: usize| (calls > 0).then_some(calls + 1);
        let calls = self.calls.fetch_update(Ordering::SeqCst, Ordering::SeqCst, call);
        if calls == Ok(2) {
            let audit = self.memory.scan(&ScanRange::prefix("audit/"), 100)?;
            let delete = |record: Record| Operation::Delete { key: record.key };
            self.memory.apply(&[Unit::new(audit.into_iter().map(delete).collect())])?;
        }
        let outcomes = self.memory.apply(units);
        match calls {
            Ok(1) => Err(StoreError::Unknown(StoreFault::new(FaultKind::Unavailable, "planned"))),
            _ => outcomes,
        }
    }
}

/// A node whose clock is ahead may prune a record that another node is about to read.
#[test]
fn an_outcome_stays_unknown_if_its_audit_record_was_pruned() {
    let store = Arc::new(Forgetful::default());
    let world = TestAuthority::over(store.clone());
    let key = world.key("fleet", 9);
    let connector = TestConnector::new().proof(&world.provisioning_key(&key));

    store.calls.store(1, Ordering::SeqCst);
    let enrolled = world.authority.enroll(&connector).unwrap_err();
    assert!(matches!(enrolled, Error::Store(StoreError::Unknown(_))), "{enrolled:?}");
    store.calls.store(1, Ordering::SeqCst);
    let update = KeyUpdate::default().enabled(false);
    let updated = world.authority.update_key(key.id, &update).unwrap_err();
    assert!(matches!(updated, Error::Store(StoreError::Unknown(_))), "{updated:?}");

    store.calls.store(0, Ordering::SeqCst);
    let key = world.authority.key(key.id).unwrap();
    assert_eq!((key.used, key.enabled), (1, false), "both had happened");
}

/// As for enrollments: whether or not its outcome is known, a renewal happens once.
#[test]
fn a_renewal_of_unknown_outcome_is_settled_or_requested_again() {
    let store = Arc::new(Faulty::default());
    let world = TestAuthority::over(store.clone());
    let text = world.provisioning_key(&world.key("fleet", 1));
    let mut connector = TestConnector::new();
    let mut last = world.authority.enroll(&connector.proof(&text)).unwrap();
    use Fault::{NoAnswer, NotApplied, UnknownAfter, UnknownBefore};
    for (faults, renewals) in [
        (&[UnknownAfter][..], 1),
        (&[UnknownBefore], 2),
        (&[NoAnswer], 3),
        (&[NotApplied], 4),
        (&[UnknownAfter, UnknownBefore, UnknownBefore], 5),
        (&[UnknownBefore, UnknownBefore, UnknownBefore], 6),
    ] {
        let new = TestConnector::new();
        let request = renewal(&last.chain[0], &connector.signer, &new.signer, None);
        store.plan(faults);
        let renewed = world.authority.renew(&request);
        if let Err(error) = &renewed {
            assert_eq!((error.code(), error.retryable()), ("store_unavailable", true));
        }
        store.plan(&[]);
        last = renewed.or_else(|_| world.authority.renew(&request)).unwrap();
        connector = new;
        let seen = world.authority.connector(last.connector).unwrap();
        assert_eq!((seen.renewals, &seen.serial), (renewals, &last.serial), "{faults:?}");
    }
}

#[test]
fn an_error_costs_nothing_or_the_retry_is_free() {
    let store = Arc::new(Faulty::default());
    let world = TestAuthority::over(store.clone());
    let key = world.key("fleet", 100);
    let text = world.provisioning_key(&key);
    use Fault::{NotApplied, UnknownAfter, UnknownBefore};
    for (faults, used) in [
        (&[NotApplied][..], 0),
        (&[UnknownBefore, UnknownBefore, UnknownBefore], 0),
        (&[UnknownBefore, UnknownBefore, UnknownAfter], 1),
    ] {
        let (before, connector) = (world.used(&key), TestConnector::new());
        store.plan(faults);
        let error = world.authority.enroll(&connector.proof(&text)).unwrap_err();
        assert_eq!((error.code(), error.retryable()), ("store_unavailable", true));
        assert_eq!(world.used(&key), before + used, "{faults:?}");
        let retried = code(world.authority.enroll(&connector.proof(&text)));
        assert_eq!(retried, if used == 1 { "replayed" } else { "enrolled" });
        assert_eq!(world.used(&key), before + 1, "{faults:?}");
    }
}

/// Sixteen counts are stored as they come; the others wait and need two batches.
#[test]
fn a_flush_reports_the_counts_that_it_loses_and_stores_the_others() {
    let store = Arc::new(Faulty::default());
    let test = TestAuthority::over(store.clone());
    let key = test.provisioning_key(&test.key("fleet", 300));
    let requests: Vec<_> = (0..300).map(|_| TestConnector::new().proof(&key)).collect();
    for request in requests.iter().chain(&requests) {
        test.authority.enroll(request).unwrap();
    }
    test.observer.take();
    store.plan(&[Fault::NotApplied]);
    assert_eq!(test.authority.flush().unwrap_err().code(), "store_unavailable");
    let lost = test.observer.take();
    assert!(matches!(lost[..], [Event::TallyLost { code: "store_unavailable" }]), "{lost:?}");
    let counts = test.audit().into_iter().filter_map(|record| record.count);
    assert_eq!(counts.sum::<u64>(), 300 - 256);
}

#[test]
fn a_store_that_panics_leaves_no_caller_waiting() {
    for fault in [Fault::PanicBefore, Fault::PanicAfter] {
        let store = Arc::new(Faulty::default());
        let world = TestAuthority::over(store.clone());
        let key = world.key("fleet", 100);
        let text = world.provisioning_key(&key);
        store.plan(&[fault]);
        let connectors: Vec<_> = (0..8).map(|_| TestConnector::new()).collect();
        let panicked = thread::scope(|scope| {
            let enroll = |connector: &TestConnector| {
                let request = connector.proof(&text);
                let authority = &world.authority;
                scope.spawn(move || code(authority.enroll(&request)))
            };
            let threads: Vec<_> = connectors.iter().map(enroll).collect();
            let ended: Vec<_> = threads.into_iter().map(thread::ScopedJoinHandle::join).collect();
            ended.iter().filter(|result| result.is_err()).count()
        });
        assert_eq!(panicked, 1, "only the thread that called the store");
        for connector in &connectors {
            let again = code(world.authority.enroll(&connector.proof(&text)));
            assert!(["enrolled", "replayed"].contains(&again), "{again}");
        }
        assert_eq!(world.used(&key), 8);
    }
}

#[test]
fn a_store_that_calls_its_authority_back_gets_an_error() {
    let (authority, seen) = (Arc::new(OnceLock::<Authority>::new()), Arc::new(Mutex::default()));
    let (called, codes) = (Arc::clone(&authority), Arc::clone(&seen));
    let store = Intercepted::new(move |memory, units| {
        if let Some(authority) = called.get() {
            let made = authority.create_group(&name("from within"));
            let codes: &Mutex<Vec<_>> = &codes;
            codes.lock().unwrap().push(made.map_or_else(|error| error.code(), |_| "made"));
        }
        memory.apply(units)
    });
    let world = TestAuthority::over(store);
    authority.set(world.authority.clone()).unwrap();
    world.key("fleet", 1);
    assert_eq!(*seen.lock().unwrap(), ["reentrant_call"]);
}

#[test]
fn callers_that_wait_share_one_apply() {
    let (gate, sizes) = (Arc::new(Mutex::new(())), Arc::new(Mutex::new(Vec::new())));
    let (passed, seen) = (Arc::clone(&gate), Arc::clone(&sizes));
    let store = Intercepted::new(move |memory, units| {
        seen.lock().unwrap().push(units.len());
        let _open = passed.lock().unwrap();
        memory.apply(units)
    });
    let world = TestAuthority::over(store);
    let key = world.key("fleet", 100);
    let text = world.provisioning_key(&key);
    sizes.lock().unwrap().clear();
    thread::scope(|scope| {
        let closed = gate.lock().unwrap();
        for _ in 0..20 {
            let request = TestConnector::new().proof(&text);
            let authority = &world.authority;
            scope.spawn(move || authority.enroll(&request).unwrap());
        }
        // The first caller is inside `apply`. Wait until the others are queued behind it.
        while sizes.lock().unwrap().is_empty() {
            thread::yield_now();
        }
        thread::sleep(std::time::Duration::from_millis(300));
        drop(closed);
    });
    let sizes = sizes.lock().unwrap().clone();
    assert_eq!(sizes.iter().sum::<usize>(), 20);
    assert!(sizes.len() <= 10, "{sizes:?}");
    assert_eq!(world.used(&key), 20);
}

/// An error would claim that nothing was changed.
#[test]
fn a_change_is_answered_even_if_another_node_deletes_the_record_at_once() {
    type Act = Box<dyn FnOnce() + Send>;
    // What the other node does right after the next change.
    let next: Arc<Mutex<Option<Act>>> = Arc::default();
    let taken = Arc::clone(&next);
    let store = Intercepted::new(move |memory, units| {
        let outcomes = memory.apply(units);
        let act = taken.lock().unwrap().take();
        act.into_iter().for_each(|act| act());
        outcomes
    });
    let world = TestAuthority::over(store.clone());
    let environment = world.environment.clone().store(store.memory.clone());
    let other = Authority::open(environment, Keyring::new(master(1))).unwrap();
    let then = |act: fn(&Authority)| {
        let other = other.clone();
        *next.lock().unwrap() = Some(Box::new(move || act(&other)));
    };
    let delete_key = |other: &Authority| {
        let key = other.find_key("fleet").unwrap();
        other.delete_key(key.id).unwrap();
    };

    then(delete_key);
    let created = world.key("fleet", 7);
    assert_eq!((created.name.as_str(), created.max_uses, created.used), ("fleet", 7, 0));
    assert_eq!(world.authority.key(created.id).unwrap_err().code(), "key_deleted");

    let key = world.key("fleet", 1);
    world.authority.enroll(&TestConnector::new().proof(&world.provisioning_key(&key))).unwrap();
    then(delete_key);
    let update = KeyUpdate::default().max_uses(9).enabled(false);
    let edited = world.authority.update_key(key.id, &update).unwrap();
    assert_eq!((edited.max_uses, edited.used, edited.enabled), (9, 1, false));
    let again = world.authority.update_key(key.id, &update);
    assert_eq!(again.unwrap_err().code(), "key_deleted");

    let unused = world.authority.create_certificate(&NewCertificate::new(name("CA 2"))).unwrap();
    then(|other| {
        let unused = other.find_certificate("CA 2").unwrap();
        other.delete_certificate(unused.id).unwrap();
    });
    let retired = world.authority.retire_certificate(unused.id).unwrap();
    assert!(retired.retired_at.is_some());
    let gone = world.authority.certificate(unused.id);
    assert_eq!(gone.unwrap_err().code(), "certificate_not_found");
}
