//! Provisioning keys: create, edit, delete, copy, download.

mod details;
mod list;

pub(crate) use details::StoredKey;
pub use details::{KeyDetails, KeyState, Named};
pub use list::{KeyFilter, KeyOrder};

use alloc::format;
use alloc::string::{String, ToString};
use alloc::vec::Vec;

use crate::authority::{Authority, Inner};
use crate::key::{Host, KeyId, KeyText, ProvisioningKey};
use crate::ledger::change::{Change, Obstacle};
use crate::ledger::error::{Error, InputError, MasterError, Refusal};
use crate::ledger::model::name::{self, Name};
use crate::ledger::model::{AddressRange, CertificateId, GroupId};
use crate::ledger::records::{self, Action, KeyRecord, Tombstone};
use crate::limits::{ALLOWED_ADDRESSES_MAX, COUNT_MAX};
use crate::store::{Counter, Reason, RecordKey};
use crate::time::Timestamp;

/// How to create a provisioning key.
#[derive(Clone, Debug)]
pub struct NewKey {
    /// Its name, unique among keys.
    pub name: Name,
    /// The group that its connectors join.
    pub group: GroupId,
    /// The enrollment certificate that signs for them.
    pub certificate: CertificateId,
    /// How many connectors may enroll: 1 or more.
    pub max_uses: u64,
    /// The host that the text is for, one of the authority's. `None`: its first.
    pub host: Option<Host>,
    /// When it stops enrolling anybody.
    pub expires_at: Option<Timestamp>,
    /// Where connectors may enroll from; at most 64 ranges. Empty: from anywhere. Renewals are not
    /// bound to it.
    pub allowed_addresses: Vec<AddressRange>,
    /// Whether it is switched on.
    pub enabled: bool,
    /// Whether it must be proven inside the CSR.
    pub proof_only: bool,
}

impl NewKey {
    /// A key that is switched on, never expires and may be used from anywhere.
    pub fn new(name: Name, group: GroupId, certificate: CertificateId, max_uses: u64) -> Self {
        Self {
            name,
            group,
            certificate,
            max_uses,
            host: None,
            expires_at: None,
            allowed_addresses: Vec::new(),
            enabled: true,
            proof_only: false,
        }
    }
}

/// What to edit of a key. `None` leaves as it is; the count of uses is never part of an edit.
#[derive(Clone, Debug, Default)]
pub struct KeyUpdate {
    /// The [`KeyDetails::version`] that the edit stands on; with another one it is refused.
    /// `None`: whatever it is now.
    pub version: Option<u64>,
    /// Its name.
    pub name: Option<Name>,
    /// How many connectors may enroll: 1 or more. Below `used` it stops new ones.
    pub max_uses: Option<u64>,
    /// Whether it is switched on.
    pub enabled: Option<bool>,
    /// When it stops enrolling anybody; `Some(None)`: never.
    pub expires_at: Option<Option<Timestamp>>,
    /// Where connectors may enroll from. Renewals are not bound to it.
    pub allowed_addresses: Option<Vec<AddressRange>>,
    /// The enrollment certificate that signs from now on.
    pub certificate: Option<CertificateId>,
    /// Whether it must be proven inside the CSR.
    pub proof_only: Option<bool>,
}

impl KeyUpdate {
    /// Whether it edits who may enroll. That a key is disabled it may say of any key.
    fn concerns_enrollment(&self) -> bool {
        self.enabled == Some(true)
            || self.max_uses.is_some()
            || self.expires_at.is_some()
            || self.allowed_addresses.is_some()
            || self.proof_only.is_some()
    }
}

/// The text of a key as a file to hand to a connector.
#[derive(Debug)]
pub struct KeyFile {
    /// A file name that tells the key: letters, digits, `-`, `_` and `.` only.
    pub file_name: String,
    /// What goes into it. Keep the file readable to its owner only.
    pub contents: KeyText,
}

