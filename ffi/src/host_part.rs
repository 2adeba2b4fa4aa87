//! What the parts that a host brings itself have in common.

use core::ffi::c_void;
use core::sync::atomic::{AtomicBool, Ordering};

use crate::error::Failure;
use crate::status::PROVKEY_STATUS_CALLBACK_MISSING;

/// What a host gives along with its callbacks, and how it is told that they are not called any
/// more.
pub(crate) struct UserData {
    pointer: *mut c_void,
    destroy: Option<unsafe extern "C" fn(*mut c_void)>,
    /// Whether it belongs to the library: only once the call that brought it has succeeded.
    taken: AtomicBool,
}

// SAFETY: the header says that callbacks are called on any thread, at the same time too, with
// user data that bears it.
unsafe impl Send for UserData {}
// SAFETY: likewise.
unsafe impl Sync for UserData {}

impl UserData {
    pub(crate) const fn new(
        pointer: *mut c_void,
        destroy: Option<unsafe extern "C" fn(*mut c_void)>,
    ) -> Self {
        Self { pointer, destroy, taken: AtomicBool::new(false) }
    }

    pub(crate) const fn pointer(&self) -> *mut c_void {
        self.pointer
    }

    /// From now on it belongs to the library, and is destroyed with this. Comes last in the call that
    /// brought it: nothing may fail afterwards, and memory may run out.
    pub(crate) fn take(&self) {
        self.taken.store(true, Ordering::Release);
    }
}

impl Drop for UserData {
    fn drop(&mut self) {
        if let (Some(destroy), true) = (self.destroy, *self.taken.get_mut()) {
            // SAFETY: the header says what it has to bear, and this is the last that it hears.
            unsafe { destroy(self.pointer) };
        }
    }
}

/// A callback that must be there.
pub(crate) fn required<F>(callback: Option<F>, name: &'static str) -> Result<F, Failure> {
    callback.ok_or_else(|| Failure::argument(PROVKEY_STATUS_CALLBACK_MISSING, name, "is NULL"))
}
