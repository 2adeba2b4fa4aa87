//! Reads. Each is one statement, hence one snapshot and one round trip.

use provkey::store::{Record, RecordKey, ScanRange};

use crate::error::Failed;
use crate::record::{keyed_record, record};
use crate::session::Session;

const GET: &str = "SELECT r.version, r.used, r.used_max, r.last_at_ms, r.body, wanted.position
    FROM unnest($1::bytea[]) WITH ORDINALITY AS wanted (key, position)
    JOIN {schema}.records AS r ON r.key = wanted.key";
const SCAN: &str = "SELECT version, used, used_max, last_at_ms, body, key FROM {schema}.records
    WHERE key >= $1 AND key < $2 ORDER BY key LIMIT $3";
const SCAN_TO_END: &str = "SELECT version, used, used_max, last_at_ms, body, key
    FROM {schema}.records WHERE key >= $1 AND $2::bytea IS NULL ORDER BY key LIMIT $3";
const SCAN_BACK: &str = "SELECT version, used, used_max, last_at_ms, body, key
    FROM {schema}.records WHERE key >= $1 AND key < $2 ORDER BY key DESC LIMIT $3";
const SCAN_BACK_FROM_END: &str = "SELECT version, used, used_max, last_at_ms, body, key
    FROM {schema}.records WHERE key >= $1 AND $2::bytea IS NULL ORDER BY key DESC LIMIT $3";

pub(crate) fn get(
    session: &mut Session,
    keys: &[RecordKey],
) -> Result<Vec<Option<Record>>, Failed> {
    let wanted: Vec<&[u8]> = keys.iter().map(RecordKey::as_bytes).collect();
    let mut records = vec![None; keys.len()];
    for row in session.query(GET, &[&wanted])? {
        let position = usize::try_from(row.try_get::<_, i64>(5)? - 1).unwrap_or(usize::MAX);
        let (Some(key), Some(slot)) = (keys.get(position), records.get_mut(position)) else {
            return Err(Failed::Unexpected("it returned a record that was not requested"));
        };
        *slot = Some(record(key.clone(), &row)?);
    }
    Ok(records)
}

pub(crate) fn scan(
    session: &mut Session,
    range: &ScanRange,
    limit: usize,
) -> Result<Vec<Record>, Failed> {
    let (start, end) = range.interval();
    let sql = match (range.reverse, &end) {
        (false, Some(_)) => SCAN,
        (false, None) => SCAN_TO_END,
        (true, Some(_)) => SCAN_BACK,
        (true, None) => SCAN_BACK_FROM_END,
    };
    let rows = session.query(sql, &[&start, &end, &(limit as i64)])?;
    rows.iter().map(keyed_record).collect()
}
