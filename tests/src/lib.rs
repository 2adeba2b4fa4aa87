//! What crosses crates, processes and foreign tools is tested here.
//!
//! This library is what the tests and `provkey-test-worker` share: how a process opens the
//! authority in a folder, and what a test and a worker say to each other; and a PostgreSQL server
//! for tests, which tests of other languages have as `provkey-test-postgres`. The tests are in
//! `tests/it`; what other languages read is in `vectors`.

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
