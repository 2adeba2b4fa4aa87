//! What crosses crates, processes and languages, as one program.

// Clippy grants these to functions marked `#[test]`, but not to what they share.
#![allow(clippy::panic, clippy::unwrap_used)]

mod error_codes;
mod foreign;
mod killed;
mod processes;
mod site;
mod worker;
