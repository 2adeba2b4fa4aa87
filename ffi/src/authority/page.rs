//! Pages of listings, and how their items are handed out.

use core::ffi::c_char;

use provkey::authority::{Cursor, Page, PageRequest};
use provkey::time::Timestamp;

use super::page_item::{self, PageItem};
use crate::argument::{optional_structure, plain};
use crate::backing::Backing;
use crate::failure::Failure;
use crate::handle::{self, Handle};
use crate::record::Describe;
use crate::text::optional_text;

/// Which page of a listing to return. NULL: the first, of 50 entries.
#[repr(C)]
#[derive(Clone, Copy)]
pub struct provkey_page_request {
    /// `sizeof(provkey_page_request)`.
    pub struct_size: usize,
    /// The maximum number of entries: 1 to 1000; 0: 50.
    pub limit: usize,
    /// The `next` of the previous page. NULL: the first page.
    pub after: *const c_char,
}

plain!(provkey_page_request);

/// A page of a listing, as C sees it.
pub(crate) trait PageRecord: Handle<Head = Self, Value = PageBacking<Self::Item>> {
    /// The record of one item.
    type Item: Handle;

    /// Makes the page from its items and the cursor of the next one.
    fn new(items: &[*const Self::Item], next: *const c_char) -> Self;
}

/// Declares a page: a record with the fields `items`, `items_len` and `next`.
macro_rules! page {
    ($page:ident, $kind:literal, $item:ident) => {
        $crate::handle::record!($page, $kind, $crate::authority::page::PageBacking<$item>);
        impl $crate::authority::page::PageRecord for $page {
            type Item = $item;

            fn new(items: &[*const $item], next: *const core::ffi::c_char) -> Self {
                let (items, items_len) = (items.as_ptr(), items.len());
                Self { header: $crate::handle::header::<Self>(), items, items_len, next }
            }
        }
    };
}
pub(crate) use page;

/// The memory that the pointers of a page point to.
pub(crate) struct PageBacking<R: Handle> {
    _items: Vec<PageItem<R>>,
    _pointers: Box<[*const R]>,
    _texts: Backing,
}

/// Hands out a page of a listing.
pub(crate) fn hand_out<P, T>(page: &Page<T>) -> *mut P
where
    P: PageRecord,
    P::Item: Describe<T>,
{
    let items: Vec<_> = page.items.iter().map(to_item).collect();
    let pointers: Box<[_]> = items.iter().map(PageItem::as_pointer).collect();
    let mut texts = Backing::default();
    let next = texts.optional_text(page.next.as_ref().map(Cursor::as_str));
    let record = P::new(&pointers, next);
    let backing = PageBacking { _items: items, _pointers: pointers, _texts: texts };
    handle::hand_out_record(record, backing)
}

fn to_item<R: Describe<T>, T>(value: &T) -> PageItem<R> {
    let mut backing = Backing::default();
    let record = R::describe(page_item::header::<R>(), value, &mut backing);
    PageItem::new(record, backing)
}

/// The page request behind an argument.
pub(crate) unsafe fn page_request(
    page: *const provkey_page_request,
) -> Result<PageRequest, Failure> {
    let mut request = PageRequest::default();
    if let Some(page) = optional_structure(page, "page")? {
        if page.limit != 0 {
            request.limit = page.limit;
        }
        request.after = optional_text(page.after, "after")?.map(Cursor::new);
    }
    Ok(request)
}

/// The moment of a number; `None` for 0.
pub(crate) fn moment(unix_ms: u64) -> Option<Timestamp> {
    (unix_ms != 0).then(|| Timestamp::from_unix_ms(unix_ms))
}

/// The number of a moment; 0 for `None`.
pub(crate) fn number(moment: Option<Timestamp>) -> u64 {
    moment.map_or(0, Timestamp::unix_ms)
}
