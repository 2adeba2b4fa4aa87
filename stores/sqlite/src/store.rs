use std::fmt;
use std::fs;
use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use provkey::limits::{BATCH_UNITS_MAX, GET_KEYS_MAX, SCAN_RECORDS_MAX};
use provkey::store::{FaultKind, Outcome, Record, RecordKey, ScanRange, Store, StoreError, Unit};
use rusqlite::{Connection, ErrorCode, Result as SqliteResult, Transaction};

use crate::batch::Batch;
use crate::checkpoint::Checkpoints;
use crate::error::{because, not_applied, of_commit, of_io};
use crate::file::FileId;
use crate::schema::{self, Identity};
use crate::{SqliteOptions, backup, connect, file, read};

/// Connections for reading that are kept for later.
const READERS_KEPT: usize = 8;

/// A durable [`Store`] in one SQLite file. See the [crate documentation](crate).
///
/// Calls come from any thread. One writes at a time; reads go on beside it and beside each other.
pub struct SqliteStore {
    path: PathBuf,
    /// The file that the connections have open.
    file: FileId,
    options: SqliteOptions,
    writer: Arc<Mutex<Connection>>,
    checkpoints: Checkpoints,
    readers: Mutex<Vec<Connection>>,
}

#[derive(Clone, Copy, PartialEq, Eq)]
enum Mode {
    Create,
    Open,
    OpenOrCreate,
}

impl SqliteStore {
    /// Makes a store in a new file, which only its owner may read and write (mode 0600).
    ///
    /// # Errors
    /// `store_exists` if the file exists, unless it is empty; `store_missing` if its folder does
    /// not; `store_read_only`, `store_full`, `store_unavailable`.
    pub fn create(path: impl AsRef<Path>) -> Result<Self, StoreError> {
        Self::create_with(path, SqliteOptions::default())
    }

    /// As [`Self::create`], with options.
    ///
    /// # Errors
    /// As [`Self::create`].
    pub fn create_with(path: impl AsRef<Path>, options: SqliteOptions) -> Result<Self, StoreError> {
        Self::start(path.as_ref(), options, Mode::Create)
    }

    /// Opens a store, and brings it up to date if an older version of this library made it.
    /// Several processes may have it open at once.
    ///
    /// A store whose file cannot be written, but its folder can, can still be read; then
    /// [`Store::apply`] is `store_read_only`.
    ///
    /// # Errors
    /// `store_missing` if there is no such file, or nothing in it; `store_not_recognized` if it
    /// is something else, which is not touched; `store_too_new` if a newer version of this
    /// library wrote it; `store_read_only` if its folder cannot be written; `store_corrupt`,
    /// `store_busy`, `store_unavailable`.
    pub fn open(path: impl AsRef<Path>) -> Result<Self, StoreError> {
        Self::open_with(path, SqliteOptions::default())
    }

    /// As [`Self::open`], with options.
    ///
    /// # Errors
    /// As [`Self::open`].
    pub fn open_with(path: impl AsRef<Path>, options: SqliteOptions) -> Result<Self, StoreError> {
        Self::start(path.as_ref(), options, Mode::Open)
    }

    /// Opens a store, or makes one if there is none. Several processes may do so at once.
    ///
    /// # Errors
    /// As [`Self::open`] and [`Self::create`], but neither `store_exists` nor `store_missing`
    /// for the file itself.
    pub fn open_or_create(path: impl AsRef<Path>) -> Result<Self, StoreError> {
        Self::open_or_create_with(path, SqliteOptions::default())
    }

    /// As [`Self::open_or_create`], with options.
    ///
    /// # Errors
    /// As [`Self::open_or_create`].
    pub fn open_or_create_with(
        path: impl AsRef<Path>,
        options: SqliteOptions,
    ) -> Result<Self, StoreError> {
        Self::start(path.as_ref(), options, Mode::OpenOrCreate)
    }

