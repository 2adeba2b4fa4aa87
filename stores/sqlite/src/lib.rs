//! A durable [provkey store](provkey::store) in one SQLite file: the embedded default.
//!
//! ```
//! use provkey::store::{Operation, RecordKey, Store, Unit};
//! use provkey_sqlite::SqliteStore;
//!
//! # let folder = tempfile::tempdir().expect("a temporary folder");
//! # let path = folder.path().join("authority.db");
//! let store = SqliteStore::create(&path)?;
//! let key = RecordKey::new("greeting").expect("1 to 512 bytes");
//! store.apply(&[Unit::new(vec![Operation::Put { key: key.clone(), body: b"hello".to_vec() }])])?;
//! drop(store);
//!
//! let store = SqliteStore::open(&path)?;
//! assert!(store.get(&[key])?.remove(0).is_some());
//! # Ok::<(), provkey::store::StoreError>(())
//! ```
//!
//! # Guarantees
//! - What [`apply`](provkey::store::Store::apply) reports is on the disk: the write-ahead log is
//!   synced (`synchronous=FULL`) before the call returns, once for all units of the call.
//! - Any number of threads, and of processes on one machine, may use one file. One writes at a
//!   time. A writer waits up to [`SqliteOptions::busy_timeout`] and then fails with `store_busy`.
//!   Readers do not wait.
//! - A process may be killed at any moment: each unit is then in the file as a whole or not at all.
//! - Other code in the process may open, read, copy and close the files, also with another SQLite.
//!   SQLite's own locks do not survive that; `src/locks.c` explains why, and takes other locks. It
//!   needs open file description locks (Linux 3.15; macOS has them, but is not tested). And nobody
//!   in the process may have the file open *with the same SQLite* before; otherwise opening fails
//!   with `store_unavailable`.
//! - A file that is removed, replaced or cut short while it is in use is detected before the next
//!   call and after each commit: `store_broken`. From then on nothing is acknowledged, and the
//!   files are left as they are.
//! - Other programs may read the views. Their writes are refused: "only provkey writes to its
//!   store".
//! - In a forked child all calls fail with `used_after_fork`. The child may open the store again.
//! - The database and the files beside it (`-wal`, `-shm`) have mode 0600. They belong together.
//!   Never copy the database alone while it is in use; use [`SqliteStore::backup`].
//! - A file that is not a provkey store, or a store of a newer version, is refused and left
//!   unchanged.
//!
//! It does not work on network file systems: SQLite's log needs memory that its processes share. It
//! does not detect that the bytes of the files are overwritten, nor a child made by `clone` instead
//! of `fork`.
//!
//! # Beside other crates over SQLite
//! A program links SQLite once, so all its crates must accept one version of `libsqlite3-sys`. This
//! crate accepts rusqlite 0.39 to 0.41, hence goes with sqlx 0.9, sea-orm 2 and diesel 2.3
//! (`scripts/sqlite-beside.sh` shows it). It does not go with sqlx 0.8 and sea-orm 1: their SQLite
//! 3.46 has a bug, fixed in 3.51.3, by which two processes that restart the log at the same time
//! can lose a commit. Use a newer version of them, or run the authority as a separate process.
//!
//! # Implementation
//! A batch of units is one transaction (`BEGIN IMMEDIATE`). All checks of a unit are decided, by
//! [`Operation::decide`](provkey::store::Operation::decide), before its first write; only new
//! records are inserted without a check, and deleted again if one of them existed. Any error of
//! SQLite rolls back the whole batch. So a unit needs no savepoint, which would cost a quarter of
//! the time of an enrollment. Within a batch, records that units share are read once, and a counter
//! is written once, at the end.
//!
//! When the log has 16 MiB, a thread moves it into the database and ends. Only the last part of the
//! move blocks commits.
//!
//! The tables are described in `src/schema/tables.sql`. The views ([`provkey::views`]) are for
//! people and reports: `provisioning_keys`, `enrollments`, `connector_groups`,
//! `enrollment_certificates`, `audit`. [`Store::query`](provkey::store::Store::query) runs one
//! SELECT over them, on a separate connection, within limits of time and size.

mod backup;
mod batch;
mod checkpoint;
mod connect;
mod error;
mod fence;
mod file;
mod locks;
mod open;
mod options;
mod query;
mod read;
mod record;
mod schema;
mod store;
mod watch;

pub use options::SqliteOptions;
pub use store::SqliteStore;
