//! Stores: those that come with the library, and those of the host.

pub mod callbacks;
pub mod conformance;
pub mod query;
pub mod record;
pub mod sinks;
pub mod unit;

use std::sync::Arc;

use provkey::authority::Authority;
use provkey::store::{Memory, Store, StoreError};

use crate::argument::output;
use crate::call::call;
use crate::error::provkey_error;
use crate::failure::Failure;
use crate::handle::{self, object, opaque};
use crate::status::provkey_status;
#[cfg(any(feature = "sqlite", feature = "postgres"))]
use crate::text::text;

/// Where an authority keeps everything. Freed with `provkey_store_free`; an authority that uses it
/// goes on with it.
pub struct provkey_store {
    _opaque: [u8; 0],
}

opaque!(provkey_store, 0x706b_0101, Arc<dyn Store>, of_its_process);

impl From<StoreError> for Failure {
    fn from(error: StoreError) -> Self {
        let outcome_unknown = matches!(error, StoreError::Unknown(_));
        let mut failure = Self::of(error.code(), error.retryable(), &error);
        failure.outcome_unknown = outcome_unknown;
        failure
    }
}

/// Makes a store in memory, for tests: what it holds goes with it.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn provkey_store_memory(
    store: *mut *mut provkey_store,
    error: *mut *mut provkey_error,
) -> provkey_status {
    // SAFETY: the rules of the header.
    unsafe {
        call(error, || {
            output(store, "store")?.set(hand_out(Memory::new()));
            Ok(())
        })
    }
}

/// Makes a store in a new SQLite file, which only its owner may read and write. Any number of
/// threads and processes on one machine may open it afterwards.
///
/// Errors: `store_exists`, `store_missing` if its folder is, `store_read_only`, `store_full`,
/// `store_unavailable`.
#[cfg(feature = "sqlite")]
#[unsafe(no_mangle)]
pub unsafe extern "C" fn provkey_store_sqlite_create(
    path: *const core::ffi::c_char,
    store: *mut *mut provkey_store,
    error: *mut *mut provkey_error,
) -> provkey_status {
    // SAFETY: the rules of the header.
    unsafe {
        call(error, || {
            let path = text(path, "path")?;
            let store = output(store, "store")?;
            store.set(hand_out(provkey_sqlite::SqliteStore::create(path)?));
            Ok(())
        })
    }
}

/// Opens a store in a SQLite file, and brings it up to date if an older version of this library
/// made it.
///
/// Errors: `store_missing`, `store_not_recognized`, `store_too_new`, `store_read_only`,
/// `store_corrupt`, `store_busy`, `store_unavailable`.
#[cfg(feature = "sqlite")]
#[unsafe(no_mangle)]
pub unsafe extern "C" fn provkey_store_sqlite_open(
    path: *const core::ffi::c_char,
    store: *mut *mut provkey_store,
    error: *mut *mut provkey_error,
) -> provkey_status {
    // SAFETY: the rules of the header.
    unsafe {
        call(error, || {
            let path = text(path, "path")?;
            let store = output(store, "store")?;
            store.set(hand_out(provkey_sqlite::SqliteStore::open(path)?));
            Ok(())
        })
    }
}

/// Makes a store in a schema of a PostgreSQL database that exists, for several hosts. `url`:
/// `postgres://USER:PASSWORD@HOST:PORT/DATABASE`; docs/scaling.md has its parameters. The password is
/// in no error.
///
/// Errors: `store_exists`, `store_missing` if there is no such database, `store_read_only` on a
/// replica, `store_not_recognized` if the URL is not understood, `store_busy`, `store_full`,
/// `store_unavailable`.
#[cfg(feature = "postgres")]
#[unsafe(no_mangle)]
pub unsafe extern "C" fn provkey_store_postgres_create(
    url: *const core::ffi::c_char,
    store: *mut *mut provkey_store,
    error: *mut *mut provkey_error,
) -> provkey_status {
    // SAFETY: the rules of the header.
    unsafe {
        call(error, || {
            let url = text(url, "url")?;
            let store = output(store, "store")?;
            store.set(hand_out(provkey_postgres::PostgresStore::create(url)?));
            Ok(())
        })
    }
}

