//! Integration tests of the SQLite store.

#![allow(clippy::unwrap_used, clippy::panic)]

use std::path::PathBuf;

mod broken;
mod child;
mod conformance;
mod disk;
mod files;
mod forks;
mod log;
mod processes;
mod queries;
mod strangers;

/// A folder that goes away with the test, and where in it to put a store.
fn temporary() -> (tempfile::TempDir, PathBuf) {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("store.db");
    (folder, path)
}
