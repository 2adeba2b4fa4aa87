//! [`PostgresStore`]: opening a database, and its reads and writes.

use std::fmt;
use std::sync::Arc;

use provkey::limits::{BATCH_UNITS_MAX, GET_KEYS_MAX, SCAN_RECORDS_MAX};
use provkey::process::Owned;
use provkey::store::{
    FaultKind, Outcome, QueryError, QueryLimits, QueryResult, Record, RecordKey, ScanRange, Store,
    StoreError, Unit,
};

use crate::PostgresOptions;
use crate::address::Address;
use crate::apply::apply;
use crate::batch;
use crate::blocking::run_blocking;
use crate::error::{Failed, because};
use crate::fence;
use crate::password;
use crate::pool::Pool;
use crate::query;
use crate::read;
use crate::schema::{self, Identity};
use crate::session::Session;
use crate::tls::Tls;

/// A durable [`Store`] in a schema of a PostgreSQL database. See the [crate documentation](crate).
///
/// Calls block. They may come from any thread, also from within an asynchronous runtime. In a
/// forked child they fail with `used_after_fork`, and the connections stay the parent's.
///
/// ```no_run
/// use std::sync::Arc;
///
/// use provkey::authority::{Authority, Environment};
/// use provkey::key::Keyring;
/// use provkey_postgres::PostgresStore;
///
/// # fn open(keyring: Keyring) -> Result<(), Box<dyn std::error::Error>> {
/// let store = PostgresStore::open("postgres://node@db.example.com/provkey")?;
/// let authority = Authority::open(Environment::system(Arc::new(store)), keyring)?;
/// # Ok(())
/// # }
/// ```
pub struct PostgresStore {
    address: Arc<Address>,
    pool: Owned<Pool>,
}

#[derive(Clone, Copy, PartialEq, Eq)]
enum Mode {
    Create,
    Open,
    OpenOrCreate,
}

impl PostgresStore {
    /// Creates a store in a database that exists, in a schema that does not exist or is empty.
    ///
    /// # Errors
    /// `store_exists` if the schema is not empty; `store_missing` if there is no such database;
    /// `store_read_only` if the server is a replica or the role may not create schemas;
    /// `store_not_recognized` if the URL is malformed; `store_busy`, `store_full`,
    /// `store_unavailable`.
    pub fn create(url: &str) -> Result<Self, StoreError> {
        Self::create_with(url, PostgresOptions::default())
    }

    /// As [`Self::create`], with options.
    ///
    /// # Errors
    /// As [`Self::create`].
    pub fn create_with(url: &str, options: PostgresOptions) -> Result<Self, StoreError> {
        Self::start(url, options, Mode::Create)
    }

    /// Opens a store, and migrates it if an older version of this library created it.
    ///
    /// # Errors
    /// `store_missing` if there is no such database or schema, or the schema is empty;
    /// `store_not_recognized` if the schema belongs to another program, which is left unchanged,
    /// or if the URL is malformed; `store_too_new` if a newer version of this library created the
    /// store; `store_read_only` if the server is a replica, or if the role lacks a privilege;
    /// `store_busy`, `store_unavailable`.
    pub fn open(url: &str) -> Result<Self, StoreError> {
        Self::open_with(url, PostgresOptions::default())
    }

    /// As [`Self::open`], with options.
    ///
    /// # Errors
    /// As [`Self::open`].
    pub fn open_with(url: &str, options: PostgresOptions) -> Result<Self, StoreError> {
        Self::start(url, options, Mode::Open)
    }

    /// Opens a store, or creates it if there is none. Several nodes may do so at once.
    ///
    /// # Errors
    /// As [`Self::open`] and [`Self::create`], but neither `store_exists` nor `store_missing` for
    /// the schema.
    pub fn open_or_create(url: &str) -> Result<Self, StoreError> {
        Self::open_or_create_with(url, PostgresOptions::default())
    }

    /// As [`Self::open_or_create`], with options.
    ///
    /// # Errors
    /// As [`Self::open_or_create`].
    pub fn open_or_create_with(url: &str, options: PostgresOptions) -> Result<Self, StoreError> {
        Self::start(url, options, Mode::OpenOrCreate)
    }

