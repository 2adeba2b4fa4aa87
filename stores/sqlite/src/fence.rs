//! Closing a store to changes, after its authority was moved to another store.
//!
//! Every transaction that writes first reads the latest version. Closing replaces it by its bitwise
//! complement, which is negative. So all processes notice at their next transaction, at no cost.

use rusqlite::{Result, Transaction};

/// Closes the store, or opens it again. Returns whether that changed anything.
pub(crate) fn set(transaction: &Transaction<'_>, closed: bool) -> Result<bool> {
    let sql = "UPDATE sequence SET latest = ~latest WHERE (latest < 0) <> ?1";
    transaction.execute(sql, [closed]).map(|changed| changed > 0)
}

/// The latest version, and whether the store is closed, from the stored number.
pub(crate) fn read(latest: i64) -> (u64, bool) {
    match u64::try_from(latest) {
        Ok(latest) => (latest, false),
        Err(_) => ((!latest).unsigned_abs(), true),
    }
}
