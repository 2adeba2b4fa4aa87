//! What must hold, whatever goes wrong.
//!
//! After each unit that the store applies:
//! 1. a key's count is the number of its enrollments: a counted use has a record, and a record was
//!    counted once;
//! 2. an enrollment that is added does not take its key above the limit of that moment;
//! 3. none is added under a key that surely is disabled or deleted, nor at a time when the key has
//!    expired;
//! 4. a certificate that is added is signed by the enrollment certificate of its key, and that is
//!    not retired;
//! 5. a certificate takes the place of another by one renewal, which knows the one before; no
//!    revoked one is renewed; no revocation goes away;
//! 6. an enrollment goes away only by pruning: expired, not revoked, its key deleted.
//!
//! After each answer, see [`judge`](super::judge):
//! 7. a certificate that is handed out is the one that was recorded at some moment of the request;
//!    a connector that renews nothing gets no other, and one that renews gets one for each;
//! 8. none is handed out under a key that surely was disabled or deleted all the while, nor to a
//!    connector that was revoked;
//! 9. after a key was compromised, all that it had enrolled is revoked;
//! 10. a refusal has a reason that was there at some moment of the request;
//! 11. an error that says that nothing was changed says so truly;
//! 12. when all is calm nothing fails, and everybody who was recorded gets the certificate.
//!
//! At the end, see [`books`](super::books):
//! 13. every enrollment has its index entries and its audit records, and nothing is left over.

use std::collections::{BTreeMap, BTreeSet};
use std::fmt;
use std::sync::Arc;

use provkey::store::{Memory, Record, RecordKey, ScanRange, Store as _, Value};
use serde::Deserialize;
use serde::de::DeserializeOwned;

use super::operation::Operation;
use super::world::Key;

/// An enrollment, as it is recorded.
#[derive(Clone, Debug, Deserialize, PartialEq, Eq)]
pub(super) struct Enrollment {
    pub(super) connector: String,
    pub(super) key: String,
    pub(super) group: String,
    pub(super) certificate: String,
    pub(super) enrolled_at: u64,
    pub(super) serial: String,
    pub(super) not_after: u64,
    pub(super) leaf: String,
    pub(super) revoked_at: Option<u64>,
    pub(super) renewed: Option<Renewed>,
}

/// What a connector has renewed.
#[derive(Clone, Debug, Deserialize, PartialEq, Eq)]
pub(super) struct Renewed {
    pub(super) count: u64,
    pub(super) before: Vec<Former>,
}

/// A certificate that was renewed.
#[derive(Clone, Debug, Deserialize, PartialEq, Eq)]
pub(super) struct Former {
    pub(super) certificate: String,
    pub(super) serial: String,
    pub(super) not_after: u64,
}

/// The enrollments, by the ids of their connectors.
pub(super) type Enrollments = BTreeMap<String, Arc<Enrollment>>;

impl Enrollment {
    pub(super) fn renewals(&self) -> u64 {
        self.renewed.as_ref().map_or(0, |renewed| renewed.count)
    }

    pub(super) fn former(&self) -> &[Former] {
        self.renewed.as_ref().map_or(&[], |renewed| &renewed.before)
    }
}

/// A certificate that a connector has or had.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Leaf {
    pub(super) base64: String,
    pub(super) not_after: u64,
}

/// What tells it from another.
impl fmt::Display for Enrollment {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { connector, key, certificate, serial, enrolled_at, revoked_at, .. } = self;
        let renewals = self.renewals();
        write!(
            f,
            "connector {connector}, key {key}, enrolled at {enrolled_at}, renewed {renewals} times, "
        )?;
        write!(f, "revoked at {revoked_at:?}, serial number {serial} of {certificate}")
    }
}

#[derive(Deserialize)]
pub(super) struct KeyRecord {
    pub(super) certificate: String,
    pub(super) group: String,
    enabled: bool,
    expires_at: Option<u64>,
    compromised_at: Option<u64>,
}

/// A public key that a connector renewed with.
#[derive(Deserialize)]
struct RenewedKey {
    renewed_by: Option<String>,
}

#[derive(Deserialize)]
struct CertificateRecord {
    retired_at: Option<u64>,
}

/// The values that something had, each with the last moment at which it had it.
#[derive(Clone, Debug)]
pub(super) struct Past<T>(Vec<(T, u64)>);

