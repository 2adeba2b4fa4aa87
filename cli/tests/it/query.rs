//! `provkey query`: the views, for people and for programs.

use serde_json::json;

use crate::home::Home;

fn query(home: &Home, sql: &str, more: &[&str]) -> crate::home::Run {
    let arguments = [&["query", sql], more].concat();
    home.command(&arguments).output().unwrap().into()
}

#[test]
fn a_query_is_answered_as_table_json_and_csv() {
    let home = Home::new();
    home.make_key("Branch", 9, "");
    let sql = "SELECT name, max_uses, last_used_at FROM provisioning_keys";
    let run = query(&home, sql, &[]);
    assert_eq!(run.succeeds().stdout, "name    max_uses  last_used_at\nBranch  9         -\n");
    let run = query(&home, sql, &["--json"]);
    let found: serde_json::Value = serde_json::from_str(&run.succeeds().stdout).unwrap();
    let columns = ["name", "max_uses", "last_used_at"];
    assert_eq!(found, json!({ "columns": columns, "rows": [["Branch", 9, null]] }));
    let run = query(&home, "SELECT 'a,\"b' AS text, NULL AS none, x'0aff' AS bytes", &["--csv"]);
    assert_eq!(run.succeeds().stdout, "text,none,bytes\r\n\"a,\"\"b\",,0aff\r\n");
    let run = query(&home, "SELECT * FROM audit", &["--max-rows", "1", "--json"]);
    let found: serde_json::Value = serde_json::from_str(&run.succeeds().stdout).unwrap();
    assert_eq!((&found["truncated"], found["rows"].as_array().unwrap().len()), (&json!(true), 1));
    assert!(run.stderr.contains("rows are shown: there are more"), "{run:?}");
}

#[test]
fn other_statements_are_refused() {
    let home = Home::new();
    for sql in
        ["SELECT * FROM records", "DELETE FROM sequence", "SELECT 1; SELECT 2", "ATTACH 'x' AS y"]
    {
        query(&home, sql, &[]).is_refused("query_refused");
    }
    query(&home, "SELECT nothing", &[]).is_refused("query_failed");
    let endless =
        "WITH RECURSIVE t(n) AS (SELECT 1 UNION ALL SELECT n FROM t) SELECT count(*) FROM t";
    query(&home, endless, &["--timeout", "1s"]).is_refused("query_timed_out");
    assert!(!home.names().contains(&"x".into()));
}
