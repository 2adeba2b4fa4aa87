//! What crosses crates, processes and languages, as one program.

// Clippy grants these to functions marked `#[test]`, but not to what they share.
#![allow(clippy::panic, clippy::unwrap_used)]

mod batches;
mod end_to_end;
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
mod refusals;
mod revocation;
mod simulation;
mod site;
mod views;
mod worker;
