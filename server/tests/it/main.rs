//! What the server promises over HTTP.

// A test fails by panicking, also from its helpers.
#![allow(clippy::unwrap_used, clippy::panic)]

mod access;
mod administration;
mod api;
