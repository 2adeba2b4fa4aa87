//! The reference model: the rules of an authority, without stores, signatures or other nodes.

mod enrolling;
mod view;

use std::collections::BTreeMap;

use provkey::authority::{Action, KeyState};

use super::step::{Edit, NAMES, NewKey, Step};
use super::view::{Answer, Audit, Key};

pub(super) const DAY: u64 = 86_400;
const LEAF_VALIDITY: u64 = 365 * DAY;
const RENEWAL_GRACE: u64 = 30 * DAY;
const MINUTE: u64 = 60;

/// The authority as it should be.
#[derive(Clone, Debug)]
pub(crate) struct Model {
    now: u64,
    groups: Vec<Option<&'static str>>,
    /// The times at which they were retired.
    certificates: Vec<Option<u64>>,
    /// Each with the number of its edits.
    keys: Vec<Option<(Key, u64)>>,
    enrollments: BTreeMap<usize, Enrollment>,
    /// The connector of each key pair.
    owners: BTreeMap<usize, usize>,
    /// The number of issued certificates.
    issued: usize,
    audit: Vec<Audit>,
}

#[derive(Clone, Debug)]
struct Enrollment {
    key: usize,
    group: usize,
    enrolled_at: u64,
    /// The remembered certificates. The current one is the last.
    certificates: Vec<Leaf>,
    /// The numbers of all issued certificates.
    issued: Vec<usize>,
    renewed_at: Option<u64>,
    revoked_at: Option<u64>,
    replays: u64,
    last_replay_at: Option<u64>,
}

#[derive(Clone, Debug)]
struct Leaf {
    number: usize,
    key_pair: usize,
    /// The enrollment certificate that signed.
    certificate: usize,
    ends: u64,
}

impl Enrollment {
    fn current(&self) -> &Leaf {
        self.certificates.last().unwrap()
    }
}

fn fold(name: &str) -> String {
    name.to_lowercase()
}

type Refused = &'static str;

