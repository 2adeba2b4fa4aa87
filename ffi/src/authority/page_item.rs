//! The items of a page, which are freed with the page.

use crate::handle::{self, Block, Handle, provkey_header};

/// A bit in the kind of a page item: freeing an item by itself does nothing.
const PAGE_ITEM: u32 = 0x8000_0000;

/// The header of a page item.
pub(crate) const fn header<T: Handle>() -> provkey_header {
    provkey_header { kind: T::KIND | PAGE_ITEM, ..handle::header::<T>() }
}

/// A record that is freed with its page.
pub(crate) struct PageItem<T: Handle>(*mut Block<T>);

impl<T: Handle> PageItem<T> {
    /// `head` has the [`header`] of a page item.
    pub(crate) fn new(head: T::Head, backing: T::Value) -> Self {
        Self(Box::into_raw(Block::new(head, backing)))
    }

    pub(crate) const fn as_pointer(&self) -> *const T {
        self.0.cast_const().cast()
    }
}

impl<T: Handle> Drop for PageItem<T> {
    fn drop(&mut self) {
        // SAFETY: it came from a box, and `handle::free` ignores page items.
        drop(unsafe { Box::from_raw(self.0) });
    }
}
