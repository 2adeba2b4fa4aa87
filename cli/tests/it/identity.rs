//! `provkey identity`.

use std::fs;
use std::thread;

use crate::home::{Home, names};

#[test]
fn an_identity_is_created_certified_and_shown() {
    let home = Home::new();
    let key = home.make_key("first", 1, "");
    let made = home.json("identity new --dir deep/one --key-file first.key");
    assert_eq!((&made["state"], &made["asked_with"]["id"]), (&"none".into(), &key.into()));
    let shown = home.run("identity show --dir deep/one --json").stdout;
    assert!(shown.find("\"id\"") < shown.find("\"host\""), "{shown}");
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

/// Whichever process is last, the request belongs to the saved identity, so no use is lost.
#[test]
fn concurrent_runs_create_one_identity() {
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
fn a_sealed_identity_opens_only_on_its_machine() {
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
fn another_private_key_is_not_replaced() {
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
fn the_answer_of_another_connector_is_refused() {
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

#[test]
fn a_renewal_with_a_new_key_pair_replaces_both_files_at_the_end() {
    let home = Home::new();
    let key = home.make_key("first", 1, "");
    home.run("identity new --dir one --key-file first.key").succeeds();
    home.run("identity renew --dir one").is_refused("renewal_without_certificate");
    home.run("sign --csr one/request.csr --out one.pem").succeeds();
    let first = home.json("identity accept --dir one --chain one.pem");
    let old = ["one/key.pem", "one/chain.pem"].map(|name| home.read(name));
    home.run(&format!("key delete {key}")).succeeds();

    let asked = home.json("identity renew --dir one --new-key");
    assert_eq!((&asked["renewing"], &asked["serial"]), (&true.into(), &first["serial"]));
    assert_eq!(old, ["one/key.pem", "one/chain.pem"].map(|name| home.read(name)));
    let lost = home.json("sign --csr one/request.csr --out lost.pem");
    assert_eq!((&lost["renewal"], &lost["replay"]), (&true.into(), &false.into()));
    // The answer is lost. The next request is for the same renewal.
    home.run("identity renew --dir one").succeeds();
    let signed = home.json("sign --csr one/request.csr --out two.pem");
    assert_eq!((&signed["replay"], &signed["serial"]), (&true.into(), &lost["serial"]));
    let accepted = home.json("identity accept --dir one --chain two.pem");
    assert_eq!(accepted["serial"], signed["serial"]);
    assert_eq!(accepted["connector"], first["connector"]);
    assert_eq!(accepted["renewing"], false);
    assert_ne!(old[0], home.read("one/key.pem"));
    assert_eq!(home.mode("one/key.pem"), 0o600);
    assert_eq!(home.read("one/chain.pem"), home.read("two.pem"));
    home.run("identity accept --dir one --chain one.pem").is_refused("answer_for_another_key");

    // With the same key pair only the certificate changes.
    let new_key = home.read("one/key.pem");
    home.run("identity renew --dir one").succeeds();
    home.run("sign --csr one/request.csr --out three.pem").succeeds();
    home.run("identity accept --dir one --chain three.pem").succeeds();
    assert_eq!(home.read("one/key.pem"), new_key);
    assert_eq!(home.json("connector list")["items"][0]["renewals"], 2);
}

#[test]
fn a_sealed_identity_renews_with_its_fingerprint() {
    let home = Home::new();
    home.make_key("first", 1, "");
    let run = |arguments: &str| home.run(&format!("{arguments} --fingerprint m1"));
    run("identity new --dir one --key-file first.key").succeeds();
    home.run("sign --csr one/request.csr --out one.pem").succeeds();
    run("identity accept --dir one --chain one.pem").succeeds();
    home.run("identity renew --dir one").is_refused("identity_sealed");
    run("identity renew --dir one --new-key").succeeds();
    home.run("sign --csr one/request.csr --out two.pem").succeeds();
    run("identity accept --dir one --chain two.pem").succeeds();
    assert_eq!(names(&home.path("one")), ["chain.pem", "identity", "request.csr"]);
}
