//! The same with processes, some of which are killed. Calls that they have not answered may
//! have taken effect.

use std::process::Command;
use std::sync::Arc;

use provkey::store::Store;
use provkey_postgres::PostgresStore;
use provkey_sqlite::SqliteStore;
use provkey_tests::history::{Call, Event, now_ns};
use provkey_tests::{PostgresServer, STORE_FILE};
use tempfile::TempDir;

use super::{Fleet, explain};
use crate::site::scaled;
use crate::worker::{PROGRAM, Worker};

const PROCESSES: usize = 3;
const THREADS: &str = "2";
const CALLS_OF_A_PROCESS: usize = 8;

#[test]
fn on_sqlite() {
    let folder = TempDir::new().unwrap();
    let path = folder.path().join(STORE_FILE);
    let store = Arc::new(SqliteStore::create(&path).unwrap());
    check(&format!("sqlite:{}", path.display()), store, scaled(40, 2_000));
}

#[test]
fn on_postgresql() {
    let server = PostgresServer::start();
    let url = server.new_database();
    let store = Arc::new(PostgresStore::create(&url).unwrap());
    check(&url, store, scaled(40, 4_000));
}

fn check(address: &str, store: Arc<dyn Store>, histories: usize) {
    let mut fleet = Fleet::new(store);
    let folder = fleet.site.folder().to_owned();
    let spawn = || {
        let worker = Worker::spawn(Command::new(PROGRAM).arg(&folder).args([THREADS, address]));
        worker.wait_until_ready();
        worker
    };
    let mut workers: Vec<_> = (0..PROCESSES).map(|_| spawn()).collect();
    let mut unanswered = 0;
    for history in 0..histories {
        let asked = ask(&workers, fleet.calls(PROCESSES * CALLS_OF_A_PROCESS));
        let mut events = Vec::new();
        // In one of four histories, a process is killed.
        if history % 4 == 3 {
            let worker = workers.remove(0);
            let until = history / 4 % CALLS_OF_A_PROCESS;
            events.extend((0..until).map(|_| worker.answer::<Event>()));
            events.extend(worker.kill::<Event>());
            unanswered += CALLS_OF_A_PROCESS - events.len();
        }
        for worker in &workers {
            events.extend((0..CALLS_OF_A_PROCESS).map(|_| worker.answer::<Event>()));
        }
        if let Err(history) = explain(&asked, &events) {
            panic!("no order explains\n{history}");
        }
        workers.resize_with(PROCESSES, spawn);
    }
    assert!(unanswered > 0, "no killed process left a call unanswered");
    assert!(workers.into_iter().all(|worker| worker.finish().is_empty()));
}

/// Distributes the calls to workers. Returns each with its time.
fn ask(workers: &[Worker], calls: Vec<Call>) -> Vec<(u64, Call)> {
    let ask = |(call, worker): (Call, &Worker)| {
        let now = now_ns();
        worker.send(&call);
        (now, call)
    };
    calls.into_iter().zip(workers.iter().cycle()).map(ask).collect()
}
