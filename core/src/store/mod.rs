//! Storage: ordered key-value records with versions, bounded counters, and one call that changes
//! them.
//!
//! An application with a store of its own implements [`Store`] and runs [`conformance`] on it.
//!
//! # What a store promises
//! - A *record* has a key (at most 512 bytes, ordered bytewise), a version, and a value: a body of
//!   bytes or a [`Counter`].
//! - Each change of a record gives it a version that this key never had before, even if the record
//!   was deleted in between.
//! - [`Store::get`] and [`Store::scan`] each see one snapshot, never half of a unit.
//! - [`Store::apply`] applies each [`Unit`] wholly or not at all, in order. A later unit sees what
//!   an earlier one wrote. A refused unit does not affect the others.
//! - A unit that is reported as applied survives a crash, unless the store is in memory.

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

// The synchronization of this module. Its schedule tests use shuttle's instead of std's.
#[cfg(all(test, shuttle))]
use shuttle::{sync, thread_local};
#[cfg(all(feature = "std", not(all(test, shuttle))))]
use std::sync;
#[cfg(all(feature = "authority", not(all(test, shuttle))))]
use std::thread_local;

use crate::limits::RECORD_KEY_BYTES_MAX;
#[cfg(feature = "std")]
use crate::process::UsedAfterFork;

/// Ordered records with versions. The [module](self) lists what a store promises.
///
/// Calls block, and come from many threads at once.
///
/// ```
/// use provkey::store::{Memory, Outcome, Record, RecordKey, ScanRange, Store, StoreError, Unit};
///
/// /// Logs how many units each batch has.
/// struct Logged(Memory);
///
/// impl Store for Logged {
///     fn get(&self, keys: &[RecordKey]) -> Result<Vec<Option<Record>>, StoreError> {
///         self.0.get(keys)
///     }
///
///     fn scan(&self, range: &ScanRange, limit: usize) -> Result<Vec<Record>, StoreError> {
///         self.0.scan(range, limit)
///     }
///
///     fn apply(&self, units: &[Unit]) -> Result<Vec<Outcome>, StoreError> {
///         eprintln!("a batch of {}", units.len());
///         self.0.apply(units)
///     }
/// }
///
/// provkey::store::conformance::check_all(&Logged(Memory::new()), "example")?;
/// # Ok::<(), provkey::store::conformance::Failure>(())
/// ```
pub trait Store: Send + Sync {
    /// Reads records by key, all from one snapshot. The answers are in the order of `keys`, which
    /// are at most [`GET_KEYS_MAX`](crate::limits::GET_KEYS_MAX).
    ///
    /// # Errors
    /// Any [`StoreError`]; for a read, `NotApplied` and `Unknown` mean the same.
    fn get(&self, keys: &[RecordKey]) -> Result<Vec<Option<Record>>, StoreError>;

    /// Reads the first `limit` records of a range in byte order, all from one snapshot. `limit` is
    /// at most [`SCAN_RECORDS_MAX`](crate::limits::SCAN_RECORDS_MAX).
    ///
    /// # Errors
    /// As [`Store::get`].
    fn scan(&self, range: &ScanRange, limit: usize) -> Result<Vec<Record>, StoreError>;

    /// Applies each unit atomically, in order, independently of the others. The answers are in the
    /// order of `units`. A unit is durable before it is reported as applied.
    ///
    /// # Errors
    /// An error concerns the whole batch: [`StoreError::NotApplied`] if certainly none of it was
    /// applied, [`StoreError::Unknown`] otherwise.
    fn apply(&self, units: &[Unit]) -> Result<Vec<Outcome>, StoreError>;

    /// Runs one SELECT over the store's views, on a separate connection. A store without views
    /// refuses.
    ///
    /// # Errors
    /// `query_refused`, `query_failed`, `query_timed_out`, and those of the store.
    #[cfg(feature = "std")]
    fn query(&self, sql: &str, limits: &QueryLimits) -> Result<QueryResult, QueryError> {
        let _ = (sql, limits);
        Err(QueryError::Refused("this store has no views to query".into()))
    }