impl<T> Default for Past<T> {
    fn default() -> Self {
        Self(Vec::new())
    }
}

impl<T: PartialEq> Past<T> {
    fn see(&mut self, value: T, moment: u64) {
        match self.0.last_mut() {
            Some((last, seen)) if *last == value => *seen = moment,
            _ => self.0.push((value, moment)),
        }
    }

    /// Those that it had from a moment on.
    pub(super) fn since(&self, moment: u64) -> impl Iterator<Item = &T> {
        self.0.iter().filter(move |(_, seen)| *seen >= moment).map(|(value, _)| value)
    }
}

/// What is known of a key.
#[derive(Default)]
pub(super) struct KeyLedger {
    pub(super) id: String,
    /// Whether it is disabled, and nobody has begun to enable it since that was acknowledged.
    pub(super) surely_disabled: bool,
    pub(super) surely_deleted: bool,
    /// How often somebody has begun to enable it.
    pub(super) enables: u64,
    /// How many are about to enable it.
    pub(super) enabling: u64,
    /// When it was last used up, disabled, deleted.
    pub(super) full_at: Option<u64>,
    pub(super) disabled_at: Option<u64>,
    pub(super) deleted_at: Option<u64>,
    /// Since when it has been on record as compromised: for good.
    pub(super) compromised_at: Option<u64>,
    pub(super) expiries: Past<Option<u64>>,
    pub(super) certificates: Past<String>,
}

/// All that is known, and the first thing that should not have been.
#[derive(Default)]
pub(super) struct Ledger {
    pub(super) keys: Vec<KeyLedger>,
    pub(super) enrollments: Enrollments,
    /// The public keys that connectors renewed with, and whose they are.
    pub(super) renewed_keys: BTreeMap<String, String>,
    /// The version of each record that was parsed, by its key.
    versions: BTreeMap<RecordKey, u64>,
    /// The certificates that each connector had, by its id.
    pub(super) leaves: BTreeMap<String, Past<Leaf>>,
    /// What connectors were handed out that had renewed nothing, by their numbers.
    pub(super) handed_out: BTreeMap<usize, Vec<u8>>,
    /// What was handed out for each certificate that was renewed, and until when it is good.
    pub(super) renewals: BTreeMap<Vec<u8>, (Vec<u8>, u64)>,
    pub(super) surely_revoked: BTreeSet<usize>,
    pub(super) retired: BTreeSet<String>,
    /// Until when somebody may have pruned enrollments, and whether anybody pruned the audit trail.
    pub(super) pruned_before: u64,
    pub(super) audit_pruned: bool,
    pub(super) violation: Option<String>,
    /// Counts the moments.
    pub(super) moment: u64,
}

/// What was known when something was asked for.
pub(super) struct Begun {
    pub(super) moment: u64,
    pub(super) surely_disabled: Vec<bool>,
    pub(super) surely_deleted: Vec<bool>,
    pub(super) enables: Vec<u64>,
    pub(super) surely_revoked: BTreeSet<usize>,
    /// What was recorded, by the connectors' ids.
    pub(super) recorded: Enrollments,
}

impl Ledger {
    pub(super) fn new(keys: &[Key]) -> Self {
        let ledger = |key: &Key| KeyLedger { id: key.id.to_string(), ..KeyLedger::default() };
        Self { keys: keys.iter().map(ledger).collect(), ..Self::default() }
    }

    pub(super) fn violated(&mut self, what: String) {
        self.violation.get_or_insert(what);
    }

    /// The number of the key that a connector is recorded with.
    pub(super) fn key_of(&self, connector: usize) -> Option<usize> {
        let id = super::connectors::connector(connector).id;
        let enrollment = self.enrollments.get(id.as_str())?;
        self.keys.iter().position(|key| key.id == enrollment.key)
    }

