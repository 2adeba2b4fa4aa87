//! Several master keys: the current one, and those from which older keys were derived.

use alloc::string::String;
use alloc::vec::Vec;
use core::fmt;

use zeroize::Zeroizing;

use super::{Host, KeyId, MasterKey, Proof, ProvisioningKey, Secret, Slot};
use crate::error_family::error_family;

/// The line of a keyring file for a slot whose master key was removed.
const REMOVED: &str = "-";

/// One master key per slot. New provisioning keys are derived from the current one.
///
/// The id of a provisioning key names its slot. Neither the answer nor its time reveals whether the
/// slot, the key or the secret was wrong: for an empty slot the same work is done with a random
/// dummy key.
///
/// ```
/// use provkey::key::{Keyring, MasterKey};
///
/// // Rotation: older keys stay valid, new ones are derived from the new master key.
/// let keyring = Keyring::new(MasterKey::from_bytes([1; 32]));
/// let next = keyring.next_slot().ok_or("all 32 slots are in use")?;
/// let keyring = keyring.with(next, MasterKey::from_bytes([2; 32])).with_current(next)?;
/// assert_eq!(keyring.masters().count(), 2);
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
pub struct Keyring {
    masters: Vec<Option<MasterKey>>,
    current: Slot,
    dummy: MasterKey,
}

error_family! {
    /// Why a keyring was rejected.
    #[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
    #[non_exhaustive]
    pub enum KeyringError {
        /// A line is neither a master key nor `-`.
        #[error("line {line} of the keyring must be 64 hexadecimal digits, or `-` for an empty slot")]
        Malformed {
            /// The line, counted from 1.
            line: usize,
        } => "keyring_malformed",
        /// It has no master key.
        #[error("the keyring has no master key")]
        Empty => "keyring_empty",
        /// There are more lines than slots.
        #[error("the keyring has more than 32 lines, one for each slot")]
        Full => "keyring_full",
        /// The slot has no master key, so it cannot be current.
        #[error("slot {slot} of the keyring has no master key")]
        SlotEmpty {
            /// The slot.
            slot: Slot,
        } => "keyring_slot_empty",
        /// The current master key cannot be removed.
        #[error("slot {slot} of the keyring is current: make another slot current first")]
        SlotCurrent {
            /// The slot.
            slot: Slot,
        } => "keyring_slot_current",
    }
}

impl Keyring {
    /// A keyring with one master key, in slot 0.
    pub fn new(master: MasterKey) -> Self {
        let dummy = master.derive_dummy();
        Self { masters: Vec::new(), current: Slot::default(), dummy }.with(Slot::default(), master)
    }

    /// Parses a keyring file. Line n, counted from 0, is the master key of slot n as in a master
    /// key file, or `-` if it was removed. The last master key is current. A master key file is a
    /// keyring file of one line.
    ///
    /// # Errors
    /// `keyring_malformed`, `keyring_full` or `keyring_empty`.
    pub fn parse(text: &str) -> Result<Self, KeyringError> {
        let mut masters = Vec::with_capacity(Slot::COUNT);
        for (line, text) in (1..).zip(text.lines()) {
            if line > Slot::COUNT {
                return Err(KeyringError::Full);
            }
            let master = match text {
                REMOVED => None,
                _ => Some(MasterKey::parse(text).map_err(|_| KeyringError::Malformed { line })?),
            };
            masters.push(master);
        }
        let present = Slot::all().zip(&masters).filter_map(|(slot, m)| Some((slot, m.as_ref()?)));
        let (current, master) = present.last().ok_or(KeyringError::Empty)?;
        let dummy = master.derive_dummy();
        Ok(Self { masters, current, dummy })
    }

    /// Puts a master key into a slot. Keys derived from another master key in that slot become
    /// invalid.
    #[must_use]
    pub fn with(mut self, slot: Slot, master: MasterKey) -> Self {
        let index = usize::from(slot.number());
        if self.masters.len() <= index {
            self.masters.resize_with(index + 1, || None);
        }
        self.masters[index] = Some(master);
        self
    }

