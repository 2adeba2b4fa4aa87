//! What belongs to the process that made it, until it is closed.

use std::fmt;
use std::sync::{Mutex, MutexGuard, PoisonError};

use provkey::process::{self, UsedAfterFork};

/// Something with locks or connections, until it is closed. A forked child is refused.
pub(crate) struct Owned<T>(process::Owned<Mutex<Option<T>>>);

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
            Self::UsedAfterFork => return UsedAfterFork.fmt(f),
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
            Self::UsedAfterFork => UsedAfterFork.code(),
            Self::Closed => "used_after_close",
            Self::Reentrant => "reentrant_call",
            Self::InUse => "handle_in_use",
            Self::KeyElsewhere => "private_key_missing",
        }
    }
}

impl From<UsedAfterFork> for Misuse {
    fn from(_: UsedAfterFork) -> Self {
        Self::UsedAfterFork
    }
}

impl<T> Owned<T> {
    pub(crate) fn new(value: T) -> Self {
        Self(process::Owned::new(Mutex::new(Some(value))))
    }

    /// Looks at the value. `look` must be quick, and must not call Python.
    pub(crate) fn with<R>(&self, look: impl FnOnce(&mut T) -> R) -> Result<R, Misuse> {
        self.lock()?.as_mut().map(look).ok_or(Misuse::Closed)
    }

    /// Works with the value while nobody else has it. `work` may call Python: no lock is held
    /// meanwhile. Whoever comes along is refused.
    pub(crate) fn take_and<R>(&self, work: impl FnOnce(&mut T) -> R) -> Result<R, Misuse> {
        let value = self.lock()?.take().ok_or(Misuse::InUse)?;
        let mut taken = Taken { owned: self, value: Some(value) };
        taken.value.as_mut().map(work).ok_or(Misuse::InUse)
    }

    /// Lets the value go. What others hold of it lives on until they have finished.
    pub(crate) fn close(&self) {
        let value = self.lock().map(|mut value| value.take());
        drop(value);
    }

    fn lock(&self) -> Result<MutexGuard<'_, Option<T>>, UsedAfterFork> {
        Ok(self.0.get()?.lock().unwrap_or_else(PoisonError::into_inner))
    }
}

/// A value that is put back, whatever happens.
struct Taken<'a, T> {
    owned: &'a Owned<T>,
    value: Option<T>,
}

impl<T> Drop for Taken<'_, T> {
    fn drop(&mut self) {
        // The process cannot have changed since the value was taken, unless the work forked: then
        // the child has nothing to put back.
        if let Ok(mut value) = self.owned.lock() {
            *value = self.value.take();
        }
    }
}

impl<T: Clone> Owned<T> {
    pub(crate) fn get(&self) -> Result<T, Misuse> {
        self.with(|value| value.clone())
    }
}
