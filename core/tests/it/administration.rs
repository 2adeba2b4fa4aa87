//! Groups, certificates, hosts, opening and creating, pruning.

use provkey::authority::{
    Action, Actor, AdminRole, AuditFilter, AuditRecord, Authority, NewAdminToken, NewAuthority,
    NewCertificate, PageRequest, Retention,
};
use provkey::key::{Host, Keyring};
use provkey::store::Memory;
use provkey::testing::TestAuthority;
use provkey::time::Timestamp;
use provkey::x509::KeyAlgorithm;
use std::sync::Arc;
use std::time::Duration;

use crate::common::{DAY, TestConnector, code, master, name};

#[test]
fn groups_are_found_by_id_and_by_name_and_deleted_when_empty() {
    let world = TestAuthority::new();
    let authority = &world.authority;
    let group = authority.create_group(&name("Äußere")).unwrap();
    assert_eq!(authority.create_group(&name("äUßERE")).unwrap_err().code(), "name_in_use");
    assert_eq!(authority.find_group("äußere").unwrap(), group);
    assert_eq!(authority.find_group(group.id.as_str()).unwrap(), group);
    assert_eq!(authority.find_group("none").unwrap_err().code(), "group_not_found");
    let listed = authority.list_groups(&PageRequest::default()).unwrap();
    assert_eq!(listed.items.len(), 2);
    authority.delete_group(group.id).unwrap();
    assert_eq!(authority.delete_group(group.id).unwrap_err().code(), "group_not_found");
    authority.create_group(&name("Äußere")).unwrap();
}

#[test]
fn what_keys_or_connectors_depend_on_is_not_deleted() {
    let world = TestAuthority::new();
    let authority = &world.authority;
    let check = |group: &str, certificate: &str| {
        assert_eq!(authority.delete_group(world.group.id).unwrap_err().code(), group);
        let refused = authority.delete_certificate(world.certificate.id).unwrap_err();
        assert_eq!(refused.code(), certificate);
    };
    let key = world.key("fleet", 1);
    check("group_in_use", "certificate_in_use");
    let text = world.provisioning_key(&key);
    authority.enroll(&TestConnector::new().proof(&text)).unwrap();
    authority.delete_key(key.id).unwrap();
    check("group_in_use", "certificate_in_use");
    world.clock.advance(400 * DAY);
    let now = provkey::time::Clock::now(&*world.clock);
    let retention = Retention::default().expired_before(now);
    assert_eq!(authority.prune(&retention).unwrap().enrollments, 1);
    authority.delete_group(world.group.id).unwrap();
    authority.delete_certificate(world.certificate.id).unwrap();
}

#[test]
fn pruning_never_removes_what_a_count_needs() {
    let world = TestAuthority::new();
    let key = world.key("fleet", 2);
    let text = world.provisioning_key(&key);
    let connector = TestConnector::new();
    world.authority.enroll(&connector.proof(&text)).unwrap();
    world.clock.advance(400 * DAY);
    let all = Retention::default().audit_before(Timestamp::MAX).expired_before(Timestamp::MAX);
    let pruned = world.authority.prune(&all).unwrap();
    assert_eq!((pruned.audit_records > 3, pruned.enrollments), (true, 0));
    assert_eq!(code(world.authority.enroll(&connector.proof(&text))), "certificate_expired");
    assert_eq!(world.used(&key), 1);
}

#[test]
fn an_authority_is_created_once_and_opened_with_its_master_key() {
    let world = TestAuthority::new();
    let environment = || world.environment.clone();
    let new = NewAuthority::new(Host::parse("other.example.com").unwrap());
    let check = |result: Result<Authority, provkey::authority::Error>, expected: &str| {
        assert_eq!(result.unwrap_err().code(), expected);
    };
    check(Authority::create(environment(), Keyring::new(master(1)), &new), "authority_exists");
    check(Authority::open(environment(), Keyring::new(master(2))), "master_key_wrong");
    let empty = environment().store(Arc::new(Memory::new()));
    assert!(!Authority::exists(&*empty.store).unwrap());
    assert!(Authority::exists(&*world.environment.store).unwrap());
    check(Authority::open(empty, Keyring::new(master(1))), "authority_missing");
    let opened = Authority::open(environment(), Keyring::new(master(1))).unwrap();
    assert_eq!(opened.id(), world.authority.id());
    assert_eq!(opened.root(), world.authority.root());
}

#[test]
fn a_trust_domain_is_a_name() {
    let world = TestAuthority::new();
    let check = |host: &str, domain: Option<&str>, expected: Result<&str, &str>| {
        let environment = world.environment.clone().store(Arc::new(Memory::new()));
        let mut new = NewAuthority::new(Host::parse(host).unwrap());
        new.trust_domain = domain.map(Into::into);
        let made = Authority::create(environment, Keyring::new(master(1)), &new);
        let made = made.as_ref().map(Authority::trust_domain);
        assert_eq!(made.as_deref().map_err(|error| error.code()), expected);
    };
    check("a.example:8443", None, Ok("a.example"));
    check("[2001:db8::1]", None, Err("trust_domain_invalid"));
    check("[2001:db8::1]", Some("fleet.example"), Ok("fleet.example"));
    check("a.example", Some("Fleet"), Err("trust_domain_invalid"));
}

