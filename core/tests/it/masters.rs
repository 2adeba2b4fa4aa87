//! Master keys: rotation and removal.

use std::sync::Arc;
use std::sync::atomic::Ordering;
use std::time::Duration;

use provkey::authority::{Authority, NewCertificate};
use provkey::key::{KeyId, Keyring, ProvisioningKey, Secret, Slot};
use provkey::testing::TestAuthority;

use crate::common::{Counted, TestConnector, code, master, name, renewal};

fn both() -> Keyring {
    let slot = Slot::new(1).unwrap();
    Keyring::new(master(1)).with(slot, master(2)).with_current(slot).unwrap()
}

fn third() -> Keyring {
    let slot = Slot::new(2).unwrap();
    both().with(slot, master(3)).with_current(slot).unwrap()
}

#[test]
fn rotation_keeps_old_keys_and_makes_new_ones_from_the_new_master() {
    let world = TestAuthority::new();
    let old = world.key("old", 2);
    let old_text = world.provisioning_key(&old);
    world.authority.rotate_master(both()).unwrap();
    world.authority.rotate_master(both()).unwrap();
    let new = world.key("new", 2);
    assert_eq!((old.id.slot().number(), new.id.slot().number()), (0, 1));
    let new_text = world.provisioning_key(&new);
    for text in [&old_text, &new_text] {
        assert_eq!(code(world.authority.enroll(&TestConnector::new().proof(text))), "enrolled");
    }
    let open = |keyring| Authority::open(world.environment.clone(), keyring);
    assert_eq!(open(Keyring::new(master(1))).unwrap_err().code(), "master_key_missing");
    let opened = open(both()).unwrap();
    assert_eq!(code(opened.enroll(&TestConnector::new().proof(&old_text))), "enrolled");
}

#[test]
fn a_master_key_that_is_needed_is_not_removed() {
    let world = TestAuthority::new();
    let slot = Slot::new(0).unwrap();
    let key = world.key("old", 2);
    let text = world.provisioning_key(&key);
    let remove = |slot| world.authority.remove_master(slot).map_err(|error| error.code());
    assert_eq!(remove(slot), Err("master_key_in_use"));
    world.authority.rotate_master(both()).unwrap();
    assert_eq!(remove(slot), Err("master_key_in_use"));
    world.authority.delete_key(key.id).unwrap();
    assert_eq!(remove(slot), Ok(()));
    assert_eq!(remove(slot), Err("master_slot_empty"));

    // Everything sealed is now under the new master key, so it suffices.
    let only = Keyring::new(master(9)).with(Slot::new(1).unwrap(), master(2));
    let only = only.with_current(Slot::new(1).unwrap()).unwrap();
    let opened = Authority::open(world.environment.clone(), only).unwrap();
    let text_of_new = {
        let key = opened.create_key(&world.new_key("new", 1)).unwrap();
        opened.copy_key(key.id).unwrap()
    };
    let new = ProvisioningKey::parse_strict(text_of_new.expose()).unwrap();
    assert_eq!(code(opened.enroll(&TestConnector::new().proof(&new))), "enrolled");
    assert_eq!(code(opened.enroll(&TestConnector::new().proof(&text))), "key_invalid");
}

#[test]
fn the_wrong_new_master_is_refused() {
    let world = TestAuthority::new();
    let slot = Slot::new(1).unwrap();
    let wrong = Keyring::new(master(7)).with(slot, master(2)).with_current(slot).unwrap();
    assert_eq!(world.authority.rotate_master(wrong).unwrap_err().code(), "master_key_wrong");
    world.key("still works", 1);
}

/// Two processes: one rotates, the other has had the new keyring since it was opened.
#[test]
fn another_process_continues_with_the_new_master() {
    let world = TestAuthority::new();
    let (old, new) = (Slot::new(0).unwrap(), Slot::new(1).unwrap());
    let keyring = both().with_current(old).unwrap();
    let open = |keyring| Authority::open(world.environment.clone(), keyring).unwrap();
    let (other, outdated) = (open(keyring), open(Keyring::new(master(1))));
    world.authority.rotate_master(both()).unwrap();

    let key = other.create_key(&world.new_key("from the other", 1)).unwrap();
    assert_eq!(key.id.slot(), new);
    let code = outdated.create_key(&world.new_key("outdated", 1)).unwrap_err().code();
    assert_eq!(code, "master_key_missing");

    let other = open(both());
    world.authority.rotate_master(third()).unwrap();
    let certificate = NewCertificate::new(name("CA 2"));
    assert_eq!(other.create_certificate(&certificate).unwrap_err().code(), "master_key_missing");
}

