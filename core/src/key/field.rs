//! The finite fields of the checksum: GF(32), and GF(1024) over it.

use core::ops::{Add, Mul};

/// The product in GF(32), the binary polynomials modulo x⁵ + x³ + 1 (BIP-173).
const fn multiply(a: u8, b: u8) -> u8 {
    let (mut sum, mut shifted, mut bit) = (0, a, 0);
    while bit < 5 {
        if b >> bit & 1 == 1 {
            sum ^= shifted;
        }
        shifted <<= 1;
        if shifted & 32 != 0 {
            shifted ^= 0b10_1001;
        }
        bit += 1;
    }
    sum
}

/// An element of GF(1024): low + high·ζ with ζ² = ζ + 1 (BIP-93).
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Element {
    low: u8,
    high: u8,
}

impl Element {
    pub(super) const ZERO: Self = Self::from_value(0);
    pub(super) const ONE: Self = Self::from_value(1);

    /// The element of GF(32) as one of GF(1024).
    pub(super) const fn from_value(value: u8) -> Self {
        Self { low: value & 31, high: 0 }
    }

    /// The same element of GF(32), if it is one.
    pub(super) fn to_value(self) -> Option<u8> {
        (self.high == 0).then_some(self.low)
    }

    /// The `exponent`-th power of β, an element of order 93 whose powers 9 to 16 are the
    /// generator's consecutive roots. (BIP-93 has them as 77 to 84, of 1/β.)
    pub(super) const fn beta_to(exponent: usize) -> Self {
        BETA_POWERS[exponent % BETA_ORDER]
    }

    pub(super) fn is_zero(self) -> bool {
        self == Self::ZERO
    }

    /// The inverse; of zero, zero.
    pub(super) fn inverse(self) -> Self {
        // x¹⁰²² by squaring: the sum of the exponents 2, 4, 8, …, 512.
        let squares = core::iter::successors(Some(self * self), |&square| Some(square * square));
        squares.take(9).fold(Self::ONE, Self::mul)
    }

    const fn times(self, other: Self) -> Self {
        let high = multiply(self.high, other.high);
        Self {
            low: multiply(self.low, other.low) ^ high,
            high: multiply(self.low, other.high) ^ multiply(self.high, other.low) ^ high,
        }
    }
}

/// The number of different powers of β, and with it the longest word of the code.
pub(super) const BETA_ORDER: usize = 93;

const BETA_POWERS: [Element; BETA_ORDER] = {
    let beta = Element { low: 5, high: 5 };
    let mut powers = [Element::ONE; BETA_ORDER];
    let mut i = 1;
    while i < BETA_ORDER {
        powers[i] = powers[i - 1].times(beta);
        i += 1;
    }
    powers
};

impl Add for Element {
    type Output = Self;
    fn add(self, other: Self) -> Self {
        Self { low: self.low ^ other.low, high: self.high ^ other.high }
    }
}

impl Mul for Element {
    type Output = Self;
    fn mul(self, other: Self) -> Self {
        self.times(other)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use bech32::primitives::gf32_ext::Fe32Ext;
    use bech32::{Fe32, Fe1024};

    fn all() -> impl Iterator<Item = Element> {
        (0..32).flat_map(|high| (0..32).map(move |low| Element { low, high }))
    }

    fn oracle(element: Element) -> Fe32Ext<2> {
        Fe1024::new([element.low, element.high].map(|v| Fe32::try_from(v).unwrap()))
    }

    #[test]
    fn multiplies_as_another_implementation_does() {
        for a in all() {
            for b in all() {
                assert!(oracle(a * b) == oracle(a) * oracle(b), "{a:?} * {b:?}");
            }
        }
    }

    #[test]
    fn every_element_but_zero_has_an_inverse() {
        for element in all() {
            let product = element * element.inverse();
            assert_eq!(product, if element.is_zero() { Element::ZERO } else { Element::ONE });
        }
    }

    #[test]
    fn beta_has_order_93() {
        assert!((1..BETA_ORDER).all(|i| Element::beta_to(i) != Element::ONE));
        assert_eq!(Element::beta_to(92) * Element::beta_to(1), Element::ONE);
    }
}
