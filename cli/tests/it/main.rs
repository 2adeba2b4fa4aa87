//! The command as a whole, run as people and programs run it.

// A test fails by panicking, also from its helpers.
#![allow(clippy::unwrap_used, clippy::panic)]

mod admin_token;
mod checkpoint;
mod demo;
mod deploy;
mod enroll;
mod est_clients;
mod files;
mod home;
mod hostile;
mod identity;
mod inspect;
mod keys;
mod killed_server;
mod life;
mod lists;
mod master;
mod memory;
mod output;
mod postgres;
mod query;
mod readme;
mod revoking;
mod server;
mod sign;
mod signals;
mod token;
mod usage;
