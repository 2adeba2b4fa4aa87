//! Enrollment: what it costs, and the code of each refusal.

use std::net::IpAddr;
use std::sync::Arc;
use std::sync::atomic::Ordering;
use std::time::Duration;

use provkey::authority::{
    AddressRange, Authority, ConnectorFilter, EnrollRequest, Event, PageRequest,
};
use provkey::key::{Fingerprint, Host, Keyring, ProvisioningKey};
use provkey::store::Memory;
use provkey::testing::TestAuthority;
use provkey::time::Clock;
use provkey::x509::{Certificate, Chain, ChainUse, RevocationReason, Signer};

use crate::common::{Counted, DAY, TestConnector, code, master};

#[test]
fn a_proof_or_the_text_enrolls_and_costs_one_use() {
    let world = TestAuthority::new();
    let key = world.key("fleet", 2);
    let text = world.provisioning_key(&key);
    let (one, two) = (TestConnector::new(), TestConnector::new());
    for (connector, request) in [(&one, one.proof(&text)), (&two, two.bearer(&text))] {
        let enrolled = world.authority.enroll(&request).unwrap();
        assert!(!enrolled.replay);
        let chain = Certificate::parse_all(enrolled.chain_pem().as_bytes()).unwrap();
        let spki = connector.signer.public_key().spki();
        let pinned = |spki: &[u8]| text.pin().matches_spki(spki);
        Chain::build(&chain, spki, ChainUse::ClientAuth, pinned).unwrap();
        let uri = format!(
            "spiffe://api.private.example.com/group/{}/connector/{}",
            world.group.id, enrolled.connector
        );
        assert_eq!(chain[0].uris(), [uri]);
    }
    assert_eq!(world.used(&key), 2);
    assert_eq!(code(world.authority.enroll(&TestConnector::new().proof(&text))), "key_exhausted");
    assert_eq!(world.used(&key), 2);
}

#[test]
fn asking_again_costs_nothing_even_when_the_key_is_used_up_or_expired() {
    let world = TestAuthority::new();
    let expires_at = Some(world.clock.now().plus(DAY));
    let new = world.new_key("fleet", 1).expires_at(expires_at);
    let key = world.authority.create_key(&new).unwrap();
    let text = world.provisioning_key(&key);
    let connector = TestConnector::new();
    let first = world.authority.enroll(&connector.proof(&text)).unwrap();
    world.clock.advance(2 * DAY);
    let again = world.authority.enroll(&connector.proof(&text)).unwrap();
    assert!(again.replay);
    assert_eq!((first.chain, first.serial), (again.chain, again.serial));
    assert_eq!(world.used(&key), 1);
    let filter = ConnectorFilter::default().key(key.id);
    let listed = world.authority.list_connectors(&filter, &PageRequest::default()).unwrap();
    assert_eq!(listed.items.len(), 1);
    assert_eq!(listed.items[0].replays, 1);
    assert_eq!(code(world.authority.enroll(&TestConnector::new().proof(&text))), "key_expired");
}

#[test]
fn the_allowed_addresses_are_of_the_request_whose_address_is_known() {
    let world = TestAuthority::new();
    let ranges = vec![AddressRange::parse("10.0.0.0/8").unwrap()];
    let new = world.new_key("fleet", 5).allowed_addresses(ranges);
    let text = world.provisioning_key(&world.authority.create_key(&new).unwrap());
    for (address, expected) in [
        (None, "address_not_allowed"),
        (Some("192.0.2.1"), "address_not_allowed"),
        (Some("::ffff:10.1.2.3"), "enrolled"),
    ] {
        let address = address.map(|address| address.parse().unwrap());
        let request = TestConnector::new().proof(&text).address(address);
        assert_eq!(code(world.authority.enroll(&request)), expected);
    }
}

#[test]
fn a_deleted_key_stops_at_once() {
    let world = TestAuthority::new();
    let key = world.key("fleet", 5);
    let text = world.provisioning_key(&key);
    let connector = TestConnector::new();
    assert_eq!(code(world.authority.enroll(&connector.proof(&text))), "enrolled");
    world.authority.delete_key(key.id).unwrap();
    assert_eq!(code(world.authority.enroll(&TestConnector::new().proof(&text))), "key_deleted");
    assert_eq!(code(world.authority.enroll(&connector.proof(&text))), "key_deleted");
    assert_eq!(world.authority.key(key.id).unwrap_err().code(), "key_deleted");
    assert_eq!(world.authority.delete_key(key.id).unwrap_err().code(), "key_deleted");
}

