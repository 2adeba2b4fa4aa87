//! Rows of the table `records`, as the records of the store trait.

use postgres::Row;
use provkey::store::{Counter, Head, Record, RecordKey, Value};

use crate::error::Failed;

const WRONG: Failed = Failed::Unexpected("a row is not as this library writes it");

/// Columns of a row, unchecked.
pub(crate) struct Columns {
    pub(crate) version: i64,
    pub(crate) used: Option<i64>,
    pub(crate) used_max: Option<i64>,
    pub(crate) last_at_ms: Option<i64>,
}

impl Columns {
    pub(crate) fn head(&self) -> Result<Head, Failed> {
        let unsigned = |number: Option<i64>| number.map(unsigned).transpose();
        let counter = match unsigned(self.used)? {
            Some(used) => Some(Counter {
                used,
                limit: unsigned(self.used_max)?,
                last_at_ms: unsigned(self.last_at_ms)?,
            }),
            None => None,
        };
        Ok(Head { version: crate::record::unsigned(self.version)?, counter })
    }
}

/// A record of a row that begins with `version, used, used_max, last_at_ms, body`.
pub(crate) fn record(key: RecordKey, row: &Row) -> Result<Record, Failed> {
    let columns = Columns {
        version: row.try_get(0)?,
        used: row.try_get(1)?,
        used_max: row.try_get(2)?,
        last_at_ms: row.try_get(3)?,
    };
    let Head { version, counter } = columns.head()?;
    let value = match counter {
        Some(counter) => Value::Counter(counter),
        None => Value::Body(row.try_get::<_, Option<_>>(4)?.ok_or(WRONG)?),
    };
    Ok(Record { key, version, value })
}

/// A record of `version, used, used_max, last_at_ms, body, key`.
pub(crate) fn keyed_record(row: &Row) -> Result<Record, Failed> {
    let key: &[u8] = row.try_get(5)?;
    record(RecordKey::new(key).ok_or(WRONG)?, row)
}

fn unsigned(number: i64) -> Result<u64, Failed> {
    u64::try_from(number).map_err(|_| WRONG)
}
