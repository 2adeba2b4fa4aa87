//! Pages of listings, and how their items are handed out.

use core::ffi::c_char;

use provkey::authority::{Cursor, Page, PageRequest};
use provkey::time::Timestamp;

use super::page_item::{self, PageItem};
use crate::argument::{optional_structure, plain};
use crate::backing::Backing;
use crate::failure::Failure;
use crate::handle::{self, Handle, provkey_header};
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

/// A record that C sees for a `T` of the library.
pub(crate) trait Describe<T>: Handle<Head = Self, Value = Backing> {
    /// Makes the record; `backing` holds what its pointers point to.
    fn describe(header: provkey_header, value: &T, backing: &mut Backing) -> Self;
}

/// Hands out the record for a value.
pub(crate) fn hand_out<R: Describe<T>, T>(value: &T) -> *mut R {
    let mut backing = Backing::default();
    let record = R::describe(handle::header::<R>(), value, &mut backing);
    handle::hand_out_record(record, backing)
}

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
                Self { header: Self::HEADER, items, items_len, next }
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
pub(crate) fn hand_out_page<P, T>(page: &Page<T>) -> *mut P
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
///
/// # Safety
/// The rules of the header.
pub(crate) unsafe fn page_request(
    page: *const provkey_page_request,
) -> Result<PageRequest, Failure> {
    let mut request = PageRequest::default();
    // SAFETY: as the caller says.
    if let Some(page) = unsafe { optional_structure(page, "page") }? {
        if page.limit != 0 {
            request.limit = page.limit;
        }
        // SAFETY: likewise.
        request.after = unsafe { optional_text(page.after, "after") }?.map(Cursor::new);
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