#[test]
fn a_key_of_another_authority_or_host_is_invalid() {
    let (world, stranger) = (TestAuthority::new(), TestAuthority::new());
    let key = world.key("fleet", 5);
    let ours = world.provisioning_key(&key);
    let connector = TestConnector::new();

    // The same master key gives the same secrets, but another root gives another pin.
    let theirs = stranger.provisioning_key(&stranger.key("fleet", 5));
    assert_eq!(code(world.authority.enroll(&connector.bearer(&theirs))), "key_invalid");

    // Another master key gives other secrets.
    let secret = master(2).derive_secret(ours.host(), key.id);
    let forged = ProvisioningKey::from_parts(ours.host().clone(), key.id, secret, ours.pin());
    assert_eq!(code(world.authority.enroll(&connector.bearer(&forged))), "key_invalid");
    assert_eq!(code(world.authority.enroll(&connector.proof(&forged))), "key_invalid");

    // The secret is derived from the master key, but for a host that the authority does not have.
    let host = Host::parse("elsewhere.example.com").unwrap();
    let secret = master(1).derive_secret(&host, key.id);
    let elsewhere = ProvisioningKey::from_parts(host.clone(), key.id, secret, ours.pin());
    assert_eq!(code(world.authority.enroll(&connector.bearer(&elsewhere))), "key_invalid");
    assert_eq!(code(world.authority.enroll(&connector.proof(&elsewhere))), "key_invalid");

    // A host that another process adds is known at once, and a key made for the old one stays good.
    let other = Authority::open(world.environment.clone(), Keyring::new(master(1))).unwrap();
    let third = Authority::open(world.environment.clone(), Keyring::new(master(1))).unwrap();
    other.add_host(&host).unwrap();
    let new = world.new_key("elsewhere", 1).host(host);
    let elsewhere = world.provisioning_key(&third.create_key(&new).unwrap());
    let late = TestConnector::new();
    assert_eq!(code(world.authority.enroll(&late.bearer(&elsewhere))), "enrolled");
    assert_eq!(code(world.authority.enroll(&connector.proof(&ours))), "enrolled");
    let events = world.observer.take();
    let refusals = events.iter().filter(|e| matches!(e, Event::Refused { key: None, .. })).count();
    assert_eq!(refusals, 5);
    world.authority.flush().unwrap();
    assert!(world.audit().iter().all(|record| record.code.is_none()), "unproven is not stored");
}

#[test]
fn another_machine_does_not_get_the_certificate() {
    let world = TestAuthority::new();
    let key = world.key("fleet", 5);
    let text = world.provisioning_key(&key);
    let mut connector = TestConnector::new();
    connector.fingerprint = Some(Fingerprint::of_raw(b"machine 1"));
    assert_eq!(code(world.authority.enroll(&connector.proof(&text))), "enrolled");
    assert_eq!(code(world.authority.enroll(&connector.bearer(&text))), "replayed");
    connector.fingerprint = Some(Fingerprint::of_raw(b"machine 2"));
    assert_eq!(code(world.authority.enroll(&connector.proof(&text))), "fingerprint_mismatch");
    connector.fingerprint = None;
    assert_eq!(code(world.authority.enroll(&connector.proof(&text))), "fingerprint_mismatch");
    // Nor if the proof and the request disagree.
    let beside = Some(Fingerprint::of_raw(b"machine 1"));
    let disagreeing = TestConnector::new().proof(&text).fingerprint(beside);
    assert_eq!(code(world.authority.enroll(&disagreeing)), "fingerprint_mismatch");

    // A new key pair on a known machine is a new connector.
    let mut reimaged = TestConnector::new();
    reimaged.fingerprint = Some(Fingerprint::of_raw(b"machine 1"));
    assert_eq!(code(world.authority.enroll(&reimaged.proof(&text))), "enrolled");
    assert_eq!(world.used(&key), 2);
}

#[test]
fn a_revoked_connector_never_enrolls_again() {
    let world = TestAuthority::new();
    let key = world.key("fleet", 5);
    let text = world.provisioning_key(&key);
    let connector = TestConnector::new();
    let enrolled = world.authority.enroll(&connector.proof(&text)).unwrap();
    let reason = RevocationReason::Superseded;
    world.authority.revoke_connector(enrolled.connector, reason).unwrap();
    world.authority.revoke_connector(enrolled.connector, RevocationReason::KeyCompromise).unwrap();
    let connector_id = enrolled.connector;
    let seen = world.authority.connector(connector_id).unwrap().revocation_reason;
    assert_eq!(seen, Some(reason), "the first revocation stands");
    assert_eq!(code(world.authority.enroll(&connector.proof(&text))), "connector_revoked");
    assert_eq!(world.used(&key), 1);
}

