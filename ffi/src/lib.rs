//! The C ABI of provkey, `libprovkey`.
//!
//! `include/provkey.h` is made of this crate by cbindgen, and its documentation is what stands at
//! the exports. A file stands for one C object; the same concept has the same file name in core.
//!
//! Each export checks its arguments, does its work inside [`call::call`], where a panic ends, and
//! writes its outputs last. Everything that is handed out begins with a header, by which it is
//! known again ([`handle`]).
//!
//! This is the one crate of the workspace with `unsafe`. What an export may rely on stands once,
//! at the top of the header.

#![cfg_attr(alloc_error_hook, feature(alloc_error_hook))]
#![allow(unsafe_code, reason = "this is where C comes in")]
#![allow(non_camel_case_types, reason = "types have the names that C knows them by")]
#![allow(clippy::missing_safety_doc, reason = "the rules stand once, in the header")]

pub mod algorithm;
mod argument;
#[cfg(feature = "authority")]
pub mod authority;
pub mod bytes;
mod call;
pub mod error;
pub mod fingerprint;
pub mod handle;
#[cfg(feature = "authority")]
mod held;
mod host_part;
pub mod identity;
mod kept;
mod memory;
pub mod provisioning_key;
pub mod random;
pub mod request;
pub mod signer;
pub mod sink;
pub mod status;
#[cfg(feature = "authority")]
pub mod store;
#[cfg(feature = "authority")]
mod text;
pub mod version;
