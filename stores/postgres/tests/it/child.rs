//! Runs this test binary as another process.

use std::env;
use std::process::{Child, Command, Stdio};

use provkey::store::{GroupCommit, Outcome, Store, Unit};
use provkey_postgres::PostgresStore;

use crate::{make_counter, use_of};

const ROLE: &str = "PROVKEY_POSTGRES_TEST_ROLE";
const URL: &str = "PROVKEY_POSTGRES_TEST_URL";
const NAME: &str = "PROVKEY_POSTGRES_TEST_NAME";

/// Starts a process with a role of [`a_child_plays_its_role`].
pub(crate) fn spawn(role: &str, url: &str, name: &str) -> Child {
    let mut command = Command::new(env::current_exe().unwrap());
    command.args(["--exact", "child::a_child_plays_its_role", "--nocapture"]);
    command.env(ROLE, role).env(URL, url).env(NAME, name);
    command.stdout(Stdio::piped()).spawn().unwrap()
}

/// Not a test: it does nothing unless [`spawn`] sets a role.
#[test]
fn a_child_plays_its_role() {
    let Ok(role) = env::var(ROLE) else { return };
    let (url, name) = (env::var(URL).unwrap(), env::var(NAME).unwrap());
    let store = PostgresStore::open_or_create(&url).unwrap();
    match role.as_str() {
        "count" => count_until_full(&store, &name),
        "acknowledge" => acknowledge(&GroupCommit::new(std::sync::Arc::new(store)), &name),
        role => panic!("no such role: {role}"),
    }
}

fn count_until_full(store: &PostgresStore, name: &str) {
    make_counter(store, "uses", 300);
    for n in (0..).step_by(3) {
        let unit = |n| use_of("uses", &format!("used/{name}/{n}"));
        let outcomes = store.apply(&[unit(n), unit(n + 1), unit(n + 2)]).unwrap();
        if outcomes.iter().any(|outcome| matches!(outcome, Outcome::Refused(_))) {
            return;
        }
    }
}

/// Prints a line for each applied record, until the process is killed.
#[allow(clippy::print_stdout)]
fn acknowledge(commit: &GroupCommit, name: &str) {
    for n in 0.. {
        let units: Vec<Unit> =
            (0..n % 5 + 1).map(|part| use_of("uses", &format!("used/{name}/{n}/{part}"))).collect();
        let outcomes = commit.apply_together(units.clone()).unwrap();
        assert!(outcomes.iter().all(|outcome| matches!(outcome, Outcome::Applied(_))));
        for unit in &units {
            println!("applied {}", String::from_utf8_lossy(unit.operations[0].key().as_bytes()));
        }
    }
}
