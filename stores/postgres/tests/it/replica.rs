//! A replica is refused; of several servers, the primary is used.

use std::thread;
use std::time::Duration;

use provkey::store::Store;
use provkey_postgres::PostgresStore;
use provkey_tests::PostgresServer;

use crate::{check_refused, key, make_counter, used};

#[test]
fn a_replica_is_refused_and_the_primary_is_found() {
    let primary = PostgresServer::start();
    let url = primary.new_database();
    make_counter(&PostgresStore::create(&url).unwrap(), "uses", 9);
    let replica = primary.start_replica();
    let database = url.rsplit('/').next().unwrap();
    while replica.sql("postgres", "SELECT pg_is_in_recovery()") != "t" {
        thread::sleep(Duration::from_millis(20));
    }
    let error = check_refused(PostgresStore::open(&replica.url(database)), "store_read_only");
    assert!(error.to_string().contains("name the primary server, not a replica"), "{error}");
    check_refused(PostgresStore::create(&replica.url(database)), "store_read_only");

    let folder =
        |server: &PostgresServer| server.folder().display().to_string().replace('/', "%2F");
    let both = format!("postgres://postgres@{},{}/{database}", folder(&replica), folder(&primary));
    assert_eq!(used(&PostgresStore::open(&both).unwrap(), "uses"), 0);
}

/// The server stops taking writes, as after a failover.
#[test]
fn a_server_that_becomes_read_only_changes_nothing() {
    let server = PostgresServer::start();
    let store = PostgresStore::create(&server.new_database()).unwrap();
    make_counter(&store, "uses", 9);
    server.configure(&[("default_transaction_read_only", "on")]);
    let unit = crate::use_of("uses", "used/1");
    loop {
        match store.apply(std::slice::from_ref(&unit)) {
            Ok(_) => thread::sleep(Duration::from_millis(5)),
            refused => break drop(check_refused(refused, "store_read_only")),
        }
    }
    check_refused(store.apply(&[unit]), "store_read_only");
    check_refused(store.get(&[key("uses")]), "store_read_only");
}
