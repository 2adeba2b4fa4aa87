//! Listing the audit trail, and completing it.

use alloc::vec::Vec;
use core::time::Duration;

use crate::authority::Authority;
use crate::key::KeyId;
use crate::ledger::error::Error;
use crate::ledger::listing::{Examined, Page, PageRequest, entries};
use crate::ledger::model::ConnectorId;
use crate::ledger::records::{self, Action, AuditRecord};
use crate::store::{Record, RecordKey};
use crate::time::Timestamp;

/// Which audit records to list.
///
/// ```
/// use provkey::authority::{Action, AuditFilter};
/// use provkey::testing::TestAuthority;
///
/// let test = TestAuthority::new();
/// let key = test.key("first floor", 5);
/// test.authority.acting_as("alice").copy_key(key.id)?;
///
/// let filter = AuditFilter::default().key(key.id).action(Action::KeyCopied);
/// for record in test.authority.audit_records(&filter) {
///     assert_eq!(record?.actor.as_deref(), Some("alice"));
/// }
/// # Ok::<(), provkey::authority::Error>(())
/// ```
#[derive(Clone, Debug, Default)]
#[non_exhaustive]
pub struct AuditFilter {
    /// Only of this provisioning key.
    pub key: Option<KeyId>,
    /// Only of this connector.
    pub connector: Option<ConnectorId>,
    /// Only this action.
    pub action: Option<Action>,
    /// Only from this moment on.
    pub since: Option<Timestamp>,
    /// Only before this moment.
    pub until: Option<Timestamp>,
    /// The latest first.
    pub latest_first: bool,
}

crate::setters::setters!(AuditFilter {
    key: Option<KeyId>,
    connector: Option<ConnectorId>,
    action: Option<Action>,
    since: Option<Timestamp>,
    until: Option<Timestamp>,
    latest_first: bool,
});

impl AuditFilter {
    fn admits(&self, record: &AuditRecord) -> bool {
        self.key.is_none_or(|key| record.key == Some(key))
            && self.connector.is_none_or(|connector| record.connector == Some(connector))
            && self.action.is_none_or(|action| record.action == action)
            && self.since.is_none_or(|since| record.at >= since)
            && self.until.is_none_or(|until| record.at < until)
    }

    /// Whether no record beyond this one can be admitted.
    fn ends_at(&self, record: &AuditRecord) -> bool {
        match self.latest_first {
            true => self.since.is_some_and(|since| record.at < since),
            false => self.until.is_some_and(|until| record.at >= until),
        }
    }

    /// The record key after which the first record that can be admitted comes.
    fn begins_after(&self) -> Option<RecordKey> {
        match self.latest_first {
            true => self.until.map(|until| records::audit(until, [0; 8])),
            false => {
                let before = |since: Timestamp| since.minus(Duration::from_millis(1));
                self.since.map(|since| records::audit(before(since), [0xff; 8]))
            }
        }
    }
}

/// # Audit trail
impl Authority {
    /// Lists the audit trail in the order of time. A page examines a bounded number of records, so
    /// it can be short, or empty, and still have a next one.
    ///
    /// # Errors
    /// `cursor_invalid`, and those of the store.
    pub fn list_audit(
        &self,
        filter: &AuditFilter,
        page: &PageRequest,
    ) -> Result<Page<AuditRecord>, Error> {
        let mut listing =
            self.ledger()?.listing(records::AUDIT.into(), filter.latest_first, page)?;
        if let (None, Some(key)) = (&page.after, filter.begins_after()) {
            listing.begin_after(key);
        }
        listing.run(|records: &[Record]| {
            let mut items = Vec::with_capacity(records.len());
            for record in records {
                let entry: AuditRecord = records::decode(record)?;
                if filter.ends_at(&entry) {
                    items.push(Examined::End);
                    break;
                }
                items.push(if filter.admits(&entry) {
                    Examined::Item(entry)
                } else {
                    Examined::Skip
                });
            }
            Ok(items)
        })
    }

    /// All audit records that a filter admits: as [`Self::list_audit`], page by page.
    pub fn audit_records<'a>(
        &'a self,
        filter: &AuditFilter,
    ) -> impl Iterator<Item = Result<AuditRecord, Error>> + use<'a> {
        let filter = filter.clone();
        entries(move |page| self.list_audit(&filter, page))
    }

    /// Stores the counts of refusals and replays that are still in memory. An application calls it
    /// before it exits, and whenever the audit trail should be complete.
    ///
    /// # Errors
    /// Those of the store. Counts that could not be stored are lost, which the observer is notified
    /// of.
    pub fn flush(&self) -> Result<(), Error> {
        let inner = self.inner()?;
        inner.tally.flush(&inner.ledger)
    }
}
