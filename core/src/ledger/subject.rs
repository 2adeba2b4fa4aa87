//! What an error is about, as text that can be shown.

use alloc::boxed::Box;
use alloc::string::String;

use crate::limits::SUBJECT_BYTES_MAX;

/// A text as errors show it, if it can be shown. See
/// [`RejectedInput::subject`](crate::authority::RejectedInput::subject).
pub(crate) fn shown(text: &str) -> Option<Box<str>> {
    if text.is_empty() || holds_secret(text) || text.contains("://") {
        return None;
    }
    let mut shown = String::new();
    // How much of it can stay if the end is cut off.
    let mut cut_at = 0;
    for character in text.chars() {
        match is_unseen(character) {
            true => shown.extend(character.escape_default()),
            false => shown.push(character),
        }
        if shown.len() > SUBJECT_BYTES_MAX {
            shown.truncate(cut_at);
            shown.push('…');
            break;
        }
        if shown.len() + '…'.len_utf8() <= SUBJECT_BYTES_MAX {
            cut_at = shown.len();
        }
    }
    Some(shown.into())
}

/// Whether a text holds what a provisioning key or an admin token begins with.
pub(crate) fn holds_secret(text: &str) -> bool {
    let text = text.to_ascii_lowercase();
    text.contains("pvk1_") || text.contains("pvkt1_")
}

/// Control characters, and the marks that turn the direction of the text around them or are not
/// seen at all: they would let one name pass for another.
pub(crate) fn is_unseen(character: char) -> bool {
    character.is_control()
        || matches!(character, '\u{ad}' | '\u{34f}' | '\u{61c}' | '\u{115f}'..='\u{1160}'
            | '\u{17b4}'..='\u{17b5}' | '\u{180e}' | '\u{200b}'..='\u{200f}'
            | '\u{2028}'..='\u{202e}' | '\u{2060}'..='\u{206f}' | '\u{3164}' | '\u{feff}'
            | '\u{ffa0}' | '\u{fff0}'..='\u{fffb}' | '\u{e0000}'..='\u{e0fff}')
}

#[cfg(test)]
mod tests {
    use super::*;
    use alloc::format;

    #[test]
    fn subjects_are_short_and_have_no_control_characters() {
        let check = |text: &str, expected: &str| assert_eq!(shown(text).as_deref(), Some(expected));
        check("Branch offices", "Branch offices");
        check("a\nb\u{202e}c", "a\\nb\\u{202e}c");
        check(&"x".repeat(128), &"x".repeat(128));
        check(&"x".repeat(129), &format!("{}…", "x".repeat(125)));
        check(&"é".repeat(65), &format!("{}…", "é".repeat(62)));
        check(&"\n".repeat(65), &format!("{}…", "\\n".repeat(62)));
        assert_eq!(shown(""), None);
    }

    #[test]
    fn what_may_be_a_secret_is_not_shown() {
        let long = format!("{} PVK1_api.example.com_q2w3", "x".repeat(200));
        for text in ["pvk1_h_q2w3e4r5t6y7s", "PVKT1_q2w3e4r5t6y7_s", "postgres://u:p@h", &long] {
            assert_eq!(shown(text), None, "{text}");
        }
    }
}