    /// Closes the store to changes, or opens it again. This holds for all processes that have the
    /// store open, and lasts. Everything reported as applied before is in the store. Afterwards
    /// [`apply`](Self::apply) fails with `store_moved`, and reads continue. Returns whether this
    /// changed anything.
    ///
    /// A store that does not implement this can be copied, but not moved.
    ///
    /// # Errors
    /// `store_not_recognized` if this store cannot be closed; those of [`apply`](Self::apply).
    fn fence(&self, closed: bool) -> Result<bool, StoreError> {
        let _ = closed;
        let why = "this store cannot be closed to changes: copy the authority instead of moving it";
        Err(StoreError::NotApplied(StoreFault::new(FaultKind::NotAStore, why)))
    }
}

/// The key of a record: 1 to 512 bytes, ordered bytewise.
#[derive(Clone, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct RecordKey(Vec<u8>);

impl RecordKey {
    /// The record key of these bytes; `None` if they are not 1 to 512.
    pub fn new(bytes: impl Into<Vec<u8>>) -> Option<Self> {
        let bytes = bytes.into();
        (1..=RECORD_KEY_BYTES_MAX).contains(&bytes.len()).then_some(Self(bytes))
    }

    /// The bytes.
    pub fn as_bytes(&self) -> &[u8] {
        &self.0
    }
}

/// A map of records can be searched by bytes.
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
    /// Its version. A key never has the same version twice.
    pub version: u64,
    /// Its value.
    pub value: Value,
}

/// The value of a record.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Value {
    /// Bytes, which a store does not interpret.
    Body(Vec<u8>),
    /// A counter.
    Counter(Counter),
}

/// A counter that is never counted past its limit.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Counter {
    /// The count.
    pub used: u64,
    /// The largest count; `None`: [`COUNT_MAX`](crate::limits::COUNT_MAX).
    pub limit: Option<u64>,
    /// The latest `at_ms` of a [`Count`](Operation::Count), in Unix milliseconds.
    pub last_at_ms: Option<u64>,
}

/// Which records a [`Store::scan`] reads.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ScanRange {
    /// Only keys that begin with these bytes. Empty: all keys.
    pub prefix: Vec<u8>,
    /// Only keys behind this one, in the direction of the scan. It need not exist.
    pub after: Option<RecordKey>,
    /// Whether to read from the last key to the first.
    pub reverse: bool,
}

impl ScanRange {
    /// All records whose keys begin with `prefix`, first to last.
    pub fn prefix(prefix: impl Into<Vec<u8>>) -> Self {
        Self { prefix: prefix.into(), after: None, reverse: false }
    }

    /// The range as an interval of keys: its start, included, and its end, excluded; `None`: no
    /// end. It is empty if the end is not above the start.
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

/// The first byte string behind all that begin with `prefix`; `None` if there is none.
fn next_prefix(prefix: &[u8]) -> Option<Vec<u8>> {
    let last = prefix.iter().rposition(|byte| *byte != 0xff)?;
    let mut next = prefix.get(..=last)?.to_vec();
    *next.last_mut()? += 1;
    Some(next)
}

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
    pub fn fault(&self) -> &StoreFault {
        match self {
            Self::NotApplied(fault) | Self::Unknown(fault) => fault,
        }
    }

    /// The stable code: see [`FaultKind::code`].
    pub fn code(&self) -> &'static str {
        self.fault().kind.code()
    }

    /// Whether the same call may succeed later: see [`FaultKind::retryable`].
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

/// The kinds of fault of a store.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum FaultKind {
    /// It cannot be reached, or failed in a way that may pass.
    Unavailable,
    /// Others locked it for too long.
    Busy,
    /// It has no space left.
    Full,
    /// It can be read but not written.
    ReadOnly,
    /// Its content is damaged.
    Corrupt,
    /// It is not a provkey store, or lacks what the call needs.
    NotAStore,
    /// A newer version of this library wrote it.
    TooNew,
    /// It does not exist.
    Missing,
    /// It, or something else in its place, exists already.
    Exists,
    /// It called back into its own authority.
    Reentrant,
    /// The request exceeds a limit of [`limits`](crate::limits).
    TooLarge,
    /// It lacks changes that were durable: it was replaced with an older copy.
    RolledBack,
    /// It was opened before this process was forked.
    UsedAfterFork,
    /// Its files were removed, replaced or truncated while it was open.
    Broken,
    /// The authority was moved to another store, and this one accepts no more changes.
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

    /// Whether the same call may succeed later, by itself.
    pub const fn retryable(self) -> bool {
        matches!(self, Self::Unavailable | Self::Busy | Self::Full)
    }
}
