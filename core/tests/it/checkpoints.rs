//! Rollback checkpoints: a rollback is noticed, and nothing else is mistaken for one.

use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};

use provkey::authority::{Action, Authority, Checkpoint, Error, Retention};
use provkey::key::Keyring;
use provkey::store::{FaultKind, Memory, Outcome, Store, StoreError, StoreFault, Unit};
use provkey::testing::TestAuthority;
use provkey::time::{Clock, Timestamp};
use provkey::x509::RevocationReason;

use crate::common::{DAY, Intercepted, TestConnector, master, name};

/// A copy of a store as it is now, like a backup.
fn copy(world: &TestAuthority) -> Arc<Memory> {
    let copy = Memory::new();
    Authority::copy_store(&*world.environment.store, &copy).unwrap();
    Arc::new(copy)
}

/// Another process, which opens this store in place of the authority's.
fn started_again(world: &TestAuthority, store: Arc<dyn Store>) -> Authority {
    let environment = world.environment.clone().store(store);
    Authority::open(environment, Keyring::new(master(1))).unwrap()
}

fn check(authority: &Authority, checkpoint: &Checkpoint) -> &'static str {
    match authority.verify_checkpoint(checkpoint) {
        Ok(()) => "there",
        Err(error) => {
            assert!(!error.retryable());
            assert!(error.to_string().contains(&checkpoint.to_string()), "{error}");
            error.code()
        }
    }
}

/// Changes of every kind after which a node may save the checkpoint, each with a copy of the store
/// at that time.
fn history(world: &TestAuthority) -> Vec<(Checkpoint, Arc<Memory>)> {
    let mut history = Vec::new();
    let mut keep = || history.push((world.authority.checkpoint().unwrap(), copy(world)));
    keep();
    let key = world.key("fleet", 9);
    keep();
    let text = world.provisioning_key(&key);
    keep();
    let enrolled = world.authority.enroll(&TestConnector::new().proof(&text)).unwrap();
    keep();
    let many: Vec<_> = (0..3).map(|_| TestConnector::new().proof(&text)).collect();
    assert!(world.authority.enroll_many(&many).iter().all(Result::is_ok));
    keep();
    world.clock.advance(DAY);
    world.authority.revoke_connector(enrolled.connector, RevocationReason::Unspecified).unwrap();
    keep();
    world.authority.prune(&Retention::default()).unwrap();
    keep();
    world.authority.delete_key(key.id).unwrap();
    keep();
    history
}

#[test]
fn a_check_for_writability_is_not_the_latest_change() {
    let world = TestAuthority::new();
    let earlier = world.authority.checkpoint().unwrap();
    world.authority.verify_checkpoint(&earlier).unwrap();
    world.key("fleet", 9);
    let latest = world.authority.checkpoint().unwrap();
    world.authority.check_writable().unwrap();
    assert_ne!(latest, earlier);
    assert_eq!(world.authority.checkpoint().unwrap(), latest);
}

/// A new CRL is stored without an audit record.
#[test]
fn a_change_without_an_audit_record_leads_to_the_one_before_it() {
    let world = TestAuthority::new();
    let old = world.authority.checkpoint().unwrap();
    let again = started_again(&world, world.environment.store.clone());
    again.verify_checkpoint(&old).unwrap();
    again.create_group(&name("after the checkpoint")).unwrap();
    let latest = again.checkpoint().unwrap();
    assert_ne!(latest, old);
    again.crl(world.certificate.id).unwrap();
    assert_eq!(again.checkpoint().unwrap(), latest);
}

#[test]
fn a_store_without_a_change_is_distinguished_from_one_with_it() {
    let world = TestAuthority::new();
    let history = history(&world);
    for (kept_at, (checkpoint, _)) in history.iter().enumerate() {
        for (restored_to, (_, store)) in history.iter().enumerate() {
            let authority = started_again(&world, store.clone());
            let expected = if restored_to < kept_at { "store_rolled_back" } else { "there" };
            assert_eq!(check(&authority, checkpoint), expected, "{kept_at} {restored_to}");
        }
        assert_eq!(check(&world.authority, checkpoint), "there");
    }
}

/// Changes after a restore do not bring back what was lost.
#[test]
fn a_restored_store_with_other_changes_is_noticed() {
    let world = TestAuthority::new();
    let text = world.provisioning_key(&world.key("fleet", 9));
    let old = copy(&world);
    world.authority.enroll(&TestConnector::new().proof(&text)).unwrap();
    let checkpoint = world.authority.checkpoint().unwrap();
    let other = started_again(&world, old);
    for _ in 0..5 {
        other.enroll(&TestConnector::new().proof(&text)).unwrap();
    }
    assert_eq!(check(&other, &checkpoint), "store_rolled_back");
}

#[test]
fn a_process_without_changes_returns_the_last_audited_change() {
    let world = TestAuthority::new();
    // Changes at the same millisecond have no order.
    world.clock.advance(DAY);
    world.authority.create_group(&name("first")).unwrap();
    let made = world.authority.checkpoint().unwrap();
    let idle = started_again(&world, world.environment.store.clone());
    assert_eq!(idle.checkpoint().unwrap(), made);
    world.clock.advance(DAY);
    world.authority.create_group(&name("another")).unwrap();
    assert_ne!(idle.checkpoint().unwrap(), made);
    assert_eq!(idle.checkpoint().unwrap(), world.authority.checkpoint().unwrap());
    assert_eq!(Checkpoint::parse(&made.to_string()), Ok(made));
    assert!(made.at() < world.clock.now());
}

