//! What is wrong with a key text, said to a person.

use alloc::format;
use alloc::string::{String, ToString};
use alloc::vec::Vec;
use core::fmt;

use super::KeyText;
use super::layout::WORD;

/// Why a text is no provisioning key, where it is wrong, and what it should have been.
///
/// | code | meaning |
/// |---|---|
/// | `key_empty` | there is no text |
/// | `key_wrong_prefix` | it does not begin with `pvk1_`; an admin token is named as one |
/// | `key_unsupported_version` | it is a provisioning key of another version |
/// | `key_truncated` | characters are missing: [`missing`](Self::missing) |
/// | `key_extra` | there are too many characters: [`extra`](Self::extra) |
/// | `key_bad_character` | the core has characters that never occur in one |
/// | `key_miscopied` | up to 4 characters of the core are wrong, and can be repaired |
/// | `key_host_miscopied` | the core is right, but belongs to another host |
/// | `key_damaged` | it is wrong beyond repair |
///
/// **Positions** count the characters of the *cleaned* text from 0: the text without white space,
/// quotes and the like, and without `NAME=` in front. [`shown`](Self::shown) is that text, with
/// what is secret hidden, and [`marks`](Self::marks) points at the positions under it. `Display`
/// explains to a person, who counts from 1. Neither shows the secret.
#[derive(Debug)]
pub struct KeyTextError {
    problem: Problem,
    positions: Vec<usize>,
    repaired: Option<KeyText>,
    shown: String,
}

/// The reason alone.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub(super) enum Problem {
    #[error("there is no key text")]
    Empty,
    #[error("a provisioning key begins with pvk1_ and this text does not: copy the whole key")]
    WrongPrefix,
    #[error(
        "this is an admin token, not a provisioning key: it administers the authority, and does not \
        belong on a connector; ask for the text of a key, which begins with pvk1_"
    )]
    AdminToken,
    #[error("this is a provisioning key of another version: update this program")]
    UnsupportedVersion,
    #[error("{}{missing} of the key's characters {} missing: copy the whole key",
        if *.at_least { "at least " } else { "" }, if *.missing == 1 { "is" } else { "are" })]
    Truncated { missing: usize, at_least: bool },
    #[error("there {} too many: copy the key alone", count(*.extra))]
    Extra { extra: usize },
    #[error("there are characters that no key has")]
    BadCharacter,
    #[error("the key was miscopied")]
    Miscopied,
    #[error("the host in the key, its middle part, was miscopied")]
    HostMiscopied,
    #[error("the key is damaged beyond repair: copy it again")]
    Damaged,
}

fn count(characters: usize) -> String {
    match characters {
        1 => "is 1 character".into(),
        n => format!("are {n} characters"),
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

    const fn code(self) -> &'static str {
        match self {
            Self::Empty => "key_empty",
            Self::WrongPrefix | Self::AdminToken => "key_wrong_prefix",
            Self::UnsupportedVersion => "key_unsupported_version",
            Self::Truncated { .. } => "key_truncated",
            Self::Extra { .. } => "key_extra",
            Self::BadCharacter => "key_bad_character",
            Self::Miscopied => "key_miscopied",
            Self::HostMiscopied => "key_host_miscopied",
            Self::Damaged => "key_damaged",
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

    /// The stable code of this error.
    pub const fn code(&self) -> &'static str {
        self.problem.code()
    }

    /// Whether trying again may help: no.
    pub const fn retryable(&self) -> bool {
        false
    }

    /// Where the text is wrong: positions in the cleaned text, ascending, counted in characters
    /// from 0. Where a character is missing, the position that it should have. May be empty.
    pub fn positions(&self) -> &[usize] {
        &self.positions
    }

    /// What the text probably should have been. Five or more wrong characters may, rarely, produce
    /// a repair that is wrong, so a person should compare it with the original.
    pub const fn repaired(&self) -> Option<&KeyText> {
        self.repaired.as_ref()
    }

    /// How many characters are missing; a lower bound if not even the core was reached.
    pub const fn missing(&self) -> Option<usize> {
        match self.problem {
            Problem::Truncated { missing, .. } => Some(missing),
            _ => None,
        }
    }

    /// How many characters are too many; a lower bound if the text is too long to be looked at.
    pub const fn extra(&self) -> Option<usize> {
        match self.problem {
            Problem::Extra { extra } => Some(extra),
            _ => None,
        }
    }

    /// The cleaned text with `·` for every character that may be part of the secret. Empty if
    /// there was nothing to show.
    pub fn shown(&self) -> &str {
        &self.shown
    }

    /// A line to be printed under [`shown`](Self::shown): `^` under every position.
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
            f.write_str("; a repair is known, compare it with the original")?;
        }
        Ok(())
    }
}

impl core::error::Error for KeyTextError {}
