//! The text of an admin token.
//!
//! ```text
//! pvkt1_q2w3e4r5t6y7_<secret><check>
//! └┬──┘ └────┬─────┘ └ 32 + 13 characters of bech32's alphabet
//!  │         └ id: what listings show
//!  └ kind and version
//! ```
//!
//! The check is that of a provisioning key, over id and secret. So a miscopied text is recognized
//! without a look at the store, and a scanner for leaks has no false alarms. Scanners match
//! `\bpvkt1_[02-9ac-hj-np-z]{12}_[02-9ac-hj-np-z]{45}\b`.

use alloc::string::String;
use core::fmt;

use sha2::{Digest, Sha256};
use subtle::ConstantTimeEq;
use zeroize::{ZeroizeOnDrop, Zeroizing};

use crate::key::Secret;
use crate::key::alphabet::{character_of, gather, spread, value_of};
use crate::key::checksum::{CHECK, TARGET, check_of, residue};
use crate::ledger::error::AdminTokenError;
use crate::ledger::model::AdminTokenId;

const PREFIX: &str = "pvkt1_";
const ID: usize = 12;
const SECRET: usize = 32;
const WORD: usize = ID + SECRET + CHECK;

/// The text of an admin token, its secret included.
///
/// Erased when dropped, compared in constant time (texts of different lengths immediately), never
/// printed.
#[derive(ZeroizeOnDrop)]
pub struct AdminTokenText(String);

impl AdminTokenText {
    /// Takes a text, which is checked when it is used.
    pub const fn new(text: String) -> Self {
        Self(text)
    }

    /// The text, to hand to the administrator.
    pub fn expose(&self) -> &str {
        &self.0
    }

    /// The text of this id and this secret.
    pub(crate) fn of(id: AdminTokenId, secret: &Secret) -> Self {
        let mut word = Zeroizing::new([0; WORD]);
        for (value, character) in word.iter_mut().zip(id.as_str().bytes()) {
            *value = value_of(character).expect("an id is of the alphabet");
        }
        let values = word[ID..ID + SECRET].as_chunks_mut().0;
        for (values, bytes) in values.iter_mut().zip(secret.expose().as_chunks().0) {
            *values = spread(*bytes);
        }
        let check = check_of(&word[..ID + SECRET]);
        word[ID + SECRET..].copy_from_slice(&check);
        // Allocated at full length: a text that grew would leave copies behind.
        let mut text = String::with_capacity(PREFIX.len() + WORD + 1);
        text.push_str(PREFIX);
        text.push_str(id.as_str());
        text.push('_');
        text.extend(word[ID..].iter().map(|&value| char::from(character_of(value))));
        Self(text)
    }

    /// The id and the secret. White space around the text is ignored.
    pub(crate) fn read(&self) -> Result<(AdminTokenId, Secret), AdminTokenError> {
        let rest = self.0.trim().strip_prefix(PREFIX).ok_or(AdminTokenError::Malformed)?;
        let (id, rest) = rest.split_once('_').ok_or(AdminTokenError::Malformed)?;
        let id = AdminTokenId::parse(id).map_err(|_| AdminTokenError::Malformed)?;
        if rest.len() != SECRET + CHECK {
            return Err(AdminTokenError::Malformed);
        }
        let mut word = Zeroizing::new([0; WORD]);
        for (value, character) in word.iter_mut().zip(id.as_str().bytes().chain(rest.bytes())) {
            *value = value_of(character).ok_or(AdminTokenError::Malformed)?;
        }
        if residue(&*word) != TARGET {
            return Err(AdminTokenError::Malformed);
        }
        let mut bytes = Zeroizing::new([0; 20]);
        let values = word[ID..ID + SECRET].as_chunks().0;
        for (bytes, values) in bytes.as_chunks_mut().0.iter_mut().zip(values) {
            *bytes = gather(*values);
        }
        Ok((id, Secret::from_bytes(*bytes)))
    }
}

/// The SHA-256 of a token's id and secret, from which its verifier is made. The secret has 160
/// random bits, so a slow hash would add nothing.
pub(crate) fn sha256(id: AdminTokenId, secret: &Secret) -> [u8; 32] {
    let mut hash = Sha256::new();
    hash.update(b"provkey/1/admin-token\0");
    hash.update(id.as_str());
    hash.update(secret.expose());
    hash.finalize().into()
}

impl PartialEq for AdminTokenText {
    fn eq(&self, other: &Self) -> bool {
        self.0.as_bytes().ct_eq(other.0.as_bytes()).into()
    }
}

impl Eq for AdminTokenText {}

impl fmt::Debug for AdminTokenText {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("AdminTokenText(elided)")
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use alloc::format;
    use alloc::string::ToString;
    use proptest::prelude::*;

    fn text(secret: [u8; 20]) -> AdminTokenText {
        let id = AdminTokenId::parse("q2w3e4r5t6y7").unwrap();
        AdminTokenText::of(id, &Secret::from_bytes(secret))
    }

    /// The format is fixed: existing texts stay valid. Another implementation made this one.
    #[test]
    fn the_text_of_a_secret_is_this_one() {
        let expected = "pvkt1_q2w3e4r5t6y7_qypqgzqpqypqgzqpqypqgzqpqypqgzqp3dh7lrcespt0q";
        let text = text([1, 2, 4, 8, 1, 1, 2, 4, 8, 1, 1, 2, 4, 8, 1, 1, 2, 4, 8, 1]);
        assert_eq!(text.expose(), expected);
        assert_eq!(format!("{text:?}"), "AdminTokenText(elided)");
    }

    #[test]
    fn the_hash_is_of_id_and_secret() {
        let [one, other] =
            ["q2w3e4r5t6y7", "p2w3e4r5t6y7"].map(|id| AdminTokenId::parse(id).unwrap());
        let secret = Secret::from_bytes([7; 20]);
        assert_eq!(sha256(one, &secret), sha256(one, &Secret::from_bytes([7; 20])));
        assert_ne!(sha256(one, &secret), sha256(other, &secret));
        assert_ne!(sha256(one, &secret), sha256(one, &Secret::from_bytes([8; 20])));
    }

    proptest! {
        #[test]
        fn a_text_is_read_as_it_was_written(secret: [u8; 20]) {
            let (id, read) = text(secret).read().unwrap();
            prop_assert_eq!(id.as_str(), "q2w3e4r5t6y7");
            prop_assert_eq!(read.expose(), &secret);
        }

        /// The code has distance 9, so a few wrong characters never make another valid text.
        #[test]
        fn wrong_characters_are_noticed(
            secret: [u8; 20], positions in prop::collection::btree_set(6..64_usize, 1..=8), by in 1..31_u8,
        ) {
            let mut bytes = text(secret).expose().as_bytes().to_vec();
            for position in positions {
                if let Some(value) = value_of(bytes[position]) {
                    bytes[position] = character_of(value ^ by);
                }
            }
            let changed = String::from_utf8(bytes).unwrap();
            prop_assume!(changed != text(secret).expose());
            prop_assert_eq!(AdminTokenText::new(changed).read().unwrap_err(), AdminTokenError::Malformed);
        }

        #[test]
        fn no_text_panics(any in ".*") {
            let _ = AdminTokenText::new(any.to_string()).read();
            let _ = AdminTokenText::new(format!("pvkt1_{any}")).read();
        }
    }
}
