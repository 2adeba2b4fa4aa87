//! The PIN of a token.

use std::fmt;

use cryptoki::types::AuthPin;
use zeroize::Zeroizing;

/// The PIN of a token's user, wiped from memory when it is dropped.
pub struct TokenPin(AuthPin);

impl TokenPin {
    /// Takes the PIN as it is, including any white space.
    pub fn new(pin: Zeroizing<String>) -> Self {
        // The copy has exactly its length, so it is never reallocated, which would leave a copy
        // behind.
        Self(AuthPin::from(pin.as_str()))
    }

    pub(crate) fn expose(&self) -> &AuthPin {
        &self.0
    }
}

impl fmt::Debug for TokenPin {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("TokenPin(elided)")
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_pin_is_not_printed() {
        let pin = TokenPin::new(Zeroizing::new("271828".into()));
        assert_eq!(format!("{pin:?}"), "TokenPin(elided)");
    }
}