impl Authority {
    /// Creates a provisioning key. [`Authority::copy_key`] gives its text.
    ///
    /// # Errors
    /// `name_in_use`, `group_not_found`, `certificate_not_found`, `certificate_retired`,
    /// `host_unknown`, `max_uses_invalid`, `expiry_in_past`, `too_many_addresses`, and those of the store.
    pub fn create_key(&self, new: &NewKey) -> Result<KeyDetails, Error> {
        self.inner()?.check_new_key(new)?;
        let created = self.inner()?.until_undisturbed(|| self.try_create_key(new))?;
        self.after_change(created)
    }

    fn try_create_key(&self, new: &NewKey) -> Result<Option<StoredKey>, Error> {
        let (inner, state) = (self.inner()?, self.inner()?.state());
        let mut audit = self.audit(Action::KeyCreated)?;
        let id = KeyId::random(state.current_master()?.0, &*inner.random)?;
        let host =
            new.host.as_ref().or(state.record.hosts.first()).ok_or(InputError::HostUnknown)?;
        let record = KeyRecord {
            id,
            name: new.name.clone(),
            host: host.clone(),
            group: new.group,
            certificate: new.certificate,
            created_at: audit.at,
            enabled: new.enabled,
            expires_at: new.expires_at,
            allowed_addresses: new.allowed_addresses.clone(),
            proof_only: new.proof_only,
            compromised_at: None,
        };
        audit.key = Some(id);
        audit.group = Some(new.group);
        audit.certificate = Some(new.certificate);
        audit.details = Some(format!("max_uses {}", new.max_uses));
        let certificate_version = inner.usable_certificate(new.certificate)?;
        let mut change = inner.change(&audit)?;
        change.expect(records::certificate(new.certificate), certificate_version);
        // No key is derived from a master key that another process has replaced.
        change.expect(records::authority(), state.version);
        change.expect_absent(records::key_by_name(&new.name.folded()));
        change.expect_absent(records::key(id));
        change.expect_absent(records::key_deleted(id));
        change.put(records::key(id), &record);
        change.set_limit(records::key_uses(id), Some(new.max_uses));
        put_indexes(&mut change, &record);
        count_users(&mut change, &record, 1, audit.at);
        match inner.apply(change)? {
            Ok(_) => {
                let uses = Counter { limit: Some(new.max_uses), ..Counter::default() };
                Ok(Some(StoredKey { version: 0, record, uses }))
            }
            Err(obstacle) => refused_key(&record, &obstacle).map(|()| None),
        }
    }

    /// A key that was created or edited, as it is now. If it was deleted since, as the change left
    /// it: `key_deleted` would say that nothing was changed.
    fn after_change(&self, left: StoredKey) -> Result<KeyDetails, Error> {
        let details = match self.key(left.record.id) {
            Err(Error::Refused(Refusal::KeyDeleted)) => self.inner()?.details_of(left),
            found => found,
        };
        details.map_err(Error::after_change)
    }

    /// One provisioning key.
    ///
    /// # Errors
    /// `key_not_found`, `key_deleted`, and those of the store.
    pub fn key(&self, id: KeyId) -> Result<KeyDetails, Error> {
        self.inner()?.details_of(self.inner()?.stored_key(id)?)
    }

    /// The provisioning key that has this id or this name.
    ///
    /// # Errors
    /// `key_not_found`, and those of the store; `key_deleted` if it has the id of one that was.
    pub fn find_key(&self, id_or_name: &str) -> Result<KeyDetails, Error> {
        let id = KeyId::parse(id_or_name).ok();
        let missing = match id.map(|id| self.key(id)) {
            Some(Err(error @ (Error::Input(InputError::KeyNotFound) | Error::Refused(_)))) => error,
            Some(found) => return found,
            None => InputError::KeyNotFound.into(),
        };
        // It may be a name that only looks like an id.
        let by_name = records::key_by_name(&name::lookup(id_or_name, InputError::KeyNotFound)?);
        let found = self.inner()?.read_text(by_name)?;
        self.key(found.and_then(|id| KeyId::parse(&id).ok()).ok_or(missing)?)
    }

