//! Processes that are killed while they enroll.

use std::collections::BTreeMap;
use std::path::Path;
use std::process::Command;
use std::thread;
use std::time::Duration;

use provkey::authority::{EnrollRequest, Enrolled};
use provkey_tests::{Answer, Granted};

use crate::site::{Site, requests, scaled};
use crate::worker::{PROGRAM, Worker};

const THREADS: usize = 8;
const CONNECTORS: usize = 24;
/// After this many, a new key keeps listings short.
const ROUNDS_ON_ONE_FILE: usize = 20;
/// Longer than a worker takes to start and to answer all requests.
const LIFETIME_MS_MAX: u64 = 100;

fn random() -> u64 {
    getrandom::u64().unwrap()
}

/// Sends all requests, and kills the worker at a random moment between its start and its end.
fn ask_and_kill(folder: &Path, csrs: &[Vec<u8>]) -> Vec<Answer> {
    let worker = Worker::spawn(Command::new(PROGRAM).arg(folder).arg(THREADS.to_string()));
    csrs.iter().enumerate().for_each(|(index, csr)| worker.ask(index, csr));
    if random().is_multiple_of(2) {
        worker.wait_until_ready();
        let answers: Vec<_> = (0..random() % CONNECTORS as u64).map(|_| worker.answer()).collect();
        answers.into_iter().chain(worker.kill()).collect()
    } else {
        thread::sleep(Duration::from_millis(random() % LIFETIME_MS_MAX));
        worker.kill()
    }
}

fn ask_again(site: &Site, csrs: &[Vec<u8>]) -> Vec<Enrolled> {
    let requests: Vec<_> = csrs.iter().cloned().map(EnrollRequest::new).collect();
    site.authority.enroll_many(&requests).into_iter().map(Result::unwrap).collect()
}

#[test]
fn a_killed_process_loses_no_certificate_and_no_use() {
    let mut site = Site::new();
    let rounds = scaled(25, 300);
    let mut interrupted = 0;
    for round in 0..rounds {
        if round % ROUNDS_ON_ONE_FILE == 0 {
            site = Site::new();
        }
        let key = site.key(&format!("fleet {round}"), CONNECTORS as u64).id;
        let csrs = requests(&site.provisioning_key(key), CONNECTORS);
        let answers;
        (site, answers) = site.away(|folder| ask_and_kill(folder, &csrs));
        let granted: BTreeMap<usize, Granted> =
            answers.into_iter().map(|answer| (answer.connector, answer.outcome.unwrap())).collect();
        site.check_books(key, granted.values());
        let recorded: Vec<_> = site.connectors(key).into_iter().map(|one| one.serial).collect();
        interrupted += usize::from(!granted.is_empty() && granted.len() < CONNECTORS);

        // All connectors ask again, twice, with or without an earlier answer.
        let (first, second) = (ask_again(&site, &csrs), ask_again(&site, &csrs));
        for (index, (first, second)) in first.iter().zip(&second).enumerate() {
            assert_eq!((&first.serial, &first.chain), (&second.serial, &second.chain));
            assert_eq!((first.replay, second.replay), (recorded.contains(&first.serial), true));
            if let Some(granted) = granted.get(&index) {
                assert_eq!((&granted.serial, &granted.leaf), (&first.serial, &first.chain[0]));
            }
        }
        assert_eq!(site.used(key), CONNECTORS as u64);
        site.check_books(key, granted.values());
    }
    assert!(interrupted > 0, "no worker was killed in the middle of its work");
}
