//! The master key, from which the secret of every provisioning key is derived.

use alloc::string::String;
use core::fmt;

use ring::{hkdf, hmac};
use zeroize::Zeroizing;

use super::{Host, KeyId, Secret};
use crate::error_family::error_family;
use crate::random::{Random, RandomError};
use crate::{ParseError, hex};

/// The 32 bytes from which an authority's secrets are derived. The application keeps them outside
/// the store.
///
/// Never printed. The bytes are erased when this is dropped; ring does not erase its own copy.
///
/// ```
/// use provkey::key::{Host, KeyId, MasterKey};
///
/// let master = MasterKey::parse(&"07".repeat(32))?;
/// let (host, id) = (Host::parse("api.example.com")?, KeyId::parse("q2w3e4r5t6y7")?);
/// // The same master key, host and id give the same secret: no secret is stored.
/// assert_eq!(master.derive_secret(&host, id), master.derive_secret(&host, id));
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
pub struct MasterKey {
    bytes: Zeroizing<[u8; 32]>,
    /// The same key with its two HMAC pads already hashed, which halves the work for a short
    /// message.
    ready: hmac::Key,
}

error_family! {
    /// The text is not a master key: 64 hexadecimal digits and a line end.
    #[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
    #[error("a master key is 64 hexadecimal digits and a newline")]
    pub struct MasterKeyError => "master_key_malformed";
}

/// Identifies a master key: the left 64 bits of HMAC-SHA256(master, "provkey/1/master-id"). It is
/// not a secret.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct MasterId([u8; 8]);

impl MasterId {
    /// Parses 16 hexadecimal digits.
    ///
    /// # Errors
    /// `text_malformed` for any other text.
    pub fn parse(text: &str) -> Result<Self, ParseError> {
        hex::read(text).map(Self).ok_or(ParseError::new("the id of a master key"))
    }
}

/// 16 hexadecimal digits in lower case.
impl fmt::Display for MasterId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        hex::write(f, &self.0)
    }
}

impl fmt::Debug for MasterId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "MasterId({self})")
    }
}

impl MasterKey {
    /// Draws a new master key.
    ///
    /// # Errors
    /// `random_unavailable` if `random` fails.
    pub fn generate(random: &dyn Random) -> Result<Self, RandomError> {
        let mut bytes = Zeroizing::new([0; 32]);
        random.fill(bytes.as_mut())?;
        Ok(Self::from_bytes(*bytes))
    }

    /// The master key of these bytes, which should be random.
    pub fn from_bytes(bytes: [u8; 32]) -> Self {
        Self { ready: hmac::Key::new(hmac::HMAC_SHA256, &bytes), bytes: Zeroizing::new(bytes) }
    }

    /// Parses 64 hexadecimal digits and at most one line end.
    ///
    /// # Errors
    /// `master_key_malformed` for anything else.
    pub fn parse(text: &str) -> Result<Self, MasterKeyError> {
        let line = text.strip_suffix('\n').unwrap_or(text);
        let line = line.strip_suffix('\r').unwrap_or(line);
        hex::read(line).map(Self::from_bytes).ok_or(MasterKeyError)
    }

    /// The content of a master key file: 64 hexadecimal digits in lower case and a newline.
    pub fn to_hex(&self) -> Zeroizing<String> {
        let mut text = Zeroizing::new(String::with_capacity(65));
        self.push_hex_to(&mut text);
        text
    }

    pub(super) fn push_hex_to(&self, text: &mut String) {
        for byte in self.bytes.iter() {
            text.extend([byte >> 4, byte & 15].map(|digit| {
                char::from_digit(digit.into(), 16).expect("four bits are a hexadecimal digit")
            }));
        }
        text.push('\n');
    }

    /// The public id of this master key.
    pub fn id(&self) -> MasterId {
        let mut id = [0; 8];
        id.copy_from_slice(&hmac::sign(&self.ready, b"provkey/1/master-id").as_ref()[..8]);
        MasterId(id)
    }

