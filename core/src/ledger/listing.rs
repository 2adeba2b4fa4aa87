//! Listings, a page at a time.

use alloc::string::String;
use alloc::vec::Vec;
use core::fmt;

use base64ct::{Base64UrlUnpadded, Encoding};
use serde::{Deserialize, Serialize};

use super::Ledger;
use crate::ledger::error::{Error, InputError, RejectedInput};
use crate::limits::{PAGE_ENTRIES_MAX, PAGE_EXAMINED_MAX, SCAN_RECORDS_MAX};
use crate::store::{Record, RecordKey, ScanRange};

/// Which page of a listing.
///
/// ```
/// use provkey::authority::PageRequest;
/// use provkey::testing::TestAuthority;
///
/// let test = TestAuthority::new();
/// test.authority.create_group(&"Warehouses".parse()?)?;
///
/// let first = test.authority.list_groups(&PageRequest::new(1))?;
/// assert_eq!(first.items[0].name.as_str(), "Branch offices");
/// let second = test.authority.list_groups(&PageRequest::new(1).after(first.next))?;
/// assert_eq!(second.items[0].name.as_str(), "Warehouses");
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
#[derive(Clone, Debug)]
pub struct PageRequest {
    /// How many entries at most: 1 to 1000.
    pub limit: usize,
    /// The [`Page::next`] of the page before. `None`: the first page.
    pub after: Option<Cursor>,
}

impl PageRequest {
    /// The first page, of at most `limit` entries.
    pub const fn new(limit: usize) -> Self {
        Self { limit, after: None }
    }

    /// The page after the one that ended here. `None`: the first page.
    #[must_use]
    pub fn after(mut self, cursor: impl Into<Option<Cursor>>) -> Self {
        self.after = cursor.into();
        self
    }
}

impl Default for PageRequest {
    /// The first 50 entries.
    fn default() -> Self {
        Self { limit: 50, after: None }
    }
}

/// A page of a listing.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Page<T> {
    /// The entries, in the order of the listing.
    pub items: Vec<T>,
    /// Where the next page begins. `None`: this is the last page. A page can have fewer entries
    /// than the limit, even none, and still have a next one.
    pub next: Option<Cursor>,
}

/// All entries of a listing, which is asked for a page whenever the last one is used up. Ends
/// after an error.
pub(crate) fn entries<T>(
    mut list: impl FnMut(&PageRequest) -> Result<Page<T>, Error>,
) -> impl Iterator<Item = Result<T, Error>> {
    let mut next = Some(PageRequest::new(PAGE_ENTRIES_MAX));
    let pages = core::iter::from_fn(move || {
        let request = next.take()?;
        Some(list(&request).map(|page| {
            next = page.next.map(|cursor| request.after(cursor));
            page.items
        }))
    });
    pages.flat_map(|page| match page {
        Ok(items) => items.into_iter().map(Ok).collect(),
        Err(error) => alloc::vec![Err(error)],
    })
}

/// A position in a listing: an opaque text, valid for the same listing only.
#[derive(Clone, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(transparent)]
pub struct Cursor(String);

impl Cursor {
    /// The cursor of a text that [`Cursor::as_str`] returned.
    pub fn new(text: impl Into<String>) -> Self {
        Self(text.into())
    }

    /// The text.
    pub fn as_str(&self) -> &str {
        &self.0
    }

    fn at(key: &RecordKey) -> Self {
        Self(Base64UrlUnpadded::encode_string(key.as_bytes()))
    }

    fn record_key(&self, prefix: &[u8]) -> Result<RecordKey, RejectedInput> {
        Base64UrlUnpadded::decode_vec(&self.0)
            .ok()
            .filter(|bytes| bytes.starts_with(prefix))
            .and_then(RecordKey::new)
            .ok_or_else(|| InputError::CursorInvalid.about(self))
    }
}

impl fmt::Display for Cursor {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(&self.0)
    }
}

impl From<String> for Cursor {
    fn from(text: String) -> Self {
        Self(text)
    }
}

impl From<&str> for Cursor {
    fn from(text: &str) -> Self {
        Self(text.into())
    }
}

/// Whether a record is an entry of a listing.
pub(crate) enum Examined<T> {
    /// It is an entry.
    Item(T),
    /// It is not.
    Skip,
    /// It is not, and no record beyond it is.
    End,
}

impl<T> Examined<T> {
    /// An entry, if there is one.
    pub(crate) fn or_skip(item: Option<T>) -> Self {
        item.map_or(Self::Skip, Self::Item)
    }
}

/// A walk over the records of a range.
pub(crate) struct Listing<'a> {
    ledger: &'a Ledger,
    range: ScanRange,
    limit: usize,
}

impl Ledger {
    /// A walk over the records that begin with `prefix`.
    pub(crate) fn listing(
        &self,
        prefix: String,
        reverse: bool,
        page: &PageRequest,
    ) -> Result<Listing<'_>, Error> {
        let prefix = prefix.into_bytes();
        let after = page.after.as_ref().map(|cursor| cursor.record_key(&prefix)).transpose()?;
        let limit = page.limit.clamp(1, PAGE_ENTRIES_MAX);
        Ok(Listing { ledger: self, range: ScanRange { prefix, after, reverse }, limit })
    }
}

impl Listing<'_> {
    /// Begins beyond a record key instead of at the beginning.
    pub(crate) fn begin_after(&mut self, key: RecordKey) {
        self.range.after = Some(key);
    }

    /// Walks until the page is full, the range ends or enough records have been examined.
    /// `examine` answers for each record in turn.
    pub(crate) fn run<T>(
        mut self,
        mut examine: impl FnMut(&[Record]) -> Result<Vec<Examined<T>>, Error>,
    ) -> Result<Page<T>, Error> {
        let mut items = Vec::new();
        let mut examined = 0;
        // One more than the page holds, to know whether it is the last.
        let mut chunk = self.limit + 1;
        loop {
            let records = self.ledger.store.scan(&self.range, chunk)?;
            for (record, answer) in records.iter().zip(examine(&records)?) {
                match answer {
                    Examined::Item(_) if items.len() == self.limit => {
                        return Ok(Page { items, next: self.range.after.as_ref().map(Cursor::at) });
                    }
                    Examined::Item(item) => items.push(item),
                    Examined::Skip => {}
                    Examined::End => return Ok(Page { items, next: None }),
                }
                self.range.after = Some(record.key.clone());
            }
            examined += records.len();
            if records.len() < chunk {
                return Ok(Page { items, next: None });
            }
            if examined >= PAGE_EXAMINED_MAX {
                return Ok(Page { items, next: self.range.after.as_ref().map(Cursor::at) });
            }
            chunk = (chunk * 2).min(SCAN_RECORDS_MAX);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn entries_are_all_entries_of_all_pages_and_end_after_an_error() {
        let mut asked = Vec::new();
        let mut found = entries(|page| {
            asked.push(page.after.clone());
            match asked.len() {
                1 => Ok(Page { items: alloc::vec![1, 2], next: Some("a".into()) }),
                2 => Ok(Page { items: Vec::new(), next: Some("b".into()) }),
                3 => Ok(Page { items: alloc::vec![3], next: Some("c".into()) }),
                _ => Err(Error::Contended),
            }
        });
        let first: Vec<_> = found.by_ref().take(3).map(Result::unwrap).collect();
        assert_eq!(first, [1, 2, 3]);
        assert_eq!(found.next().unwrap().unwrap_err().code(), "store_busy");
        assert!(found.next().is_none());
        drop(found);
        assert_eq!(asked, [None, Some("a".into()), Some("b".into()), Some("c".into())]);
    }
}
