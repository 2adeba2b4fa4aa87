//! Master keys: rotation and removal.

use provkey::authority::{Authority, NewCertificate};
use provkey::key::{Keyring, Slot};

use crate::common::{TestConnector, World, code, master, name};

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
    let world = World::new();
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
    let world = World::new();
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

    // All that is sealed has moved to the new one, which is enough now.
    let only = Keyring::new(master(9)).with(Slot::new(1).unwrap(), master(2));
    let only = only.with_current(Slot::new(1).unwrap()).unwrap();
    let opened = Authority::open(world.environment.clone(), only).unwrap();
    let text_of_new = {
        let key = opened.create_key(&world.new_key("new", 1)).unwrap();
        opened.copy_key(key.id).unwrap()
    };
    let new = provkey::key::ProvisioningKey::parse_strict(text_of_new.expose()).unwrap();
    assert_eq!(code(opened.enroll(&TestConnector::new().proof(&new))), "enrolled");
    assert_eq!(code(opened.enroll(&TestConnector::new().proof(&text))), "key_invalid");
}

#[test]
fn the_wrong_new_master_is_refused() {
    let world = World::new();
    let slot = Slot::new(1).unwrap();
    let wrong = Keyring::new(master(7)).with(slot, master(2)).with_current(slot).unwrap();
    assert_eq!(world.authority.rotate_master(wrong).unwrap_err().code(), "master_key_wrong");
    world.key("still works", 1);
}

/// Two processes: one rotates, the other has had the new keyring since it was opened.
#[test]
fn another_process_goes_on_under_the_new_master() {
    let world = World::new();
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
    let world = World::new();
    let old = Slot::new(0).unwrap();
    let keyring = both().with_current(old).unwrap();
    let other = Authority::open(world.environment.clone(), keyring).unwrap();
    world.authority.rotate_master(both()).unwrap();
    other.remove_master(old).unwrap();
}
