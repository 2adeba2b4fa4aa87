//! [`SqliteStore`]: opening a file, and its reads and writes.

use std::fmt;
use std::fs;
use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use provkey::limits::{BATCH_UNITS_MAX, GET_KEYS_MAX, SCAN_RECORDS_MAX};
use provkey::process::Owned;
use provkey::store::{
    FaultKind, Outcome, QueryError, QueryLimits, QueryResult, Record, RecordKey, ScanRange, Store,
    StoreError, Unit,
};
use rusqlite::{Connection, Result as SqliteResult, Transaction};

use crate::batch::Batch;
use crate::checkpoint::Checkpoints;
use crate::error::{because, not_applied, of_commit, of_io, outcome_unknown};
use crate::open::{self, Mode};
use crate::watch::Watch;
use crate::{SqliteOptions, backup, connect, fence, file, query, read};

/// How many idle connections for reading stay open.
const IDLE_READERS_MAX: usize = 8;

/// A durable [`Store`] in one SQLite file. See the [crate documentation](crate).
///
/// Calls may come from any thread. One writes at a time; reads run beside it and beside each other.
///
/// ```
/// use std::sync::Arc;
///
/// use provkey::authority::{Authority, Environment, NewAuthority};
/// use provkey::key::{Host, Keyring, MasterKey};
/// use provkey::random::SystemRandom;
/// use provkey_sqlite::SqliteStore;
///
/// # let folder = tempfile::tempdir()?;
/// # let path = folder.path().join("authority.db");
/// let keyring = Keyring::new(MasterKey::generate(&SystemRandom)?);
/// let keyring_file = keyring.to_file_text(); // Keep this elsewhere, with mode 0600.
/// let environment = Environment::system(Arc::new(SqliteStore::create(&path)?));
/// let new = NewAuthority::new(Host::parse("api.private.example.com")?);
/// let id = Authority::create(environment, keyring, &new)?.id();
///
/// let environment = Environment::system(Arc::new(SqliteStore::open(&path)?));
/// let authority = Authority::open(environment, Keyring::parse(&keyring_file)?)?;
/// assert_eq!(authority.id(), id);
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
pub struct SqliteStore {
    path: PathBuf,
    options: SqliteOptions,
    open: Owned<Open>,
}

/// The parts that a forked child must neither use nor close. The fields are in the order in which
/// they are dropped: the connections before the locks of their file.
struct Open {
    checkpoints: Checkpoints,
    readers: Mutex<Vec<Connection>>,
    writer: Arc<Mutex<Connection>>,
    watch: Arc<Watch>,
}

impl SqliteStore {
    /// Creates a store in a new file, which only its owner may read and write (mode 0600).
    ///
    /// # Errors
    /// `store_exists` if the file exists and is not empty; `store_missing` if its folder does not
    /// exist; `store_read_only`, `store_full`, `store_unavailable`.
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

    /// Opens a store, and migrates it if an older version of this library created it. Several
    /// processes may have it open at once.
    ///
    /// If the folder can be written but the file cannot, the store can be read, and
    /// [`Store::apply`] fails with `store_read_only`.
    ///
    /// # Errors
    /// `store_missing` if there is no such file, or it is empty; `store_not_recognized` if it is
    /// not a store, and then it is left unchanged; `store_too_new` if a newer version of this
    /// library created it; `store_read_only` if its folder cannot be written; `store_corrupt`,
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

    /// Opens a store, or creates it if there is none. Several processes may do so at once.
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

    /// Writes a consistent copy of the store to a new file (mode 0600). The store may be in use;
    /// neither readers nor writers wait. The copy is durable when this returns, and is a store.
    ///
    /// # Errors
    /// `store_exists` if the file exists; `store_full`, `store_read_only` or `store_unavailable` if
    /// it cannot be written, and then it is removed.
    pub fn backup(&self, to: impl AsRef<Path>) -> Result<(), StoreError> {
        let to = to.as_ref();
        file::new(to).map_err(|error| of_io(to, &error))?;
        let copied = file::locate(to).and_then(|located| {
            self.read(|from| Ok(backup::copy(from, &located, self.options.busy_timeout)))?
                .map_err(|error| not_applied(to, &error))?;
            file::sync_folder(&located).map_err(|error| of_io(to, &error))
        });
        // Nobody must take a partial copy for a backup.
        copied.inspect_err(|_| drop(fs::remove_file(to)))
    }

    fn start(path: &Path, options: SqliteOptions, mode: Mode) -> Result<Self, StoreError> {
        let (path, writer, watch) = open::open(path, &options, mode)?;
        let (writer, watch) = (Arc::new(Mutex::new(writer)), Arc::new(watch));
        let checkpoints = Checkpoints::new(&path, &writer, &watch);
        let open = Open { checkpoints, readers: Mutex::default(), writer, watch };
        Ok(Self { path, options, open: Owned::new(open) })
    }

    /// Fails in a forked child.
    fn opened(&self) -> Result<&Open, StoreError> {
        Ok(self.open.get()?)
    }

    fn not_applied(&self, error: &rusqlite::Error) -> StoreError {
        not_applied(&self.path, error)
    }

    /// Reads over an idle or new connection, which is closed after an error.
    fn read<T>(&self, read: impl FnOnce(&Connection) -> SqliteResult<T>) -> Result<T, StoreError> {
        let open = self.opened()?;
        open.watch.check()?;
        let idle = open.readers().pop();
        let connection = match idle {
            Some(connection) => connection,
            None => self.new_reader(open)?,
        };
        let answer = read(&connection).map_err(|error| self.failed(open, &error))?;
        let mut readers = open.readers();
        if readers.len() < IDLE_READERS_MAX {
            readers.push(connection);
        }
        Ok(answer)
    }

