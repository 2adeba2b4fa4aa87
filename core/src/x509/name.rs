//! Distinguished names (RFC 5280, 4.1.2.4).

use alloc::string::String;
#[cfg(feature = "authority")]
use alloc::vec::Vec;

#[cfg(feature = "authority")]
use crate::der::writer::primitive;
use crate::der::{Malformed, Reader, oid, tag};

/// Checks the contents of a name, which may be empty.
pub(super) fn check(contents: &[u8]) -> Result<(), Malformed> {
    attributes(contents, |_, _| ())
}

/// The last common name, if it is a UTF8String or a PrintableString.
pub(super) fn common_name(name: &[u8]) -> Option<&str> {
    let mut found = None;
    attributes(Reader::only(name, tag::SEQUENCE).ok()?, |oid, value| {
        if oid == oid::COMMON_NAME {
            found = Some(value);
        }
    })
    .ok()?;
    let mut value = Reader::new(found?);
    let text = match value.optional(tag::UTF8_STRING).ok()? {
        Some(text) => text,
        None => value.contents(tag::PRINTABLE_STRING).ok()?,
    };
    core::str::from_utf8(text).ok()
}

/// The attributes in a form that is the same for all names that are equal by RFC 5280, 7.1:
/// regardless of case, white space and the type of string.
#[cfg(feature = "authority")]
pub(super) fn folded(name: &[u8]) -> Vec<u8> {
    let mut folded = Vec::new();
    let contents = Reader::only(name, tag::SEQUENCE).unwrap_or_default();
    // A parsed certificate has well-formed names.
    let _ = attributes(contents, |oid, value| {
        primitive(&mut folded, tag::OBJECT_IDENTIFIER, oid);
        match text(value) {
            Some(text) => {
                let text = text.to_lowercase();
                let words: Vec<_> = text.split_whitespace().collect();
                primitive(&mut folded, tag::UTF8_STRING, words.join(" ").as_bytes());
            }
            None => folded.extend_from_slice(value),
        }
    });
    folded
}

/// Longest text of a name, in characters.
const TEXT_CHARACTERS_MAX: usize = 256;

/// The name for people: the attributes with a short name, in order. Characters that could disturb a
/// terminal or a log are replaced. Not for comparisons.
pub(super) fn to_text(name: &[u8]) -> String {
    let mut shown = String::new();
    let contents = Reader::only(name, tag::SEQUENCE).unwrap_or_default();
    // A parsed certificate has well-formed names.
    let _ = attributes(contents, |oid, value| {
        let short = SHORT_NAMES.iter().find(|(known, _)| *known == oid);
        let (Some((_, short)), Some(text)) = (short, text(value)) else { return };
        if !shown.is_empty() {
            shown.push_str(", ");
        }
        shown.push_str(short);
        shown.push('=');
        let is_plain =
            |c: char| !c.is_control() && c != '"' && (c.is_ascii() || c.is_alphanumeric());
        shown.extend(text.chars().map(|c| if is_plain(c) { c } else { '?' }));
    });
    match shown.char_indices().nth(TEXT_CHARACTERS_MAX) {
        Some((end, _)) => shown[..end].into(),
        None => shown,
    }
}

/// RFC 4514, 3, and `serialNumber`.
const SHORT_NAMES: &[(&[u8], &str)] = &[
    (oid::COMMON_NAME, "CN"),
    (&[0x55, 4, 5], "serialNumber"),
    (&[0x55, 4, 6], "C"),
    (&[0x55, 4, 7], "L"),
    (&[0x55, 4, 8], "ST"),
    (&[0x55, 4, 10], "O"),
    (&[0x55, 4, 11], "OU"),
];

/// The text of a value whose type is UTF-8 or a subset of it.
fn text(value: &[u8]) -> Option<&str> {
    let contents = [tag::UTF8_STRING, tag::PRINTABLE_STRING, tag::IA5_STRING]
        .into_iter()
        .find_map(|tag| Reader::only(value, tag).ok())?;
    core::str::from_utf8(contents).ok()
}

