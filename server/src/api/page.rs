//! Pages of listings.

use provkey::authority::{Cursor, Page, PageRequest};
use serde::{Deserialize, Serialize};
use utoipa::{IntoParams, ToSchema};

/// A page of a listing.
#[derive(Serialize, ToSchema)]
pub(super) struct PageView<T: ToSchema> {
    /// The entries, in the order of the listing.
    pub(super) items: Vec<T>,
    /// The cursor for `after` of the next page; null: this is the last page. A page may be short,
    /// or empty, and not be the last.
    pub(super) next: Option<String>,
}

impl<T: ToSchema> PageView<T> {
    pub(super) fn of<Item>(page: Page<Item>, view: impl FnMut(Item) -> T) -> Self {
        let next = page.next.map(|next| next.as_str().to_owned());
        Self { items: page.items.into_iter().map(view).collect(), next }
    }
}

/// The page of a listing without filters.
#[derive(Deserialize, IntoParams)]
#[serde(deny_unknown_fields)]
#[into_params(parameter_in = Query)]
pub(super) struct PageQuery {
    /// How many entries at most: 1 to 1000, by default 50.
    #[param(minimum = 1, maximum = 1000)]
    limit: Option<u16>,
    /// Where the page before ended: its `next`.
    after: Option<String>,
}

impl PageQuery {
    pub(super) fn page(&self) -> PageRequest {
        request(self.limit, self.after.as_ref())
    }
}

/// The page that a query requests.
pub(super) fn request(limit: Option<u16>, after: Option<&String>) -> PageRequest {
    let limit = limit.map_or(PageRequest::default().limit, usize::from);
    PageRequest { limit, after: after.map(Cursor::new) }
}
