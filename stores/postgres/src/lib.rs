//! A durable [provkey store](provkey::store) in PostgreSQL, for several nodes.
//!
//! ```no_run
//! use provkey::store::{Operation, RecordKey, Store, Unit};
//! use provkey_postgres::PostgresStore;
//!
//! let store = PostgresStore::open_or_create("postgres://owner@db.example.com/provkey")?;
//! let key = RecordKey::new("greeting").expect("1 to 512 bytes");
//! store.apply(&[Unit::new(vec![Operation::Put { key: key.clone(), body: b"hello".to_vec() }])])?;
//! assert!(store.get(&[key])?.remove(0).is_some());
//! # Ok::<(), provkey::store::StoreError>(())
//! ```
//!
//! `docs/scaling.md` describes the parameters of the URL, the privileges that a node needs, and
//! what a failover preserves.
//!
//! # Guarantees
//! - What [`apply`](provkey::store::Store::apply) reports is committed, however many nodes write at
//!   the same time. All units of a call take one round trip and one commit.
//! - A server that is down, a replica, a lock that is not released: each has its error code, and
//!   nothing was changed. Only if the connection is lost while the server may be committing, the
//!   error is [`Unknown`](provkey::store::StoreError::Unknown); the authority then finds out.
//! - A lost connection is replaced at the next call.
//! - Without a password in the URL, that of `PGPASSWORD` or of the password file (`PGPASSFILE`,
//!   `~/.pgpass`) is used, as with PostgreSQL's own tools. No error and no `Debug` shows a
//!   password.
//! - Calls block, and may come from any thread, also of an asynchronous runtime.
//!
//! # Implementation
//! A batch of units is one call of the function `apply` in `src/schema/apply.sql`, which is one
//! transaction at READ COMMITTED. This level allows many anomalies; here is why it is enough:
//!
//! 1. *Records that are written, or must stay as they are,* are locked one after the other in the
//!    order of their keys, exclusively or shared, and read under the lock.
//! 2. *Absent records* are read again after the last lock is taken, so that every check sees one
//!    point in time. Otherwise a unit that is repeated because its outcome was unknown could wait
//!    for its own first attempt at a counter, find the counter full, and be refused as if it came
//!    too late. If a record has appeared, everything is rolled back and repeated.
//! 3. *A record that does not exist cannot be locked.* But only one transaction can insert a key: a
//!    second waits for the first, and fails if that commits. So what is expected to be absent is
//!    inserted; what must also stay absent is deleted again before the commit. After a failure,
//!    everything is rolled back and repeated.
//! 4. *There is no deadlock.* The locks of step 1 are taken in one order. Inserts come next, in the
//!    same order, and wait for other inserts only. Changes and deletions come last and wait for
//!    nothing.
//!
//! Nearly always, all units are applied and new records did not exist. So the first attempt only
//! inserts new records, without reading them first. If a unit would be refused, the batch is sent
//! again and every record is read.
//!
//! The function decides which units are applied. The outcomes are derived from the records that it
//! found, by [`Operation::decide`](provkey::store::Operation::decide) as in every store. If the two
//! ever disagreed, the call would fail with `store_corrupt`.
//!
//! Versions come from a sequence, which never goes back. Only the views read the clock of the
//! server. They are for people and reports ([`provkey::views`]): `provisioning_keys`,
//! `enrollments`, `connector_groups`, `enrollment_certificates`, `audit`.
//! [`Store::query`](provkey::store::Store::query) runs one SELECT over them, as a role that may
//! read nothing else; `docs/scaling.md` says how to create the role.

mod address;
mod apply;
mod batch;
mod batch_result;
mod blocking;
mod error;
mod fence;
mod options;
mod password;
mod pool;
mod query;
mod query_scan;
mod read;
mod record;
mod schema;
mod session;
mod store;
mod tls;

pub use options::PostgresOptions;
pub use store::PostgresStore;
