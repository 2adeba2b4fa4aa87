//! The layout of a key text: prefix, host, separator, and the 85 characters of the core.

use super::checksum::CHECK;

/// The first characters of every key text: kind and version.
pub(super) const PREFIX: &str = "pvk1_";
/// The character between host and core. Neither of them contains it.
pub(super) const SEPARATOR: char = '_';
/// Where the host begins.
pub(super) const HOST_AT: usize = PREFIX.len();

/// Number of characters of the id, which is the first field of the core.
pub(super) const ID: usize = 12;
/// Number of characters of the secret.
pub(super) const SECRET: usize = 32;
/// Number of characters of the pin.
pub(super) const PIN: usize = 24;
/// Number of characters of the tag, which ties the core to its host.
pub(super) const TAG: usize = 4;
/// Number of characters of the core.
pub(super) const WORD: usize = CHECK_AT + CHECK;

/// Where the secret begins in the core.
pub(super) const SECRET_AT: usize = ID;
/// Where the pin begins in the core.
pub(super) const PIN_AT: usize = SECRET_AT + SECRET;
/// Where the tag begins in the core.
pub(super) const TAG_AT: usize = PIN_AT + PIN;
/// Where the check begins in the core.
pub(super) const CHECK_AT: usize = TAG_AT + TAG;

const _: () = assert!(WORD == 85);
