//! An error that reports "nothing was changed" is right, whichever call of the store fails.

use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};

use provkey::authority::{Authority, Error, KeyUpdate, NewAuthority, NewCertificate};
use provkey::key::{Host, Keyring};
use provkey::store::{
    FaultKind, Memory, Outcome, Record, RecordKey, ScanRange, Store, StoreError, StoreFault, Unit,
};
use provkey::testing::TestAuthority;
use provkey::x509::RevocationReason;

use crate::common::{HOST, TestConnector, master, name};

/// A countdown that never ends.
const NEVER: usize = usize::MAX / 2;

/// A memory store that refuses one of its next calls.
#[derive(Default)]
struct Countdown {
    memory: Memory,
    left: AtomicUsize,
}

impl Countdown {
    fn call(&self) -> Result<&Memory, StoreError> {
        if self.left.fetch_sub(1, Ordering::SeqCst) == 0 {
            self.left.store(NEVER, Ordering::SeqCst);
            let fault = StoreFault::new(FaultKind::Unavailable, "planned");
            return Err(StoreError::NotApplied(fault));
        }
        Ok(&self.memory)
    }

    /// All its records.
    fn records(&self) -> Vec<Record> {
        self.memory.scan(&ScanRange::prefix(""), 1000).unwrap()
    }
}

impl Store for Countdown {
    fn get(&self, keys: &[RecordKey]) -> Result<Vec<Option<Record>>, StoreError> {
        self.call()?.get(keys)
    }

    fn scan(&self, range: &ScanRange, limit: usize) -> Result<Vec<Record>, StoreError> {
        self.call()?.scan(range, limit)
    }

    fn apply(&self, units: &[Unit]) -> Result<Vec<Outcome>, StoreError> {
        self.call()?.apply(units)
    }
}

/// Runs `work` on a new authority again and again. Each time a later call of the store fails, until
/// `work` makes fewer calls.
fn check<P, T>(
    prepare: impl Fn(&TestAuthority) -> P,
    work: impl Fn(&Authority, P) -> Result<T, Error>,
) {
    for fails in 0.. {
        let store = Arc::new(Countdown { left: AtomicUsize::new(NEVER), ..Countdown::default() });
        let world = TestAuthority::over(store.clone());
        let prepared = prepare(&world);
        if changes_nothing_on_error(&store, fails, || work(&world.authority, prepared)) {
            return;
        }
    }
}

/// Checks that a failed `work` changed nothing. Returns whether no call of the store failed.
fn changes_nothing_on_error<T>(
    store: &Countdown,
    fails: usize,
    work: impl FnOnce() -> Result<T, Error>,
) -> bool {
    let before = store.records();
    store.left.store(fails, Ordering::SeqCst);
    let done = work();
    match done {
        Ok(_) => {}
        Err(Error::Store(StoreError::NotApplied(_))) => {
            assert_eq!(store.records(), before, "call {fails} failed");
        }
        Err(Error::Store(StoreError::Unknown(_))) => {}
        Err(error) => panic!("call {fails} failed: {error}"),
    }
    // When the countdown ended, it was set to NEVER.
    store.left.load(Ordering::SeqCst) < NEVER / 2
}

#[test]
fn a_failed_creation_changes_nothing() {
    for fails in 0.. {
        let world = TestAuthority::new();
        let store = Arc::new(Countdown { left: AtomicUsize::new(NEVER), ..Countdown::default() });
        let environment = world.environment.clone().store(store.clone());
        let new = NewAuthority::new(Host::parse(HOST).unwrap());
        let create = || Authority::create(environment, Keyring::new(master(1)), &new);
        if changes_nothing_on_error(&store, fails, create) {
            return;
        }
    }
}

#[test]
fn a_failed_call_of_an_operator_changes_nothing() {
    let key = |world: &TestAuthority| world.key("fleet", 5).id;
    check(|_| (), |authority, ()| authority.create_group(&name("another")));
    check(|_| (), |authority, ()| authority.create_certificate(&NewCertificate::new(name("next"))));
    check(|world| world.new_key("fleet", 5), |authority, new| authority.create_key(&new));
    check(key, |authority, id| {
        let update = KeyUpdate::default().max_uses(9).enabled(false);
        authority.update_key(id, &update)
    });
    check(key, |authority, id| authority.copy_key(id));
    check(key, |authority, id| authority.delete_key(id));
    check(|world| world.certificate.id, |authority, id| authority.retire_certificate(id));
    let host = Host::parse("second.example.com").unwrap();
    check(|_| (), |authority, ()| authority.add_host(&host));
    let keyring = || {
        let slot = provkey::key::Slot::new(1).unwrap();
        Keyring::new(master(1)).with(slot, master(2)).with_current(slot).unwrap()
    };
    check(|_| (), |authority, ()| authority.rotate_master(keyring()));
}

#[test]
fn a_failed_call_of_a_connector_changes_nothing() {
    let request = |world: &TestAuthority| {
        let key = world.provisioning_key(&world.key("fleet", 5));
        TestConnector::new().proof(&key)
    };
    check(request, |authority, request| authority.enroll(&request));
    let enrolled =
        |world: &TestAuthority| world.authority.enroll(&request(world)).unwrap().connector;
    check(enrolled, |authority, id| {
        authority.revoke_connector(id, RevocationReason::KeyCompromise)
    });
}