impl Model {
    /// With two groups and two enrollment certificates.
    pub(crate) fn new(groups: [&'static str; 2]) -> Self {
        let mut model = Self {
            now: 0,
            groups: groups.map(Some).into(),
            certificates: vec![None; 2],
            keys: Vec::new(),
            enrollments: BTreeMap::new(),
            owners: BTreeMap::new(),
            issued: 0,
            audit: Vec::new(),
        };
        model.note(Action::AuthorityCreated, |_| ());
        for number in [0, 1] {
            model.note(Action::GroupCreated, |audit| audit.group = Some(number));
            model.note(Action::CertificateCreated, |audit| audit.certificate = Some(number));
        }
        model
    }

    pub(super) fn wait(&mut self, seconds: u64) {
        self.now += seconds;
    }

    /// Performs a step. Returns an answer to each request.
    pub(crate) fn take(&mut self, step: &Step) -> Vec<Answer> {
        let answer = match step {
            Step::CreateGroup { name } => self.create_group(*name),
            Step::DeleteGroup { group } => self.delete_group(group % self.groups.len()),
            Step::Retire { certificate } => self.retire(*certificate),
            Step::CreateKey(new) => self.create_key(new),
            Step::Edit { key, edit } => self.edit(key % self.keys.len(), edit),
            Step::Delete { key } => self.delete(key % self.keys.len()),
            Step::Copy { key, download } => self.copy(key % self.keys.len(), *download),
            Step::Enroll(requests) => return self.enroll(requests),
            Step::Renew { connector, back, key_pair } => self.renew(*connector, *back, *key_pair),
            Step::Revoke { connector } => self.revoke(*connector),
            Step::Compromise { key, dry_run } => self.compromise(key % self.keys.len(), *dry_run),
            Step::Wait { seconds } => {
                self.wait(*seconds);
                Ok(Answer::Done)
            }
            Step::Reopen => Ok(Answer::Done),
        };
        vec![answer.unwrap_or_else(Answer::Refused)]
    }

    /// Whether a connector is revoked; `None` if it has not enrolled.
    pub(crate) fn is_revoked(&self, connector: usize) -> Option<bool> {
        self.enrollments.get(&connector).map(|enrolled| enrolled.revoked_at.is_some())
    }

    pub(crate) fn clear_audit(&mut self) {
        self.audit.clear();
    }

    fn note(&mut self, action: Action, what: impl FnOnce(&mut Audit)) {
        let mut audit = Audit::new(self.now, action);
        what(&mut audit);
        self.audit.push(audit);
    }

    /// Counts an event in the record of its minute.
    fn tally(&mut self, action: Action, what: impl FnOnce(&mut Audit)) {
        let mut audit = Audit::new(self.now / MINUTE * MINUTE, action);
        what(&mut audit);
        let same = |other: &&mut Audit| Audit { count: None, ..(**other).clone() } == audit;
        match self.audit.iter_mut().find(same) {
            Some(counted) => *counted.count.as_mut().unwrap() += 1,
            None => self.audit.push(Audit { count: Some(1), ..audit }),
        }
    }

    fn live_keys(&self) -> impl Iterator<Item = (usize, &Key)> {
        let keys = self.keys.iter().enumerate();
        keys.filter_map(|(number, key)| key.as_ref().map(|(key, _)| (number, key)))
    }

    pub(crate) fn key(&self, key: usize) -> Result<&Key, Refused> {
        self.keys[key].as_ref().map(|(key, _)| key).ok_or("key_deleted")
    }

    fn key_named(&self, name: &str) -> Option<usize> {
        let named = |(_, key): &(usize, &Key)| fold(key.name) == fold(name);
        self.live_keys().find(named).map(|(number, _)| number)
    }

    fn create_group(&mut self, name: usize) -> Result<Answer, Refused> {
        if self.groups.iter().flatten().any(|other| fold(other) == fold(NAMES[name])) {
            return Err("name_in_use");
        }
        let number = self.groups.len();
        self.groups.push(Some(NAMES[name]));
        self.note(Action::GroupCreated, |audit| audit.group = Some(number));
        Ok(Answer::Done)
    }

    fn delete_group(&mut self, group: usize) -> Result<Answer, Refused> {
        self.groups[group].ok_or("group_not_found")?;
        let joined = self.enrollments.values().any(|one| one.group == group);
        if joined || self.live_keys().any(|(_, key)| key.group == group) {
            return Err("group_in_use");
        }
        self.groups[group] = None;
        self.note(Action::GroupDeleted, |audit| audit.group = Some(group));
        Ok(Answer::Done)
    }

    fn retire(&mut self, certificate: usize) -> Result<Answer, Refused> {
        if self.certificates[certificate].is_none() {
            self.certificates[certificate] = Some(self.now);
            self.note(Action::CertificateRetired, |audit| audit.certificate = Some(certificate));
        }
        Ok(Answer::Done)
    }

    fn check_usable(&self, certificate: usize) -> Result<(), Refused> {
        self.certificates[certificate].map_or(Ok(()), |_| Err("certificate_retired"))
    }

    fn expiry(&self, days: Option<u64>) -> Result<Option<u64>, Refused> {
        if days == Some(0) {
            Err("expiry_in_past")
        } else {
            Ok(days.map(|days| self.now + days * DAY))
        }
    }

    /// Also copies it, for the connectors.
    fn create_key(&mut self, new: &NewKey) -> Result<Answer, Refused> {
        if new.max_uses == 0 {
            return Err("max_uses_invalid");
        }
        let expires_at = self.expiry(new.expires)?;
        self.check_usable(new.certificate)?;
        let (group, number) = (new.group % self.groups.len(), self.keys.len());
        if self.key_named(NAMES[new.name]).is_some() {
            return Err("name_in_use");
        }
        self.groups[group].ok_or("group_not_found")?;
        let key = Key {
            name: NAMES[new.name],
            group,
            certificate: new.certificate,
            max_uses: new.max_uses,
            used: 0,
            last_used_at: None,
            enabled: true,
            expires_at,
            proof_only: new.proof_only,
            created_at: self.now,
            compromised_at: None,
            state: KeyState::Usable,
            copyable: true,
        };
        self.keys.push(Some((key, 0)));
        self.note(Action::KeyCreated, |audit| {
            audit.key = Some(number);
            audit.group = Some(group);
            audit.certificate = Some(new.certificate);
        });
        self.copy(number, false)
    }

    fn edit(&mut self, key: usize, edit: &Edit) -> Result<Answer, Refused> {
        if edit.max_uses == Some(0) {
            return Err("max_uses_invalid");
        }
        let expires_at = edit.expires.map(|days| self.expiry(days)).transpose()?;
        let Key { certificate, compromised_at, .. } = *self.key(key)?;
        if edit.on_the_first_version && self.keys[key].as_ref().is_some_and(|(_, edits)| *edits > 0)
        {
            return Err("edit_conflict");
        }
        let concerns_enrollment = edit.enabled == Some(true)
            || edit.max_uses.is_some()
            || edit.expires.is_some()
            || edit.proof_only.is_some();
        if compromised_at.is_some() && concerns_enrollment {
            return Err("key_compromised");
        }
        if let Some(moved) = edit.certificate.filter(|moved| *moved != certificate) {
            self.check_usable(moved)?;
        }
        let other = edit.name.and_then(|name| self.key_named(NAMES[name]));
        if other.is_some_and(|other| other != key) {
            return Err("name_in_use");
        }
        let (edited, edits) = self.keys[key].as_mut().unwrap();
        *edits += 1;
        edited.name = edit.name.map_or(edited.name, |name| NAMES[name]);
        edited.max_uses = edit.max_uses.unwrap_or(edited.max_uses);
        edited.enabled = edit.enabled.unwrap_or(edited.enabled);
        edited.expires_at = expires_at.unwrap_or(edited.expires_at);
        edited.certificate = edit.certificate.unwrap_or(edited.certificate);
        edited.proof_only = edit.proof_only.unwrap_or(edited.proof_only);
        self.note(Action::KeyUpdated, |audit| audit.key = Some(key));
        Ok(Answer::Done)
    }

    fn delete(&mut self, key: usize) -> Result<Answer, Refused> {
        let Key { group, certificate, .. } = *self.key(key)?;
        self.keys[key] = None;
        self.note(Action::KeyDeleted, |audit| {
            audit.key = Some(key);
            audit.group = Some(group);
            audit.certificate = Some(certificate);
        });
        Ok(Answer::Done)
    }

    fn copy(&mut self, key: usize, download: bool) -> Result<Answer, Refused> {
        let Key { used, max_uses, compromised_at, .. } = *self.key(key)?;
        if compromised_at.is_some() {
            return Err("key_compromised");
        }
        if used >= max_uses {
            return Err("key_exhausted");
        }
        let action = if download { Action::KeyDownloaded } else { Action::KeyCopied };
        self.note(action, |audit| audit.key = Some(key));
        Ok(Answer::Done)
    }

    fn revoke(&mut self, connector: usize) -> Result<Answer, Refused> {
        let enrolled = self.enrollments.get_mut(&connector).ok_or("connector_not_found")?;
        if enrolled.revoked_at.is_none() {
            enrolled.revoked_at = Some(self.now);
            let key = enrolled.key;
            self.note(Action::ConnectorRevoked, |audit| {
                (audit.key, audit.connector) = (Some(key), Some(connector));
            });
        }
        Ok(Answer::Done)
    }

    fn compromise(&mut self, key: usize, dry_run: bool) -> Result<Answer, Refused> {
        if !dry_run && self.key(key).is_ok_and(|key| key.compromised_at.is_none()) {
            let now = self.now;
            let (marked, edits) = self.keys[key].as_mut().unwrap();
            (marked.enabled, marked.compromised_at) = (false, Some(now));
            *edits += 1;
            self.note(Action::KeyCompromised, |audit| audit.key = Some(key));
        }
        let of_key = self.enrollments.iter().filter(|(_, enrolled)| enrolled.key == key);
        let connectors = of_key.clone().count() as u64;
        let unrevoked = of_key.filter(|(_, enrolled)| enrolled.revoked_at.is_none());
        let unrevoked: Vec<_> = unrevoked.map(|(connector, _)| *connector).collect();
        if !dry_run {
            unrevoked.iter().try_for_each(|connector| self.revoke(*connector).map(drop))?;
            self.note(Action::KeyCompromised, |audit| audit.key = Some(key));
        }
        Ok(Answer::Compromised { connectors, revoked: unrevoked.len() as u64 })
    }
}
