//! A copy of a store that is in use.

use std::path::Path;
use std::time::Duration;

use rusqlite::backup::{Backup, StepResult};
use rusqlite::{Connection, Error, Result, ffi};

use crate::connect;

/// Copies the store into the empty file `to`. All pages are copied in one step, hence from one
/// snapshot, while writers go on. The copy is durable when this returns.
pub(crate) fn copy(from: &Connection, to: &Path, busy_timeout: Duration) -> Result<()> {
    let mut target = connect::writer(to)?;
    let backup = Backup::new(from, &mut target)?;
    connect::retry(busy_timeout, || match backup.step(-1)? {
        StepResult::Done => Ok(()),
        _ => Err(Error::SqliteFailure(ffi::Error::new(ffi::SQLITE_BUSY), None)),
    })
}
