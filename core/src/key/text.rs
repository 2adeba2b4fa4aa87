//! A provisioning key and its canonical text.

use alloc::format;
use alloc::string::String;
use core::fmt;

use super::error::Problem;
use super::layout::{PREFIX, SEPARATOR, WORD};
use super::word::Word;
use super::{Host, KeyId, KeyText, KeyTextError, Pin, Secret};

/// A provisioning key, taken apart: host, id, secret and pin.
///
/// `Debug` and `Display` print only its public part, for example
/// `pvk1_api.private.example.com_q2w3e4r5t6y7…`. See the [module](crate::key) for its format.
///
/// ```
/// use provkey::key::ProvisioningKey;
///
/// // A connector reads what was pasted. White space, quotes and case do not matter.
/// let pasted = "KEY='PVK1_api.private.example.com_q2w3e4r5t6y77sccukxymwv377st3086hr4rex5g5h
///                    9epatvwqw2eyrrqe0ha5jrshchsu9rqxq8yxjx6jfwj'";
/// let key = ProvisioningKey::read(pasted.as_bytes())?;
/// assert_eq!(key.host().as_str(), "api.private.example.com");
/// assert_eq!(key.to_string(), "pvk1_api.private.example.com_q2w3e4r5t6y7…");
/// # Ok::<(), provkey::key::KeyTextError>(())
/// ```
pub struct ProvisioningKey {
    host: Host,
    id: KeyId,
    secret: Secret,
    pin: Pin,
}

impl ProvisioningKey {
    /// Composes a key of its parts.
    pub const fn from_parts(host: Host, id: KeyId, secret: Secret, pin: Pin) -> Self {
        Self { host, id, secret, pin }
    }

    /// The key of a host and a core, if the core's tag belongs to the host.
    pub(super) fn from_word(host: &str, word: &Word) -> Option<Self> {
        let host = Host::parse(host).ok().filter(|host| word.is_for(host.as_str()))?;
        Some(Self { host, id: word.id(), secret: word.secret(), pin: word.pin() })
    }

    /// Parses the canonical text and nothing else. This is how an authority reads a key text.
    ///
    /// # Errors
    /// [`KeyTextError`] with any of its codes, but without positions and without a repair: refusing
    /// a text costs no more than accepting one.
    pub fn parse_strict(text: &str) -> Result<Self, KeyTextError> {
        parse(text).map_err(KeyTextError::bare)
    }

    /// The host and port at which the authority is reached.
    pub fn host(&self) -> &Host {
        &self.host
    }

    /// The public id.
    pub fn id(&self) -> KeyId {
        self.id
    }

    /// The pin of the authority root to trust.
    pub fn pin(&self) -> Pin {
        self.pin
    }

    /// The secret, which only holders of the key text know.
    pub fn secret(&self) -> &Secret {
        &self.secret
    }

    /// The canonical text, including the secret.
    pub fn to_text(&self) -> KeyText {
        let host = self.host.as_str();
        // The capacity is exact: a string that grew would leave copies of the secret behind.
        let mut text = String::with_capacity(PREFIX.len() + host.len() + 1 + WORD);
        text.push_str(PREFIX);
        text.push_str(host);
        text.push(SEPARATOR);
        Word::new(host, self.id, &self.secret, self.pin).push_to(&mut text);
        KeyText::new(text)
    }

    /// The public part of the text: everything before the secret, and an ellipsis.
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

/// See [`ProvisioningKey::parse_strict`].
pub(super) fn parse(text: &str) -> Result<ProvisioningKey, Problem> {
    let rest = text.strip_prefix(PREFIX).ok_or(Problem::WrongPrefix)?;
    let (host, core) = rest.split_once(SEPARATOR).ok_or(Problem::cut_before_core())?;
    Problem::of_length(core.len())?;
    let word = Word::from_text(core).ok_or(Problem::BadCharacter)?;
    if !word.is_valid() {
        return Err(Problem::Damaged);
    }
    let key = ProvisioningKey::from_word(host, &word).ok_or(Problem::HostMiscopied)?;
    // Writing the key again must give the same text, so each key has one spelling. The caller
    // sent both sides of the comparison, so its time reveals nothing to the caller.
    if key.to_text().expose() == text { Ok(key) } else { Err(Problem::Damaged) }
}
