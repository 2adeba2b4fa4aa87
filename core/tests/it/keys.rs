//! Provisioning keys: lifecycle, edits, listings.

use provkey::authority::{Action, KeyFilter, KeyOrder, KeyState, KeyUpdate, NewKey, PageRequest};
use provkey::key::{Host, ProvisioningKey};
use provkey::testing::TestAuthority;

use crate::common::{DAY, TestConnector, code, name};

#[test]
fn a_used_up_key_is_not_copied_until_its_limit_is_raised() {
    let world = TestAuthority::new();
    let key = world.key("fleet", 1);
    assert!(key.copyable());
    let text = world.provisioning_key(&key);
    world.authority.enroll(&TestConnector::new().proof(&text)).unwrap();
    let key = world.authority.key(key.id).unwrap();
    assert_eq!((key.state, key.copyable(), key.used), (KeyState::Exhausted, false, 1));
    assert_eq!(world.authority.copy_key(key.id).unwrap_err().code(), "key_exhausted");
    assert_eq!(world.authority.download_key(key.id).unwrap_err().code(), "key_exhausted");
    let raise = KeyUpdate::default().max_uses(2).version(key.version);
    let key = world.authority.update_key(key.id, &raise).unwrap();
    assert_eq!((key.state, key.max_uses, key.used), (KeyState::Usable, 2, 1));
    assert_eq!(world.provisioning_key(&key).to_text(), text.to_text());
    let file = world.authority.download_key(key.id).unwrap();
    assert_eq!(file.file_name, format!("fleet-{}.key", key.id));
    assert!(ProvisioningKey::read(file.contents.expose().as_bytes()).is_ok());
    let actions: Vec<_> = world.audit().iter().map(|record| record.action).collect();
    for action in [Action::KeyCreated, Action::KeyCopied, Action::KeyDownloaded, Action::KeyUpdated]
    {
        assert!(actions.contains(&action), "{action:?}");
    }
}

#[test]
fn a_key_is_found_by_its_id_or_its_name() {
    let world = TestAuthority::new();
    let (first, second) = (world.key("First floor", 5), world.key("second", 5));
    let find = |text: &str| world.authority.find_key(text).map(|key| key.id);
    assert_eq!(find(first.id.as_str()).unwrap(), first.id);
    assert_eq!(find("first FLOOR").unwrap(), first.id);
    // A name that looks like the id of another key, and one that looks like an unknown id.
    let named = world.key(second.id.as_str(), 5);
    assert_eq!(find(second.id.as_str()).unwrap(), second.id);
    world.authority.delete_key(second.id).unwrap();
    assert_eq!(find(second.id.as_str()).unwrap(), named.id);
    world.authority.delete_key(first.id).unwrap();
    assert_eq!(find(first.id.as_str()).unwrap_err().code(), "key_deleted");
    assert_eq!(find("first floor").unwrap_err().code(), "key_not_found");
}

#[test]
fn a_stale_edit_is_refused_but_uses_make_no_edit_stale() {
    let world = TestAuthority::new();
    let key = world.key("fleet", 5);
    let text = world.provisioning_key(&key);
    world.authority.enroll(&TestConnector::new().proof(&text)).unwrap();
    let edit = |version, new_name: &str| KeyUpdate::default().version(version).name(name(new_name));
    let edited = world.authority.update_key(key.id, &edit(key.version, "renamed")).unwrap();
    assert_eq!((edited.name.as_str(), edited.used), ("renamed", 1));
    let stale = world.authority.update_key(key.id, &edit(key.version, "again")).unwrap_err();
    assert_eq!(stale.code(), "edit_conflict");
}

#[test]
fn a_limit_below_the_count_stops_new_uses_and_keeps_the_count() {
    let world = TestAuthority::new();
    let key = world.key("fleet", 5);
    let text = world.provisioning_key(&key);
    for _ in 0..3 {
        world.authority.enroll(&TestConnector::new().proof(&text)).unwrap();
    }
    let lower = KeyUpdate::default().max_uses(1);
    let key = world.authority.update_key(key.id, &lower).unwrap();
    assert_eq!((key.used, key.max_uses, key.state), (3, 1, KeyState::Exhausted));
    assert_eq!(code(world.authority.enroll(&TestConnector::new().proof(&text))), "key_exhausted");
    assert_eq!(world.used(&key), 3);
}

#[test]
fn bad_input_is_reported_and_changes_nothing() {
    let world = TestAuthority::new();
    let key = world.key("Fleet", 5);
    let now = provkey::time::Clock::now(&*world.clock);
    let check = |new: NewKey, expected: &str| {
        assert_eq!(world.authority.create_key(&new).unwrap_err().code(), expected);
    };
    check(world.new_key("fLEET", 1), "name_in_use");
    check(world.new_key("x", 0), "max_uses_invalid");
    check(world.new_key("x", u64::MAX), "max_uses_invalid");
    check(world.new_key("x", 1).expires_at(now), "expiry_in_past");
    let host = Host::parse("other.example.com").ok();
    check(world.new_key("x", 1).host(host), "host_unknown");
    let range = provkey::authority::AddressRange::parse("::/0").unwrap();
    check(world.new_key("x", 1).allowed_addresses(vec![range; 65]), "too_many_addresses");
    let group = provkey::authority::GroupId::parse("qqqqqqqqqqqq").unwrap();
    check(world.new_key("x", 1).group(group), "group_not_found");
    let certificate = provkey::authority::CertificateId::parse("qqqqqqqqqqqq").unwrap();
    check(world.new_key("x", 1).certificate(certificate), "certificate_not_found");
    let all = world.authority.list_keys(&KeyFilter::default(), &PageRequest::default()).unwrap();
    assert_eq!(all.items, [key]);
}

