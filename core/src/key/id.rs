//! The public id of a key, and the keyring slot in it.

use core::fmt;

use super::alphabet::{character_of, value_of};
use crate::error_family::error_family;
use crate::random::{Random, RandomError};

/// The position of a master key in a keyring: 0 to 31.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Slot(u8);

impl Slot {
    /// Number of slots.
    pub const COUNT: usize = 32;

    /// The slot of this number, if it is 0 to 31.
    pub const fn new(number: u8) -> Option<Self> {
        if (number as usize) < Self::COUNT { Some(Self(number)) } else { None }
    }

    /// Its number, 0 to 31.
    pub const fn number(self) -> u8 {
        self.0
    }

    /// All slots in order.
    pub fn all() -> impl Iterator<Item = Self> {
        (0..Self::COUNT as u8).map(Self)
    }
}

impl fmt::Display for Slot {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.fmt(f)
    }
}

/// The public id of a provisioning key: 12 characters, for example `q2w3e4r5t6y7`.
///
/// The first character encodes the slot of the master key from which the secret is derived. The
/// others are random. An id is not a secret: logs, listings and errors show it.
///
/// ```
/// use provkey::key::{KeyId, Slot};
///
/// let id: KeyId = "q2w3e4r5t6y7".parse()?;
/// assert_eq!((id.slot(), id.as_str()), (Slot::default(), "q2w3e4r5t6y7"));
/// # Ok::<(), provkey::key::KeyIdError>(())
/// ```
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct KeyId([u8; 12]);

error_family! {
    /// The text is not a key id: 12 characters of `qpzry9x8gf2tvdw0s3jn54khce6mua7l`.
    #[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
    #[error("a key id is 12 characters of qpzry9x8gf2tvdw0s3jn54khce6mua7l, in lower case")]
    pub struct KeyIdError => "key_id_malformed";
}

impl KeyId {
    /// Draws an id for a key whose secret is derived from the master key in `slot`. Its 55 random
    /// bits make a collision unlikely, not impossible: the authority never overwrites a key.
    ///
    /// # Errors
    /// `random_unavailable` if `random` fails.
    pub fn random(slot: Slot, random: &dyn Random) -> Result<Self, RandomError> {
        let mut values = [0; 12];
        random.fill(&mut values)?;
        values[0] = slot.number();
        Ok(Self::from_values(values))
    }

    /// Parses the 12 characters of an id.
    ///
    /// # Errors
    /// `key_id_malformed` for any other text.
    pub fn parse(text: &str) -> Result<Self, KeyIdError> {
        let characters: [u8; 12] = text.as_bytes().try_into().map_err(|_| KeyIdError)?;
        let known = characters.iter().all(|&character| value_of(character).is_some());
        if known { Ok(Self(characters)) } else { Err(KeyIdError) }
    }

    /// The 12 characters.
    pub fn as_str(&self) -> &str {
        str::from_utf8(&self.0).expect("an id is made of ASCII characters only")
    }

    /// The slot of the master key from which the secret is derived.
    pub fn slot(&self) -> Slot {
        let [value, ..] = self.values();
        Slot(value)
    }

    pub(super) fn values(&self) -> [u8; 12] {
        self.0.map(|character| value_of(character).expect("an id is made of the alphabet only"))
    }

    /// The id of these values; only the lowest 5 bits of each count.
    pub(super) fn from_values(values: [u8; 12]) -> Self {
        Self(values.map(character_of))
    }
}

impl fmt::Display for KeyId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(self.as_str())
    }
}

impl fmt::Debug for KeyId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "KeyId({self})")
    }
}

crate::text::from_str!(KeyId, KeyIdError);
#[cfg(feature = "authority")]
crate::text::serde_as_text!(KeyId);

#[cfg(test)]
mod tests {
    use super::*;
    use std::string::ToString;

    struct Ones;
    impl Random for Ones {
        fn fill(&self, bytes: &mut [u8]) -> Result<(), RandomError> {
            bytes.fill(0xff);
            Ok(())
        }
    }

    #[test]
    fn reads_only_its_own_alphabet() {
        assert_eq!(KeyId::parse("q2w3e4r5t6y7").unwrap().to_string(), "q2w3e4r5t6y7");
        for text in ["", "q2w3e4r5t6y", "q2w3e4r5t6y7q", "Q2w3e4r5t6y7", "b2w3e4r5t6y7", "ééééé7"]
        {
            assert_eq!(KeyId::parse(text), Err(KeyIdError), "{text}");
        }
    }

    #[test]
    fn first_character_is_the_slot() {
        for slot in Slot::all() {
            let id = KeyId::random(slot, &Ones).unwrap();
            assert_eq!(id.slot(), slot);
            assert_eq!(&id.as_str()[1..], "lllllllllll");
        }
        assert_eq!(Slot::new(32), None);
    }
}
