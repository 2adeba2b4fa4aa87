//! Integration tests of the PostgreSQL store.

#![allow(clippy::unwrap_used, clippy::panic)]

use std::sync::LazyLock;

use provkey_tests::PostgresServer;

mod conformance;

/// The server of all tests that do it no harm.
static SERVER: LazyLock<PostgresServer> = LazyLock::new(PostgresServer::start);
