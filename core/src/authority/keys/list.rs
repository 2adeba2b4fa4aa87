//! Listing provisioning keys: filters, sorting, pages.

use alloc::string::String;
use alloc::vec::Vec;

use super::details::{KeyDetails, KeyState, details};
use crate::key::KeyId;
use crate::ledger::error::Error;
use crate::ledger::listing::{Examined, Page, PageRequest};
use crate::ledger::model::{CertificateId, GroupId, KeyOrder, name};
use crate::ledger::records::{self, KeyRecord};
use crate::ledger::{Ledger, Stored};
use crate::store::Record;
use crate::time::Timestamp;

/// Which provisioning keys to list, and in which order.
///
/// ```
/// use provkey::authority::{KeyFilter, KeyState, PageRequest};
/// use provkey::testing::TestAuthority;
///
/// let test = TestAuthority::new();
/// test.key("first floor", 1);
/// let second = test.key("second floor", 1);
/// test.authority.enroll(&test.request(&second))?;
///
/// let filter = KeyFilter::default().name_contains("FLOOR".to_owned()).state(KeyState::Usable);
/// let page = test.authority.list_keys(&filter, &PageRequest::default())?;
/// assert_eq!(page.items[0].name.as_str(), "first floor");
/// assert_eq!(page.items.len(), 1);
/// # Ok::<(), provkey::authority::Error>(())
/// ```
#[derive(Clone, Debug, Default)]
#[non_exhaustive]
pub struct KeyFilter {
    /// Only those whose name contains this text, ignoring letter case.
    pub name_contains: Option<String>,
    /// Only those of this group.
    pub group: Option<GroupId>,
    /// Only those of this enrollment certificate.
    pub certificate: Option<CertificateId>,
    /// Only those in this state.
    pub state: Option<KeyState>,
    /// Only those whose id contains this.
    pub id_contains: Option<String>,
    /// Only those with at least this limit of uses.
    pub max_uses_min: Option<u64>,
    /// Only those with at most this limit of uses.
    pub max_uses_max: Option<u64>,
    /// Only those that have enrolled at least this many connectors.
    pub used_min: Option<u64>,
    /// Only those that have enrolled at most this many connectors.
    pub used_max: Option<u64>,
    /// Only those that enrolled a connector from this moment on.
    pub last_used_since: Option<Timestamp>,
    /// Only those that enrolled no connector from this moment on, or none ever.
    pub last_used_before: Option<Timestamp>,
    /// The order of the listing.
    pub order: KeyOrder,
    /// From the last to the first.
    pub descending: bool,
}

crate::setters::setters!(KeyFilter {
    name_contains: Option<String>,
    group: Option<GroupId>,
    certificate: Option<CertificateId>,
    state: Option<KeyState>,
    id_contains: Option<String>,
    max_uses_min: Option<u64>,
    max_uses_max: Option<u64>,
    used_min: Option<u64>,
    used_max: Option<u64>,
    last_used_since: Option<Timestamp>,
    last_used_before: Option<Timestamp>,
    order: KeyOrder,
    descending: bool,
});

impl KeyFilter {
    /// Whether the id and the uses of a key are among those to list.
    fn admits_uses(&self, key: &Stored<KeyRecord>) -> bool {
        let (used, max_uses, last) = (key.counter.used, key.max_uses(), key.counter.last_at_ms);
        let last = last.map(Timestamp::from_unix_ms);
        self.id_contains.as_ref().is_none_or(|part| key.record.id.as_str().contains(part.as_str()))
            && self.max_uses_min.is_none_or(|min| max_uses >= min)
            && self.max_uses_max.is_none_or(|max| max_uses <= max)
            && self.used_min.is_none_or(|min| used >= min)
            && self.used_max.is_none_or(|max| used <= max)
            && self.last_used_since.is_none_or(|since| last.is_some_and(|last| last >= since))
            && self.last_used_before.is_none_or(|before| last.is_none_or(|last| last < before))
    }
}

/// See [`Authority::list_keys`](crate::authority::Authority::list_keys).
pub(super) fn list(
    ledger: &Ledger,
    filter: &KeyFilter,
    page: &PageRequest,
) -> Result<Page<KeyDetails>, Error> {
    let prefix = records::key_index_prefix(filter.group, filter.certificate, filter.order);
    let page = ledger
        .listing(prefix, filter.descending, page)?
        .run(|index| examine(ledger, index, filter))?;
    Ok(Page { items: details(ledger, page.items)?, next: page.next })
}

fn examine(
    ledger: &Ledger,
    index: &[Record],
    filter: &KeyFilter,
) -> Result<Vec<Examined<Stored<KeyRecord>>>, Error> {
    let ids = records::ids::<KeyId>(index)?;
    let (found, now) = (ledger.entities::<KeyRecord>(&ids)?, ledger.now());
    let part = filter.name_contains.as_deref().map(name::fold);
    let admits = |key: &Stored<KeyRecord>| {
        part.as_ref().is_none_or(|part| key.record.name.folded().contains(part))
            && filter.group.is_none_or(|group| key.record.group == group)
            && filter.certificate.is_none_or(|id| key.record.certificate == id)
            && filter.state.is_none_or(|state| key.state(now) == state)
            && filter.admits_uses(key)
    };
    Ok(found.into_iter().map(|key| Examined::or_skip(key.filter(&admits))).collect())
}
