//! Provisioning keys: a fleet enrols itself, every use counted exactly.

#![no_std]
#![forbid(unsafe_code)]

extern crate alloc;
#[cfg(any(feature = "std", test))]
extern crate std;

pub mod key;
pub mod limits;
pub mod random;
pub mod store;
pub mod time;
pub mod x509;

#[cfg(feature = "authority")]
pub mod authority;
#[cfg(feature = "connector")]
pub mod connector;
