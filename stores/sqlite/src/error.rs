//! Errors of SQLite and of the file system, as a [`StoreFault`].

use std::io;
use std::path::Path;

use provkey::store::{FaultKind, StoreError, StoreFault};
use rusqlite::{Error, ErrorCode, ffi};

/// The error of a call that changed nothing.
pub(crate) fn not_applied(path: &Path, error: &Error) -> StoreError {
    StoreError::NotApplied(fault(path, error))
}

/// An error of `COMMIT`.
///
/// SQLite reports `BUSY` and `READONLY` before it writes. It reports `FULL` when a write to the log
/// was cut short; then the last frame, which marks the commit, is incomplete, and recovery ignores
/// it. So after these three nothing was committed. Any other error may come from the `fsync` after
/// the last frame, or from growing the index of the log after that. All connections then continue
/// as if nothing had been committed, but the frame may be on the disk, and if the machine stops
/// now, recovery finds it.
pub(crate) fn of_commit(path: &Path, error: &Error) -> StoreError {
    let fault = fault(path, error);
    match error.sqlite_error_code() {
        Some(ErrorCode::DatabaseBusy | ErrorCode::ReadOnly | ErrorCode::DiskFull) => {
            StoreError::NotApplied(fault)
        }
        _ => StoreError::Unknown(fault),
    }
}

/// An error that is detected after a commit.
pub(crate) fn outcome_unknown(error: StoreError) -> StoreError {
    StoreError::Unknown(error.fault().clone())
}

/// An error of the file system.
pub(crate) fn of_io(path: &Path, error: &io::Error) -> StoreError {
    let kind = match error.kind() {
        io::ErrorKind::NotFound => FaultKind::Missing,
        io::ErrorKind::AlreadyExists => FaultKind::Exists,
        io::ErrorKind::StorageFull | io::ErrorKind::QuotaExceeded => FaultKind::Full,
        io::ErrorKind::ReadOnlyFilesystem | io::ErrorKind::PermissionDenied => FaultKind::ReadOnly,
        _ => FaultKind::Unavailable,
    };
    because(path, kind, &error.to_string())
}

/// An error that this crate detects itself.
pub(crate) fn because(path: &Path, kind: FaultKind, why: &str) -> StoreError {
    StoreError::NotApplied(message(path, kind, why))
}

fn fault(path: &Path, error: &Error) -> StoreFault {
    message(path, kind(error), &error.to_string())
}

fn kind(error: &Error) -> FaultKind {
    match error {
        Error::SqliteFailure(failure, _) => match failure.code {
            ErrorCode::DatabaseBusy | ErrorCode::DatabaseLocked => FaultKind::Busy,
            ErrorCode::DiskFull => FaultKind::Full,
            ErrorCode::ReadOnly => FaultKind::ReadOnly,
            ErrorCode::DatabaseCorrupt => FaultKind::Corrupt,
            ErrorCode::NotADatabase => FaultKind::NotAStore,
            // The statements are fixed, so a table is missing.
            ErrorCode::Unknown if failure.extended_code == ffi::SQLITE_ERROR => FaultKind::Corrupt,
            // The index of the log could not grow. In practice the disk is full.
            ErrorCode::SystemIoFailure if failure.extended_code == ffi::SQLITE_IOERR_SHMSIZE => {
                FaultKind::Full
            }
            _ => FaultKind::Unavailable,
        },
        // A row that this crate does not write.
        Error::FromSqlConversionFailure(..)
        | Error::IntegralValueOutOfRange(..)
        | Error::InvalidColumnType(..)
        | Error::QueryReturnedNoRows => FaultKind::Corrupt,
        _ => FaultKind::Unavailable,
    }
}

fn message(path: &Path, kind: FaultKind, why: &str) -> StoreFault {
    let advice = match kind {
        FaultKind::Busy => "another process kept the store busy for too long; try again",
        FaultKind::Full => "the disk of the store is full; make room",
        FaultKind::ReadOnly => {
            "the store cannot be written; check the permissions of the file and its folder, and how the disk is mounted"
        }
        FaultKind::Corrupt => "the store is damaged; restore a backup",
        FaultKind::NotAStore => "the file is not a provkey store",
        FaultKind::TooNew => "a newer version of provkey created the store; use that version",
        FaultKind::Missing => "there is no store; create it first",
        FaultKind::Exists => "the file exists; name a new one",
        FaultKind::Broken => {
            "the store is broken: put the right file in place, then restart the program"
        }
        FaultKind::Moved => "the authority was moved to another store; use that one",
        _ => "the store cannot be reached",
    };
    StoreFault::new(kind, format!("{}: {advice} ({why})", path.display()))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_failed_commit_is_not_applied_only_if_that_is_certain() {
        let check = |code, unknown, kind| {
            let error = Error::SqliteFailure(ffi::Error::new(code), None);
            let error = of_commit(Path::new("store.db"), &error);
            assert_eq!(matches!(error, StoreError::Unknown(_)), unknown, "{error}");
            assert_eq!(error.fault().kind, kind, "{error}");
        };
        check(ffi::SQLITE_BUSY, false, FaultKind::Busy);
        check(ffi::SQLITE_FULL, false, FaultKind::Full);
        check(ffi::SQLITE_READONLY, false, FaultKind::ReadOnly);
        check(ffi::SQLITE_IOERR_FSYNC, true, FaultKind::Unavailable);
        check(ffi::SQLITE_IOERR_WRITE, true, FaultKind::Unavailable);
        check(ffi::SQLITE_IOERR_SHMSIZE, true, FaultKind::Full);
        check(ffi::SQLITE_CORRUPT, true, FaultKind::Corrupt);
    }
}
