//! The checksum of a key text: a BCH code over GF(32).
//!
//! It is the short code of codex32 (BIP-93) with an initial residue of 1, without prefix expansion
//! and with a different target, so that neither kind of text passes for the other. It has 13 check
//! characters and distance 9 up to 93 characters: it always detects up to 8 wrong characters, and
//! locates and corrects up to 4.

use super::alphabet::value_of;

/// Number of check characters.
pub(crate) const CHECK: usize = 13;

/// Every valid word leaves this residue: the characters of `pr0vkeychecks`, 5 bits each.
pub(crate) const TARGET: u128 = {
    let characters = b"pr0vkeychecks";
    let mut target = 0;
    let mut i = 0;
    while i < CHECK {
        let value = value_of(characters[i]).expect("the characters are of the alphabet");
        target = target << 5 | value as u128;
        i += 1;
    }
    target
};

/// The generator polynomial without its leading 1, times 1, 2, 4, 8 and 16 (BIP-93, "Checksum").
const GENERATOR: [u128; 5] = [
    0x19dc500ce73fde210,
    0x1bfae00def77fe529,
    0x1fbd920fffe7bee52,
    0x1739640bdeee3fdad,
    0x07729a039cfc75f5a,
];

/// The polynomial 1 ‖ `values`, modulo the generator. It has no branch and no table lookup that
/// depends on the values, because most of them are secret.
pub(crate) fn residue(values: &[u8]) -> u128 {
    values.iter().fold(1, |residue, &value| append(residue, value))
}

fn append(residue: u128, value: u8) -> u128 {
    let top = residue >> 60;
    let shifted = (residue & ((1 << 60) - 1)) << 5 | u128::from(value & 31);
    let multiples = GENERATOR.iter().enumerate();
    // The mask is all ones or all zeros.
    let mask = |bit: usize| 0u128.wrapping_sub(top >> bit & 1);
    multiples.fold(shifted, |sum, (bit, multiple)| sum ^ (multiple & mask(bit)))
}

/// The check values that make `values`, followed by them, a valid word.
pub(crate) fn check_of(values: &[u8]) -> [u8; CHECK] {
    let padded = (0..CHECK).fold(residue(values), |residue, _| append(residue, 0));
    coefficients(padded ^ TARGET)
}

/// The 13 values of a packed residue, highest power first.
pub(super) fn coefficients(residue: u128) -> [u8; CHECK] {
    core::array::from_fn(|i| (residue >> (5 * (CHECK - 1 - i))) as u8 & 31)
}

#[cfg(test)]
pub(super) mod tests {
    use super::*;
    use bech32::primitives::checksum::Engine;
    use bech32::primitives::gf32_ext::Fe32Ext;
    use bech32::{Checksum, Fe32, Fe1024};
    use proptest::prelude::*;
    use std::vec::Vec;

    /// The same code, as another implementation defines it.
    #[derive(Clone, Copy, PartialEq, Eq)]
    pub(crate) enum Oracle {}

    impl Checksum for Oracle {
        type MidstateRepr = u128;
        type CorrectionField = Fe32Ext<2>;
        const ROOT_GENERATOR: Self::CorrectionField = Fe1024::new([Fe32::_9, Fe32::_9]);
        const ROOT_EXPONENTS: core::ops::RangeInclusive<usize> = 9..=16;
        const CHECKSUM_LENGTH: usize = CHECK;
        const CODE_LENGTH: usize = 93;
        const GENERATOR_SH: [u128; 5] = GENERATOR;
        const TARGET_RESIDUE: u128 = TARGET;
    }

    fn values(text: &str) -> Vec<u8> {
        text.bytes().map(|c| value_of(c).unwrap()).collect()
    }

    #[test]
    fn constants_are_consistent() {
        Oracle::sanity_check();
        assert_eq!(coefficients(TARGET).as_slice(), values("pr0vkeychecks"));
    }

    /// BIP-93, test vector 1, where the prefix `ms` leaves the residue 0x23181b3.
    #[test]
    fn is_the_code_of_bip_93() {
        let share = values("0testsxxxxxxxxxxxxxxxxxxxxxxxxxx4nzvca9cmczlw");
        let residue = share.iter().fold(0x23181b3, |residue, &value| append(residue, value));
        assert_eq!(coefficients(residue).as_slice(), values("secretshare32"));
    }

    proptest! {
        #[test]
        fn agrees_with_another_implementation(values in prop::collection::vec(0..32u8, 0..93)) {
            let mut engine = Engine::<Oracle>::new();
            for &value in &values {
                engine.input_fe(Fe32::try_from(value).unwrap());
            }
            prop_assert_eq!(residue(&values), *engine.residue());
        }

        #[test]
        fn check_values_reach_the_target(mut values in prop::collection::vec(0..32u8, 0..80)) {
            let check = check_of(&values);
            values.extend(check);
            prop_assert_eq!(residue(&values), TARGET);
        }
    }
}
