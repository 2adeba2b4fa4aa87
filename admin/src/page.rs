//! Pages of listings.

use provkey::authority::{self, Cursor, PageRequest};
use serde::{Deserialize, Serialize};

/// A page of a listing.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct Page<T> {
    /// The entries, in the order of the listing.
    pub items: Vec<T>,
    /// The cursor for `after` of the next page; null: this is the last page. A page may be short,
    /// or empty, and not be the last.
    pub next: Option<String>,
}

impl<T> Page<T> {
    /// The page without entries, which is the last.
    pub(crate) const fn empty() -> Self {
        Self { items: Vec::new(), next: None }
    }
}

impl<T, Item: Into<T>> From<authority::Page<Item>> for Page<T> {
    fn from(page: authority::Page<Item>) -> Self {
        let next = page.next.map(|next| next.as_str().to_owned());
        Self { items: page.items.into_iter().map(Into::into).collect(), next }
    }
}

/// The page of a listing without filters.
#[derive(Clone, Debug, Default, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
#[cfg_attr(
    feature = "openapi",
    derive(utoipa::IntoParams),
    into_params(parameter_in = Query)
)]
pub struct PageQuery {
    /// How many entries at most: 1 to 1000, by default 50.
    #[cfg_attr(feature = "openapi", param(minimum = 1, maximum = 1000))]
    pub limit: Option<u16>,
    /// Where the page before ended: its `next`.
    pub after: Option<String>,
}

impl PageQuery {
    pub(crate) fn page(&self) -> PageRequest {
        request(self.limit, self.after.as_ref())
    }
}

/// The page that a query requests.
pub(crate) fn request(limit: Option<u16>, after: Option<&String>) -> PageRequest {
    let limit = limit.map_or(PageRequest::default().limit, usize::from);
    PageRequest { limit, after: after.map(Cursor::new) }
}
