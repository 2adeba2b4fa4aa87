//! Units of operations as plain structs, and the decisions that all stores share.

use provkey::store::{Operation, Reason, Unit};

use super::record::{lend, optional_record, provkey_counter, provkey_record, read_key};
use crate::argument::{array, buffer, output, plain, structure};
use crate::bytes::provkey_slice;
use crate::call::call;
use crate::constants::{Constants, constant_for, value_of};
use crate::error::provkey_error;
use crate::failure::Failure;
use crate::status::{PROVKEY_STATUS_VALUE_UNKNOWN, provkey_status};

/// The type of an operation.
pub type provkey_operation_type = u32;

/// Checks that the record has this version or, without a version, that there is no such record.
pub const PROVKEY_OPERATION_TYPE_EXPECT: provkey_operation_type = 1;
/// Checks that the counter exists and is 0.
pub const PROVKEY_OPERATION_TYPE_EXPECT_UNUSED: provkey_operation_type = 2;
/// Writes a body, replacing any earlier one. Refused if the record is a counter.
pub const PROVKEY_OPERATION_TYPE_PUT: provkey_operation_type = 3;
/// Deletes the record, if it exists.
pub const PROVKEY_OPERATION_TYPE_DELETE: provkey_operation_type = 4;
/// Sets the limit of a counter and keeps `used`. Creates the counter with `used` 0 if there is
/// none.
pub const PROVKEY_OPERATION_TYPE_SET_LIMIT: provkey_operation_type = 5;
/// Adds `by` to a counter. Refused if there is no counter, if a positive `by` would exceed the
/// limit, or if it would fall below 0. A positive `by` also advances `last_at_ms` to `at_ms`, never
/// backwards.
pub const PROVKEY_OPERATION_TYPE_COUNT: provkey_operation_type = 6;

/// Why a unit is refused.
pub type provkey_reason = u32;

/// It is not refused.
pub const PROVKEY_REASON_NONE: provkey_reason = 0;
/// The record should not exist, and does.
pub const PROVKEY_REASON_EXISTS: provkey_reason = 1;
/// The record should exist, and does not.
pub const PROVKEY_REASON_ABSENT: provkey_reason = 2;
/// The record has another version.
pub const PROVKEY_REASON_CHANGED: provkey_reason = 3;
/// The counter should be 0, and is not.
pub const PROVKEY_REASON_IN_USE: provkey_reason = 4;
/// The counter would exceed its limit.
pub const PROVKEY_REASON_LIMIT_REACHED: provkey_reason = 5;
/// The counter would fall below 0.
pub const PROVKEY_REASON_BELOW_ZERO: provkey_reason = 6;
/// The operation is for a counter and the record is a body, or the reverse.
pub const PROVKEY_REASON_WRONG_KIND: provkey_reason = 7;
/// The unit is malformed: see `provkey_unit_check`.
pub const PROVKEY_REASON_MALFORMED: provkey_reason = 8;

const REASONS: &Constants<Reason> = &[
    (PROVKEY_REASON_EXISTS, Reason::Exists),
    (PROVKEY_REASON_ABSENT, Reason::Absent),
    (PROVKEY_REASON_CHANGED, Reason::Changed),
    (PROVKEY_REASON_IN_USE, Reason::InUse),
    (PROVKEY_REASON_LIMIT_REACHED, Reason::LimitReached),
    (PROVKEY_REASON_BELOW_ZERO, Reason::BelowZero),
    (PROVKEY_REASON_WRONG_KIND, Reason::WrongKind),
    (PROVKEY_REASON_MALFORMED, Reason::Malformed),
];

/// One operation of a unit. Fields that its type does not use are 0.
#[repr(C)]
#[derive(Clone, Copy)]
pub struct provkey_operation {
    /// `sizeof(provkey_operation)`.
    pub struct_size: usize,
    /// What it does.
    pub r#type: provkey_operation_type,
    /// For `EXPECT`: 1 if there is a version. For `SET_LIMIT`: 1 if there is a limit.
    pub has_number: u8,
    /// The key of its record.
    pub key: provkey_slice,
    /// For `EXPECT` the version, for `SET_LIMIT` the limit.
    pub number: u64,
    /// For `PUT`: the body.
    pub body: provkey_slice,
    /// For `COUNT`: how much to add, not 0.
    pub by: i64,
    /// For `COUNT`: when, in Unix milliseconds.
    pub at_ms: u64,
}

/// Operations that are applied atomically. All checks see the state before the unit. The first
/// operation whose check fails refuses the whole unit.
#[repr(C)]
#[derive(Clone, Copy)]
pub struct provkey_unit {
    /// `sizeof(provkey_unit)`.
    pub struct_size: usize,
    /// The operations.
    pub operations: *const provkey_operation,
    /// The number of operations.
    pub operations_len: usize,
}

plain!(provkey_operation, provkey_unit);

