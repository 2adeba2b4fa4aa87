//! User data and callbacks that the application passes in.

use core::ffi::c_void;
use core::sync::atomic::{AtomicBool, Ordering};

use crate::failure::Failure;
use crate::status::PROVKEY_STATUS_CALLBACK_MISSING;

/// The pointer that callbacks are called with, and the function that frees what it points to.
pub(crate) struct UserData {
    pointer: *mut c_void,
    destroy: Option<unsafe extern "C" fn(*mut c_void)>,
    /// Whether the library owns it: only once the call that passed it has succeeded.
    owned: AtomicBool,
}

// SAFETY: the header says that callbacks run on any thread and concurrently, so that user data must
// be safe to use from several threads.
unsafe impl Send for UserData {}
// SAFETY: likewise.
unsafe impl Sync for UserData {}

impl UserData {
    pub(crate) const fn new(
        pointer: *mut c_void,
        destroy: Option<unsafe extern "C" fn(*mut c_void)>,
    ) -> Self {
        Self { pointer, destroy, owned: AtomicBool::new(false) }
    }

    pub(crate) const fn pointer(&self) -> *mut c_void {
        self.pointer
    }

    /// Makes the library the owner: `destroy` is called when this is dropped. It comes last in a
    /// call, after everything that can fail, allocation included.
    pub(crate) fn take(&self) {
        self.owned.store(true, Ordering::Release);
    }
}

impl Drop for UserData {
    fn drop(&mut self) {
        if let (Some(destroy), true) = (self.destroy, *self.owned.get_mut()) {
            // SAFETY: the header says that `destroy` is called once, after the last callback.
            unsafe { destroy(self.pointer) };
        }
    }
}

/// A callback that must not be NULL.
pub(crate) fn required<F>(callback: Option<F>, name: &'static str) -> Result<F, Failure> {
    callback.ok_or_else(|| Failure::argument(PROVKEY_STATUS_CALLBACK_MISSING, name, "is NULL"))
}