#[test]
fn a_clock_that_jumps_back_loses_nothing() {
    let world = TestAuthority::new();
    let key = world.key("fleet", 2);
    let text = world.provisioning_key(&key);
    let connector = TestConnector::new();
    assert_eq!(code(world.authority.enroll(&connector.proof(&text))), "enrolled");
    let before = world.authority.key(key.id).unwrap().last_used_at;
    world.clock.set_back(100 * DAY);
    assert_eq!(code(world.authority.enroll(&connector.proof(&text))), "replayed");
    // A new certificate begins no earlier than its CA's, and the last use does not go back.
    let late = world.authority.enroll(&TestConnector::new().proof(&text)).unwrap();
    assert_eq!(late.not_before, world.certificate.certificate.not_before());
    assert_eq!(world.used(&key), 2);
    assert_eq!(world.authority.key(key.id).unwrap().last_used_at, before);
}

#[test]
fn concurrent_requests_get_their_own_answers() {
    let world = TestAuthority::new();
    let key = world.key("fleet", 3);
    let text = world.provisioning_key(&key);
    let connectors: Vec<_> = (0..5).map(|_| TestConnector::new()).collect();
    let mut requests: Vec<_> = connectors.iter().map(|one| one.proof(&text)).collect();
    requests.insert(1, connectors[0].proof(&text));
    requests.insert(2, EnrollRequest::default());
    let results = world.authority.enroll_many(&requests);
    let codes: Vec<_> = results.into_iter().map(code).collect();
    let expected = [
        "enrolled",
        "replayed",
        "csr_malformed",
        "enrolled",
        "enrolled",
        "key_exhausted",
        "key_exhausted",
    ];
    assert_eq!(codes, expected);
    assert_eq!(world.used(&key), 3);
}

#[test]
fn refusals_of_a_proven_key_are_tallied() {
    let world = TestAuthority::new();
    let key = world.key("fleet", 1);
    let text = world.provisioning_key(&key);
    world.authority.enroll(&TestConnector::new().proof(&text)).unwrap();
    let mut last = None;
    for host in 1..=5 {
        let address = Some(IpAddr::from([192, 0, 2, host]));
        let request = TestConnector::new().proof(&text).address(address);
        last = Some((world.clock.now(), address));
        world.authority.enroll(&request).unwrap_err();
        world.clock.advance(Duration::from_secs(1));
    }
    world.authority.flush().unwrap();
    let audit = world.audit();
    let refused: Vec<_> = audit.iter().filter(|record| record.code.is_some()).collect();
    assert_eq!(refused.len(), 1, "{refused:?}");
    assert_eq!(refused[0].code.as_deref(), Some("key_exhausted"));
    assert_eq!((refused[0].count, refused[0].key), (Some(5), Some(key.id)));
    let (at, address) = last.unwrap();
    assert_eq!((refused[0].last_at, refused[0].address), (Some(at), address));
}

#[test]
fn many_replays_cost_few_writes() {
    let counted = Arc::new(Counted::new(Arc::new(Memory::new())));
    let world = TestAuthority::over(counted.clone());
    let key = world.provisioning_key(&world.key("fleet", 300));
    let connectors: Vec<_> = (0..300).map(|_| TestConnector::new()).collect();
    let enroll_all = || {
        for connector in &connectors {
            world.authority.enroll(&connector.proof(&key)).unwrap();
        }
    };
    enroll_all();
    let before = counted.writes.load(Ordering::Relaxed);
    let writes = || counted.writes.load(Ordering::Relaxed) - before;
    enroll_all();
    assert_eq!(writes(), 16);
    world.clock.advance(Duration::from_secs(1));
    enroll_all();
    // Four more would suffice, but a batch takes 256 waiting requests.
    assert_eq!(writes(), 16 + 2);
    world.authority.flush().unwrap();
    assert_eq!(writes(), 16 + 2 + 2);

    // All of them are counted, by minute and by connector.
    let replayed = world.audit().into_iter().filter(|record| record.count.is_some());
    assert_eq!(replayed.map(|record| record.count.unwrap()).sum::<u64>(), 600);
    let page = PageRequest { limit: 1000, after: None };
    let listed = world.authority.list_connectors(&ConnectorFilter::default(), &page).unwrap().items;
    assert_eq!(listed.len(), 300);
    assert!(listed.iter().all(|connector| connector.replays == 2));
}

#[test]
fn another_process_sees_what_this_one_did() {
    let world = TestAuthority::new();
    let key = world.key("fleet", 1);
    let text = world.provisioning_key(&key);
    let other = Authority::open(world.environment.clone(), Keyring::new(master(1))).unwrap();
    let connector = TestConnector::new();
    assert_eq!(code(world.authority.enroll(&connector.proof(&text))), "enrolled");
    assert_eq!(code(other.enroll(&connector.proof(&text))), "replayed");
    assert_eq!(code(other.enroll(&TestConnector::new().proof(&text))), "key_exhausted");
    other.delete_key(key.id).unwrap();
    assert_eq!(code(world.authority.enroll(&connector.proof(&text))), "key_deleted");
}
