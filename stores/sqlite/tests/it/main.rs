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
mod other_programs;
mod processes;
mod queries;

/// A temporary folder, and the path of a store in it.
fn temporary() -> (tempfile::TempDir, PathBuf) {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("store.db");
    (folder, path)
}
