//! Stores: the library's, and those of the application.

pub mod callbacks;
pub mod conformance;
pub mod query;
pub mod record;
pub mod sinks;
pub mod unit;

use std::sync::Arc;

use provkey::authority::Authority;
use provkey::store::{Memory, Store, StoreError};

use crate::call::{call, call_for};
use crate::error::provkey_error;
use crate::failure::Failure;
use crate::handle::{self, object, opaque};
use crate::status::provkey_status;
#[cfg(any(feature = "sqlite", feature = "postgres"))]
use crate::text::text;

/// The store of an authority's records. Freed with `provkey_store_free`; authorities that use it
/// keep it alive.
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

/// Makes a store in memory, for tests. Its contents are lost when it is freed.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn provkey_store_memory(
    store: *mut *mut provkey_store,
    error: *mut *mut provkey_error,
) -> provkey_status {
    call_for((store, "store"), error, || Ok(hand_out(Memory::new())))
}

/// Creates a store in a new SQLite file that only its owner may read and write. Any number of
/// processes on one machine may then open it.
///
/// Errors: `store_exists`, `store_missing` if its folder is missing, `store_read_only`,
/// `store_full`, `store_unavailable`.
#[cfg(feature = "sqlite")]
#[unsafe(no_mangle)]
pub unsafe extern "C" fn provkey_store_sqlite_create(
    path: *const core::ffi::c_char,
    store: *mut *mut provkey_store,
    error: *mut *mut provkey_error,
) -> provkey_status {
    call_for((store, "store"), error, || {
        Ok(hand_out(provkey_sqlite::SqliteStore::create(text(path, "path")?)?))
    })
}

/// Opens a store in a SQLite file, and upgrades it if an older version of this library made it.
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
    call_for((store, "store"), error, || {
        Ok(hand_out(provkey_sqlite::SqliteStore::open(text(path, "path")?)?))
    })
}

/// Creates a store in a schema of an existing PostgreSQL database, for several nodes. `url`:
/// `postgres://USER:PASSWORD@HOST:PORT/DATABASE`; docs/scaling.md lists its parameters. No error
/// contains the password.
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
    call_for((store, "store"), error, || {
        Ok(hand_out(provkey_postgres::PostgresStore::create(text(url, "url")?)?))
    })
}

/// Opens a store in a PostgreSQL database, and upgrades it if an older version of this library made
/// it.
///
/// Errors: `store_missing`, `store_not_recognized`, `store_too_new`, `store_read_only`,
/// `store_busy`, `store_unavailable`.
#[cfg(feature = "postgres")]
#[unsafe(no_mangle)]
pub unsafe extern "C" fn provkey_store_postgres_open(
    url: *const core::ffi::c_char,
    store: *mut *mut provkey_store,
    error: *mut *mut provkey_error,
) -> provkey_status {
    call_for((store, "store"), error, || {
        Ok(hand_out(provkey_postgres::PostgresStore::open(text(url, "url")?)?))
    })
}

/// Copies a store in a SQLite file to a new file, consistently, while the store is in use. The copy
/// is a store, and durable when this returns. It does not contain the master keys.
///
/// Errors: as `provkey_store_sqlite_open` for `path`; `store_exists` if there is a file at `copy`;
/// `store_full`, `store_read_only`, `store_unavailable`. On an error no file is left behind.
#[cfg(feature = "sqlite")]
#[unsafe(no_mangle)]
pub unsafe extern "C" fn provkey_store_sqlite_backup(
    path: *const core::ffi::c_char,
    copy: *const core::ffi::c_char,
    error: *mut *mut provkey_error,
) -> provkey_status {
    call(error, || {
        let (path, copy) = (text(path, "path")?, text(copy, "copy")?);
        Ok(provkey_sqlite::SqliteStore::open(path)?.backup(copy)?)
    })
}

/// Copies all records of a store into an empty one and compares them, for example from SQLite to
/// PostgreSQL. Nothing may change the first store during the copy. `records` receives the number of
/// records.
///
/// Errors: `authority_missing` if there is nothing to copy, `store_exists` if the second store is
/// not empty, `store_busy` if the first one changed, those of the stores.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn provkey_store_copy(
    from: *const provkey_store,
    to: *const provkey_store,
    records: *mut u64,
    error: *mut *mut provkey_error,
) -> provkey_status {
    call_for((records, "records"), error, || {
        Ok(Authority::copy_store(&**object(from, "from")?, &**object(to, "to")?)?)
    })
}

/// Moves an authority to an empty store: closes the first store to changes, then copies it as
/// `provkey_store_copy` does. From then on changes to the first store fail with `store_moved`, in
/// all processes. If the copy fails, the first store is reopened for changes.
///
/// Errors: those of `provkey_store_copy`; `store_not_recognized` if the first store cannot be
/// closed to changes: a store made from callbacks cannot.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn provkey_store_move(
    from: *const provkey_store,
    to: *const provkey_store,
    records: *mut u64,
    error: *mut *mut provkey_error,
) -> provkey_status {
    call_for((records, "records"), error, || {
        Ok(Authority::move_store(&**object(from, "from")?, &**object(to, "to")?)?)
    })
}

/// Frees a store. Authorities that use it keep it alive. NULL is allowed.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn provkey_store_free(store: *mut provkey_store) {
    handle::free(store);
}

fn hand_out(store: impl Store + 'static) -> *mut provkey_store {
    handle::hand_out::<provkey_store>(Arc::new(store))
}
