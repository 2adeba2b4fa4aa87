//! What is on its way to the caller.

use core::mem;

use crate::handle::{self, Handed};

/// What was handed out and has not reached the caller yet. It is freed unless it does.
pub(crate) struct Held<T: Handed>(*mut T);

impl<T: Handed> Held<T> {
    pub(crate) const fn new(handed: *mut T) -> Self {
        Self(handed)
    }

    /// For the caller.
    pub(crate) const fn release(self) -> *mut T {
        let handed = self.0;
        mem::forget(self);
        handed
    }
}

impl<T: Handed> Drop for Held<T> {
    fn drop(&mut self) {
        // SAFETY: nobody else has it.
        unsafe { handle::free(self.0) }
    }
}