    /// Writes a consistent copy of the store into a new file (mode 0600), while the store is in
    /// use. Nobody waits for it. The copy is durable when this returns, and is a store itself.
    ///
    /// # Errors
    /// `store_exists` if there is a file already; `store_full`, `store_read_only` or
    /// `store_unavailable` if it cannot be written: then it is removed again.
    pub fn backup(&self, to: impl AsRef<Path>) -> Result<(), StoreError> {
        let to = to.as_ref();
        file::new(to).map_err(|error| of_io(to, &error))?;
        let copied = file::locate(to).and_then(|located| {
            self.read(|from| Ok(backup::copy(from, &located, self.options.busy_timeout)))?
                .map_err(|error| not_applied(to, &error))?;
            file::sync_folder(&located).map_err(|error| of_io(to, &error))
        });
        // What is not whole must not be taken for a backup.
        copied.inspect_err(|_| drop(fs::remove_file(to)))
    }

    fn start(path: &Path, options: SqliteOptions, mode: Mode) -> Result<Self, StoreError> {
        let missing = !path.exists();
        if mode == Mode::Create || (mode == Mode::OpenOrCreate && missing) {
            match file::create(path) {
                // Another process has made it since.
                Err(e) if mode == Mode::OpenOrCreate && e.fault().kind == FaultKind::Exists => {}
                created => created?,
            }
        }
        let path = file::locate(path)?;
        let writer = connect::writer(&path).map_err(|error| not_applied(&path, &error))?;
        let file = FileId::of(&path).map_err(|error| of_io(&path, &error))?;
        let writer = Arc::new(Mutex::new(writer));
        let checkpoints = Checkpoints::new(&path, &writer);
        let checkpoints = checkpoints.map_err(|error| not_applied(&path, &error))?;
        let readers = Mutex::default();
        let store = Self { path, file, options, writer, checkpoints, readers };
        store.recognize(mode)?;
        Ok(store)
    }

    /// Looks at what the file is before anything in it is changed.
    fn recognize(&self, mode: Mode) -> Result<(), StoreError> {
        let connection = self.writer();
        let refuse = |kind, why| Err(because(&self.path, kind, why));
        let identity = connect::retry(self.options.busy_timeout, || schema::identity(&connection));
        let identity = identity.map_err(|error| match connection.is_readonly("main") {
            // SQLite makes its index beside the file even to read.
            Ok(true) if error.sqlite_error_code() == Some(ErrorCode::CannotOpen) => {
                because(&self.path, FaultKind::ReadOnly, "nothing can be written beside it")
            }
            _ => self.not_applied(&error),
        });
        match (identity?, mode) {
            (Identity::Empty, Mode::Open) => refuse(FaultKind::Missing, "the file is empty"),
            (Identity::Empty, _) => self.migrate(&connection, mode),
            (_, Mode::Create) => refuse(FaultKind::Exists, "it is a database"),
            (Identity::Current, _) => self.make_durable(&connection),
            (Identity::Older, _) => self.migrate(&connection, mode),
            (Identity::Newer, _) => refuse(FaultKind::TooNew, "its schema is not known here"),
            (Identity::Foreign, _) => {
                refuse(FaultKind::NotAStore, "it is a database of another program")
            }
        }
    }

    /// Brings an empty file or an older store up to date, unless another process just did.
    fn migrate(&self, connection: &Connection, mode: Mode) -> Result<(), StoreError> {
        self.make_durable(connection)?;
        let transaction = self.begin(connection)?;
        let identity = schema::identity(&transaction).map_err(|error| self.not_applied(&error))?;
        match identity {
            Identity::Empty | Identity::Older => {
                schema::migrate(&transaction).map_err(|error| self.not_applied(&error))?;
                self.commit(transaction)
            }
            Identity::Current if mode != Mode::Create => Ok(()),
            _ => Err(because(&self.path, FaultKind::Exists, "another process just made it")),
        }
    }

    fn make_durable(&self, connection: &Connection) -> Result<(), StoreError> {
        connect::retry(self.options.busy_timeout, || connect::make_durable(connection))
            .map_err(|error| self.not_applied(&error))
    }

