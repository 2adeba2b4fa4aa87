//! `--store postgres://…`, and moving an authority there and back.

use std::sync::LazyLock;

use provkey_tests::PostgresServer;
use serde_json::Value;

use crate::home::{Home, Run};

static SERVER: LazyLock<PostgresServer> = LazyLock::new(PostgresServer::start);

/// All that an operator sees, but the versions of keys, which are each store's own.
fn seen(home: &Home, store: &str) -> Vec<Value> {
    let list = |list| {
        let mut page = home.json(&format!("{list} --store {store}"));
        for item in page["items"].as_array_mut().unwrap() {
            item.as_object_mut().unwrap().remove("version");
        }
        page
    };
    ["group list", "cert list", "key list", "connector list", "audit list"].map(list).into()
}

fn enrolls(home: &Home, store: &str, name: &str) -> Run {
    home.write_csr(&format!("{name}.csr"));
    home.run(&format!(
        "sign --csr {name}.csr --key-file first.key --out {name}.pem --store {store}"
    ))
}

#[test]
fn an_authority_lives_in_postgresql() {
    let home = Home::empty();
    let store = SERVER.new_database();
    let run = |arguments: &str| home.run(&format!("{arguments} --store {store}"));
    run("key list").is_refused("file_unreadable");
    run("init --host api.example.com").succeeds();
    run("init --host api.example.com").is_refused("authority_exists");
    run("group create gateways").succeeds();
    run("cert create signing").succeeds();
    let make = "key create --name first --group gateways --cert signing --max-uses 2";
    run(&format!("{make} --out first.key")).succeeds();
    enrolls(&home, &store, "one").succeeds();
    enrolls(&home, &store, "two").succeeds();
    enrolls(&home, &store, "three").is_refused("key_exhausted");
    run("sign --csr one.csr --key-file first.key --out again.pem").succeeds();
    assert_eq!(home.read("again.pem"), home.read("one.pem"));
    assert_eq!(seen(&home, &store)[2]["items"][0]["used"], 2);
    run("group delete gateways").is_refused("group_in_use");
    run("master rotate").succeeds();
    run("master backup copy.db").is_refused("backup_elsewhere");
}

#[test]
fn an_authority_moves_there_and_back() {
    let home = Home::new();
    home.make_key("first", 3, "");
    enrolls(&home, "sqlite:store.db", "one").succeeds();
    let postgres = SERVER.new_database();
    let there = home.json(&format!("store copy sqlite:store.db {postgres}"));
    assert!(there["records"].as_u64().unwrap() > 20, "{there}");
    assert_eq!(seen(&home, &postgres), seen(&home, "sqlite:store.db"));
    home.run(&format!("store copy sqlite:store.db {postgres}")).is_refused("store_exists");

    enrolls(&home, &postgres, "two").succeeds();
    let back = home.json(&format!("store copy {postgres} sqlite:back.db"));
    assert!(back["records"].as_u64() > there["records"].as_u64());
    assert_eq!(seen(&home, "sqlite:back.db"), seen(&home, &postgres));
    enrolls(&home, "sqlite:back.db", "three").succeeds();
    enrolls(&home, "sqlite:back.db", "four").is_refused("key_exhausted");
    // The copy knows whom it has enrolled.
    let again =
        home.json("sign --csr two.csr --key-file first.key --out again.pem --store sqlite:back.db");
    assert_eq!(again["replay"], true);
    assert_eq!(home.read("again.pem"), home.read("two.pem"));
}

#[test]
fn what_is_no_authority_is_not_copied() {
    let home = Home::new();
    let postgres = SERVER.new_database();
    home.run(&format!("store copy {postgres} sqlite:new.db")).is_refused("store_missing");
    home.run(&format!("store copy sqlite:missing.db {postgres}")).is_refused("store_missing");
    assert!(!home.path("new.db").exists());
    home.run("store copy sqlite:store.db sqlite:store.db").is_refused("store_exists");
    home.run("store copy sqlite:store.db").is_usage();
}

#[test]
fn a_password_in_a_url_is_never_shown() {
    let home = Home::new();
    let check = |store: &str, arguments: &[&str]| {
        let mut command = home.command(arguments);
        let run: Run = command.env("PROVKEY_STORE", store).output().unwrap().into();
        assert!(!format!("{run:?}").contains("s3cret"), "{run:?}");
        run
    };
    let good = format!("{}?connect_timeout=1", SERVER.url("nowhere"));
    let good = good.replace("postgres@", "postgres:s3cret@");
    check(&good, &["key", "list"]).is_refused("store_missing");
    check("postgres://u:s3cret@127.0.0.1:1/d", &["key", "list"]).is_refused("store_unavailable");
    check("postgres://u:s3cret@h:port/d", &["key", "list"]).is_refused("store_not_recognized");
    check("postgre://u:s3cret@h/d", &["key", "list"]).is_usage();
    check(&good, &["key", "list", "--limit", "postgres://u:s3cret@h/d"]).is_usage();
    check(&good, &["store", "copy", &good, "nonsense://u:s3cret@h"]).is_usage();
    for help in ["--help", "key list --help", "store copy --help"] {
        check(&good, &help.split(' ').collect::<Vec<_>>()).succeeds();
    }
}
