//! Listing provisioning keys: filters, sorting, pages.

use alloc::string::String;
use alloc::vec::Vec;

use super::error::Error;
use super::id::{CertificateId, GroupId};
use super::key_details::{KeyDetails, KeyState, StoredKey};
use super::page::{Examined, Page, PageRequest};
use super::records::{self, Order};
use super::{Authority, Inner, name};
use crate::key::KeyId;
use crate::store::Record;

/// Which provisioning keys to list, and in which order.
#[derive(Clone, Debug, Default)]
pub struct KeyFilter {
    /// Only those whose name contains this, letter case ignored.
    pub name_contains: Option<String>,
    /// Only those of this group.
    pub group: Option<GroupId>,
    /// Only those of this enrollment certificate.
    pub certificate: Option<CertificateId>,
    /// Only those in this state.
    pub state: Option<KeyState>,
    /// Sorted by what.
    pub order: KeyOrder,
    /// From the last to the first.
    pub descending: bool,
}

/// By what provisioning keys are sorted.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum KeyOrder {
    /// By name, letter case ignored.
    #[default]
    Name,
    /// By the moment of creation.
    Created,
}

impl Authority {
    /// Lists provisioning keys. A page examines a bounded number of keys: with a filter on name
    /// or state, or on both group and certificate, it may be short and yet have a cursor.
    ///
    /// # Errors
    /// `cursor_invalid`, and those of the store.
    pub fn list_keys(
        &self,
        filter: &KeyFilter,
        page: &PageRequest,
    ) -> Result<Page<KeyDetails>, Error> {
        let order = match filter.order {
            KeyOrder::Name => Order::Name,
            KeyOrder::Created => Order::Created,
        };
        let prefix = records::key_index_prefix(filter.group, filter.certificate, order);
        let page = self
            .inner
            .listing(prefix, filter.descending, page)?
            .run(|index| self.inner.examine_keys(index, filter))?;
        Ok(Page { items: self.inner.details(page.items)?, next: page.next })
    }
}

impl Inner {
    fn examine_keys(
        &self,
        index: &[Record],
        filter: &KeyFilter,
    ) -> Result<Vec<Examined<StoredKey>>, Error> {
        let ids = records::ids(index, |text| KeyId::parse(text).ok())?;
        let keys: Vec<_> =
            ids.iter().flat_map(|id| [records::key(*id), records::key_uses(*id)]).collect();
        let (found, now) = (self.store.get(&keys)?, self.clock.now());
        let part = filter.name_contains.as_deref().map(name::fold);
        let admits = |key: &StoredKey| {
            part.as_ref().is_none_or(|part| key.record.name.folded().contains(part))
                && filter.group.is_none_or(|group| key.record.group == group)
                && filter.certificate.is_none_or(|id| key.record.certificate == id)
                && filter.state.is_none_or(|state| key.state(now) == state)
        };
        found
            .chunks(2)
            .map(|pair| Ok(Examined::or_skip(StoredKey::read(pair)?.filter(|key| admits(key)))))
            .collect()
    }
}
