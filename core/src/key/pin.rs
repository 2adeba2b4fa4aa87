//! The pin of an authority root.

use core::fmt;

use sha2::{Digest, Sha256};

use crate::{ParseError, hex};

/// The left 120 bits of SHA-256 over the SubjectPublicKeyInfo (DER) of the authority root.
///
/// A connector that has only a key text recognizes its authority by the pin. It is not a secret.
///
/// ```
/// use provkey::key::Pin;
///
/// let pin = Pin::of_spki(b"the root's SubjectPublicKeyInfo");
/// assert!(pin.matches_spki(b"the root's SubjectPublicKeyInfo"));
/// assert_eq!(Pin::parse(&pin.to_string()), Ok(pin));
/// ```
#[derive(Clone, Copy, PartialEq, Eq, Hash)]
pub struct Pin([u8; 15]);

impl Pin {
    /// The pin of a root with this SubjectPublicKeyInfo, in DER.
    pub fn of_spki(spki: &[u8]) -> Self {
        let digest: [u8; 32] = Sha256::digest(spki).into();
        let mut bytes = [0; 15];
        bytes.copy_from_slice(&digest[..15]);
        Self(bytes)
    }

    /// The pin of these 15 bytes.
    pub const fn from_bytes(bytes: [u8; 15]) -> Self {
        Self(bytes)
    }

    /// Parses 30 hexadecimal digits.
    ///
    /// # Errors
    /// `text_malformed` for any other text.
    pub fn parse(text: &str) -> Result<Self, ParseError> {
        hex::read(text).map(Self).ok_or(ParseError::new("a pin of 30 hexadecimal digits"))
    }

    /// Its 15 bytes.
    pub const fn as_bytes(&self) -> &[u8; 15] {
        &self.0
    }

    /// Whether a root with this SubjectPublicKeyInfo, in DER, has this pin.
    pub fn matches_spki(&self, spki: &[u8]) -> bool {
        *self == Self::of_spki(spki)
    }
}

/// 30 hexadecimal digits in lower case.
impl fmt::Display for Pin {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        hex::write(f, &self.0)
    }
}

impl fmt::Debug for Pin {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Pin({self})")
    }
}

crate::text::from_str!(Pin, ParseError);
#[cfg(feature = "authority")]
crate::text::serde_as_text!(Pin);
