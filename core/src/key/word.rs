//! The core of a key text as 85 values of 5 bits.

use alloc::string::String;

use sha2::{Digest, Sha256};
use zeroize::ZeroizeOnDrop;

use super::alphabet::{character_of, gather, spread, value_of};
use super::checksum::{TARGET, check_of, residue};
use super::layout::{CHECK_AT, ID, PIN_AT, SECRET_AT, TAG, TAG_AT, WORD};
use super::{KeyId, Pin, Secret};

/// The core of a key text, whether or not its check is right. It contains the secret.
#[derive(ZeroizeOnDrop)]
pub(super) struct Word(pub(super) [u8; WORD]);

impl Word {
    /// Encodes these parts, and computes the tag of the host and the check.
    pub(super) fn new(host: &str, id: KeyId, secret: &Secret, pin: Pin) -> Self {
        let mut word = Self([0; WORD]);
        let values = &mut word.0;
        values[..ID].copy_from_slice(&id.values());
        put_bytes(&mut values[SECRET_AT..PIN_AT], secret.expose());
        put_bytes(&mut values[PIN_AT..TAG_AT], pin.as_bytes());
        values[TAG_AT..CHECK_AT].copy_from_slice(&tag_of(host));
        let check = check_of(&values[..CHECK_AT]);
        values[CHECK_AT..].copy_from_slice(&check);
        word
    }

    /// Reads 85 characters of the alphabet; `None` for anything else.
    pub(super) fn from_text(text: &str) -> Option<Self> {
        let characters: &[u8; WORD] = text.as_bytes().try_into().ok()?;
        let mut word = Self([0; WORD]);
        for (value, &character) in word.0.iter_mut().zip(characters) {
            *value = value_of(character)?;
        }
        Some(word)
    }

    pub(super) fn push_to(&self, text: &mut String) {
        text.extend(self.0.iter().map(|&value| char::from(character_of(value))));
    }

    /// Whether the check is right.
    pub(super) fn is_valid(&self) -> bool {
        residue(&self.0) == TARGET
    }

    /// Whether the tag belongs to this host.
    pub(super) fn is_for(&self, host: &str) -> bool {
        self.0[TAG_AT..CHECK_AT] == tag_of(host)
    }

    pub(super) fn id(&self) -> KeyId {
        let mut values = [0; ID];
        values.copy_from_slice(&self.0[..ID]);
        KeyId::from_values(values)
    }

    pub(super) fn secret(&self) -> Secret {
        let mut bytes = [0; 20];
        take_bytes(&self.0[SECRET_AT..PIN_AT], &mut bytes);
        Secret::from_bytes(bytes)
    }

    pub(super) fn pin(&self) -> Pin {
        let mut bytes = [0; 15];
        take_bytes(&self.0[PIN_AT..TAG_AT], &mut bytes);
        Pin::from_bytes(bytes)
    }
}

/// Left 20 bits of SHA-256 over the host text.
fn tag_of(host: &str) -> [u8; TAG] {
    let digest = Sha256::digest(host.as_bytes());
    let [v0, v1, v2, v3, ..] = spread([digest[0], digest[1], digest[2], 0, 0]);
    [v0, v1, v2, v3]
}

fn put_bytes(values: &mut [u8], bytes: &[u8]) {
    for (values, bytes) in values.as_chunks_mut().0.iter_mut().zip(bytes.as_chunks().0) {
        *values = spread(*bytes);
    }
}

fn take_bytes(values: &[u8], bytes: &mut [u8]) {
    for (values, bytes) in values.as_chunks().0.iter().zip(bytes.as_chunks_mut().0) {
        *bytes = gather(*values);
    }
}
