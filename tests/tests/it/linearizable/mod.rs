//! Concurrent calls of threads and processes, on every store, are linearizable: there is a
//! sequential order that explains all answers.

mod checker;
mod planted;
mod processes;
mod specification;

use std::sync::{Arc, Barrier};
use std::thread;

use provkey::authority::{Authority, Environment};
use provkey::store::{Memory, Store};
use provkey_postgres::PostgresStore;
use provkey_sqlite::SqliteStore;
use provkey_tests::history::{Call, Event, Step, now_ns, perform};
use provkey_tests::{PostgresServer, STORE_FILE};
use rand_core::Rng as _;
use tempfile::TempDir;

use self::specification::{CONNECTORS, LIMIT, is_linearizable};
use crate::site::{Site, named_request, scaled};

const THREADS: usize = 4;
const CALLS_OF_A_THREAD: usize = 6;

/// An authority with one key for each history.
struct Fleet {
    site: Site,
    random: rand_chacha::ChaCha8Rng,
}

impl Fleet {
    fn new(store: Arc<dyn Store>) -> Self {
        let random = rand_core::SeedableRng::seed_from_u64(getrandom::u64().unwrap());
        Self { site: Site::on(|_| store), random }
    }

    /// Another node of the authority.
    fn open(&self, store: Arc<dyn Store>) -> Authority {
        Authority::open(Environment::system(store), self.site.keyring()).unwrap()
    }

    /// Creates a key, and draws calls on it and its connectors.
    fn calls(&mut self, count: usize) -> Vec<Call> {
        let id = self.site.key(&format!("key {}", self.random.next_u64()), LIMIT).id;
        let key = self.site.provisioning_key(id);
        let connectors: Vec<_> = (0..CONNECTORS).map(|_| named_request(&key)).collect();
        let call = |number| {
            let step = self.step();
            let connector = match step {
                Step::Enroll(at) | Step::Revoke(at) => connectors[at].clone(),
                _ => <(String, Vec<u8>)>::default(),
            };
            Call { number, step, key: id.to_string(), connector }
        };
        (0..count).map(call).collect()
    }

    fn step(&mut self) -> Step {
        let mut below = |limit: u64| self.random.next_u64() % limit;
        let connector = below(CONNECTORS as u64) as usize;
        match below(100) {
            0..48 => Step::Enroll(connector),
            48..74 => Step::Read,
            74..84 => Step::SetLimit(below(4) + 1),
            84..92 => Step::Enable(below(3) > 0),
            92..98 => Step::Revoke(connector),
            _ => Step::Delete,
        }
    }
}

/// Performs the calls on threads, each with one node of the authority.
fn play_in_threads(nodes: &[Authority], calls: &[Call]) -> Vec<Event> {
    let start = Barrier::new(THREADS);
    let play = |calls: &[Call], node: &Authority| -> Vec<Event> {
        start.wait();
        calls.iter().map(|call| perform(node, call)).collect()
    };
    let (play, nodes) = (&play, nodes.iter().cycle());
    thread::scope(|scope| {
        let parts = calls.chunks(calls.len().div_ceil(THREADS)).zip(nodes);
        let threads: Vec<_> =
            parts.map(|(calls, node)| scope.spawn(move || play(calls, node))).collect();
        threads.into_iter().flat_map(|thread| thread.join().unwrap()).collect()
    })
}

/// Performs calls on threads and checks the history.
fn explain_threads(fleet: &mut Fleet, nodes: &[Authority]) -> Result<(), String> {
    let calls = fleet.calls(THREADS * CALLS_OF_A_THREAD);
    let asked: Vec<_> = calls.iter().map(|call| (now_ns(), call.clone())).collect();
    explain(&asked, &play_in_threads(nodes, &calls))
}

fn explain(calls: &[(u64, Call)], events: &[Event]) -> Result<(), String> {
    if is_linearizable(calls, events) {
        return Ok(());
    }
    let mut events: Vec<_> = events.iter().collect();
    events.sort_by_key(|event| event.called_ns);
    let line = |event: &&Event| {
        let Event { called_ns, answered_ns, answer, number } = event;
        format!("{called_ns} to {answered_ns}: {:?}: {answer:?}\n", calls[*number].1.step)
    };
    Err(events.iter().map(line).collect())
}

#[track_caller]
fn check_threads(histories: usize, store: &Arc<dyn Store>, others: &[Arc<dyn Store>]) {
    let mut fleet = Fleet::new(Arc::clone(store));
    let mut nodes = vec![fleet.site.authority.clone()];
    nodes.extend(others.iter().map(|store| fleet.open(Arc::clone(store))));
    for _ in 0..histories {
        if let Err(history) = explain_threads(&mut fleet, &nodes) {
            panic!("no order explains\n{history}");
        }
    }
}

#[test]
fn threads_in_memory() {
    let store: Arc<dyn Store> = Arc::new(Memory::new());
    check_threads(scaled(200, 20_000), &store, &[Arc::clone(&store)]);
}

#[test]
fn threads_on_sqlite() {
    let folder = TempDir::new().unwrap();
    let path = folder.path().join(STORE_FILE);
    let store: Arc<dyn Store> = Arc::new(SqliteStore::create(&path).unwrap());
    check_threads(scaled(40, 2_000), &store, &[Arc::new(SqliteStore::open(&path).unwrap())]);
}

#[test]
fn threads_on_postgresql() {
    let server = PostgresServer::start();
    let url = server.new_database();
    let store: Arc<dyn Store> = Arc::new(PostgresStore::create(&url).unwrap());
    check_threads(scaled(40, 4_000), &store, &[Arc::new(PostgresStore::open(&url).unwrap())]);
}
