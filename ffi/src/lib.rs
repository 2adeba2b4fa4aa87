//! The C ABI of provkey, `libprovkey`.
//!
//! cbindgen makes `include/provkey.h` from this crate: the doc comment of an export is its
//! documentation in the header. Files are named and laid out as in core.
//!
//! Each export checks its arguments, does its work inside [`call::call`], which catches panics, and
//! writes its outputs last. Most use a frame: [`call::call_for`] checks and writes one output;
//! those of [`authority`] also look up the authority. Everything that is handed out begins with a
//! header that says what kind of object it is ([`handle`]).
//!
//! Modules depend on each other in one direction:
//!
//! ```text
//! status ◀── failure ◀── handle ◀── bytes ◀── backing ◀── error ◀── call ◀── the exports
//!                └────── argument, text, constants, user_data, record ◀───────┘
//! ```
//!
//! Besides the glue of SQLite's locks and of Python this is the only crate with `unsafe`. What an
//! export may assume about its arguments is said once, at the top of the header. That is the whole
//! safety argument of the exports, and of the functions that read arguments for them. They have no
//! `unsafe` blocks; what they are built on has, each with its reason.

#![cfg_attr(alloc_error_hook, feature(alloc_error_hook))]
#![allow(unsafe_code, reason = "C passes raw pointers")]
#![allow(non_camel_case_types, reason = "types have their C names")]
#![allow(clippy::missing_safety_doc, reason = "the header states the rules once")]
#![allow(unsafe_op_in_unsafe_fn, reason = "an export rests on the rules of the header as a whole")]
#![deny(clippy::undocumented_unsafe_blocks)]

// The header has the types and functions in the order of these modules.
#[deny(unsafe_op_in_unsafe_fn)]
mod argument;
mod backing;
#[deny(unsafe_op_in_unsafe_fn)]
mod call;
mod constants;
pub mod error;
mod failure;
#[deny(unsafe_op_in_unsafe_fn)]
pub mod handle;
mod memory;
#[cfg(feature = "authority")]
mod owned;
mod record;
pub mod status;
#[cfg(feature = "authority")]
#[deny(unsafe_op_in_unsafe_fn)]
mod text;
mod user_data;
pub mod version;

// What both halves share.
pub mod algorithm;
pub mod bytes;
pub mod fingerprint;
pub mod random;
pub mod signer;
#[deny(unsafe_op_in_unsafe_fn)]
pub mod sink;

// The connector.
pub mod provisioning_key;

pub mod identity;
pub mod request;

// The authority.
#[cfg(feature = "authority")]
pub mod authority;
#[cfg(feature = "authority")]
pub mod store;
