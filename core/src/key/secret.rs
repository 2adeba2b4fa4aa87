//! The two secret types: the secret of a key, and the text that contains it.

use alloc::string::String;
use core::fmt;

use subtle::ConstantTimeEq;
use zeroize::ZeroizeOnDrop;

/// The secret of a provisioning key: 160 bits.
///
/// Erased when dropped, compared in constant time, never printed.
#[derive(ZeroizeOnDrop)]
pub struct Secret([u8; 20]);

impl Secret {
    /// The secret of these 20 bytes.
    pub const fn from_bytes(bytes: [u8; 20]) -> Self {
        Self(bytes)
    }

    /// Its 20 bytes. Never print or store them.
    pub const fn expose(&self) -> &[u8; 20] {
        &self.0
    }
}

impl PartialEq for Secret {
    fn eq(&self, other: &Self) -> bool {
        self.0.ct_eq(&other.0).into()
    }
}

impl Eq for Secret {}

impl fmt::Debug for Secret {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Secret(elided)")
    }
}

/// The whole text of a provisioning key, including its secret.
///
/// Erased when dropped, never printed, compared in constant time (texts of different lengths
/// differ at once).
///
/// ```
/// use provkey::key::KeyText;
///
/// let text = KeyText::new(String::from("pvk1_api.example.com_…"));
/// assert_eq!(format!("{text:?}"), "KeyText(elided)");
/// assert!(text.expose().starts_with("pvk1_"));
/// ```
#[derive(ZeroizeOnDrop)]
pub struct KeyText(String);

impl KeyText {
    /// Takes a text that a connector sent. It is not checked here, but where it is used.
    pub const fn new(text: String) -> Self {
        Self(text)
    }

    /// The text. Show it only to people who may use the key.
    pub fn expose(&self) -> &str {
        &self.0
    }
}

impl PartialEq for KeyText {
    fn eq(&self, other: &Self) -> bool {
        self.0.as_bytes().ct_eq(other.0.as_bytes()).into()
    }
}

impl Eq for KeyText {}

impl fmt::Debug for KeyText {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("KeyText(elided)")
    }
}
