//! Locates and corrects wrong characters of a core.
//!
//! The standard decoder of BCH codes: syndromes, Berlekamp–Massey, a search for the roots, Forney
//! (Blahut, "Algebraic Codes for Data Transmission", chapter 7). All sizes are fixed. The checksum
//! is verified last, so a mistake here could lose a repair but never invent one.

use alloc::vec::Vec;
use core::array;

use super::checksum::{TARGET, coefficients, residue};
use super::field::{BETA_ORDER, Element};
use super::layout::WORD;
use super::word::Word;

/// Number of consecutive roots of the generator: 2 × errors + erasures can be as many.
const ROOTS: usize = 8;
/// The first of the consecutive roots, as a power of β.
const ROOT_FIRST: usize = 9;

/// A polynomial, the coefficient of x⁰ first.
type Polynomial = [Element; ROOTS + 1];

/// The only valid word that differs from `word` in the `erasures` (places whose value is unknown)
/// and in at most (8 − erasures) / 2 other places; `None` if there is no such word.
pub(super) fn repair(word: &Word, erasures: &[usize]) -> Option<Word> {
    if erasures.len() > ROOTS {
        return None;
    }
    let syndromes = syndromes(word);
    let (locator, degree) = locate(&syndromes, erasures);
    if 2 * degree > ROOTS + erasures.len() {
        return None;
    }
    let places: Vec<usize> = (0..WORD).filter(|&place| is_root(&locator, place)).collect();
    if places.len() != degree {
        return None;
    }
    let evaluator = product(&locator, &syndromes);
    let mut repaired = Word(word.0);
    for place in places {
        let magnitude = magnitude(&locator, &evaluator, place).to_value()?;
        *repaired.0.get_mut(place)? ^= magnitude;
    }
    repaired.is_valid().then_some(repaired)
}

/// The power of β that stands for a place in the word: the last place is β⁰.
fn locator_of(place: usize) -> Element {
    Element::beta_to(WORD - 1 - place)
}

fn inverse_locator_of(place: usize) -> Element {
    Element::beta_to(BETA_ORDER - (WORD - 1 - place))
}

/// The error polynomial, evaluated at each of the roots. All zero for a valid word.
fn syndromes(word: &Word) -> [Element; ROOTS] {
    let wrong = coefficients(residue(&word.0) ^ TARGET);
    array::from_fn(|i| {
        let root = Element::beta_to(ROOT_FIRST + i);
        wrong.iter().fold(Element::ZERO, |sum, &value| sum * root + Element::from_value(value))
    })
}

/// The product of (1 + X·x) over the locators X of all wrong places, and its degree:
/// Berlekamp–Massey, started from the erasures.
fn locate(syndromes: &[Element; ROOTS], erasures: &[usize]) -> (Polynomial, usize) {
    let mut locator: Polynomial = [Element::ZERO; ROOTS + 1];
    locator[0] = Element::ONE;
    for &erasure in erasures {
        locator = sum(&locator, locator_of(erasure), &shifted(&locator));
    }
    let mut degree = erasures.len();
    let mut previous = locator;
    for step in erasures.len() + 1..=ROOTS {
        previous = shifted(&previous);
        let known = syndromes.iter().take(step).rev();
        let discrepancy =
            locator.iter().zip(known).fold(Element::ZERO, |sum, (&c, &s)| sum + c * s);
        if discrepancy.is_zero() {
            continue;
        }
        let next = sum(&locator, discrepancy, &previous);
        if 2 * degree < step + erasures.len() {
            degree = step + erasures.len() - degree;
            previous = locator.map(|c| c * discrepancy.inverse());
        }
        locator = next;
    }
    (locator, degree)
}

fn is_root(locator: &Polynomial, place: usize) -> bool {
    evaluate(locator, inverse_locator_of(place)).is_zero()
}

/// Forney: what to add to the value at `place`. X^(1−c) · Ω(1/X) / Λ′(1/X), c the first root.
fn magnitude(locator: &Polynomial, evaluator: &Polynomial, place: usize) -> Element {
    let inverse = inverse_locator_of(place);
    // The formal derivative: in characteristic 2 only the odd powers remain.
    let derivative = array::from_fn(|i| match locator.get(i + 1) {
        Some(&coefficient) if i % 2 == 0 => coefficient,
        _ => Element::ZERO,
    });
    let power = Element::beta_to((ROOT_FIRST - 1) * (BETA_ORDER - (WORD - 1 - place)));
    power * evaluate(evaluator, inverse) * evaluate(&derivative, inverse).inverse()
}

fn evaluate(polynomial: &Polynomial, at: Element) -> Element {
    polynomial.iter().rev().fold(Element::ZERO, |sum, &coefficient| sum * at + coefficient)
}

/// `a` + `factor` · `b`.
fn sum(a: &Polynomial, factor: Element, b: &Polynomial) -> Polynomial {
    array::from_fn(|i| a[i] + factor * b[i])
}

/// `polynomial` · x. The highest coefficient falls off.
fn shifted(polynomial: &Polynomial) -> Polynomial {
    array::from_fn(|i| if i == 0 { Element::ZERO } else { polynomial[i - 1] })
}

