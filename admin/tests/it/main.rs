//! Administration in the process: who may call what, and what they see.

// A test fails by panicking, also from its helpers.
#![allow(clippy::unwrap_used, clippy::panic)]

mod matrix;
mod scope;
mod site;
