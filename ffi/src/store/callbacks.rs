//! A store of the application, made from callbacks.

use core::ffi::c_void;
use std::sync::Arc;

use provkey::store::{
    FaultKind, Operation, Outcome, Record, RecordKey, ScanRange, Store, StoreError, StoreFault,
    Unit,
};

use super::provkey_store;
use super::record::lend;
use super::sinks::{Outcomes, Records, provkey_outcome_sink, provkey_record_sink};
use super::unit::{lend_operation, provkey_operation, provkey_unit};
use crate::argument::{plain, structure};
use crate::bytes::provkey_slice;
use crate::call::call_for;
use crate::error::provkey_error;
use crate::sink::Sink;
use crate::status::{
    PROVKEY_STATUS_OK, PROVKEY_STATUS_REENTRANT_CALL, PROVKEY_STATUS_STORE_BROKEN,
    PROVKEY_STATUS_STORE_BUSY, PROVKEY_STATUS_STORE_CORRUPT, PROVKEY_STATUS_STORE_FULL,
    PROVKEY_STATUS_STORE_MISSING, PROVKEY_STATUS_STORE_MOVED, PROVKEY_STATUS_STORE_NOT_RECOGNIZED,
    PROVKEY_STATUS_STORE_READ_ONLY, PROVKEY_STATUS_STORE_REQUEST_TOO_LARGE,
    PROVKEY_STATUS_STORE_ROLLED_BACK, PROVKEY_STATUS_STORE_TOO_NEW, PROVKEY_STATUS_USED_AFTER_FORK,
    code_of, provkey_status,
};
use crate::user_data::{self, UserData, required};

/// The range of a `scan`: keys from `start`, inclusive, to `end`, exclusive, in byte order.
#[repr(C)]
#[derive(Clone, Copy)]
pub struct provkey_scan_range {
    /// `sizeof(provkey_scan_range)`.
    pub struct_size: usize,
    /// The inclusive start. It need not exist. Empty: from the first record.
    pub start: provkey_slice,
    /// The exclusive end, if `has_end`.
    pub end: provkey_slice,
    /// 1: there is an end. 0: to the last record.
    pub has_end: u8,
    /// 1: from the last key to the first. 0: from the first to the last.
    pub reverse: u8,
}

/// The callbacks of a store. They run on any thread that calls the authority, several at a time.
/// Each returns `PROVKEY_STATUS_OK` or a status of a store, such as
/// `PROVKEY_STATUS_STORE_UNAVAILABLE` or `PROVKEY_STATUS_STORE_BUSY`. None may call an authority
/// that uses this store.
///
/// A store guarantees: Each change of a record assigns a version that its key never had before.
/// Each `get` and each `scan` sees one snapshot. `apply` applies units atomically and in order, and
/// each sees the writes of those before it. A unit that is reported as applied is durable.
/// `provkey_store_check` tests these guarantees.
#[repr(C)]
#[derive(Clone, Copy)]
pub struct provkey_store_callbacks {
    /// `sizeof(provkey_store_callbacks)`.
    pub struct_size: usize,
    /// The first argument of each callback.
    pub user_data: *mut c_void,
    /// Called once, after the last callback. May be NULL.
    pub destroy: Option<unsafe extern "C" fn(user_data: *mut c_void)>,
    /// Reads records by key: pushes one answer for each key, in order. More than
    /// `PROVKEY_GET_KEYS_MAX` keys: returns `PROVKEY_STATUS_STORE_REQUEST_TOO_LARGE`.
    pub get: Option<
        unsafe extern "C" fn(
            user_data: *mut c_void,
            keys: *const provkey_slice,
            keys_len: usize,
            sink: *mut provkey_record_sink,
        ) -> provkey_status,
    >,
    /// Pushes at most `limit` records of a range, in its order. A `limit` above
    /// `PROVKEY_SCAN_RECORDS_MAX`: returns `PROVKEY_STATUS_STORE_REQUEST_TOO_LARGE`.
    pub scan: Option<
        unsafe extern "C" fn(
            user_data: *mut c_void,
            range: *const provkey_scan_range,
            limit: usize,
            sink: *mut provkey_record_sink,
        ) -> provkey_status,
    >,
    /// Applies units and answers for each, in order. More than `PROVKEY_BATCH_UNITS_MAX` units:
    /// returns `PROVKEY_STATUS_STORE_REQUEST_TOO_LARGE`. A single unit may be as large as
    /// `provkey_unit_check` allows.
    pub apply: Option<
        unsafe extern "C" fn(
            user_data: *mut c_void,
            units: *const provkey_unit,
            units_len: usize,
            sink: *mut provkey_outcome_sink,
        ) -> provkey_status,
    >,
}