    /// Opens a connection, to the same file as the open connections.
    fn new_reader(&self, open: &Open) -> Result<Connection, StoreError> {
        let connection = connect::reader(&self.path, self.options.busy_timeout);
        open.watch.check()?;
        connection.map_err(|error| self.not_applied(&error))
    }

    /// Applies the units and makes them durable. Returns whether that changed anything.
    fn write(&self, open: &Open, units: &[Unit]) -> Result<(Vec<Outcome>, bool), StoreError> {
        let connection = open.writer();
        let transaction = self.begin(open, &connection)?;
        let batch = self.batch(open, &transaction)?;
        if batch.is_closed() {
            return Err(because(&self.path, FaultKind::Moved, "it was closed to changes"));
        }
        let applied = batch.apply_all(units);
        let (outcomes, changed) = applied.map_err(|error| self.not_applied(&error))?;
        let Some(sequence) = changed else { return Ok((outcomes, false)) };
        transaction.commit().map_err(|error| of_commit(&self.path, &error))?;
        let is_intact = open.watch.record_commit(sequence);
        open.checkpoints.record_commit();
        if !is_intact {
            self.check_committed(open, &connection).map_err(outcome_unknown)?;
        }
        Ok((outcomes, true))
    }

    /// Begins a transaction that writes, once the files are known to be whole.
    fn begin<'c>(
        &self,
        open: &Open,
        connection: &'c Connection,
    ) -> Result<Transaction<'c>, StoreError> {
        open.watch.check_log_in_place()?;
        let begun = connect::begin(connection, self.options.busy_timeout);
        let transaction = begun.map_err(|error| self.failed(open, &error))?;
        open.watch.check_contents()?;
        Ok(transaction)
    }

    /// Begins a batch, on top of the latest commit.
    fn batch<'c>(&self, open: &Open, transaction: &'c Connection) -> Result<Batch<'c>, StoreError> {
        let batch = Batch::begin(transaction).map_err(|error| self.not_applied(&error))?;
        open.watch.check_sequence(batch.sequence())?;
        Ok(batch)
    }

    /// Checks the files and the latest commit, while no other process may commit.
    fn check_committed(&self, open: &Open, connection: &Connection) -> Result<(), StoreError> {
        let transaction = self.begin(open, connection)?;
        self.batch(open, &transaction).map(drop)
    }

    /// The error of a call that changed nothing; `store_broken` if the files are the cause.
    fn failed(&self, open: &Open, error: &rusqlite::Error) -> StoreError {
        open.watch.cause_of(self.not_applied(error))
    }
}

// A poisoned lock is sound: a panic drops the transaction, which rolls it back.
impl Open {
    fn writer(&self) -> MutexGuard<'_, Connection> {
        self.writer.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn readers(&self) -> MutexGuard<'_, Vec<Connection>> {
        self.readers.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// When SQLite closes the last connection, it moves the log into the database and deletes it. It
/// must not do so with files that are broken.
impl Drop for Open {
    fn drop(&mut self) {
        // If another process is just changing the log, it will move the log later.
        if !self.watch.is_intact() {
            // An error here does no more harm than what broke the store.
            drop(connect::leave_log(&self.writer()));
            drop(self.readers().iter().try_for_each(connect::leave_log));
        }
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
        let open = self.opened()?;
        let (outcomes, changed) = self.write(open, units)?;
        if changed {
            open.checkpoints.begin_if_due();
        }
        Ok(outcomes)
    }

    fn query(&self, sql: &str, limits: &QueryLimits) -> Result<QueryResult, QueryError> {
        let open = self.opened()?;
        open.watch.check()?;
        query::query(&self.path, self.new_reader(open)?, sql, limits)
    }

    fn fence(&self, closed: bool) -> Result<bool, StoreError> {
        let open = self.opened()?;
        let connection = open.writer();
        let transaction = self.begin(open, &connection)?;
        let changed = fence::set(&transaction, closed).map_err(|error| self.not_applied(&error))?;
        transaction.commit().map_err(|error| of_commit(&self.path, &error))?;
        open.watch.check().map_err(outcome_unknown)?;
        Ok(changed)
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
    use crate::watch::CHECKS;
    use provkey::store::Operation;

    /// Before and after a commit: each of the three files once.
    #[test]
    fn a_commit_checks_each_file_twice() {
        let folder = tempfile::tempdir().unwrap();
        let store = SqliteStore::create(folder.path().join("store.db")).unwrap();
        let key = RecordKey::new("key").unwrap();
        let unit = Unit::new(vec![Operation::Put { key, body: Vec::new() }]);
        let before = CHECKS.get();
        store.apply(&[unit]).unwrap();
        assert_eq!(CHECKS.get() - before, 6);
    }

    /// A store that cannot grow is full, and keeps its content.
    #[test]
    fn a_full_store_keeps_what_it_has() {
        let folder = tempfile::tempdir().unwrap();
        let store = SqliteStore::create(folder.path().join("store.db")).unwrap();
        let put = |n: usize| {
            let key = RecordKey::new(format!("{n:05}")).unwrap();
            Unit::new(vec![Operation::Put { key, body: vec![0; 1000] }])
        };
        store.opened().unwrap().writer().pragma_update(None, "max_page_count", 40).unwrap();
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
        store.opened().unwrap().writer().pragma_update(None, "max_page_count", 4000).unwrap();
        store.apply(&[put(applied), put(applied + 1)]).unwrap();
        assert_eq!(store.scan(&ScanRange::prefix(""), 1000).unwrap().len(), applied + 2);
    }
}
