//! Reads a key text leniently, and finds what is wrong with it and where.

use alloc::string::String;
use alloc::vec::Vec;

use zeroize::Zeroizing;

use super::alphabet::value_of;
use super::clean::clean;
use super::correct::repair;
use super::error::Problem;
use super::layout::{HOST_AT, ID, PREFIX, SECRET, SEPARATOR, WORD};
use super::text::parse;
use super::word::Word;
use super::{KeyText, KeyTextError, ProvisioningKey};
use crate::limits::KEY_TEXT_BYTES_MAX;

/// The first characters of an admin token.
const ADMIN_TOKEN_PREFIX: [char; 6] = ['p', 'v', 'k', 't', '1', '_'];
/// Any stretch of a host that is as long as a secret has at least this many characters outside the
/// alphabet: dots, hyphens, about every fourth letter. A secret has only its miscopied characters.
const HOST_FOREIGN_MIN: usize = 6;

impl ProvisioningKey {
    /// Reads a key text as people paste it. This is how a connector reads it, without any network.
    ///
    /// White space, line wraps, invisible characters, quotes, punctuation around the text and
    /// `NAME=` in front are ignored, and case is folded. The error says what is wrong and where. A
    /// repair is offered by [`KeyTextError::repaired`] and never applied.
    ///
    /// # Errors
    /// [`KeyTextError`], with one of the codes that are listed there.
    pub fn read(bytes: &[u8]) -> Result<Self, KeyTextError> {
        if let Some(extra @ 1..) = bytes.len().checked_sub(KEY_TEXT_BYTES_MAX) {
            return Err(KeyTextError::bare(Problem::Extra { extra }));
        }
        // A canonical text needs no cleaning.
        let trimmed = str::from_utf8(bytes.trim_ascii());
        if let Some(key) = trimmed.ok().and_then(|text| parse(text).ok()) {
            return Ok(key);
        }
        let text = clean(bytes);
        examine(&text).map_err(|finding| finding.explain(&text))
    }
}

/// What is wrong with a cleaned text. Positions count its characters.
struct Finding {
    problem: Problem,
    positions: Vec<usize>,
    repaired: Option<KeyText>,
    /// Where the core begins, if that is certain enough to show everything before its secret.
    core_at: Option<usize>,
}

impl From<Problem> for Finding {
    fn from(problem: Problem) -> Self {
        Self { problem, positions: Vec::new(), repaired: None, core_at: None }
    }
}

fn examine(text: &[char]) -> Result<ProvisioningKey, Finding> {
    if text.is_empty() {
        return Err(Problem::Empty.into());
    }
    let Some(rest) = after_prefix(text) else { return Err(without_prefix(text)) };
    // A second key in the text, unless it is a host that ends like the prefix, with its core next.
    let begins = |at: &usize| after_prefix(&rest[*at..]).is_some_and(|rest| rest.len() != WORD);
    if let Some(at) = (1..rest.len()).find(begins) {
        return Err(Problem::Extra { extra: rest.len() - at }.into());
    }
    match separator(rest) {
        Some(at) => Parts::split(text, HOST_AT + at).examine(),
        None => Err(without_separator(text)),
    }
}

fn after_prefix(text: &[char]) -> Option<&[char]> {
    let (prefix, rest) = text.split_at_checked(PREFIX.len())?;
    prefix.iter().copied().eq(PREFIX.chars()).then_some(rest)
}

/// Examines a text that does not begin with the prefix.
fn without_prefix(text: &[char]) -> Finding {
    let differs = |(&c, expected): (&char, char)| c != expected;
    let wrong: Vec<usize> = text
        .iter()
        .zip(PREFIX.chars())
        .map(differs)
        .enumerate()
        .filter_map(|(i, differs)| differs.then_some(i))
        .collect();
    if wrong.is_empty() {
        let missing = PREFIX.len() - text.len() + 1 + 1 + WORD;
        return Problem::Truncated { missing, at_least: true }.into();
    }
    if text.starts_with(&ADMIN_TOKEN_PREFIX) {
        return Problem::AdminToken.into();
    }
    if is_other_version(text) {
        return Problem::UnsupportedVersion.into();
    }
    // A single wrong character, such as `l` for `1`, was miscopied if the rest is a valid key.
    let mut mended = Zeroizing::new(text.to_vec());
    mended.iter_mut().zip(PREFIX.chars()).for_each(|(c, expected)| *c = expected);
    match (wrong.as_slice(), examine(&mended)) {
        ([_], Ok(key)) => {
            let repaired = Some(key.to_text());
            Finding { problem: Problem::WrongPrefix, positions: wrong, repaired, core_at: None }
        }
        _ => Problem::WrongPrefix.into(),
    }
}

