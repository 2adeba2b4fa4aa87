//! The world of one run: the store, the nodes, and what happens to them.

use std::panic::{self, AssertUnwindSafe};
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex, OnceLock, Weak};

use provkey::authority::Environment;
use provkey::store::{Memory, Outcome, Store as _, Unit};
use provkey::time::Timestamp;

use super::chance::Chance;
use super::changes::Changes;
use super::connectors::{CONNECTORS, Client};
use super::faulty_store::{Crash, Faults, Surroundings};
use super::final_checks;
use super::fixture::{Fixture, HOUR_MS, NODES};
use super::judge::{Answer, Attempt};
use super::ledger::Ledger;
use super::node::{Node, environment, lock};
use super::operation::{Operation, Success};
use super::statistics::Statistics;

/// When the run begins, in Unix milliseconds.
const BEGINNING_MS: u64 = 1_800_000_000_000;

pub(super) struct World {
    memory: Memory,
    chance: Arc<Chance>,
    faults: Faults,
    nodes: [Node; NODES],
    now_ms: Mutex<u64>,
    ledger: Mutex<Ledger>,
    fixture: OnceLock<Fixture>,
    clients: Mutex<[Client; CONNECTORS]>,
    /// Batches that have not arrived yet.
    delayed: Mutex<Vec<Vec<Unit>>>,
    /// The nodes that are performing an operation.
    busy: Mutex<[bool; NODES]>,
    operations_left: Mutex<usize>,
    calm: AtomicBool,
    statistics: Mutex<Statistics>,
    story: Option<Mutex<Vec<String>>>,
    this: Weak<Self>,
}

impl World {
    pub(super) fn new(seed: u64, narrate: bool) -> Arc<Self> {
        let chance = Arc::new(Chance::new(seed));
        let faults = Faults {
            read: chance.below(8),
            write: chance.below(40),
            crash: chance.below(12),
            interleaved: 10 + chance.below(50),
        };
        let world = Arc::new_cyclic(|this| Self {
            memory: Memory::new(),
            faults,
            nodes: Default::default(),
            now_ms: Mutex::new(BEGINNING_MS),
            ledger: Mutex::new(Ledger::default()),
            fixture: OnceLock::new(),
            clients: Mutex::default(),
            delayed: Mutex::default(),
            busy: Mutex::default(),
            operations_left: Mutex::new(10 + chance.below(20)),
            calm: AtomicBool::new(true),
            statistics: Mutex::default(),
            story: narrate.then(Mutex::default),
            this: Weak::clone(this),
            chance,
        });
        let fixture = Fixture::create(world.environment(0), &world.chance);
        *lock(&world.ledger) = Ledger::new(&fixture.keys);
        world.fixture.get_or_init(|| fixture);
        world.calm.store(false, Ordering::Relaxed);
        world
    }

    fn environment(&self, node: usize) -> Environment {
        let world: Weak<dyn Surroundings> = self.this.clone();
        environment(&world, node)
    }

    /// Whether anything may go wrong now.
    fn faulty(&self) -> bool {
        !self.calm.load(Ordering::Relaxed)
    }

    /// Adds a line to the story, if there is one.
    fn narrate(&self, story: impl FnOnce() -> String) {
        if let Some(lines) = &self.story {
            let depth = lock(&self.busy).iter().filter(|busy| **busy).count();
            lock(lines).push(format!("{}{}", "    ".repeat(depth), story()));
        }
    }

    /// Lets the nodes work until no operations are left.
    pub(super) fn live(self: &Arc<Self>) {
        while *lock(&self.operations_left) > 0 {
            self.do_something();
        }
    }

    /// Ends all faults, and has every connector ask once more.
    pub(super) fn settle(self: &Arc<Self>) {
        while self.deliver_one() {}
        self.calm.store(true, Ordering::Relaxed);
        self.narrate(|| "all is calm".into());
        for connector in 0..CONNECTORS {
            let node = self.chance.below(NODES);
            let key = lock(&self.ledger).key_of(connector).unwrap_or(0);
            self.operate(node, Operation::Enroll { connector, key, proof: false });
            if self.chance.happens(25) {
                self.operate(node, Operation::Renew { connector, new_key: false });
            }
        }
        let mut ledger = lock(&self.ledger);
        if let Err(what) = final_checks::check(&self.memory, &ledger) {
            ledger.violated(what);
        }
    }

    /// The statistics, the violation and the story of the run.
    pub(super) fn finish(&self) -> (Statistics, Option<String>, Vec<String>) {
        let story = self.story.as_ref().map(|story| lock(story).clone()).unwrap_or_default();
        (lock(&self.statistics).clone(), lock(&self.ledger).violation.take(), story)
    }

    fn do_something(self: &Arc<Self>) {
        match self.chance.below(20) {
            0 => self.turn_clocks(),
            1 | 2 => drop(self.deliver_one()),
            _ => {
                let busy = *lock(&self.busy);
                let idle: Vec<_> = (0..NODES).filter(|node| !busy[*node]).collect();
                let mut left = lock(&self.operations_left);
                *left = left.saturating_sub(1);
                drop(left);
                if !idle.is_empty() {
                    let node = idle[self.chance.below(idle.len())];
                    let now = *lock(&self.now_ms);
                    self.operate(node, Operation::draw(&self.chance, now));
                }
            }
        }
    }