#[test]
fn validities_and_algorithms_are_checked() {
    let world = TestAuthority::new();
    let check = |change: fn(&mut NewCertificate), expected: &str| {
        let mut new = NewCertificate::new(name("CA 2"));
        change(&mut new);
        assert_eq!(world.authority.create_certificate(&new).unwrap_err().code(), expected);
    };
    check(|new| new.validity = Duration::from_secs(60), "validity_invalid");
    check(|new| new.validity = Duration::MAX, "validity_invalid");
    check(|new| new.leaf_validity = Duration::ZERO, "validity_invalid");
    check(|new| new.crl_validity = Duration::from_secs(3599), "validity_invalid");
    check(|new| new.crl_validity = 367 * DAY, "validity_invalid");
    check(|new| new.algorithm = KeyAlgorithm::Rsa, "algorithm_unsupported");
    check(|new| new.name = name("ca 1"), "name_in_use");
    for (index, algorithm) in
        [KeyAlgorithm::EcdsaP256, KeyAlgorithm::EcdsaP384, KeyAlgorithm::Ed25519].iter().enumerate()
    {
        let mut new = NewCertificate::new(name(&format!("CA {}", index + 10)));
        new.algorithm = *algorithm;
        world.authority.create_certificate(&new).unwrap();
    }
    assert_eq!(world.authority.list_certificates(&PageRequest::default()).unwrap().items.len(), 4);
}

#[test]
fn the_audit_trail_is_filtered_and_paged_both_ways() {
    let world = TestAuthority::new();
    let first = world.key("one", 5);
    world.clock.advance(DAY);
    let since = provkey::time::Clock::now(&*world.clock);
    let second = world.key("two", 5);
    let by_hand = world.authority.acting_as("alice");
    by_hand.copy_key(second.id).unwrap();
    by_hand.copy_key(first.id).unwrap();
    let list = |filter: &AuditFilter, limit| {
        let (mut all, mut after) = (Vec::new(), None);
        loop {
            let page = world.authority.list_audit(filter, &PageRequest { limit, after }).unwrap();
            all.extend(page.items);
            after = page.next;
            if after.is_none() {
                return all;
            }
        }
    };
    for limit in [1, 2, 100] {
        let filter = AuditFilter::default().key(first.id);
        let actions: Vec<_> = list(&filter, limit).iter().map(|record| record.action).collect();
        assert_eq!(actions, [Action::KeyCreated, Action::KeyCopied]);
        for latest_first in [false, true] {
            let filter = AuditFilter::default().since(since).latest_first(latest_first);
            let found = list(&filter, limit);
            assert_eq!(found.len(), 3);
            assert!(found.iter().all(|record| record.at >= since));
        }
        let filter = AuditFilter::default().action(Action::KeyCopied);
        let copied = list(&filter, limit);
        assert_eq!(copied.len(), 2);
        assert!(copied.iter().all(|record| record.actor.as_deref() == Some("alice")));
    }
}

#[test]
fn the_audit_trail_names_the_token_and_the_address_of_an_administrator() {
    let world = TestAuthority::new();
    let new = NewAdminToken::new(name("ci"), AdminRole::Admin);
    let (token, _) = world.authority.create_token(&new).unwrap();
    let address = Some("::ffff:192.0.2.9".parse().unwrap());
    let actor = Actor::from("token:ci").admin_token(token.id).address(address);
    let acting = world.authority.acting_as(actor);
    acting.record_sign_in().unwrap();
    world.clock.advance(DAY);
    acting.create_group(&name("new")).unwrap();
    world.clock.advance(DAY);
    // A connector that an administrator enrolls is recorded with its own address.
    let key = world.key("fleet", 1);
    let request = TestConnector::new().proof(&world.provisioning_key(&key));
    let address = Some("198.51.100.1".parse().unwrap());
    acting.enroll(&request.address(address)).unwrap();
    world.clock.advance(DAY);
    acting.record_sign_out().unwrap();
    let audit = world.audit();
    let of = |record: &&AuditRecord| record.admin_token == Some(token.id);
    let seen: Vec<_> = audit
        .iter()
        .filter(of)
        .map(|it| {
            assert_eq!(it.actor.as_deref(), Some("token:ci"));
            (it.action, it.address.unwrap().to_string())
        })
        .collect();
    let office = || "192.0.2.9".to_owned();
    assert_eq!(
        seen,
        [
            (Action::AdminSignedIn, office()),
            (Action::GroupCreated, office()),
            (Action::ConnectorEnrolled, "198.51.100.1".into()),
            (Action::AdminSignedOut, office()),
        ]
    );
}

#[test]
fn a_long_name_of_an_actor_is_cut_between_characters() {
    let world = TestAuthority::new();
    let actor = "é".repeat(100_000);
    world.authority.acting_as(&format!("x{actor}")).create_group(&name("By a stranger")).unwrap();
    let audit = world.audit();
    let actors: Vec<_> = audit.iter().filter_map(|record| record.actor.as_ref()).collect();
    assert_eq!(actors.iter().map(|actor| actor.len()).collect::<Vec<_>>(), [255]);
}
