//! What happens when memory runs out.
//!
//! By default Rust's standard library ends the process. With a hook it unwinds to the funnel of the
//! call instead, which returns `out_of_memory`. A stable compiler allows the hook only under
//! `RUSTC_BOOTSTRAP=provkey`, as `make install` sets it: see `build.rs`.
//!
//! Unwinding itself allocates about a hundred bytes. If that fails, too, the process ends.

use core::any::Any;
#[cfg(alloc_error_hook)]
use core::cell::Cell;

/// The payload of the unwinding. It has no size, so it needs no memory.
struct OutOfMemory;

#[cfg(alloc_error_hook)]
thread_local! {
    /// Whether this thread is unwinding: a further failure is one of unwinding itself.
    static UNWINDS: Cell<bool> = const { Cell::new(false) };
}

/// From now on running out of memory unwinds.
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

/// Without the hook the standard library ends the process.
#[cfg(not(alloc_error_hook))]
pub(crate) const fn unwind_when_it_runs_out() {}

/// Whether a panic was caused by running out of memory.
pub(crate) fn ran_out(payload: &(dyn Any + Send)) -> bool {
    #[cfg(alloc_error_hook)]
    UNWINDS.set(false);
    payload.is::<OutOfMemory>()
}
