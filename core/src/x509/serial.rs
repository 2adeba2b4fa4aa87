//! Serial numbers of certificates.

use core::fmt;

use crate::random::{Random, RandomError};
use crate::time::Timestamp;
use crate::{ParseError, hex};

/// A serial number of an issued certificate, in 17 bytes: the time of issue in milliseconds (46
/// bits), and 88 random bits.
///
/// The top bit is clear, because the number is positive, and the next one is set, so that its DER
/// always has 17 bytes. RFC 5280, 4.1.2.2, allows 20, and 64 random bits suffice to keep the signed
/// bytes unpredictable. The time, which the certificate shows anyway, puts consecutive certificates
/// side by side in an index: entries at random places would be most of what a store writes.
/// `Display` writes 34 lower-case hexadecimal digits.
///
/// ```
/// use provkey::x509::SerialNumber;
///
/// let serial: SerialNumber = "41a0f0f13200d4e1c2b3a4958677685940".parse()?;
/// assert_eq!(serial.to_string(), "41a0f0f13200d4e1c2b3a4958677685940");
/// # Ok::<(), provkey::ParseError>(())
/// ```
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct SerialNumber([u8; 17]);

impl SerialNumber {
    /// Draws a number for a certificate that is issued at this time.
    ///
    /// # Errors
    /// `random_unavailable` if the source fails.
    pub fn random(random: &dyn Random, at: Timestamp) -> Result<Self, RandomError> {
        let mut bytes = [0; 17];
        let (moment, rest) = bytes.split_at_mut(6);
        moment.copy_from_slice(&at.unix_ms().to_be_bytes()[2..]);
        random.fill(rest)?;
        bytes[0] = bytes[0] & 0x3f | 0x40;
        Ok(Self(bytes))
    }

    /// The number of these bytes, most significant first; `None` if it does not have this form.
    pub fn from_bytes(bytes: &[u8]) -> Option<Self> {
        let bytes: [u8; 17] = bytes.try_into().ok()?;
        (bytes[0] & 0xc0 == 0x40).then_some(Self(bytes))
    }

    /// Parses what `Display` writes.
    ///
    /// # Errors
    /// `text_malformed` for any other text.
    pub fn parse(text: &str) -> Result<Self, ParseError> {
        let is_lower = !text.bytes().any(|byte| byte.is_ascii_uppercase());
        let bytes = hex::read(text).filter(|_| is_lower);
        let serial = bytes.and_then(|bytes: [u8; 17]| Self::from_bytes(&bytes));
        serial.ok_or(ParseError::new("the serial number of a certificate"))
    }

    /// The bytes, most significant first.
    pub fn as_bytes(&self) -> &[u8] {
        &self.0
    }
}

impl fmt::Display for SerialNumber {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        hex::write(f, &self.0)
    }
}

crate::text::from_str!(SerialNumber, ParseError);
#[cfg(feature = "authority")]
crate::text::serde_as_text!(SerialNumber);
