//! A durable [provkey store](provkey::store) in PostgreSQL: several hosts, one truth.
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
//! The parameters of the URL, the privileges that a host needs, and what a failover keeps are in
//! `docs/scaling.md`.
//!
//! # What it promises
//! - What [`apply`](provkey::store::Store::apply) reports is committed, whatever number of hosts
//!   applies at the same time. It is one round trip and one commit for all units of the call.
//! - A server that is away, a replica, a lock that is not given up: each has its code, and nothing
//!   was changed. Only if the connection is lost while the server may be committing, the error is
//!   [`Unknown`](provkey::store::StoreError::Unknown); the authority settles it.
//! - A connection that was lost is made anew, at the next call.
//! - A URL without a password has that of `PGPASSWORD`, or of the password file (`PGPASSFILE`,
//!   `~/.pgpass`), as with PostgreSQL's own tools. Passwords are in no error and no `Debug`.
//! - Calls block, and may be made from any thread, also of an asynchronous runtime.
//!
//! # Inside
//! A batch of units is one call of the function `apply` of the schema, in `src/schema/2.sql`, which
//! is one transaction at READ COMMITTED. That level allows much; this is why it is enough:
//!
//! 1. *Records that stay as they are or that are written* are locked one after the other in the
//!    order of their keys, shared or exclusively. They are read under the lock.
//! 2. *What was not there* is looked at again after the last lock was had. So all is decided on the
//!    state of one moment. Without that, a unit that is applied again, because its outcome was
//!    unknown, could wait for its own first try at a counter, find that full, and be refused as one
//!    that came too late. If a record came in between, everything is undone and done again.
//! 3. *A record that does not exist cannot be locked.* But two cannot insert one key: the second
//!    waits for the first, and fails if that commits. So what is to be absent is inserted, and what is
//!    to stay absent, too, and deleted again before the commit. Then everything is undone and done again.
//! 4. *Nobody waits in a circle.* Locks of step 1 are taken in one order. Inserts come after them,
//!    in the same order, and wait for other inserts only. Changes and deletions come last and
//!    wait for nobody.
//!
//! Nearly always all units are applied, and what they make anew was not there. So the first try
//! does not look at new records, it only inserts them; if a unit would be refused, the batch
//! is sent again to be looked at with care.
//!
//! The function only decides which units are applied. The outcomes are made here, by
//! [`Operation::decide`](provkey::store::Operation::decide) as in every store, from the records as the function found
//! them; if the two ever disagreed, the call would fail as `store_corrupt`.
//!
//! Versions come from a sequence, which never goes back. No clock of the server is looked at, but by
//! the views for people of `src/schema/3.sql`: `provisioning_keys`, `enrollments`,
//! `connector_groups`, `enrollment_certificates`, `audit`. [`Store::query`](provkey::store::Store::query)
//! answers a SELECT over them, and nothing else, as a role that may do nothing else; docs/scaling.md
//! says how to make it.

mod address;
mod batch;
mod error;
mod fence;
mod options;
mod outside;
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
mod told;

pub use options::PostgresOptions;
pub use store::PostgresStore;
