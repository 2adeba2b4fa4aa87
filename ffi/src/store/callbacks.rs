//! A store of the host's, made of callbacks.

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
use crate::argument::{output, plain, structure};
use crate::bytes::provkey_slice;
use crate::call::call;
use crate::error::provkey_error;
use crate::handle;
use crate::sink::Sink;
use crate::status::{
    PROVKEY_STATUS_OK, PROVKEY_STATUS_REENTRANT_CALL, PROVKEY_STATUS_STORE_BROKEN,
    PROVKEY_STATUS_STORE_BUSY, PROVKEY_STATUS_STORE_CORRUPT, PROVKEY_STATUS_STORE_FULL,
    PROVKEY_STATUS_STORE_MISSING, PROVKEY_STATUS_STORE_MOVED, PROVKEY_STATUS_STORE_NOT_RECOGNIZED,
    PROVKEY_STATUS_STORE_READ_ONLY, PROVKEY_STATUS_STORE_REQUEST_TOO_LARGE,
    PROVKEY_STATUS_STORE_ROLLED_BACK, PROVKEY_STATUS_STORE_TOO_NEW, PROVKEY_STATUS_USED_AFTER_FORK,
    code_of, provkey_status,
};
use crate::user_data::{UserData, required};

/// Which records a `scan` reads: those with a key from `start`, included, to `end`, excluded, in
/// byte order.
#[repr(C)]
#[derive(Clone, Copy)]
pub struct provkey_scan_range {
    /// `sizeof(provkey_scan_range)`.
    pub struct_size: usize,
    /// The first key that may be in it; it need not exist. Empty: from the very first.
    pub start: provkey_slice,
    /// The first key that is not in it any more, if `has_end`.
    pub end: provkey_slice,
    /// 1: there is an end. 0: up to the very last record.
    pub has_end: u8,
    /// 1: from the last key to the first. 0: from the first to the last.
    pub reverse: u8,
}

