//! Removes from a key text what copying, pasting and wrapping added.

use alloc::vec::Vec;

use zeroize::Zeroizing;

use super::layout::PREFIX;

/// The characters of a text in lower case, without those that copying adds. Invalid UTF-8 becomes
/// U+FFFD, which occurs in no key. Erased when dropped.
pub(super) fn clean(bytes: &[u8]) -> Zeroizing<Vec<char>> {
    // The capacity suffices: a vector that grew would leave copies of the secret behind.
    let mut text = Zeroizing::new(Vec::with_capacity(bytes.len()));
    // Some shells write UTF-16. Its byte order mark is removed here, its zero bytes below.
    let bytes = bytes.strip_prefix(b"\xff\xfe").unwrap_or(bytes);
    let bytes = bytes.strip_prefix(b"\xfe\xff").unwrap_or(bytes);
    let mut line_begins = true;
    for chunk in bytes.utf8_chunks() {
        for c in chunk.valid().chars() {
            let is_quote_mark = line_begins && c == '>';
            line_begins =
                matches!(c, '\n' | '\r') || (line_begins && (is_quote_mark || is_noise(c)));
            if !is_quote_mark && !is_noise(c) {
                text.push(c.to_ascii_lowercase());
            }
        }
        if !chunk.invalid().is_empty() {
            text.push(char::REPLACEMENT_CHARACTER);
        }
    }
    remove_tags(&mut text);
    while text.last().is_some_and(|&c| ".,;:!?)]}>*|/…".contains(c)) {
        text.pop();
    }
    for begins in [opening, assigned_name, label, opening] {
        let start = begins(&text);
        text.drain(..start);
    }
    text
}

/// Removes HTML tags, such as `<code>` and `</code>`. A key in angle brackets is not a tag, for it
/// contains a `_`.
fn remove_tags(text: &mut Zeroizing<Vec<char>>) {
    let tag_at = |text: &[char], from: usize| {
        let begin = from + text.get(from..)?.iter().position(|&c| c == '<')?;
        let length = text[begin..].iter().take(TAG_CHARACTERS_MAX).position(|&c| c == '>');
        Some((begin, length.map(|length| begin + length)))
    };
    let mut from = 0;
    while let Some((begin, end)) = tag_at(text, from) {
        let is_tag = |tag: &[char]| {
            let name = tag.strip_prefix(&['/']).unwrap_or(tag);
            name.first().is_some_and(char::is_ascii_alphabetic) && !tag.contains(&'_')
        };
        match end {
            Some(end) if is_tag(&text[begin + 1..end]) => drop(text.drain(begin..=end)),
            _ => from = begin + 1,
        }
    }
}

/// Longest tag that is removed, in characters: enough for a tag with attributes.
const TAG_CHARACTERS_MAX: usize = 128;

/// The length of leading brackets, emphasis marks or table bars.
fn opening(text: &[char]) -> usize {
    text.iter().position(|&c| !"([{<*|".contains(c)).unwrap_or(0)
}

/// The length of a label in front of a key, such as `Key:` or `Provisioning key:`. A host with a
/// port is not a label, for the prefix before it contains a digit and a `_`.
fn label(text: &[char]) -> usize {
    let Some(at) = text.iter().position(|&c| c == ':') else { return 0 };
    let is_word = |&c: &char| c.is_alphabetic() || "-*#()".contains(c);
    if text[..at].iter().all(is_word) { at + 1 } else { 0 }
}

/// White space, line ends, invisible characters, quotes, and the backslash of a wrapped line.
fn is_noise(c: char) -> bool {
    c.is_whitespace()
        || c.is_control()
        || is_invisible(c)
        || "\"'`´\\«»‹›＂＇".contains(c)
        || matches!(c, '\u{2018}'..='\u{201f}' | '\u{2032}'..='\u{2037}' | '\u{300c}'..='\u{300f}')
}

/// Zero-width characters, soft hyphens, directional marks, variation selectors, tags.
fn is_invisible(c: char) -> bool {
    matches!(c,
        '\u{ad}' | '\u{34f}' | '\u{61c}' | '\u{115f}' | '\u{1160}' | '\u{17b4}' | '\u{17b5}'
        | '\u{180b}'..='\u{180f}' | '\u{200b}'..='\u{200f}' | '\u{202a}'..='\u{202e}'
        | '\u{2060}'..='\u{206f}' | '\u{3164}' | '\u{fe00}'..='\u{fe0f}' | '\u{feff}'
        | '\u{ffa0}' | '\u{fff9}'..='\u{fffb}' | '\u{e0000}'..='\u{e0fff}')
}

/// The length of `name=` in front of a key, as in `export NAME=` (its space is already removed).
fn assigned_name(text: &[char]) -> usize {
    let Some(at) = text.iter().position(|&c| c == '=') else { return 0 };
    let (name, _) = text.split_at(at);
    let is_name = name.iter().all(|&c| c.is_ascii_alphanumeric() || "_$:.-".contains(c));
    let is_key = name.iter().copied().take(PREFIX.len()).eq(PREFIX.chars());
    if is_name && !is_key { at + 1 } else { 0 }
}
