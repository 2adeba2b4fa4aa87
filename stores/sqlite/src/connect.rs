//! Connections to one file.

use std::path::Path;
use std::thread;
use std::time::{Duration, Instant};

use rusqlite::config::DbConfig;
use rusqlite::{
    Connection, Error, ErrorCode, OpenFlags, Result, Transaction, TransactionBehavior, ffi,
};

#[cfg(unix)]
use crate::locks;

/// Statements that a connection keeps prepared: more than this crate has.
const STATEMENTS_KEPT: usize = 32;
/// After all of the log was moved into the file, the log's file is cut to this size.
const LOG_BYTES_KEPT: u64 = 32 * 1024 * 1024;
/// Connectors come in no order, so each new one changes a page of the index that was not changed for
/// long. What does not fit is read again from the file.
const WRITER_CACHE_KIB: i64 = 16 * 1024;
/// How long to wait before another process is asked again: about as long as a commit. It is not
/// known whose turn it is, so who asks more often waits less.
const WAIT_MIN: Duration = Duration::from_micros(100);
const WAIT_MAX: Duration = Duration::from_millis(1);

/// Opens a file that exists. No URIs, and nothing is made or changed by it.
fn open(path: &Path) -> Result<Connection> {
    let flags = OpenFlags::SQLITE_OPEN_READ_WRITE | OpenFlags::SQLITE_OPEN_NO_MUTEX;
    #[cfg(unix)]
    let connection = Connection::open_with_flags_and_vfs(path, flags, locks::VFS)?;
    #[cfg(not(unix))]
    let connection = Connection::open_with_flags(path, flags)?;
    connection.set_prepared_statement_cache_capacity(STATEMENTS_KEPT);
    Ok(connection)
}

/// Opens the connection that writes. It never waits by itself, see [`begin`].
pub(crate) fn writer(path: &Path) -> Result<Connection> {
    let connection = open(path)?;
    connection.busy_timeout(Duration::ZERO)?;
    // Those of the schema refuse what others write.
    connection.set_db_config(DbConfig::SQLITE_DBCONFIG_ENABLE_TRIGGER, false)?;
    Ok(connection)
}

/// Makes commits durable, of a file that has been recognized.
pub(crate) fn make_durable(connection: &Connection) -> Result<()> {
    let mode: String =
        connection.pragma_update_and_check(None, "journal_mode", "WAL", |row| row.get(0))?;
    if mode != "wal" {
        let why = format!("the file system allows only the journal mode \"{mode}\"");
        return Err(Error::SqliteFailure(ffi::Error::new(ffi::SQLITE_CANTOPEN), Some(why)));
    }
    connection.pragma_update(None, "synchronous", "FULL")?;
    reach_the_disk(connection)?;
    connection.pragma_update(None, "cache_size", -WRITER_CACHE_KIB)?;
    // Where the log is watched it is moved beside the commits, elsewhere by SQLite within them.
    #[cfg(unix)]
    connection.pragma_update(None, "wal_autocheckpoint", 0)?;
    connection.pragma_update(None, "journal_size_limit", LOG_BYTES_KEPT)?;
    open_log(connection)
}

/// Reads something: a connection that has read nothing yet does not know that there is a log.
fn open_log(connection: &Connection) -> Result<()> {
    connection.pragma_query_value(None, "user_version", |_| Ok(()))
}

/// On Apple's systems a plain fsync does not reach the disk.
fn reach_the_disk(connection: &Connection) -> Result<()> {
    connection.pragma_update(None, "fullfsync", true)
}

/// Opens a connection that moves the log into the file. It waits for nobody.
pub(crate) fn checkpointer(path: &Path) -> Result<Connection> {
    let connection = open(path)?;
    connection.busy_timeout(Duration::ZERO)?;
    reach_the_disk(&connection)?;
    open_log(&connection)?;
    Ok(connection)
}

/// Opens a connection that reads.
pub(crate) fn reader(path: &Path, busy_timeout: Duration) -> Result<Connection> {
    let connection = open(path)?;
    connection.busy_timeout(busy_timeout)?;
    connection.pragma_update(None, "query_only", true)?;
    Ok(connection)
}

/// Has the connection, when it is closed, leave the log as it is.
pub(crate) fn leave_log(connection: &Connection) -> Result<()> {
    let setting = DbConfig::SQLITE_DBCONFIG_NO_CKPT_ON_CLOSE;
    connection.set_db_config(setting, true).map(drop)
}

/// Begins a transaction that writes, when the other processes let it.
pub(crate) fn begin(connection: &Connection, timeout: Duration) -> Result<Transaction<'_>> {
    retry(timeout, || Transaction::new_unchecked(connection, TransactionBehavior::Immediate))
}

/// Repeats what others may be in the way of. SQLite's own waiting sleeps up to 100 ms at a time,
/// which is many commits of the others; and it does not wait in every place.
pub(crate) fn retry<T>(timeout: Duration, mut attempt: impl FnMut() -> Result<T>) -> Result<T> {
    let started = Instant::now();
    let mut wait = WAIT_MIN;
    loop {
        match attempt() {
            Err(error) if is_busy(&error) && started.elapsed() < timeout => thread::sleep(wait),
            done => return done,
        }
        wait = (wait * 2).min(WAIT_MAX);
    }
}

fn is_busy(error: &Error) -> bool {
    error.sqlite_error_code() == Some(ErrorCode::DatabaseBusy)
}