    /// Makes another slot current.
    ///
    /// # Errors
    /// `keyring_slot_empty` if it holds no master key.
    pub fn with_current(mut self, slot: Slot) -> Result<Self, KeyringError> {
        self.master(slot).ok_or(KeyringError::SlotEmpty { slot })?;
        self.current = slot;
        Ok(self)
    }

    /// Removes the master key of a slot, if there is one. Keys derived from it become invalid.
    ///
    /// # Errors
    /// `keyring_slot_current` if it is the current one.
    pub fn without(mut self, slot: Slot) -> Result<Self, KeyringError> {
        if slot == self.current {
            return Err(KeyringError::SlotCurrent { slot });
        }
        if let Some(master) = self.masters.get_mut(usize::from(slot.number())) {
            *master = None;
        }
        Ok(self)
    }

    /// The content of a keyring file, as [`parse`](Self::parse) reads it. It does not say
    /// which slot is current.
    pub fn to_file_text(&self) -> Zeroizing<String> {
        let mut text = Zeroizing::new(String::with_capacity(65 * self.masters.len()));
        for master in &self.masters {
            match master {
                Some(master) => master.push_hex_to(&mut text),
                None => text.extend([REMOVED, "\n"]),
            }
        }
        text
    }

    /// The current master key.
    pub fn current(&self) -> &MasterKey {
        self.master(self.current).expect("the current slot always holds a master key")
    }

    /// The slot of the current master key.
    pub fn current_slot(&self) -> Slot {
        self.current
    }

    /// The master key in a slot, if there is one.
    pub fn master(&self, slot: Slot) -> Option<&MasterKey> {
        self.masters.get(usize::from(slot.number()))?.as_ref()
    }

    /// All master keys in the order of their slots.
    pub fn masters(&self) -> impl Iterator<Item = (Slot, &MasterKey)> {
        Slot::all().filter_map(|slot| Some((slot, self.master(slot)?)))
    }

    /// The slot for the next master key: behind all that are, or were, in use. `None` if the
    /// keyring is full.
    pub fn next_slot(&self) -> Option<Slot> {
        Slot::all().nth(self.masters.len())
    }

    /// The secret of a provisioning key, to write its text; `None` if its slot has no master key.
    /// To check a secret, use [`verify_key`](Self::verify_key) or
    /// [`verify_proof`](Self::verify_proof).
    pub fn derive_secret(&self, host: &Host, id: KeyId) -> Option<Secret> {
        self.master(id.slot()).map(|master| master.derive_secret(host, id))
    }

    /// Whether the key's secret was derived here for its host and id. This costs one HMAC, even for
    /// an empty slot.
    #[must_use]
    pub fn verify_key(&self, key: &ProvisioningKey) -> bool {
        let (secret, known) = self.derive_or_pretend(key.host(), key.id());
        (secret == *key.secret()) & known
    }

    /// Whether the proof was made for this SubjectPublicKeyInfo, with the secret that is derived
    /// here for its host and id. This costs three HMACs, even for an empty slot.
    #[must_use]
    pub fn verify_proof(&self, proof: &Proof, spki: &[u8]) -> bool {
        let (secret, known) = self.derive_or_pretend(proof.host(), proof.id());
        proof.verify(&secret, spki) & known
    }

    fn derive_or_pretend(&self, host: &Host, id: KeyId) -> (Secret, bool) {
        let master = self.master(id.slot());
        (master.unwrap_or(&self.dummy).derive_secret(host, id), master.is_some())
    }
}

impl fmt::Debug for Keyring {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_map().entries(self.masters()).finish()
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::key::{MasterId, Pin};
    use std::format;
    use std::string::ToString;

    fn master(byte: u8) -> MasterKey {
        MasterKey::from_bytes([byte; 32])
    }

    fn slot(number: u8) -> Slot {
        Slot::new(number).unwrap()
    }

    fn ids(keyring: &Keyring) -> Vec<(u8, MasterId)> {
        keyring.masters().map(|(slot, master)| (slot.number(), master.id())).collect()
    }

