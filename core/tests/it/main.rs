//! The authority, over the memory store and over stores that fail.

mod common;
mod enrolling;
mod faults;
mod keys;
mod masters;
mod races;
mod things;
