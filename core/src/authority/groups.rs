//! Connector groups.

use alloc::string::ToString;

use crate::authority::Authority;
use crate::ledger::Stored;
use crate::ledger::error::{Error, InputError};
use crate::ledger::listing::{Page, PageRequest, entries};
use crate::ledger::model::{GroupId, Name};
use crate::ledger::records::{self, Action, GroupRecord};
use crate::time::Timestamp;

/// A group of connectors. Their certificates contain its id.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct ConnectorGroup {
    /// Its id.
    pub id: GroupId,
    /// Its name, unique among groups.
    pub name: Name,
    /// When it was created.
    pub created_at: Timestamp,
    /// How many provisioning keys it has.
    pub keys: u64,
}

/// # Connector groups
impl Authority {
    /// Creates a connector group.
    ///
    /// # Errors
    /// `name_in_use`, and those of the store.
    pub fn create_group(&self, name: &Name) -> Result<ConnectorGroup, Error> {
        let ledger = self.ledger()?;
        self.transact(Action::GroupCreated, |change| {
            let id = GroupId::random(ledger.random())?;
            let record = GroupRecord { id, name: name.clone(), created_at: change.at() };
            change.audit.group = Some(id);
            change.create(&record);
            change.set_limit(records::group_users(id), None);
            Ok(ConnectorGroup::new(record, 0))
        })
    }

    /// A connector group.
    ///
    /// # Errors
    /// `group_not_found`, and those of the store.
    pub fn group(&self, id: GroupId) -> Result<ConnectorGroup, Error> {
        Ok(self.ledger()?.entity(id)?.into())
    }

    /// The group that has this id or this name.
    ///
    /// # Errors
    /// `group_not_found`, and those of the store.
    pub fn find_group(&self, id_or_name: &str) -> Result<ConnectorGroup, Error> {
        Ok(self.ledger()?.find(id_or_name)?.into())
    }

    /// Lists the groups by name.
    ///
    /// # Errors
    /// `cursor_invalid`, and those of the store.
    pub fn list_groups(&self, page: &PageRequest) -> Result<Page<ConnectorGroup>, Error> {
        self.ledger()?.list_by_name(page, |stored| Ok(ConnectorGroup::from(stored)))
    }

    /// All groups: as [`Self::list_groups`], page by page.
    pub fn groups(&self) -> impl Iterator<Item = Result<ConnectorGroup, Error>> + use<'_> {
        entries(|page| self.list_groups(page))
    }

    /// Deletes a group that has no provisioning keys and no connectors.
    ///
    /// # Errors
    /// `group_not_found`, `group_in_use`, and those of the store.
    pub fn delete_group(&self, id: GroupId) -> Result<(), Error> {
        let ledger = self.ledger()?;
        self.transact(Action::GroupDeleted, |change| {
            let group = ledger.entity::<GroupRecord>(id)?;
            let in_use = || InputError::GroupInUse.about(&group.record.name);
            // A connector can join only through a key, and a new key changes the version of the
            // counter: if that is still the same when the change is applied, nobody has joined.
            if ledger.any(records::enrollments_of_group(id))? {
                return Err(in_use().into());
            }
            change.audit.group = Some(id);
            change.audit.details = Some(group.record.name.to_string());
            change.expect_unused(records::group_users(id)).or(in_use());
            change.expect(records::group_users(id), group.counter_version);
            change.remove(&group);
            Ok(())
        })
    }
}

impl ConnectorGroup {
    fn new(record: GroupRecord, keys: u64) -> Self {
        Self { id: record.id, name: record.name, created_at: record.created_at, keys }
    }
}

impl From<Stored<GroupRecord>> for ConnectorGroup {
    fn from(stored: Stored<GroupRecord>) -> Self {
        Self::new(stored.record, stored.counter.used)
    }
}
