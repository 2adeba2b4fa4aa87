//! Provisioning keys: create, edit, delete, copy, download.

mod details;
mod list;

use details::details;
pub use details::{KeyDetails, KeyState, Named};
pub use list::KeyFilter;

use alloc::format;
use alloc::string::{String, ToString};
use alloc::vec::Vec;

use crate::authority::Authority;
use crate::authority::certificates::usable_version;
use crate::key::{Host, KeyId, KeyText, ProvisioningKey};
use crate::ledger::error::{Error, InputError, MasterError, Refusal, RejectedInput};
use crate::ledger::listing::{Page, PageRequest, entries};
use crate::ledger::model::{AddressRange, CertificateId, GroupId, Name};
use crate::ledger::records::{self, Action, KeyRecord, Tombstone};
use crate::ledger::{Change, Entity, Ledger, State, Stored};
use crate::limits::{ALLOWED_ADDRESSES_MAX, COUNT_MAX};
use crate::store::{Counter, RecordKey};
use crate::time::Timestamp;

/// How to create a provisioning key.
///
/// ```
/// use provkey::authority::NewKey;
/// use provkey::testing::TestAuthority;
/// use provkey::time::Timestamp;
///
/// let test = TestAuthority::new();
/// let new = NewKey::new("first floor".parse()?, test.group.id, test.certificate.id, 10)
///     .expires_at(Timestamp::parse("2027-01-01T00:00:00Z")?)
///     .allowed_addresses(vec!["10.0.0.0/8".parse()?]);
/// let key = test.authority.create_key(&new)?;
/// assert_eq!((key.max_uses, key.used), (10, 0));
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
#[derive(Clone, Debug)]
#[non_exhaustive]
pub struct NewKey {
    /// Its name, unique among keys.
    pub name: Name,
    /// The group that its connectors join.
    pub group: GroupId,
    /// The enrollment certificate that signs their certificates.
    pub certificate: CertificateId,
    /// The maximum number of connectors that can enroll: 1 or more.
    pub max_uses: u64,
    /// The host that the text names, one of the authority's. `None`: the first.
    pub host: Option<Host>,
    /// When it expires. `None`: never.
    pub expires_at: Option<Timestamp>,
    /// The addresses that connectors can enroll from, at most 64 ranges. Empty: any address.
    /// Renewals are not restricted.
    pub allowed_addresses: Vec<AddressRange>,
    /// Whether it is enabled.
    pub enabled: bool,
    /// Whether it must be proven inside the CSR.
    pub proof_only: bool,
}

impl NewKey {
    /// A key that is enabled, never expires and can be used from any address.
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

crate::setters::setters!(NewKey {
    name: Name,
    group: GroupId,
    certificate: CertificateId,
    max_uses: u64,
    host: Option<Host>,
    expires_at: Option<Timestamp>,
    allowed_addresses: Vec<AddressRange>,
    enabled: bool,
    proof_only: bool,
});

/// An edit of a provisioning key. `None` leaves a field unchanged. The count of uses is never part
/// of an edit.
///
/// ```
/// use provkey::authority::KeyUpdate;
/// use provkey::testing::TestAuthority;
///
/// let test = TestAuthority::new();
/// let key = test.key("first floor", 10);
/// let update = KeyUpdate::default().version(key.version).max_uses(20);
/// assert_eq!(test.authority.update_key(key.id, &update)?.max_uses, 20);
///
/// // The version is another one now, so an edit that is based on the old one is refused.
/// let error = test.authority.update_key(key.id, &update).unwrap_err();
/// assert_eq!(error.code(), "edit_conflict");
/// # Ok::<(), provkey::authority::Error>(())
/// ```
#[derive(Clone, Debug, Default)]
#[non_exhaustive]
pub struct KeyUpdate {
    /// The [`KeyDetails::version`] that the edit is based on. If the key has another one, the edit
    /// is refused. `None`: edit any version.
    pub version: Option<u64>,
    /// Its name.
    pub name: Option<Name>,
    /// The maximum number of connectors that can enroll: 1 or more. If `used` has reached it, no
    /// further connector enrolls.
    pub max_uses: Option<u64>,
    /// Whether it is enabled.
    pub enabled: Option<bool>,
    /// When it expires; `Some(None)`: never.
    pub expires_at: Option<Option<Timestamp>>,
    /// The addresses that connectors can enroll from. Renewals are not restricted.
    pub allowed_addresses: Option<Vec<AddressRange>>,
    /// The enrollment certificate that signs from now on.
    pub certificate: Option<CertificateId>,
    /// Whether it must be proven inside the CSR.
    pub proof_only: Option<bool>,
}

impl KeyUpdate {
    /// Sets `expires_at`. `None`: the key never expires.
    #[must_use]
    pub fn expires_at(mut self, expires_at: impl Into<Option<Timestamp>>) -> Self {
        self.expires_at = Some(expires_at.into());
        self
    }

