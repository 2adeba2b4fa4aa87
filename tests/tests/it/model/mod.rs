//! Random histories on every store, compared with a reference model after every step.

mod reference;
mod step;
mod subject;
mod view;

use std::cell::Cell;
use std::sync::Arc;

use proptest::test_runner::{Config, TestRunner};
use provkey::store::{Memory, Store};
use provkey_postgres::PostgresStore;
use provkey_sqlite::SqliteStore;
use provkey_tests::PostgresServer;
use tempfile::TempDir;

pub(crate) use self::reference::Model;
use self::step::history;
pub(crate) use self::step::{Edit, NewKey, Request, Step};
use self::subject::Subject;
pub(crate) use self::view::Answer;
use crate::site::scaled;

pub(crate) const GROUPS: [&str; 2] = ["Branch offices", "Ships"];

/// Opens the store of one history, for each of its nodes and after each restart.
type OpenStore = dyn Fn() -> Arc<dyn Store>;

/// Checks histories, each on a new store, which `place` selects by the number of the history.
fn check(cases: usize, place: impl Fn(usize) -> Box<OpenStore>) {
    let cases = u32::try_from(cases).unwrap();
    let config =
        Config { cases, failure_persistence: None, max_shrink_iters: 2000, ..Config::default() };
    let number = Cell::new(0);
    let run = |steps: Vec<Step>| {
        compare(&steps, &*place(number.replace(number.get() + 1)));
        Ok(())
    };
    TestRunner::new(config).run(&history(), run).unwrap();
}

fn compare(steps: &[Step], open_store: &OpenStore) {
    let (mut subject, mut model) = (Subject::new(open_store, GROUPS), Model::new(GROUPS));
    for step in steps {
        subject.wait(1);
        model.wait(1);
        assert_eq!(subject.take(step), model.take(step), "{step:?}");
        assert_eq!(subject.view(), model.view(), "after {step:?}");
    }
}

#[test]
fn any_history_in_memory_equals_the_model() {
    check(scaled(60, 2000), |_| {
        let store = Arc::new(Memory::new());
        Box::new(move || store.clone())
    });
}

#[test]
fn any_history_on_sqlite_equals_the_model() {
    let folder = TempDir::new().unwrap();
    check(scaled(20, 300), |number| {
        let path = folder.path().join(format!("{number}.db"));
        Box::new(move || Arc::new(SqliteStore::open_or_create(&path).unwrap()))
    });
}

#[test]
fn any_history_on_postgresql_equals_the_model() {
    let server = PostgresServer::start();
    let database = server.new_database();
    check(scaled(12, 200), |number| {
        let url = format!("{database}?schema=s{number}");
        Box::new(move || Arc::new(PostgresStore::open_or_create(&url).unwrap()))
    });
}
