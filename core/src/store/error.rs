//! Why a call of a store failed.

use alloc::string::String;

use crate::error_family::error_family;
#[cfg(feature = "std")]
use crate::process::UsedAfterFork;

/// Why a call of a store failed, and whether its change may have been made.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum StoreError {
    /// Certainly nothing of the batch was applied.
    #[error("{0}")]
    NotApplied(StoreFault),
    /// The batch may or may not have been applied.
    #[error("{0}; the change may or may not have been made")]
    Unknown(StoreFault),
}

impl StoreError {
    /// Refuses a request that exceeds a limit of [`limits`](crate::limits). Every store begins with
    /// this check.
    ///
    /// # Errors
    /// [`FaultKind::TooLarge`].
    pub fn check_size(what: &str, size: usize, size_max: usize) -> Result<(), Self> {
        if size <= size_max {
            return Ok(());
        }
        let message =
            alloc::format!("{size} {what} in one request: at most {size_max} are allowed");
        Err(Self::NotApplied(StoreFault::new(FaultKind::TooLarge, message)))
    }

    /// What went wrong.
    pub const fn fault(&self) -> &StoreFault {
        match self {
            Self::NotApplied(fault) | Self::Unknown(fault) => fault,
        }
    }

    /// The stable code: see [`FaultKind::code`].
    pub const fn code(&self) -> &'static str {
        self.fault().kind.code()
    }

    /// Whether the same call may succeed later: see [`FaultKind::retryable`].
    pub const fn retryable(&self) -> bool {
        self.fault().kind.retryable()
    }
}

/// Nothing was done.
#[cfg(feature = "std")]
impl From<UsedAfterFork> for StoreError {
    fn from(error: UsedAfterFork) -> Self {
        Self::NotApplied(StoreFault::new(FaultKind::UsedAfterFork, alloc::format!("{error}")))
    }
}

/// What went wrong: its kind, and the details in words. It never contains a secret or a record's
/// body.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("{message}")]
pub struct StoreFault {
    /// The kind, which determines the code.
    pub kind: FaultKind,
    /// What happened, for people.
    pub message: String,
}

impl StoreFault {
    /// A fault of this kind, with a message for people.
    pub fn new(kind: FaultKind, message: impl Into<String>) -> Self {
        Self { kind, message: message.into() }
    }
}

error_family! {
    /// The kinds of fault of a store.
    #[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
    #[non_exhaustive]
    pub enum FaultKind {
        /// It cannot be reached, or failed in a way that may pass.
        Unavailable => "store_unavailable" (retryable = true),
        /// Others locked it for too long.
        Busy => "store_busy" (retryable = true),
        /// It has no space left.
        Full => "store_full" (retryable = true),
        /// It can be read but not written.
        ReadOnly => "store_read_only",
        /// Its content is damaged.
        Corrupt => "store_corrupt",
        /// It is not a provkey store, or lacks what the call needs.
        NotAStore => "store_not_recognized",
        /// A newer version of this library wrote it.
        TooNew => "store_too_new",
        /// It does not exist.
        Missing => "store_missing",
        /// It, or something else in its place, exists already.
        Exists => "store_exists",
        /// It called back into its own authority.
        Reentrant => "reentrant_call",
        /// The request exceeds a limit of [`limits`](crate::limits).
        TooLarge => "store_request_too_large",
        /// It lacks changes that were durable: it was replaced with an older copy.
        RolledBack => "store_rolled_back",
        /// It was opened before this process was forked.
        UsedAfterFork => "used_after_fork",
        /// Its files were removed, replaced or truncated while it was open.
        Broken => "store_broken",
        /// The authority was moved to another store, and this one accepts no more changes.
        Moved => "store_moved",
    }
}
