//! The world of one run: the store, the hosts, and what happens to them.

use std::panic::{self, AssertUnwindSafe};
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex, OnceLock, Weak};
use std::time::Duration;

use provkey::authority::{Authority, CertificateId, Name, NewAuthority, NewCertificate, NewKey};
use provkey::key::{Host as HostName, KeyId};
use provkey::store::{Memory, Outcome, Store as _, Unit};
use provkey::x509::KeyAlgorithm;

use super::books;
use super::chance::Chance;
use super::connectors::{CONNECTORS, Client};
use super::front::Crash;
use super::host::{Host, environment, keyring, lock};
use super::judge::{Answer, Asked};
use super::ledger::Ledger;
use super::operation::{Given, Operation};
use super::statistics::Statistics;

pub(super) const HOSTS: usize = 3;
pub(super) const KEYS: usize = 2;
pub(super) const CERTIFICATES: usize = 3;
const LEAF_VALIDITY: Duration = Duration::from_secs(72 * 3600);
pub(super) const RENEWAL_GRACE: Duration = Duration::from_secs(24 * 3600);
/// When the world begins, in Unix milliseconds.
const BEGINNING_MS: u64 = 1_800_000_000_000;
pub(super) const HOUR_MS: usize = 3_600_000;

/// How often things go wrong, in percent of the calls of the store. Drawn for each run, so that
/// some runs are rough and some are nearly calm.
pub(super) struct Faults {
    pub(super) read: usize,
    pub(super) write: usize,
    pub(super) crash: usize,
    /// How often another host works first.
    interleaved: usize,
}

/// A provisioning key of the run.
pub(super) struct Key {
    pub(super) id: KeyId,
    pub(super) text: String,
}

/// All there is.
pub(super) struct World {
    pub(super) memory: Memory,
    pub(super) chance: Arc<Chance>,
    pub(super) faults: Faults,
    pub(super) hosts: [Host; HOSTS],
    pub(super) now_ms: Mutex<u64>,
    pub(super) ledger: Mutex<Ledger>,
    keys: OnceLock<Vec<Key>>,
    certificates: OnceLock<Vec<CertificateId>>,
    clients: Mutex<[Client; CONNECTORS]>,
    /// Batches that are on their way still.
    delayed: Mutex<Vec<Vec<Unit>>>,
    /// Hosts that are inside of an operation.
    busy: Mutex<[bool; HOSTS]>,
    operations_left: Mutex<usize>,
    calm: AtomicBool,
    statistics: Mutex<Statistics>,
    story: Option<Mutex<Vec<String>>>,
    this: Weak<Self>,
}

