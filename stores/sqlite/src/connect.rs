//! Opens connections to a store, and begins transactions.

use std::path::Path;
use std::thread;
use std::time::{Duration, Instant};

use rusqlite::config::DbConfig;
use rusqlite::{
    Connection, Error, ErrorCode, OpenFlags, Result, Transaction, TransactionBehavior, ffi,
};

#[cfg(unix)]
use crate::locks;

/// How many prepared statements a connection caches: more than this crate has.
const STATEMENTS_MAX: usize = 32;
/// When the log restarts, its file is cut to this size.
const LOG_BYTES_MAX: u64 = 32 * 1024 * 1024;
/// The keys of new connectors are random, so each changes an arbitrary page of the index. Pages
/// that do not fit into the cache are read from the file again.
const WRITER_CACHE_KIB: i64 = 16 * 1024;
/// The pause between attempts to get the write lock: about as long as a commit. There is no queue,
/// so frequent attempts wait less.
const WAIT_MIN: Duration = Duration::from_micros(100);
const WAIT_MAX: Duration = Duration::from_millis(1);

/// Opens a file that exists, without changing it. The path is not read as a URI.
fn open(path: &Path) -> Result<Connection> {
    let flags = OpenFlags::SQLITE_OPEN_READ_WRITE | OpenFlags::SQLITE_OPEN_NO_MUTEX;
    #[cfg(unix)]
    let connection = Connection::open_with_flags_and_vfs(path, flags, locks::VFS)?;
    #[cfg(not(unix))]
    let connection = Connection::open_with_flags(path, flags)?;
    connection.set_prepared_statement_cache_capacity(STATEMENTS_MAX);
    Ok(connection)
}

/// Opens the connection that writes. SQLite does not wait for locks on it; [`begin`] does.
pub(crate) fn writer(path: &Path) -> Result<Connection> {
    let connection = open(path)?;
    connection.busy_timeout(Duration::ZERO)?;
    // The triggers of the schema refuse writes of other programs.
    connection.set_db_config(DbConfig::SQLITE_DBCONFIG_ENABLE_TRIGGER, false)?;
    Ok(connection)
}

/// Makes commits durable. The file must have been identified.
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
    // On Unix, `checkpoint.rs` moves the log; elsewhere SQLite does, within a commit.
    #[cfg(unix)]
    connection.pragma_update(None, "wal_autocheckpoint", 0)?;
    connection.pragma_update(None, "journal_size_limit", LOG_BYTES_MAX)?;
    open_log(connection)
}

/// Reads something: only the first read has SQLite open the log.
fn open_log(connection: &Connection) -> Result<()> {
    connection.pragma_query_value(None, "user_version", |_| Ok(()))
}

/// On macOS, a plain fsync does not reach the disk.
fn reach_the_disk(connection: &Connection) -> Result<()> {
    connection.pragma_update(None, "fullfsync", true)
}

/// Opens a connection that moves the log. It never waits.
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

/// Has the connection leave the log as it is when it is closed.
pub(crate) fn leave_log(connection: &Connection) -> Result<()> {
    let setting = DbConfig::SQLITE_DBCONFIG_NO_CKPT_ON_CLOSE;
    connection.set_db_config(setting, true).map(drop)
}

/// Begins a transaction that writes. Waits for other processes, until the timeout.
pub(crate) fn begin(connection: &Connection, timeout: Duration) -> Result<Transaction<'_>> {
    retry(timeout, || Transaction::new_unchecked(connection, TransactionBehavior::Immediate))
}

/// Retries while another process holds a lock. SQLite's own wait sleeps up to 100 ms, during which
/// others make many commits, and it does not cover every lock.
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
