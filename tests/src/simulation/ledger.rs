//! The invariants, and the knowledge that they are checked against.
//!
//! After each unit that the store applies:
//! 1. the count of a key is the number of its enrollments: every use has a record, and every record
//!    was counted once;
//! 2. a new enrollment does not exceed the limit that its key has at that moment;
//! 3. no enrollment is added under a key that is known to be disabled or deleted, or that has
//!    expired;
//! 4. a new certificate is signed by the enrollment certificate of its key, which is not retired;
//! 5. a certificate is replaced only by one renewal, which names the certificate before; a revoked
//!    certificate is not renewed; a revocation is never undone;
//! 6. an enrollment disappears only by pruning: expired, not revoked, its key deleted.
//!
//! After each answer, in [`judge`](super::judge):
//! 7. an issued certificate was on record at some moment of the request; without a renewal, a
//!    connector always gets the same one; each renewal gives one certificate;
//! 8. no certificate is issued under a key that is known to have been disabled or deleted during
//!    the whole request, nor to a revoked connector;
//! 9. after a key was marked compromised, all connectors that it enrolled are revoked;
//! 10. the reason of a refusal held at some moment of the request;
//! 11. after an error that says that nothing was changed, nothing was;
//! 12. once there are no faults, nothing fails, and each connector on record gets its certificate.
//!
//! At the end, in [`final_checks`](super::final_checks):
//! 13. every enrollment has its index entries and audit records, and nothing else is left.

use std::collections::{BTreeMap, BTreeSet};
use std::fmt;
use std::sync::Arc;

use provkey::store::{Memory, Record, RecordKey, ScanRange, Store as _, Value};
use serde::Deserialize;
use serde::de::DeserializeOwned;

use super::fixture::Key;
use super::operation::Operation;

/// The record of an enrollment.
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

/// The renewals of a connector.
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

/// The certificate of a connector.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Leaf {
    pub(super) base64: String,
    pub(super) not_after: u64,
}

/// What distinguishes it from another.
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

/// The values of a field, each with the last moment at which the field had it.
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

    /// The values since a moment.
    pub(super) fn since(&self, moment: u64) -> impl Iterator<Item = &T> {
        self.0.iter().filter(move |(_, seen)| *seen >= moment).map(|(value, _)| value)
    }
}

/// The knowledge about a key.
#[derive(Default)]
pub(super) struct KeyLedger {
    pub(super) id: String,
    /// Whether disabling it was acknowledged, and no operation has begun to enable it since.
    pub(super) surely_disabled: bool,
    pub(super) surely_deleted: bool,
    /// How many operations have begun to enable it.
    pub(super) enables: u64,
    /// How many operations are enabling it now.
    pub(super) enabling: u64,
    /// The last moment at which it was used up, disabled, deleted.
    pub(super) full_at: Option<u64>,
    pub(super) disabled_at: Option<u64>,
    pub(super) deleted_at: Option<u64>,
    /// The recorded time of the compromise, which is permanent.
    pub(super) compromised_at: Option<u64>,
    pub(super) expiries: Past<Option<u64>>,
    pub(super) certificates: Past<String>,
}

/// All knowledge, and the first violation.
#[derive(Default)]
pub(super) struct Ledger {
    pub(super) keys: Vec<KeyLedger>,
    pub(super) enrollments: Enrollments,
    /// The public keys that connectors renewed with, and the connectors.
    pub(super) renewed_keys: BTreeMap<String, String>,
    /// The versions of the parsed records, by their keys.
    versions: BTreeMap<RecordKey, u64>,
    /// The certificates that each connector had, by its id.
    pub(super) leaves: BTreeMap<String, Past<Leaf>>,
    /// The certificates issued to connectors without renewals, by the numbers of the connectors.
    pub(super) handed_out: BTreeMap<usize, Vec<u8>>,
    /// The certificate that renewed each certificate, and when it expires.
    pub(super) renewals: BTreeMap<Vec<u8>, (Vec<u8>, u64)>,
    pub(super) surely_revoked: BTreeSet<usize>,
    pub(super) retired: BTreeSet<String>,
    /// Up to when enrollments may have been pruned, and whether the audit trail was.
    pub(super) pruned_before: u64,
    pub(super) audit_pruned: bool,
    pub(super) violation: Option<String>,
    /// The number of checks so far, as a clock.
    pub(super) moment: u64,
}

/// The knowledge when an operation begins.
pub(super) struct Snapshot {
    pub(super) moment: u64,
    pub(super) surely_disabled: Vec<bool>,
    pub(super) surely_deleted: Vec<bool>,
    pub(super) enables: Vec<u64>,
    pub(super) surely_revoked: BTreeSet<usize>,
    /// The enrollments on record.
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

    /// The number of the key that a connector has enrolled with.
    pub(super) fn key_of(&self, connector: usize) -> Option<usize> {
        let id = super::connectors::connector(connector).id;
        let enrollment = self.enrollments.get(id.as_str())?;
        self.keys.iter().position(|key| key.id == enrollment.key)
    }

    /// Records that an operation begins.
    pub(super) fn begin(&mut self, memory: &Memory, operation: Operation) -> Snapshot {
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
        self.check_store(memory);
        Snapshot {
            moment: self.moment,
            surely_disabled: self.keys.iter().map(|key| key.surely_disabled).collect(),
            surely_deleted: self.keys.iter().map(|key| key.surely_deleted).collect(),
            enables: self.keys.iter().map(|key| key.enables).collect(),
            surely_revoked: self.surely_revoked.clone(),
            recorded: self.enrollments.clone(),
        }
    }

    /// Checks the invariants 1 to 6.
    pub(super) fn check_store(&mut self, memory: &Memory) {
        self.moment += 1;
        if let Err(what) = self.check_all(memory) {
            self.violated(what);
        }
    }

    fn check_all(&mut self, memory: &Memory) -> Result<(), String> {
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
            self.check_key(at, memory, &before)?;
        }
        Ok(())
    }

    /// Whether a record has changed since the last check. Parsing takes most of the time of a
    /// run.
    fn is_new(&mut self, record: &Record) -> bool {
        self.versions.insert(record.key.clone(), record.version) != Some(record.version)
    }

    /// Checks the signer of a new certificate.
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

    fn check_key(
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
                false => Err(format!("{id} enrolls after it was deleted")),
            };
        };
        let limit = counter.limit.ok_or_else(|| format!("{id} has no limit"))?;
        if counter.used != enrollments {
            return Err(format!("{id} has {enrollments} enrollments and counts {}", counter.used));
        }
        if !added.is_empty() && enrollments > limit {
            return Err(format!("{id} enrolls connector {enrollments} of {limit}"));
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

/// Checks the changes of an enrollment.
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

/// All records of a kind, by the rest of their keys.
pub(super) fn read_all<T: DeserializeOwned>(
    memory: &Memory,
    prefix: &str,
) -> Result<BTreeMap<String, T>, String> {
    scan(memory, prefix).iter().map(|record| Ok((name_of(record), parse(record)?))).collect()
}

fn scan(memory: &Memory, prefix: &str) -> Vec<Record> {
    memory.scan(&ScanRange::prefix(prefix), 1000).expect("memory does not fail")
}

/// The key of a record, without the kind.
fn name_of(record: &Record) -> String {
    let key = String::from_utf8_lossy(record.key.as_bytes());
    key.split_once('/').map_or_else(String::new, |(_, name)| name.to_owned())
}