    fn key(master: &MasterKey, id: &str) -> ProvisioningKey {
        let (host, id) = (Host::parse("localhost").unwrap(), KeyId::parse(id).unwrap());
        let secret = master.derive_secret(&host, id);
        ProvisioningKey::from_parts(host, id, secret, Pin::of_spki(b""))
    }

    #[test]
    fn rotation_keeps_older_keys_valid() {
        let keyring = Keyring::new(master(1));
        assert_eq!((keyring.current_slot(), keyring.next_slot()), (slot(0), Some(slot(1))));
        let keyring = keyring.with(slot(1), master(2)).with_current(slot(1)).unwrap();
        assert_eq!(keyring.current().id(), master(2).id());
        let old = key(&master(1), "q23456789023");
        let new = key(&master(2), "p23456789023");
        assert!(keyring.verify_key(&old) && keyring.verify_key(&new));
        assert!(keyring.derive_secret(old.host(), old.id()).as_ref() == Some(old.secret()));

        let keyring = keyring.without(slot(0)).unwrap();
        assert!(!keyring.verify_key(&old) && keyring.verify_key(&new));
        assert!(keyring.derive_secret(old.host(), old.id()).is_none());
        assert_eq!(keyring.next_slot(), Some(slot(2)));
        let said = |result: Result<Keyring, KeyringError>| result.unwrap_err().code();
        assert_eq!(said(keyring.without(slot(1))), "keyring_slot_current");
        assert_eq!(said(Keyring::new(master(1)).with_current(slot(7))), "keyring_slot_empty");
    }

    #[test]
    fn a_key_of_another_master_or_slot_is_not_verified() {
        let keyring = Keyring::new(master(1));
        let check = |key: &ProvisioningKey, verified| {
            assert_eq!(keyring.verify_key(key), verified);
            let proof = Proof::make(key, b"spki", None);
            assert_eq!(keyring.verify_proof(&proof, b"spki"), verified);
            assert!(!keyring.verify_proof(&proof, b"other"));
        };
        check(&key(&master(1), "q23456789023"), true);
        check(&key(&master(2), "q23456789023"), false);
        check(&key(&master(1), "p23456789023"), false);
        // Not even who knew the dummy could make a key of a slot without a master.
        check(&key(&keyring.dummy, "p23456789023"), false);
    }

    #[test]
    fn a_file_holds_one_slot_a_line() {
        let keyring = Keyring::new(master(1)).with(slot(2), master(3)).with(slot(3), master(4));
        let keyring = keyring.without(slot(3)).unwrap();
        let text = keyring.to_file_text();
        assert_eq!(*text, format!("{}-\n{}-\n", *master(1).to_hex(), *master(3).to_hex()));
        let read = Keyring::parse(&text).unwrap();
        assert_eq!(ids(&read), ids(&keyring));
        assert_eq!((read.current_slot(), read.next_slot()), (slot(2), Some(slot(4))));
        assert_eq!(ids(&Keyring::parse(&master(1).to_hex()).unwrap()).len(), 1);
    }

    #[test]
    fn a_damaged_file_is_refused() {
        let check = |text: &str, error| assert_eq!(Keyring::parse(text).err(), Some(error));
        let line = master(1).to_hex();
        check("", KeyringError::Empty);
        check("-\n-\n", KeyringError::Empty);
        check(&line[1..], KeyringError::Malformed { line: 1 });
        check(&format!("{}x\n", *line), KeyringError::Malformed { line: 2 });
        check(&format!("{}\n", *line), KeyringError::Malformed { line: 2 });
        check(&line.repeat(33), KeyringError::Full);
        assert!(Keyring::parse(&line.repeat(32)).unwrap().next_slot().is_none());
    }

    #[test]
    fn prints_ids_only() {
        let keyring = Keyring::new(master(0xab));
        let printed = format!("{keyring:?} {:?}", keyring.current());
        assert!(printed.contains(&master(0xab).id().to_string()));
        assert!(!printed.contains("abab") && !printed.contains("171"));
    }
}
