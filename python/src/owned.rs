//! What belongs to the process that made it, until it is closed.

use std::fmt;
use std::mem;
use std::process;
use std::sync::{Mutex, MutexGuard, PoisonError};

/// Something with locks or connections. A process that was forked off has them in whatever state
/// they were in, and shares their files with its parent: it must not use them.
pub(crate) struct Owned<T> {
    process: u32,
    value: Mutex<Option<T>>,
}

/// Something was used as it must not be.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Misuse {
    /// In another process than the one that made it.
    UsedAfterFork,
    /// After it was closed.
    Closed,
    /// By a signer or an observer that an authority was calling.
    Reentrant,
    /// While another call was using it.
    InUse,
    /// For a private key that it does not hold.
    KeyElsewhere,
}

impl fmt::Display for Misuse {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::UsedAfterFork => {
                "this was opened before the process was forked: open it again in the new process"
            }
            Self::Closed => "this was closed",
            Self::Reentrant => "a signer or an observer called an authority",
            Self::InUse => "this is in use by another call",
            Self::KeyElsewhere => "the private key lives elsewhere",
        })
    }
}

impl Misuse {
    pub(crate) const fn code(self) -> &'static str {
        match self {
            Self::UsedAfterFork => "used_after_fork",
            Self::Closed => "used_after_close",
            Self::Reentrant => "reentrant_call",
            Self::InUse => "handle_in_use",
            Self::KeyElsewhere => "private_key_missing",
        }
    }
}

impl<T> Owned<T> {
    pub(crate) fn new(value: T) -> Self {
        Self { process: process::id(), value: Mutex::new(Some(value)) }
    }

    /// Looks at the value. `look` must be quick, and must not call Python.
    pub(crate) fn with<R>(&self, look: impl FnOnce(&mut T) -> R) -> Result<R, Misuse> {
        if self.is_forked() {
            return Err(Misuse::UsedAfterFork);
        }
        self.lock().as_mut().map(look).ok_or(Misuse::Closed)
    }

    /// Works with the value while nobody else has it. `work` may call Python: no lock is held
    /// meanwhile. Whoever comes along is refused.
    pub(crate) fn take_and<R>(&self, work: impl FnOnce(&mut T) -> R) -> Result<R, Misuse> {
        if self.is_forked() {
            return Err(Misuse::UsedAfterFork);
        }
        let value = self.lock().take().ok_or(Misuse::InUse)?;
        let mut taken = Taken { owned: self, value: Some(value) };
        taken.value.as_mut().map(work).ok_or(Misuse::InUse)
    }

    /// Lets the value go. What others hold of it lives on until they have finished.
    pub(crate) fn close(&self) {
        if !self.is_forked() {
            let value = self.lock().take();
            drop(value);
        }
    }

    fn is_forked(&self) -> bool {
        self.process != process::id()
    }

    fn lock(&self) -> MutexGuard<'_, Option<T>> {
        self.value.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// A value that is put back, whatever happens.
struct Taken<'a, T> {
    owned: &'a Owned<T>,
    value: Option<T>,
}

impl<T> Drop for Taken<'_, T> {
    fn drop(&mut self) {
        *self.owned.lock() = self.value.take();
    }
}

impl<T: Clone> Owned<T> {
    pub(crate) fn get(&self) -> Result<T, Misuse> {
        self.with(|value| value.clone())
    }
}

impl<T> Drop for Owned<T> {
    fn drop(&mut self) {
        // To close a connection would be to use it.
        if self.is_forked() {
            let value = self.value.get_mut().unwrap_or_else(PoisonError::into_inner);
            mem::forget(value.take());
        }
    }
}
