//! `provkey identity`.

use std::fs;
use std::thread;

use crate::home::{Home, names};

#[test]
fn an_identity_is_made_accepted_and_shown() {
    let home = Home::new();
    let key = home.make_key("first", 1, "");
    let made = home.json("identity new --dir deep/one --key-file first.key");
    assert_eq!((&made["state"], &made["asked_with"]["id"]), (&"none".into(), &key.into()));
    assert_eq!(home.mode("deep/one"), 0o700);
    assert_eq!(home.mode("deep/one/identity"), 0o600);
    home.run("sign --csr deep/one/request.csr --out one.pem").succeeds();
    let accepted = home.json("identity accept --dir deep/one --chain one.pem");
    assert_eq!(accepted["state"], "valid");
    assert_eq!(home.json("identity show --dir deep/one"), accepted);
    assert_eq!(home.read("deep/one/chain.pem"), home.read("one.pem"));
    assert!(home.read("deep/one/key.pem").starts_with("-----BEGIN PRIVATE KEY-----\n"));
    assert_eq!(home.mode("deep/one/key.pem"), 0o600);

    let identity = fs::read(home.path("deep/one/identity")).unwrap();
    home.run("identity new --dir deep/one --key-file first.key").is_refused("identity_exists");
    assert_eq!(fs::read(home.path("deep/one/identity")).unwrap(), identity);
}

#[test]
fn an_interrupted_connector_asks_again_as_itself() {
    let home = Home::new();
    home.make_key("first", 1, "");
    home.run("identity new --dir one --key-file first.key").succeeds();
    home.run("sign --csr one/request.csr --out lost.pem").succeeds();
    home.run("identity new --dir one --key-file first.key").succeeds();
    let again = home.json("sign --csr one/request.csr --out one.pem");
    assert_eq!(again["replay"], true);
    home.run("identity accept --dir one --chain one.pem").succeeds();
}

/// Whichever is last, the request is that of the identity: no use is lost.
#[test]
fn identities_made_at_the_same_moment_are_one() {
    let home = Home::new();
    home.make_key("first", 1, "");
    thread::scope(|scope| {
        for _ in 0..4 {
            scope.spawn(|| {
                home.run("identity new --dir one --key-file first.key").succeeds().status
            });
        }
    });
    home.run("sign --csr one/request.csr --out one.pem").succeeds();
    home.run("identity accept --dir one --chain one.pem").succeeds();
}

#[test]
fn a_sealed_identity_opens_on_its_machine_only() {
    let home = Home::new();
    home.make_key("first", 1, "");
    home.run("identity new --dir one --key-file first.key --fingerprint m1").succeeds();
    home.run("sign --csr one/request.csr --out one.pem").succeeds();
    let check = |fingerprint: &str, code: &str| {
        home.run(&format!("identity show --dir one{fingerprint}")).is_refused(code);
        let accept = format!("identity accept --dir one --chain one.pem{fingerprint}");
        home.run(&accept).is_refused(code);
        let new = format!("identity new --dir one --key-file first.key{fingerprint}");
        home.run(&new).is_refused(code);
    };
    check("", "identity_sealed");
    check(" --fingerprint m2", "identity_other_machine");
    home.run("identity accept --dir one --chain one.pem --fingerprint m1").succeeds();
    assert_eq!(names(&home.path("one")), ["chain.pem", "identity", "request.csr"]);
}

#[test]
fn a_private_key_of_somebody_else_stays() {
    let home = Home::new();
    home.make_key("first", 1, "");
    home.run("identity new --dir one --key-file first.key").succeeds();
    home.run("sign --csr one/request.csr --out one.pem").succeeds();
    fs::write(home.path("one/key.pem"), "another key").unwrap();
    home.run("identity accept --dir one --chain one.pem").is_refused("file_exists");
    assert_eq!(home.read("one/key.pem"), "another key");
    assert_eq!(home.json("identity show --dir one")["state"], "none");
    fs::remove_file(home.path("one/key.pem")).unwrap();
    home.run("identity accept --dir one --chain one.pem").succeeds();
    home.run("identity accept --dir one --chain one.pem").succeeds();
}

#[test]
fn an_answer_of_somebody_else_is_refused() {
    let home = Home::new();
    home.make_key("first", 2, "");
    for name in ["one", "two"] {
        home.run(&format!("identity new --dir {name} --key-file first.key")).succeeds();
        home.run(&format!("sign --csr {name}/request.csr --out {name}.pem")).succeeds();
    }
    let accept = home.run("identity accept --dir one --chain two.pem");
    accept.is_refused("answer_for_another_key");
    assert_eq!(home.json("identity show --dir one")["state"], "none");
    home.run("identity accept --dir one --chain one/request.csr").is_refused("certificate_missing");
    home.run("identity show --dir missing").is_refused("file_unreadable");
}
