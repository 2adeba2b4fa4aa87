//! What an error is about, as text that can be shown.

use alloc::boxed::Box;
use alloc::string::String;

use crate::limits::SUBJECT_BYTES_MAX;

/// The secret of a provisioning key or of an admin token has 32 characters, a master key 64. Ids
/// have at most 26.
const SECRET_CHARACTERS_MIN: usize = 32;

/// A text as errors show it, if it can be shown. See
/// [`RejectedInput::subject`](crate::authority::RejectedInput::subject).
pub(crate) fn shown(text: &str) -> Option<Box<str>> {
    if text.is_empty() || holds_secret(text) || looks_random(text) || text.contains("://") {
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

/// Whether a text has an unbroken run of letters and digits that is as long as a secret: a part of
/// a key text, for example, that was pasted without its beginning.
fn looks_random(text: &str) -> bool {
    let mut runs = text.split(|character: char| !character.is_ascii_alphanumeric());
    runs.any(|run| run.len() >= SECRET_CHARACTERS_MIN)
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
        check(&"x ".repeat(64), &"x ".repeat(64));
        check(&"x-".repeat(65), &format!("{}x…", "x-".repeat(62)));
        check(&"x".repeat(31), &"x".repeat(31));
        check(&"é".repeat(65), &format!("{}…", "é".repeat(62)));
        check(&"\n".repeat(65), &format!("{}…", "\\n".repeat(62)));
        assert_eq!(shown(""), None);
    }

    #[test]
    fn what_may_be_a_secret_is_not_shown() {
        let long = format!("{} PVK1_api.example.com_q2w3", "x".repeat(200));
        // The secret of a key alone, and a master key.
        let (secret, master) = ("q2w3e4r5t6y7u8s9".repeat(2), "0f".repeat(32));
        let texts = ["pvk1_h_q2w3e4r5t6y7s", "PVKT1_q2w3e4r5t6y7_s", "postgres://u:p@h", &long];
        for text in texts.into_iter().chain([&*secret, &*format!("{master}\n")]) {
            assert_eq!(shown(text), None, "{text}");
        }
    }
}