    /// Whether it changes who can enroll. Disabling a key does not count: that is allowed for a
    /// compromised key, too.
    fn concerns_enrollment(&self) -> bool {
        self.enabled == Some(true)
            || self.max_uses.is_some()
            || self.expires_at.is_some()
            || self.allowed_addresses.is_some()
            || self.proof_only.is_some()
    }
}

crate::setters::setters!(KeyUpdate {
    version: Option<u64>,
    name: Option<Name>,
    max_uses: Option<u64>,
    enabled: Option<bool>,
    allowed_addresses: Option<Vec<AddressRange>>,
    certificate: Option<CertificateId>,
    proof_only: Option<bool>,
});

/// The text of a key as a file to hand to a connector.
#[derive(Debug)]
#[non_exhaustive]
pub struct KeyFile {
    /// A file name with the name and the id of the key, of letters, digits, `-`, `_` and `.` only.
    pub file_name: String,
    /// The contents. Make the file readable for its owner only.
    pub contents: KeyText,
}

/// # Provisioning keys
impl Authority {
    /// Creates a provisioning key. [`Authority::copy_key`] returns its text.
    ///
    /// # Errors
    /// `name_in_use`, `group_not_found`, `certificate_not_found`, `certificate_unanswered`,
    /// `certificate_retired`, `host_unknown`, `max_uses_invalid`, `expiry_in_past`,
    /// `too_many_addresses`, `master_key_missing`, and those of the store.
    pub fn create_key(&self, new: &NewKey) -> Result<KeyDetails, Error> {
        let ledger = self.ledger()?;
        check_new_key(ledger, new)?;
        let created = self.transact(Action::KeyCreated, |change| create(ledger, new, change))?;
        self.as_it_is_now(created)
    }

    /// A key that was created or edited, as it is now. If it was deleted meanwhile, as the change
    /// left it: the error `key_deleted` would say that nothing was changed.
    fn as_it_is_now(&self, left: Stored<KeyRecord>) -> Result<KeyDetails, Error> {
        let details = match self.key(left.record.id) {
            Err(Error::Refused(Refusal::KeyDeleted)) => details_of(self.ledger()?, left),
            found => found,
        };
        details.map_err(Error::outcome_unknown)
    }

    /// One provisioning key.
    ///
    /// # Errors
    /// `key_not_found`, `key_deleted`, and those of the store.
    pub fn key(&self, id: KeyId) -> Result<KeyDetails, Error> {
        let ledger = self.ledger()?;
        details_of(ledger, ledger.entity(id)?)
    }

    /// The group of a provisioning key, which never changes. The key can be a deleted one.
    ///
    /// # Errors
    /// `key_not_found`, and those of the store.
    pub fn group_of_key(&self, id: KeyId) -> Result<GroupId, Error> {
        let ledger = self.ledger()?;
        if let Some((_, key)) = ledger.read::<KeyRecord>(records::key(id))? {
            return Ok(key.group);
        }
        let deleted = ledger.read::<Tombstone>(records::key_deleted(id))?;
        deleted.map(|(_, key)| key.group).ok_or_else(|| InputError::KeyNotFound.about(id).into())
    }

    /// The provisioning key that has this id or this name.
    ///
    /// # Errors
    /// `key_not_found`, `key_deleted` if it is the id of a deleted key, and those of the store.
    pub fn find_key(&self, id_or_name: &str) -> Result<KeyDetails, Error> {
        let ledger = self.ledger()?;
        details_of(ledger, ledger.find(id_or_name)?)
    }