    /// Edits a provisioning key. Of a compromised one only the name and the enrollment certificate,
    /// which its connectors renew under, can be edited.
    ///
    /// # Errors
    /// `edit_conflict` if it was edited since `update.version`; `key_compromised`; `key_not_found`, `key_deleted`,
    /// `name_in_use`, `certificate_not_found`, `certificate_retired`, `max_uses_invalid`,
    /// `expiry_in_past`, `too_many_addresses`, and those of the store.
    pub fn update_key(&self, id: KeyId, update: &KeyUpdate) -> Result<KeyDetails, Error> {
        self.inner()?.check_update(update)?;
        let edited = self.inner()?.until_undisturbed(|| self.try_update_key(id, update))?;
        self.after_change(edited)
    }

    fn try_update_key(&self, id: KeyId, update: &KeyUpdate) -> Result<Option<StoredKey>, Error> {
        let stored = self.inner()?.stored_key(id)?;
        if update.version.is_some_and(|version| version != stored.version) {
            return Err(InputError::EditConflict.into());
        }
        if stored.record.compromised_at.is_some() && update.concerns_enrollment() {
            return Err(Refusal::KeyCompromised.into());
        }
        let (before, after) = (&stored.record, updated(&stored.record, update));
        let mut audit = self.audit(Action::KeyUpdated)?;
        audit.key = Some(id);
        audit.details = Some(differences(&stored, &after, update.max_uses));
        let mut change = self.inner()?.change(&audit)?;
        change.expect(records::key(id), stored.version);
        if before.name.folded() != after.name.folded() {
            change.expect_absent(records::key_by_name(&after.name.folded()));
        }
        change.put(records::key(id), &after);
        move_indexes(&mut change, before, &after);
        if let Some(max_uses) = update.max_uses {
            change.set_limit(records::key_uses(id), Some(max_uses));
        }
        if before.certificate != after.certificate {
            let version = self.inner()?.usable_certificate(after.certificate)?;
            change.expect(records::certificate(after.certificate), version);
            change.count(records::certificate_users(before.certificate), -1, audit.at);
            change.count(records::certificate_users(after.certificate), 1, audit.at);
        }
        match self.inner()?.apply(change)? {
            Ok(_) => {
                let limit = update.max_uses.or(stored.uses.limit);
                let uses = Counter { limit, ..stored.uses };
                Ok(Some(StoredKey { version: stored.version, record: after, uses }))
            }
            Err(obstacle) => refused_key(&after, &obstacle).map(|()| None),
        }
    }

    /// Deletes a provisioning key, at once and for ever. Connectors that enrolled with it keep
    /// their certificates.
    ///
    /// # Errors
    /// `key_not_found`, `key_deleted`, and those of the store.
    pub fn delete_key(&self, id: KeyId) -> Result<(), Error> {
        self.inner()?.until_undisturbed(|| {
            let StoredKey { version, record, .. } = self.inner()?.stored_key(id)?;
            let mut audit = self.audit(Action::KeyDeleted)?;
            audit.key = Some(id);
            audit.group = Some(record.group);
            audit.certificate = Some(record.certificate);
            audit.details = Some(record.name.to_string());
            let mut change = self.inner()?.change(&audit)?;
            change.expect(records::key(id), version);
            change.delete(records::key(id));
            change.delete(records::key_uses(id));
            let (name, group) = (record.name.clone(), record.group);
            let tombstone = Tombstone { name, group, deleted_at: audit.at };
            change.put(records::key_deleted(id), &tombstone);
            for index in records::key_indexes(&record) {
                change.delete(index);
            }
            count_users(&mut change, &record, -1, audit.at);
            Ok(self.inner()?.apply(change)?.is_ok().then_some(()))
        })
    }

    /// The text of a key, to hand to a connector. Each copy is an audit record.
    ///
    /// # Errors
    /// `key_compromised`; `key_exhausted` when it is used up, until its limit is raised;
    /// `key_not_found`, `key_deleted`, and those of the store.
    pub fn copy_key(&self, id: KeyId) -> Result<KeyText, Error> {
        Ok(self.take_out(id, Action::KeyCopied)?.1.to_text())
    }

