//! CRLs: what is on them, and their numbers.

use std::collections::BTreeSet;
use std::thread;
use std::time::Duration;

use provkey::authority::{Authority, Connector, ConnectorFilter, Crl, PageRequest, Retention};
use provkey::key::Keyring;
use provkey::testing::TestAuthority;
use provkey::time::Timestamp;
use provkey::x509::{RevocationList, RevocationReason, SerialNumber};

use crate::common::{DAY, TestConnector, master};

const REASON: RevocationReason = RevocationReason::Superseded;

fn list(crl: &Crl) -> RevocationList {
    let list = RevocationList::parse(&crl.der).unwrap();
    assert_eq!((list.number, list.revoked.len()), (crl.number, crl.entries));
    list
}

fn serials(crl: &Crl) -> BTreeSet<String> {
    list(crl).revoked.iter().map(|one| one.serial.to_string()).collect()
}

fn current(world: &TestAuthority) -> Crl {
    world.authority.crl(world.certificate.id).unwrap()
}

/// Enrolls connectors, and returns them as they are listed.
fn enroll(world: &TestAuthority, name: &str, count: u64) -> Vec<Connector> {
    let key = world.key(name, count);
    let text = world.provisioning_key(&key);
    let connector = |_| world.authority.enroll(&TestConnector::new().proof(&text)).unwrap();
    (0..count).map(|id| world.authority.connector(connector(id).connector).unwrap()).collect()
}

#[test]
fn a_list_has_exactly_what_was_revoked_and_says_why() {
    let world = TestAuthority::new();
    let connectors = enroll(&world, "fleet", 8);
    assert_eq!((current(&world).number, serials(&current(&world)).len()), (1, 0));
    for (reason, connector) in RevocationReason::ALL.into_iter().zip(&connectors) {
        world.clock.advance(Duration::from_secs(1));
        world.authority.revoke_connector(connector.id, reason).unwrap();
        let found = list(&current(&world)).revoked;
        let serial = SerialNumber::parse(&connector.serial).unwrap();
        let entry = found.iter().find(|one| one.serial == serial).unwrap();
        assert_eq!(entry.reason, reason);
        let revoked_at = world.authority.connector(connector.id).unwrap().revoked_at.unwrap();
        assert_eq!(entry.revoked_at.unix_seconds(), revoked_at.unix_seconds());
    }
    let revoked: BTreeSet<_> = connectors[..7].iter().map(|one| one.serial.clone()).collect();
    assert_eq!(serials(&current(&world)), revoked);
}

#[test]
fn a_list_is_reused_until_half_of_its_validity_or_a_revocation() {
    let world = TestAuthority::new();
    let connector = &enroll(&world, "fleet", 1)[0];
    let first = current(&world);
    assert_eq!(first.next_update, first.this_update.plus(7 * DAY));
    world.clock.advance(3 * DAY);
    assert_eq!(current(&world), first);
    world.clock.advance(DAY);
    let second = current(&world);
    assert_eq!(second.number, 2);
    world.authority.revoke_connector(connector.id, REASON).unwrap();
    let third = current(&world);
    assert_eq!((third.number, third.entries), (3, 1));
    world.authority.revoke_connector(connector.id, REASON).unwrap();
    assert_eq!(current(&world), third);
    // If the clock goes back, no list is older than the last.
    world.clock.set_back(2 * DAY);
    let host = Authority::open(world.environment.clone(), Keyring::new(master(1))).unwrap();
    let fourth = host.crl(world.certificate.id).unwrap();
    assert_eq!((fourth.number, fourth.this_update), (4, third.this_update));
}

