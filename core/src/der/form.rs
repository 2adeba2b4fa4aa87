//! The one DER form of a value of each universal type (X.690, 8, 10 and 11).

use super::tag;

/// Whether `contents` are the DER form of a value of this universal tag. For any other tag only the
/// caller knows what is allowed, so everything is.
pub(super) fn is_der(tag: u8, contents: &[u8]) -> bool {
    match tag {
        // X.690, 11.1.
        tag::BOOLEAN => matches!(contents, [0 | 0xff]),
        // X.690, 8.3.2: the first nine bits are not all alike.
        tag::INTEGER | tag::ENUMERATED => match *contents {
            [] => false,
            [first @ (0 | 0xff), second, ..] => (first ^ second) & 0x80 != 0,
            _ => true,
        },
        // X.690, 8.6.2 and 11.2.1: how many bits of the last byte are unused, which are zero.
        tag::BIT_STRING => match *contents {
            [0] => true,
            [unused @ 0..=7, .., last] => last.trailing_zeros() >= unused.into(),
            _ => false,
        },
        // X.690, 8.8.2.
        tag::NULL => contents.is_empty(),
        // X.690, 8.19.2: each number is whole, and in as few bytes as it takes.
        tag::OBJECT_IDENTIFIER | tag::RELATIVE_OID => {
            let starts_with_zeros = |pair: &[u8]| pair[0] < 0x80 && pair[1] == 0x80;
            contents.first().is_some_and(|&first| first != 0x80)
                && contents.last().is_some_and(|&last| last < 0x80)
                && !contents.windows(2).any(starts_with_zeros)
        }
        tag::UTC_TIME | tag::GENERALIZED_TIME => is_time(tag, contents),
        // Universal: the two bits of the class are clear.
        0..0x40 => (tag & CONSTRUCTED != 0) == CONSTRUCTED_TYPES.contains(&(tag & 0x1f)),
        _ => true,
    }
}

/// X.690, 8.1.2.5: the bit of a constructed value.
pub(super) const CONSTRUCTED: u8 = 0x20;
/// The universal types whose DER is constructed: EXTERNAL, EMBEDDED PDV, SEQUENCE, SET and
/// CHARACTER STRING. All others are primitive (X.690, 10.2).
const CONSTRUCTED_TYPES: [u8; 5] = [8, 11, 16, 17, 29];

/// X.690, 11.7 and 11.8: digits down to the second, then `Z`. A GeneralizedTime may have a fraction
/// that does not end with a zero.
fn is_time(tag: u8, contents: &[u8]) -> bool {
    let digits = if tag == tag::UTC_TIME { 12 } else { 14 };
    let Some((moment, rest)) = contents.split_at_checked(digits) else { return false };
    let all_digits = |bytes: &[u8]| bytes.iter().all(u8::is_ascii_digit);
    all_digits(moment)
        && match rest {
            [b'Z'] => true,
            [b'.', fraction @ .., b'1'..=b'9', b'Z'] => {
                tag == tag::GENERALIZED_TIME && all_digits(fraction)
            }
            _ => false,
        }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::der::{Malformed, Reader};

    #[test]
    fn universal_values_have_one_form() {
        let check = |value: &[u8], good| {
            let read = Reader::new(value).any();
            assert_eq!(read, if good { Ok(value) } else { Err(Malformed) }, "{value:02x?}");
        };
        // BOOLEAN.
        check(b"\x01\x01\0", true);
        check(b"\x01\x01\xff", true);
        check(b"\x01\x01\x01", false);
        check(b"\x01\0", false);
        check(b"\x01\x02\xff\xff", false);
        // INTEGER and ENUMERATED.
        for tag in [tag::INTEGER, tag::ENUMERATED] {
            check(&[tag, 1, 0], true);
            check(&[tag, 1, 0xff], true);
            check(&[tag, 2, 0, 0x80], true);
            check(&[tag, 2, 0xff, 0x7f], true);
            check(&[tag, 0], false);
            check(&[tag, 2, 0, 0x7f], false);
            check(&[tag, 2, 0xff, 0x80], false);
        }
        // BIT STRING.
        check(b"\x03\x01\0", true);
        check(b"\x03\x02\x07\x80", true);
        check(b"\x03\x02\x07\0", true);
        check(b"\x03\0", false);
        check(b"\x03\x01\x01", false);
        check(b"\x03\x02\x08\0", false);
        check(b"\x03\x02\x07\xc0", false);
        check(b"\x03\x03\x01\0\x01", false);
        // NULL.
        check(b"\x05\0", true);
        check(b"\x05\x01\0", false);
        // OBJECT IDENTIFIER and RELATIVE-OID.
        for tag in [tag::OBJECT_IDENTIFIER, tag::RELATIVE_OID] {
            check(&[tag, 3, 0x55, 4, 3], true);
            check(&[tag, 3, 0x2a, 0x86, 0x48], true);
            check(&[tag, 3, 0x2a, 0x81, 0x00], true);
            check(&[tag, 4, 0x2a, 0x81, 0x80, 0x00], true);
            check(&[tag, 0], false);
            check(&[tag, 2, 0x80, 0x55], false);
            check(&[tag, 3, 0x55, 0x80, 3], false);
            check(&[tag, 2, 0x55, 0x84], false);
        }
        // UTCTime and GeneralizedTime.
        check(b"\x17\x0d991231235959Z", true);
        check(b"\x17\x0b9912312359Z", false);
        check(b"\x17\x11991231235959+0000", false);
        check(b"\x17\x0f991231235959.5Z", false);
        check(b"\x18\x0f20501231235959Z", true);
        check(b"\x18\x1220501231235959.05Z", true);
        check(b"\x18\x1120501231235959.0Z", false);
        check(b"\x18\x1020501231235959.Z", false);
        check(b"\x18\x1120501231235959,5Z", false);
        check(b"\x18\x0e20501231235959", false);
        check(b"\x18\x0d205012312359Z", false);
        check(b"\x18\x0f2050123123595aZ", false);
        // Constructed and primitive types.
        check(b"\x30\0", true);
        check(b"\x31\0", true);
        check(b"\x28\0", true);
        check(b"\x10\0", false);
        check(b"\x11\0", false);
        check(b"\x24\0", false);
        check(b"\x23\x03\x03\x01\0", false);
        check(b"\x2c\0", false);
        // Contents of other classes are not checked.
        check(b"\x80\0", true);
        check(b"\xa2\0", true);
        check(b"\x41\x01\x01", true);
    }
}