#[test]
fn listings_filter_sort_and_page() {
    let world = TestAuthority::new();
    let other = world.authority.create_group(&name("Other")).unwrap();
    for index in 0..25 {
        let mut new = world.new_key(&format!("Key {:02}", 24 - index), 1);
        if index % 5 == 0 {
            new.group = other.id;
        }
        world.clock.advance(DAY);
        world.authority.create_key(&new).unwrap();
    }
    let list = |filter: &KeyFilter, limit: usize| {
        let (mut names, mut after) = (Vec::new(), None);
        loop {
            let page = world.authority.list_keys(filter, &PageRequest { limit, after }).unwrap();
            assert!(page.items.len() <= limit);
            names.extend(page.items.iter().map(|key| key.name.to_string()));
            after = page.next;
            if after.is_none() {
                return names;
            }
        }
    };
    let sorted: Vec<_> = (0..25).map(|index| format!("Key {index:02}")).collect();
    let reversed: Vec<_> = sorted.iter().rev().cloned().collect();
    for limit in [1, 7, 25, 100] {
        assert_eq!(list(&KeyFilter::default(), limit), sorted);
        let filter = KeyFilter::default().descending(true);
        assert_eq!(list(&filter, limit), reversed);
        let filter = KeyFilter::default().order(KeyOrder::Created);
        assert_eq!(list(&filter, limit), reversed);
        let filter = KeyFilter::default().group(other.id);
        assert_eq!(list(&filter, limit), ["Key 04", "Key 09", "Key 14", "Key 19", "Key 24"]);
        let filter = KeyFilter::default()
            .group(other.id)
            .certificate(world.certificate.id)
            .order(KeyOrder::Created)
            .name_contains("KEY 1".to_owned());
        assert_eq!(list(&filter, limit), ["Key 19", "Key 14"]);
        let filter = KeyFilter::default().state(KeyState::Disabled);
        assert_eq!(list(&filter, limit), [""; 0]);
        let none = KeyFilter::default().used_min(1);
        assert_eq!(list(&none, limit), [""; 0]);
        let all = KeyFilter::default().used_max(0).max_uses_min(1);
        assert_eq!(list(&all, limit), sorted);
        let key = world.authority.find_key("Key 07").unwrap();
        let filter = KeyFilter::default().id_contains(key.id.as_str()[2..].to_owned());
        assert_eq!(list(&filter, limit), ["Key 07"]);
    }
    let page = PageRequest { limit: 3, after: None };
    let cursor = world.authority.list_keys(&KeyFilter::default(), &page).unwrap().next;
    let page = PageRequest { limit: 3, after: cursor };
    let filter = KeyFilter::default().order(KeyOrder::Created);
    let refused = world.authority.list_keys(&filter, &page).unwrap_err();
    assert_eq!(refused.code(), "cursor_invalid");
}

#[test]
fn renaming_and_changing_the_certificate_moves_the_indexes() {
    let world = TestAuthority::new();
    let key = world.key("before", 1);
    let new = provkey::authority::NewCertificate::new(name("CA 2"));
    let second = world.authority.create_certificate(&new).unwrap();
    let update = KeyUpdate::default().name(name("after")).certificate(second.id);
    world.authority.update_key(key.id, &update).unwrap();
    world.key("before", 1);
    let of = |certificate| {
        let filter = KeyFilter::default().certificate(certificate);
        let page = world.authority.list_keys(&filter, &PageRequest::default()).unwrap();
        page.items.iter().map(|key| key.name.to_string()).collect::<Vec<_>>()
    };
    assert_eq!(of(second.id), ["after"]);
    assert_eq!(of(world.certificate.id), ["before"]);
    let in_use = world.authority.delete_certificate(second.id).unwrap_err();
    assert_eq!(in_use.code(), "certificate_in_use");
    assert_eq!(world.authority.certificate(second.id).unwrap().keys, 1);
}

#[test]
fn errors_and_details_contain_no_secret() {
    let world = TestAuthority::new();
    let key = world.key("fleet", 1);
    let text = world.authority.copy_key(key.id).unwrap();
    let secret = text.expose().split_at(text.expose().len() - 73).1;
    let provisioning_key = world.provisioning_key(&key);
    let connector = TestConnector::new();
    let request = connector.bearer(&provisioning_key);
    let enrolled = world.authority.enroll(&request);
    let seen = format!(
        "{key:?} {text:?} {provisioning_key:?} {provisioning_key} {request:?} {enrolled:?} {:?} {:?}",
        world.observer.take(),
        world.audit(),
    );
    assert!(!seen.contains(&secret[..8]), "{seen}");
}

#[test]
fn a_file_name_never_looks_like_an_option_or_a_hidden_file() {
    let world = TestAuthority::new();
    for (key_name, expected) in [("日本", "provisioning"), ("--help", "help"), ("../x", "x")] {
        let key = world.key(key_name, 1);
        let file = world.authority.download_key(key.id).unwrap();
        assert_eq!(file.file_name, format!("{expected}-{}.key", key.id));
    }
}
