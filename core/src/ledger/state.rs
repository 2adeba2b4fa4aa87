//! The authority's own record as this process last read it, and the master keys.

use alloc::string::ToString;
use alloc::sync::Arc;

use serde::de::DeserializeOwned;

use super::error::{Error, InputError, MasterError};
use super::records::{self, AuthorityRecord, MasterRecord};
use crate::key::{Keyring, MasterKey, Pin, Slot};
use crate::store::{Guard, RecordKey};
use crate::x509::Certificate;

/// What every call needs of the authority's own record, and the master keys.
pub(crate) struct State {
    pub(crate) record: AuthorityRecord,
    pub(crate) version: u64,
    pub(crate) pin: Pin,
    pub(crate) root: Certificate,
    pub(crate) keyring: Arc<Keyring>,
}

impl State {
    /// Reads it for a keyring that must have every master key.
    pub(super) fn read(store: &Guard, keyring: Arc<Keyring>) -> Result<Self, Error> {
        let state = Self::read_any(store, keyring)?;
        if missing_masters(&state).next().is_some() {
            return Err(MasterError::Missing.into());
        }
        Ok(state)
    }

    /// Reads it for a keyring that may lack master keys.
    pub(super) fn read_any(store: &Guard, keyring: Arc<Keyring>) -> Result<Self, Error> {
        let (version, record) = read::<AuthorityRecord>(store, records::authority())?
            .ok_or(InputError::AuthorityMissing)?;
        if record.masters.iter().any(|master| differs(master, &keyring)) {
            return Err(MasterError::Wrong.into());
        }
        let root = Certificate::parse(&record.root_certificate.0).map_err(|error| {
            Error::RecordDamaged { key: "authority".into(), what: error.to_string() }
        })?;
        let pin = Pin::of_spki(root.spki());
        Ok(Self { record, version, pin, root, keyring })
    }

    /// The master key that keys are derived from now, and its slot.
    pub(crate) fn current_master(&self) -> Result<(Slot, &MasterKey), MasterError> {
        let slot = Slot::new(self.record.current_master).ok_or(MasterError::SlotEmpty)?;
        Ok((slot, self.keyring.master(slot).ok_or(MasterError::Missing)?))
    }
}

/// How the authority's record names a master key.
pub(crate) fn describe_master(slot: Slot, master: &MasterKey) -> MasterRecord {
    MasterRecord { slot: slot.number(), id: master.id() }
}

/// The slots of the master keys that the authority knows and the keyring lacks.
pub(crate) fn missing_masters(state: &State) -> impl Iterator<Item = Slot> {
    let slots = state.record.masters.iter().filter_map(|known| Slot::new(known.slot));
    slots.filter(|slot| state.keyring.master(*slot).is_none())
}

/// Whether a keyring has another master key in the slot of one that the authority knows.
fn differs(known: &MasterRecord, keyring: &Keyring) -> bool {
    let master = Slot::new(known.slot).and_then(|slot| keyring.master(slot));
    master.is_some_and(|master| master.id() != known.id)
}

/// Reads the body of a record, with its version.
pub(super) fn read<T: DeserializeOwned>(
    store: &Guard,
    key: RecordKey,
) -> Result<Option<(u64, T)>, Error> {
    let record = store.get(&[key])?.into_iter().next().flatten();
    record.map(|record| Ok((record.version, records::decode(&record)?))).transpose()
}
