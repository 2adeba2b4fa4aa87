//! Storage: ordered key-value records with versions, bounded counters, and one verb that
//! changes anything.
//!
//! A host that brings its own store implements [`Store`] and runs [`conformance`] on it.
//!
//! # What a store promises
//! - A *record* has a key (at most 512 bytes, ordered bytewise), a version and a value: a body
//!   of bytes, or a [`Counter`].
//! - Each change of a record gives it a version that this key never had before, even if the
//!   record was deleted in between.
//! - [`Store::get`] and [`Store::scan`] each see one snapshot: no unit half applied.
//! - [`Store::apply`] applies each [`Unit`] wholly or not at all, in the order given. A later
//!   unit sees what an earlier one wrote. One refused unit leaves its neighbours alone.
//! - What is reported as applied is durable, if the store is.

#[cfg(feature = "authority")]
mod commit;
#[cfg(feature = "std")]
pub mod conformance;
#[cfg(feature = "authority")]
mod group_read;
#[cfg(feature = "authority")]
mod guard;
#[cfg(feature = "std")]
mod memory;
#[cfg(feature = "std")]
mod query;
#[cfg(all(test, shuttle))]
mod schedules;
mod unit;

#[cfg(feature = "authority")]
pub use commit::GroupCommit;
#[cfg(feature = "authority")]
pub(crate) use group_read::GroupRead;
#[cfg(feature = "authority")]
pub(crate) use guard::Guard;
#[cfg(feature = "std")]
pub use memory::Memory;
#[cfg(feature = "std")]
pub use query::{QueryError, QueryLimits, QueryResult, QueryRows, QueryValue, check_query_size};
pub use unit::{Head, Malformed, Operation, Outcome, Reason, Refused, Unit};

use alloc::string::String;
use alloc::vec::Vec;
use core::borrow::Borrow;
use core::fmt;

// What threads meet at in this module. Its tests have shuttle's, and so every schedule they like.
#[cfg(all(test, shuttle))]
use shuttle::{sync, thread_local};
#[cfg(all(feature = "std", not(all(test, shuttle))))]
use std::sync;
#[cfg(all(feature = "authority", not(all(test, shuttle))))]
use std::thread_local;

use crate::limits::RECORD_KEY_BYTES_MAX;
#[cfg(feature = "std")]
use crate::process::UsedAfterFork;

/// Ordered records with versions. See the [module documentation](self) for what is promised.
///
/// Calls block. Implementations are called from many threads at once.
pub trait Store: Send + Sync {
    /// Reads records by key: one snapshot, one round trip, answers in the order of `keys`.
    /// At most [`GET_KEYS_MAX`](crate::limits::GET_KEYS_MAX) keys.
    ///
    /// # Errors
    /// Any [`StoreError`]; for a read, `NotApplied` and `Unknown` mean the same.
    fn get(&self, keys: &[RecordKey]) -> Result<Vec<Option<Record>>, StoreError>;

    /// Reads at most `limit` records of a range in byte order, from one snapshot.
    /// At most [`SCAN_RECORDS_MAX`](crate::limits::SCAN_RECORDS_MAX) records.
    ///
    /// # Errors
    /// As [`Store::get`].
    fn scan(&self, range: &ScanRange, limit: usize) -> Result<Vec<Record>, StoreError>;

    /// Applies each unit atomically, in order, independently of the others; the answers are in
    /// the order of `units`. All that is reported applied is durable.
    ///
    /// # Errors
    /// An error concerns the whole batch: [`StoreError::NotApplied`] if surely none of it
    /// happened, [`StoreError::Unknown`] otherwise.
    fn apply(&self, units: &[Unit]) -> Result<Vec<Outcome>, StoreError>;

