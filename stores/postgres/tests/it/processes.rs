//! Several processes on one database, some of them killed.

use std::io::{BufRead, BufReader};
use std::thread;
use std::time::Duration;

use provkey_postgres::PostgresStore;

use crate::child::spawn;
use crate::{SERVER, make_counter, recorded, used};

#[test]
fn processes_that_race_for_a_limit_never_pass_it() {
    let url = SERVER.new_database();
    // They also race to make the schema.
    let children = ["a", "b", "c", "d"].map(|name| spawn("count", &url, name));
    for child in children {
        let output = child.wait_with_output().unwrap();
        assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stdout));
    }
    let store = PostgresStore::open(&url).unwrap();
    assert_eq!(used(&store, "uses"), 300);
    assert_eq!(recorded(&store).len(), 300);
}

#[test]
fn what_was_acknowledged_survives_kill_9_of_clients() {
    let url = SERVER.new_database();
    let store = PostgresStore::create(&url).unwrap();
    make_counter(&store, "uses", u64::MAX / 2);
    for round in 0..6u64 {
        let mut children =
            ["a", "b", "c"].map(|name| spawn("acknowledge", &url, &format!("{round}{name}")));
        let mut said: Vec<_> = children
            .iter_mut()
            .map(|child| BufReader::new(child.stdout.take().unwrap()).lines())
            .collect();
        // From when each is at work.
        let is_applied = |line: &String| line.starts_with("applied ");
        let mut lines: Vec<String> = said
            .iter_mut()
            .map(|lines| lines.by_ref().map_while(Result::ok).find(is_applied).unwrap())
            .collect();
        thread::sleep(Duration::from_millis(round * 23));
        for child in &mut children {
            child.kill().unwrap();
            child.wait().unwrap();
        }
        lines.extend(said.into_iter().flatten().map_while(Result::ok));
        let recorded = recorded(&store);
        for key in lines.iter().filter_map(|line| line.strip_prefix("applied ")) {
            let known = recorded.iter().any(|recorded| recorded.starts_with(key));
            assert!(known, "{key} was acknowledged but is not there");
        }
    }
    drop(store);
    wait_until_nobody_is_connected(&url);
    let store = PostgresStore::open(&url).unwrap();
    assert!(used(&store, "uses") > 0);
    assert_eq!(used(&store, "uses"), recorded(&store).len() as u64);
}

/// Waits until the server has ended all connections to a database. A request of a killed client
/// may still be unread, so its outcome is settled only then.
fn wait_until_nobody_is_connected(url: &str) {
    let database = url.rsplit_once('/').expect("it ends with the database").1;
    let connected = format!("SELECT count(*) FROM pg_stat_activity WHERE datname = '{database}'");
    while SERVER.sql("postgres", &connected) != "0" {
        thread::sleep(Duration::from_millis(10));
    }
}
