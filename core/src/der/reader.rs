//! Strict reading of DER: definite lengths in their shortest form, and nothing left over.
//!
//! Tags are compared as whole bytes, so a primitive value is never taken for a constructed one
//! (X.690, 10.2). The contents of universal types are checked in every value, even in one that the
//! caller skips.

use super::form::{CONSTRUCTED, is_der};
use super::tag;

/// Most levels of nested values that [`check_all`] accepts: far more than any known structure has.
const LEVELS_MAX: usize = 16;

/// Bytes that are not the DER of what was expected.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Malformed;

/// Reads the values in a byte string, one after the other.
pub(crate) struct Reader<'a> {
    rest: &'a [u8],
}

/// A value: its tag, all its bytes, and its contents.
struct Value<'a> {
    tag: u8,
    whole: &'a [u8],
    contents: &'a [u8],
}

impl<'a> Reader<'a> {
    /// Starts at the first value in `bytes`.
    pub(crate) fn new(bytes: &'a [u8]) -> Self {
        Self { rest: bytes }
    }

    /// Starts inside the only value in `bytes`, which must have this tag.
    pub(crate) fn within(bytes: &'a [u8], tag: u8) -> Result<Self, Malformed> {
        Ok(Self::new(Self::only(bytes, tag)?))
    }

    /// Reads the only value in `bytes`, which must have this tag. Returns its contents.
    pub(crate) fn only(bytes: &'a [u8], tag: u8) -> Result<&'a [u8], Malformed> {
        let mut reader = Self::new(bytes);
        let contents = reader.contents(tag)?;
        reader.end()?;
        Ok(contents)
    }

    /// Reads a value of this tag. Returns a reader of the values inside.
    pub(crate) fn enter(&mut self, tag: u8) -> Result<Self, Malformed> {
        Ok(Self::new(self.contents(tag)?))
    }

    /// Reads a SET OF, with this tag because it may be tagged implicitly. Returns a reader of the
    /// values inside.
    pub(crate) fn enter_set_of(&mut self, tag: u8) -> Result<Self, Malformed> {
        let contents = self.contents(tag)?;
        // X.690, 11.6: the values are in ascending order of their encodings.
        let (mut values, mut before): (_, &[u8]) = (Self::new(contents), &[]);
        while !values.is_at_end() {
            let value = values.any()?;
            if value < before {
                return Err(Malformed);
            }
            before = value;
        }
        Ok(Self::new(contents))
    }

    /// Reads a value of this tag. Returns its contents.
    pub(crate) fn contents(&mut self, tag: u8) -> Result<&'a [u8], Malformed> {
        let value = self.next()?;
        if value.tag == tag { Ok(value.contents) } else { Err(Malformed) }
    }