    /// The text of a key as a file. Each download is an audit record.
    ///
    /// # Errors
    /// As [`Authority::copy_key`].
    pub fn download_key(&self, id: KeyId) -> Result<KeyFile, Error> {
        let (record, key) = self.take_out(id, Action::KeyDownloaded)?;
        let plain = |c: char| if c.is_ascii_alphanumeric() || "-_.".contains(c) { c } else { '-' };
        let name: String = record.name.as_str().chars().map(plain).collect();
        let name = match name.trim_start_matches(['.', '-']) {
            "" => "provisioning",
            name => name,
        };
        let file_name = format!("{name}-{id}.key");
        Ok(KeyFile { file_name, contents: key.to_text() })
    }

    fn take_out(&self, id: KeyId, action: Action) -> Result<(KeyRecord, ProvisioningKey), Error> {
        let inner = self.inner()?;
        inner.until_undisturbed(|| {
            let stored = inner.stored_key(id)?;
            if stored.record.compromised_at.is_some() {
                return Err(Refusal::KeyCompromised.into());
            }
            if stored.exhausted() {
                return Err(Refusal::KeyExhausted.into());
            }
            let key = inner.provisioning_key(&stored.record)?;
            let mut audit = self.audit(action)?;
            audit.key = Some(id);
            let mut change = inner.change(&audit)?;
            // A key that is compromised meanwhile is not handed out.
            change.expect(records::key(id), stored.version);
            Ok(inner.apply(change)?.is_ok().then_some((stored.record, key)))
        })
    }
}

impl Inner {
    /// A key's record and its counter.
    pub(crate) fn stored_key(&self, id: KeyId) -> Result<StoredKey, Error> {
        let keys = [records::key(id), records::key_uses(id), records::key_deleted(id)];
        let found = self.store.get(&keys)?;
        match StoredKey::read(&found)? {
            Some(stored) => Ok(stored),
            None if found.last().is_some_and(Option::is_some) => Err(Refusal::KeyDeleted.into()),
            None => Err(InputError::KeyNotFound.into()),
        }
    }

    /// What an operator sees of a key.
    fn details_of(&self, stored: StoredKey) -> Result<KeyDetails, Error> {
        let details = self.details(alloc::vec![stored])?;
        details.into_iter().next().ok_or_else(|| InputError::KeyNotFound.into())
    }

    /// The key itself, derived from its master key.
    fn provisioning_key(&self, record: &KeyRecord) -> Result<ProvisioningKey, Error> {
        let state = self.state();
        let secret = state.keyring.derive_secret(&record.host, record.id);
        let secret = secret.ok_or(MasterError::Missing)?;
        Ok(ProvisioningKey::from_parts(record.host.clone(), record.id, secret, state.pin))
    }

    fn check_new_key(&self, new: &NewKey) -> Result<(), InputError> {
        if new.host.as_ref().is_some_and(|host| !self.state().record.hosts.contains(host)) {
            return Err(InputError::HostUnknown);
        }
        check_max_uses(new.max_uses)?;
        check_addresses(&new.allowed_addresses)?;
        self.check_expiry(new.expires_at)
    }

    fn check_update(&self, update: &KeyUpdate) -> Result<(), InputError> {
        update.max_uses.map_or(Ok(()), check_max_uses)?;
        check_addresses(update.allowed_addresses.as_deref().unwrap_or_default())?;
        self.check_expiry(update.expires_at.flatten())
    }

    fn check_expiry(&self, expires_at: Option<Timestamp>) -> Result<(), InputError> {
        match expires_at {
            Some(expires_at) if expires_at <= self.clock.now() => Err(InputError::ExpiryInPast),
            _ => Ok(()),
        }
    }
}

fn check_max_uses(max_uses: u64) -> Result<(), InputError> {
    (1..=COUNT_MAX).contains(&max_uses).then_some(()).ok_or(InputError::MaxUsesInvalid)
}

