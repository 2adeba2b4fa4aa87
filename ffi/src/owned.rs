//! Handles that the caller does not own yet.

use core::mem;

use crate::handle::{self, Handle};

/// A handle that the library still owns: dropping it frees it, `release` gives it to the caller.
pub(crate) struct Owned<T: Handle>(*mut T);

impl<T: Handle> Owned<T> {
    pub(crate) const fn new(handed: *mut T) -> Self {
        Self(handed)
    }

    /// Gives the handle to the caller, who frees it.
    pub(crate) const fn release(self) -> *mut T {
        let handle = self.0;
        mem::forget(self);
        handle
    }
}

impl<T: Handle> Drop for Owned<T> {
    fn drop(&mut self) {
        // SAFETY: the library is its only owner.
        unsafe { handle::free(self.0) }
    }
}

#[cfg(test)]
mod tests {
    use std::sync::Arc;

    use super::*;
    use crate::handle::{hand_out, opaque};

    struct Opaque;
    opaque!(Opaque, 0x706b_fff2, Arc<()>);

    #[test]
    fn an_owned_handle_is_freed_unless_it_is_released() {
        let value = Arc::new(());
        let owned = Owned::<Opaque>::new(hand_out(Arc::clone(&value)));
        assert_eq!(Arc::strong_count(&value), 2);
        drop(owned);
        assert_eq!(Arc::strong_count(&value), 1);
        let released = Owned::<Opaque>::new(hand_out(Arc::clone(&value))).release();
        assert_eq!(Arc::strong_count(&value), 2);
        // SAFETY: it was released to this test.
        unsafe { handle::free(released) };
    }
}
