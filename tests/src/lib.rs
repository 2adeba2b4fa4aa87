//! Tests across crates, processes and foreign tools.
//!
//! This library is shared by the tests and `provkey-test-worker`: how a process opens the
//! authority in a folder, and the messages between a test and a worker; and a PostgreSQL server for
//! tests, which `provkey-test-postgres` gives to tests in other languages. The tests are in
//! `tests/it`, and the vectors for all languages in `vectors`.

#[cfg(target_os = "linux")]
mod disk_faults;
mod folder;
pub mod history;
mod killing_store;
mod message;
mod postgres;
pub mod simulation;

#[cfg(target_os = "linux")]
pub use disk_faults::disk_faults;
pub use folder::{MASTER_KEY_FILE, STORE_FILE, open_authority, open_authority_on};
pub use killing_store::{KILL_AT, killing};
pub use message::{Answer, Asked, Granted, Question};
pub use postgres::{PostgresServer, serve_postgres};
