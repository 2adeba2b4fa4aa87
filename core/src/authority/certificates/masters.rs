//! The master keys of an authority: which it knows, rotation, removal.

use alloc::format;
use alloc::sync::Arc;
use alloc::vec::Vec;
use core::sync::atomic::{AtomicU64, Ordering};
use core::time::Duration;

use crate::authority::certificates::seal;
use crate::authority::{Authority, Inner, State};
use crate::key::{Keyring, MasterKey, Slot};
use crate::ledger::error::{Error, MasterError};
use crate::ledger::records::{
    self, Action, AuthorityRecord, CertificateRecord, CertificateRequestRecord, HoldsKey,
    MasterRecord,
};
use crate::limits::SCAN_RECORDS_MAX;
use crate::store::{Reason, RecordKey, ScanRange};
use crate::time::Timestamp;

/// How often an unknown slot in a request leads to a look at the store.
const LOOKUP_INTERVAL: Duration = Duration::from_secs(1);

/// How the authority's record names a master key.
pub(crate) fn describe(slot: Slot, master: &MasterKey) -> MasterRecord {
    MasterRecord { slot: slot.number(), id: master.id() }
}

/// Checks that a keyring has each master key that the authority knows.
pub(crate) fn check(masters: &[MasterRecord], keyring: &Keyring) -> Result<(), MasterError> {
    check_present(masters, keyring)?;
    if missing(masters, keyring).next().is_some() { Err(MasterError::Missing) } else { Ok(()) }
}

/// Checks that no master key of a keyring differs from the one that the authority knows.
pub(crate) fn check_present(
    masters: &[MasterRecord],
    keyring: &Keyring,
) -> Result<(), MasterError> {
    let differs = |known: &MasterRecord| {
        let given = Slot::new(known.slot).and_then(|slot| keyring.master(slot));
        given.is_some_and(|given| given.id() != known.id)
    };
    if masters.iter().any(differs) { Err(MasterError::Wrong) } else { Ok(()) }
}

/// The slots of the master keys that the authority knows and a keyring lacks.
fn missing(masters: &[MasterRecord], keyring: &Keyring) -> impl Iterator<Item = Slot> {
    let slots = masters.iter().filter_map(|known| Slot::new(known.slot));
    slots.filter(|slot| keyring.master(*slot).is_none())
}

/// When an unknown slot last led to a look at the store, in milliseconds since 1970.
#[derive(Default)]
pub(crate) struct Lookups(AtomicU64);

impl Lookups {
    /// Whether it is time for another look, which is taken then.
    fn take(&self, now: Timestamp) -> bool {
        let due = |last: u64| {
            let soon = Timestamp::from_unix_ms(last).plus(LOOKUP_INTERVAL);
            // A clock that was set back does not stop the looks.
            (now >= soon || now.unix_ms() < last).then_some(now.unix_ms())
        };
        self.0.fetch_update(Ordering::Relaxed, Ordering::Relaxed, due).is_ok()
    }
}

impl Authority {
    /// The slot of the master key that new keys are derived from.
    ///
    /// A host whose keyring has a later one was interrupted in a rotation:
    /// [`rotate_master`](Self::rotate_master) finishes it.
    ///
    /// # Errors
    /// `master_slot_empty` if the store names no slot of this version.
    pub fn master_slot(&self) -> Result<Slot, Error> {
        Ok(self.inner()?.state().current_master()?.0)
    }

