//! Keys in SoftHSM.

// A test fails by panicking, also from its helpers.
#![allow(clippy::unwrap_used, clippy::panic)]

mod fleet;
mod forks;
mod keys;
mod lost;
mod refused;
mod softhsm;
