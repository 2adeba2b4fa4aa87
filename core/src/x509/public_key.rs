//! Public keys: one accepted DER form for each, so that equal keys are equal bytes.

use alloc::vec::Vec;
use core::fmt;
use core::ops::RangeInclusive;

use sha2::{Digest as _, Sha256};

use super::reader::{Malformed, Reader};
use super::{KeyAlgorithm, tag};

/// Bits of an RSA modulus that are accepted.
const RSA_BITS: RangeInclusive<usize> = 2048..=4096;
/// RSA exponents that are accepted, if odd: the usual one and up to what ring can use.
const RSA_EXPONENTS: RangeInclusive<u64> = 65_537..=(1 << 33) - 1;

/// The contents of the object identifiers of the same algorithms, to tell a wrong form of a
/// known algorithm from an unknown algorithm.
const EC_OID: &[u8] = b"\x2a\x86\x48\xce\x3d\x02\x01";
const KNOWN_OIDS: [&[u8]; 2] = [b"\x2b\x65\x70", b"\x2a\x86\x48\x86\xf7\x0d\x01\x01\x01"];

/// A public key that is not accepted.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum PublicKeyError {
    /// Not the one accepted DER form of a key of its algorithm, or not a point of its curve.
    #[error("the public key is not in the one accepted form of its algorithm")]
    Malformed,
    /// Too weak to identify anybody.
    #[error("the public key is too weak; an RSA key needs 2048 bits and the exponent 65537")]
    Weak,
    /// Of an algorithm or a size that is not supported.
    #[error("the public key must be P-256, P-384, Ed25519, or RSA of 2048 to 4096 bits")]
    Unsupported,
}

impl PublicKeyError {
    /// The stable code.
    pub const fn code(self) -> &'static str {
        match self {
            Self::Malformed => "public_key_malformed",
            Self::Weak => "public_key_weak",
            Self::Unsupported => "public_key_unsupported",
        }
    }

    /// Whether the same call may succeed later: never.
    pub const fn retryable(self) -> bool {
        false
    }
}

impl From<Malformed> for PublicKeyError {
    fn from(Malformed: Malformed) -> Self {
        Self::Malformed
    }
}

/// A public key of an accepted algorithm in its one accepted DER form.
///
/// The form: an uncompressed point of a named curve; RSA with NULL parameters; Ed25519 without
/// parameters and with a canonical point. So two keys are the same exactly if their bytes are.
/// That a point lies on its curve shows only when a signature is checked with it.
#[derive(Clone, PartialEq, Eq, Hash)]
pub struct PublicKey {
    spki: Vec<u8>,
    key_start: usize,
    algorithm: KeyAlgorithm,
}

impl PublicKey {
    /// Reads the DER of a SubjectPublicKeyInfo (RFC 5280, 4.1.2.7).
    ///
    /// # Errors
    /// `public_key_malformed`, `public_key_weak` or `public_key_unsupported`.
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
            KeyAlgorithm::Rsa => check_rsa(key)?,
        }
        // The key is the last field, so it ends where the SubjectPublicKeyInfo ends.
        Ok(Self { spki: spki.to_vec(), key_start: spki.len() - key.len(), algorithm })
    }

    /// The DER of the SubjectPublicKeyInfo.
    pub fn spki(&self) -> &[u8] {
        &self.spki
    }

    /// The algorithm.
    pub fn algorithm(&self) -> KeyAlgorithm {
        self.algorithm
    }

    /// SHA-256 of the SubjectPublicKeyInfo: what a connector is known by.
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
        self.key_id().iter().try_for_each(|byte| write!(f, "{byte:02x}"))?;
        write!(f, ")")
    }
}

fn read_algorithm(der: &[u8]) -> Result<KeyAlgorithm, PublicKeyError> {
    if let Some(known) = KeyAlgorithm::ALL.into_iter().find(|known| known.identifier() == der) {
        return Ok(known);
    }
    let mut fields = Reader::within(der, tag::SEQUENCE)?;
    let oid = fields.contents(tag::OBJECT_IDENTIFIER)?;
    // RFC 5480, 2.1.1: explicit curve parameters are no form of a named curve.
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

fn check_rsa(key: &[u8]) -> Result<(), PublicKeyError> {
    // RFC 8017, A.1.1: RSAPublicKey.
    let mut fields = Reader::within(key, tag::SEQUENCE)?;
    let (modulus, exponent) = (fields.unsigned()?, fields.unsigned()?);
    fields.end()?;
    let bits =
        modulus.len() * 8 - modulus.first().map_or(0, |first| first.leading_zeros() as usize);
    let exponent_value = (exponent.iter())
        .fold(0_u64, |value, &byte| value.saturating_mul(256).saturating_add(byte.into()));
    if bits > *RSA_BITS.end() || exponent_value > *RSA_EXPONENTS.end() {
        return Err(PublicKeyError::Unsupported);
    }
    if !is_odd(modulus) || !is_odd(exponent) {
        return Err(PublicKeyError::Malformed);
    }
    if bits < *RSA_BITS.start() || exponent_value < *RSA_EXPONENTS.start() {
        return Err(PublicKeyError::Weak);
    }
    Ok(())
}

fn is_odd(number: &[u8]) -> bool {
    number.last().is_some_and(|byte| byte & 1 == 1)
}

/// RFC 8032, 5.1.3: y, little-endian, below 2^255 - 19, and the sign of x in the top bit.
fn check_ed25519(key: &[u8]) -> Result<(), PublicKeyError> {
    let mut y: [u8; 32] = key.try_into().map_err(|_| PublicKeyError::Malformed)?;
    y[31] &= 0x7f;
    if y[31] == 0x7f && y[1..31].iter().all(|&byte| byte == 0xff) && y[0] >= 0xed {
        return Err(PublicKeyError::Malformed);
    }
    // Under a key of small order, a signature can be made without a private key.
    if SMALL_ORDER.contains(&y) { Err(PublicKeyError::Weak) } else { Ok(()) }
}

/// The y coordinates of the eight points whose order divides 8.
const SMALL_ORDER: [[u8; 32]; 5] = [
    [0; 32],
    *b"\x01\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0",
    *b"\xec\xff\xff\xff\xff\xff\xff\xff\xff\xff\xff\xff\xff\xff\xff\xff\xff\xff\xff\xff\xff\xff\xff\xff\xff\xff\xff\xff\xff\xff\xff\x7f",
    *b"\x26\xe8\x95\x8f\xc2\xb2\x27\xb0\x45\xc3\xf4\x89\xf2\xef\x98\xf0\xd5\xdf\xac\x05\xd3\xc6\x33\x39\xb1\x38\x02\x88\x6d\x53\xfc\x05",
    *b"\xc7\x17\x6a\x70\x3d\x4d\xd8\x4f\xba\x3c\x0b\x76\x0d\x10\x67\x0f\x2a\x20\x53\xfa\x2c\x39\xcc\xc6\x4e\xc7\xfd\x77\x92\xac\x03\x7a",
];
