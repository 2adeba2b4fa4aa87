//! Ids of groups, enrollment certificates, connectors, admin tokens and authorities.
//!
//! All are written in bech32's alphabet, 5 bits a character: no vowels but `a`, `e` and `u`, and no
//! characters that look alike.

use core::fmt;

use crate::ParseError;
use crate::random::{Random, RandomError};

const ALPHABET: &[u8; 32] = b"qpzry9x8gf2tvdw0s3jn54khce6mua7l";

macro_rules! id {
    ($(#[$doc:meta])* $name:ident, $length:literal, $expected:literal) => {
        $(#[$doc])*
        #[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
        pub struct $name([u8; $length]);

        impl $name {
            #[doc = concat!("Parses ", $expected, ".")]
            ///
            /// # Errors
            /// `text_malformed` for any other text.
            pub fn parse(text: &str) -> Result<Self, ParseError> {
                let bytes: Option<[u8; $length]> = text.as_bytes().try_into().ok();
                let id = bytes.filter(|bytes| bytes.iter().all(|byte| ALPHABET.contains(byte)));
                id.map(Self).ok_or(ParseError::new($expected))
            }

            /// The id as text.
            pub fn as_str(&self) -> &str {
                core::str::from_utf8(&self.0).expect("the alphabet is ASCII")
            }
        }

        crate::text::from_str!($name, ParseError);
        crate::text::serde_as_text!($name);

        impl fmt::Display for $name {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.pad(self.as_str())
            }
        }

        impl fmt::Debug for $name {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str(self.as_str())
            }
        }
    };
}

id! {
    /// The id of an authority: 12 random characters.
    AuthorityId, 12, "the id of an authority"
}
id! {
    /// The id of a connector group: 12 random characters.
    GroupId, 12, "the id of a connector group"
}
id! {
    /// The id of an enrollment certificate: 12 random characters.
    CertificateId, 12, "the id of an enrollment certificate"
}
id! {
    /// The id of an admin token: 12 random characters.
    AdminTokenId, 12, "the id of an admin token"
}
id! {
    /// The id of a connector: 26 characters, the left 130 bits of the SHA-256 of the
    /// SubjectPublicKeyInfo that it enrolled with. A connector *is* its public key.
    ConnectorId, 26, "the id of a connector"
}

impl AuthorityId {
    pub(crate) fn random(random: &dyn Random) -> Result<Self, RandomError> {
        random_characters(random).map(Self)
    }
}

impl GroupId {
    pub(crate) fn random(random: &dyn Random) -> Result<Self, RandomError> {
        random_characters(random).map(Self)
    }
}

impl AdminTokenId {
    pub(crate) fn random(random: &dyn Random) -> Result<Self, RandomError> {
        random_characters(random).map(Self)
    }
}

impl CertificateId {
    pub(crate) fn random(random: &dyn Random) -> Result<Self, RandomError> {
        random_characters(random).map(Self)
    }
}

impl ConnectorId {
    /// The id of the connector whose SubjectPublicKeyInfo has this SHA-256.
    pub fn of_spki_sha256(hash: &[u8; 32]) -> Self {
        let bit = |index: usize| (hash[index / 8] >> (7 - index % 8)) & 1;
        Self(core::array::from_fn(|character| {
            let value = (0..5).fold(0, |value, i| value << 1 | bit(5 * character + i));
            ALPHABET[usize::from(value)]
        }))
    }
}

fn random_characters<const N: usize>(random: &dyn Random) -> Result<[u8; N], RandomError> {
    let mut bytes = [0; N];
    random.fill(&mut bytes)?;
    Ok(bytes.map(|byte| ALPHABET[usize::from(byte & 31)]))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_connector_id_is_the_left_of_the_hash() {
        let check = |hash: [u8; 32], id: &str| {
            assert_eq!(ConnectorId::of_spki_sha256(&hash).as_str(), id);
        };
        check([0; 32], "qqqqqqqqqqqqqqqqqqqqqqqqqq");
        check([255; 32], "llllllllllllllllllllllllll");
        let mut hash = [0; 32];
        hash[0] = 0b0000_1000;
        hash[16] = 0b0100_0000;
        check(hash, "pqqqqqqqqqqqqqqqqqqqqqqqqp");
    }

    #[test]
    fn only_ids_are_read_as_ids() {
        assert!(GroupId::parse("q2w3e4r5t6y7").is_ok());
        for wrong in ["", "q2w3e4r5t6y", "q2w3e4r5t6y77", "Q2w3e4r5t6y7", "b2w3e4r5t6y7"] {
            assert!(GroupId::parse(wrong).is_err(), "{wrong}");
        }
    }
}