    /// Has one node perform an operation, and judges the answer.
    fn operate(self: &Arc<Self>, number: usize, operation: Operation) {
        let renewal = match operation {
            Operation::Renew { connector, new_key } => {
                match lock(&self.clients)[connector].renewal(connector, new_key) {
                    Some(renewal) => Some(renewal),
                    None => return, // It has no certificate.
                }
            }
            _ => None,
        };
        self.narrate(|| format!("node {number}: {operation:?}"));
        lock(&self.busy)[number] = true;
        let node = &self.nodes[number];
        node.changes.take();
        node.clock_max.store(0, Ordering::Relaxed);
        let snapshot = lock(&self.ledger).begin(&self.memory, operation);
        let done = panic::catch_unwind(AssertUnwindSafe(|| {
            let authority = node.authority(self.environment(number))?;
            let fixture = self.fixture.get().expect("it was created first");
            operation.perform(fixture, &authority, renewal.as_ref())
        }));
        let answer = match done {
            Ok(Ok(given)) => Answer::Done(given),
            Ok(Err(error)) => Answer::Failed(error),
            Err(payload) if payload.is::<Crash>() => {
                node.close();
                Answer::Died
            }
            Err(payload) => panic::resume_unwind(payload),
        };
        lock(&self.busy)[number] = false;
        for kind in answer.kinds(operation) {
            self.record(&kind, &|| format!("node {number}: {kind}"));
        }
        let attempt = Attempt {
            operation,
            renewal: renewal.as_ref(),
            snapshot,
            changed: node.changes.take(),
            calm: !self.faulty(),
            clock_max: node.clock_max.load(Ordering::Relaxed),
        };
        lock(&self.ledger).judge(&self.memory, &attempt, &answer);
        self.hand_out(&attempt, &answer);
    }

    /// Delivers the answer to the connectors.
    fn hand_out(&self, attempt: &Attempt<'_>, answer: &Answer) {
        let mut clients = lock(&self.clients);
        match (attempt.operation, attempt.renewal, answer) {
            (
                Operation::Renew { connector, .. },
                Some(renewal),
                Answer::Done(Success::One(one)),
            ) => {
                clients[connector].renewed(renewal, one);
            }
            (Operation::Renew { connector, .. }, _, Answer::Failed(error)) => {
                clients[connector].refused(error.code());
            }
            (Operation::Enroll { connector, .. }, _, Answer::Done(Success::One(one))) => {
                clients[connector].enrolled(one);
            }
            (operation, _, Answer::Done(Success::Many(given))) => {
                for ((connector, _), given) in operation.enrolls().into_iter().zip(given) {
                    if let Ok(enrolled) = given {
                        clients[connector].enrolled(enrolled);
                    }
                }
            }
            _ => {}
        }
    }

    /// A delayed batch arrives, perhaps in part, or is lost.
    fn deliver_one(&self) -> bool {
        let mut delayed = lock(&self.delayed);
        if delayed.is_empty() {
            return false;
        }
        let at = self.chance.below(delayed.len());
        let units = delayed.remove(at);
        drop(delayed);
        if self.chance.happens(80) {
            let arrived = match self.chance.happens(75) {
                true => units.len(),
                false => self.chance.below(units.len() + 1),
            };
            let applied = self.apply(&units[..arrived]);
            let applied = applied.iter().any(|outcome| matches!(outcome, Outcome::Applied(_)));
            let what = if applied { "late batch applied" } else { "late batch refused" };
            self.record(what, &|| what.into());
        }
        true
    }

    /// Lets time pass, and sets the clock of a node.
    fn turn_clocks(&self) {
        let node = self.chance.below(NODES);
        *lock(&self.nodes[node].ahead_ms) = self.chance.below(48 * HOUR_MS) as u64;
        let hours = if self.chance.happens(25) { 60 } else { 1 };
        *lock(&self.now_ms) += self.chance.below(hours * HOUR_MS) as u64;
    }
}

impl Surroundings for World {
    fn chance(&self) -> Arc<Chance> {
        Arc::clone(&self.chance)
    }

    fn memory(&self) -> &Memory {
        &self.memory
    }

    fn faults(&self) -> Option<&Faults> {
        self.faulty().then_some(&self.faults)
    }

    fn now(&self, node: usize) -> Timestamp {
        self.nodes[node].now(*lock(&self.now_ms))
    }

    fn changes(&self, node: usize) -> &Changes {
        &self.nodes[node].changes
    }

    fn let_others_work(&self) {
        let world = self.this.upgrade().expect("it is being used");
        while self.faulty() && self.chance.happens(self.faults.interleaved) {
            if *lock(&self.operations_left) == 0 {
                return;
            }
            world.do_something();
        }
    }

    fn apply(&self, units: &[Unit]) -> Vec<Outcome> {
        let apply = |unit| {
            let outcomes = self.memory.apply(std::slice::from_ref(unit));
            lock(&self.ledger).check_store(&self.memory);
            outcomes.expect("memory does not fail").remove(0)
        };
        units.iter().map(apply).collect()
    }

    fn delay(&self, units: &[Unit]) {
        lock(&self.delayed).push(units.to_vec());
    }

    fn record(&self, what: &str, story: &dyn Fn() -> String) {
        lock(&self.statistics).count(what);
        self.narrate(story);
    }
}
