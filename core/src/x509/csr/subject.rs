//! Checks that the texts in a subject match their types. The subject is ignored otherwise, but a
//! request with a malformed one comes from a broken or hostile program.

use super::CsrError;
use crate::der::{Malformed, Reader, tag};
use crate::x509::name;

/// The last arc of each type under 2.5.4, and its most characters (RFC 5280, A.1).
const CHARACTERS_MAX: [(u8, usize); 8] = [
    (3, 64),  // commonName
    (5, 64),  // serialNumber
    (6, 2),   // countryName
    (7, 128), // localityName
    (8, 128), // stateOrProvinceName
    (10, 64), // organizationName
    (11, 64), // organizationalUnitName
    (12, 64), // title
];

/// Checks the contents of a Name.
pub(super) fn check(contents: &[u8]) -> Result<(), CsrError> {
    let mut outcome = Ok(());
    name::attributes(contents, |oid, value| {
        let checked = check_attribute(oid, value);
        if outcome.is_ok() {
            outcome = checked;
        }
    })?;
    outcome
}

fn check_attribute(oid: &[u8], value: &[u8]) -> Result<(), CsrError> {
    let Some(count) = count_characters(value)? else { return Ok(()) };
    let is_type = |&&(arc, _): &&(u8, usize)| *oid == [0x55, 4, arc];
    match CHARACTERS_MAX.iter().find(is_type) {
        Some(&(_, most)) if count > most => Err(CsrError::SubjectLength),
        _ => Ok(()),
    }
}

/// The number of characters of a text; `None` if the value's type is not a text.
fn count_characters(value: &[u8]) -> Result<Option<usize>, CsrError> {
    let Some(&kind) = value.first() else { return Err(Malformed.into()) };
    let bytes = Reader::only(value, kind)?;
    let text = |allowed: fn(char) -> bool| {
        let text = core::str::from_utf8(bytes).map_err(|_| CsrError::SubjectText)?;
        count(text.chars().map(Some), allowed)
    };
    let units = |size: usize| bytes.chunks(size).map(move |unit| character(unit, size));
    Ok(Some(match kind {
        tag::UTF8_STRING => text(|_| true)?,
        tag::PRINTABLE_STRING => text(is_printable)?,
        tag::NUMERIC_STRING => text(|char| char.is_ascii_digit() || char == ' ')?,
        tag::IA5_STRING | tag::VISIBLE_STRING => text(|char| char.is_ascii())?,
        // X.680, 41: no program implements T.61. In practice these are Latin-1.
        tag::TELETEX_STRING => count(units(1), |_| true)?,
        tag::BMP_STRING => count(units(2), |_| true)?,
        tag::UNIVERSAL_STRING => count(units(4), |_| true)?,
        _ => return Ok(None),
    }))
}

fn count(
    mut characters: impl Iterator<Item = Option<char>>,
    allowed: fn(char) -> bool,
) -> Result<usize, CsrError> {
    let is_good = |char: char| !char.is_control() && allowed(char);
    characters
        .try_fold(0, |count, char| char.is_some_and(is_good).then_some(count + 1))
        .ok_or(CsrError::SubjectText)
}

/// The character of one unit of `size` bytes. A BMPString has no surrogates.
fn character(unit: &[u8], size: usize) -> Option<char> {
    let whole = unit.len() == size;
    let code = unit.iter().fold(0, |code, &byte| code << 8 | u32::from(byte));
    char::from_u32(code).filter(|_| whole)
}

/// X.680, 41.4.
fn is_printable(char: char) -> bool {
    char.is_ascii_alphanumeric() || " '()+,-./:=?".contains(char)
}

#[cfg(test)]
#[cfg(feature = "connector")]
mod tests {
    use super::*;
    use crate::der::writer::{nested, primitive};
    use std::vec::Vec;

    fn subject(arc: u8, kind: u8, text: &[u8]) -> Vec<u8> {
        let mut out = Vec::new();
        nested(&mut out, tag::SET, |out| {
            nested(out, tag::SEQUENCE, |out| {
                primitive(out, tag::OBJECT_IDENTIFIER, &[0x55, 4, arc]);
                primitive(out, kind, text);
            });
        });
        out
    }

    #[test]
    fn a_text_is_of_its_type() {
        let check = |kind, text: &[u8], good| {
            let expected = if good { Ok(()) } else { Err(CsrError::SubjectText) };
            assert_eq!(check(&subject(3, kind, text)), expected, "{text:?}");
        };
        check(tag::UTF8_STRING, "*.κόμβος".as_bytes(), true);
        check(tag::UTF8_STRING, b"\xc3", false);
        check(tag::UTF8_STRING, b"\xc0\x80", false);
        check(tag::UTF8_STRING, b"a\0b", false);
        check(tag::UTF8_STRING, b"a\x1b[31m", false);
        check(tag::UTF8_STRING, b"a\x7f", false);
        check(tag::PRINTABLE_STRING, b"a-z (7)?", true);
        check(tag::PRINTABLE_STRING, b"a@b", false);
        check(tag::NUMERIC_STRING, b"1 2", true);
        check(tag::NUMERIC_STRING, b"1a", false);
        check(tag::IA5_STRING, b"a@b", true);
        check(tag::IA5_STRING, b"\xe9", false);
        check(tag::TELETEX_STRING, b"\xe9", true);
        check(tag::TELETEX_STRING, b"\x1b\x24", false);
        check(tag::BMP_STRING, b"\0a\0b", true);
        check(tag::BMP_STRING, b"\0a\0", false);
        check(tag::BMP_STRING, b"\xd8\x00\xdc\x00", false);
        check(tag::BMP_STRING, b"\0\0", false);
        check(tag::UNIVERSAL_STRING, b"\0\0\0a", true);
        check(tag::UNIVERSAL_STRING, b"\0\x11\0\0", false);
        // A BIT STRING is not a text.
        check(tag::BIT_STRING, b"\0\0", true);
    }

    #[test]
    fn a_text_is_not_too_long() {
        for (arc, most) in CHARACTERS_MAX {
            let characters = |count| subject(arc, tag::UTF8_STRING, "é".repeat(count).as_bytes());
            assert_eq!(check(&characters(most)), Ok(()));
            assert_eq!(check(&characters(most + 1)), Err(CsrError::SubjectLength));
        }
        assert_eq!(check(&subject(4, tag::UTF8_STRING, &[b'x'; 1000])), Ok(()));
    }
}
