//! Reads. Each sees one snapshot.

use provkey::store::{Record, RecordKey, ScanRange};
use rusqlite::{Connection, OptionalExtension, Result};

use crate::record;

const SELECT: &str = "SELECT version, used, used_max, last_at_ms, body FROM records WHERE key = ?1";
const SCAN: &str = "SELECT version, used, used_max, last_at_ms, body, key FROM records
    WHERE key >= ?1 AND key < ?2 ORDER BY key LIMIT ?3";
const SCAN_TO_END: &str = "SELECT version, used, used_max, last_at_ms, body, key FROM records
    WHERE key >= ?1 AND ?2 IS NULL ORDER BY key LIMIT ?3";
const SCAN_BACK: &str = "SELECT version, used, used_max, last_at_ms, body, key FROM records
    WHERE key >= ?1 AND key < ?2 ORDER BY key DESC LIMIT ?3";
const SCAN_BACK_FROM_END: &str =
    "SELECT version, used, used_max, last_at_ms, body, key FROM records
    WHERE key >= ?1 AND ?2 IS NULL ORDER BY key DESC LIMIT ?3";

pub(crate) fn get(connection: &Connection, keys: &[RecordKey]) -> Result<Vec<Option<Record>>> {
    // One statement sees one snapshot; several need a transaction.
    let transaction = match keys {
        [_] => None,
        _ => Some(connection.unchecked_transaction()?),
    };
    let mut select = connection.prepare_cached(SELECT)?;
    let mut get = |key: &RecordKey| {
        select.query_row([key.as_bytes()], |row| record::record(key, row)).optional()
    };
    let records = keys.iter().map(&mut get).collect();
    drop(transaction);
    records
}

pub(crate) fn scan(
    connection: &Connection,
    range: &ScanRange,
    limit: usize,
) -> Result<Vec<Record>> {
    let (start, end) = range.interval();
    let sql = match (range.reverse, &end) {
        (false, Some(_)) => SCAN,
        (false, None) => SCAN_TO_END,
        (true, Some(_)) => SCAN_BACK,
        (true, None) => SCAN_BACK_FROM_END,
    };
    let mut scan = connection.prepare_cached(sql)?;
    scan.query_map((start, end, limit), record::keyed_record)?.collect()
}
