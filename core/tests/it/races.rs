//! Many threads at once.

use std::collections::BTreeSet;
use std::sync::Arc;
use std::thread;

use provkey::authority::{Authority, ConnectorFilter, KeyUpdate, PageRequest};
use provkey::key::Keyring;

use crate::common::{TestConnector, World, code, master};

#[test]
fn threads_and_hosts_race_for_a_limit_and_none_passes_it() {
    let world = World::new();
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
    let filter = ConnectorFilter { key: Some(key.id), ..ConnectorFilter::default() };
    let page = PageRequest { limit: 1000, after: None };
    assert_eq!(world.authority.list_connectors(&filter, &page).unwrap().items.len(), 100);
}

#[test]
fn one_connector_on_many_threads_costs_one_use_and_gets_one_certificate() {
    let world = World::new();
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
    let world = World::new();
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
            let update = KeyUpdate {
                max_uses: Some(1_000 - round),
                enabled: Some(round % 4 != 3),
                ..KeyUpdate::default()
            };
            world.authority.update_key(key.id, &update).unwrap();
        }
        threads.into_iter().map(|thread| thread.join().unwrap()).sum()
    });
    assert_eq!(world.used(&key), granted as u64);
}