    /// Somebody begins to ask for something.
    pub(super) fn begin(&mut self, memory: &Memory, operation: Operation) -> Begun {
        match operation {
            Operation::Enable { key, enabled: true } => {
                self.keys[key].enables += 1;
                self.keys[key].enabling += 1;
                self.keys[key].surely_disabled = false;
            }
            Operation::Prune { before_ms, audit } => {
                self.pruned_before = self.pruned_before.max(before_ms);
                self.audit_pruned |= audit;
            }
            _ => {}
        }
        self.look(memory);
        Begun {
            moment: self.moment,
            surely_disabled: self.keys.iter().map(|key| key.surely_disabled).collect(),
            surely_deleted: self.keys.iter().map(|key| key.surely_deleted).collect(),
            enables: self.keys.iter().map(|key| key.enables).collect(),
            surely_revoked: self.surely_revoked.clone(),
            recorded: self.enrollments.clone(),
        }
    }

    /// Compares the store with what must hold.
    pub(super) fn look(&mut self, memory: &Memory) {
        self.moment += 1;
        if let Err(what) = self.look_at_all(memory) {
            self.violated(what);
        }
    }

    fn look_at_all(&mut self, memory: &Memory) -> Result<(), String> {
        for record in scan(memory, "certificate/") {
            if self.is_new(&record) && parse::<CertificateRecord>(&record)?.retired_at.is_some() {
                self.retired.insert(name_of(&record));
            }
        }
        let mut enrollments = Enrollments::new();
        let renewed_keys = std::mem::take(&mut self.renewed_keys);
        for record in scan(memory, "enrollment/") {
            let name = name_of(&record);
            let is_new = self.is_new(&record);
            let renewed_by = match renewed_keys.get(&name).filter(|_| !is_new) {
                Some(connector) => Some(connector.clone()),
                None if is_new => parse::<RenewedKey>(&record)?.renewed_by,
                None => None,
            };
            if let Some(connector) = renewed_by {
                self.renewed_keys.insert(name, connector);
                continue;
            }
            let known = self.enrollments.get(&name).map(Arc::clone);
            let enrollment = match known.filter(|_| !is_new) {
                Some(enrollment) => enrollment,
                None => Arc::new(parse(&record)?),
            };
            enrollments.insert(name, enrollment);
        }
        let before = std::mem::replace(&mut self.enrollments, enrollments);
        for (connector, before) in &before {
            match self.enrollments.get(connector) {
                Some(now) => check_change(before, now)?,
                None => self.check_gone(memory, before)?,
            }
        }
        for (connector, now) in &self.enrollments {
            if before.get(connector).is_none_or(|before| before.leaf != now.leaf) {
                self.check_signer(memory, now)?;
            }
            let leaf = Leaf { base64: now.leaf.clone(), not_after: now.not_after };
            self.leaves.entry(connector.clone()).or_default().see(leaf, self.moment);
        }
        for at in 0..self.keys.len() {
            self.look_at_key(at, memory, &before)?;
        }
        Ok(())
    }

    /// Whether a record has changed since it was seen last. Parsing takes most of the time of a
    /// run.
    fn is_new(&mut self, record: &Record) -> bool {
        self.versions.insert(record.key.clone(), record.version) != Some(record.version)
    }

    /// Of a certificate that was just added.
    fn check_signer(&self, memory: &Memory, now: &Enrollment) -> Result<(), String> {
        if self.retired.contains(&now.certificate) {
            return Err(format!("{} was signed by a retired certificate", now.connector));
        }
        match read_one::<KeyRecord>(memory, &format!("key/{}", now.key))? {
            Some(key) if key.certificate != now.certificate => {
                Err(format!("{} was signed by another certificate than its key's", now.connector))
            }
            _ => Ok(()),
        }
    }

    fn check_gone(&self, memory: &Memory, before: &Enrollment) -> Result<(), String> {
        let key = read(memory, &format!("key/{}", before.key));
        let prunable = before.not_after < self.pruned_before && before.revoked_at.is_none();
        if key.is_none() && prunable {
            return Ok(());
        }
        Err(format!("an enrollment is gone: {before}"))
    }