    /// Makes the current master key of `keyring`, in a slot that the authority does not know
    /// yet, the one that new keys are derived from, and seals all CA keys anew under it. Keys
    /// made before stay good: `keyring` must have their master keys too.
    ///
    /// Other processes that have the authority open need the new keyring, too, best *before*:
    /// [`replace_keyring`](Self::replace_keyring). Until then they go on enrolling and renewing with the keys made
    /// before; whatever needs the new master key is `master_key_missing` there. Calling it again
    /// after an interruption finishes what is left.
    ///
    /// # Errors
    /// `master_key_wrong`, `master_key_missing`, `master_slot_taken`, and those of the store.
    pub fn rotate_master(&self, keyring: Keyring) -> Result<(), Error> {
        let keyring = Arc::new(keyring);
        self.inner()?.until_undisturbed(|| {
            self.inner()?.replace_state(State::read(&self.inner()?.store, Arc::clone(&keyring))?);
            self.make_current(&keyring)
        })?;
        // From here on the new master key is current, whatever fails.
        let state = State::read(&self.inner()?.store, keyring).map_err(Error::after_change)?;
        self.inner()?.replace_state(state);
        self.reseal_certificates().map_err(Error::after_change)
    }

    /// Replaces the keyring of an open authority, for example by the one with the master key that
    /// another process has rotated to. It must have every master key that the authority knows now.
    /// Calls that run go on with the old one. If it is refused, nothing has changed.
    ///
    /// # Errors
    /// `master_key_wrong`, `master_key_missing`, and those of the store.
    pub fn replace_keyring(&self, keyring: Keyring) -> Result<(), Error> {
        let keyring = Arc::new(keyring);
        self.inner()?.until_undisturbed(|| {
            let before = self.inner()?.state();
            let state = State::read(&self.inner()?.store, Arc::clone(&keyring))?;
            Ok(self.inner()?.replace_state_if(&before, state).then_some(()))
        })
    }

    /// The slots of the master keys that the authority has in its store and this process lacks:
    /// another process has rotated, and [`replace_keyring`](Self::replace_keyring) was not called
    /// yet.
    ///
    /// # Errors
    /// `master_key_wrong`, and those of the store.
    pub fn missing_masters(&self) -> Result<Vec<Slot>, Error> {
        self.inner()?.reload()?;
        let state = self.inner()?.state();
        Ok(missing(&state.record.masters, &state.keyring).collect())
    }

    /// Forgets the master key of a slot that nothing stands on any more: no provisioning key, CA key or live
    /// admin token. Admin tokens that have expired are revoked first.
    ///
    /// # Errors
    /// `master_key_in_use`, `master_slot_empty`, and those of the store.
    pub fn remove_master(&self, slot: Slot) -> Result<(), Error> {
        // Another process may have rotated: under a master key of before nothing is sealed anew.
        self.inner()?.reload()?;
        self.reseal_certificates()?;
        self.revoke_expired_tokens(slot)?;
        self.inner()?.until_undisturbed(|| {
            self.inner()?.reload()?;
            let state = self.inner()?.state();
            if state.record.current_master == slot.number() {
                return Err(MasterError::InUse.into());
            }
            let mut record = state.record.clone();
            record.masters.retain(|master| master.slot != slot.number());
            if record.masters.len() == state.record.masters.len() {
                return Err(MasterError::SlotEmpty.into());
            }
            let mut audit = self.audit(Action::MasterRemoved)?;
            audit.details = Some(format!("slot {slot}"));
            let mut change = self.inner()?.change(&audit)?;
            change.expect(records::authority(), state.version);
            change.expect_unused(records::master_users(slot));
            change.put(records::authority(), &record);
            change.delete(records::master_users(slot));
            match self.inner()?.apply(change)? {
                Ok(_) => self.inner()?.reload().map(Some).map_err(Error::after_change),
                Err(obstacle) if obstacle.reason == Reason::InUse => Err(MasterError::InUse.into()),
                Err(_) => Ok(None),
            }
        })
    }

    fn make_current(&self, keyring: &Keyring) -> Result<Option<()>, Error> {
        let state = self.inner()?.state();
        let slot = keyring.current_slot();
        if state.record.current_master == slot.number() {
            return Ok(Some(()));
        }
        if state.record.masters.iter().any(|master| master.slot == slot.number()) {
            return Err(MasterError::SlotTaken.into());
        }
        let mut audit = self.audit(Action::MasterRotated)?;
        audit.details = Some(format!("slot {slot}"));
        let mut change = self.inner()?.change(&audit)?;
        change.expect(records::authority(), state.version);
        change.put(records::authority(), &self.rotated_record(&state, keyring)?);
        change.set_limit(records::master_users(slot), None);
        Ok(self.inner()?.apply(change)?.is_ok().then_some(()))
    }

