//! The command, run as people and programs run it.

// Tests and their helpers fail by panicking.
#![allow(clippy::unwrap_used, clippy::panic)]

mod admin_token;
mod checkpoint;
mod demo;
mod deploy;
mod enroll;
mod est_clients;
mod files;
mod first_steps;
mod home;
mod hostile;
mod identity;
mod inspect;
mod keys;
mod killed_server;
mod lifecycle;
mod lists;
mod master;
mod memory;
mod output;
mod postgres;
mod query;

mod revoking;
mod server;
mod sign;
mod signals;
mod token;
mod usage;
