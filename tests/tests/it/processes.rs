//! Processes that race for one limit on one SQLite file.

use std::collections::{BTreeMap, BTreeSet};
use std::iter;

use provkey::authority::KeyUpdate;
use provkey::key::KeyId;
use provkey_tests::{Answer, Granted};

use crate::site::{Site, connector, request, requests, scaled};
use crate::worker::Worker;

const PROCESSES: usize = 4;
const THREADS: usize = 8;

fn start_workers(site: &Site) -> Vec<Worker> {
    (0..PROCESSES).map(|_| Worker::start(site.folder(), THREADS)).collect()
}

/// Each connector asks one worker.
fn ask_all<'a>(workers: &[Worker], csrs: impl IntoIterator<Item = (usize, &'a Vec<u8>)>) {
    let workers = iter::repeat_with(|| workers).flatten();
    csrs.into_iter().zip(workers).for_each(|((index, csr), worker)| worker.ask(index, csr));
}

fn finish(workers: Vec<Worker>) -> Vec<Answer> {
    workers.into_iter().flat_map(Worker::finish).collect()
}

/// The certificates by connector, and the number of refusals by code.
fn sort(answers: Vec<Answer>) -> (BTreeMap<usize, Granted>, BTreeMap<String, usize>) {
    let (mut granted, mut refused) = (BTreeMap::new(), BTreeMap::new());
    for Answer { connector, outcome } in answers {
        match outcome {
            Ok(certificate) => assert!(granted.insert(connector, certificate).is_none()),
            Err(code) => *refused.entry(code).or_default() += 1,
        }
    }
    (granted, refused)
}

#[test]
fn a_limit_is_reached_and_not_passed() {
    let (limit, asking) = (1_000, scaled(1_300, 4_000));
    let site = Site::new();
    let key = site.key("fleet", limit as u64).id;
    let csrs = requests(&site.provisioning_key(key), asking);
    let workers = start_workers(&site);
    ask_all(&workers, csrs.iter().enumerate());
    let (granted, refused) = sort(finish(workers));
    assert_eq!(granted.len(), limit);
    assert_eq!(refused, BTreeMap::from([("key_exhausted".into(), asking - limit)]));
    assert!(granted.values().all(|granted| !granted.replay));
    assert_eq!(site.used(key), limit as u64);
    site.check_books(key, granted.values());
}

#[test]
fn a_connector_that_asks_every_process_gets_one_certificate() {
    let site = Site::new();
    let key = site.key("fleet", 1_000).id;
    let csrs = requests(&site.provisioning_key(key), scaled(50, 500));
    let workers = start_workers(&site);
    for (index, csr) in csrs.iter().enumerate() {
        workers.iter().for_each(|worker| worker.ask(index, csr));
    }
    let mut granted: Vec<BTreeSet<_>> = vec![BTreeSet::new(); csrs.len()];
    let mut new = 0;
    for Answer { connector, outcome } in finish(workers) {
        let certificate = outcome.unwrap();
        new += usize::from(!certificate.replay);
        granted[connector].insert((certificate.serial, certificate.leaf));
    }
    assert!(granted.iter().all(|certificates| certificates.len() == 1));
    assert_eq!(new, csrs.len());
    assert_eq!(site.used(key), csrs.len() as u64);
    site.check_books(key, []);
}

/// An operator edits the key while processes race for it. Connectors that are refused ask again.
struct Operator<'a> {
    site: &'a Site,
    key: KeyId,
    workers: Vec<Worker>,
    csrs: &'a [Vec<u8>],
    granted: BTreeMap<usize, Granted>,
    limit_max: u64,
}

/// A new connector asks each worker, to show how the worker treats new connectors.
const PROBE: usize = usize::MAX;

impl Operator<'_> {
    fn limit(&mut self, max_uses: u64) {
        self.limit_max = self.limit_max.max(max_uses);
        let max_uses = Some(max_uses);
        self.site.update(self.key, KeyUpdate::default().max_uses(max_uses));
    }

    fn enable(&self, enabled: bool) {
        let enabled = Some(enabled);
        self.site.update(self.key, KeyUpdate::default().enabled(enabled));
    }

    /// Waits for an answer of a worker. Returns it if it is for the probe.
    fn hear(&mut self, worker: usize) -> Option<Result<Granted, String>> {
        match self.workers[worker].answer() {
            Answer { connector: PROBE, outcome } => Some(outcome),
            Answer { connector, outcome: Ok(granted) } => {
                assert_eq!(self.granted.insert(connector, granted), None);
                None
            }
            Answer { connector, outcome: Err(code) } => {
                let passing = ["key_disabled", "key_exhausted", "store_busy"];
                assert!(passing.contains(&&*code), "{code}");
                self.workers[worker].ask(connector, &self.csrs[connector]);
                None
            }
        }
    }

    /// Continues the race until each worker has given this many answers.
    fn watch(&mut self, answers: usize) {
        for worker in (0..PROCESSES).cycle().take(PROCESSES * answers) {
            self.hear(worker);
        }
    }

    /// Checks that each process refuses new requests, and that none gets a use meanwhile.
    fn check_stopped(&mut self, probe: &[u8], expected: &str) {
        let used = self.site.used(self.key);
        for worker in 0..PROCESSES {
            self.workers[worker].ask(PROBE, probe);
            let answer = iter::repeat_with(|| self.hear(worker)).flatten().next();
            assert_eq!(answer, Some(Err(expected.into())));
        }
        assert_eq!(self.site.used(self.key), used, "{expected}");
    }
}

#[test]
fn a_limit_that_moves_and_a_key_that_is_disabled_hold_in_every_process() {
    let site = Site::new();
    let key = site.key("fleet", 200).id;
    let text = site.provisioning_key(key);
    let csrs = requests(&text, scaled(500, 2_000));
    let probe = request(&mut connector(), &text);
    let (granted, workers) = (BTreeMap::new(), start_workers(&site));
    ask_all(&workers, csrs.iter().enumerate());
    let mut operator = Operator { site: &site, key, workers, csrs: &csrs, granted, limit_max: 200 };
    for round in 1..=scaled(5, 20) as u64 {
        operator.watch(10);
        operator.enable(false);
        operator.check_stopped(&probe, "key_disabled");
        operator.limit(1);
        operator.enable(true);
        operator.check_stopped(&probe, "key_exhausted");
        operator.limit(80 * round);
        operator.watch(2);
        operator.limit(60 * round);
    }
    let Operator { workers, mut granted, limit_max, .. } = operator;
    granted.extend(sort(finish(workers)).0);
    assert_eq!(granted.len() as u64, site.used(key));
    assert!(site.used(key) <= limit_max);
    site.check_books(key, granted.values());

    // All connectors ask once more, while a few uses are left.
    site.update(key, KeyUpdate::default().max_uses(limit_max + 50));
    let workers = start_workers(&site);
    ask_all(&workers, csrs.iter().enumerate());
    let (again, _) = sort(finish(workers));
    assert_eq!((again.len() as u64, site.used(key)), (limit_max + 50, limit_max + 50));
    assert!(granted.iter().all(|(one, before)| again[one].serial == before.serial));
    site.check_books(key, again.values());
}