#[test]
fn an_expired_certificate_is_on_one_more_list_and_then_pruned() {
    let world = TestAuthority::new();
    let connector = &enroll(&world, "fleet", 1)[0];
    world.authority.revoke_connector(connector.id, REASON).unwrap();
    let prune = || {
        let all = Retention::default().expired_before(Timestamp::MAX);
        world.authority.prune(&all).unwrap().revocations
    };
    assert_eq!((current(&world).entries, prune()), (1, 0));
    world.clock.advance(366 * DAY);
    assert_eq!(prune(), 0, "no list since it expired");
    assert_eq!(current(&world).entries, 1);
    world.clock.advance(4 * DAY);
    assert_eq!(current(&world).entries, 0);
    assert_eq!((prune(), prune()), (1, 0));
    assert!(world.authority.connector(connector.id).unwrap().revoked_at.is_some());
}

#[test]
fn a_certificate_that_expired_before_its_revocation_is_on_no_list() {
    let world = TestAuthority::new();
    let connector = &enroll(&world, "fleet", 1)[0];
    world.clock.advance(366 * DAY);
    world.authority.revoke_connector(connector.id, REASON).unwrap();
    assert_eq!(current(&world).entries, 0);
}

#[test]
fn the_root_has_a_list_of_its_own() {
    let world = TestAuthority::new();
    let connector = &enroll(&world, "fleet", 1)[0];
    world.authority.revoke_connector(connector.id, REASON).unwrap();
    let crl = world.authority.root_crl().unwrap();
    assert_eq!((crl.number, crl.entries), (1, 0));
    assert_eq!(list(&crl).issuer, world.authority.root().subject());
    assert_eq!(list(&current(&world)).issuer, world.certificate.certificate.subject());
}

#[test]
fn a_certificate_that_has_only_a_list_can_be_deleted() {
    let world = TestAuthority::new();
    current(&world);
    world.authority.delete_certificate(world.certificate.id).unwrap();
    let gone = world.authority.crl(world.certificate.id).unwrap_err();
    assert_eq!(gone.code(), "certificate_not_found");
}

#[test]
fn racing_nodes_use_no_number_twice_and_a_later_list_lacks_nothing() {
    let world = TestAuthority::new();
    let connectors = enroll(&world, "fleet", 24);
    let hosts: Vec<_> = (0..3)
        .map(|_| Authority::open(world.environment.clone(), Keyring::new(master(1))).unwrap())
        .collect();
    let mut lists: Vec<Crl> = thread::scope(|scope| {
        let threads = hosts.iter().zip(connectors.chunks(8)).map(|(host, connectors)| {
            let id = world.certificate.id;
            scope.spawn(move || {
                let mut lists = Vec::new();
                for connector in connectors {
                    host.revoke_connector(connector.id, REASON).unwrap();
                    let crl = host.crl(id).unwrap();
                    assert!(serials(&crl).contains(&connector.serial), "known at once");
                    lists.push(crl);
                }
                assert!(lists.is_sorted_by_key(|crl| crl.number));
                lists
            })
        });
        let threads: Vec<_> = threads.collect();
        threads.into_iter().flat_map(|thread| thread.join().unwrap()).collect()
    });
    lists.sort_by_key(|crl| crl.number);
    for pair in lists.windows(2) {
        assert!(pair[0].number < pair[1].number || pair[0] == pair[1]);
        assert!(serials(&pair[0]).is_subset(&serials(&pair[1])));
    }
    let page = PageRequest { limit: 1000, after: None };
    let all = world.authority.list_connectors(&ConnectorFilter::default(), &page).unwrap();
    let revoked: BTreeSet<_> = all.items.into_iter().map(|one| one.serial).collect();
    assert_eq!(serials(&current(&world)), revoked);
}

#[test]
fn many_concurrent_requests_cause_one_list() {
    let world = TestAuthority::new();
    let numbers: BTreeSet<_> = thread::scope(|scope| {
        let threads: Vec<_> = (0..8).map(|_| scope.spawn(|| current(&world).number)).collect();
        threads.into_iter().map(|thread| thread.join().unwrap()).collect()
    });
    assert_eq!(numbers, BTreeSet::from([1]));
}
