//! Revoking connectors, one by one or all that a compromised key enrolled.

use crate::home::Home;

/// The id of a new connector that enrolls with the key `fleet`.
fn enroll(home: &Home, name: &str) -> String {
    home.sign("fleet", name)["connector"].as_str().unwrap().into()
}

#[test]
fn a_connector_is_revoked_once_with_a_reason() {
    let home = Home::new();
    home.make_key("fleet", 2, "");
    let id = enroll(&home, "one");
    let revoke = format!("connector revoke {id} --reason superseded");
    assert_eq!(home.json(&revoke)["revocation_reason"], "superseded");
    let again = home.json(&format!("connector revoke {id} --reason keyCompromise"));
    assert_eq!(again["revocation_reason"], "superseded");
    let shown = home.run(&format!("connector show {id}"));
    assert!(shown.succeeds().stdout.contains("(superseded)"), "{shown:?}");
    let sign = "sign --csr one.csr --key-file fleet.key --out two.pem";
    home.run(sign).is_refused("connector_revoked");
    home.run("connector revoke nobody").is_refused("connector_not_found");
    home.run(&format!("connector revoke {id} --reason certificateHold")).is_usage();
}

#[test]
fn a_dry_run_counts_what_a_compromise_revokes() {
    let home = Home::new();
    let key = home.make_key("fleet", 3, "");
    enroll(&home, "one");
    let id = enroll(&home, "two");
    let dry = home.run(&format!("key compromise {key} --since 1h --dry-run"));
    assert!(dry.succeeds().stdout.contains(&format!("connector list --key {key} --since 20")));
    let count = |more: &str| home.json(&format!("key compromise {key}{more}"))["revoked"].clone();
    assert_eq!((count(" --dry-run"), count(""), count("")), (2.into(), 2.into(), 0.into()));
    let connector = home.json(&format!("connector show {id}"));
    assert_eq!(connector["revocation_reason"], "keyCompromise");
    assert_eq!(home.json(&format!("key show {key}"))["state"], "compromised");
    for command in ["enable", "copy", "download"] {
        home.run(&format!("key {command} {key}")).is_refused("key_compromised");
    }
    home.run(&format!("key edit {key} --max-uses 9")).is_refused("key_compromised");
    let listed = home.json("key list --state compromised");
    assert!(listed["items"][0]["compromised_at"].is_string());
}

#[test]
fn a_compromise_shows_the_command_that_creates_another_key() {
    let home = Home::new();
    let name = "it's a fleet";
    let options = ["--group", "gateways", "--cert", "signing", "--max-uses", "7", "--json"];
    let restricted = ["--allow", "10.0.0.0/8", "--proof-only", "--expires", "90d"];
    let create = [&["key", "create", "--name", name], &options[..], &restricted].concat();
    let made = home.command(&create).output().unwrap();
    let made: serde_json::Value = serde_json::from_slice(&made.stdout).unwrap();
    let run = home.run(&format!("key compromise {}", made["id"].as_str().unwrap()));
    let said = run.succeeds().stdout.lines().last().unwrap();
    let command = said.strip_prefix("To create a key like it: provkey ").unwrap();
    let words = format!("printf '%s\\n' {command}");
    let words = std::process::Command::new("sh").args(["-c", &words]).output().unwrap();
    let words = String::from_utf8(words.stdout).unwrap();
    let words: Vec<_> = words.lines().chain(["--json"]).collect();
    let again = home.command(&words).output().unwrap();
    let again: serde_json::Value = serde_json::from_slice(&again.stdout).unwrap();
    assert_eq!(again["name"], format!("{name} (new)"));
    for field in
        ["group", "certificate", "max_uses", "allowed_addresses", "proof_only", "expires_at"]
    {
        assert_eq!(again[field], made[field], "{field}");
    }
    assert_eq!(again["state"], "usable");
}

#[test]
fn a_crl_replaces_only_a_crl() {
    let home = Home::new();
    home.make_key("fleet", 1, "");
    let id = enroll(&home, "one");
    let write = |arguments: &str| home.json(&format!("crl {arguments}"))["entries"].clone();
    assert_eq!(write("signing --out list.crl"), 0);
    home.run(&format!("connector revoke {id}")).succeeds();
    assert_eq!(write("signing --out list.crl"), 1);
    assert_eq!(write("signing --out list.crl --pem"), 1);
    assert!(home.read("list.crl").starts_with("-----BEGIN X509 CRL-----"));
    assert_eq!(write("--root --out list.crl"), 0);
    assert_eq!(home.mode("list.crl"), 0o644);
    home.run("crl signing --out one.pem").is_refused("file_exists");
    home.run("crl nothing").is_refused("certificate_not_found");
    home.run("crl").is_usage();
    home.run("crl signing --root").is_usage();
    let shown = home.run("crl signing --pem");
    assert!(shown.succeeds().stdout.ends_with("-----END X509 CRL-----\n"));
}
