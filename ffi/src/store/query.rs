//! Queries over the views of a store.

use core::ffi::c_char;
use core::time::Duration;

use provkey::store::{QueryError, QueryLimits, QueryResult, QueryValue};

use super::provkey_store;
use crate::argument::{optional_structure, plain};
use crate::backing::Backing;
use crate::bytes::provkey_slice;
use crate::call::call_for;
use crate::error::provkey_error;
use crate::failure::Failure;
use crate::handle::{self, object, record};
use crate::status::provkey_status;
use crate::text::text;

/// The limits of a query. NULL: all defaults.
#[repr(C)]
#[derive(Clone, Copy)]
pub struct provkey_query_limits {
    /// `sizeof(provkey_query_limits)`.
    pub struct_size: usize,
    /// How long it may run, in milliseconds; 0: 10,000.
    pub time_ms: u64,
    /// The maximum number of rows in the result; 0: 10,000.
    pub rows: usize,
}

plain!(provkey_query_limits);

/// The type of a value.
pub type provkey_query_value_type = i32;

/// No value.
pub const PROVKEY_QUERY_VALUE_TYPE_NULL: provkey_query_value_type = 0;
/// An integer, in `integer`. A Boolean is 0 or 1.
pub const PROVKEY_QUERY_VALUE_TYPE_INTEGER: provkey_query_value_type = 1;
/// A floating-point number, in `number`.
pub const PROVKEY_QUERY_VALUE_TYPE_FLOAT: provkey_query_value_type = 2;
/// A text in UTF-8, in `bytes`, without a NUL. A moment is RFC 3339 in UTC.
pub const PROVKEY_QUERY_VALUE_TYPE_TEXT: provkey_query_value_type = 3;
/// Bytes, in `bytes`.
pub const PROVKEY_QUERY_VALUE_TYPE_BLOB: provkey_query_value_type = 4;

/// One value of a row. Fields that its type does not use are 0.
#[repr(C)]
#[derive(Clone, Copy)]
pub struct provkey_query_value {
    /// One of `PROVKEY_QUERY_VALUE_TYPE_`.
    pub value_type: provkey_query_value_type,
    /// The integer.
    pub integer: i64,
    /// The floating-point number.
    pub number: f64,
    /// The text or the bytes.
    pub bytes: provkey_slice,
}

/// The result of a query. Freed with `provkey_query_result_free`.
#[repr(C)]
pub struct provkey_query_result {
    /// The header.
    pub header: handle::provkey_header,
    /// The names of the columns.
    pub columns: *const *const c_char,
    /// The number of columns.
    pub columns_len: usize,
    /// The values, row by row: `values[row * columns_len + column]`.
    pub values: *const provkey_query_value,
    /// The number of rows.
    pub rows_len: usize,
    /// Whether rows are missing, because the limit of rows or 64 MiB was reached.
    pub truncated: bool,
}

record!(provkey_query_result, 0x706b_0133, (Backing, Vec<provkey_query_value>));

impl From<QueryError> for Failure {
    fn from(error: QueryError) -> Self {
        match error {
            QueryError::Store(error) => error.into(),
            error => Self::of(error.code(), error.retryable(), &error),
        }
    }
}

/// Runs one SELECT over the views `provisioning_keys`, `enrollments`, `connector_groups`,
/// `enrollment_certificates` and `audit`, on a separate connection. Use it instead of opening the
/// store's file yourself. In PostgreSQL it needs a role for queries: see docs/scaling.md.
///
/// Errors: `query_refused` for any other statement, or if the store has no views; `query_failed`,
/// `query_timed_out`, those of the store.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn provkey_store_query(
    store: *const provkey_store,
    sql: *const c_char,
    limits: *const provkey_query_limits,
    result: *mut *mut provkey_query_result,
    error: *mut *mut provkey_error,
) -> provkey_status {
    call_for((result, "result"), error, || {
        let (store, sql) = (object(store, "store")?, text(sql, "sql")?);
        let limits = optional_structure(limits, "limits")?.map_or_else(Default::default, limits_of);
        Ok(hand_out(&store.query(sql, &limits)?))
    })
}

/// Frees the result of a query. NULL is allowed.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn provkey_query_result_free(result: *mut provkey_query_result) {
    handle::free(result);
}

fn limits_of(input: provkey_query_limits) -> QueryLimits {
    let limits = QueryLimits::default();
    let limits = match input.time_ms {
        0 => limits,
        time_ms => limits.time(Duration::from_millis(time_ms)),
    };
    if input.rows == 0 { limits } else { limits.rows(input.rows) }
}

fn hand_out(result: &QueryResult) -> *mut provkey_query_result {
    let mut backing = Backing::default();
    let columns: Vec<_> = result.columns.iter().map(String::as_str).collect();
    let columns = backing.texts(&columns);
    let values: Vec<_> =
        result.rows.iter().flatten().map(|value| describe(value, &mut backing)).collect();
    let head = provkey_query_result {
        header: handle::header::<provkey_query_result>(),
        columns,
        columns_len: result.columns.len(),
        values: values.as_ptr(),
        rows_len: result.rows.len(),
        truncated: result.truncated,
    };
    handle::hand_out_record(head, (backing, values))
}

fn describe(value: &QueryValue, backing: &mut Backing) -> provkey_query_value {
    let null = provkey_query_value {
        value_type: PROVKEY_QUERY_VALUE_TYPE_NULL,
        integer: 0,
        number: 0.0,
        bytes: provkey_slice { data: core::ptr::null(), len: 0 },
    };
    match value {
        QueryValue::Null => null,
        QueryValue::Integer(integer) => provkey_query_value {
            value_type: PROVKEY_QUERY_VALUE_TYPE_INTEGER,
            integer: *integer,
            ..null
        },
        QueryValue::Float(number) => provkey_query_value {
            value_type: PROVKEY_QUERY_VALUE_TYPE_FLOAT,
            number: *number,
            ..null
        },
        QueryValue::Text(text) => provkey_query_value {
            value_type: PROVKEY_QUERY_VALUE_TYPE_TEXT,
            bytes: backing.slice(text.as_bytes()),
            ..null
        },
        QueryValue::Blob(bytes) => provkey_query_value {
            value_type: PROVKEY_QUERY_VALUE_TYPE_BLOB,
            bytes: backing.slice(bytes),
            ..null
        },
    }
}