    /// Reads a value of this tag if it is next. Returns its contents.
    pub(crate) fn optional(&mut self, tag: u8) -> Result<Option<&'a [u8]>, Malformed> {
        self.is_next(tag).then(|| self.contents(tag)).transpose()
    }

    /// Reads a value of this tag if it is next: an implicitly tagged value of the universal type.
    /// Returns its contents.
    pub(crate) fn optional_implicit(
        &mut self,
        tag: u8,
        universal: u8,
    ) -> Result<Option<&'a [u8]>, Malformed> {
        let contents = self.optional(tag)?;
        match contents {
            Some(contents) if !is_der(universal, contents) => Err(Malformed),
            contents => Ok(contents),
        }
    }

    /// Reads a value of this tag. Returns tag, length and contents.
    pub(crate) fn value(&mut self, tag: u8) -> Result<&'a [u8], Malformed> {
        let value = self.next()?;
        if value.tag == tag { Ok(value.whole) } else { Err(Malformed) }
    }

    /// Reads a value of any tag. Returns tag, length and contents.
    pub(crate) fn any(&mut self) -> Result<&'a [u8], Malformed> {
        Ok(self.next()?.whole)
    }

    /// Reads a BOOLEAN DEFAULT FALSE, which is left out if it is false (X.690, 11.5).
    pub(crate) fn default_false(&mut self) -> Result<bool, Malformed> {
        match self.optional(tag::BOOLEAN)? {
            None => Ok(false),
            Some([0xff]) => Ok(true),
            Some(_) => Err(Malformed),
        }
    }

    /// Reads a non-negative INTEGER. Returns its bytes, most significant first, without a leading
    /// zero.
    pub(crate) fn unsigned(&mut self) -> Result<&'a [u8], Malformed> {
        match self.contents(tag::INTEGER)? {
            // A leading zero keeps the sign bit clear.
            [0, bytes @ ..] if !bytes.is_empty() => Ok(bytes),
            bytes @ [0..=0x7f, ..] => Ok(bytes),
            _ => Err(Malformed),
        }
    }

    /// Reads an INTEGER from 0 to 2^32 - 1.
    pub(crate) fn small(&mut self) -> Result<u32, Malformed> {
        let bytes = self.unsigned()?;
        if bytes.len() > 4 {
            return Err(Malformed);
        }
        Ok(bytes.iter().fold(0, |value, &byte| value << 8 | u32::from(byte)))
    }

    /// Reads a BIT STRING of whole bytes. Returns the bytes.
    pub(crate) fn bit_string(&mut self) -> Result<&'a [u8], Malformed> {
        match self.contents(tag::BIT_STRING)? {
            [0, bytes @ ..] => Ok(bytes),
            _ => Err(Malformed),
        }
    }

    /// Whether the next value has this tag.
    pub(crate) fn is_next(&self, tag: u8) -> bool {
        self.rest.first() == Some(&tag)
    }

    /// Whether nothing is left.
    pub(crate) fn is_at_end(&self) -> bool {
        self.rest.is_empty()
    }

    /// Fails if anything is left.
    pub(crate) fn end(self) -> Result<(), Malformed> {
        if self.is_at_end() { Ok(()) } else { Err(Malformed) }
    }

    fn next(&mut self) -> Result<Value<'a>, Malformed> {
        let (&tag, after) = self.rest.split_first().ok_or(Malformed)?;
        // X.690, 8.1.2.4 and 8.1.5: tag numbers above 30 and the mark of an end occur nowhere.
        if tag & 0x1f == 0x1f || tag == 0 {
            return Err(Malformed);
        }
        let (length, after) = read_length(after)?;
        let (contents, rest) = after.split_at_checked(length).ok_or(Malformed)?;
        if !is_der(tag, contents) {
            return Err(Malformed);
        }
        let (whole, _) = self.rest.split_at(self.rest.len() - rest.len());
        self.rest = rest;
        Ok(Value { tag, whole, contents })
    }
}

/// Whether constructed values are nested in more than this many levels. Fails if one of them is
/// truncated. It recurses no deeper than `levels`.
pub(crate) fn is_deeper_than(levels: usize, bytes: &[u8]) -> Result<bool, Malformed> {
    let mut reader = Reader::new(bytes);
    while !reader.is_at_end() {
        let value = reader.next()?;
        let constructed = value.tag & CONSTRUCTED != 0;
        if constructed && (levels == 0 || is_deeper_than(levels - 1, value.contents)?) {
            return Ok(true);
        }
    }
    Ok(false)
}

/// Checks that all values are strict DER, including those inside values that the caller skips.
pub(crate) fn check_all(bytes: &[u8]) -> Result<(), Malformed> {
    if is_deeper_than(LEVELS_MAX, bytes)? { Err(Malformed) } else { Ok(()) }
}

/// X.690, 10.1: a definite length in the fewest bytes. Returns it, and the bytes behind it.
fn read_length(bytes: &[u8]) -> Result<(usize, &[u8]), Malformed> {
    let (length, after) = match *bytes {
        [length @ 0..=0x7f, ref after @ ..] => ([0, 0, 0, length], after),
        [0x81, length @ 0x80..=0xff, ref after @ ..] => ([0, 0, 0, length], after),
        [0x82, high @ 1..=0xff, low, ref after @ ..] => ([0, 0, high, low], after),
        [0x83, high @ 1..=0xff, middle, low, ref after @ ..] => ([0, high, middle, low], after),
        // Only a CRL is this long, and no CRL needs more: this reaches 256 MiB.
        [0x84, high @ 1..=0x0f, second, third, low, ref after @ ..] => {
            ([high, second, third, low], after)
        }
        _ => return Err(Malformed),
    };
    let length = length.iter().fold(0, |value, &byte| value << 8 | usize::from(byte));
    Ok((length, after))
}

#[cfg(test)]
mod tests {
    use super::*;
    use ::der::Decode as _;
    use ::der::asn1::{AnyRef, BitStringRef, IntRef, Null, UintRef};
    use proptest::prelude::*;
    use std::vec::Vec;

