//! Pages of listings.

use provkey::authority::{Cursor, Page, PageRequest};
use pyo3::prelude::*;
use pyo3::types::PyTuple;

use crate::objects::new_object;

/// The request for a page of at most `limit` entries after a cursor.
pub(crate) fn request(limit: usize, after: Option<String>) -> PageRequest {
    PageRequest { limit, after: after.map(Cursor::new) }
}

/// A page as a `provkey.Page`.
pub(crate) fn to_python<'py, T>(
    py: Python<'py>,
    page: Page<T>,
    one: impl Fn(Python<'py>, T) -> PyResult<Bound<'py, PyAny>>,
) -> PyResult<Bound<'py, PyAny>> {
    let items = page.items.into_iter().map(|item| one(py, item)).collect::<PyResult<Vec<_>>>()?;
    let next = page.next.as_ref().map(Cursor::as_str);
    new_object!(py, records.Page { items: PyTuple::new(py, items)?, next: next })
}
