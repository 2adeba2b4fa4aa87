//! Revoking connectors, and everything that a key enrolled.

use std::thread;

use provkey::authority::{
    Action, Compromise, Compromised, Connector, ConnectorFilter, KeyFilter, KeyState, KeyUpdate,
    PageRequest,
};
use provkey::key::KeyId;
use provkey::testing::TestAuthority;
use provkey::time::Clock;
use provkey::x509::RevocationReason;

use crate::common::{DAY, TestConnector, code, name};

fn connectors(world: &TestAuthority, key: KeyId) -> Vec<Connector> {
    let filter = ConnectorFilter::default().key(key);
    let page = PageRequest { limit: 1000, after: None };
    world.authority.list_connectors(&filter, &page).unwrap().items
}

fn counts(done: Compromised) -> (u64, u64) {
    (done.connectors, done.revoked)
}

#[test]
fn a_compromised_key_enrolls_no_connector_and_its_connectors_are_revoked() {
    let world = TestAuthority::new();
    let key = world.key("leaked", 1000);
    let other = world.key("other", 10);
    let text = world.provisioning_key(&key);
    let enroll = |count| {
        for _ in 0..count {
            world.authority.enroll(&TestConnector::new().proof(&text)).unwrap();
        }
    };
    enroll(3);
    world.clock.advance(DAY);
    let since = Some(world.clock.now());
    enroll(101);
    let bystander = TestConnector::new().proof(&world.provisioning_key(&other));
    let bystander = world.authority.enroll(&bystander).unwrap().connector;

    let check = |since, dry_run, expected| {
        let what = Compromise::default().since(since).dry_run(dry_run);
        assert_eq!(counts(world.authority.compromise_key(key.id, &what).unwrap()), expected);
    };
    check(since, true, (101, 101));
    check(None, true, (104, 104));
    assert!(world.authority.key(key.id).unwrap().enabled, "a dry run changes nothing");
    assert!(connectors(&world, key.id).iter().all(|one| one.revoked_at.is_none()));

    check(since, false, (101, 101));
    let refused = code(world.authority.enroll(&TestConnector::new().proof(&text)));
    assert_eq!(refused, "key_compromised");
    let reason = |one: &Connector| one.revocation_reason;
    let reasons: Vec<_> = connectors(&world, key.id).iter().map(reason).collect();
    assert_eq!(reasons[..3], [None; 3]);
    assert_eq!(reasons[3..], [Some(RevocationReason::KeyCompromise); 101]);
    check(since, false, (101, 0));

    world.authority.delete_key(key.id).unwrap();
    check(None, false, (104, 3));
    assert_eq!(world.authority.connector(bystander).unwrap().revoked_at, None);
    let audit = world.audit();
    // Records of the same millisecond have no order.
    let told = audit.iter().filter(|one| one.action == Action::KeyCompromised);
    let told: Vec<_> = told.filter_map(|one| one.details.as_deref()).collect();
    assert!(told.contains(&"104 connectors enrolled, 3 of them revoked"), "{told:?}");
}

/// It is final from the first unit on, before any connector is revoked.
#[test]
fn a_compromise_is_final() {
    let world = TestAuthority::new();
    let key = world.key("leaked", 9);
    let (text, connector) = (world.provisioning_key(&key), TestConnector::new());
    let first = world.authority.enroll(&connector.proof(&text)).unwrap();
    world.clock.advance(DAY);
    let marked_at = world.clock.now();
    // Nothing is revoked: the connector enrolled before.
    let recently = Compromise::default().since(marked_at);
    assert_eq!(counts(world.authority.compromise_key(key.id, &recently).unwrap()), (0, 0));
    assert_eq!(code(world.authority.enroll(&connector.proof(&text))), "key_compromised");
    assert_eq!(code(world.authority.enroll(&TestConnector::new().proof(&text))), "key_compromised");
    assert_eq!(world.authority.copy_key(key.id).unwrap_err().code(), "key_compromised");
    assert_eq!(world.authority.download_key(key.id).unwrap_err().code(), "key_compromised");
    let edits = [
        KeyUpdate::default().enabled(true),
        KeyUpdate::default().max_uses(99),
        KeyUpdate::default().expires_at(None),
        KeyUpdate::default().allowed_addresses(Vec::new()),
        KeyUpdate::default().proof_only(true),
    ];
    for edit in edits {
        let refused = world.authority.update_key(key.id, &edit).unwrap_err();
        assert_eq!(refused.code(), "key_compromised", "{edit:?}");
    }
    // Edits that do not undo it are allowed.
    let edit = KeyUpdate::default().name(name("old")).enabled(false);
    let seen = world.authority.update_key(key.id, &edit).unwrap();
    assert_eq!((seen.state, seen.copyable()), (KeyState::Compromised, false));
    assert_eq!((seen.compromised_at, seen.used), (Some(marked_at), 1));
    // Done again later, it keeps its time and revokes the rest.
    world.clock.advance(DAY);
    let all = Compromise::default();
    assert_eq!(counts(world.authority.compromise_key(key.id, &all).unwrap()), (1, 1));
    assert_eq!(world.authority.key(key.id).unwrap().compromised_at, Some(marked_at));
    let connector = world.authority.connector(first.connector).unwrap();
    assert_eq!(connector.revocation_reason, Some(RevocationReason::KeyCompromise));
    let filter = KeyFilter::default().state(KeyState::Compromised);
    let listed = world.authority.list_keys(&filter, &PageRequest::default()).unwrap().items;
    assert_eq!(listed.len(), 1);
    world.authority.delete_key(key.id).unwrap();
}

#[test]
fn an_unknown_key_cannot_be_compromised() {
    let world = TestAuthority::new();
    let unknown = KeyId::parse("q2w3e4r5t6y7").unwrap();
    for dry_run in [true, false] {
        let what = Compromise::default().dry_run(dry_run);
        let refused = world.authority.compromise_key(unknown, &what).unwrap_err();
        assert_eq!(refused.code(), "key_not_found");
    }
}

#[test]
fn a_connector_that_enrolls_during_a_compromise_is_revoked_or_refused() {
    let world = TestAuthority::new();
    let key = world.key("leaked", 1000);
    let text = world.provisioning_key(&key);
    thread::scope(|scope| {
        for _ in 0..4 {
            scope.spawn(|| {
                while world.authority.enroll(&TestConnector::new().proof(&text)).is_ok() {}
            });
        }
        while world.used(&key) < 20 {
            thread::yield_now();
        }
        world.authority.compromise_key(key.id, &Compromise::default()).unwrap();
    });
    let connectors = connectors(&world, key.id);
    assert_eq!(connectors.len() as u64, world.used(&key));
    assert!(connectors.iter().all(|one| one.revoked_at.is_some()));
}

#[test]
fn connectors_are_listed_from_a_time_on() {
    let world = TestAuthority::new();
    let key = world.key("fleet", 10);
    let text = world.provisioning_key(&key);
    world.authority.enroll(&TestConnector::new().proof(&text)).unwrap();
    world.clock.advance(DAY);
    let since = Some(world.clock.now());
    let later = world.authority.enroll(&TestConnector::new().proof(&text)).unwrap().connector;
    for (key, group) in [(Some(key.id), None), (None, Some(world.group.id)), (None, None)] {
        for descending in [false, true] {
            let filter = ConnectorFilter::default()
                .key(key)
                .group(group)
                .since(since)
                .descending(descending);
            let page = world.authority.list_connectors(&filter, &PageRequest::default()).unwrap();
            let ids: Vec<_> = page.items.iter().map(|one| one.id).collect();
            assert_eq!(ids, [later]);
        }
    }
}