impl World {
    pub(super) fn new(seed: u64, tell: bool) -> Arc<Self> {
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
            hosts: Default::default(),
            now_ms: Mutex::new(BEGINNING_MS),
            ledger: Mutex::new(Ledger::default()),
            keys: OnceLock::new(),
            certificates: OnceLock::new(),
            clients: Mutex::default(),
            delayed: Mutex::default(),
            busy: Mutex::default(),
            operations_left: Mutex::new(10 + chance.below(20)),
            calm: AtomicBool::new(true),
            statistics: Mutex::default(),
            story: tell.then(Mutex::default),
            this: Weak::clone(this),
            chance,
        });
        world.create();
        world
    }

    /// Makes the authority and its keys, while nothing goes wrong.
    fn create(self: &Arc<Self>) {
        let host = HostName::parse("api.example.com").expect("it is canonical");
        let new = NewAuthority { algorithm: KeyAlgorithm::Ed25519, ..NewAuthority::new(host) };
        let authority = Authority::create(environment(self, 0), keyring(), &new);
        let authority = authority.expect("the store is empty");
        let name = |name: &str| Name::new(name).expect("it is a name");
        let group = authority.create_group(&name("group")).expect("it is the first").id;
        let certificate = |number: usize| {
            let new = NewCertificate {
                algorithm: KeyAlgorithm::Ed25519,
                leaf_validity: LEAF_VALIDITY,
                renewal_grace: RENEWAL_GRACE,
                ..NewCertificate::new(name(&format!("certificate {number}")))
            };
            authority.create_certificate(&new).expect("its name is new").id
        };
        let certificates: Vec<_> = (0..CERTIFICATES).map(certificate).collect();
        let make = |number: usize| {
            let max_uses = 1 + self.chance.below(4) as u64;
            let new = NewKey::new(name(&format!("key {number}")), group, certificates[0], max_uses);
            let id = authority.create_key(&new).expect("its name is new").id;
            let text = authority.copy_key(id).expect("it has uses").expose().to_owned();
            Key { id, text }
        };
        let keys: Vec<_> = (0..KEYS).map(make).collect();
        *lock(&self.ledger) = Ledger::new(&keys);
        self.keys.get_or_init(|| keys);
        self.certificates.get_or_init(|| certificates);
        self.calm.store(false, Ordering::Relaxed);
    }

    pub(super) fn keys(&self) -> &[Key] {
        self.keys.get().map_or(&[], Vec::as_slice)
    }

    pub(super) fn certificates(&self) -> &[CertificateId] {
        self.certificates.get().map_or(&[], Vec::as_slice)
    }

    /// Whether anything may go wrong now.
    pub(super) fn faulty(&self) -> bool {
        !self.calm.load(Ordering::Relaxed)
    }

    /// Counts what happens, and tells it if that is wanted.
    pub(super) fn note(&self, what: &str, story: impl FnOnce() -> String) {
        lock(&self.statistics).count(what);
        self.tell(story);
    }

    pub(super) fn tell(&self, story: impl FnOnce() -> String) {
        if let Some(lines) = &self.story {
            let depth = lock(&self.busy).iter().filter(|busy| **busy).count();
            lock(lines).push(format!("{}{}", "    ".repeat(depth), story()));
        }
    }

    /// Lets the hosts work until all that was to be done is done.
    pub(super) fn live(self: &Arc<Self>) {
        while *lock(&self.operations_left) > 0 {
            self.do_something();
        }
    }

    /// Lets nothing go wrong any more, and everybody ask once more.
    pub(super) fn settle(self: &Arc<Self>) {
        while self.deliver_one() {}
        self.calm.store(true, Ordering::Relaxed);
        self.tell(|| "all is calm".into());
        for connector in 0..CONNECTORS {
            let host = self.chance.below(HOSTS);
            let key = lock(&self.ledger).key_of(connector).unwrap_or(0);
            self.operate(host, Operation::Enroll { connector, key, proof: false });
            if self.chance.happens(25) {
                self.operate(host, Operation::Renew { connector, new_key: false });
            }
        }
        let mut ledger = lock(&self.ledger);
        if let Err(what) = books::check(&self.memory, &ledger) {
            ledger.violated(what);
        }
    }

    /// What came of the run.
    pub(super) fn finish(&self) -> (Statistics, Option<String>, Vec<String>) {
        let story = self.story.as_ref().map(|story| lock(story).clone()).unwrap_or_default();
        (lock(&self.statistics).clone(), lock(&self.ledger).violation.take(), story)
    }

    /// Called wherever a host calls its store: what others do, and what was on its way, may come
    /// first.
    pub(super) fn let_others_work(&self) {
        let world = self.this.upgrade().expect("it is being used");
        while self.faulty() && self.chance.happens(self.faults.interleaved) {
            if *lock(&self.operations_left) == 0 {
                return;
            }
            world.do_something();
        }
    }

    fn do_something(self: &Arc<Self>) {
        match self.chance.below(20) {
            0 => self.turn_clocks(),
            1 | 2 => drop(self.deliver_one()),
            _ => {
                let busy = *lock(&self.busy);
                let idle: Vec<_> = (0..HOSTS).filter(|host| !busy[*host]).collect();
                let mut left = lock(&self.operations_left);
                *left = left.saturating_sub(1);
                drop(left);
                if !idle.is_empty() {
                    let host = idle[self.chance.below(idle.len())];
                    let now = *lock(&self.now_ms);
                    self.operate(host, Operation::draw(&self.chance, now));
                }
            }
        }
    }

    /// Asks one host for something, and judges what comes of it.
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
        self.tell(|| format!("host {number}: {operation:?}"));
        lock(&self.busy)[number] = true;
        let host = &self.hosts[number];
        host.changes.take();
        host.clock_max.store(0, Ordering::Relaxed);
        let begun = lock(&self.ledger).begin(&self.memory, operation);
        let done = panic::catch_unwind(AssertUnwindSafe(|| {
            operation.perform(self, &host.authority(self, number)?, renewal.as_ref())
        }));
        let answer = match done {
            Ok(Ok(given)) => Answer::Done(given),
            Ok(Err(error)) => Answer::Failed(error),
            Err(payload) if payload.is::<Crash>() => {
                host.close();
                Answer::Died
            }
            Err(payload) => panic::resume_unwind(payload),
        };
        lock(&self.busy)[number] = false;
        for kind in answer.kinds(operation) {
            self.note(&kind, || format!("host {number}: {kind}"));
        }
        let asked = Asked {
            operation,
            renewal: renewal.as_ref(),
            begun,
            changed: host.changes.take(),
            calm: !self.faulty(),
            clock_max: host.clock_max.load(Ordering::Relaxed),
        };
        lock(&self.ledger).judge(&self.memory, &asked, &answer);
        self.hand_out(&asked, &answer);
    }

    /// Lets connectors have what they were answered.
    fn hand_out(&self, asked: &Asked<'_>, answer: &Answer) {
        let mut clients = lock(&self.clients);
        match (asked.operation, asked.renewal, answer) {
            (Operation::Renew { connector, .. }, Some(renewal), Answer::Done(Given::One(one))) => {
                clients[connector].renewed(renewal, one);
            }
            (Operation::Renew { connector, .. }, _, Answer::Failed(error)) => {
                clients[connector].refused(error.code());
            }
            (Operation::Enroll { connector, .. }, _, Answer::Done(Given::One(one))) => {
                clients[connector].enrolled(one);
            }
            (operation, _, Answer::Done(Given::Many(given))) => {
                for ((connector, _), given) in operation.enrolls().into_iter().zip(given) {
                    if let Ok(enrolled) = given {
                        clients[connector].enrolled(enrolled);
                    }
                }
            }
            _ => {}
        }
    }

    /// Applies units, each judged by itself.
    pub(super) fn apply(&self, units: &[Unit]) -> Vec<Outcome> {
        let apply = |unit| {
            let outcomes = self.memory.apply(std::slice::from_ref(unit));
            lock(&self.ledger).look(&self.memory);
            outcomes.expect("memory does not fail").remove(0)
        };
        units.iter().map(apply).collect()
    }

    /// How much of a batch is applied when the store stops in the middle of it.
    pub(super) fn part_of(&self, units: &[Unit]) -> usize {
        self.chance.below(units.len() + 1)
    }

    /// Keeps a batch on its way for a while.
    pub(super) fn delay(&self, units: &[Unit]) {
        lock(&self.delayed).push(units.to_vec());
    }

    /// A batch arrives that was on its way, or is lost.
    fn deliver_one(&self) -> bool {
        let mut delayed = lock(&self.delayed);
        if delayed.is_empty() {
            return false;
        }
        let at = self.chance.below(delayed.len());
        let units = delayed.remove(at);
        drop(delayed);
        if self.chance.happens(80) {
            let arrived = if self.chance.happens(75) { units.len() } else { self.part_of(&units) };
            let applied = self.apply(&units[..arrived]);
            let applied = applied.iter().any(|outcome| matches!(outcome, Outcome::Applied(_)));
            let what = if applied { "late batch applied" } else { "late batch refused" };
            self.note(what, || what.into());
        }
        true
    }

    /// Time passes, and clocks are set.
    fn turn_clocks(&self) {
        let host = self.chance.below(HOSTS);
        *lock(&self.hosts[host].ahead_ms) = self.chance.below(48 * HOUR_MS) as u64;
        let hours = if self.chance.happens(25) { 60 } else { 1 };
        *lock(&self.now_ms) += self.chance.below(hours * HOUR_MS) as u64;
    }
}
