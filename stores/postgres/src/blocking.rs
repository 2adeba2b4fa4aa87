//! Blocking calls, also from an asynchronous application.

use std::panic::resume_unwind;
use std::thread;

use tokio::runtime::Handle;

/// Runs work that blocks. The client of PostgreSQL starts a small runtime on the calling thread,
/// which panics on a thread that drives another runtime. So a call from within a runtime runs on a
/// new thread, which takes some 20 µs to start. A thread of the runtime's blocking pool would not
/// need that, but cannot be distinguished from one that drives the runtime.
pub(crate) fn run_blocking<T: Send>(work: impl FnOnce() -> T + Send) -> T {
    if Handle::try_current().is_err() {
        return work();
    }
    let done = thread::scope(|scope| scope.spawn(work).join());
    done.unwrap_or_else(|panic| resume_unwind(panic))
}