fn is_other_version(text: &[char]) -> bool {
    let after_kind = text.strip_prefix(&['p', 'v', 'k']).unwrap_or_default();
    let digits = after_kind.iter().take_while(|c| c.is_ascii_digit()).count();
    digits > 0 && after_kind.get(digits) == Some(&SEPARATOR)
}

/// Where the host ends. Neither host nor core contains a `_`. If there are several, all but one are
/// miscopied characters, and the right one is followed by exactly a core.
fn separator(rest: &[char]) -> Option<usize> {
    let mut places = (0..rest.len()).filter(|&at| rest[at] == SEPARATOR);
    let whole = places.clone().find(|&at| rest.len() - at - 1 == WORD);
    whole.or_else(|| places.next())
}

/// Examines a text without a second `_`: it was miscopied or lost, or the text ends before it.
fn without_separator(text: &[char]) -> Finding {
    let Some(core_at) = text.len().checked_sub(WORD).filter(|&at| at > HOST_AT) else {
        return Problem::cut_before_core().into();
    };
    let miscopied = Parts { text, host: &text[HOST_AT..core_at - 1], core: &text[core_at..] };
    if let Some((mut positions, repaired)) = miscopied.repair() {
        positions.insert(0, core_at - 1);
        let repaired = Some(repaired);
        return Finding { problem: Problem::BadCharacter, positions, repaired, core_at: None };
    }
    let lost = Parts { text, host: &text[HOST_AT..core_at], core: &text[core_at..] };
    if let Some((mut positions, repaired)) = lost.repair() {
        positions.insert(0, core_at);
        let problem = Problem::Truncated { missing: 1, at_least: false };
        return Finding { problem, positions, repaired: Some(repaired), core_at: None };
    }
    Problem::cut_before_core().into()
}

/// The parts of a cleaned text that begins with the prefix.
struct Parts<'a> {
    text: &'a [char],
    host: &'a [char],
    core: &'a [char],
}

impl<'a> Parts<'a> {
    /// The parts of `text` before and after its separator.
    fn split(text: &'a [char], separator: usize) -> Self {
        Self { text, host: &text[HOST_AT..separator], core: &text[separator + 1..] }
    }

    fn core_at(&self) -> usize {
        self.text.len() - self.core.len()
    }

    /// The key of this host and this core, if they belong together.
    fn key_of(&self, core: &Word) -> Option<ProvisioningKey> {
        let host: String = self.host.iter().collect();
        ProvisioningKey::from_word(&host, core)
    }

    /// Checks in this order: length, alphabet, check, host.
    fn examine(&self) -> Result<ProvisioningKey, Finding> {
        Problem::of_length(self.core.len()).map_err(|problem| self.wrong_length(problem))?;
        let core = Core::read(self.core);
        let Some(whole) = core.repaired() else {
            let problem =
                if core.erasures.is_empty() { Problem::Damaged } else { Problem::BadCharacter };
            let positions = self.positions(core.erasures);
            return Err(Finding { problem, positions, repaired: None, core_at: None });
        };
        let key = self.key_of(&whole);
        let wrong = core.differences(&whole);
        match key {
            Some(key) if wrong.is_empty() => Ok(key),
            None if wrong.is_empty() => Err(self.host_miscopied()),
            key => {
                // A core that belongs to another host after its repair is not a repair of the text.
                let problem = match (core.erasures.is_empty(), &key) {
                    (false, _) => Problem::BadCharacter,
                    (true, Some(_)) => Problem::Miscopied,
                    (true, None) => Problem::Damaged,
                };
                Err(self.finding(problem, wrong, key.map(|key| key.to_text())))
            }
        }
    }

    /// The finding for a text whose check confirms where its core is.
    fn finding(&self, problem: Problem, wrong: Vec<usize>, repaired: Option<KeyText>) -> Finding {
        let core_at = Some(self.core_at()).filter(|_| repaired.is_some() || self.shows_host());
        Finding { problem, positions: self.positions(wrong), repaired, core_at }
    }

    fn positions(&self, places: Vec<usize>) -> Vec<usize> {
        places.into_iter().map(|place| self.core_at() + place).collect()
    }

    /// Whether a host that the tag does not confirm may be shown: only if no secret can be in it.
    fn shows_host(&self) -> bool {
        let is_foreign = |c: &&char| u8::try_from(**c).ok().and_then(value_of).is_none();
        let is_host = |run: &[char]| run.iter().filter(is_foreign).count() >= HOST_FOREIGN_MIN;
        !self.host.contains(&SEPARATOR) && self.host.windows(SECRET).all(is_host)
    }

