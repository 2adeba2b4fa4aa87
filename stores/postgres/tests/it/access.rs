//! Privileges of roles, and passwords.

use postgres::{Client, NoTls};
use provkey::store::Store;
use provkey_postgres::PostgresStore;
use provkey_tests::PostgresServer;

use crate::{SERVER, check_refused, make_counter, recorded, use_of, used};

/// The document with the grants.
const DOCUMENT: &str = include_str!("../../../../docs/scaling.md");

fn grants() -> &'static str {
    let after = DOCUMENT.split("\n```sql\n").nth(1).unwrap();
    after.split("\n```").next().unwrap()
}

#[test]
fn the_documented_privileges_are_enough_for_a_node() {
    let url = SERVER.new_database();
    make_counter(&PostgresStore::create(&url).unwrap(), "uses", 9);
    let mut owner = Client::connect(&url, NoTls).unwrap();
    owner.batch_execute(grants()).unwrap();
    let host = url.replace("postgres@", "provkey_node@");
    let store = PostgresStore::open(&host).unwrap();
    store.apply(&[use_of("uses", "used/1")]).unwrap();
    assert_eq!((used(&store, "uses"), recorded(&store).len()), (1, 1));

    let mut host = Client::connect(&host, NoTls).unwrap();
    for forbidden in [
        "DROP TABLE provkey.records",
        "TRUNCATE provkey.records",
        "ALTER TABLE provkey.records ADD COLUMN x int",
        "DROP SCHEMA provkey CASCADE",
        "UPDATE provkey.store SET schema_version = 0",
        "CREATE TABLE provkey.mine (x int)",
        "SELECT setval('provkey.versions', 1)",
        "CREATE OR REPLACE FUNCTION provkey.apply() RETURNS int LANGUAGE sql AS 'SELECT 1'",
    ] {
        let error = host.batch_execute(forbidden).unwrap_err();
        let said = error.as_db_error().unwrap();
        assert_eq!(said.code().code(), "42501", "{forbidden}: {said}");
    }
}

#[test]
fn a_role_without_privileges_gets_store_read_only() {
    let url = SERVER.new_database();
    make_counter(&PostgresStore::create(&url).unwrap(), "uses", 9);
    Client::connect(&url, NoTls).unwrap().batch_execute("CREATE ROLE nobody_here LOGIN").unwrap();
    let url = url.replace("postgres@", "nobody_here@");
    let error = check_refused(PostgresStore::open(&url), "store_read_only");
    assert!(error.to_string().contains("permission denied"), "{error}");
    let other = format!("{url}?schema=mine");
    check_refused(PostgresStore::create(&other), "store_read_only");
}

#[test]
fn a_password_is_never_shown() {
    const PASSWORD: &str = "s3cr%3Ft%40w0rd?";
    let shown = |text: &str| {
        assert!(!["s3cr", "w0rd"].iter().any(|part| text.contains(part)), "{text}");
    };
    let server = PostgresServer::start();
    server.sql("postgres", "CREATE ROLE somebody LOGIN SUPERUSER PASSWORD 's3cr?t@w0rd?'");
    let rules = "local all postgres trust\nlocal all all scram-sha-256\n";
    server.replace_rules(rules);
    let url = |password| {
        let url = server.url("postgres").replace("postgres@", &format!("somebody:{password}@"));
        format!("{url}?schema=here")
    };
    let store = PostgresStore::create(&url(PASSWORD)).unwrap();
    shown(&format!("{store:?}"));
    for wrong in [
        url("s3cret-w0rd"),
        url(PASSWORD).replace("/postgres?", "/nowhere?"),
        url(PASSWORD).replace("schema=here", "s3cr=w0rd"),
        url(PASSWORD).replace("schema=here", "port=s3cr"),
        url(PASSWORD).replace("schema=here", "sslmode=s3cr"),
        url(PASSWORD).replace("somebody:", "").replace('@', "#"),
        url(PASSWORD).replace("postgres://", "mysql://"),
        format!("postgres://somebody:{PASSWORD}@127.0.0.1:1/here?connect_timeout=1"),
    ] {
        let error = PostgresStore::open(&wrong).unwrap_err();
        shown(&format!("{error} {error:?}"));
    }
}
