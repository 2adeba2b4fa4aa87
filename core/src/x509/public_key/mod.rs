//! Public keys: each has one accepted DER form, so equal keys are equal bytes.

mod error;
mod rsa;

use alloc::vec::Vec;
use core::fmt;

use sha2::{Digest as _, Sha256};

use super::KeyAlgorithm;
#[cfg(feature = "connector")]
use crate::der::writer::{bit_string, nested};
use crate::der::{Reader, tag};
use crate::hex;

pub use error::{PublicKeyError, WeakKey};

/// The object identifiers of the accepted algorithms, to distinguish a wrong form of a known
/// algorithm from an unknown algorithm.
const EC_OID: &[u8] = b"\x2a\x86\x48\xce\x3d\x02\x01";
const KNOWN_OIDS: [&[u8]; 2] = [b"\x2b\x65\x70", b"\x2a\x86\x48\x86\xf7\x0d\x01\x01\x01"];

/// A public key of an accepted algorithm in its one accepted DER form.
///
/// This form is: an uncompressed point of a named curve; RSA with NULL parameters; Ed25519 without
/// parameters and with a canonical point. So two keys are equal exactly if their bytes are. Whether
/// a point is on its curve is checked only when a signature is verified with it.
#[derive(Clone, PartialEq, Eq, Hash)]
pub struct PublicKey {
    spki: Vec<u8>,
    key_start: usize,
    algorithm: KeyAlgorithm,
}

impl PublicKey {
    /// Parses the DER of a SubjectPublicKeyInfo (RFC 5280, 4.1.2.7).
    ///
    /// # Errors
    /// `public_key_malformed`, `public_key_unsupported`, or the code of a [`WeakKey`].
    pub fn from_spki(spki: &[u8]) -> Result<Self, PublicKeyError> {
        let mut fields = Reader::within(spki, tag::SEQUENCE)?;
        let identifier = fields.value(tag::SEQUENCE)?;
        let key = fields.bit_string()?;
        fields.end()?;
        let algorithm = read_algorithm(identifier)?;
        match algorithm {
            // SEC 1, 2.3.3: 04 and both coordinates.
            KeyAlgorithm::EcdsaP256 => check_point(key, 65)?,
            KeyAlgorithm::EcdsaP384 => check_point(key, 97)?,
            KeyAlgorithm::Ed25519 => check_ed25519(key)?,
            KeyAlgorithm::Rsa => rsa::check(key)?,
        }
        // The key is the last field, so it ends where the SubjectPublicKeyInfo ends.
        Ok(Self { spki: spki.to_vec(), key_start: spki.len() - key.len(), algorithm })
    }

    /// Takes the contents of the BIT STRING of a SubjectPublicKeyInfo: an uncompressed point, the
    /// 32 bytes of an Ed25519 key, or the DER of an RSAPublicKey (RFC 8017, A.1.1).
    ///
    /// # Errors
    /// As [`from_spki`](Self::from_spki).
    #[cfg(feature = "connector")]
    pub fn from_key(algorithm: KeyAlgorithm, key: &[u8]) -> Result<Self, PublicKeyError> {
        let mut spki = Vec::with_capacity(128);
        // RFC 5280, 4.1.2.7.
        nested(&mut spki, tag::SEQUENCE, |out| {
            out.extend_from_slice(algorithm.identifier());
            bit_string(out, key);
        });
        Self::from_spki(&spki)
    }

    /// The DER of the SubjectPublicKeyInfo.
    pub fn spki(&self) -> &[u8] {
        &self.spki
    }

    /// The algorithm.
    pub fn algorithm(&self) -> KeyAlgorithm {
        self.algorithm
    }

    /// SHA-256 of the SubjectPublicKeyInfo, which identifies a connector.
    pub fn sha256(&self) -> [u8; 32] {
        Sha256::digest(&self.spki).into()
    }

    /// The key identifier: the left 160 bits of SHA-256 of the key (RFC 7093, 2, method 1).
    pub fn key_id(&self) -> [u8; 20] {
        let digest: [u8; 32] = Sha256::digest(self.key()).into();
        let mut id = [0; 20];
        id.copy_from_slice(&digest[..20]);
        id
    }

    /// The contents of the BIT STRING.
    pub(super) fn key(&self) -> &[u8] {
        &self.spki[self.key_start..]
    }
}

impl fmt::Debug for PublicKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "PublicKey({}, ", self.algorithm.as_str())?;
        hex::write(f, &self.key_id())?;
        write!(f, ")")
    }
}

fn read_algorithm(der: &[u8]) -> Result<KeyAlgorithm, PublicKeyError> {
    if let Some(known) = KeyAlgorithm::ALL.into_iter().find(|known| known.identifier() == der) {
        return Ok(known);
    }
    let mut fields = Reader::within(der, tag::SEQUENCE)?;
    let oid = fields.contents(tag::OBJECT_IDENTIFIER)?;
    // RFC 5480, 2.1.1: explicit curve parameters are a wrong form, another named curve is not.
    let named_curve = fields.optional(tag::OBJECT_IDENTIFIER)?.is_some();
    if KNOWN_OIDS.contains(&oid) || (oid == EC_OID && !named_curve) {
        return Err(PublicKeyError::Malformed);
    }
    Err(PublicKeyError::Unsupported)
}

fn check_point(key: &[u8], length: usize) -> Result<(), PublicKeyError> {
    let uncompressed = key.len() == length && key.first() == Some(&4);
    if uncompressed { Ok(()) } else { Err(PublicKeyError::Malformed) }
}

/// RFC 8032, 5.1.3: y, little-endian, below 2^255 - 19, and the sign of x in the top bit.
fn check_ed25519(key: &[u8]) -> Result<(), PublicKeyError> {
    let mut y: [u8; 32] = key.try_into().map_err(|_| PublicKeyError::Malformed)?;
    y[31] &= 0x7f;
    if y[31] == 0x7f && y[1..31].iter().all(|&byte| byte == 0xff) && y[0] >= 0xed {
        return Err(PublicKeyError::Malformed);
    }
    // Under a key of small order, a signature can be made without a private key.
    if SMALL_ORDER.contains(&y) { Err(WeakKey::SmallOrder.into()) } else { Ok(()) }
}

/// The y coordinates of the eight points whose order divides 8.
const SMALL_ORDER: [[u8; 32]; 5] = [
    [0; 32],
    *b"\x01\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0",
    *b"\xec\xff\xff\xff\xff\xff\xff\xff\xff\xff\xff\xff\xff\xff\xff\xff\xff\xff\xff\xff\xff\xff\xff\xff\xff\xff\xff\xff\xff\xff\xff\x7f",
    *b"\x26\xe8\x95\x8f\xc2\xb2\x27\xb0\x45\xc3\xf4\x89\xf2\xef\x98\xf0\xd5\xdf\xac\x05\xd3\xc6\x33\x39\xb1\x38\x02\x88\x6d\x53\xfc\x05",
    *b"\xc7\x17\x6a\x70\x3d\x4d\xd8\x4f\xba\x3c\x0b\x76\x0d\x10\x67\x0f\x2a\x20\x53\xfa\x2c\x39\xcc\xc6\x4e\xc7\xfd\x77\x92\xac\x03\x7a",
];
