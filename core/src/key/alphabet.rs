//! The alphabet of bech32 (BIP-173): 32 characters of 5 bits each.

pub(super) const ALPHABET: &[u8; 32] = b"qpzry9x8gf2tvdw0s3jn54khce6mua7l";

/// The entry in [`VALUES`] for a character outside the alphabet.
const NO_VALUE: u8 = 0xff;
const VALUES: [u8; 256] = {
    let mut values = [NO_VALUE; 256];
    let mut value = 0;
    while value < ALPHABET.len() {
        values[ALPHABET[value] as usize] = value as u8;
        value += 1;
    }
    values
};

/// The 5 bits of `character`; `None` outside the alphabet.
pub(crate) const fn value_of(character: u8) -> Option<u8> {
    match VALUES[character as usize] {
        NO_VALUE => None,
        value => Some(value),
    }
}

/// The character for the lowest 5 bits of `value`.
pub(crate) const fn character_of(value: u8) -> u8 {
    ALPHABET[(value & 31) as usize]
}

/// Spreads 40 bits over eight values, most significant first.
pub(crate) fn spread(bytes: [u8; 5]) -> [u8; 8] {
    let bits = bytes.iter().fold(0, |bits, &byte| bits << 8 | u64::from(byte));
    core::array::from_fn(|i| (bits >> (35 - 5 * i)) as u8 & 31)
}

/// Gathers 40 bits from eight values: the reverse of [`spread`].
pub(crate) fn gather(values: [u8; 8]) -> [u8; 5] {
    let bits = values.iter().fold(0, |bits, &value| bits << 5 | u64::from(value & 31));
    core::array::from_fn(|i| (bits >> (32 - 8 * i)) as u8)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn has_32_characters_and_no_look_alike() {
        let known = (0..=255u8).filter(|&c| value_of(c).is_some());
        assert_eq!(known.count(), 32);
        for absent in b"bio1QPZ_-" {
            assert_eq!(value_of(*absent), None);
        }
        for value in 0..32 {
            assert_eq!(value_of(character_of(value)), Some(value));
        }
    }

    #[test]
    fn spreads_most_significant_bits_first() {
        let check = |bytes, values| {
            assert_eq!(spread(bytes), values);
            assert_eq!(gather(values), bytes);
        };
        check([0; 5], [0; 8]);
        check([0xff; 5], [31; 8]);
        check([0x80, 0, 0, 0, 1], [16, 0, 0, 0, 0, 0, 0, 1]);
        check([0x01, 0x23, 0x45, 0x67, 0x89], [0, 4, 17, 20, 10, 25, 28, 9]);
    }
}
