//! What happens when memory runs out.
//!
//! Rust's standard library ends the process then. It can be told to unwind instead, to the funnel of
//! the call, which answers `out_of_memory`; on a stable compiler only if that is told to allow it
//! (`RUSTC_BOOTSTRAP=provkey`, as `make install` does). See `build.rs`.

use core::any::Any;

/// What is thrown when memory runs out. It takes none itself.
struct OutOfMemory;

/// From now on a call unwinds when memory runs out.
#[cfg(alloc_error_hook)]
pub(crate) fn unwind_when_it_runs_out() {
    std::alloc::set_alloc_error_hook(|_| std::panic::resume_unwind(Box::new(OutOfMemory)));
}

/// The standard library ends the process when memory runs out.
#[cfg(not(alloc_error_hook))]
pub(crate) const fn unwind_when_it_runs_out() {}

/// Whether that is what was thrown.
pub(crate) fn ran_out(payload: &(dyn Any + Send)) -> bool {
    payload.is::<OutOfMemory>()
}
