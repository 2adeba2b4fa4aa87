//! Concurrent calls from many threads and nodes.

use std::collections::BTreeSet;
use std::sync::Arc;
use std::thread;
use std::time::Duration;

use provkey::authority::{Authority, ConnectorFilter, KeyUpdate, PageRequest};
use provkey::key::Keyring;
use provkey::store::ScanRange;
use provkey::testing::TestAuthority;
use provkey::x509::RevocationReason;

use crate::common::{TestConnector, code, master, renewal};

#[test]
fn racing_threads_and_nodes_never_exceed_a_limit() {
    let world = TestAuthority::new();
    let key = world.key("fleet", 100);
    let text = Arc::new(world.provisioning_key(&key));
    let hosts: Vec<_> = (0..2)
        .map(|_| Authority::open(world.environment.clone(), Keyring::new(master(1))).unwrap())
        .collect();
    let granted: Vec<_> = thread::scope(|scope| {
        let threads: Vec<_> = (0..16)
            .map(|index| {
                let (authority, text) = (hosts[index % 2].clone(), text.clone());
                scope.spawn(move || {
                    (0..10)
                        .filter_map(|_| authority.enroll(&TestConnector::new().proof(&text)).ok())
                        .collect::<Vec<_>>()
                })
            })
            .collect();
        threads.into_iter().flat_map(|thread| thread.join().unwrap()).collect()
    });
    assert_eq!(granted.len(), 100);
    assert_eq!(world.used(&key), 100);
    let serials: BTreeSet<_> = granted.iter().map(|enrolled| &enrolled.serial).collect();
    assert_eq!(serials.len(), 100);
    let filter = ConnectorFilter::default().key(key.id);
    let page = PageRequest { limit: 1000, after: None };
    assert_eq!(world.authority.list_connectors(&filter, &page).unwrap().items.len(), 100);
}

#[test]
fn one_connector_on_many_threads_costs_one_use_and_gets_one_certificate() {
    let world = TestAuthority::new();
    let key = world.key("fleet", 100);
    let text = world.provisioning_key(&key);
    let connector = TestConnector::new();
    let serials: BTreeSet<_> = thread::scope(|scope| {
        let ask = || world.authority.enroll(&connector.proof(&text)).unwrap().serial;
        let threads: Vec<_> = (0..16).map(|_| scope.spawn(ask)).collect();
        threads.into_iter().map(|thread| thread.join().unwrap()).collect()
    });
    assert_eq!(serials.len(), 1);
    assert_eq!(world.used(&key), 1);
}

#[test]
fn edits_during_a_storm_lose_no_use() {
    let world = TestAuthority::new();
    let key = world.key("fleet", 1_000);
    let text = world.provisioning_key(&key);
    let granted: usize = thread::scope(|scope| {
        let enroll = || {
            let codes =
                (0..25).map(|_| code(world.authority.enroll(&TestConnector::new().proof(&text))));
            codes.filter(|code| *code == "enrolled").count()
        };
        let threads: Vec<_> = (0..4).map(|_| scope.spawn(enroll)).collect();
        for round in 0..40_u64 {
            let update = KeyUpdate::default().max_uses(1_000 - round).enabled(round % 4 != 3);
            world.authority.update_key(key.id, &update).unwrap();
        }
        threads.into_iter().map(|thread| thread.join().unwrap()).sum()
    });
    assert_eq!(world.used(&key), granted as u64);
}

#[test]
fn concurrent_renewals_renew_a_certificate_once() {
    let world = TestAuthority::new();
    let text = world.provisioning_key(&world.key("fleet", 1));
    let connector = TestConnector::new();
    let first = world.authority.enroll(&connector.proof(&text)).unwrap();
    let new = [(); 4].map(|()| TestConnector::new().signer);
    let answers: Vec<_> = thread::scope(|scope| {
        let (authority, leaf, old, new) =
            (&world.authority, &first.chain[0], &connector.signer, &new);
        let ask = move |index: usize| authority.renew(&renewal(leaf, old, &new[index % 4], None));
        let threads: Vec<_> = (0..16).map(|index| scope.spawn(move || ask(index))).collect();
        threads.into_iter().map(|thread| thread.join().unwrap()).collect()
    });
    let serials: BTreeSet<_> = answers.iter().flatten().map(|one| &one.serial).collect();
    assert_eq!(serials.len(), 1);
    let codes: Vec<_> = answers.iter().map(|answer| code(answer.clone())).collect();
    let count = |code| codes.iter().filter(|one| **one == code).count();
    assert_eq!((count("enrolled"), count("replayed"), count("certificate_renewed")), (1, 3, 12));
    assert_eq!(world.authority.connector(first.connector).unwrap().renewals, 1);
}

/// A revocation wins: it covers earlier renewals, and later ones are refused.
#[test]
fn no_certificate_escapes_a_revocation() {
    for _ in 0..5 {
        let world = TestAuthority::new();
        let text = world.provisioning_key(&world.key("fleet", 1));
        let asks = TestConnector::new();
        let first = world.authority.enroll(&asks.proof(&text)).unwrap();
        let issued = thread::scope(|scope| {
            let renewing = scope.spawn(|| {
                let mut issued = vec![first.clone()];
                loop {
                    let leaf = &issued.last().unwrap().chain[0];
                    match world.authority.renew(&renewal(leaf, &asks.signer, &asks.signer, None)) {
                        Ok(renewed) => issued.push(renewed),
                        Err(error) => break (issued, error.code()),
                    }
                }
            });
            thread::sleep(Duration::from_millis(5));
            let reason = RevocationReason::default();
            world.authority.revoke_connector(first.connector, reason).unwrap();
            let (issued, code) = renewing.join().unwrap();
            assert!(["connector_revoked", "renewal_too_early"].contains(&code), "{code}");
            issued
        });
        let range = ScanRange { prefix: "revoked/".into(), after: None, reverse: false };
        let revoked = world.environment.store.scan(&range, 100).unwrap();
        assert_eq!(revoked.len(), issued.len());
    }
}
