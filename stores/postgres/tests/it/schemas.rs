//! Schemas: created, opened, migrated, refused.

use std::thread;

use postgres::{Client, NoTls};
use provkey_postgres::PostgresStore;

use crate::{SERVER, check_refused, make_counter, used};

fn sql(url: &str, sql: &str) {
    Client::connect(url, NoTls).unwrap().batch_execute(sql).unwrap();
}

#[test]
fn create_open_and_open_or_create() {
    let url = SERVER.new_database();
    check_refused(PostgresStore::open(&url), "store_missing");
    make_counter(&PostgresStore::open_or_create(&url).unwrap(), "uses", 9);
    check_refused(PostgresStore::create(&url), "store_exists");
    assert_eq!(used(&PostgresStore::open(&url).unwrap(), "uses"), 0);
    assert_eq!(used(&PostgresStore::open_or_create(&url).unwrap(), "uses"), 0);
    check_refused(PostgresStore::open(&SERVER.url("nowhere")), "store_missing");
    check_refused(PostgresStore::create(&SERVER.url("nowhere")), "store_missing");
}

#[test]
fn one_database_may_have_several_stores() {
    let url = SERVER.new_database();
    let too_long = "x".repeat(64);
    for refused in ["o%27brien", "a%24%24b", "back%5Cslash", "", &too_long] {
        let error = PostgresStore::create(&format!("{url}?schema={refused}")).unwrap_err();
        assert_eq!(error.code(), "store_not_recognized", "{refused}");
    }
    let odd = format!("{url}?schema=odd%20%22name%22%3B--");
    make_counter(&PostgresStore::create(&url).unwrap(), "uses", 9);
    let other = PostgresStore::create(&odd).unwrap();
    make_counter(&other, "others", 9);
    assert_eq!(used(&PostgresStore::open(&odd).unwrap(), "others"), 0);
    assert_eq!(used(&PostgresStore::open(&url).unwrap(), "uses"), 0);
}

#[test]
fn many_nodes_may_create_one_store_at_once() {
    let url = SERVER.new_database();
    let made = |make: fn(&str) -> _| {
        thread::scope(|scope| {
            let hosts: Vec<_> = (0..8).map(|_| scope.spawn(|| make(&url))).collect();
            hosts.into_iter().map(|host| host.join().unwrap()).collect::<Vec<_>>()
        })
    };
    let opened = made(PostgresStore::open_or_create);
    assert!(opened.iter().all(Result::is_ok), "{opened:?}");
    sql(&url, "DROP SCHEMA provkey CASCADE");
    let (made, refused): (Vec<_>, Vec<_>) =
        made(PostgresStore::create).into_iter().partition(Result::is_ok);
    assert_eq!((made.len(), refused.len()), (1, 7));
    refused.into_iter().for_each(|refused| drop(check_refused(refused, "store_exists")));
}

#[test]
fn an_empty_schema_is_used() {
    let url = SERVER.new_database();
    sql(&url, "CREATE SCHEMA provkey");
    check_refused(PostgresStore::open(&url), "store_missing");
    make_counter(&PostgresStore::create(&url).unwrap(), "uses", 9);
}

#[test]
fn anything_but_a_store_is_refused_and_left_unchanged() {
    for table in ["records (key text)", "store (application text)"] {
        let url = SERVER.new_database();
        sql(&url, &format!("CREATE SCHEMA provkey; CREATE TABLE provkey.{table}"));
        check_refused(PostgresStore::open(&url), "store_not_recognized");
        check_refused(PostgresStore::open_or_create(&url), "store_not_recognized");
        check_refused(PostgresStore::create(&url), "store_exists");
        let database = url.rsplit('/').next().unwrap();
        let count = "SELECT count(*) FROM pg_class WHERE relnamespace = 'provkey'::regnamespace
            AND relkind IN ('r', 'v', 'S')";
        assert_eq!(SERVER.sql(database, count), "1");
    }
}

#[test]
fn a_store_of_a_newer_program_is_refused() {
    let url = SERVER.new_database();
    make_counter(&PostgresStore::create(&url).unwrap(), "uses", 9);
    sql(&url, "UPDATE provkey.store SET schema_version = 9999");
    check_refused(PostgresStore::open(&url), "store_too_new");
}

/// The first schema had the tables alone, later ones a function, and views with fewer columns.
/// Several nodes open the store at once, and a role keeps its rights on a view.
#[test]
fn a_store_of_each_older_schema_is_brought_up_to_date() {
    let drop_all = "DROP FUNCTION provkey.apply; DROP VIEW provkey.connector_groups,
        provkey.enrollment_certificates, provkey.enrollments, provkey.audit,
        provkey.provisioning_keys;";
    // The function is replaced, whatever it did.
    let old_function = "DO $$ DECLARE source text := pg_get_functiondef('provkey.apply'::regproc);
        BEGIN EXECUTE regexp_replace(source, '\\mBEGIN\\M', 'BEGIN RAISE ''an old function'';');
        END $$;
        DROP VIEW provkey.connector_groups, provkey.enrollment_certificates,
        provkey.enrollments, provkey.audit, provkey.provisioning_keys;";
    let readable = "CREATE VIEW provkey.connector_groups AS SELECT 'a' AS id;
        GRANT SELECT ON provkey.connector_groups TO PUBLIC;";
    let with_views = format!("{old_function} {readable}");
    for (version, older) in [(1, drop_all), (2, old_function), (3, with_views.as_str())] {
        let url = SERVER.new_database();
        make_counter(&PostgresStore::create(&url).unwrap(), "uses", 9);
        let version = format!("UPDATE provkey.store SET schema_version = {version}");
        sql(&url, &format!("{older} {version}"));
        check_refused(PostgresStore::create(&url), "store_exists");
        thread::scope(|scope| {
            let open = || make_counter(&PostgresStore::open(&url).unwrap(), "more", 9);
            let nodes: Vec<_> = (0..6).map(|_| scope.spawn(open)).collect();
            nodes.into_iter().for_each(|node| node.join().unwrap());
        });
        assert_eq!(used(&PostgresStore::open(&url).unwrap(), "uses"), 0);
        let database = url.rsplit('/').next().unwrap();
        assert_eq!(SERVER.sql(database, "SELECT schema_version FROM provkey.store"), "4");
        assert_eq!(SERVER.sql(database, "SELECT count(*) FROM provkey.enrollments"), "0");
        let granted = "SELECT count(*) FROM information_schema.table_privileges
            WHERE table_schema = 'provkey' AND grantee = 'PUBLIC'";
        let wanted = if older.contains("GRANT") { "1" } else { "0" };
        assert_eq!(SERVER.sql(database, granted), wanted);
    }
}