plain!(provkey_store_callbacks);

/// Makes a store from callbacks. Freed with `provkey_store_free`.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn provkey_store_new(
    callbacks: *const provkey_store_callbacks,
    store: *mut *mut provkey_store,
    error: *mut *mut provkey_error,
) -> provkey_status {
    call_for((store, "store"), error, || {
        let callbacks = structure(callbacks, "callbacks")?;
        let get = required(callbacks.get, "get")?;
        let scan = required(callbacks.scan, "scan")?;
        let apply = required(callbacks.apply, "apply")?;
        let (pointer, destroy) = (callbacks.user_data, callbacks.destroy);
        Ok(user_data::hand_out::<provkey_store>(pointer, destroy, |user_data| {
            Arc::new(CallbackStore { user_data, get, scan, apply })
        }))
    })
}

type Get = unsafe extern "C" fn(
    *mut c_void,
    *const provkey_slice,
    usize,
    *mut provkey_record_sink,
) -> provkey_status;
type Scan = unsafe extern "C" fn(
    *mut c_void,
    *const provkey_scan_range,
    usize,
    *mut provkey_record_sink,
) -> provkey_status;
type Apply = unsafe extern "C" fn(
    *mut c_void,
    *const provkey_unit,
    usize,
    *mut provkey_outcome_sink,
) -> provkey_status;

struct CallbackStore {
    user_data: UserData,
    get: Get,
    scan: Scan,
    apply: Apply,
}

impl Store for CallbackStore {
    fn get(&self, keys: &[RecordKey]) -> Result<Vec<Option<Record>>, StoreError> {
        let slices: Vec<_> = keys.iter().map(|key| lend(key.as_bytes())).collect();
        let limit = keys.len();
        let mut sink = Sink::<provkey_record_sink>::new(Records { limit, ..Records::default() });
        let user_data = self.user_data.pointer();
        // SAFETY: the header states what a callback may do.
        let status =
            unsafe { (self.get)(user_data, slices.as_ptr(), slices.len(), sink.as_pointer()) };
        let Records { records, message, .. } = sink.into_value();
        check(status, message).map_err(StoreError::NotApplied)?;
        let wrong = |at: usize| records[at].as_ref().is_some_and(|found| found.key != keys[at]);
        if records.len() != keys.len() || (0..keys.len()).any(wrong) {
            return Err(StoreError::NotApplied(wrong_answer("get answered for other keys")));
        }
        Ok(records)
    }

    fn scan(&self, range: &ScanRange, limit: usize) -> Result<Vec<Record>, StoreError> {
        let (start, end) = range.interval();
        let plain = provkey_scan_range {
            struct_size: size_of::<provkey_scan_range>(),
            start: lend(&start),
            end: lend(end.as_deref().unwrap_or_default()),
            has_end: u8::from(end.is_some()),
            reverse: u8::from(range.reverse),
        };
        let mut sink = Sink::<provkey_record_sink>::new(Records { limit, ..Records::default() });
        let user_data = self.user_data.pointer();
        // SAFETY: the header states what a callback may do.
        let status = unsafe { (self.scan)(user_data, &raw const plain, limit, sink.as_pointer()) };
        let Records { records, message, .. } = sink.into_value();
        check(status, message).map_err(StoreError::NotApplied)?;
        let records: Option<Vec<_>> = records.into_iter().collect();
        let sorted = |records: &Vec<Record>| {
            records.windows(2).all(|pair| (pair[0].key < pair[1].key) != range.reverse)
        };
        let within = |record: &Record| {
            let key = record.key.as_bytes();
            key >= &start[..] && end.as_ref().is_none_or(|end| key < &end[..])
        };
        records.filter(sorted).filter(|records| records.iter().all(within)).ok_or_else(|| {
            StoreError::NotApplied(wrong_answer(
                "scan answered with records outside of the range or out of order",
            ))
        })
    }

