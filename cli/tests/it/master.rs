//! `provkey master`.

use std::fs::{self, Permissions};
use std::os::unix::fs::{MetadataExt, PermissionsExt, chown, symlink};
use std::thread;

use crate::home::Home;

#[test]
fn old_keys_stay_valid_after_a_rotation() {
    let home = Home::new();
    let old = home.make_key("old", 9, "");
    let before = home.read("master.key");
    assert_eq!(home.json("master rotate")["slot"], 1);
    let after = home.read("master.key");
    assert!(after.starts_with(&before) && after.len() == 2 * before.len());
    assert_eq!(home.mode("master.key"), 0o600);
    let new = home.make_key("new", 9, "");
    assert_ne!(old.as_bytes()[0], new.as_bytes()[0]);
    home.sign("old", "any");
    home.sign("new", "any");
    assert_eq!(home.run(&format!("key copy {old}")).stdout, home.read("old.key"));
    fs::write(home.path("master.key"), before).unwrap();
    home.run("key list").is_refused("master_key_missing");
}

#[test]
fn an_interrupted_rotation_is_finished() {
    let home = Home::new();
    home.make_key("old", 9, "");
    // The file has the new master key, and the store does not.
    let interrupted = home.read("master.key") + &"ab".repeat(32) + "\n";
    fs::write(home.path("master.key"), &interrupted).unwrap();
    home.sign("old", "any");
    assert_eq!(home.json("master rotate")["slot"], 1);
    assert_eq!(home.read("master.key"), interrupted);
    assert_eq!(home.json("master rotate")["slot"], 2);
    home.sign("old", "any");
}

#[test]
fn concurrent_rotations_lose_no_master_key() {
    let home = Home::new();
    home.make_key("old", 9, "");
    thread::scope(|scope| {
        for _ in 0..4 {
            scope.spawn(|| home.run("master rotate").succeeds().status);
        }
    });
    assert_eq!(home.read("master.key").lines().count(), 5);
    home.sign("old", "any");
}

#[test]
fn a_link_to_the_file_stays_a_link() {
    let home = Home::new();
    fs::create_dir(home.path("kept")).unwrap();
    fs::rename(home.path("master.key"), home.path("kept/real.key")).unwrap();
    symlink("kept/real.key", home.path("master.key")).unwrap();
    home.run("master rotate").succeeds();
    assert!(home.path("master.key").is_symlink());
    assert_eq!(home.read("kept/real.key").lines().count(), 2);
    home.run("key list").succeeds();
}

#[test]
fn the_file_keeps_its_owner_and_loses_its_other_readers() {
    let home = Home::new();
    let file = home.path("master.key");
    // Only root can change the owner. For other users the owner is the same before and after.
    let _ = chown(&file, Some(12_345), Some(12_345));
    fs::set_permissions(&file, Permissions::from_mode(0o640)).unwrap();
    let owner = || fs::metadata(&file).map(|data| (data.uid(), data.gid())).unwrap();
    let before = owner();
    let run = home.run("master rotate");
    assert_eq!(run.succeeds().stderr.matches("warning: master.key").count(), 1, "{run:?}");
    assert_eq!((owner(), home.mode("master.key")), (before, 0o600));
    assert!(home.run("key list").succeeds().stderr.is_empty());
}

#[test]
fn a_backup_is_a_store() {
    let home = Home::new();
    home.make_key("first", 9, "");
    home.run("master backup copy.db").succeeds();
    assert_eq!(home.mode("copy.db"), 0o600);
    home.sign("first", "any");
    let used = |store: &str| home.json(&format!("key list{store}"))["items"][0]["used"].clone();
    assert_eq!(used(""), 1);
    assert_eq!(used(" --store sqlite:copy.db"), 0);
    home.run("master backup copy.db").is_refused("store_exists");
    home.run("master backup -").is_refused("file_unwritable");
    assert!(!home.path("-").exists());
    home.run("master backup master.key").is_refused("store_exists");
}
