//! Writing and reading the bodies of records.

use alloc::format;
use alloc::string::ToString;
use alloc::vec::Vec;
use core::str::FromStr;

use serde::Serialize;
use serde::de::DeserializeOwned;

use crate::ledger::error::Error;
use crate::store::{Counter, Record, Value};

/// The body for a value.
pub(crate) fn encode<T: Serialize>(value: &T) -> Vec<u8> {
    serde_json::to_vec(value).expect("our records have text keys and no failing fields")
}

/// The value of a body.
pub(crate) fn decode<T: DeserializeOwned>(record: &Record) -> Result<T, Error> {
    serde_json::from_slice(body(record)?).map_err(|error| damaged(record, &error))
}

pub(super) fn body(record: &Record) -> Result<&[u8], Error> {
    match &record.value {
        Value::Body(body) => Ok(body),
        Value::Counter(_) => Err(damaged(record, &"it is a counter")),
    }
}

/// The counter that a record is.
pub(crate) fn counter(record: &Record) -> Result<Counter, Error> {
    match record.value {
        Value::Counter(counter) => Ok(counter),
        Value::Body(_) => Err(damaged(record, &"it is no counter")),
    }
}

/// The text that the body of an index entry is.
pub(crate) fn text(record: &Record) -> Result<&str, Error> {
    core::str::from_utf8(body(record)?).map_err(|error| damaged(record, &error))
}

pub(crate) fn damaged(record: &Record, what: &dyn core::fmt::Display) -> Error {
    Error::RecordDamaged { key: format!("{:?}", record.key), what: what.to_string() }
}

/// What stands after the last `/` of a record's key.
pub(crate) fn last_part<T: FromStr>(record: &Record) -> Result<T, Error> {
    let last = record.key.as_bytes().rsplit(|byte| *byte == b'/').next();
    let text = last.and_then(|last| core::str::from_utf8(last).ok());
    let part = text.and_then(|text| text.parse().ok());
    part.ok_or_else(|| damaged(record, &"its key does not end as it should"))
}

/// The ids that index entries hold.
pub(crate) fn ids<Id: FromStr>(index: &[Record]) -> Result<Vec<Id>, Error> {
    let id = |record| text(record)?.parse().map_err(|_| damaged(record, &"it holds no id"));
    index.iter().map(id).collect()
}
