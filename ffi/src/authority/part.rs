//! What is part of something else, and freed with that: the items of a page.

use crate::handle::{self, Block, Handed, provkey_header};

/// Set in the kind of a part, so that a part which is freed by itself is left alone.
const PART: u32 = 0x8000_0000;

/// The header of a part.
pub(crate) const fn header<T: Handed>() -> provkey_header {
    provkey_header { kind: T::KIND | PART, ..handle::header::<T>() }
}

/// Something that is freed with what it is a part of.
pub(crate) struct Part<T: Handed>(*mut Block<T>);

impl<T: Handed> Part<T> {
    /// `head` has the header of a part.
    pub(crate) fn new(head: T::Head, kept: T::Kept) -> Self {
        Self(Box::into_raw(Block::new(head, kept)))
    }

    pub(crate) const fn as_pointer(&self) -> *const T {
        self.0.cast_const().cast()
    }
}

impl<T: Handed> Drop for Part<T> {
    fn drop(&mut self) {
        // SAFETY: it came from a box, and nobody else frees parts.
        drop(unsafe { Box::from_raw(self.0) });
    }
}
