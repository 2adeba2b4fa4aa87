//! Connector groups.

use alloc::string::String;
use alloc::vec::Vec;

use crate::authority::{Authority, Inner};
use crate::ledger::error::{Error, InputError};
use crate::ledger::listing::{Examined, Page, PageRequest};
use crate::ledger::model::GroupId;
use crate::ledger::model::name::{self, Name};
use crate::ledger::records::{self, Action, AuditRecord, GroupRecord};
use crate::store::{Reason, Record, ScanRange};
use crate::time::Timestamp;

/// A group that connectors belong to. Its id stands in their certificates.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ConnectorGroup {
    /// Its id.
    pub id: GroupId,
    /// Its name, unique among groups.
    pub name: Name,
    /// When it was created.
    pub created_at: Timestamp,
    /// How many provisioning keys serve it.
    pub keys: u64,
}

impl Authority {
    /// Creates a connector group.
    ///
    /// # Errors
    /// `name_in_use`, and those of the store.
    pub fn create_group(&self, name: &Name) -> Result<ConnectorGroup, Error> {
        let inner = self.inner()?;
        inner.until_undisturbed(|| {
            let audit = self.audit(Action::GroupCreated)?;
            let id = GroupId::random(&*inner.random)?;
            let record = GroupRecord { id, name: name.clone(), created_at: audit.at };
            let by_name = records::group_by_name(&name.folded());
            let mut change = inner.change(&AuditRecord { group: Some(id), ..audit })?;
            change.expect_absent(by_name.clone());
            change.expect_absent(records::group(id));
            change.put(records::group(id), &record);
            change.put_bytes(by_name.clone(), id.as_str());
            change.set_limit(records::group_users(id), None);
            match inner.apply(change)? {
                Ok(_) => Ok(Some(ConnectorGroup::new(record, 0))),
                Err(obstacle) if obstacle.is(&by_name) => Err(InputError::NameInUse.into()),
                Err(_) => Ok(None),
            }
        })
    }

    /// One group.
    ///
    /// # Errors
    /// `group_not_found`, and those of the store.
    pub fn group(&self, id: GroupId) -> Result<ConnectorGroup, Error> {
        let found = self.inner()?.store.get(&[records::group(id), records::group_users(id)])?;
        ConnectorGroup::read(&found)?.ok_or_else(|| InputError::GroupNotFound.into())
    }

    /// The group that has this id or this name.
    ///
    /// # Errors
    /// `group_not_found`, and those of the store.
    pub fn find_group(&self, id_or_name: &str) -> Result<ConnectorGroup, Error> {
        if let Some(id) = GroupId::parse(id_or_name) {
            match self.group(id) {
                Err(Error::Input(InputError::GroupNotFound)) => {}
                found => return found,
            }
        }
        let by_name = records::group_by_name(&name::lookup(id_or_name, InputError::GroupNotFound)?);
        let found = self.inner()?.read_text(by_name)?;
        let id = found.as_deref().and_then(GroupId::parse).ok_or(InputError::GroupNotFound)?;
        self.group(id)
    }

    /// Lists the groups by name.
    ///
    /// # Errors
    /// `cursor_invalid`, and those of the store.
    pub fn list_groups(&self, page: &PageRequest) -> Result<Page<ConnectorGroup>, Error> {
        self.inner()?.listing("group-by-name/".into(), false, page)?.run(|index| {
            let ids = records::ids(index, GroupId::parse)?;
            let keys = ids.iter().flat_map(|id| [records::group(*id), records::group_users(*id)]);
            let found = self.inner()?.store.get(&keys.collect::<Vec<_>>())?;
            found.chunks(2).map(|pair| ConnectorGroup::read(pair).map(Examined::or_skip)).collect()
        })
    }

    /// Deletes a group that no key serves and no connector belongs to.
    ///
    /// # Errors
    /// `group_not_found`, `group_in_use`, and those of the store.
    pub fn delete_group(&self, id: GroupId) -> Result<(), Error> {
        let inner = self.inner()?;
        inner.until_undisturbed(|| {
            let users_key = records::group_users(id);
            let found = inner.store.get(&[records::group(id), users_key.clone()])?;
            let [Some(group), Some(users)] = &found[..] else {
                return Err(InputError::GroupNotFound.into());
            };
            let record: GroupRecord = records::decode(group)?;
            // A connector can join only through a key, and a new key changes the version of the
            // counter: if that is still the same when the unit is applied, nobody has joined.
            if inner.any(records::enrollments_of_group(id))? {
                return Err(InputError::GroupInUse.into());
            }
            let mut audit = self.audit(Action::GroupDeleted)?;
            audit.group = Some(id);
            audit.details = Some(String::from(record.name.clone()));
            let mut change = inner.change(&audit)?;
            change.expect_unused(users_key.clone());
            change.expect(users_key.clone(), users.version);
            change.expect(records::group(id), group.version);
            change.delete(records::group(id));
            change.delete(users_key);
            change.delete(records::group_by_name(&record.name.folded()));
            match inner.apply(change)? {
                Ok(_) => Ok(Some(())),
                Err(obstacle) if obstacle.reason == Reason::InUse => {
                    Err(InputError::GroupInUse.into())
                }
                Err(_) => Ok(None),
            }
        })
    }
}

impl ConnectorGroup {
    fn new(record: GroupRecord, keys: u64) -> Self {
        Self { id: record.id, name: record.name, created_at: record.created_at, keys }
    }

    /// Of a record and its counter, if both are there.
    fn read(found: &[Option<Record>]) -> Result<Option<Self>, Error> {
        let [Some(group), Some(users)] = found else {
            return Ok(None);
        };
        Ok(Some(Self::new(records::decode(group)?, records::counter(users)?.used)))
    }
}

impl Inner {
    /// Whether there is any record whose key begins with `prefix`.
    pub(crate) fn any(&self, prefix: String) -> Result<bool, Error> {
        let range = ScanRange { prefix: prefix.into_bytes(), after: None, reverse: false };
        Ok(!self.store.scan(&range, 1)?.is_empty())
    }
}
