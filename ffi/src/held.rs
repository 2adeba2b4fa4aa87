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

#[cfg(test)]
mod tests {
    use std::sync::Arc;

    use super::*;
    use crate::handle::{hand_out, opaque};

    struct Opaque;
    opaque!(Opaque, 0x706b_fff2, Arc<()>);

    #[test]
    fn what_is_held_is_freed_unless_it_is_released() {
        let kept = Arc::new(());
        let held = Held::<Opaque>::new(hand_out(Arc::clone(&kept)));
        assert_eq!(Arc::strong_count(&kept), 2);
        drop(held);
        assert_eq!(Arc::strong_count(&kept), 1);
        let released = Held::<Opaque>::new(hand_out(Arc::clone(&kept))).release();
        assert_eq!(Arc::strong_count(&kept), 2);
        // SAFETY: it is ours now.
        unsafe { handle::free(released) };
    }
}
