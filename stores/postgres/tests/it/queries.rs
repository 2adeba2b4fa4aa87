//! Queries read the views and have no other effect.

use std::time::{Duration, Instant};

use postgres::{Client, NoTls};
use provkey::store::{
    Operation, QueryError, QueryLimits, QueryResult, QueryValue, RecordKey, Store, Unit,
};
use provkey_postgres::PostgresStore;

use crate::SERVER;

/// The document with the grants for a node and for queries.
const DOCUMENT: &str = include_str!("../../../../docs/scaling.md");

/// A store with a group, opened as the documented role of a node; and a connection of the owner.
fn store(role: &str) -> (String, PostgresStore, Client) {
    let url = SERVER.new_database();
    let store = PostgresStore::create(&url).unwrap();
    let body = br#"{"id":"1","name":"group 1","created_at":1577836800123}"#.to_vec();
    let put = Operation::Put { key: RecordKey::new("group/1").unwrap(), body };
    store.apply(&[Unit::new(vec![put])]).unwrap();
    let mut owner = Client::connect(&url, NoTls).unwrap();
    for block in DOCUMENT.split("\n```sql\n").skip(1).take(2) {
        let sql = block.split("\n```").next().unwrap();
        let sql =
            sql.replace("provkey_query", role).replace("provkey_node", &format!("{role}_node"));
        owner.batch_execute(&sql).unwrap();
    }
    let host = url.replace("postgres@", &format!("{role}_node@"));
    let host = PostgresStore::open(&format!("{host}{}query_role={role}", sign(&url)));
    (url, host.unwrap(), owner)
}

/// The character before a further parameter of a URL.
fn sign(url: &str) -> &'static str {
    if url.contains('?') { "&" } else { "?" }
}

fn query(store: &PostgresStore, sql: &str) -> Result<QueryResult, QueryError> {
    store.query(sql, &QueryLimits::default())
}

#[test]
fn a_query_returns_the_rows_of_a_view() {
    let (_, store, _) = store("answering");
    let found = query(&store, "SELECT name, created_at, keys FROM connector_groups; -- all\n");
    let found = found.unwrap();
    let (text, number) = (|text: &str| QueryValue::Text(text.into()), QueryValue::Integer);
    assert_eq!(found.columns, ["name", "created_at", "keys"]);
    assert_eq!(found.rows, [[text("group 1"), text("2020-01-01T00:00:00.123Z"), QueryValue::Null]]);
    assert!(!found.truncated);
    let check = |sql: &str, wanted: QueryValue| {
        assert_eq!(query(&store, sql).unwrap().rows, [[wanted]], "{sql}");
    };
    check("SELECT count(*) FROM connector_groups", number(1));
    check("SELECT sum(column1) FROM (VALUES (1::bigint), (2)) AS it", number(3));
    check("WITH part AS (SELECT * FROM audit) SELECT count(*) FROM part", number(0));
    check("SELECT upper(max(name)) FROM connector_groups", text("GROUP 1"));
    check("SELECT avg(column1) FROM (VALUES (1), (2)) AS it", QueryValue::Float(1.5));
    check("SELECT 0.5::float8", QueryValue::Float(0.5));
    check("SELECT 1 = 1", number(1));
    check("SELECT '\\x00ff'::bytea", QueryValue::Blob(vec![0, 255]));
    check("SELECT NULL", QueryValue::Null);
    for view in ["provisioning_keys", "enrollments", "enrollment_certificates", "audit"] {
        query(&store, &format!("SELECT * FROM {view}")).unwrap();
    }
}