    fn look_at_key(
        &mut self,
        at: usize,
        memory: &Memory,
        before: &Enrollments,
    ) -> Result<(), String> {
        let (moment, key) = (self.moment, &mut self.keys[at]);
        let id = key.id.clone();
        let mine = |one: &&Arc<Enrollment>| one.key == id;
        let enrollments = self.enrollments.values().filter(mine).count() as u64;
        let added = self.enrollments.values().filter(mine);
        let added: Vec<_> = added.filter(|one| !before.contains_key(&one.connector)).collect();
        let record = read_one::<KeyRecord>(memory, &format!("key/{id}"))?;
        let counter = match read(memory, &format!("key-uses/{id}")).map(|counter| counter.value) {
            Some(Value::Counter(counter)) => Some(counter),
            _ => None,
        };
        let (Some(record), Some(counter)) = (record, counter) else {
            key.deleted_at = Some(moment);
            return match added.is_empty() {
                true => Ok(()),
                false => Err(format!("{id} enrolls after its end")),
            };
        };
        let limit = counter.limit.ok_or_else(|| format!("{id} has no limit"))?;
        if counter.used != enrollments {
            return Err(format!("{id} has {enrollments} enrollments and counts {}", counter.used));
        }
        if !added.is_empty() && enrollments > limit {
            return Err(format!("{id} enrolls the {enrollments}. of {limit}"));
        }
        if !added.is_empty() && (key.surely_disabled || key.surely_deleted) {
            return Err(format!("{id} enrolls though it is disabled or deleted"));
        }
        if !added.is_empty() && key.compromised_at.is_some() {
            return Err(format!("{id} enrolls though it is compromised"));
        }
        if key.compromised_at.is_some() && key.compromised_at != record.compromised_at {
            return Err(format!("{id} is no longer compromised as it was"));
        }
        key.compromised_at = record.compromised_at;
        let expired =
            |one: &&Arc<Enrollment>| record.expires_at.is_some_and(|at| one.enrolled_at >= at);
        if added.iter().any(expired) {
            return Err(format!("{id} enrolls though it has expired"));
        }
        if counter.used >= limit {
            key.full_at = Some(moment);
        }
        if !record.enabled {
            key.disabled_at = Some(moment);
        }
        key.expiries.see(record.expires_at, moment);
        key.certificates.see(record.certificate, moment);
        Ok(())
    }
}

/// Of an enrollment that was there before.
fn check_change(before: &Enrollment, now: &Enrollment) -> Result<(), String> {
    let stays = |one: &Enrollment| (one.key.clone(), one.group.clone(), one.enrolled_at);
    let changed = |what: &str| Err(format!("{what}: {before} became {now}"));
    if stays(before) != stays(now) {
        return changed("an enrollment became another");
    }
    if before.revoked_at.is_some() && before.revoked_at != now.revoked_at {
        return changed("a revocation went away");
    }
    if before.leaf == now.leaf {
        return match before.renewals() == now.renewals() {
            true => Ok(()),
            false => changed("a renewal without a certificate"),
        };
    }
    let known = now.former().iter().any(|former| former.serial == before.serial);
    if now.renewals() != before.renewals() + 1 || !known {
        return changed("a certificate was replaced, but not by one renewal");
    }
    if now.revoked_at.is_some() {
        return changed("a revoked connector has renewed");
    }
    Ok(())
}

pub(super) fn read(memory: &Memory, key: &str) -> Option<Record> {
    let key = RecordKey::new(key).expect("it is short");
    memory.get(&[key]).expect("memory does not fail").remove(0)
}

fn read_one<T: DeserializeOwned>(memory: &Memory, key: &str) -> Result<Option<T>, String> {
    read(memory, key).as_ref().map(parse).transpose()
}

pub(super) fn parse<T: DeserializeOwned>(record: &Record) -> Result<T, String> {
    let Value::Body(body) = &record.value else {
        return Err(format!("{:?} is a counter", record.key));
    };
    serde_json::from_slice(body).map_err(|error| format!("{:?}: {error}", record.key))
}

/// All records of a kind, by what stands behind that in their keys.
pub(super) fn read_all<T: DeserializeOwned>(
    memory: &Memory,
    prefix: &str,
) -> Result<BTreeMap<String, T>, String> {
    scan(memory, prefix).iter().map(|record| Ok((name_of(record), parse(record)?))).collect()
}

fn scan(memory: &Memory, prefix: &str) -> Vec<Record> {
    memory.scan(&ScanRange::prefix(prefix), 1000).expect("memory does not fail")
}

/// What stands behind the kind of a record in its key.
fn name_of(record: &Record) -> String {
    let key = String::from_utf8_lossy(record.key.as_bytes());
    key.split_once('/').map_or_else(String::new, |(_, name)| name.to_owned())
}
