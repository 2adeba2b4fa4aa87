//! `provkey sign`.

use std::fs;
use std::os::unix::fs::symlink;

use provkey::x509::Certificate;

use crate::home::Home;

#[test]
fn the_answer_leads_to_the_root() {
    let home = Home::new();
    home.make_key("first", 1, "");
    home.sign("first", "one");
    let chain = Certificate::parse_all(home.read("one.pem").as_bytes()).unwrap();
    let [leaf, signing, root] = chain.as_slice() else { panic!("{chain:?}") };
    assert_eq!(leaf.issuer(), signing.subject());
    assert_eq!(signing.issuer(), root.subject());
    assert_eq!(root.issuer(), root.subject());
    assert_eq!(home.run("cert show signing --pem").succeeds().stdout, signing.to_pem());
}

#[test]
fn signing_again_costs_nothing() {
    let home = Home::new();
    let key = home.make_key("first", 1, "");
    home.run("identity new --dir one --key-file first.key").succeeds();
    home.run("sign --csr one/request.csr --out one.pem").succeeds();
    let first = home.read("one.pem");
    let again = home.json("sign --csr one/request.csr --out one.pem");
    assert_eq!((&again["replay"], home.read("one.pem")), (&true.into(), first.clone()));
    assert_eq!(home.run("sign --csr one/request.csr --out -").succeeds().stdout, first);
    assert_eq!(home.json(&format!("key show {key}"))["used"], 1);
}

#[test]
fn a_refusal_writes_nothing() {
    let home = Home::new();
    let key = home.make_key("first", 1, " --allow 192.0.2.0/24");
    home.make_key("proof", 1, " --proof-only");
    home.write_csr("one.csr");
    fs::write(home.path("not.csr"), "nonsense").unwrap();
    fs::write(home.path("large.csr"), vec![b'x'; 3_000_000]).unwrap();
    let other = Home::new();
    other.make_key("foreign", 1, "");
    fs::copy(other.path("foreign.key"), home.path("foreign.key")).unwrap();
    let names = home.names();
    let check = |arguments: &str, code: &str| {
        let run = home.run(&format!("sign {arguments} --out out.pem"));
        assert!(run.is_refused(code).stdout.is_empty());
        assert_eq!(home.names(), names, "{arguments}");
    };
    let bearer = "--csr one.csr --key-file first.key";
    check("--csr one.csr", "key_missing");
    check("--csr missing.csr --key-file first.key", "file_unreadable");
    check("--csr not.csr --key-file first.key", "csr_malformed");
    check("--csr large.csr --key-file first.key", "csr_too_large");
    check("--csr one.csr --key-file foreign.key", "key_invalid");
    check("--csr one.csr --key-file one.csr", "key_wrong_prefix");
    check("--csr one.csr --key-file proof.key", "proof_required");
    check(bearer, "address_not_allowed");
    check(&format!("{bearer} --address 10.0.0.1"), "address_not_allowed");
    home.run(&format!("key disable {key}")).succeeds();
    check(&format!("{bearer} --address 192.0.2.1"), "key_disabled");
    home.run(&format!("key delete {key}")).succeeds();
    check(&format!("{bearer} --address 192.0.2.1"), "key_deleted");
    assert_eq!(home.json("connector list")["items"].as_array().unwrap().len(), 0);
}

#[test]
fn a_link_to_an_older_answer_stays_a_link() {
    let home = Home::new();
    home.make_key("first", 1, "");
    home.write_csr("one.csr");
    fs::write(home.path("old.pem"), home.run("cert show signing --pem").stdout).unwrap();
    symlink("old.pem", home.path("link.pem")).unwrap();
    home.run("sign --csr one.csr --key-file first.key --out link.pem").succeeds();
    assert!(home.path("link.pem").is_symlink());
    assert_eq!(Certificate::parse_all(home.read("old.pem").as_bytes()).unwrap().len(), 3);
}

#[test]
fn an_unwritable_answer_costs_no_use() {
    let home = Home::new();
    let key = home.make_key("first", 1, "");
    home.write_csr("one.csr");
    fs::write(home.path("both.pem"), {
        let root = home.run("cert show signing --pem").stdout;
        root + "-----BEGIN PRIVATE KEY-----\nAAAA\n-----END PRIVATE KEY-----\n"
    })
    .unwrap();
    fs::write(home.path("notes.txt"), "notes").unwrap();
    let sign = "sign --csr one.csr --key-file first.key --out";
    home.run(&format!("{sign} missing/one.pem")).is_refused("file_unwritable");
    home.run(&format!("{sign} both.pem")).is_refused("file_exists");
    home.run(&format!("{sign} notes.txt")).is_refused("file_exists");
    home.run(&format!("{sign} .")).is_refused("file_exists");
    home.run(&format!("{sign} folder/")).is_refused("file_unwritable");
    home.run(&format!("{sign} {}.pem", "x".repeat(300))).is_refused("file_unwritable");
    symlink("nowhere", home.path("link.pem")).unwrap();
    home.run(&format!("{sign} link.pem")).is_refused("file_exists");
    assert_eq!(home.json(&format!("key show {key}"))["used"], 0);
    assert_eq!(home.read("notes.txt"), "notes");
}

#[test]
fn certificates_contain_the_urls_of_their_issuer() {
    let home = Home::new();
    let urls = [
        ("crl_url", "http://pki.example/fleet.crl"),
        ("ocsp_url", "http://ocsp.example/"),
        ("ca_issuers_url", "https://pki.example/fleet.cer"),
    ];
    let [(_, crl), (_, ocsp), (_, ca_issuers)] = urls;
    let create = format!("--crl-url {crl} --ocsp-url {ocsp} --ca-issuers-url {ca_issuers}");
    home.run(&format!("cert create urls {create}")).succeeds();
    let shown = home.run("cert show urls").succeeds().stdout.clone();
    let (with, without) = (home.json("cert show urls"), home.json("cert show signing"));
    for (field, url) in urls {
        assert!(shown.contains(url), "{shown}");
        assert_eq!(with[field], url);
        assert!(without[field].is_null());
    }
    let key = "key create --name urls --group gateways --cert urls --max-uses 1 --out urls.key";
    home.run(key).succeeds();
    home.write_csr("urls.csr");
    home.run("sign --csr urls.csr --key-file urls.key --out urls.pem").succeeds();
    let certificates = Certificate::parse_all(home.read("urls.pem").as_bytes()).unwrap();
    let holds = |url: &str| certificates[0].der().windows(url.len()).any(|w| w == url.as_bytes());
    assert!(urls.iter().all(|(_, url)| holds(url)));
}
