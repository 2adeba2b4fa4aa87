//! Writes DER into a buffer: first the contents, then the length in front of them.

use alloc::vec::Vec;

use super::tag;

/// Writes a value with the contents that `write` writes.
pub(crate) fn nested(out: &mut Vec<u8>, tag: u8, write: impl FnOnce(&mut Vec<u8>)) {
    out.extend([tag, 0]);
    let start = out.len();
    write(out);
    let length = out.len() - start;
    // X.690, 10.1: the length takes the fewest bytes; a single one below 128.
    if let Ok(short @ 0..0x80) = u8::try_from(length) {
        out[start - 1] = short;
        return;
    }
    let bytes = length.to_be_bytes();
    let significant = &bytes[length.leading_zeros() as usize / 8..];
    out[start - 1] = 0x80 | significant.len() as u8;
    out.splice(start..start, significant.iter().copied());
}

/// Writes a value with these contents.
pub(crate) fn primitive(out: &mut Vec<u8>, tag: u8, contents: &[u8]) {
    nested(out, tag, |out| out.extend_from_slice(contents));
}

/// Writes a BIT STRING of whole bytes.
pub(crate) fn bit_string(out: &mut Vec<u8>, contents: &[u8]) {
    nested(out, tag::BIT_STRING, |out| {
        out.push(0);
        out.extend_from_slice(contents);
    });
}

/// The DER of a CSR attribute with one value: SEQUENCE { OID, SET { value } } (RFC 2986, 4.1).
/// `oid` is the content bytes of the OID's DER.
pub(crate) fn attribute(oid: &[u8], write_value: impl FnOnce(&mut Vec<u8>)) -> Vec<u8> {
    let mut attribute = Vec::new();
    nested(&mut attribute, tag::SEQUENCE, |out| {
        primitive(out, tag::OBJECT_IDENTIFIER, oid);
        nested(out, tag::SET, write_value);
    });
    attribute
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::der::Reader;

    #[test]
    fn lengths_are_minimal() {
        let check = |length: usize, header: &[u8]| {
            let mut out = Vec::new();
            primitive(&mut out, tag::OCTET_STRING, &std::vec![7; length]);
            assert_eq!(out[..header.len()], *header);
            assert_eq!(Reader::only(&out, tag::OCTET_STRING).unwrap().len(), length);
        };
        check(0, &[4, 0]);
        check(127, &[4, 127]);
        check(128, &[4, 0x81, 128]);
        check(255, &[4, 0x81, 255]);
        check(256, &[4, 0x82, 1, 0]);
        check(70_000, &[4, 0x83, 1, 0x11, 0x70]);
    }
}