    fn start(url: &str, options: PostgresOptions, mode: Mode) -> Result<Self, StoreError> {
        let mut address = Address::parse(url)?;
        password::find(&mut address.config);
        let tls = Tls::new(address.root_certificates.as_deref()).map_err(|error| {
            let why = format!("root certificates: {error}");
            because(&address, FaultKind::Unavailable, &why)
        })?;
        let pool = Pool::new(address, tls, options);
        let store = Self { address: Arc::clone(&pool.address), pool: Owned::new(pool) };
        run_blocking(|| store.recognize(mode))?;
        Ok(store)
    }

    /// Identifies the schema before anything in it is changed.
    fn recognize(&self, mode: Mode) -> Result<(), StoreError> {
        let pool = self.pool.get()?;
        let identity =
            pool.read(|session| schema::identity(&mut session.transaction()?, &self.address))?;
        match identity {
            Identity::Empty | Identity::Older if self.admits(identity, mode).is_ok() => {
                let found = pool.write(|session| self.migrate(session, mode))?;
                self.admits(found, mode)
            }
            identity => self.admits(identity, mode),
        }
    }

    /// Creates or migrates the store, unless another node just did. Returns the schema as found.
    fn migrate(&self, session: &mut Session, mode: Mode) -> Result<Identity, Failed> {
        let mut transaction = session.transaction()?;
        schema::lock(&mut transaction, &self.address)?;
        let identity = schema::identity(&mut transaction, &self.address)?;
        match identity {
            Identity::Empty | Identity::Older if self.admits(identity, mode).is_ok() => {
                schema::migrate(&mut transaction, &self.address, identity)?;
                transaction.commit()?;
                Ok(identity)
            }
            identity => Ok(identity),
        }
    }

    /// Checks that the mode allows a schema like this.
    fn admits(&self, identity: Identity, mode: Mode) -> Result<(), StoreError> {
        let refuse = |kind, why| Err(because(&self.address, kind, why));
        match (identity, mode) {
            (Identity::Empty, Mode::Open) => refuse(FaultKind::Missing, "the schema is empty"),
            (Identity::Empty, _) => Ok(()),
            (_, Mode::Create) => refuse(FaultKind::Exists, "the schema is not empty"),
            (Identity::Current | Identity::Older, _) => Ok(()),
            (Identity::Newer, _) => {
                refuse(FaultKind::TooNew, "this version does not know its schema")
            }
            (Identity::Foreign, _) => {
                refuse(FaultKind::NotAStore, "the schema belongs to another program")
            }
        }
    }
}

impl Store for PostgresStore {
    fn get(&self, keys: &[RecordKey]) -> Result<Vec<Option<Record>>, StoreError> {
        StoreError::check_size("keys", keys.len(), GET_KEYS_MAX)?;
        let pool = self.pool.get()?;
        run_blocking(|| pool.read(|session| read::get(session, keys)))
    }

    fn scan(&self, range: &ScanRange, limit: usize) -> Result<Vec<Record>, StoreError> {
        StoreError::check_size("records", limit, SCAN_RECORDS_MAX)?;
        let pool = self.pool.get()?;
        run_blocking(|| pool.read(|session| read::scan(session, range, limit)))
    }

    fn apply(&self, units: &[Unit]) -> Result<Vec<Outcome>, StoreError> {
        StoreError::check_size("units", units.len(), BATCH_UNITS_MAX)?;
        let pool = self.pool.get()?;
        let mut mode = batch::Mode::Optimistic;
        run_blocking(|| {
            pool.write(|session| {
                let outcomes = apply(session, units, mode);
                if let Err(Failed::Conflict(_)) = outcomes {
                    mode = batch::Mode::Checked;
                }
                outcomes
            })
        })
    }

    fn query(&self, sql: &str, limits: &QueryLimits) -> Result<QueryResult, QueryError> {
        let pool = self.pool.get()?;
        run_blocking(|| query::query(pool, sql, limits))
    }

    fn fence(&self, closed: bool) -> Result<bool, StoreError> {
        let pool = self.pool.get()?;
        run_blocking(|| {
            pool.write(|session| {
                let mut transaction = session.transaction()?;
                let changed = fence::set(&mut transaction, &pool.address, closed)?;
                transaction.commit()?;
                Ok(changed)
            })
        })
    }
}

/// Closing a connection blocks, too. A forked child leaves the connections of its parent open.
impl Drop for PostgresStore {
    fn drop(&mut self) {
        if let Ok(pool) = self.pool.get() {
            run_blocking(|| pool.close());
        }
    }
}

impl fmt::Debug for PostgresStore {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let address = self.address.to_string();
        f.debug_struct("PostgresStore").field("address", &address).finish_non_exhaustive()
    }
}