    /// Lists provisioning keys. A page examines a bounded number of keys. With a filter other than
    /// one group or one certificate, a page can be short and still have a next one.
    ///
    /// # Errors
    /// `cursor_invalid`, and those of the store.
    pub fn list_keys(
        &self,
        filter: &KeyFilter,
        page: &PageRequest,
    ) -> Result<Page<KeyDetails>, Error> {
        list::list(self.ledger()?, filter, page)
    }

    /// All provisioning keys that a filter admits: as [`Self::list_keys`], page by page.
    ///
    /// ```
    /// use provkey::authority::KeyFilter;
    /// use provkey::testing::TestAuthority;
    ///
    /// let test = TestAuthority::new();
    /// test.key("first floor", 1);
    /// test.key("second floor", 1);
    /// let mut names = Vec::new();
    /// for key in test.authority.keys(&KeyFilter::default()) {
    ///     names.push(key?.name.to_string());
    /// }
    /// assert_eq!(names, ["first floor", "second floor"]);
    /// # Ok::<(), provkey::authority::Error>(())
    /// ```
    pub fn keys<'a>(
        &'a self,
        filter: &KeyFilter,
    ) -> impl Iterator<Item = Result<KeyDetails, Error>> + use<'a> {
        let filter = filter.clone();
        entries(move |page| self.list_keys(&filter, page))
    }
    /// Edits a provisioning key. On a compromised key only the name and the enrollment certificate
    /// can be edited. Its connectors renew under the latter.
    ///
    /// # Errors
    /// `edit_conflict` if it was edited since `update.version`; `key_compromised`; `key_not_found`,
    /// `key_deleted`, `name_in_use`, `certificate_not_found`, `certificate_unanswered`,
    /// `certificate_retired`, `max_uses_invalid`, `expiry_in_past`, `too_many_addresses`, and those
    /// of the store.
    pub fn update_key(&self, id: KeyId, update: &KeyUpdate) -> Result<KeyDetails, Error> {
        let ledger = self.ledger()?;
        check_update(ledger, update)?;
        let edited = self.transact(Action::KeyUpdated, |change| {
            edit(ledger, ledger.entity(id)?, update, change)
        })?;
        self.as_it_is_now(edited)
    }

    /// Deletes a provisioning key, immediately and permanently. Connectors that enrolled with it
    /// keep their certificates.
    ///
    /// # Errors
    /// `key_not_found`, `key_deleted`, and those of the store.
    pub fn delete_key(&self, id: KeyId) -> Result<(), Error> {
        let ledger = self.ledger()?;
        self.transact(Action::KeyDeleted, |change| {
            let stored = ledger.entity::<KeyRecord>(id)?;
            let record = &stored.record;
            change.audit.key = Some(id);
            change.audit.group = Some(record.group);
            change.audit.certificate = Some(record.certificate);
            change.audit.details = Some(record.name.to_string());
            let (name, group) = (record.name.clone(), record.group);
            let tombstone = Tombstone { name, group, deleted_at: change.at() };
            change.remove(&stored);
            change.put(records::key_deleted(id), &tombstone);
            records::key_indexes(record).into_iter().for_each(|index| change.delete(index));
            for counter in users(record) {
                change.count(counter, -1);
            }
            Ok(())
        })
    }

    /// The text of a key, to hand to a connector. Each copy is an audit record.
    ///
    /// # Errors
    /// `key_compromised`; `key_exhausted` when it is used up, until its limit is raised;
    /// `key_not_found`, `key_deleted`, `master_key_missing`, and those of the store.
    pub fn copy_key(&self, id: KeyId) -> Result<KeyText, Error> {
        Ok(self.export(id, Action::KeyCopied)?.1.to_text())
    }

    /// The text of a key as a file. Each download is an audit record.
    ///
    /// # Errors
    /// As [`Authority::copy_key`].
    pub fn download_key(&self, id: KeyId) -> Result<KeyFile, Error> {
        let (record, key) = self.export(id, Action::KeyDownloaded)?;
        let plain = |c: char| if c.is_ascii_alphanumeric() || "-_.".contains(c) { c } else { '-' };
        let name: String = record.name.as_str().chars().map(plain).collect();
        let name = match name.trim_start_matches(['.', '-']) {
            "" => "provisioning",
            name => name,
        };
        let file_name = format!("{name}-{id}.key");
        Ok(KeyFile { file_name, contents: key.to_text() })
    }

    fn export(&self, id: KeyId, action: Action) -> Result<(KeyRecord, ProvisioningKey), Error> {
        let ledger = self.ledger()?;
        self.transact(action, |change| {
            let stored = ledger.entity::<KeyRecord>(id)?;
            if stored.record.compromised_at.is_some() {
                return Err(Refusal::KeyCompromised.into());
            }
            if stored.exhausted() {
                return Err(Refusal::KeyExhausted.into());
            }
            let key = provisioning_key(&ledger.state(), &stored.record)?;
            change.audit.key = Some(id);
            // The text of a key that is marked as compromised meanwhile is not exported.
            change.expect(records::key(id), stored.version);
            Ok((stored.record, key))
        })
    }
}