/// Λ·S modulo x⁸.
fn product(locator: &Polynomial, syndromes: &[Element; ROOTS]) -> Polynomial {
    array::from_fn(|power| {
        let known = syndromes.iter().take(power + 1).rev();
        let terms = locator.iter().zip(known).map(|(&c, &s)| c * s);
        if power < ROOTS {
            terms.fold(Element::ZERO, |sum, term| sum + term)
        } else {
            Element::ZERO
        }
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::key::alphabet::character_of;
    use crate::key::checksum::{CHECK, check_of, tests::Oracle};
    use bech32::Checksum;
    use bech32::primitives::correction::CorrectableError;
    use bech32::primitives::decode::UncheckedHrpstring;
    use bech32::primitives::gf32_ext::Fe32Ext;
    use proptest::prelude::*;
    use proptest::sample::subsequence;
    use std::format;
    use std::string::String;

    /// A valid word with these values before its check.
    fn word(values: &[u8]) -> Word {
        let mut word = Word([0; WORD]);
        word.0[..WORD - CHECK].copy_from_slice(values);
        word.0[WORD - CHECK..].copy_from_slice(&check_of(values));
        word
    }

    fn values() -> impl Strategy<Value = Vec<u8>> {
        prop::collection::vec(0..32u8, WORD - CHECK)
    }

    /// Places in the order in which they are damaged, and by what.
    fn damage(places: usize) -> impl Strategy<Value = Vec<(usize, u8)>> {
        let places = subsequence((0..WORD).collect::<Vec<_>>(), places).prop_shuffle();
        places.prop_flat_map(|places| {
            let changes = prop::collection::vec(1..32u8, places.len());
            changes.prop_map(move |changes| places.clone().into_iter().zip(changes).collect())
        })
    }

    fn damaged(word: &Word, damage: &[(usize, u8)]) -> Word {
        let mut damaged = Word(word.0);
        for (place, change) in damage {
            damaged.0[*place] ^= change;
        }
        damaged
    }

    /// The other implementation corrects texts with a prefix only. Its target is the one that makes
    /// it accept our words of 85 values after `a1`.
    #[derive(Clone, Copy, PartialEq, Eq)]
    enum PrefixedOracle {}

    impl Checksum for PrefixedOracle {
        type MidstateRepr = u128;
        type CorrectionField = Fe32Ext<2>;
        const ROOT_GENERATOR: Self::CorrectionField = Oracle::ROOT_GENERATOR;
        const ROOT_EXPONENTS: core::ops::RangeInclusive<usize> = Oracle::ROOT_EXPONENTS;
        const CHECKSUM_LENGTH: usize = Oracle::CHECKSUM_LENGTH;
        const CODE_LENGTH: usize = Oracle::CODE_LENGTH;
        const GENERATOR_SH: [u128; 5] = Oracle::GENERATOR_SH;
        const TARGET_RESIDUE: u128 = 0x41b8c613baa5e749;
    }

    /// What the other implementation adds at which places.
    fn oracle_corrections(word: &Word, erasures: &[usize]) -> Vec<(usize, u8)> {
        let text: String = word.0.iter().map(|&v| char::from(character_of(v))).collect();
        let text = format!("a1{text}");
        let text = UncheckedHrpstring::new(&text).unwrap();
        let error = text.validate_checksum::<PrefixedOracle>().unwrap_err();
        let mut corrector = error.correction_context::<PrefixedOracle>().unwrap();
        corrector.add_erasures(&erasures.iter().map(|&i| WORD - 1 - i).collect::<Vec<_>>());
        let errors = corrector.bch_errors().unwrap();
        errors.map(|(from_end, value)| (WORD - 1 - from_end, value.to_u8())).collect()
    }

    proptest! {
        #![proptest_config(ProptestConfig::with_cases(2000))]

        #[test]
        fn all_errors_and_erasures_within_the_bound_are_repaired(
            values in values(),
            (errors, damage) in (0..=4usize)
                .prop_flat_map(|errors| (Just(errors), errors..=8 - errors))
                .prop_flat_map(|(errors, places)| (Just(errors), damage(places))),
        ) {
            let word = word(&values);
            let erasures: Vec<usize> = damage[errors..].iter().map(|(place, _)| *place).collect();
            let damaged = damaged(&word, &damage);
            let repaired = repair(&damaged, &erasures);
            prop_assert_eq!(repaired.map(|word| word.0), Some(word.0));
            if !damage.is_empty() {
                let mut corrections = oracle_corrections(&damaged, &erasures);
                corrections.sort_unstable();
                let mut damage = damage;
                damage.sort_unstable();
                prop_assert_eq!(corrections, damage);
            }
        }

        #[test]
        fn five_to_eight_errors_never_give_the_damaged_word_back(
            values in values(),
            damage in (5..=8usize).prop_flat_map(damage),
        ) {
            let damaged = damaged(&word(&values), &damage);
            prop_assert!(!damaged.is_valid());
            if let Some(repaired) = repair(&damaged, &[]) {
                let changed = (0..WORD).filter(|&i| repaired.0[i] != damaged.0[i]).count();
                prop_assert!((1..=4).contains(&changed));
            }
        }
    }
}
