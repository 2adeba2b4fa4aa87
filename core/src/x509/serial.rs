use core::fmt;

use crate::random::{Random, RandomError};

/// A serial number of a certificate that is made here: 17 bytes, 134 of their bits random.
///
/// The top bit is clear, as the number is positive, and the next one set, so that its DER is
/// always 17 bytes: within the 20 of RFC 5280, 4.1.2.2, and more than the 64 random bits that
/// keep a signature's input from being guessed. `Display` writes 34 lower-case hex digits.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct SerialNumber([u8; 17]);

impl SerialNumber {
    /// Draws a number.
    ///
    /// # Errors
    /// [`RandomError`] if the source fails.
    pub fn random(random: &dyn Random) -> Result<Self, RandomError> {
        let mut bytes = [0; 17];
        random.fill(&mut bytes)?;
        bytes[0] = bytes[0] & 0x3f | 0x40;
        Ok(Self(bytes))
    }

    /// The number of these bytes, most significant first; `None` if it is not one that is made
    /// here.
    pub fn from_bytes(bytes: &[u8]) -> Option<Self> {
        let bytes: [u8; 17] = bytes.try_into().ok()?;
        (bytes[0] & 0xc0 == 0x40).then_some(Self(bytes))
    }

    /// Reads what `Display` writes.
    pub fn parse(text: &str) -> Option<Self> {
        let mut bytes = [0; 17];
        let (pairs, []) = text.as_bytes().as_chunks::<2>() else { return None };
        if pairs.len() != bytes.len() {
            return None;
        }
        for (byte, pair) in bytes.iter_mut().zip(pairs) {
            if !pair.iter().all(|digit| matches!(digit, b'0'..=b'9' | b'a'..=b'f')) {
                return None;
            }
            *byte = u8::from_str_radix(core::str::from_utf8(pair).ok()?, 16).ok()?;
        }
        Self::from_bytes(&bytes)
    }

    /// The bytes, most significant first.
    pub fn as_bytes(&self) -> &[u8] {
        &self.0
    }
}

impl fmt::Display for SerialNumber {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.iter().try_for_each(|byte| write!(f, "{byte:02x}"))
    }
}
