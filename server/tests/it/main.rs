//! The router, called in the process, and the server on loopback.

// A test fails by panicking, also from its helpers.
#![allow(clippy::unwrap_used, clippy::panic)]

mod access;
mod administration;
mod api;
mod common;
mod connections;
mod est;
mod http2;
mod limits;
mod master_keys;
mod mounted;