/// The store of a host. The callbacks are called from any thread that calls the authority, several
/// at a time. Each returns `PROVKEY_STATUS_OK` or a status of a store, such as
/// `PROVKEY_STATUS_STORE_UNAVAILABLE` or `PROVKEY_STATUS_STORE_BUSY`; none may call an authority that
/// uses this store.
///
/// What a store promises: each change of a record gives it a version that this key never had
/// before; `get` and `scan` each see one snapshot; `apply` applies each unit wholly or not at all,
/// in the order input, and a later unit sees what an earlier one wrote; what it reports as applied is
/// durable. `provkey_store_check` finds out.
#[repr(C)]
#[derive(Clone, Copy)]
pub struct provkey_store_callbacks {
    /// `sizeof(provkey_store_callbacks)`.
    pub struct_size: usize,
    /// Given to the callbacks.
    pub user_data: *mut c_void,
    /// Called once, when nothing is called any more. May be NULL.
    pub destroy: Option<unsafe extern "C" fn(user_data: *mut c_void)>,
    /// Reads records by key: pushes one answer for each, in order. More than
    /// `PROVKEY_GET_KEYS_MAX` keys: `PROVKEY_STATUS_STORE_REQUEST_TOO_LARGE`.
    pub get: Option<
        unsafe extern "C" fn(
            user_data: *mut c_void,
            keys: *const provkey_slice,
            keys_len: usize,
            sink: *mut provkey_record_sink,
        ) -> provkey_status,
    >,
    /// Pushes at most `limit` records of a range, in its order. More than
    /// `PROVKEY_SCAN_RECORDS_MAX`: `PROVKEY_STATUS_STORE_REQUEST_TOO_LARGE`.
    pub scan: Option<
        unsafe extern "C" fn(
            user_data: *mut c_void,
            range: *const provkey_scan_range,
            limit: usize,
            sink: *mut provkey_record_sink,
        ) -> provkey_status,
    >,
    /// Applies units, and answers for each, in order. More than `PROVKEY_BATCH_UNITS_MAX` units:
    /// `PROVKEY_STATUS_STORE_REQUEST_TOO_LARGE`. A unit may have as many bytes as its form allows.
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

/// Makes a store of callbacks. It is freed with `provkey_store_free`.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn provkey_store_new(
    callbacks: *const provkey_store_callbacks,
    store: *mut *mut provkey_store,
    error: *mut *mut provkey_error,
) -> provkey_status {
    // SAFETY: the rules of the header.
    unsafe {
        call(error, || {
            let callbacks = structure(callbacks, "callbacks")?;
            let store = output(store, "store")?;
            let callback_store = Arc::new(CallbackStore {
                user_data: UserData::new(callbacks.user_data, callbacks.destroy),
                get: required(callbacks.get, "get")?,
                scan: required(callbacks.scan, "scan")?,
                apply: required(callbacks.apply, "apply")?,
            });
            let handed = handle::hand_out::<provkey_store>(callback_store.clone());
            callback_store.user_data.take();
            store.set(handed);
            Ok(())
        })
    }
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
        let most = keys.len();
        let mut sink = Sink::<provkey_record_sink>::new(Records { most, ..Records::default() });
        let user_data = self.user_data.pointer();
        // SAFETY: the header says what a callback may do.
        let status =
            unsafe { (self.get)(user_data, slices.as_ptr(), slices.len(), sink.as_pointer()) };
        let Records { records, message, .. } = sink.into_value();
        check(status, message).map_err(StoreError::NotApplied)?;
        let wrong = |at: usize| records[at].as_ref().is_some_and(|found| found.key != keys[at]);
        if records.len() != keys.len() || (0..keys.len()).any(wrong) {
            return Err(StoreError::NotApplied(lied("get answered for other keys")));
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
        let mut sink =
            Sink::<provkey_record_sink>::new(Records { most: limit, ..Records::default() });
        let user_data = self.user_data.pointer();
        // SAFETY: the header says what a callback may do.
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
            StoreError::NotApplied(lied("scan answered with other records, or in another order"))
        })
    }

    fn apply(&self, units: &[Unit]) -> Result<Vec<Outcome>, StoreError> {
        let operations: Result<Vec<Vec<provkey_operation>>, _> =
            units.iter().map(|unit| unit.operations.iter().map(lend_operation).collect()).collect();
        let operations = operations
            .map_err(|_| StoreError::NotApplied(lied("a kind of operation is not known here")))?;
        let plain: Vec<_> = operations
            .iter()
            .map(|operations| provkey_unit {
                struct_size: size_of::<provkey_unit>(),
                operations: operations.as_ptr(),
                operations_len: operations.len(),
            })
            .collect();
        let most = units.len();
        let mut sink = Sink::<provkey_outcome_sink>::new(Outcomes { most, ..Outcomes::default() });
        let user_data = self.user_data.pointer();
        // SAFETY: the header says what a callback may do.
        let status =
            unsafe { (self.apply)(user_data, plain.as_ptr(), plain.len(), sink.as_pointer()) };
        let Outcomes { outcomes, nothing_applied, message, .. } = sink.into_value();
        let known = if nothing_applied { StoreError::NotApplied } else { StoreError::Unknown };
        check(status, message).map_err(known)?;
        if outcomes.len() != units.len() || !units.iter().zip(&outcomes).all(fits) {
            return Err(StoreError::Unknown(lied("apply did not answer for each unit as it is")));
        }
        Ok(outcomes)
    }
}

/// Whether an outcome can be that of the unit.
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

/// What a status of a host's store means.
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
        format!("the host's store answered {code}")
    };
    let explained = message.filter(|message| !message.is_empty());
    Err(StoreFault::new(kind, explained.unwrap_or_else(unexplained)))
}

fn lied(what: &str) -> StoreFault {
    StoreFault::new(FaultKind::Corrupt, format!("the host's store is wrong: {what}"))
}