    fn apply(&self, units: &[Unit]) -> Result<Vec<Outcome>, StoreError> {
        let operations: Result<Vec<Vec<provkey_operation>>, _> =
            units.iter().map(|unit| unit.operations.iter().map(lend_operation).collect()).collect();
        let operations = operations.map_err(|_| {
            StoreError::NotApplied(wrong_answer("an operation is of an unknown type"))
        })?;
        let plain: Vec<_> = operations
            .iter()
            .map(|operations| provkey_unit {
                struct_size: size_of::<provkey_unit>(),
                operations: operations.as_ptr(),
                operations_len: operations.len(),
            })
            .collect();
        let limit = units.len();
        let mut sink = Sink::<provkey_outcome_sink>::new(Outcomes { limit, ..Outcomes::default() });
        let user_data = self.user_data.pointer();
        // SAFETY: the header states what a callback may do.
        let status =
            unsafe { (self.apply)(user_data, plain.as_ptr(), plain.len(), sink.as_pointer()) };
        let Outcomes { outcomes, nothing_applied, message, .. } = sink.into_value();
        let known = if nothing_applied { StoreError::NotApplied } else { StoreError::Unknown };
        check(status, message).map_err(known)?;
        if outcomes.len() != units.len() || !units.iter().zip(&outcomes).all(fits) {
            return Err(StoreError::Unknown(wrong_answer("apply did not answer for each unit")));
        }
        Ok(outcomes)
    }
}

/// Whether an outcome is possible for its unit.
fn fits((unit, outcome): (&Unit, &Outcome)) -> bool {
    let counts = |operation: &&Operation| {
        matches!(operation, Operation::SetLimit { .. } | Operation::Count { .. })
    };
    match outcome {
        Outcome::Applied(counters) => {
            counters.len() == unit.operations.iter().filter(counts).count()
        }
        Outcome::Refused(refused) => refused.operation < unit.operations.len().max(1),
    }
}

/// The fault behind a status that a callback returned.
fn check(status: provkey_status, message: Option<String>) -> Result<(), StoreFault> {
    let kind = match status {
        PROVKEY_STATUS_OK => return Ok(()),
        PROVKEY_STATUS_STORE_BUSY => FaultKind::Busy,
        PROVKEY_STATUS_STORE_FULL => FaultKind::Full,
        PROVKEY_STATUS_STORE_READ_ONLY => FaultKind::ReadOnly,
        PROVKEY_STATUS_STORE_CORRUPT => FaultKind::Corrupt,
        PROVKEY_STATUS_STORE_NOT_RECOGNIZED => FaultKind::NotAStore,
        PROVKEY_STATUS_STORE_TOO_NEW => FaultKind::TooNew,
        PROVKEY_STATUS_STORE_MISSING => FaultKind::Missing,
        PROVKEY_STATUS_STORE_REQUEST_TOO_LARGE => FaultKind::TooLarge,
        PROVKEY_STATUS_STORE_ROLLED_BACK => FaultKind::RolledBack,
        PROVKEY_STATUS_STORE_BROKEN => FaultKind::Broken,
        PROVKEY_STATUS_STORE_MOVED => FaultKind::Moved,
        PROVKEY_STATUS_REENTRANT_CALL => FaultKind::Reentrant,
        PROVKEY_STATUS_USED_AFTER_FORK => FaultKind::UsedAfterFork,
        _ => FaultKind::Unavailable,
    };
    let unexplained = || {
        let code = code_of(status).map_or_else(|| status.to_string(), Into::into);
        format!("the store's callback returned {code}")
    };
    let explained = message.filter(|message| !message.is_empty());
    Err(StoreFault::new(kind, explained.unwrap_or_else(unexplained)))
}

fn wrong_answer(what: &str) -> StoreFault {
    StoreFault::new(FaultKind::Corrupt, format!("the store's callback is wrong: {what}"))
}
