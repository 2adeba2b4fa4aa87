//! A provisioning key and its canonical text.

use alloc::format;
use alloc::string::String;
use core::fmt;

use super::error::Problem;
use super::word::{WORD, Word};
use super::{Host, KeyId, KeyText, KeyTextError, Pin, Secret, read};

/// What every key text begins with: kind and version.
pub(super) const PREFIX: &str = "pvk1_";
/// What stands between the parts. No host and no core has it.
pub(super) const SEPARATOR: char = '_';

/// A provisioning key: what its text says.
///
/// `Debug` and `Display` print its public part only, for example
/// `pvk1_api.private.example.com_q2w3e4r5t6y7…`.
pub struct ProvisioningKey {
    host: Host,
    id: KeyId,
    secret: Secret,
    pin: Pin,
}

impl ProvisioningKey {
    /// The key that consists of these.
    pub const fn from_parts(host: Host, id: KeyId, secret: Secret, pin: Pin) -> Self {
        Self { host, id, secret, pin }
    }

    /// Reads a key text as people and their programs hand it over: the forgiving reading of a
    /// connector, without any network.
    ///
    /// White space, line wraps, invisible characters, quotes, punctuation around the text and
    /// `NAME=` in front are ignored, and case is folded. What is wrong is explained as exactly as can
    /// be; a repair is offered by [`KeyTextError::repaired`], never used by itself.
    ///
    /// # Errors
    /// [`KeyTextError`], with one of the codes that are listed there.
    pub fn read(bytes: &[u8]) -> Result<Self, KeyTextError> {
        read::read(bytes)
    }

    /// Reads a key text in canonical form and no other: the reading of an authority.
    ///
    /// # Errors
    /// [`KeyTextError`] with one of its codes. Nothing is repaired and no position is looked for, so
    /// refusing is as cheap as accepting.
    pub fn parse_strict(text: &str) -> Result<Self, KeyTextError> {
        parse(text).map_err(KeyTextError::bare)
    }

    /// Where the authority is found.
    pub fn host(&self) -> &Host {
        &self.host
    }

    /// The public id.
    pub fn id(&self) -> KeyId {
        self.id
    }

    /// Which authority root to trust.
    pub fn pin(&self) -> Pin {
        self.pin
    }

    /// What only the holder of the text knows.
    pub fn secret(&self) -> &Secret {
        &self.secret
    }

    /// The canonical text, secret included.
    pub fn to_text(&self) -> KeyText {
        let host = self.host.as_str();
        // Long enough from the start: a text that grew would leave copies of itself behind.
        let mut text = String::with_capacity(PREFIX.len() + host.len() + 1 + WORD);
        text.push_str(PREFIX);
        text.push_str(host);
        text.push(SEPARATOR);
        Word::new(host, self.id, &self.secret, self.pin).push_to(&mut text);
        KeyText::new(text)
    }

    /// What may be shown of the text: everything before the secret, and an ellipsis.
    pub fn public_text(&self) -> String {
        format!("{PREFIX}{}{SEPARATOR}{}…", self.host, self.id)
    }
}

impl fmt::Display for ProvisioningKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(&self.public_text())
    }
}

impl fmt::Debug for ProvisioningKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "ProvisioningKey({})", self.public_text())
    }
}

/// Reads the canonical text and no other.
pub(super) fn parse(text: &str) -> Result<ProvisioningKey, Problem> {
    let rest = text.strip_prefix(PREFIX).ok_or(Problem::WrongPrefix)?;
    let (host, core) = rest.split_once(SEPARATOR).ok_or(Problem::cut_before_core())?;
    Problem::of_length(core.len())?;
    let word = Word::from_text(core).ok_or(Problem::BadCharacter)?;
    if !word.is_valid() {
        return Err(Problem::Damaged);
    }
    let key = word.to_key(host).ok_or(Problem::HostMiscopied)?;
    // What was understood must be all that was written. Both are what the caller sent, so the time
    // that comparing takes tells nothing.
    if key.to_text().expose() == text { Ok(key) } else { Err(Problem::Damaged) }
}
