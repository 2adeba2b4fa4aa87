//! Removing what copying, pasting and wrapping add to a key text.

use alloc::vec::Vec;

use zeroize::Zeroizing;

use super::text::PREFIX;

/// The characters of a text without those that copying adds, in lower case. Bytes that are no UTF-8
/// become U+FFFD, which no key has. Erased when dropped.
pub(super) fn clean(bytes: &[u8]) -> Zeroizing<Vec<char>> {
    // Long enough from the start: a vector that grew would leave copies of itself behind.
    let mut text = Zeroizing::new(Vec::with_capacity(bytes.len()));
    // UTF-16, as some shells write it, is understood too: its zero bytes are dropped below.
    let bytes = bytes.strip_prefix(b"\xff\xfe").unwrap_or(bytes);
    let bytes = bytes.strip_prefix(b"\xfe\xff").unwrap_or(bytes);
    for chunk in bytes.utf8_chunks() {
        let kept = chunk.valid().chars().filter(|&c| !is_noise(c));
        text.extend(kept.map(|c| c.to_ascii_lowercase()));
        if !chunk.invalid().is_empty() {
            text.push(char::REPLACEMENT_CHARACTER);
        }
    }
    while text.last().is_some_and(|&c| ".,;:!?)]}>*|/…".contains(c)) {
        text.pop();
    }
    let start = text.iter().position(|&c| !"([{<*|".contains(c)).unwrap_or(0);
    text.drain(..start);
    let start = assigned_name(&text);
    text.drain(..start);
    text
}

/// White space, line ends, what cannot be seen, quotes, and the backslash of a wrapped line.
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

/// The length of `name=` in front of a key, as in `export NAME=` (whose space is gone by now).
fn assigned_name(text: &[char]) -> usize {
    let Some(at) = text.iter().position(|&c| c == '=') else { return 0 };
    let (name, _) = text.split_at(at);
    let is_name = name.iter().all(|&c| c.is_ascii_alphanumeric() || "_$:.-".contains(c));
    let is_key = name.iter().copied().take(PREFIX.len()).eq(PREFIX.chars());
    if is_name && !is_key { at + 1 } else { 0 }
}
