//! PEM (RFC 7468). Writing is strict. Reading allows any text around the blocks.

use alloc::string::String;
use alloc::vec::Vec;

use base64ct::{Base64, Encoding as _};
#[cfg(feature = "connector")]
use zeroize::Zeroizing;

const LINE_CHARACTERS: usize = 64;
const BEGIN: &[u8] = b"-----BEGIN ";
const END: &[u8] = b"-----END ";
const DASHES: &[u8] = b"-----";

/// Writes one block, with lines of 64 characters.
pub(crate) fn encode(label: &str, der: &[u8]) -> String {
    encode_base64(label, &Base64::encode_string(der))
}

/// Like [`encode`], for a secret: every copy is wiped from memory when it is dropped.
#[cfg(feature = "connector")]
pub(crate) fn encode_secret(label: &str, der: &[u8]) -> Zeroizing<String> {
    Zeroizing::new(encode_base64(label, &Zeroizing::new(Base64::encode_string(der))))
}

/// The capacity is exact: a string that grew would leave a copy of a secret behind.
fn encode_base64(label: &str, base64: &str) -> String {
    let lines = base64.len().div_ceil(LINE_CHARACTERS);
    let frame = "-----BEGIN -----\n-----END -----\n".len() + 2 * label.len();
    let mut text = String::with_capacity(frame + base64.len() + lines);
    text.extend(["-----BEGIN ", label, "-----\n"]);
    let mut rest = base64;
    while !rest.is_empty() {
        let (line, after) = rest.split_at(rest.len().min(LINE_CHARACTERS));
        text.extend([line, "\n"]);
        rest = after;
    }
    text.extend(["-----END ", label, "-----\n"]);
    text
}

/// Whether the bytes begin like DER, with a SEQUENCE, and not like text.
pub(crate) fn is_der(bytes: &[u8]) -> bool {
    bytes.first() == Some(&0x30)
}

/// A block in a text, still encoded.
pub(crate) struct Block<'a> {
    pub(crate) label: &'a [u8],
    body: &'a [u8],
}

impl Block<'_> {
    /// The decoded bytes; `None` if the block is damaged.
    pub(crate) fn decode(&self) -> Option<Vec<u8>> {
        let characters = self.body.iter().copied().filter(|byte| !byte.is_ascii_whitespace());
        let base64 = String::from_utf8(characters.collect()).ok()?;
        Base64::decode_vec(&base64).ok()
    }

    /// Like [`decode`](Self::decode), for a secret: every copy is wiped from memory when it is
    /// dropped.
    #[cfg(feature = "authority")]
    pub(crate) fn decode_secret(&self) -> Option<Zeroizing<Vec<u8>>> {
        let mut base64 = Zeroizing::new(Vec::with_capacity(self.body.len()));
        base64.extend(self.body.iter().copied().filter(|byte| !byte.is_ascii_whitespace()));
        let mut der = Zeroizing::new(alloc::vec![0; base64.len()]);
        let length = Base64::decode(base64.as_slice(), &mut der).ok()?.len();
        der.truncate(length);
        Some(der)
    }

    /// Whether headers precede the base64, which RFC 1421 allows and RFC 7468 does not.
    #[cfg(feature = "authority")]
    pub(crate) fn has_headers(&self) -> bool {
        self.body.contains(&b':')
    }
}

/// The blocks of a text, in order. A block without an end, or with the end of another label, does
/// not decode.
pub(crate) struct Blocks<'a> {
    rest: &'a [u8],
}

impl<'a> Blocks<'a> {
    pub(crate) fn new(text: &'a [u8]) -> Self {
        Self { rest: text }
    }
}

impl<'a> Iterator for Blocks<'a> {
    type Item = Block<'a>;

    fn next(&mut self) -> Option<Block<'a>> {
        let (_, after) = split(self.rest, BEGIN)?;
        let (label, after) = split(after, DASHES)?;
        let (body, rest) = split(after, END).unwrap_or((DASHES, &[]));
        self.rest = rest;
        let ends = rest.strip_prefix(label).is_some_and(|rest| rest.starts_with(DASHES));
        Some(Block { label, body: if ends { body } else { DASHES } })
    }
}

/// The bytes before and after the first occurrence of `mark`.
fn split<'a>(bytes: &'a [u8], mark: &[u8]) -> Option<(&'a [u8], &'a [u8])> {
    let at = bytes.windows(mark.len()).position(|window| window == mark)?;
    Some((bytes.get(..at)?, bytes.get(at + mark.len()..)?))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn encoding_round_trips() {
        for length in [0, 1, 47, 48, 49, 500] {
            let der = std::vec![7; length];
            let text = encode("THING", &der);
            let blocks: Vec<_> = Blocks::new(text.as_bytes()).collect();
            assert_eq!(blocks.len(), 1);
            assert_eq!(blocks[0].label, b"THING");
            assert_eq!(blocks[0].decode(), Some(der));
            assert!(text.lines().all(|line| line.len() <= 64));
            assert_eq!(text.capacity(), text.len());
        }
    }

    #[test]
    fn surrounding_text_and_line_ends_are_ignored() {
        let text = "Subject: x\r\n-----BEGIN A-----\r\nAQ I D\r\n-----END A-----\r\n\
                    and -----BEGIN B-----\nBA==\n-----END B-----";
        let blocks: Vec<_> = Blocks::new(text.as_bytes()).map(|block| block.decode()).collect();
        assert_eq!(blocks, [Some(std::vec![1, 2, 3]), Some(std::vec![4])]);
    }

    #[test]
    fn damage_is_noticed() {
        let check = |text: &str| {
            let block = Blocks::new(text.as_bytes()).next().unwrap();
            assert_eq!(block.decode(), None, "{text}");
        };
        check("-----BEGIN A-----\nAQID");
        check("-----BEGIN A-----\nAQI\n-----END A-----");
        check("-----BEGIN A-----\nA_ID\n-----END A-----");
        check("-----BEGIN A-----\nBB==\n-----END A-----");
        check("-----BEGIN A-----\nAQID\n-----BEGIN A-----\nAQID\n-----END A-----");
        check("-----BEGIN A-----\nAQID\n-----END B-----");
        check("-----BEGIN A-----\nAQID\n-----END AB-----");
        check("-----BEGIN A-----\nAQID\n-----END A");
        check("-----BEGIN A-----\nAQID\n-----END a-----");
    }
}