fn create(ledger: &Ledger, new: &NewKey, change: &mut Change) -> Result<Stored<KeyRecord>, Error> {
    let state = ledger.state();
    let id = KeyId::random(state.current_master()?.0, ledger.random())?;
    let host = new.host.as_ref().or(state.record.hosts.first()).ok_or(InputError::HostUnknown)?;
    let record = KeyRecord {
        id,
        name: new.name.clone(),
        host: host.clone(),
        group: new.group,
        certificate: new.certificate,
        created_at: change.at(),
        enabled: new.enabled,
        expires_at: new.expires_at,
        allowed_addresses: new.allowed_addresses.clone(),
        proof_only: new.proof_only,
        compromised_at: None,
    };
    change.audit.key = Some(id);
    change.audit.group = Some(new.group);
    change.audit.certificate = Some(new.certificate);
    change.audit.details = Some(format!("max_uses {}", new.max_uses));
    let certificate_version = usable_version(ledger, new.certificate)?;
    change.expect(records::certificate(new.certificate), certificate_version);
    // No key is derived from a master key that another process has replaced.
    change.expect(records::authority(), state.version);
    change.expect_absent(records::key_deleted(id));
    change.create(&record);
    change.set_limit(records::key_uses(id), Some(new.max_uses));
    for index in records::key_indexes(&record) {
        change.put_bytes(index, id.as_str());
    }
    let [group, certificate, master] = users(&record);
    change.count(group, 1).or(InputError::GroupNotFound.about(new.group));
    change.count(certificate, 1).or(InputError::CertificateNotFound.about(new.certificate));
    change.count(master, 1).or(MasterError::SlotEmpty);
    let counter = Counter { limit: Some(new.max_uses), ..Counter::default() };
    Ok(Stored { version: 0, record, counter, counter_version: 0 })
}

fn edit(
    ledger: &Ledger,
    stored: Stored<KeyRecord>,
    update: &KeyUpdate,
    change: &mut Change,
) -> Result<Stored<KeyRecord>, Error> {
    if update.version.is_some_and(|version| version != stored.version) {
        return Err(InputError::EditConflict.about(stored.record.id).into());
    }
    if stored.record.compromised_at.is_some() && update.concerns_enrollment() {
        return Err(Refusal::KeyCompromised.into());
    }
    let (before, after) = (&stored.record, updated(&stored.record, update));
    change.audit.key = Some(before.id);
    change.audit.details = Some(differences(&stored, &after, update.max_uses));
    change.expect(records::key(before.id), stored.version);
    if before.name.folded() != after.name.folded() {
        change.delete(KeyRecord::by_name(&before.name.folded()));
        change.claim_name(&after);
    }
    change.put(records::key(before.id), &after);
    for (old, new) in records::key_indexes(before).into_iter().zip(records::key_indexes(&after)) {
        if old != new {
            change.delete(old);
            change.put_bytes(new, after.id.as_str());
        }
    }
    if let Some(max_uses) = update.max_uses {
        change.set_limit(records::key_uses(before.id), Some(max_uses));
    }
    if before.certificate != after.certificate {
        let version = usable_version(ledger, after.certificate)?;
        change.expect(records::certificate(after.certificate), version);
        change.count(records::certificate_users(before.certificate), -1);
        let users = records::certificate_users(after.certificate);
        change.count(users, 1).or(InputError::CertificateNotFound.about(after.certificate));
    }
    let counter = Counter { limit: update.max_uses.or(stored.counter.limit), ..stored.counter };
    Ok(Stored { record: after, counter, ..stored })
}

