//! The router, asked in the process.

// A test fails by panicking, also from its helpers.
#![allow(clippy::unwrap_used, clippy::panic)]

mod access;
mod administration;
mod api;
mod common;
mod doors;
mod est;
mod limits;
mod masters;
mod mounted;
