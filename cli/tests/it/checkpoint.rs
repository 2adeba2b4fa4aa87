//! `--checkpoint-file`: a store that was rolled back is refused until the rollback is accepted.

use std::fs;

use crate::home::Home;
use crate::server::wait_until;

const WITH_CHECKPOINT: &str = "--checkpoint-file elsewhere/checkpoint";

/// An authority with a key for two connectors, and a checkpoint file outside of its store.
fn home() -> Home {
    let home = Home::empty();
    fs::create_dir(home.path("elsewhere")).unwrap();
    for command in ["init --host api.example.com", "group create gateways", "cert create signing"] {
        home.run(&format!("{command} {WITH_CHECKPOINT}")).succeeds();
    }
    home.make_key("fleet", 2, &format!(" {WITH_CHECKPOINT}"));
    home
}

fn sign(home: &Home, name: &str) -> crate::home::Run {
    home.write_csr(&format!("{name}.csr"));
    home.run(&format!(
        "sign --csr {name}.csr --key-file fleet.key --out {name}.pem {WITH_CHECKPOINT}"
    ))
}

/// Puts a backup in place of the store, after all files of the store were removed.
fn restore(home: &Home, backup: &str) {
    for left in ["store.db-wal", "store.db-shm"] {
        let _ = fs::remove_file(home.path(left));
    }
    fs::rename(home.path(backup), home.path("store.db")).unwrap();
}

#[test]
fn a_restored_old_store_is_refused_until_that_is_accepted() {
    let home = home();
    sign(&home, "one").succeeds();
    home.run("master backup old.db").succeeds();
    sign(&home, "two").succeeds();
    sign(&home, "three").is_refused("key_exhausted");
    restore(&home, "old.db");

    let lost = home.read("elsewhere/checkpoint");
    let refused = sign(&home, "three");
    refused.is_refused("store_rolled_back");
    assert!(refused.stderr.contains("provkey store accept-rollback"), "{refused:?}");
    assert!(!home.path("three.pem").exists());
    home.run(&format!("key list {WITH_CHECKPOINT}")).is_refused("store_rolled_back");
    assert_eq!(home.read("elsewhere/checkpoint"), lost);
    home.run("store accept-rollback").is_usage();

    let accepted = home.json(&format!("store accept-rollback {WITH_CHECKPOINT}"));
    assert_eq!(accepted["lost"], lost.trim_end());
    assert_eq!(accepted["kept"], home.read("elsewhere/checkpoint").trim_end());
    let trail = home.json("audit list");
    let last = trail["items"].as_array().unwrap().iter().find(|entry| {
        entry["action"] == "rollback_accepted" && entry["details"] == lost.trim_end()
    });
    assert!(last.is_some(), "{trail}");
    // The lost use can be spent again: that is what was accepted.
    sign(&home, "three").succeeds();
    sign(&home, "four").is_refused("key_exhausted");
}

/// A server saves the checkpoint while it runs, because it may be killed.
#[test]
fn a_server_saves_the_checkpoint_after_enrollments() {
    let (home, port) = Home::local();
    home.make_key("fleet", 2, "");
    home.run("master backup old.db").succeeds();
    let before = home.json("audit list")["items"][0]["at"].clone();
    let mut server = home.serve(port, &["--checkpoint-file", "checkpoint"]);
    wait_until("the first checkpoint", || home.path("checkpoint").exists());
    let first = home.read("checkpoint");
    home.run("enroll --key-file fleet.key --dir one").succeeds();
    wait_until("a checkpoint of the enrollment", || home.read("checkpoint") != first);
    server.kill();
    server = home.serve(port, &["--checkpoint-file", "checkpoint"]);
    server.kill();

    restore(&home, "old.db");
    assert_eq!(home.json("audit list")["items"][0]["at"], before);
    home.run(&format!("serve --listen 127.0.0.1:{port} --checkpoint-file checkpoint"))
        .is_refused("store_rolled_back");
}

/// The checkpoint changes with each change of the store, and only then.
#[test]
fn ordinary_work_is_not_a_rollback() {
    let home = home();
    assert_eq!(home.mode("elsewhere/checkpoint"), 0o644);
    let mut checkpoint = home.read("elsewhere/checkpoint");
    for connector in ["one", "two"] {
        sign(&home, connector).succeeds();
        let next = home.read("elsewhere/checkpoint");
        assert_ne!(next, checkpoint);
        for reading in ["key list", "audit list", "connector list"] {
            home.run(&format!("{reading} {WITH_CHECKPOINT}")).succeeds();
            assert_eq!(home.read("elsewhere/checkpoint"), next);
        }
        checkpoint = next;
    }
    // Commands without the checkpoint file work too.
    home.run("group create another").succeeds();
    home.run(&format!("store copy sqlite:store.db sqlite:moved.db {WITH_CHECKPOINT}")).succeeds();
    home.run(&format!("group list {WITH_CHECKPOINT} --store sqlite:moved.db")).succeeds();
    home.run(&format!("store accept-rollback {WITH_CHECKPOINT}")).succeeds();
    let trail = home.json("audit list");
    let actions = trail["items"].as_array().unwrap().iter().map(|entry| &entry["action"]);
    assert!(actions.into_iter().all(|action| action != "rollback_accepted"));
}

#[test]
fn a_checkpoint_of_another_authority_or_another_file_is_refused() {
    let home = home();
    let init = "init --host api.example.com --store sqlite:new.db --master-key-file new.key";
    home.run(&format!("{init} {WITH_CHECKPOINT}")).is_refused("file_exists");
    assert!(!home.path("new.db").exists() && !home.path("new.key").exists());
    home.run(init).succeeds();
    home.run(&format!(
        "group list --store sqlite:new.db --master-key-file new.key {WITH_CHECKPOINT}"
    ))
    .is_refused("store_rolled_back");

    let before = home.read("fleet.key");
    home.run("group create another --checkpoint-file fleet.key").is_refused("checkpoint_invalid");
    home.run("group create another --checkpoint-file nowhere/checkpoint")
        .is_refused("file_unwritable");
    assert_eq!(home.read("fleet.key"), before);
    let groups = home.json("group list");
    assert_eq!(groups["items"].as_array().unwrap().len(), 1, "nothing was changed before");
    // The first command creates a missing checkpoint file.
    home.run("group list --checkpoint-file begun").succeeds();
    assert!(!home.read("begun").is_empty());
}