/// What an operator sees of a key.
fn details_of(ledger: &Ledger, stored: Stored<KeyRecord>) -> Result<KeyDetails, Error> {
    let id = stored.record.id;
    let details = details(ledger, alloc::vec![stored])?;
    details.into_iter().next().ok_or_else(|| InputError::KeyNotFound.about(id).into())
}

/// The key itself, derived from its master key.
fn provisioning_key(state: &State, record: &KeyRecord) -> Result<ProvisioningKey, Error> {
    let secret = state.keyring.derive_secret(&record.host, record.id);
    let secret = secret.ok_or(MasterError::Missing)?;
    Ok(ProvisioningKey::from_parts(record.host.clone(), record.id, secret, state.pin))
}

fn check_new_key(ledger: &Ledger, new: &NewKey) -> Result<(), Error> {
    if let Some(host) = &new.host
        && !ledger.has_host(host)?
    {
        return Err(InputError::HostUnknown.about(host).into());
    }
    check_max_uses(new.max_uses)?;
    check_addresses(&new.allowed_addresses)?;
    Ok(check_expiry(ledger, new.expires_at)?)
}

fn check_update(ledger: &Ledger, update: &KeyUpdate) -> Result<(), RejectedInput> {
    update.max_uses.map_or(Ok(()), check_max_uses)?;
    check_addresses(update.allowed_addresses.as_deref().unwrap_or_default())?;
    check_expiry(ledger, update.expires_at.flatten())
}

fn check_expiry(ledger: &Ledger, expires_at: Option<Timestamp>) -> Result<(), RejectedInput> {
    match expires_at {
        Some(at) if at <= ledger.now() => Err(InputError::ExpiryInPast.about(at)),
        _ => Ok(()),
    }
}

fn check_max_uses(max_uses: u64) -> Result<(), RejectedInput> {
    match (1..=COUNT_MAX).contains(&max_uses) {
        true => Ok(()),
        false => Err(InputError::MaxUsesInvalid.about(max_uses)),
    }
}

fn check_addresses(addresses: &[AddressRange]) -> Result<(), RejectedInput> {
    match addresses.len() {
        ..=ALLOWED_ADDRESSES_MAX => Ok(()),
        count => Err(InputError::TooManyAddresses.about(count)),
    }
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
fn differences(stored: &Stored<KeyRecord>, after: &KeyRecord, max_uses: Option<u64>) -> String {
    let before = &stored.record;
    let mut changes = Vec::new();
    let mut compare = |what: &str, before: String, after: String| {
        if before != after {
            changes.push(format!("{what} {before} -> {after}"));
        }
    };
    let moment = |at: Option<Timestamp>| at.map_or("never".to_string(), |at| at.to_string());
    let ranges = |list: &[AddressRange]| {
        let texts: Vec<_> = list.iter().map(ToString::to_string).collect();
        if texts.is_empty() { "anywhere".into() } else { texts.join(",") }
    };
    compare("name", before.name.to_string(), after.name.to_string());
    let limit = stored.max_uses();
    compare("max_uses", limit.to_string(), max_uses.unwrap_or(limit).to_string());
    compare("enabled", before.enabled.to_string(), after.enabled.to_string());
    compare("expires_at", moment(before.expires_at), moment(after.expires_at));
    compare("certificate", before.certificate.to_string(), after.certificate.to_string());
    compare("proof_only", before.proof_only.to_string(), after.proof_only.to_string());
    let (old, new) = (ranges(&before.allowed_addresses), ranges(&after.allowed_addresses));
    compare("allowed_addresses", old, new);
    changes.join("; ")
}

/// The user counters of a key's group, its certificate and its master key.
fn users(record: &KeyRecord) -> [RecordKey; 3] {
    [
        records::group_users(record.group),
        records::certificate_users(record.certificate),
        records::master_users(record.id.slot()),
    ]
}
