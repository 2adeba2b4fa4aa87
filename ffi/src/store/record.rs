//! Records of a store as plain structs.

use provkey::store::{Counter, Record, RecordKey, Value};

use crate::argument::{buffer, plain, structure};
use crate::bytes::provkey_slice;
use crate::failure::Failure;
use crate::status::PROVKEY_STATUS_ARGUMENT_TOO_LARGE;

/// Longest key of a record, in bytes.
pub const PROVKEY_RECORD_KEY_BYTES_MAX: usize = 512;
/// Longest body of a record, in bytes.
pub const PROVKEY_RECORD_BODY_BYTES_MAX: usize = 65_536;
/// Most keys in one `get`.
pub const PROVKEY_GET_KEYS_MAX: usize = 4096;
/// Largest `limit` of a `scan`.
pub const PROVKEY_SCAN_RECORDS_MAX: usize = 1024;
/// Most operations in a well-formed unit: see `provkey_unit_check`.
pub const PROVKEY_UNIT_OPERATIONS_MAX: usize = 64;
/// Most units in one `apply`.
pub const PROVKEY_BATCH_UNITS_MAX: usize = 256;
/// Most bytes of keys and bodies in one `apply`, unless a single unit has more.
pub const PROVKEY_BATCH_BYTES_MAX: usize = 1_048_576;

const _: () = {
    use provkey::limits as core_limits;
    assert!(PROVKEY_RECORD_KEY_BYTES_MAX == core_limits::RECORD_KEY_BYTES_MAX);
    assert!(PROVKEY_RECORD_BODY_BYTES_MAX == core_limits::RECORD_BODY_BYTES_MAX);
    assert!(PROVKEY_GET_KEYS_MAX == core_limits::GET_KEYS_MAX);
    assert!(PROVKEY_SCAN_RECORDS_MAX == core_limits::SCAN_RECORDS_MAX);
    assert!(PROVKEY_UNIT_OPERATIONS_MAX == core_limits::UNIT_OPERATIONS_MAX);
    assert!(PROVKEY_BATCH_UNITS_MAX == core_limits::BATCH_UNITS_MAX);
    assert!(PROVKEY_BATCH_BYTES_MAX == core_limits::BATCH_BYTES_MAX);
};

/// The type of a record.
pub type provkey_record_type = u32;

/// Bytes.
pub const PROVKEY_RECORD_TYPE_BODY: provkey_record_type = 1;
/// A counter.
pub const PROVKEY_RECORD_TYPE_COUNTER: provkey_record_type = 2;

/// A counter that never passes its limit.
#[repr(C)]
#[derive(Clone, Copy, Default)]
pub struct provkey_counter {
    /// The current count.
    pub used: u64,
    /// The limit of `used`, if `has_limit`.
    pub limit: u64,
    /// The latest moment of counting, in Unix milliseconds, if `has_last_at`.
    pub last_at_ms: u64,
    /// 1: there is a limit. 0: there is none.
    pub has_limit: u8,
    /// 1: something has been counted. 0: nothing has.
    pub has_last_at: u8,
}

/// A record. A sink copies what the pointers point to.
#[repr(C)]
#[derive(Clone, Copy)]
pub struct provkey_record {
    /// `sizeof(provkey_record)`.
    pub struct_size: usize,
    /// Its key.
    pub key: provkey_slice,
    /// Its version, which its key never had before, not even in a record that was deleted.
    pub version: u64,
    /// Its type.
    pub r#type: provkey_record_type,
    /// Its bytes, for a body.
    pub body: provkey_slice,
    /// Its value, for a counter.
    pub counter: provkey_counter,
}

plain!(provkey_record);

impl From<Counter> for provkey_counter {
    fn from(counter: Counter) -> Self {
        Self {
            used: counter.used,
            limit: counter.limit.unwrap_or(0),
            last_at_ms: counter.last_at_ms.unwrap_or(0),
            has_limit: u8::from(counter.limit.is_some()),
            has_last_at: u8::from(counter.last_at_ms.is_some()),
        }
    }
}

impl From<provkey_counter> for Counter {
    fn from(counter: provkey_counter) -> Self {
        Self {
            used: counter.used,
            limit: (counter.has_limit != 0).then_some(counter.limit),
            last_at_ms: (counter.has_last_at != 0).then_some(counter.last_at_ms),
        }
    }
}

/// A record that a callback passed.
///
/// # Safety
/// The pointer is NULL or to a record whose pointers are good.
unsafe fn read_record(record: *const provkey_record) -> Result<Record, Failure> {
    let record = structure(record, "record")?;
    let key = read_key(record.key)?;
    let value = match record.r#type {
        PROVKEY_RECORD_TYPE_BODY => {
            let body = buffer(record.body.data, record.body.len, "body")?;
            if body.len() > PROVKEY_RECORD_BODY_BYTES_MAX {
                let status = PROVKEY_STATUS_ARGUMENT_TOO_LARGE;
                return Err(Failure::argument(status, "body", "is too long"));
            }
            Value::Body(body.to_vec())
        }
        PROVKEY_RECORD_TYPE_COUNTER => Value::Counter(record.counter.into()),
        _ => return Err(Failure::unknown("type")),
    };
    Ok(Record { key, version: record.version, value })
}

/// A record that a callback passed; `None` for NULL.
///
/// # Safety
/// As for [`read_record`].
pub(crate) unsafe fn optional_record(
    record: *const provkey_record,
) -> Result<Option<Record>, Failure> {
    if record.is_null() {
        return Ok(None);
    }
    read_record(record).map(Some)
}

/// The key of a record.
///
/// # Safety
/// Its pointer is good.
pub(crate) unsafe fn read_key(key: provkey_slice) -> Result<RecordKey, Failure> {
    let key = buffer(key.data, key.len, "key")?;
    RecordKey::new(key).ok_or_else(|| {
        let status = PROVKEY_STATUS_ARGUMENT_TOO_LARGE;
        Failure::argument(status, "key", "must have 1 to 512 bytes")
    })
}

/// Lends bytes to C, for as long as the borrow lasts.
pub(crate) fn lend(bytes: &[u8]) -> provkey_slice {
    provkey_slice { data: bytes.as_ptr(), len: bytes.len() }
}