#[test]
fn a_process_that_was_opened_before_a_rotation_removes_the_old_master() {
    let world = TestAuthority::new();
    let old = Slot::new(0).unwrap();
    let keyring = both().with_current(old).unwrap();
    let other = Authority::open(world.environment.clone(), keyring).unwrap();
    world.authority.rotate_master(both()).unwrap();
    other.remove_master(old).unwrap();
}

/// Two processes: one rotates, the other does not have the new master key yet.
#[test]
fn a_process_without_the_new_master_continues_with_the_old() {
    let world = TestAuthority::new();
    let old = world.key("old", 9);
    let old_text = world.provisioning_key(&old);
    let other = Authority::open(world.environment.clone(), Keyring::new(master(1))).unwrap();
    let enroll = |text| code(other.enroll(&TestConnector::new().proof(text)));
    let first = TestConnector::new();
    let enrolled = other.enroll(&first.proof(&old_text)).unwrap();
    assert_eq!(other.missing_masters().unwrap(), []);

    world.authority.rotate_master(both()).unwrap();
    let new = world.key("new", 9);
    let new_text = world.provisioning_key(&new);
    // Enrollments with old keys, replays and renewals continue.
    for _ in 0..2 {
        assert_eq!(enroll(&old_text), "enrolled");
        assert_eq!(other.enroll(&first.proof(&old_text)).unwrap().chain, enrolled.chain);
        assert_eq!(enroll(&new_text), "master_key_missing");
        let bearer = TestConnector::new().bearer(&new_text);
        assert_eq!(code(other.enroll(&bearer)), "master_key_missing");
        assert_eq!(other.missing_masters().unwrap(), [Slot::new(1).unwrap()]);
    }
    let renewed = renewal(&enrolled.chain[0], &first.signer, &first.signer, None);
    assert_eq!(code(other.renew(&renewed)), "enrolled");
    let create = || other.create_key(&world.new_key("from the other", 1));
    assert_eq!(create().unwrap_err().code(), "master_key_missing");
    assert_eq!(other.copy_key(new.id).unwrap_err().code(), "master_key_missing");

    // A wrong keyring changes nothing.
    let refused = |keyring| other.replace_keyring(keyring).unwrap_err().code();
    assert_eq!(refused(Keyring::new(master(1))), "master_key_missing");
    assert_eq!(refused(Keyring::new(master(9))), "master_key_wrong");
    assert_eq!(enroll(&old_text), "enrolled");

    other.replace_keyring(both()).unwrap();
    assert_eq!(other.missing_masters().unwrap(), []);
    assert_eq!((enroll(&old_text), enroll(&new_text)), ("enrolled", "enrolled"));
    assert_eq!(create().unwrap().id.slot().number(), 1);
    assert_eq!(other.key(old.id).unwrap().used, 5);
}

/// Anyone can send a key with any slot. The store is asked about it once a second, not for each
/// request.
#[test]
fn an_unknown_slot_is_looked_up_once_in_a_second() {
    let world = TestAuthority::new();
    let key = world.provisioning_key(&world.key("k", 9));
    let id = KeyId::parse("zzzzzzzzzzzz").unwrap();
    let forged =
        ProvisioningKey::from_parts(key.host().clone(), id, Secret::from_bytes([7; 20]), key.pin());
    let counted = Arc::new(Counted::new(world.environment.store.clone()));
    let environment = world.environment.clone().store(counted.clone());
    let authority = Authority::open(environment, Keyring::new(master(1))).unwrap();
    let reads = || counted.reads.load(Ordering::Relaxed);
    let before = reads();
    for _ in 0..20 {
        let asked = code(authority.enroll(&TestConnector::new().proof(&forged)));
        assert_eq!(asked, "key_invalid");
    }
    assert_eq!(reads(), before + 1);
    world.clock.advance(Duration::from_secs(1));
    assert_eq!(code(authority.enroll(&TestConnector::new().proof(&forged))), "key_invalid");
    assert_eq!(reads(), before + 2);
}
