//! Tests across crates, processes and languages, as one program.

// Clippy allows these in functions marked `#[test]`, but not in their helpers.
#![allow(clippy::panic, clippy::unwrap_used)]

mod batches;
mod error_codes;
mod external;
mod foreign;
mod full_disk;
mod killed;
mod killed_at_each_call;
mod linearizable;
mod model;
mod power_loss;
mod processes;
mod revocation;
mod simulation;
mod site;
mod views;
mod worker;
