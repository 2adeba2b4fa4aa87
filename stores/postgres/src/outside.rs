//! Calls that an asynchronous host makes.

use std::panic::resume_unwind;
use std::thread;

use tokio::runtime::Handle;

/// Does blocking work where it may block. The client of PostgreSQL runs a small runtime of its own
/// on the calling thread, which panics on a thread that drives another runtime; so what comes from
/// within a runtime is done on a thread beside it, which takes some 20 µs to start. Whether the
/// caller is on the blocking pool, where it could stay, cannot be asked.
pub(crate) fn outside_of_runtimes<T: Send>(work: impl FnOnce() -> T + Send) -> T {
    if Handle::try_current().is_err() {
        return work();
    }
    let done = thread::scope(|scope| scope.spawn(work).join());
    done.unwrap_or_else(|panic| resume_unwind(panic))
}
