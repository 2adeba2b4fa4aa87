//! What a connector reports about its machine.

use core::fmt;

use crate::{ParseError, hex};

/// A machine's fingerprint as it is sent and stored: the left 128 bits of
/// HMAC-SHA256("provkey/1/fingerprint", raw material).
///
/// The raw material (machine id, TPM, keystore) never leaves the machine. A fingerprint is not a
/// secret. Anyone who can guess the material can compute it, so guessable material detects
/// accidental clones and stops no attacker.
///
/// ```
/// use provkey::key::Fingerprint;
///
/// let fingerprint = Fingerprint::of_raw(b"the machine's id");
/// assert_eq!(Fingerprint::parse(&fingerprint.to_string()), Ok(fingerprint));
/// assert_ne!(Fingerprint::of_raw(b"a clone's id"), fingerprint);
/// ```
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Fingerprint([u8; 16]);

impl Fingerprint {
    /// The fingerprint of a machine with this raw material.
    #[cfg(feature = "connector")]
    pub fn of_raw(raw: &[u8]) -> Self {
        use ring::hmac;
        let key = hmac::Key::new(hmac::HMAC_SHA256, b"provkey/1/fingerprint");
        let mut bytes = [0; 16];
        bytes.copy_from_slice(&hmac::sign(&key, raw).as_ref()[..16]);
        Self(bytes)
    }

    /// The fingerprint of these 16 bytes.
    pub const fn from_bytes(bytes: [u8; 16]) -> Self {
        Self(bytes)
    }

    /// Parses 32 hexadecimal digits.
    ///
    /// # Errors
    /// `text_malformed` for any other text.
    pub fn parse(text: &str) -> Result<Self, ParseError> {
        hex::read(text).map(Self).ok_or(ParseError::new("a fingerprint of 32 hexadecimal digits"))
    }

    /// Its 16 bytes.
    pub const fn as_bytes(&self) -> &[u8; 16] {
        &self.0
    }
}

/// 32 hexadecimal digits in lower case.
impl fmt::Display for Fingerprint {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        hex::write(f, &self.0)
    }
}

impl fmt::Debug for Fingerprint {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Fingerprint({self})")
    }
}

crate::text::from_str!(Fingerprint, ParseError);
#[cfg(feature = "authority")]
crate::text::serde_as_text!(Fingerprint);
