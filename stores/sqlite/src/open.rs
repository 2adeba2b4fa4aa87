//! Opens or creates a store.

use std::path::{Path, PathBuf};

use provkey::store::{FaultKind, StoreError};
use rusqlite::{Connection, ErrorCode};

use crate::error::{because, not_applied, of_commit};
use crate::locks::Locks;
use crate::schema::{self, Identity};
use crate::watch::Watch;
use crate::{SqliteOptions, connect, file};

#[derive(Clone, Copy, PartialEq, Eq)]
pub(crate) enum Mode {
    Create,
    Open,
    OpenOrCreate,
}

/// Opens a store. Returns its absolute path, the connection that writes, and the watch on its
/// files.
pub(crate) fn open(
    path: &Path,
    options: &SqliteOptions,
    mode: Mode,
) -> Result<(PathBuf, Connection, Watch), StoreError> {
    let missing = !path.exists();
    if mode == Mode::Create || (mode == Mode::OpenOrCreate && missing) {
        match file::create(path) {
            // Another process has just created it.
            Err(e) if mode == Mode::OpenOrCreate && e.fault().kind == FaultKind::Exists => {}
            created => created?,
        }
    }
    let path = file::locate(path)?;
    // Registered before SQLite opens the file, and dropped after SQLite has closed it.
    let locks = Locks::register(&path)?;
    let writer = connect::writer(&path).map_err(|error| not_applied(&path, &error))?;
    let opening = Opening { path: &path, options, mode, connection: &writer };
    let watch = match opening.recognize() {
        Ok(()) => {
            locks.check().map_err(|(kind, why)| because(&path, kind, why))?;
            Watch::begin(&path, locks)?
        }
        Err(error) => {
            return Err(match Watch::begin(&path, locks) {
                Ok(watch) => watch.cause_of(error),
                Err(_) => error,
            });
        }
    };
    if !watch.is_intact() {
        // Another process may just be changing the log. No process can while this one may write.
        let begun = connect::begin(&writer, options.busy_timeout);
        let _transaction = begun.map_err(|error| watch.cause_of(not_applied(&path, &error)))?;
        watch.check_contents()?;
    }
    Ok((path, writer, watch))
}

struct Opening<'o> {
    path: &'o Path,
    options: &'o SqliteOptions,
    mode: Mode,
    connection: &'o Connection,
}

impl Opening<'_> {
    /// Identifies the file before anything in it is changed.
    fn recognize(&self) -> Result<(), StoreError> {
        let refuse = |kind, why| Err(because(self.path, kind, why));
        let identity =
            connect::retry(self.options.busy_timeout, || schema::identity(self.connection));
        let identity = identity.map_err(|error| match self.connection.is_readonly("main") {
            // Even a reader makes SQLite create the index of the log.
            Ok(true) if error.sqlite_error_code() == Some(ErrorCode::CannotOpen) => {
                because(self.path, FaultKind::ReadOnly, "its folder cannot be written")
            }
            _ => self.not_applied(&error),
        });
        match (identity?, self.mode) {
            (Identity::Empty, Mode::Open) => refuse(FaultKind::Missing, "the file is empty"),
            (Identity::Empty, _) => self.migrate(),
            (_, Mode::Create) => refuse(FaultKind::Exists, "it is a database"),
            (Identity::Current, _) => self.make_durable(),
            (Identity::Older, _) => self.migrate(),
            (Identity::Newer, _) => {
                refuse(FaultKind::TooNew, "this version does not know its schema")
            }
            (Identity::Foreign, _) => {
                refuse(FaultKind::NotAStore, "it is the database of another program")
            }
        }
    }

    /// Creates or migrates the store, unless another process just did.
    fn migrate(&self) -> Result<(), StoreError> {
        self.make_durable()?;
        let transaction = connect::begin(self.connection, self.options.busy_timeout)
            .map_err(|error| self.not_applied(&error))?;
        let identity = schema::identity(&transaction).map_err(|error| self.not_applied(&error))?;
        match identity {
            Identity::Empty | Identity::Older => {
                schema::migrate(&transaction, identity)
                    .map_err(|error| self.not_applied(&error))?;
                transaction.commit().map_err(|error| of_commit(self.path, &error))
            }
            Identity::Current if self.mode != Mode::Create => Ok(()),
            _ => Err(because(self.path, FaultKind::Exists, "another process just created it")),
        }
    }

    fn make_durable(&self) -> Result<(), StoreError> {
        connect::retry(self.options.busy_timeout, || connect::make_durable(self.connection))
            .map_err(|error| self.not_applied(&error))
    }

    fn not_applied(&self, error: &rusqlite::Error) -> StoreError {
        not_applied(self.path, error)
    }
}
