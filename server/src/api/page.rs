//! Listings, a page at a time.

use provkey::authority::{Cursor, Page, PageRequest};
use serde::Serialize;
use utoipa::ToSchema;

/// A page of a listing.
#[derive(Serialize, ToSchema)]
pub(super) struct PageView<T: ToSchema> {
    /// The entries, in the order of the listing.
    pub(super) items: Vec<T>,
    /// Goes into `after` for the next page; null: this was the last. A page may be short, or empty,
    /// and yet have one.
    pub(super) next: Option<String>,
}

impl<T: ToSchema> PageView<T> {
    pub(super) fn of<Item>(page: Page<Item>, view: impl FnMut(Item) -> T) -> Self {
        let next = page.next.map(|next| next.as_str().to_owned());
        Self { items: page.items.into_iter().map(view).collect(), next }
    }
}

/// The page that a query asks for.
pub(super) fn request(limit: Option<u16>, after: Option<&String>) -> PageRequest {
    let limit = limit.map_or(PageRequest::default().limit, usize::from);
    PageRequest { limit, after: after.map(Cursor::new) }
}