    /// Answers one SELECT over the views for people, on a connection of its own, and does nothing
    /// else. A store without views refuses.
    ///
    /// # Errors
    /// `query_refused`, `query_failed`, `query_timed_out`, and those of the store.
    #[cfg(feature = "std")]
    fn query(&self, sql: &str, limits: &QueryLimits) -> Result<QueryResult, QueryError> {
        let _ = (sql, limits);
        Err(QueryError::Refused("this store has no views to query".into()))
    }

    /// Closes the store for good to all changes, those of other processes that have it open
    /// included, or opens it again. Whatever was reported applied before is in it; [`apply`](Self::apply)
    /// is `store_moved` afterwards. Reads go on. Answers whether it was the other way before.
    ///
    /// A store need not be able to: then it cannot be moved, only copied.
    ///
    /// # Errors
    /// `store_not_recognized` if this store cannot be closed; those of [`apply`](Self::apply).
    fn fence(&self, closed: bool) -> Result<bool, StoreError> {
        let _ = closed;
        let why = "this kind of store cannot be closed to changes: it can be copied, not moved";
        Err(StoreError::NotApplied(StoreFault::new(FaultKind::NotAStore, why)))
    }
}

/// The key of a record: 1 to 512 bytes, ordered bytewise.
#[derive(Clone, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct RecordKey(Vec<u8>);

impl RecordKey {
    /// A record key of these bytes; `None` if there are none or too many.
    pub fn new(bytes: impl Into<Vec<u8>>) -> Option<Self> {
        let bytes = bytes.into();
        (1..=RECORD_KEY_BYTES_MAX).contains(&bytes.len()).then_some(Self(bytes))
    }

    /// The bytes.
    pub fn as_bytes(&self) -> &[u8] {
        &self.0
    }
}

/// By its bytes, so that a map of records can be searched by any bytes.
impl Borrow<[u8]> for RecordKey {
    fn borrow(&self) -> &[u8] {
        &self.0
    }
}

impl fmt::Debug for RecordKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}", self.0.escape_ascii())
    }
}

/// A record as it was read.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Record {
    /// Its key.
    pub key: RecordKey,
    /// Its version: never the same twice for one key.
    pub version: u64,
    /// What it holds.
    pub value: Value,
}

/// What a record holds.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Value {
    /// Bytes that mean something to the writer only.
    Body(Vec<u8>),
    /// A counter.
    Counter(Counter),
}

/// A counter that never passes its limit.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Counter {
    /// How much has been counted.
    pub used: u64,
    /// The most that may be counted; `None`: up to [`COUNT_MAX`](crate::limits::COUNT_MAX).
    pub limit: Option<u64>,
    /// The latest moment at which something was counted, in Unix milliseconds.
    pub last_at_ms: Option<u64>,
}

/// Which records a [`Store::scan`] reads.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ScanRange {
    /// Only keys that begin with these bytes. Empty: all.
    pub prefix: Vec<u8>,
    /// Only keys beyond this one, in the direction of the scan. The key itself is left out and
    /// need not exist.
    pub after: Option<RecordKey>,
    /// From the last key to the first.
    pub reverse: bool,
}

impl ScanRange {
    /// All records whose keys begin with `prefix`, first to last.
    pub fn prefix(prefix: impl Into<Vec<u8>>) -> Self {
        Self { prefix: prefix.into(), after: None, reverse: false }
    }

    /// The range as an interval of keys: from the first, included, to the second, excluded, or
    /// without an end. It holds nothing when they meet or cross.
    pub fn interval(&self) -> (Vec<u8>, Option<Vec<u8>>) {
        let mut start = self.prefix.clone();
        let mut end = next_prefix(&self.prefix);
        match &self.after {
            Some(after) if self.reverse => {
                let after = after.as_bytes().to_vec();
                end = Some(end.map_or(after.clone(), |end| end.min(after)));
            }
            Some(after) => start = start.max([after.as_bytes(), &[0]].concat()),
            None => {}
        }
        (start, end)
    }
}

