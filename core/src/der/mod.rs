//! DER (X.690) and PEM (RFC 7468): the ground for [`key`](crate::key) and [`x509`](crate::x509).
//!
//! [`Reader`] accepts strict DER only, [`writer`] produces it, [`tag`] and [`oid`] name what both
//! compare. Nothing here knows what a certificate or a proof is.

mod form;
pub(crate) mod oid;
pub(crate) mod pem;
mod reader;
pub(crate) mod tag;
#[cfg(feature = "connector")]
pub(crate) mod writer;

pub(crate) use reader::{Malformed, Reader, check_all, is_deeper_than};
