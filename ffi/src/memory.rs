//! What happens when memory runs out.
//!
//! Rust's standard library ends the process then. It can be told to unwind instead, to the funnel of
//! the call, which answers `out_of_memory`; on a stable compiler only if that is told to allow it
//! (`RUSTC_BOOTSTRAP=provkey`, as `make install` does). See `build.rs`.
//!
//! Unwinding itself needs about a hundred bytes. If not even those can be had the process ends.

use core::any::Any;
#[cfg(alloc_error_hook)]
use core::cell::Cell;

/// What is thrown when memory runs out. It takes none itself.
struct OutOfMemory;

#[cfg(alloc_error_hook)]
thread_local! {
    /// Whether this thread unwinds already: what fails then is unwinding itself.
    static UNWINDS: Cell<bool> = const { Cell::new(false) };
}

/// From now on a call unwinds when memory runs out.
#[cfg(alloc_error_hook)]
pub(crate) fn unwind_when_it_runs_out() {
    UNWINDS.set(false);
    // If the hook returns, the standard library ends the process.
    std::alloc::set_alloc_error_hook(|_| {
        if !UNWINDS.replace(true) {
            std::panic::resume_unwind(Box::new(OutOfMemory));
        }
    });
}

/// The standard library ends the process when memory runs out.
#[cfg(not(alloc_error_hook))]
pub(crate) const fn unwind_when_it_runs_out() {}

/// Whether that is what was thrown.
pub(crate) fn ran_out(payload: &(dyn Any + Send)) -> bool {
    #[cfg(alloc_error_hook)]
    UNWINDS.set(false);
    payload.is::<OutOfMemory>()
}
