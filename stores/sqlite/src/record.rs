//! Rows of the table `records`, as the records of the store trait.

use provkey::store::{Counter, Head, Record, RecordKey, Value};
use rusqlite::types::Type;
use rusqlite::{Error, Result, Row};

/// The head of a record, of `version, used, used_max, last_at_ms`.
pub(crate) fn head(row: &Row<'_>) -> Result<Head> {
    let version = unsigned(row, 0)?.ok_or_else(|| wrong(0))?;
    let counter = unsigned(row, 1)?.map(|used| {
        let (limit, last_at_ms) = (unsigned(row, 2)?, unsigned(row, 3)?);
        Ok::<_, Error>(Counter { used, limit, last_at_ms })
    });
    Ok(Head { version, counter: counter.transpose()? })
}

/// A record of `version, used, used_max, last_at_ms, body`.
pub(crate) fn record(key: &RecordKey, row: &Row<'_>) -> Result<Record> {
    let Head { version, counter } = head(row)?;
    let value = match counter {
        Some(counter) => Value::Counter(counter),
        None => Value::Body(row.get_ref(4)?.as_blob()?.to_vec()),
    };
    Ok(Record { key: key.clone(), version, value })
}

/// A record of `version, used, used_max, last_at_ms, body, key`.
pub(crate) fn keyed_record(row: &Row<'_>) -> Result<Record> {
    let key = RecordKey::new(row.get_ref(5)?.as_blob()?).ok_or_else(|| wrong(5))?;
    record(&key, row)
}

fn unsigned(row: &Row<'_>, column: usize) -> Result<Option<u64>> {
    row.get(column)
}

fn wrong(column: usize) -> Error {
    Error::InvalidColumnType(column, "records".into(), Type::Null)
}
