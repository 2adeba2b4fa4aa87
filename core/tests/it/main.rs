//! The authority, over the memory store and over stores that fail.

// A test fails by panicking, also from its helpers.
#![allow(clippy::unwrap_used, clippy::panic)]

mod common;
mod enrolling;
mod faults;
mod keys;
mod masters;
mod races;
mod things;
