//! Revoking connectors, and what a compromised key enrolled.

use crate::home::Home;

/// Enrolls a connector with the key in `NAME.key`, and gives its id.
fn enroll(home: &Home, key: &str, name: &str) -> String {
    home.write_csr(&format!("{name}.csr"));
    let sign = format!("sign --csr {name}.csr --key-file {key}.key --out {name}.pem");
    home.json(&sign)["connector"].as_str().unwrap().into()
}

#[test]
fn a_connector_is_revoked_once_with_a_reason() {
    let home = Home::new();
    home.make_key("fleet", 2, "");
    let id = enroll(&home, "fleet", "one");
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
fn a_compromise_is_tried_before_it_is_done() {
    let home = Home::new();
    let key = home.make_key("fleet", 3, "");
    enroll(&home, "fleet", "one");
    let id = enroll(&home, "fleet", "two");
    let dry = home.run(&format!("key compromise {key} --since 1h --dry-run"));
    assert!(dry.succeeds().stdout.contains(&format!("connector list --key {key} --since 20")));
    let count = |more: &str| home.json(&format!("key compromise {key}{more}"))["revoked"].clone();
    assert_eq!((count(" --dry-run"), count(""), count("")), (2.into(), 2.into(), 0.into()));
    let connector = home.json(&format!("connector show {id}"));
    assert_eq!(connector["revocation_reason"], "keyCompromise");
    assert_eq!(home.json(&format!("key show {key}"))["state"], "disabled");
}

#[test]
fn a_crl_is_written_over_a_crl_only() {
    let home = Home::new();
    home.make_key("fleet", 1, "");
    let id = enroll(&home, "fleet", "one");
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
