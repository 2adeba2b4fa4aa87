//! What SQLite and the file system say, as a [`StoreFault`].

use std::io;
use std::path::Path;

use provkey::store::{FaultKind, StoreError, StoreFault};
use rusqlite::{Error, ErrorCode, ffi};

/// An error before anything could have been changed.
pub(crate) fn not_applied(path: &Path, error: &Error) -> StoreError {
    StoreError::NotApplied(fault(path, error))
}

/// An error of `COMMIT`.
///
/// SQLite reports `BUSY` and `READONLY` before it writes, and `FULL` when a write of the log fell
/// short: then the last frame, which makes the commit, is not whole, and no recovery takes it for
/// one. Any other error may come from the `fsync` after the last frame, or from the index of the
/// log, which grows after that. This connection and all others go on as if nothing had been
/// committed, but the frame may be on the disk, and if the machine stops now, recovery finds it.
/// So only those three are sure.
pub(crate) fn of_commit(path: &Path, error: &Error) -> StoreError {
    let fault = fault(path, error);
    match error.sqlite_error_code() {
        Some(ErrorCode::DatabaseBusy | ErrorCode::ReadOnly | ErrorCode::DiskFull) => {
            StoreError::NotApplied(fault)
        }
        _ => StoreError::Unknown(fault),
    }
}

/// An error that was found after a commit.
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

/// A fault that this crate found itself.
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
            // All statements are fixed: a table that they need is not there.
            ErrorCode::Unknown if failure.extended_code == ffi::SQLITE_ERROR => FaultKind::Corrupt,
            // The index of the log could not grow: there is no other reason in practice.
            ErrorCode::SystemIoFailure if failure.extended_code == ffi::SQLITE_IOERR_SHMSIZE => {
                FaultKind::Full
            }
            _ => FaultKind::Unavailable,
        },
        // A row that this crate could not have written.
        Error::FromSqlConversionFailure(..)
        | Error::IntegralValueOutOfRange(..)
        | Error::InvalidColumnType(..)
        | Error::QueryReturnedNoRows => FaultKind::Corrupt,
        _ => FaultKind::Unavailable,
    }
}

fn message(path: &Path, kind: FaultKind, why: &str) -> StoreFault {
    let advice = match kind {
        FaultKind::Busy => "another process kept writing to the store; try again",
        FaultKind::Full => "no space is left for the store; make room",
        FaultKind::ReadOnly => {
            "the store cannot be written; check the permissions of the file and its folder, and how the disk is mounted"
        }
        FaultKind::Corrupt => "the store is damaged; restore a backup",
        FaultKind::NotAStore => "this is no provkey store",
        FaultKind::TooNew => "a newer version of provkey wrote this store; use that version",
        FaultKind::Missing => "there is no store; make one first",
        FaultKind::Exists => "there is something already; name a new file",
        FaultKind::Broken => {
            "the store is broken: put the right file in its place, then start the program again"
        }
        FaultKind::Moved => "the authority was moved to another store; use that one",
        _ => "the store is out of reach",
    };
    StoreFault::new(kind, format!("{}: {advice} ({why})", path.display()))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_a_commit_that_surely_failed_is_not_applied() {
        let check = |code, applied_unknown, kind| {
            let error = Error::SqliteFailure(ffi::Error::new(code), None);
            let error = of_commit(Path::new("store.db"), &error);
            assert_eq!(matches!(error, StoreError::Unknown(_)), applied_unknown, "{error}");
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
