//! Refuses RSA public keys whose private key is known or can be found.
//!
//! For every key the checks cost less than a signature with it. They cannot prove a key good: they
//! find the keys that bad generators are known to have made.

mod factors;
mod natural;

use core::ops::RangeInclusive;

use factors::{has_close_factors, has_roca_fingerprint, has_small_factor};
use natural::Natural;

use super::error::{PublicKeyError, WeakKey};
use crate::der::{Reader, tag};

/// Bits of a modulus that are accepted.
const MODULUS_BITS: RangeInclusive<usize> = 2048..=4096;
/// Exponents that are accepted, if odd: from the usual one to the largest that ring can use.
const EXPONENTS: RangeInclusive<u64> = 65_537..=(1 << 33) - 1;

/// Checks the contents of the BIT STRING.
pub(super) fn check(key: &[u8]) -> Result<(), PublicKeyError> {
    // RFC 8017, A.1.1: RSAPublicKey.
    let mut fields = Reader::within(key, tag::SEQUENCE)?;
    let (modulus, exponent) = (fields.unsigned()?, fields.unsigned()?);
    fields.end()?;
    let bits =
        modulus.len() * 8 - modulus.first().map_or(0, |first| first.leading_zeros() as usize);
    let exponent = (exponent.iter())
        .fold(0_u64, |value, &byte| value.saturating_mul(256).saturating_add(byte.into()));
    if bits > *MODULUS_BITS.end() || exponent > *EXPONENTS.end() {
        return Err(PublicKeyError::Unsupported);
    }
    // RFC 8017, 3.1: with an even exponent there is no private key.
    ensure(exponent % 2 == 1, WeakKey::EvenExponent)?;
    ensure(exponent >= *EXPONENTS.start(), WeakKey::SmallExponent)?;
    ensure(bits >= *MODULUS_BITS.start(), WeakKey::Short)?;
    check_modulus(&Natural::from_be_bytes(modulus))
}

fn check_modulus(modulus: &Natural) -> Result<(), PublicKeyError> {
    ensure(!has_small_factor(modulus), WeakKey::SmallFactor)?;
    ensure(!has_roca_fingerprint(modulus), WeakKey::Roca)?;
    ensure(!has_close_factors(modulus), WeakKey::CloseFactors)
}

fn ensure(holds: bool, weakness: WeakKey) -> Result<(), PublicKeyError> {
    if holds { Ok(()) } else { Err(PublicKeyError::Weak(weakness)) }
}