/// Decides one operation on its record before the unit, NULL for none. All stores use it, so that
/// all decide alike. `reason`: `PROVKEY_REASON_NONE` if the check passes; then, for `SET_LIMIT` and
/// `COUNT`, `counter` receives the new value. Otherwise `counter` is not written.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn provkey_operation_decide(
    operation: *const provkey_operation,
    record: *const provkey_record,
    counter: *mut provkey_counter,
    reason: *mut provkey_reason,
    error: *mut *mut provkey_error,
) -> provkey_status {
    call(error, || {
        let operation = read_operation(&structure(operation, "operation")?)?;
        let record = optional_record(record)?;
        let (counter, reason) = (output(counter, "counter")?, output(reason, "reason")?);
        match operation.decide(record.map(|record| record.head())) {
            Ok(decided) => {
                reason.set(PROVKEY_REASON_NONE);
                if let Some(decided) = decided {
                    counter.set(decided.into());
                }
            }
            Err(why) => reason.set(constant_for(REASONS, &why).unwrap_or(PROVKEY_REASON_MALFORMED)),
        }
        Ok(())
    })
}

/// Checks the form of a unit, without any record. Every store does this first. `reason`:
/// `PROVKEY_REASON_NONE`, or `PROVKEY_REASON_MALFORMED`, and then `operation` receives the index of
/// the malformed operation.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn provkey_unit_check(
    unit: *const provkey_unit,
    operation: *mut usize,
    reason: *mut provkey_reason,
    error: *mut *mut provkey_error,
) -> provkey_status {
    call(error, || {
        let unit = structure(unit, "unit")?;
        let operations = array(unit.operations, unit.operations_len, "operations")?;
        let operations: Result<_, _> = operations.iter().map(|one| read_operation(one)).collect();
        let (at, reason) = (output(operation, "operation")?, output(reason, "reason")?);
        match Unit::new(operations?).check_form() {
            Ok(()) => reason.set(PROVKEY_REASON_NONE),
            Err(malformed) => {
                at.set(malformed.operation);
                reason.set(PROVKEY_REASON_MALFORMED);
            }
        }
        Ok(())
    })
}

/// An operation that C passed back.
///
/// # Safety
/// Its pointers are good.
unsafe fn read_operation(operation: &provkey_operation) -> Result<Operation, Failure> {
    let key = read_key(operation.key)?;
    let number = (operation.has_number != 0).then_some(operation.number);
    Ok(match operation.r#type {
        PROVKEY_OPERATION_TYPE_EXPECT => Operation::Expect { key, version: number },
        PROVKEY_OPERATION_TYPE_EXPECT_UNUSED => Operation::ExpectUnused { counter: key },
        PROVKEY_OPERATION_TYPE_PUT => {
            let body = buffer(operation.body.data, operation.body.len, "body")?.to_vec();
            Operation::Put { key, body }
        }
        PROVKEY_OPERATION_TYPE_DELETE => Operation::Delete { key },
        PROVKEY_OPERATION_TYPE_SET_LIMIT => Operation::SetLimit { counter: key, limit: number },
        PROVKEY_OPERATION_TYPE_COUNT => {
            Operation::Count { counter: key, by: operation.by, at_ms: operation.at_ms }
        }
        _ => return Err(Failure::unknown("type")),
    })
}

/// Lends an operation to C, for as long as the borrow lasts.
pub(crate) fn lend_operation(operation: &Operation) -> Result<provkey_operation, Failure> {
    let plain = provkey_operation {
        struct_size: size_of::<provkey_operation>(),
        r#type: 0,
        has_number: 0,
        key: lend(operation.key().as_bytes()),
        number: 0,
        body: lend(&[]),
        by: 0,
        at_ms: 0,
    };
    let with_number = |r#type, number: &Option<u64>| provkey_operation {
        r#type,
        has_number: u8::from(number.is_some()),
        number: number.unwrap_or(0),
        ..plain
    };
    Ok(match operation {
        Operation::Expect { version, .. } => with_number(PROVKEY_OPERATION_TYPE_EXPECT, version),
        Operation::ExpectUnused { .. } => {
            provkey_operation { r#type: PROVKEY_OPERATION_TYPE_EXPECT_UNUSED, ..plain }
        }
        Operation::Put { body, .. } => {
            provkey_operation { r#type: PROVKEY_OPERATION_TYPE_PUT, body: lend(body), ..plain }
        }
        Operation::Delete { .. } => {
            provkey_operation { r#type: PROVKEY_OPERATION_TYPE_DELETE, ..plain }
        }
        Operation::SetLimit { limit, .. } => with_number(PROVKEY_OPERATION_TYPE_SET_LIMIT, limit),
        Operation::Count { by, at_ms, .. } => provkey_operation {
            r#type: PROVKEY_OPERATION_TYPE_COUNT,
            by: *by,
            at_ms: *at_ms,
            ..plain
        },
        _ => return Err(Failure::new(PROVKEY_STATUS_VALUE_UNKNOWN, "a new kind of operation")),
    })
}

/// The reason of this number.
pub(crate) fn reason(number: provkey_reason) -> Result<Reason, Failure> {
    value_of(REASONS, number, "reason")
}
