//! Closing a store to changes. Each transaction that writes begins by reading the latest version: that
//! of a store that is closed is negative, its complement. So it holds for all processes from the next
//! transaction on, and costs nothing.

use rusqlite::{Result, Transaction};

/// Closes the store, or opens it again. Answers whether it was the other way.
pub(crate) fn set(transaction: &Transaction<'_>, closed: bool) -> Result<bool> {
    let sql = "UPDATE sequence SET latest = ~latest WHERE (latest < 0) <> ?1";
    transaction.execute(sql, [closed]).map(|changed| changed > 0)
}

/// The latest version, and whether the store is closed, from what stands there.
pub(crate) fn read(latest: i64) -> (u64, bool) {
    match u64::try_from(latest) {
        Ok(latest) => (latest, false),
        Err(_) => ((!latest).unsigned_abs(), true),
    }
}
