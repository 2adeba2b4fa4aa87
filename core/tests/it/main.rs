//! Tests of the public interface: key texts, and the authority over the memory store and over
//! stores that fail.

// A test fails by panicking, also from its helpers.
#![allow(clippy::unwrap_used, clippy::panic)]

mod administration;
mod checkpoints;
mod common;
mod crls;
mod damaged;
mod enrolling;
mod faults;
mod hostile_csrs;
mod issuers;
mod key_text;
mod key_vectors;
mod keys;
mod masters;
mod outcomes;
mod races;
mod refusals;
mod renewing;
mod revoking;
mod server_certificates;
mod subjects;
mod texts;
mod tokens;