/// The first byte string behind all that begin with `prefix`; `None` if there is no such.
fn next_prefix(prefix: &[u8]) -> Option<Vec<u8>> {
    let last = prefix.iter().rposition(|byte| *byte != 0xff)?;
    let mut next = prefix.get(..=last)?.to_vec();
    *next.last_mut()? += 1;
    Some(next)
}

/// A store could not do what it was asked.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum StoreError {
    /// Surely nothing of the batch was applied.
    #[error("{0}")]
    NotApplied(StoreFault),
    /// The batch may or may not have been applied.
    #[error("{0}, and it is not known whether the change was made")]
    Unknown(StoreFault),
}

impl StoreError {
    /// Refuses a request that passes a limit of [`limits`](crate::limits).
    ///
    /// # Errors
    /// [`FaultKind::TooLarge`].
    pub fn check_size(what: &str, size: usize, size_max: usize) -> Result<(), Self> {
        if size <= size_max {
            return Ok(());
        }
        let message =
            alloc::format!("{size} {what} in one request, at most {size_max} are allowed");
        Err(Self::NotApplied(StoreFault::new(FaultKind::TooLarge, message)))
    }

    /// What went wrong.
    pub fn fault(&self) -> &StoreFault {
        match self {
            Self::NotApplied(fault) | Self::Unknown(fault) => fault,
        }
    }

    /// The stable code of the fault, see [`FaultKind::code`].
    pub fn code(&self) -> &'static str {
        self.fault().kind.code()
    }

    /// Whether the same call may succeed later.
    pub fn retryable(&self) -> bool {
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

/// A kind of fault, and its particulars in words. Never holds a secret or a record's body.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("{message}")]
pub struct StoreFault {
    /// The kind, which has the code.
    pub kind: FaultKind,
    /// What happened, for people.
    pub message: String,
}

impl StoreFault {
    /// A fault with a message for people.
    pub fn new(kind: FaultKind, message: impl Into<String>) -> Self {
        Self { kind, message: message.into() }
    }
}

/// The kinds of fault of a store.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum FaultKind {
    /// Out of reach, or broken in a way that may pass.
    Unavailable,
    /// Others hold it for too long.
    Busy,
    /// No space is left.
    Full,
    /// It may be read but not written.
    ReadOnly,
    /// What it holds is damaged.
    Corrupt,
    /// It is something else than a provkey store.
    NotAStore,
    /// It was written by a newer version of this library.
    TooNew,
    /// There is none yet.
    Missing,
    /// There is one already, or something else, where a new one was to be made.
    Exists,
    /// It called back into its own authority.
    Reentrant,
    /// The request passes a limit of [`limits`](crate::limits).
    TooLarge,
    /// It lacks changes that were durable: an older copy was put in its place.
    RolledBack,
    /// It was opened by another process, which this one was forked from.
    UsedAfterFork,
    /// Its files were removed, replaced or cut short while it was open.
    Broken,
    /// What it holds was moved to another store. It changes no more.
    Moved,
}

impl FaultKind {
    /// The stable code.
    pub const fn code(self) -> &'static str {
        match self {
            Self::Unavailable => "store_unavailable",
            Self::Busy => "store_busy",
            Self::Full => "store_full",
            Self::ReadOnly => "store_read_only",
            Self::Corrupt => "store_corrupt",
            Self::NotAStore => "store_not_recognized",
            Self::TooNew => "store_too_new",
            Self::Missing => "store_missing",
            Self::Exists => "store_exists",
            Self::Reentrant => "reentrant_call",
            Self::TooLarge => "store_request_too_large",
            Self::RolledBack => "store_rolled_back",
            Self::UsedAfterFork => "used_after_fork",
            Self::Broken => "store_broken",
            Self::Moved => "store_moved",
        }
    }

    /// Whether the same call may succeed later without anybody doing anything.
    pub const fn retryable(self) -> bool {
        matches!(self, Self::Unavailable | Self::Busy | Self::Full)
    }
}