    /// The authority's record with the current master key of `keyring` as its own.
    fn rotated_record(&self, state: &State, keyring: &Keyring) -> Result<AuthorityRecord, Error> {
        let (slot, master) = (keyring.current_slot(), keyring.current());
        let mut record = state.record.clone();
        let place = seal::Place { authority: record.id, record: "authority" };
        let spki = state.root.spki();
        let private_key = seal::open_pkcs8(keyring, &place, &record.root_key, spki)?;
        record.root_key =
            seal::seal((slot, master), &place, &private_key, spki, &*self.inner()?.random)?;
        record.masters.push(describe(slot, master));
        record.current_master = slot.number();
        Ok(record)
    }

    /// Seals the keys of all enrollment certificates, and of those asked for, under the current
    /// master key.
    fn reseal_certificates(&self) -> Result<(), Error> {
        // A request that is answered meanwhile is found again as a certificate.
        self.reseal_all::<CertificateRequestRecord>("certificate-request/")?;
        self.reseal_all::<CertificateRecord>("certificate/")
    }

    fn reseal_all<T: HoldsKey>(&self, prefix: &str) -> Result<(), Error> {
        let prefix = prefix.as_bytes().to_vec();
        let mut range = ScanRange { prefix, after: None, reverse: false };
        loop {
            let found = self.inner()?.store.scan(&range, SCAN_RECORDS_MAX)?;
            for record in &found {
                self.inner()?.until_undisturbed(|| self.inner()?.reseal::<T>(&record.key))?;
            }
            match found.last() {
                Some(last) => range.after = Some(last.key.clone()),
                None => return Ok(()),
            }
        }
    }
}

impl Inner {
    /// Whether the authority has a master key in this slot that this process lacks. Another process
    /// may have rotated since the authority was opened: an unknown slot leads to a look at the store,
    /// but not for each request, for anyone can name one.
    pub(crate) fn lacks_master(&self, slot: Slot) -> Result<bool, Error> {
        let lacks = |state: &State| {
            missing(&state.record.masters, &state.keyring).any(|missing| missing == slot)
        };
        let state = self.state();
        if state.keyring.master(slot).is_some() || lacks(&state) {
            return Ok(lacks(&state));
        }
        if self.lookups.take(self.clock.now()) {
            self.reload()?;
        }
        Ok(lacks(&self.state()))
    }

    /// Seals the key of one record under the current master key.
    fn reseal<T: HoldsKey>(&self, key: &RecordKey) -> Result<Option<()>, Error> {
        let state = self.state();
        let master = state.current_master()?;
        let Some((version, mut record)) = self.read::<T>(key.clone())? else {
            return Ok(Some(()));
        };
        let (id, spki) = (record.id(), record.spki()?);
        let Some(sealed) = record.private_key() else { return Ok(Some(())) };
        let old_slot = sealed.slot()?;
        if old_slot == master.0 {
            return Ok(Some(()));
        }
        let place = seal::Place { authority: state.record.id, record: id.as_str() };
        let private_key = seal::open_pkcs8(&state.keyring, &place, sealed, &spki)?;
        *sealed = seal::seal(master, &place, &private_key, &spki, &*self.random)?;
        let now = self.clock.now();
        let mut audit = super::AuditRecord::new(now, Action::MasterRotated);
        audit.certificate = Some(id);
        let mut change = self.change(&audit)?;
        change.expect(key.clone(), version);
        change.put(key.clone(), &record);
        change.count(records::master_users(old_slot), -1, now);
        change.count(records::master_users(master.0), 1, now);
        Ok(self.apply(change)?.is_ok().then_some(()))
    }
}
