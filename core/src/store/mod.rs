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
mod error;
#[cfg(feature = "authority")]
mod group_read;
#[cfg(feature = "authority")]
mod guard;
#[cfg(feature = "std")]
mod memory;
#[cfg(feature = "std")]
mod query;
mod record;
#[cfg(all(test, shuttle))]
mod schedules;
mod unit;

#[cfg(feature = "authority")]
pub use commit::GroupCommit;
pub use error::{FaultKind, StoreError, StoreFault};
#[cfg(feature = "authority")]
pub(crate) use group_read::GroupRead;
#[cfg(feature = "authority")]
pub(crate) use guard::Guard;
#[cfg(feature = "std")]
pub use memory::Memory;
#[cfg(feature = "std")]
pub use query::{QueryError, QueryLimits, QueryResult, QueryRows, QueryValue, check_query_size};
pub use record::{Counter, Record, RecordKey, ScanRange, Value};
pub use unit::{Head, Malformed, Operation, Outcome, Reason, Refused, Unit};

use alloc::vec::Vec;

// The synchronization of this module. Its schedule tests use shuttle's instead of std's.
#[cfg(all(test, shuttle))]
use shuttle::{sync, thread_local};
#[cfg(all(feature = "std", not(all(test, shuttle))))]
use std::sync;
#[cfg(all(feature = "authority", not(all(test, shuttle))))]
use std::thread_local;

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

    /// Reads the first `limit` records of a range in its direction, all from one snapshot. `limit`
    /// is at most [`SCAN_RECORDS_MAX`](crate::limits::SCAN_RECORDS_MAX).
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