#[test]
fn hostile_queries_are_refused_and_change_nothing() {
    let (url, store, mut owner) = store("hostile");
    for sql in [
        "SELECT * FROM records",
        "SELECT * FROM provkey.records",
        "SELECT * FROM store",
        "WITH enrollments AS (SELECT * FROM records) SELECT * FROM enrollments",
        "SELECT set_config('role', 'none', true)",
        "SELECT ('select array_to_tsvector(array[set_config(''role'',''none'',true)])'::text).ts_stat",
        "SELECT t.ts_stat FROM substr('select now()', 1) AS t",
        "SELECT t.\"ts_stat\" FROM jsonb_array_elements_text('[\"select 1\"]') AS t",
        "SELECT t /**/ . TS_STAT FROM substr('select now()', 1) AS t",
        "SELECT set_config('role', 'none', true), query_to_xml('SELECT * FROM provkey.records', true, true, '')",
        "SELECT query_to_xml('SELECT 1', true, true, '')",
        "SELECT pg_sleep(1)",
        "SELECT pg_read_file('/etc/passwd')",
        "SELECT lo_import('/etc/passwd')",
        "SELECT lo_create(1)",
        "SELECT dblink('', '')",
        "SELECT nextval('provkey.versions')",
        "SELECT provkey.apply()",
        "SELECT pg_terminate_backend(1)",
        "SELECT * FROM pg_catalog.pg_roles",
        "SELECT * FROM information_schema.tables",
        "SELECT 1; DELETE FROM records",
        "SELECT 1) AS query; DELETE FROM records; --",
        "SELECT 1) AS query (c0), set_config('role', 'none', true) AS x (a",
        "",
    ] {
        let error = query(&store, sql).unwrap_err();
        assert_eq!((error.code(), error.retryable()), ("query_refused", false), "{sql}: {error}");
    }
    // These are not a SELECT, as a subquery must be, or they change something.
    for sql in [
        "DELETE FROM records",
        "RESET ROLE",
        "SET ROLE NONE",
        "COMMIT",
        "COPY records TO STDOUT",
        "DO 'BEGIN END'",
        "EXPLAIN SELECT 1",
        "LOCK records",
        "WITH gone AS (DELETE FROM records) SELECT 1",
        "SELECT * INTO copy FROM audit",
        "SELECT 1) AS query FOR UPDATE --",
        "SELECT name FROM connector_groups) AS query FOR UPDATE --",
        "CREATE TABLE t (a int)",
        "SELECT $$1$$",
    ] {
        let code = query(&store, sql).unwrap_err().code();
        assert!(["query_refused", "query_failed"].contains(&code), "{sql}: {code}");
    }
    for sql in ["SELEC 1", "SELECT nothing FROM audit", "SELECT * FROM nowhere", "SELECT 1 / 0"] {
        assert_eq!(query(&store, sql).unwrap_err().code(), "query_failed", "{sql}");
    }
    let left = "SELECT count(*) FROM provkey.records";
    assert_eq!(owner.query_one(left, &[]).unwrap().get::<_, i64>(0), 1, "{url}");
}

#[test]
fn a_query_has_limits() {
    let (_, store, _) = store("limited");
    let endless = "WITH RECURSIVE t AS (SELECT 1 AS n UNION ALL SELECT n + 1 FROM t) SELECT ";
    let limits = QueryLimits::default().time(Duration::from_millis(300));
    let started = Instant::now();
    let error = store.query(&format!("{endless} count(*) FROM t"), &limits).unwrap_err();
    assert_eq!(error.code(), "query_timed_out", "{error}");
    assert!(started.elapsed() < Duration::from_secs(5), "{:?}", started.elapsed());
    let found = query(&store, &format!("{endless} n FROM t")).unwrap();
    assert_eq!((found.rows.len(), found.truncated), (10_000, true));

    let long =
        "SELECT replace('aaaaaaaaaa', 'a', replace('aaaaaaaaaa', 'a', replace('aaaaaaaaaa', 'a', ";
    let long = |times: usize| {
        format!("{long} left(replace('aaaaaaaaaa', 'a', '{}'), {times}))))", "x".repeat(100))
    };
    assert_eq!(query(&store, &long(1000)).unwrap_err().code(), "query_failed");
    assert!(!query(&store, &long(100)).unwrap().truncated);
}

#[test]
fn a_role_with_more_rights_is_refused() {
    let (url, _, mut owner) = store("careless");
    let refused = |role: &str, why: &str| {
        let url = format!("{url}{}query_role={role}", sign(&url));
        let error = query(&PostgresStore::open(&url).unwrap(), "SELECT 1").unwrap_err();
        assert_eq!(error.code(), "query_refused");
        assert!(error.to_string().contains(why), "{error}");
    };
    refused("nobody", "does not exist");
    refused("postgres", "is a superuser");
    owner
        .batch_execute(
            "CREATE TABLE public.salaries (a int); GRANT SELECT ON public.salaries TO PUBLIC",
        )
        .unwrap();
    refused("careless", "may read public.salaries");
    owner
        .batch_execute("DROP TABLE public.salaries; GRANT SELECT ON provkey.records TO careless")
        .unwrap();
    refused("careless", "may read provkey.records");
    owner
        .batch_execute(
            "REVOKE SELECT ON provkey.records FROM careless; REVOKE careless FROM careless_node",
        )
        .unwrap();
    let host = url.replace("postgres@", "careless_node@");
    let host = format!("{host}{}query_role=careless", sign(&url));
    let error = query(&PostgresStore::open(&host).unwrap(), "SELECT 1").unwrap_err();
    assert!(error.to_string().contains("is not granted"), "{error}");
}
