//! Strict reading of DER: definite lengths in their shortest form, and nothing left over.
//!
//! Tags are compared whole, so a value in the wrong form (X.690, 10.2) is another value.

use super::tag;

/// Bytes that are not the DER of what was expected.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Malformed;

/// Reads the values of a byte string one after the other.
pub(crate) struct Reader<'a> {
    rest: &'a [u8],
}

/// A value: the whole of it, and its contents.
struct Value<'a> {
    tag: u8,
    whole: &'a [u8],
    contents: &'a [u8],
}

impl<'a> Reader<'a> {
    /// Begins at the first value of `bytes`.
    pub(crate) fn new(bytes: &'a [u8]) -> Self {
        Self { rest: bytes }
    }

    /// Begins at the first value within the only value of `bytes`, which has this tag.
    pub(crate) fn within(bytes: &'a [u8], tag: u8) -> Result<Self, Malformed> {
        Ok(Self::new(Self::only(bytes, tag)?))
    }

    /// Reads the only value of `bytes`, and gives its contents.
    pub(crate) fn only(bytes: &'a [u8], tag: u8) -> Result<&'a [u8], Malformed> {
        let mut reader = Self::new(bytes);
        let contents = reader.contents(tag)?;
        reader.end()?;
        Ok(contents)
    }

    /// Reads a value of this tag, and begins at the first value within it.
    pub(crate) fn enter(&mut self, tag: u8) -> Result<Self, Malformed> {
        Ok(Self::new(self.contents(tag)?))
    }

    /// Reads a value of this tag: its contents.
    pub(crate) fn contents(&mut self, tag: u8) -> Result<&'a [u8], Malformed> {
        let value = self.next()?;
        if value.tag == tag { Ok(value.contents) } else { Err(Malformed) }
    }

    /// Reads a value of this tag if there is one: its contents.
    pub(crate) fn optional(&mut self, tag: u8) -> Result<Option<&'a [u8]>, Malformed> {
        self.is_next(tag).then(|| self.contents(tag)).transpose()
    }

    /// Reads a value of this tag: tag, length and contents.
    pub(crate) fn value(&mut self, tag: u8) -> Result<&'a [u8], Malformed> {
        let value = self.next()?;
        if value.tag == tag { Ok(value.whole) } else { Err(Malformed) }
    }

    /// Reads a value of any tag: tag, length and contents.
    pub(crate) fn any(&mut self) -> Result<&'a [u8], Malformed> {
        Ok(self.next()?.whole)
    }

    /// Reads a BOOLEAN that is false when it is left out (X.690, 11.5: and never written then).
    pub(crate) fn default_false(&mut self) -> Result<bool, Malformed> {
        match self.optional(tag::BOOLEAN)? {
            None => Ok(false),
            // X.690, 11.1.
            Some([0xff]) => Ok(true),
            Some(_) => Err(Malformed),
        }
    }

    /// Reads an INTEGER that is not negative: its bytes, most significant first.
    pub(crate) fn unsigned(&mut self) -> Result<&'a [u8], Malformed> {
        // X.690, 8.3.2: a leading zero stands only where a sign bit must be kept clear.
        match self.contents(tag::INTEGER)? {
            [0, bytes @ ..] if matches!(bytes, [0x80..=0xff, ..]) => Ok(bytes),
            bytes if matches!(bytes, [0] | [1..=0x7f, ..]) => Ok(bytes),
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

    /// Reads a BIT STRING of whole bytes.
    pub(crate) fn bit_string(&mut self) -> Result<&'a [u8], Malformed> {
        match self.contents(tag::BIT_STRING)? {
            [0, bytes @ ..] => Ok(bytes),
            _ => Err(Malformed),
        }
    }

    /// Whether a value of this tag follows.
    pub(crate) fn is_next(&self, tag: u8) -> bool {
        self.rest.first() == Some(&tag)
    }

    /// Whether nothing is left.
    pub(crate) fn is_at_end(&self) -> bool {
        self.rest.is_empty()
    }

    /// Nothing may be left.
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
        let (whole, _) = self.rest.split_at(self.rest.len() - rest.len());
        self.rest = rest;
        Ok(Value { tag, whole, contents })
    }
}

/// Whether constructed values are nested in more than so many levels, and whether all of them are
/// whole. Goes no deeper than that.
pub(crate) fn is_deeper_than(levels: usize, bytes: &[u8]) -> Result<bool, Malformed> {
    let mut reader = Reader::new(bytes);
    while !reader.is_at_end() {
        let value = reader.next()?;
        // X.690, 8.1.2.5: the bit of a constructed value.
        let constructed = value.tag & 0x20 != 0;
        if constructed && (levels == 0 || is_deeper_than(levels - 1, value.contents)?) {
            return Ok(true);
        }
    }
    Ok(false)
}

/// X.690, 10.1: a definite length in as few bytes as it takes. Gives what follows it, too.
fn read_length(bytes: &[u8]) -> Result<(usize, &[u8]), Malformed> {
    let (length, after) = match *bytes {
        [length @ 0..=0x7f, ref after @ ..] => ([0, 0, 0, length], after),
        [0x81, length @ 0x80..=0xff, ref after @ ..] => ([0, 0, 0, length], after),
        [0x82, high @ 1..=0xff, low, ref after @ ..] => ([0, 0, high, low], after),
        [0x83, high @ 1..=0xff, middle, low, ref after @ ..] => ([0, high, middle, low], after),
        // Nothing but a CRL is so long, and none as long as what takes more: 256 MiB.
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
    use der::Decode as _;
    use der::asn1::{AnyRef, BitStringRef, UintRef};
    use proptest::prelude::*;
    use std::vec::Vec;

    fn values() -> impl Strategy<Value = Vec<u8>> {
        let tags =
            prop::sample::select(std::vec![1, 2, 3, 4, 6, 0x0c, 0x17, 0x30, 0x31, 0x80, 0xa0]);
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

    /// What `read` makes of bytes that hold one value and nothing else.
    fn whole<'a, T>(
        bytes: &'a [u8],
        read: impl FnOnce(&mut Reader<'a>) -> Result<T, Malformed>,
    ) -> Option<T> {
        let mut reader = Reader::new(bytes);
        let value = read(&mut reader).ok()?;
        reader.end().is_ok().then_some(value)
    }

    proptest! {
        #[test]
        fn agrees_with_another_strict_reader(bytes in values(), exact in any::<bool>()) {
            // Random contents are rarely as long as the length says: cut them, half of the time.
            let bytes = match Reader::new(&bytes).any() {
                Ok(value) if exact => value,
                _ => &bytes,
            };
            let theirs = AnyRef::from_der(bytes).ok().map(|value| value.value());
            prop_assert_eq!(whole(bytes, |r| Ok(r.next()?.contents)), theirs);
            let theirs = UintRef::from_der(bytes).ok();
            prop_assert_eq!(whole(bytes, Reader::unsigned), theirs.as_ref().map(UintRef::as_bytes));
            let theirs = BitStringRef::from_der(bytes).ok().and_then(|bits| bits.as_bytes());
            prop_assert_eq!(whole(bytes, Reader::bit_string), theirs);
        }
    }
}