    fn values() -> impl Strategy<Value = Vec<u8>> {
        let tags = prop::sample::select(std::vec![1, 2, 3, 4, 5, 0x0c, 0x30, 0x31, 0x80, 0xa0]);
        let lengths = prop_oneof![
            (0_u8..8).prop_map(|length| std::vec![length]),
            any::<[u8; 2]>().prop_map(Vec::from),
            any::<[u8; 3]>().prop_map(Vec::from),
            (0x81_u8..0x85).prop_map(|form| std::vec![form, 0, 1]),
        ];
        let contents = prop::collection::vec(prop_oneof![Just(0), any::<u8>()], 0..300);
        (tags, lengths, contents)
            .prop_map(|(tag, length, contents)| [&[tag], &length[..], &contents].concat())
    }

    /// The result of `read` on bytes that must be exactly one value.
    fn whole<'a, T>(
        bytes: &'a [u8],
        read: impl FnOnce(&mut Reader<'a>) -> Result<T, Malformed>,
    ) -> Option<T> {
        let mut reader = Reader::new(bytes);
        let value = read(&mut reader).ok()?;
        reader.end().is_ok().then_some(value)
    }

    /// The contents of one value, as another strict reader sees them.
    fn theirs(bytes: &[u8]) -> Option<&[u8]> {
        let value = AnyRef::from_der(bytes).ok()?;
        let sound = match bytes[0] {
            tag::BOOLEAN => bool::from_der(bytes).is_ok(),
            tag::INTEGER => IntRef::from_der(bytes).is_ok(),
            // The other reader ignores the unused bits.
            tag::BIT_STRING => BitStringRef::from_der(bytes).is_ok_and(|bits| {
                let last = bits.raw_bytes().last().copied().unwrap_or_default();
                last & ((1 << bits.unused_bits()) - 1) == 0
            }),
            tag::NULL => Null::from_der(bytes).is_ok(),
            _ => true,
        };
        sound.then_some(value.value())
    }

    #[test]
    fn a_set_of_values_is_in_order() {
        let check = |set: &[u8], good| {
            assert_eq!(Reader::new(set).enter_set_of(set[0]).is_ok(), good, "{set:02x?}");
        };
        check(b"\x31\0", true);
        check(b"\x31\x06\x02\x01\x05\x02\x01\x05", true);
        check(b"\xa0\x07\x02\x01\x05\x02\x02\x01\x05", true);
        check(b"\xa0\x07\x02\x02\x01\x05\x02\x01\x05", false);
        check(b"\x31\x06\x02\x01\x06\x02\x01\x05", false);
        check(b"\x31\x02\x02\x05", false);
    }

    #[test]
    fn implicitly_tagged_values_are_strict_too() {
        let read = |value| Reader::new(value).optional_implicit(0x82, tag::INTEGER);
        assert_eq!(read(b"\x82\x01\x05"), Ok(Some(&[5][..])));
        assert_eq!(read(b"\x83\x01\x05"), Ok(None));
        assert_eq!(read(b"\x82\x02\0\x05"), Err(Malformed));
    }

    #[test]
    fn skipped_values_are_checked_too() {
        assert_eq!(check_all(b"\x30\x05\xa1\x03\x01\x01\xff"), Ok(()));
        assert_eq!(check_all(b"\x30\x05\xa1\x03\x01\x01\x01"), Err(Malformed));
        let nested = |levels: u8| -> Vec<u8> {
            (0..levels).rev().flat_map(|inner| [0x30, 2 * inner]).collect()
        };
        assert_eq!(check_all(&nested(16)), Ok(()));
        assert_eq!(check_all(&nested(17)), Err(Malformed));
    }

    proptest! {
        #[test]
        fn agrees_with_another_strict_reader(bytes in values(), exact in any::<bool>()) {
            // Random contents are rarely as long as the length says: cut them, half of the time.
            let bytes = match Reader::new(&bytes).any() {
                Ok(value) if exact => value,
                _ => &bytes,
            };
            prop_assert_eq!(whole(bytes, |r| Ok(r.next()?.contents)), theirs(bytes));
            let theirs = UintRef::from_der(bytes).ok();
            prop_assert_eq!(whole(bytes, Reader::unsigned), theirs.as_ref().map(UintRef::as_bytes));
            let theirs = BitStringRef::from_der(bytes).ok().and_then(|bits| bits.as_bytes());
            prop_assert_eq!(whole(bytes, Reader::bit_string), theirs);
        }
    }
}
