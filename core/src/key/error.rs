//! Why a key text is not a key, in words for a person.

use alloc::string::{String, ToString};
use alloc::vec::Vec;
use core::fmt;

use super::KeyText;
use super::layout::WORD;
use crate::error_family::error_family;

/// Why a text is not a provisioning key, at which characters, and what the text was meant to be.
///
/// | code | meaning |
/// |---|---|
/// | `key_empty` | there is no text |
/// | `key_wrong_prefix` | it does not begin with `pvk1_`; the message says so if it is an admin token |
/// | `key_unsupported_version` | it is a provisioning key of another version |
/// | `key_truncated` | characters are missing: [`missing`](Self::missing) |
/// | `key_extra` | there are too many characters: [`extra`](Self::extra) |
/// | `key_bad_character` | the core contains characters outside the alphabet |
/// | `key_miscopied` | up to 4 characters of the core are wrong and can be repaired |
/// | `key_host_miscopied` | the core is intact, but belongs to another host |
/// | `key_damaged` | it is wrong beyond repair |
///
/// **Positions** count from 0 in the *cleaned* text: without white space, quotes and the like, and
/// without `NAME=` in front. [`shown`](Self::shown) is the cleaned text with the secret hidden, and
/// [`marks`](Self::marks) is a line of `^` to print under it. `Display` counts from 1, for people.
/// None of them shows the secret.
///
/// ```
/// use provkey::key::ProvisioningKey;
///
/// let error = ProvisioningKey::read(b"pvk1_api.example.com_q2w3e4").unwrap_err();
/// assert_eq!(error.code(), "key_truncated");
/// assert_eq!(error.missing(), Some(79));
/// assert_eq!(error.to_string(), "79 characters of the key are missing: copy the whole key");
/// ```
#[derive(Debug)]
pub struct KeyTextError {
    problem: Problem,
    positions: Vec<usize>,
    repaired: Option<KeyText>,
    shown: String,
}

error_family! {
    /// The reason alone.
    #[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
    pub(super) enum Problem {
        #[error("the key text is empty")]
        Empty => "key_empty",
        #[error("the text does not begin with pvk1_, as every key does: copy the whole key")]
        WrongPrefix => "key_wrong_prefix",
        #[error(
            "this is an admin token, not a provisioning key: it administers the authority and does not \
            belong on a connector; ask for a key text, which begins with pvk1_"
        )]
        AdminToken => "key_wrong_prefix",
        #[error("this is a provisioning key of another version: update this program")]
        UnsupportedVersion => "key_unsupported_version",
        #[error("{}{missing} {} of the key {} missing: copy the whole key",
            if *.at_least { "at least " } else { "" },
            if *.missing == 1 { "character" } else { "characters" },
            if *.missing == 1 { "is" } else { "are" })]
        Truncated { missing: usize, at_least: bool } => "key_truncated",
        #[error("the text is {extra} {} too long: copy only the key",
            if *.extra == 1 { "character" } else { "characters" })]
        Extra { extra: usize } => "key_extra",
        #[error("the key contains characters that no key has")]
        BadCharacter => "key_bad_character",
        #[error("the key was miscopied")]
        Miscopied => "key_miscopied",
        #[error("the host, the middle part of the key, was miscopied")]
        HostMiscopied => "key_host_miscopied",
        #[error("the key is damaged beyond repair: copy it again")]
        Damaged => "key_damaged",
    }
}

impl Problem {
    /// The text ends before the core begins.
    pub(super) const fn cut_before_core() -> Self {
        Self::Truncated { missing: 1 + WORD, at_least: true }
    }

    /// Checks that a core has the right number of characters.
    pub(super) const fn of_length(characters: usize) -> Result<(), Self> {
        match characters {
            0..WORD => Err(Self::Truncated { missing: WORD - characters, at_least: false }),
            WORD => Ok(()),
            _ => Err(Self::Extra { extra: characters - WORD }),
        }
    }
}

impl KeyTextError {
    /// The reason without positions, repair or text.
    pub(super) const fn bare(problem: Problem) -> Self {
        Self { problem, positions: Vec::new(), repaired: None, shown: String::new() }
    }

    pub(super) const fn new(
        problem: Problem,
        positions: Vec<usize>,
        repaired: Option<KeyText>,
        shown: String,
    ) -> Self {
        Self { problem, positions, repaired, shown }
    }

    /// The stable code.
    pub const fn code(&self) -> &'static str {
        self.problem.code()
    }

    /// Whether the same call may succeed later: never.
    pub const fn retryable(&self) -> bool {
        self.problem.retryable()
    }

    /// The wrong positions in the cleaned text, ascending, counted in characters from 0. A missing
    /// character is at the position it should have. May be empty.
    pub fn positions(&self) -> &[usize] {
        &self.positions
    }

    /// What the text was probably meant to be. With five or more wrong characters a repair can, in
    /// rare cases, be wrong, so a person should compare it with the original.
    pub const fn repaired(&self) -> Option<&KeyText> {
        self.repaired.as_ref()
    }

    /// How many characters are missing; a lower bound if the text ends before the core.
    pub const fn missing(&self) -> Option<usize> {
        match self.problem {
            Problem::Truncated { missing, .. } => Some(missing),
            _ => None,
        }
    }

    /// How many characters are too many. If the text is longer than
    /// [`KEY_TEXT_BYTES_MAX`](crate::limits::KEY_TEXT_BYTES_MAX), by how many bytes.
    pub const fn extra(&self) -> Option<usize> {
        match self.problem {
            Problem::Extra { extra } => Some(extra),
            _ => None,
        }
    }

    /// The cleaned text with `·` for every character that may be part of the secret. Empty for an
    /// error of [`parse_strict`](crate::key::ProvisioningKey::parse_strict).
    pub fn shown(&self) -> &str {
        &self.shown
    }

    /// A line to print under [`shown`](Self::shown): `^` under every position.
    pub fn marks(&self) -> String {
        let end = self.positions.last().map_or(0, |last| last + 1);
        (0..end).map(|i| if self.positions.binary_search(&i).is_ok() { '^' } else { ' ' }).collect()
    }
}

impl fmt::Display for KeyTextError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.problem.fmt(f)?;
        let numbers: Vec<String> = self.positions.iter().map(|i| (i + 1).to_string()).collect();
        match numbers.as_slice() {
            [] => {}
            [one] => write!(f, "; look at character {one}")?,
            [first @ .., last] => {
                write!(f, "; look at characters {} and {last}", first.join(", "))?
            }
        }
        if self.repaired.is_some() {
            f.write_str("; a repair is known: compare it with the original")?;
        }
        Ok(())
    }
}

impl core::error::Error for KeyTextError {}
