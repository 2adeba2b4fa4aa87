//! The arithmetic on large numbers that the checks of a public modulus need. Nothing here is
//! secret, so nothing runs in constant time.

use alloc::vec::Vec;
use core::cmp::Ordering;

/// A number, its least significant 64 bits first, without leading zeros.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(super) struct Natural(Vec<u64>);

impl Natural {
    pub(super) fn from_be_bytes(bytes: &[u8]) -> Self {
        let limb =
            |chunk: &[u8]| chunk.iter().fold(0_u64, |limb, &byte| limb << 8 | u64::from(byte));
        let mut number = Self(bytes.rchunks(8).map(limb).collect());
        number.trim();
        number
    }

    /// Multiplies by 2^`bits`, and adds `low`. `bits` is 1 to 63, and `low` has at most as many.
    fn shift_in(&mut self, bits: u32, low: u64) {
        let mut carry = low;
        for limb in &mut self.0 {
            (*limb, carry) = (*limb << bits | carry, *limb >> (64 - bits));
        }
        if carry != 0 {
            self.0.push(carry);
        }
    }

    pub(super) fn add(&mut self, other: &Self) {
        self.0.resize(self.0.len().max(other.0.len()), 0);
        let mut carry = false;
        let others = other.0.iter().copied().chain(core::iter::repeat(0));
        for (limb, other) in self.0.iter_mut().zip(others) {
            let (sum, first) = limb.overflowing_add(other);
            let (sum, second) = sum.overflowing_add(carry.into());
            (*limb, carry) = (sum, first | second);
        }
        if carry {
            self.0.push(1);
        }
    }

    /// Subtracts a number that is not larger.
    pub(super) fn subtract(&mut self, other: &Self) {
        let mut borrow = false;
        let others = other.0.iter().copied().chain(core::iter::repeat(0));
        for (limb, other) in self.0.iter_mut().zip(others) {
            let (difference, first) = limb.overflowing_sub(other);
            let (difference, second) = difference.overflowing_sub(borrow.into());
            (*limb, borrow) = (difference, first | second);
        }
        self.trim();
    }

    fn trim(&mut self) {
        while self.0.last() == Some(&0) {
            self.0.pop();
        }
    }

    pub(super) fn is_zero(&self) -> bool {
        self.0.is_empty()
    }

    /// The remainder of the division by a number that is not zero.
    pub(super) fn modulo(&self, divisor: u32) -> u32 {
        let divisor = u64::from(divisor);
        let halves = self.0.iter().rev().flat_map(|limb| [limb >> 32, limb & 0xffff_ffff]);
        let rest = halves.fold(0, |rest, half| (rest << 32 | half) % divisor);
        u32::try_from(rest).expect("the rest is smaller than the divisor")
    }

    /// Twice the square root, rounded down before doubling, and the remainder.
    ///
    /// Two bits of the number give one bit of the root, as in the method on paper. The variable is
    /// `4 * root + 1`: the next bit is set exactly if that can be subtracted.
    pub(super) fn square_root(&self) -> (Self, Self) {
        let (mut trial, mut rest) = (Self([1].into()), Self::default());
        for limb in self.0.iter().rev() {
            for shift in (0..64).step_by(2).rev() {
                rest.shift_in(2, limb >> shift & 3);
                let fits = rest.cmp(&trial) != Ordering::Less;
                if fits {
                    rest.subtract(&trial);
                }
                trial.shift_in(1, 0);
                if let Some(low) = trial.0.first_mut() {
                    *low = *low & !7 | u64::from(fits) << 2 | 1;
                }
            }
        }
        // From 4 * root + 1 to 2 * root.
        let mut low = 0;
        for limb in trial.0.iter_mut().rev() {
            (*limb, low) = (*limb >> 1 | low << 63, *limb & 1);
        }
        trial.trim();
        (trial, rest)
    }

    pub(super) fn is_square(&self) -> bool {
        // Of all numbers, one in five hundred looks like a square so far.
        const PRIMES: [u32; 8] = [3, 5, 7, 11, 13, 17, 19, 23];
        let low = self.0.first().map_or(0, |low| low % 64);
        let rest = self.modulo(PRIMES.iter().product());
        let is_residue = |prime: &u32| (0..*prime).any(|root| root * root % prime == rest % prime);
        (0..64).any(|root| root * root % 64 == low)
            && PRIMES.iter().all(is_residue)
            && self.square_root().1.is_zero()
    }
}

impl From<u64> for Natural {
    fn from(number: u64) -> Self {
        let mut number = Self([number].into());
        number.trim();
        number
    }
}

impl PartialOrd for Natural {
    fn partial_cmp(&self, other: &Self) -> Option<Ordering> {
        Some(self.cmp(other))
    }
}

impl Ord for Natural {
    fn cmp(&self, other: &Self) -> Ordering {
        let by_length = self.0.len().cmp(&other.0.len());
        by_length.then_with(|| self.0.iter().rev().cmp(other.0.iter().rev()))
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn wide(number: u128) -> Natural {
        Natural::from_be_bytes(&number.to_be_bytes())
    }

    proptest! {
        #[test]
        fn agrees_with_the_arithmetic_of_the_machine(a in any::<u128>(), b in any::<u128>(), d in 1_u32..) {
            let (a, b) = (a.max(b) >> 1, a.min(b) >> 1);
            let mut number = wide(a);
            number.add(&wide(b));
            prop_assert_eq!(&number, &wide(a + b));
            number.subtract(&wide(b));
            prop_assert_eq!(&number, &wide(a));
            prop_assert_eq!(number.cmp(&wide(b)), a.cmp(&b));
            prop_assert_eq!(number.modulo(d), u32::try_from(a % u128::from(d)).unwrap());
        }

        #[test]
        fn square_roots_are_exact(number in any::<u128>(), root in any::<u64>()) {
            let expected = number.isqrt();
            let (twice, rest) = wide(number).square_root();
            prop_assert_eq!(twice, wide(2 * expected));
            prop_assert_eq!(rest, wide(number - expected * expected));
            prop_assert_eq!(wide(number).is_square(), expected * expected == number);
            let square = u128::from(root) * u128::from(root);
            prop_assert!(wide(square).is_square());
            prop_assert!(root < 2 || !wide(square - 1).is_square());
        }
    }
}