/// Opens a store in a PostgreSQL database, and brings it up to date if an older version of this
/// library made it.
///
/// Errors: `store_missing`, `store_not_recognized`, `store_too_new`, `store_read_only`, `store_busy`,
/// `store_unavailable`.
#[cfg(feature = "postgres")]
#[unsafe(no_mangle)]
pub unsafe extern "C" fn provkey_store_postgres_open(
    url: *const core::ffi::c_char,
    store: *mut *mut provkey_store,
    error: *mut *mut provkey_error,
) -> provkey_status {
    // SAFETY: the rules of the header.
    unsafe {
        call(error, || {
            let url = text(url, "url")?;
            let store = output(store, "store")?;
            store.set(hand_out(provkey_postgres::PostgresStore::open(url)?));
            Ok(())
        })
    }
}

/// Writes a consistent copy of the store in a SQLite file into a new file, while the store is in use.
/// The copy is durable when this returns, and is a store itself. The master keys are not part of it.
///
/// Errors: as `provkey_store_sqlite_open` for `path`; `store_exists` if there is a file at `copy`
/// already; `store_full`, `store_read_only`, `store_unavailable`: then none is left behind.
#[cfg(feature = "sqlite")]
#[unsafe(no_mangle)]
pub unsafe extern "C" fn provkey_store_sqlite_backup(
    path: *const core::ffi::c_char,
    copy: *const core::ffi::c_char,
    error: *mut *mut provkey_error,
) -> provkey_status {
    // SAFETY: the rules of the header.
    unsafe {
        call(error, || {
            let (path, copy) = (text(path, "path")?, text(copy, "copy")?);
            Ok(provkey_sqlite::SqliteStore::open(path)?.backup(copy)?)
        })
    }
}

/// Copies everything that is in one store into another, which holds nothing yet, and compares them
/// record by record: so an authority moves, for example from SQLite to PostgreSQL. Nothing may
/// change the first store meanwhile. `records`: how many there are.
///
/// Errors: `authority_missing` if there is nothing to copy, `store_exists` if the other store holds
/// anything, `store_busy` if the first one changed meanwhile, those of the stores.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn provkey_store_copy(
    from: *const provkey_store,
    to: *const provkey_store,
    records: *mut u64,
    error: *mut *mut provkey_error,
) -> provkey_status {
    // SAFETY: the rules of the header.
    unsafe {
        call(error, || {
            let (from, to) = (object(from, "from")?, object(to, "to")?);
            let records = output(records, "records")?;
            records.set(Authority::copy_store(&**from, &**to)?);
            Ok(())
        })
    }
}

/// Moves an authority to another store, which holds nothing yet: closes the first store to all changes,
/// those of processes that have it open included, which are `store_moved` from then on, and
/// copies it as `provkey_store_copy` does. If that fails, the first store is opened again.
///
/// Errors: those of `provkey_store_copy`; `store_not_recognized` if the first store cannot be
/// closed, as one that is written in C.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn provkey_store_move(
    from: *const provkey_store,
    to: *const provkey_store,
    records: *mut u64,
    error: *mut *mut provkey_error,
) -> provkey_status {
    // SAFETY: the rules of the header.
    unsafe {
        call(error, || {
            let (from, to) = (object(from, "from")?, object(to, "to")?);
            let records = output(records, "records")?;
            records.set(Authority::move_store(&**from, &**to)?);
            Ok(())
        })
    }
}

/// Frees a store. An authority that uses it goes on with it. NULL is fine.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn provkey_store_free(store: *mut provkey_store) {
    // SAFETY: the rules of the header.
    unsafe { handle::free(store) }
}

fn hand_out(store: impl Store + 'static) -> *mut provkey_store {
    handle::hand_out::<provkey_store>(Arc::new(store))
}
