//! Queries read the views and have no other effect.

use std::time::{Duration, Instant};

use provkey::store::{
    Operation, QueryError, QueryLimits, QueryResult, QueryValue, RecordKey, Store, Unit,
};
use provkey_sqlite::SqliteStore;

use crate::temporary;

const GROUPS: u64 = 3;

/// A store with some groups.
fn store() -> (tempfile::TempDir, SqliteStore) {
    let (folder, path) = temporary();
    let store = SqliteStore::create(path).unwrap();
    let put = |n| Operation::Put {
        key: RecordKey::new(format!("group/{n}")).unwrap(),
        body: format!(r#"{{"id":"{n}","name":"group {n}","created_at":1577836800123}}"#).into(),
    };
    store.apply(&[Unit::new((0..GROUPS).map(put).collect())]).unwrap();
    (folder, store)
}

fn query(store: &SqliteStore, sql: &str) -> Result<QueryResult, QueryError> {
    store.query(sql, &QueryLimits::default())
}

#[test]
fn a_query_returns_the_rows_of_a_view() {
    let (_folder, store) = store();
    let found = query(&store, "SELECT name, created_at, keys FROM connector_groups; -- all\n");
    let found = found.unwrap();
    assert_eq!(found.columns, ["name", "created_at", "keys"]);
    let (text, number) = (|text: &str| QueryValue::Text(text.into()), QueryValue::Integer);
    assert_eq!(
        found.rows[0],
        [text("group 0"), text("2020-01-01T00:00:00.123Z"), QueryValue::Null]
    );
    assert_eq!((found.rows.len() as u64, found.truncated), (GROUPS, false));

    let check = |sql: &str, wanted: QueryValue| {
        assert_eq!(query(&store, sql).unwrap().rows, [[wanted]], "{sql}");
    };
    check("SELECT count(*) FROM connector_groups", number(3));
    check("SELECT count(*) FROM audit", number(0));
    check("SELECT count(*) FROM (SELECT name FROM connector_groups UNION SELECT 'x')", number(4));
    check(
        "WITH some AS (SELECT * FROM connector_groups LIMIT 2) SELECT count(*) FROM some",
        number(2),
    );
    check("SELECT sum(value) FROM json_each('[1, 2]')", number(3));
    check("SELECT upper(max(name)) FROM connector_groups", text("GROUP 2"));
    check("SELECT 0.5", QueryValue::Float(0.5));
    check("VALUES (x'00ff')", QueryValue::Blob(vec![0, 255]));
    check("SELECT NULL", QueryValue::Null);
}

#[test]
fn hostile_queries_are_refused() {
    let (folder, store) = store();
    let other = folder.path().join("other.db");
    let refused = |sql: &str| {
        let error = query(&store, sql).unwrap_err();
        assert_eq!((error.code(), error.retryable()), ("query_refused", false), "{sql}: {error}");
    };
    for sql in [
        "",
        "-- nothing",
        "SELECT * FROM records",
        "SELECT (SELECT body FROM \"RECORDS\" LIMIT 1)",
        "WITH enrollments AS (SELECT * FROM records) SELECT * FROM enrollments",
        "WITH enrollments AS (SELECT * FROM main.[records]) SELECT * FROM enrollments",
        "SELECT * FROM sequence",
        "SELECT count(*) FROM sequence",
        "SELECT count(*) FROM Sqlite_Master",
        "SELECT count(*) FROM dbstat",
        "SELECT count(*) FROM pragma_database_list",
        "WITH enrollments AS (SELECT * FROM sequence) SELECT * FROM enrollments",
        "SELECT sql FROM sqlite_master",
        "WITH audit AS (SELECT * FROM sqlite_schema) SELECT * FROM audit",
        "SELECT * FROM pragma_table_info('audit')",
        "SELECT 1; SELECT 2",
        "SELECT 1; DELETE FROM records",
        "PRAGMA query_only = 0",
        "PRAGMA database_list",
        "DETACH main",
        "BEGIN IMMEDIATE",
        "SAVEPOINT s",
        "VACUUM",
        "ANALYZE",
        "REINDEX",
        "EXPLAIN SELECT * FROM audit",
        "EXPLAIN QUERY PLAN SELECT * FROM audit",
        "UPDATE sequence SET latest = 0",
        "INSERT INTO sequence VALUES (1)",
        "DROP VIEW audit",
        "CREATE TABLE t (a)",
        "CREATE TEMP TABLE t AS SELECT 1",
        "CREATE TEMP VIEW audit AS SELECT 1",
        "SELECT load_extension('evil.so')",
        "SELECT randomblob(1000000000)",
        "SELECT zeroblob(1000000000)",
        "SELECT random()",
        "SELECT sqlite_version()",
        "SELECT fts3_tokenizer('simple')",
        "SELECT * FROM audit WHERE key = ?",
        "SELECT * FROM audit WHERE key = :key",
    ] {
        refused(sql);
    }
    refused(&format!("ATTACH '{}' AS other", other.display()));
    refused(&format!("VACUUM INTO '{}'", other.display()));
    refused(&format!("SELECT '{}'", "x".repeat(100_000)));
    assert!(!other.exists());
    assert_eq!(query(&store, "SELECT count(*) FROM connector_groups").unwrap().rows.len(), 1);
}

#[test]
fn a_mistake_is_query_failed() {
    let (_folder, store) = store();
    for sql in [
        "DELETE FROM audit",
        "SELEC 1",
        "SELECT nothing FROM audit",
        "SELECT * FROM nowhere",
        "SELECT nofunc(1)",
    ] {
        let error = query(&store, sql).unwrap_err();
        assert_eq!(error.code(), "query_failed", "{sql}: {error}");
    }
}

#[test]
fn a_query_has_limits() {
    let (_folder, store) = store();
    let endless = "WITH RECURSIVE t(n) AS (SELECT 1 UNION ALL SELECT n + 1 FROM t) SELECT ";
    let limits = QueryLimits::default().time(Duration::from_millis(200));
    let started = Instant::now();
    let error = store.query(&format!("{endless} count(*) FROM t"), &limits).unwrap_err();
    assert_eq!(error.code(), "query_timed_out");
    assert!(started.elapsed() < Duration::from_secs(5), "{:?}", started.elapsed());

    // The work of one instruction is bounded, too.
    let slow = "WITH a AS MATERIALIZED (SELECT printf('%.250000c', 'x') AS text, printf('%.125000c', 'x') || 'y' AS part)
        SELECT instr(text, part) FROM a, json_each('[1,2,3,4,5,6,7,8,9,10,11,12,13,14,15,16,17,18,19,20]')";
    let started = Instant::now();
    drop(store.query(slow, &limits));
    assert!(started.elapsed() < Duration::from_secs(10), "{:?}", started.elapsed());

    let found = query(&store, &format!("{endless} n FROM t")).unwrap();
    assert_eq!((found.rows.len(), found.truncated), (10_000, true));
    let found = store.query("SELECT * FROM connector_groups", &QueryLimits::default().rows(3));
    assert!(!found.unwrap().truncated, "there are no more");

    let long = format!("{endless} printf('%.200000c', 'x') FROM t");
    let found = query(&store, &long).unwrap();
    assert!(found.truncated && found.rows.len() < 400, "{} rows", found.rows.len());
    for sql in [
        // Not from one printf: an older SQLite returns NULL for a text that is too long.
        "SELECT printf('%.200000c', 'x') || printf('%.200000c', 'x')",
        "SELECT group_concat(printf('%.200000c', 'x')) FROM (VALUES (1), (2))",
    ] {
        assert_eq!(query(&store, sql).unwrap_err().code(), "query_failed", "{sql}");
    }
}

/// Neither waits for the other, and a query sees one snapshot.
#[test]
fn a_query_and_a_writer_go_on_beside_each_other() {
    let (_folder, store) = store();
    let put = |n: usize| Operation::Put {
        key: RecordKey::new(format!("group/more {n}")).unwrap(),
        body: format!(r#"{{"id":"{n}","name":"more","created_at":1}}"#).into(),
    };
    std::thread::scope(|scope| {
        let writer = scope.spawn(|| {
            for n in (0..400).step_by(2) {
                store.apply(&[Unit::new(vec![put(n), put(n + 1)])]).unwrap();
            }
        });
        while !writer.is_finished() {
            let found = query(&store, "SELECT count(*) % 2 FROM connector_groups").unwrap();
            assert_eq!(found.rows, [[QueryValue::Integer(1)]]);
        }
    });
}
