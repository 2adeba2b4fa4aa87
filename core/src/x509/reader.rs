//! Strict reading of DER, by way of the `der` crate: definite, minimal lengths only.

use der::asn1::{BitStringRef, UintRef};
use der::{Decode, Header, Reader as _, SliceReader, Tag, TagNumber};

/// Bytes that are not the DER of what was expected.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Malformed;

impl From<der::Error> for Malformed {
    fn from(_: der::Error) -> Self {
        Self
    }
}

/// The tag `[number]` of a constructed field.
pub(super) const fn context(number: u32) -> Tag {
    Tag::ContextSpecific { constructed: true, number: TagNumber(number) }
}

/// The tag `[number]` of an implicitly tagged field of a primitive type.
pub(super) const fn context_primitive(number: u32) -> Tag {
    Tag::ContextSpecific { constructed: false, number: TagNumber(number) }
}

/// Reads the values of a byte string one after the other.
pub(super) struct Reader<'a>(SliceReader<'a>);

impl<'a> Reader<'a> {
    /// Begins at the first value of `bytes`.
    pub(super) fn new(bytes: &'a [u8]) -> Result<Self, Malformed> {
        Ok(Self(SliceReader::new(bytes)?))
    }

    /// Reads the only value of `bytes`, and gives its contents.
    pub(super) fn only(bytes: &'a [u8], tag: Tag) -> Result<&'a [u8], Malformed> {
        let mut reader = Self::new(bytes)?;
        let contents = reader.contents(tag)?;
        reader.end()?;
        Ok(contents)
    }

    /// Reads a value of this tag, and begins at the first value within it.
    pub(super) fn enter(&mut self, tag: Tag) -> Result<Self, Malformed> {
        Self::new(self.contents(tag)?)
    }

    /// Reads a value of this tag: its contents.
    pub(super) fn contents(&mut self, tag: Tag) -> Result<&'a [u8], Malformed> {
        let header = Header::decode(&mut self.0)?;
        header.tag().assert_eq(tag)?;
        Ok(self.0.read_slice(header.length())?)
    }

    /// Reads a value of this tag if there is one: its contents.
    pub(super) fn optional(&mut self, tag: Tag) -> Result<Option<&'a [u8]>, Malformed> {
        self.is_next(tag).then(|| self.contents(tag)).transpose()
    }

    /// Reads a value of this tag: tag, length and contents.
    pub(super) fn value(&mut self, tag: Tag) -> Result<&'a [u8], Malformed> {
        Tag::peek(&self.0)?.assert_eq(tag)?;
        self.any()
    }

    /// Reads a value of any tag: tag, length and contents.
    pub(super) fn any(&mut self) -> Result<&'a [u8], Malformed> {
        Ok(self.0.tlv_bytes()?)
    }

    /// Reads a BOOLEAN that is false when it is left out (X.690, 11.5: and never written then).
    pub(super) fn default_false(&mut self) -> Result<bool, Malformed> {
        match self.optional(Tag::Boolean)? {
            None => Ok(false),
            Some([0xff]) => Ok(true),
            Some(_) => Err(Malformed),
        }
    }

    /// Reads an INTEGER that is not negative: its bytes, most significant first.
    pub(super) fn unsigned(&mut self) -> Result<&'a [u8], Malformed> {
        Ok(UintRef::decode(&mut self.0)?.as_bytes())
    }

    /// Reads a BIT STRING of whole bytes.
    pub(super) fn bit_string(&mut self) -> Result<&'a [u8], Malformed> {
        BitStringRef::decode(&mut self.0)?.as_bytes().ok_or(Malformed)
    }

    /// Reads the next value as a `der` type.
    pub(super) fn decode<T: Decode<'a, Error = der::Error>>(&mut self) -> Result<T, Malformed> {
        Ok(T::decode(&mut self.0)?)
    }

    /// Whether a value of this tag follows.
    pub(super) fn is_next(&self, tag: Tag) -> bool {
        Tag::peek(&self.0).is_ok_and(|next| next == tag)
    }

    /// Whether nothing is left.
    pub(super) fn is_at_end(&self) -> bool {
        self.0.is_finished()
    }

    /// Nothing may be left.
    pub(super) fn end(self) -> Result<(), Malformed> {
        Ok(self.0.finish()?)
    }
}
