//! Integration tests of the SQLite store.

#![allow(clippy::unwrap_used, clippy::panic)]

mod files;