/// Calls `each` with the type of each attribute and the DER of its value.
pub(super) fn attributes<'a>(
    contents: &'a [u8],
    mut each: impl FnMut(&'a [u8], &'a [u8]),
) -> Result<(), Malformed> {
    let mut names = Reader::new(contents);
    while !names.is_at_end() {
        let mut attributes = names.enter_set_of(tag::SET)?;
        // RFC 5280, 4.1.2.4: a relative name holds at least one attribute.
        loop {
            let mut attribute = attributes.enter(tag::SEQUENCE)?;
            let oid = attribute.contents(tag::OBJECT_IDENTIFIER)?;
            let value = attribute.any()?;
            attribute.end()?;
            each(oid, value);
            if attributes.is_at_end() {
                break;
            }
        }
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn malformed_names_are_refused() {
        let check = |contents: &[u8], good| assert_eq!(check(contents).is_ok(), good);
        check(b"", true);
        check(b"\x31\x09\x30\x07\x06\x03\x55\x04\x03\x0c\x00", true);
        // An empty set; no value; two values; something after the set.
        check(b"\x31\x00", false);
        check(b"\x31\x07\x30\x05\x06\x03\x55\x04\x03", false);
        check(b"\x31\x0b\x30\x09\x06\x03\x55\x04\x03\x0c\x00\x0c\x00", false);
        check(b"\x31\x09\x30\x07\x06\x03\x55\x04\x03\x0c\x00\x00", false);
    }

    #[test]
    fn a_shown_name_never_disturbs_a_terminal() {
        let attribute = |last: u8, text: &str| {
            let oid = [6, 3, 0x55, 4, last, 0x0c, text.len() as u8];
            let value = [&oid[..], text.as_bytes()].concat();
            let wrapped = [&[0x30, value.len() as u8], &value[..]].concat();
            [&[0x31, wrapped.len() as u8], &wrapped[..]].concat()
        };
        let shown = |contents: &[u8]| {
            let length = contents.len() as u8;
            let header = if length < 128 { &[0x30, length][..] } else { &[0x30, 0x81, length] };
            to_text(&[header, contents].concat())
        };
        let parts = [attribute(10, "Ex\u{1b}[2J\u{202e}ämple"), attribute(3, "one\n\"")];
        assert_eq!(shown(&parts.concat()[..]), "O=Ex?[2J?ämple, CN=one??");
        assert_eq!(shown(&attribute(65, "pseudonym")), "");
        let long = "x".repeat(60);
        let parts = [(); 3].map(|()| attribute(3, &long));
        assert!(shown(&parts.concat()[..]).len() <= TEXT_CHARACTERS_MAX);
    }

    #[test]
    #[cfg(feature = "authority")]
    fn names_are_equal_regardless_of_case_white_space_and_type_of_string() {
        let name = |tag: u8, text: &str| {
            let attribute = [&[6, 3, 0x55, 4, 3, tag, text.len() as u8], text.as_bytes()].concat();
            let mut name = Vec::new();
            let wrap = |contents: &[u8]| [&[0x30, contents.len() as u8], contents].concat();
            let set = [&[0x31, attribute.len() as u8 + 2][..], &wrap(&attribute)].concat();
            name.extend(wrap(&set));
            name
        };
        let folded = |tag, text| folded(&name(tag, text));
        let one = folded(tag::UTF8_STRING, "Äpfel Inc");
        assert_eq!(folded(tag::UTF8_STRING, " äPFEL \t inc "), one);
        assert_ne!(folded(tag::UTF8_STRING, "Äpfelinc"), one);
        let printable = folded(tag::PRINTABLE_STRING, "Plant 7");
        assert_eq!(folded(tag::IA5_STRING, "plant  7"), printable);
        assert_eq!(folded(tag::UTF8_STRING, "PLANT 7"), printable);
        // Other types are compared as bytes.
        assert_ne!(folded(tag::TELETEX_STRING, "PLANT 7"), printable);
    }
}