    /// The check is right, but the tag belongs to another host: points at characters that no host
    /// has.
    fn host_miscopied(&self) -> Finding {
        let known = |c: char| c.is_ascii_lowercase() || c.is_ascii_digit() || ".-:[]".contains(c);
        let wrong = (0..self.host.len()).filter(|&i| !known(self.host[i]));
        let positions = wrong.map(|i| HOST_AT + i).collect();
        Finding { positions, ..self.finding(Problem::HostMiscopied, Vec::new(), None) }
    }

    /// A core that is too short or too long. One lost or doubled character can be located.
    fn wrong_length(&self, problem: Problem) -> Finding {
        let one = match problem {
            Problem::Truncated { missing: 1, .. } => self.find_lost(),
            Problem::Extra { extra: 1 } => self.find_doubled(),
            _ => return problem.into(),
        };
        match one {
            Some((place, repaired)) => self.finding(problem, Vec::from([place]), Some(repaired)),
            None => problem.into(),
        }
    }

    /// Where one character was lost, and the text with it.
    fn find_lost(&self) -> Option<(usize, KeyText)> {
        (0..WORD).find_map(|place| {
            let (before, after) = self.core.split_at(place);
            let core = Core::read(before.iter().chain(&['?']).chain(after));
            let whole = core.repaired().filter(|whole| core.differences(whole) == [place])?;
            Some((place, self.key_of(&whole)?.to_text()))
        })
    }

    /// Where there is one character too many, and the text without it.
    fn find_doubled(&self) -> Option<(usize, KeyText)> {
        (0..=WORD).find_map(|place| {
            let (before, after) = self.core.split_at(place);
            let core = Core::read(before.iter().chain(after.iter().skip(1)));
            let valid = core.erasures.is_empty() && core.word.is_valid();
            let key = valid.then(|| self.key_of(&core.word))??;
            Some((place, key.to_text()))
        })
    }

    /// The positions that a repair changes, and the repaired text, if this host belongs to it.
    fn repair(&self) -> Option<(Vec<usize>, KeyText)> {
        let core = Core::read(self.core);
        let whole = core.repaired()?;
        let key = self.key_of(&whole)?;
        let positions = core.differences(&whole).into_iter().map(|i| self.core_at() + i);
        Some((positions.collect(), key.to_text()))
    }
}

/// A core as it was read: its word, with 0 for each character outside the alphabet.
struct Core {
    word: Word,
    erasures: Vec<usize>,
}

impl Core {
    fn read<'a>(characters: impl IntoIterator<Item = &'a char>) -> Self {
        let mut core = Self { word: Word([0; WORD]), erasures: Vec::new() };
        for (place, (slot, &c)) in core.word.0.iter_mut().zip(characters).enumerate() {
            match u8::try_from(c).ok().and_then(value_of) {
                Some(value) => *slot = value,
                None => core.erasures.push(place),
            }
        }
        core
    }

    /// The word with a right check: as it is, or repaired.
    fn repaired(&self) -> Option<Word> {
        let right = self.erasures.is_empty() && self.word.is_valid();
        if right { Some(Word(self.word.0)) } else { repair(&self.word, &self.erasures) }
    }

    /// The places where the text must change to become `whole`.
    fn differences(&self, whole: &Word) -> Vec<usize> {
        let differs = |&place: &usize| {
            self.erasures.contains(&place) || self.word.0.get(place) != whole.0.get(place)
        };
        (0..WORD).filter(differs).collect()
    }
}

impl Finding {
    fn explain(self, text: &[char]) -> KeyTextError {
        let shown = self.shown(text);
        KeyTextError::new(self.problem, self.positions, self.repaired, shown)
    }

    /// The text with everything hidden that may be secret.
    ///
    /// It shows the prefix and, if the check confirms where the parts are, the host, the id and the
    /// wrong characters as they are in the text, so that a person finds them in the original. It
    /// does not show what they should be. If a repair is itself wrong, up to 4 of the secret's 32
    /// characters are shown, which leaves 140 bits.
    fn shown(&self, text: &[char]) -> String {
        let public = match self.core_at {
            Some(core_at) => core_at + ID,
            None if after_prefix(text).is_some() => HOST_AT,
            None => 0,
        };
        let show = |(i, &c): (usize, &char)| match c {
            _ if i >= public && self.positions.binary_search(&i).is_err() => '·',
            c if c.is_ascii_graphic() => c,
            _ => char::REPLACEMENT_CHARACTER,
        };
        text.iter().enumerate().map(show).collect()
    }
}