    /// The secret of the provisioning key `id` for `host`: the left 160 bits of
    /// HMAC-SHA256(master, "provkey/1/secret" ‖ 0x00 ‖ host ‖ 0x00 ‖ id).
    pub fn derive_secret(&self, host: &Host, id: KeyId) -> Secret {
        let mut context = hmac::Context::with_key(&self.ready);
        context.update(b"provkey/1/secret\0");
        context.update(host.as_str().as_bytes());
        context.update(b"\0");
        context.update(id.as_str().as_bytes());
        let mut secret = [0; 20];
        secret.copy_from_slice(&context.sign().as_ref()[..20]);
        Secret::from_bytes(secret)
    }

    /// HMAC-SHA256(master, label ‖ 0x00 ‖ message).
    #[cfg(feature = "authority")]
    pub(crate) fn authenticate(&self, label: &[u8], message: &[u8]) -> [u8; 32] {
        let mut context = hmac::Context::with_key(&self.ready);
        context.update(label);
        context.update(b"\0");
        context.update(message);
        let mut tag = [0; 32];
        tag.copy_from_slice(context.sign().as_ref());
        tag
    }

    /// A key for sealing: HKDF-SHA256 (RFC 5869) of this master key, without a salt, for `info`.
    pub fn derive_seal_key(&self, info: &[u8]) -> Zeroizing<[u8; 32]> {
        let extracted = hkdf::Salt::new(hkdf::HKDF_SHA256, &[]).extract(self.bytes.as_ref());
        let mut key = Zeroizing::new([0; 32]);
        extracted
            .expand(&[info], hkdf::HKDF_SHA256)
            .and_then(|expanded| expanded.fill(key.as_mut()))
            .expect("HKDF can output 32 bytes");
        key
    }

    /// A key that takes the place of a missing one, so that refusing takes as long as verifying.
    pub(super) fn derive_dummy(&self) -> Self {
        let mut bytes = [0; 32];
        bytes.copy_from_slice(hmac::sign(&self.ready, b"provkey/1/unknown-slot").as_ref());
        Self::from_bytes(bytes)
    }
}

impl fmt::Debug for MasterKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "MasterKey({}, elided)", self.id())
    }
}

crate::text::from_str!(MasterId, ParseError);
#[cfg(feature = "authority")]
crate::text::serde_as_text!(MasterId);

#[cfg(test)]
mod tests {
    use super::*;
    use std::string::ToString;

    #[test]
    fn a_file_holds_64_digits_and_a_newline() {
        let master = MasterKey::from_bytes(core::array::from_fn(|i| 8 * i as u8));
        let text = master.to_hex();
        assert_eq!(&text[..10], "0008101820");
        assert_eq!((text.len(), text.lines().count()), (65, 1));
        for accepted in [&text[..], &text[..64], &text.to_uppercase(), &text.replace('\n', "\r\n")]
        {
            assert_eq!(MasterKey::parse(accepted).unwrap().id(), master.id());
        }
        let zeros = "0".repeat(62);
        for refused in ["", &text[1..], &text[..63], &text.replace('1', "g"), &(zeros + "+1")] {
            assert_eq!(MasterKey::parse(refused).err(), Some(MasterKeyError));
        }
        assert_eq!(MasterId::parse(&master.id().to_string()), Ok(master.id()));
    }

    /// RFC 5869, section 2, in HMACs: extract without a salt, then the first block of expand.
    #[test]
    fn seal_keys_are_hkdf() {
        let master = MasterKey::from_bytes([7; 32]);
        let hmac = |key: &[u8], data: &[u8]| {
            hmac::sign(&hmac::Key::new(hmac::HMAC_SHA256, key), data).as_ref().to_vec()
        };
        let expected = hmac(&hmac(&[0; 32], &[7; 32]), b"provkey/1/seal-ca record\x01");
        assert_eq!(master.derive_seal_key(b"provkey/1/seal-ca record").to_vec(), expected);
        assert_ne!(master.derive_seal_key(b"another").to_vec(), expected);
    }
}