    fn begin<'c>(&self, connection: &'c Connection) -> Result<Transaction<'c>, StoreError> {
        connect::begin(connection, self.options.busy_timeout)
            .map_err(|error| self.not_applied(&error))
    }

    fn commit(&self, transaction: Transaction<'_>) -> Result<(), StoreError> {
        transaction.commit().map_err(|error| of_commit(&self.path, &error))
    }

    /// Checks that the path still leads to the file that is open: when a backup is put in its place
    /// while it is in use, what is written to the file of before is lost.
    fn check_in_place(&self) -> Result<(), StoreError> {
        match FileId::of(&self.path) {
            Ok(file) if file == self.file => Ok(()),
            Ok(_) => {
                let why = "another file was put in its place; start the program again";
                Err(because(&self.path, FaultKind::Unavailable, why))
            }
            Err(error) => Err(of_io(&self.path, &error)),
        }
    }

    fn not_applied(&self, error: &rusqlite::Error) -> StoreError {
        not_applied(&self.path, error)
    }

    // A lock that was poisoned is taken all the same: a transaction that a panic went through
    // has been rolled back when it was dropped.
    fn writer(&self) -> MutexGuard<'_, Connection> {
        self.writer.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn readers(&self) -> MutexGuard<'_, Vec<Connection>> {
        self.readers.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Reads with a connection of its own. After an error the connection is not kept.
    fn read<T>(&self, read: impl FnOnce(&Connection) -> SqliteResult<T>) -> Result<T, StoreError> {
        let kept = self.readers().pop();
        let connection = match kept {
            Some(connection) => Ok(connection),
            None => connect::reader(&self.path, self.options.busy_timeout),
        };
        let connection = connection.map_err(|error| self.not_applied(&error))?;
        self.check_in_place()?;
        let answer = read(&connection).map_err(|error| self.not_applied(&error))?;
        let mut readers = self.readers();
        if readers.len() < READERS_KEPT {
            readers.push(connection);
        }
        Ok(answer)
    }
}

impl Store for SqliteStore {
    fn get(&self, keys: &[RecordKey]) -> Result<Vec<Option<Record>>, StoreError> {
        StoreError::check_size("keys", keys.len(), GET_KEYS_MAX)?;
        self.read(|connection| read::get(connection, keys))
    }

    fn scan(&self, range: &ScanRange, limit: usize) -> Result<Vec<Record>, StoreError> {
        StoreError::check_size("records", limit, SCAN_RECORDS_MAX)?;
        self.read(|connection| read::scan(connection, range, limit))
    }

    fn apply(&self, units: &[Unit]) -> Result<Vec<Outcome>, StoreError> {
        StoreError::check_size("units", units.len(), BATCH_UNITS_MAX)?;
        let connection = self.writer();
        let transaction = self.begin(&connection)?;
        self.check_in_place()?;
        let applied = Batch::apply_all(&transaction, units);
        let (outcomes, changed) = applied.map_err(|error| self.not_applied(&error))?;
        if changed {
            self.commit(transaction)?;
            drop(connection);
            self.checkpoints.begin_if_due();
        }
        Ok(outcomes)
    }
}

impl fmt::Debug for SqliteStore {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("SqliteStore").field("path", &self.path).finish_non_exhaustive()
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use provkey::store::Operation;

    /// A store that may not grow is full, and is as it was.
    #[test]
    fn a_full_store_keeps_what_it_has() {
        let folder = tempfile::tempdir().unwrap();
        let store = SqliteStore::create(folder.path().join("store.db")).unwrap();
        let put = |n: usize| {
            let key = RecordKey::new(format!("{n:05}")).unwrap();
            Unit::new(vec![Operation::Put { key, body: vec![0; 1000] }])
        };
        store.writer().pragma_update(None, "max_page_count", 40).unwrap();
        let mut applied = 0;
        let error = loop {
            match store.apply(&[put(applied), put(applied + 1)]) {
                Ok(_) => applied += 2,
                Err(error) => break error,
            }
            assert!(applied < 1000, "it never gets full");
        };
        assert_eq!(error.code(), "store_full");
        assert!(matches!(error, StoreError::NotApplied(_)));
        assert_eq!(store.scan(&ScanRange::prefix(""), 1000).unwrap().len(), applied);
        store.writer().pragma_update(None, "max_page_count", 4000).unwrap();
        store.apply(&[put(applied), put(applied + 1)]).unwrap();
        assert_eq!(store.scan(&ScanRange::prefix(""), 1000).unwrap().len(), applied + 2);
    }
}