#[test]
fn an_accepted_rollback_is_audited() {
    let world = TestAuthority::new();
    let old = copy(&world);
    world.clock.advance(DAY);
    world.key("fleet", 1);
    let lost = world.authority.checkpoint().unwrap();
    assert_eq!(world.authority.accept_rollback(&lost).unwrap(), lost, "nothing is lost");
    assert!(world.audit().iter().all(|record| record.action != Action::RollbackAccepted));

    let restored = started_again(&world, old).acting_as("ada");
    let kept = restored.accept_rollback(&lost).unwrap();
    assert_eq!(check(&restored, &kept), "there");
    assert_eq!(check(&restored, &lost), "store_rolled_back");
    let page = provkey::authority::PageRequest { limit: 1000, after: None };
    let trail = restored.list_audit(&Default::default(), &page).unwrap().items;
    let accepted = trail.last().unwrap();
    assert_eq!(accepted.action, Action::RollbackAccepted);
    assert_eq!(accepted.actor.as_deref(), Some("ada"));
    assert_eq!(accepted.details, Some(lost.to_string()));
}

/// Pruning is not a rollback, and a rollback of a pruned store is noticed.
#[test]
fn a_pruned_checkpoint_is_not_a_rollback() {
    let world = TestAuthority::new();
    let prune = || {
        let retention = Retention::default().audit_before(world.clock.now());
        world.authority.prune(&retention).unwrap();
    };
    let first = world.authority.checkpoint().unwrap();
    world.clock.advance(DAY);
    prune();
    let pruned = copy(&world);
    assert_eq!(check(&world.authority, &first), "there");
    world.clock.advance(DAY);
    world.key("fleet", 1);
    let second = world.authority.checkpoint().unwrap();
    assert_eq!(check(&started_again(&world, pruned.clone()), &first), "there");
    assert_eq!(check(&started_again(&world, pruned.clone()), &second), "store_rolled_back");
    world.clock.advance(DAY);
    prune();
    assert_eq!(check(&world.authority, &second), "there");
    assert_eq!(check(&started_again(&world, pruned), &second), "store_rolled_back");
}

/// Applies changes until none is left, as if the process had ended there: before the last of them,
/// or after it.
fn apply_until_the_end(
    memory: &Memory,
    units: &[Unit],
    changes_left: &AtomicUsize,
    after: bool,
) -> Result<Vec<Outcome>, StoreError> {
    let left = changes_left.load(Ordering::SeqCst);
    changes_left.store(left.saturating_sub(1), Ordering::SeqCst);
    match left {
        1 if after => drop(memory.apply(units)?),
        0 | 1 => {}
        _ => return memory.apply(units),
    }
    Err(StoreError::Unknown(StoreFault::new(FaultKind::Unavailable, "the end")))
}

/// Wherever a process ends, the store contains the checkpoint that the process saved.
#[test]
fn no_checkpoint_is_ahead_of_what_is_durable() {
    for after in [false, true] {
        for changes_left in 1.. {
            let left = Arc::new(AtomicUsize::new(usize::MAX));
            let counted = Arc::clone(&left);
            let store = Intercepted::new(move |memory, units| {
                apply_until_the_end(memory, units, &counted, after)
            });
            let world = TestAuthority::over(store.clone());
            let mut kept = vec![world.authority.checkpoint().unwrap()];
            left.store(changes_left, Ordering::SeqCst);
            let done = work(&world, || kept.push(world.authority.checkpoint().unwrap()));
            let next = started_again(&world, store.memory.clone());
            for checkpoint in &kept {
                assert_eq!(check(&next, checkpoint), "there", "{changes_left} {after}");
            }
            if done.is_ok() {
                break;
            }
        }
    }
}

/// Everything that writes, and what prunes.
fn work(world: &TestAuthority, mut keep: impl FnMut()) -> Result<(), Error> {
    let authority = &world.authority;
    let mut step = |done: Result<(), Error>| {
        keep();
        done
    };
    world.clock.advance(DAY);
    let key = authority.create_key(&world.new_key("fleet", 9))?;
    step(Ok(()))?;
    let text = authority.copy_key(key.id)?;
    let text = provkey::key::ProvisioningKey::read(text.expose().as_bytes()).unwrap();
    for _ in 0..2 {
        let enrolled = authority.enroll(&TestConnector::new().proof(&text));
        step(enrolled.map(drop))?;
    }
    let disabled = provkey::authority::KeyUpdate::default().enabled(false);
    step(authority.update_key(key.id, &disabled).map(drop))?;
    let refused = authority.enroll(&TestConnector::new().proof(&text)).unwrap_err();
    step(if refused.code() == "key_disabled" { Ok(()) } else { Err(refused) })?;
    world.clock.advance(DAY);
    for before in [DAY, DAY / 2] {
        let audit_before = Some(Timestamp::minus(world.clock.now(), before));
        let pruned = authority.prune(&Retention::default().audit_before(audit_before));
        step(pruned.map(drop))?;
    }
    Ok(())
}
