//! `--store postgres://…`, and moving an authority there and back.

use std::sync::{Arc, LazyLock};
use std::thread;
use std::time::{Duration, Instant};

use provkey::authority::{Authority, EnrollRequest, KeyFilter, PageRequest};
use provkey::key::ProvisioningKey;
use provkey::x509::{KeyAlgorithm, SoftwareSigner, build_csr};
use provkey_tests::PostgresServer;
use serde_json::Value;

use crate::home::{Home, Run};
use crate::server::wait_until;

static SERVER: LazyLock<PostgresServer> = LazyLock::new(PostgresServer::start);

/// All that an operator sees, except the versions of keys, which differ between stores.
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
fn a_server_whose_store_was_moved_is_not_ready() {
    let (mut home, port) = Home::local();
    let stores = ["sqlite:store.db".to_owned(), SERVER.new_database(), "sqlite:back.db".to_owned()];
    for moved in stores.windows(2) {
        let (from, to) = (&moved[0], &moved[1]);
        home.store.clone_from(from);
        let server = home.serve(port, &[]);
        assert!(server.operation("/readyz").starts_with("HTTP/1.0 200 "));
        home.run(&format!("store copy {from} {to}")).succeeds();
        wait_until("not ready", || server.operation("/readyz").contains("store_moved"));
    }
}

#[test]
fn an_authority_moves_there_and_back() {
    let home = Home::new();
    home.make_key("first", 3, "");
    enrolls(&home, "sqlite:store.db", "one").succeeds();
    let postgres = SERVER.new_database();
    let there = home.json(&format!("store copy sqlite:store.db {postgres}"));
    assert!(there["records"].as_u64().unwrap() > 20, "{there}");
    assert_eq!(there["source_closed"], true);
    assert_eq!(seen(&home, &postgres), seen(&home, "sqlite:store.db"));
    // The first store stays closed, even if another copy of it fails.
    home.run(&format!("store copy sqlite:store.db {postgres}")).is_refused("store_exists");
    enrolls(&home, "sqlite:store.db", "late").is_refused("store_moved");
    home.run("group create late").is_refused("store_moved");

    enrolls(&home, &postgres, "two").succeeds();
    let back = home.json(&format!("store copy {postgres} sqlite:back.db"));
    enrolls(&home, &postgres, "late").is_refused("store_moved");
    assert!(back["records"].as_u64() > there["records"].as_u64());
    assert_eq!(seen(&home, "sqlite:back.db"), seen(&home, &postgres));
    enrolls(&home, "sqlite:back.db", "three").succeeds();
    enrolls(&home, "sqlite:back.db", "four").is_refused("key_exhausted");
    // The copy has the connectors.
    let again =
        home.json("sign --csr two.csr --key-file first.key --out again.pem --store sqlite:back.db");
    assert_eq!(again["replay"], true);
    assert_eq!(home.read("again.pem"), home.read("two.pem"));
}

#[test]
fn a_store_without_an_authority_is_not_copied() {
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
    check(&good, &["store", "copy", &good, "sqlite:new.db"]).is_usage();
    check(&good, &["store", "copy", "sqlite:new.db", "postgres://u@h/d?password=s3cret"])
        .is_usage();
    for help in ["--help", "key list --help", "store copy --help"] {
        check(&good, &help.split(' ').collect::<Vec<_>>()).succeeds();
    }
}

#[test]
fn keep_source_leaves_the_source_open() {
    let home = Home::new();
    home.make_key("first", 3, "");
    let copied = home.json("store copy --keep-source sqlite:store.db sqlite:copy.db");
    assert_eq!(copied["source_closed"], false);
    enrolls(&home, "sqlite:store.db", "one").succeeds();
    // The source is moved, and opened again.
    home.run("store copy sqlite:store.db sqlite:moved.db").succeeds();
    enrolls(&home, "sqlite:store.db", "two").is_refused("store_moved");
    let run = home.run("store reopen sqlite:store.db --yes");
    assert!(run.succeeds().stdout.contains("open again"), "{run:?}");
    enrolls(&home, "sqlite:store.db", "two").succeeds();
    assert!(home.run("store reopen sqlite:store.db").succeeds().stdout.contains("was open"));
}

/// Threads enroll while the store is moved. The copy has exactly what was acknowledged.
#[test]
fn a_move_under_load_loses_and_doubles_nothing() {
    fn race(home: &Home, from: &str, to: &str, open: &(dyn Fn() -> Authority + Sync)) {
        let key = ProvisioningKey::read(home.read("first.key").as_bytes()).unwrap();
        let enroll = |authority: &Authority| {
            let (signer, _) = SoftwareSigner::generate(KeyAlgorithm::Ed25519).unwrap();
            let csr = build_csr(&signer, &[]).unwrap();
            let request = EnrollRequest::new(csr).key_text(key.to_text());
            authority.enroll(&request)
        };
        let acknowledged: u64 = thread::scope(|scope| {
            let threads = [(); 3].map(|()| {
                scope.spawn(|| {
                    let authority = open();
                    let mut acknowledged = 0;
                    let begun = Instant::now();
                    // Ends the threads if the move fails.
                    while begun.elapsed() < Duration::from_secs(20) {
                        match enroll(&authority) {
                            Ok(_) => acknowledged += 1,
                            Err(error) if error.code() == "store_moved" => return acknowledged,
                            Err(error) => panic!("{error}"),
                        }
                    }
                    panic!("the store was never closed")
                })
            });
            thread::sleep(Duration::from_millis(300));
            home.run(&format!("store copy {from} {to}")).succeeds();
            threads.map(|thread| thread.join().unwrap()).iter().sum()
        });
        assert!(acknowledged > 0);
        let used = home.json(&format!("key list --store {to}"))["items"][0]["used"].clone();
        assert_eq!(used.as_u64().unwrap(), acknowledged);
        let list = open().list_keys(&KeyFilter::default(), &PageRequest::default()).unwrap();
        assert_eq!(list.items[0].used, acknowledged, "nothing came after the copy");
    }

    let home = Home::new();
    home.make_key("first", 1_000_000, "");
    race(&home, "sqlite:store.db", "sqlite:second.db", &|| {
        let store = provkey_sqlite::SqliteStore::open(home.path("store.db")).unwrap();
        home.authority(Arc::new(store))
    });

    let home = Home::empty();
    let url = SERVER.new_database();
    for command in ["init --host api.example.com", "group create gateways", "cert create signing"] {
        home.run(&format!("{command} --store {url}")).succeeds();
    }
    let make = "key create --name first --group gateways --cert signing --max-uses 1000000";
    home.run(&format!("{make} --out first.key --store {url}")).succeeds();
    race(&home, &url, "sqlite:from-postgres.db", &|| {
        let store = provkey_postgres::PostgresStore::open(&url).unwrap();
        home.authority(Arc::new(store))
    });
}
