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
//! # What it promises
//! - What [`apply`](provkey::store::Store::apply) reports is on the disk: the log is synced
//!   (`synchronous=FULL`) before the call returns, once for all units of the call.
//! - Any number of threads and of processes on one machine may use one file. One writes at a time;
//!   a writer waits up to [`SqliteOptions::busy_timeout`], then it is `store_busy`. Readers wait
//!   for nobody.
//! - A process that is killed at any moment leaves the file whole: each unit is there or not.
//! - Other code in the process may open, read, copy and close the files, with another SQLite too.
//!   SQLite's own locks would be gone then, and with them what was acknowledged: `src/locks.c` says
//!   why and what is done instead. It needs open file description locks (Linux 3.15; macOS has them,
//!   where this is not tested), and that nobody in the process has the file open *with the same SQLite*
//!   before: otherwise opening is `store_unavailable`.
//! - A file that is removed, replaced or cut short while it is in use is noticed before the next call
//!   and after each commit: `store_broken`. Nothing is acknowledged any more, and the files are left
//!   as they are.
//! - Other programs read the views. What they try to write is refused: "only provkey writes to its
//!   store".
//! - In a forked child all calls are `used_after_fork`. The child may open the store anew.
//! - The file and what SQLite keeps beside it (`-wal`, `-shm`) are made with mode 0600. They
//!   belong together: never copy the file alone while it is in use, use [`SqliteStore::backup`].
//! - A file that is no provkey store, or one of a newer version, is refused and left as it is.
//!
//! Not for network file systems: SQLite's log needs memory that its processes share. What is written
//! over the bytes of the files, and a child that `clone` makes past `pthread_atfork`, is not noticed.
//!
//! # Beside other crates over SQLite
//! A program links SQLite once, so all crates in it that bring it have to accept one version of
//! `libsqlite3-sys`. This one accepts rusqlite 0.39 to 0.41, and so goes with sqlx 0.9, sea-orm 2 and
//! diesel 2.3 (`scripts/sqlite-beside.sh` shows it). Not with sqlx 0.8 and sea-orm 1: their SQLite 3.46
//! has a fault of SQLite before 3.51.3, by which two processes that begin the log anew at once can lose
//! a commit. Take a newer one of them, or let the authority be a process of its own.
//!
//! # Inside
//! A batch of units is one transaction (`BEGIN IMMEDIATE`). All of a unit is decided, by
//! [`Operation::decide`](provkey::store::Operation::decide), before its first write, but for what is
//! inserted in the hope that it is new, and deleted again if not all of it was; and any error
//! of SQLite undoes the whole batch. So a unit needs no savepoint, which would cost a quarter of
//! the time of an enrollment. Within a batch, the records that its units share are read once, and
//! a counter is written once, at the end.
//!
//! The log is moved into the file when it has 16 MiB, which its index says after a commit, on a
//! thread of its own that ends with the move: nobody waits for that but, at its end, the batch of
//! that moment.
//!
//! The tables are described in `src/schema/1.sql`. The views of `src/schema/2.sql` are for people
//! and reports: `provisioning_keys`, `enrollments`, `connector_groups`, `enrollment_certificates`,
//! `audit`. [`Store::query`](provkey::store::Store::query) answers a SELECT over them, and nothing
//! else: on a connection of its own, within limits of time and size.

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
