//! Objects that belong to the process that created them, until they are closed.

use std::fmt;
use std::sync::{Mutex, MutexGuard, PoisonError};

use provkey::process::{self, UsedAfterFork};

/// A value with locks or connections, until it is closed. A forked child is refused.
pub(crate) struct Owned<T>(process::Owned<Mutex<Option<T>>>);

/// An object was used in a way that is not allowed.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Misuse {
    /// In another process than the one that created it.
    UsedAfterFork,
    /// After it was closed.
    Closed,
    /// By a signer or an observer that an authority was calling.
    Reentrant,
    /// While another call was using it.
    InUse,
    /// To read a private key that the identity does not hold.
    KeyElsewhere,
}

impl fmt::Display for Misuse {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::UsedAfterFork => return UsedAfterFork.fmt(f),
            Self::Closed => "the object was closed",
            Self::Reentrant => "a signer or an observer called an authority",
            Self::InUse => "the object is in use by another call",
            Self::KeyElsewhere => "the private key is held by a signer",
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

    /// Calls `look` with the value. `look` must be quick, and must not call Python.
    pub(crate) fn with<R>(&self, look: impl FnOnce(&mut T) -> R) -> Result<R, Misuse> {
        self.lock()?.as_mut().map(look).ok_or(Misuse::Closed)
    }

    /// Takes the value for the time of `work`, which may call Python: no lock is held meanwhile.
    /// Other calls are refused.
    pub(crate) fn take_and<R>(&self, work: impl FnOnce(&mut T) -> R) -> Result<R, Misuse> {
        let value = self.lock()?.take().ok_or(Misuse::InUse)?;
        let mut taken = Taken { owned: self, value: Some(value) };
        taken.value.as_mut().map(work).ok_or(Misuse::InUse)
    }

    /// Drops the value. Calls in progress finish with their clones.
    pub(crate) fn close(&self) {
        let value = self.lock().map(|mut value| value.take());
        drop(value);
    }

    fn lock(&self) -> Result<MutexGuard<'_, Option<T>>, UsedAfterFork> {
        Ok(self.0.get()?.lock().unwrap_or_else(PoisonError::into_inner))
    }
}

/// Puts the value back when dropped, even after a panic.
struct Taken<'a, T> {
    owned: &'a Owned<T>,
    value: Option<T>,
}

impl<T> Drop for Taken<'_, T> {
    fn drop(&mut self) {
        // This fails only in a child that was forked by `work`, which has nothing to put back.
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
