//! Names that operators choose.

use alloc::string::String;
use core::fmt;

use crate::ledger::error::{InputError, RejectedInput};
use crate::ledger::subject::{holds_secret, is_unseen};
use crate::limits::NAME_BYTES_MAX;

/// The name of a group, an enrollment certificate, a provisioning key or an admin token.
///
/// 1 to 128 bytes of UTF-8 without control characters and without white space at its ends. Names
/// are unique among entries of one kind, ignoring letter case.
///
/// ```
/// use provkey::authority::Name;
///
/// let name = Name::parse(" first floor ")?;
/// assert_eq!(name.as_str(), "first floor");
/// assert_eq!(Name::parse("").unwrap_err().code(), "name_empty");
/// # Ok::<(), provkey::authority::RejectedInput>(())
/// ```
#[derive(Clone, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Name(String);

impl Name {
    /// Parses a name. White space at the ends is removed.
    ///
    /// # Errors
    /// `name_empty`, `name_too_long`, `name_bad_character`, `name_is_a_key`.
    pub fn parse(text: &str) -> Result<Self, RejectedInput> {
        let text = text.trim();
        if text.is_empty() {
            return Err(InputError::NameEmpty.into());
        }
        if text.len() > NAME_BYTES_MAX {
            return Err(InputError::NameTooLong.about(text));
        }
        if text.chars().any(is_unseen) {
            return Err(InputError::NameBadCharacter.about(text));
        }
        // Listings and audit records show names, so a secret pasted into the wrong field would stay
        // visible.
        if holds_secret(text) {
            return Err(InputError::NameIsAKey.into());
        }
        Ok(Self(text.into()))
    }

    /// The name as text.
    pub fn as_str(&self) -> &str {
        &self.0
    }

    /// The form by which names are compared and sorted.
    pub(crate) fn folded(&self) -> String {
        fold(&self.0)
    }
}

/// Folds letter case, each character by itself: part of a name folds to part of what the name
/// folds to. `str::to_lowercase` would look at what stands around a Greek sigma, which has a second
/// small letter for the end of a word.
pub(crate) fn fold(text: &str) -> String {
    text.chars().flat_map(char::to_lowercase).map(|c| if c == 'ς' { 'σ' } else { c }).collect()
}

impl fmt::Display for Name {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(&self.0)
    }
}

impl fmt::Debug for Name {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{:?}", self.0)
    }
}

impl From<Name> for String {
    fn from(name: Name) -> Self {
        name.0
    }
}

crate::text::from_str!(Name, RejectedInput);
crate::text::serde_as_text!(Name);

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_are_checked() {
        assert_eq!(Name::parse("  Café 1 ").unwrap().as_str(), "Café 1");
        let check = |text: &str, code| assert_eq!(Name::parse(text).unwrap_err().code(), code);
        check(" \t", "name_empty");
        check(&"x".repeat(129), "name_too_long");
        check("a\u{202e}b", "name_bad_character");
        check("a\nb", "name_bad_character");
        check("a\u{ad}b", "name_bad_character");
        check("a\u{e0041}", "name_bad_character");
        check("PVK1_api.example.com_q2w3", "name_is_a_key");
        check("my pvkt1_q2w3e4r5t6y7_", "name_is_a_key");
    }

    #[test]
    fn part_of_a_name_is_part_of_its_folded_form() {
        let name = Name::parse("ΑΣΤΡΟ ΟΔΟΣ").unwrap().folded();
        for part in ["ΑΣ", "ασ", "ΟΔΟΣ", "οδος", "στρ"] {
            assert!(name.contains(&fold(part)), "{part} in {name}");
        }
    }
}