fn check_addresses(addresses: &[AddressRange]) -> Result<(), InputError> {
    (addresses.len() <= ALLOWED_ADDRESSES_MAX).then_some(()).ok_or(InputError::TooManyAddresses)
}

fn updated(record: &KeyRecord, update: &KeyUpdate) -> KeyRecord {
    let mut record = record.clone();
    if let Some(name) = &update.name {
        record.name = name.clone();
    }
    if let Some(addresses) = &update.allowed_addresses {
        record.allowed_addresses = addresses.clone();
    }
    record.enabled = update.enabled.unwrap_or(record.enabled);
    record.expires_at = update.expires_at.unwrap_or(record.expires_at);
    record.certificate = update.certificate.unwrap_or(record.certificate);
    record.proof_only = update.proof_only.unwrap_or(record.proof_only);
    record
}

/// What an edit changes, for the audit trail.
fn differences(stored: &StoredKey, after: &KeyRecord, max_uses: Option<u64>) -> String {
    let before = &stored.record;
    let mut changes = Vec::new();
    let mut note = |what: &str, before: String, after: String| {
        if before != after {
            changes.push(format!("{what} {before} -> {after}"));
        }
    };
    let moment = |at: Option<Timestamp>| at.map_or("never".to_string(), |at| at.to_string());
    let ranges = |list: &[AddressRange]| {
        let texts: Vec<_> = list.iter().map(ToString::to_string).collect();
        if texts.is_empty() { "anywhere".into() } else { texts.join(",") }
    };
    note("name", before.name.to_string(), after.name.to_string());
    let limit = stored.max_uses();
    note("max_uses", limit.to_string(), max_uses.unwrap_or(limit).to_string());
    note("enabled", before.enabled.to_string(), after.enabled.to_string());
    note("expires_at", moment(before.expires_at), moment(after.expires_at));
    note("certificate", before.certificate.to_string(), after.certificate.to_string());
    note("proof_only", before.proof_only.to_string(), after.proof_only.to_string());
    let (old, new) = (ranges(&before.allowed_addresses), ranges(&after.allowed_addresses));
    note("allowed_addresses", old, new);
    changes.join("; ")
}

fn put_indexes(change: &mut Change, record: &KeyRecord) {
    for index in records::key_indexes(record) {
        change.put_bytes(index, record.id.as_str());
    }
}

/// Deletes the index entries that an edit leaves behind, and writes those that it makes.
fn move_indexes(change: &mut Change, before: &KeyRecord, after: &KeyRecord) {
    let (old, new) = (records::key_indexes(before), records::key_indexes(after));
    for (old, new) in old.into_iter().zip(new) {
        if old != new {
            change.delete(old);
            change.put_bytes(new, after.id.as_str());
        }
    }
}

/// Counts a key among the users of its group, its certificate and its master key.
fn count_users(change: &mut Change, record: &KeyRecord, by: i64, at: Timestamp) {
    for counter in users(record) {
        change.count(counter, by, at);
    }
}

fn users(record: &KeyRecord) -> [RecordKey; 3] {
    [
        records::group_users(record.group),
        records::certificate_users(record.certificate),
        records::master_users(record.id.slot()),
    ]
}

/// Why a key could not be written; `Ok` if it is worth another try.
fn refused_key(record: &KeyRecord, obstacle: &Obstacle) -> Result<(), Error> {
    let [group, certificate, master] = users(record);
    match obstacle.reason {
        Reason::Exists if obstacle.is(&records::key_by_name(&record.name.folded())) => {
            Err(InputError::NameInUse.into())
        }
        Reason::Absent if obstacle.is(&group) => Err(InputError::GroupNotFound.into()),
        Reason::Absent if obstacle.is(&certificate) => Err(InputError::CertificateNotFound.into()),
        Reason::Absent if obstacle.is(&master) => Err(MasterError::SlotEmpty.into()),
        _ => Ok(()),
    }
}
