//! The router, asked in the process.

// A test fails by panicking, also from its helpers.
#![allow(clippy::unwrap_used, clippy::panic)]

mod common;
mod est;
