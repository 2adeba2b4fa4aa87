//! The router, asked in the process.

mod common;
mod est;
