//! User data and callbacks that the application passes in.

use core::ffi::c_void;
use core::sync::atomic::{AtomicBool, Ordering};
use std::sync::Arc;

use crate::failure::Failure;
use crate::handle::{self, Handle, provkey_header};
use crate::status::PROVKEY_STATUS_CALLBACK_MISSING;

/// Frees what user data points to.
type Destroy = unsafe extern "C" fn(*mut c_void);

/// The pointer that callbacks are called with, and the function that frees what it points to.
pub(crate) struct UserData {
    pointer: *mut c_void,
    destroy: Option<Destroy>,
    /// Whether the library owns it: only once the call that passed it has succeeded.
    owned: Arc<AtomicBool>,
}

// SAFETY: the header says that callbacks run on any thread and concurrently, so that user data must
// be safe to use from several threads.
unsafe impl Send for UserData {}
// SAFETY: likewise.
unsafe impl Sync for UserData {}

impl UserData {
    pub(crate) const fn pointer(&self) -> *mut c_void {
        self.pointer
    }
}

impl Drop for UserData {
    fn drop(&mut self) {
        if let (Some(destroy), true) = (self.destroy, self.owned.load(Ordering::Acquire)) {
            // SAFETY: the header says that `destroy` is called once, after the last callback.
            unsafe { destroy(self.pointer) };
        }
    }
}

/// Hands out an object that is made from callbacks. Only then does the library own their user data,
/// because everything before can fail, allocation included.
pub(crate) fn hand_out<T: Handle<Head = provkey_header>>(
    pointer: *mut c_void,
    destroy: Option<Destroy>,
    make: impl FnOnce(UserData) -> T::Value,
) -> *mut T {
    let owned = Arc::new(AtomicBool::new(false));
    let value = make(UserData { pointer, destroy, owned: Arc::clone(&owned) });
    let handed = handle::hand_out(value);
    owned.store(true, Ordering::Release);
    handed
}

/// A callback that must not be NULL.
pub(crate) fn required<F>(callback: Option<F>, name: &'static str) -> Result<F, Failure> {
    callback.ok_or_else(|| Failure::argument(PROVKEY_STATUS_CALLBACK_MISSING, name, "is NULL"))
}
