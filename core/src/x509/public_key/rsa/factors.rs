//! Weaknesses of a modulus that show without factoring it.

use super::natural::Natural;

/// The primes of the checks: all below 752, as the CA/Browser Forum asks (Baseline Requirements,
/// 6.1.6: no factor smaller than 752).
const PRIMES: [u32; 133] = primes();

const fn primes() -> [u32; 133] {
    let mut found = [0; 133];
    let (mut count, mut candidate) = (0, 2);
    while count < found.len() {
        let mut divisor = 2;
        while divisor * divisor <= candidate && candidate % divisor != 0 {
            divisor += 1;
        }
        if divisor * divisor > candidate {
            found[count] = candidate;
            count += 1;
        }
        candidate += 1;
    }
    found
}

/// Each prime, and the rest of a division by it.
fn rests(modulus: &Natural) -> impl Iterator<Item = (u32, u32)> {
    // The product of three primes below 752 has less than 32 bits: one pass for three.
    PRIMES.chunks(3).flat_map(|primes| {
        let rest = modulus.modulo(primes.iter().product());
        primes.iter().map(move |&prime| (prime, rest % prime))
    })
}

pub(super) fn has_small_factor(modulus: &Natural) -> bool {
    rests(modulus).any(|(_, rest)| rest == 0)
}

/// The largest of the 126 primes whose product is in the primes of an affected key of 2048 bits;
/// a longer key has these and more.
const ROCA_PRIME_MAX: u32 = 701;

/// Whether the generator of CVE-2017-15361 made it (Nemec et al., "The Return of Coppersmith's
/// Attack", 2017, 2.3): modulo many small primes its factors are powers of 65537, and so is their
/// product. A good key has this property only with negligible probability.
pub(super) fn has_roca_fingerprint(modulus: &Natural) -> bool {
    rests(modulus)
        .take_while(|&(prime, _)| prime <= ROCA_PRIME_MAX)
        .all(|(prime, rest)| is_power_of_65537(rest, prime))
}

fn is_power_of_65537(number: u32, prime: u32) -> bool {
    let mut power = 1;
    loop {
        if power == number {
            return true;
        }
        power = power * (65_537 % prime) % prime;
        if power == 1 {
            return false;
        }
    }
}

/// How many candidates Fermat's method tries. For a modulus of 2048 bits it finds factors whose
/// difference has up to 517 bits; FIPS 186-5, A.1.1, requires 924.
const FERMAT_STEPS: u32 = 100;

/// Whether Fermat's method factors it soon: it is `a² - b²` for an `a` just above its square root.
pub(super) fn has_close_factors(modulus: &Natural) -> bool {
    let (mut odd, rest) = modulus.square_root();
    if rest.is_zero() {
        return true;
    }
    // `odd` goes through the differences of consecutive squares, so `b_squared` stays
    // `a² - modulus` as `a` goes up by one.
    odd.add(&Natural::from(1));
    let mut b_squared = odd.clone();
    b_squared.subtract(&rest);
    for _ in 0..FERMAT_STEPS {
        if b_squared.is_square() {
            return true;
        }
        odd.add(&Natural::from(2));
        b_squared.add(&odd);
    }
    false
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn the_primes_are_those_below_752() {
        let is_prime = |n: &u32| (2..*n).all(|divisor| !n.is_multiple_of(divisor));
        assert!((2..752).filter(is_prime).eq(PRIMES));
    }

    #[test]
    fn powers_of_65537_are_told_from_others() {
        // Modulo 11, 65537 is 10, whose powers are 10 and 1.
        let powers = (0..11).filter(|&number| is_power_of_65537(number, 11));
        assert!(powers.eq([1, 10]));
    }

    proptest! {
        /// `b` steps from the root: `a² - b²` with `a` from `b² / 2a` on.
        #[test]
        fn close_factors_are_found(low in 1_u64 << 30..1 << 31, gap in 0_u64..1 << 16) {
            prop_assert!(has_close_factors(&Natural::from(low * (low + 2 * gap))));
        }

        #[test]
        fn small_factors_are_found(prime in prop::sample::select(&PRIMES[..]), other in 1_u64..1 << 48) {
            prop_assert!(has_small_factor(&Natural::from(u64::from(prime) * other)));
        }
    }

    #[test]
    fn factors_far_apart_are_not_found() {
        // The primes 2^31 - 1 and 2^61 - 1 are too large for the one check, too far apart for
        // the other.
        let product = ((1_u128 << 31) - 1) * ((1 << 61) - 1);
        let modulus = Natural::from_be_bytes(&product.to_be_bytes());
        assert!(!has_small_factor(&modulus) && !has_close_factors(&modulus));
        assert!(!has_roca_fingerprint(&modulus));
    }
}
