//! The master keys of an authority: rotation, replacement, removal.

use alloc::format;
use alloc::sync::Arc;
use alloc::vec::Vec;

use super::seal;
use crate::authority::Authority;
use crate::key::{Keyring, Slot};
use crate::ledger::error::{Error, MasterError};
use crate::ledger::records::{
    self, Action, AuthorityRecord, CertificateRecord, CertificateRequestRecord,
};
use crate::ledger::{Change, HoldsKey, Ledger, State, describe_master, missing_masters};
use crate::store::RecordKey;

/// # Master keys
impl Authority {
    /// The slot of the master key that new keys are derived from.
    ///
    /// If the keyring has a later slot, a rotation was interrupted:
    /// [`rotate_master`](Self::rotate_master) finishes it.
    ///
    /// # Errors
    /// `master_slot_empty` if the store names no slot of this version.
    pub fn master_slot(&self) -> Result<Slot, Error> {
        Ok(self.ledger()?.state().current_master()?.0)
    }

    /// Rotates to the current master key of `keyring`, in a slot that is new to the authority: new
    /// provisioning keys are derived from it, and all CA keys are sealed again under it. Existing
    /// provisioning keys stay valid, so `keyring` must have their master keys, too.
    ///
    /// Other processes that have the authority open need the new keyring, too, preferably *before*:
    /// see [`replace_keyring`](Self::replace_keyring). Without it they still enroll and renew with
    /// existing keys; calls that need the new master key fail with `master_key_missing`. After an
    /// interruption, call `rotate_master` again to finish.
    ///
    /// # Errors
    /// `master_key_wrong`, `master_key_missing`, `master_slot_taken`, and those of the store.
    pub fn rotate_master(&self, keyring: Keyring) -> Result<(), Error> {
        let (ledger, keyring) = (self.ledger()?, Arc::new(keyring));
        self.transact(Action::MasterRotated, |change| {
            ledger.reload_with(Arc::clone(&keyring))?;
            make_current(ledger, &keyring, change)
        })?;
        // From here on the new master key is current, even if a later step fails.
        ledger.reload_with(keyring).map_err(Error::outcome_unknown)?;
        self.reseal_certificates().map_err(Error::outcome_unknown)
    }

    /// Replaces the keyring of an open authority, for example after another process has rotated.
    /// The keyring must have every master key that the authority knows now. Calls in progress
    /// finish with the old keyring. If the new one is refused, nothing has changed.
    ///
    /// # Errors
    /// `master_key_wrong`, `master_key_missing`, and those of the store.
    pub fn replace_keyring(&self, keyring: Keyring) -> Result<(), Error> {
        self.ledger()?.replace_keyring(keyring)
    }

    /// The slots of the master keys that the authority knows and this process lacks, because
    /// another process has rotated: call [`replace_keyring`](Self::replace_keyring).
    ///
    /// # Errors
    /// `master_key_wrong`, and those of the store.
    pub fn missing_masters(&self) -> Result<Vec<Slot>, Error> {
        let ledger = self.ledger()?;
        ledger.reload()?;
        Ok(missing_masters(&ledger.state()).collect())
    }

    /// Removes the master key of a slot, on which no provisioning key, CA key or valid admin token
    /// may depend any more. First all CA keys are sealed under the current master key and expired
    /// admin tokens are revoked, which stays done if the call then fails.
    ///
    /// # Errors
    /// `master_key_in_use`, `master_slot_empty`, and those of the store.
    pub fn remove_master(&self, slot: Slot) -> Result<(), Error> {
        let ledger = self.ledger()?;
        // Another process may have rotated: nothing may be sealed under an old master key.
        ledger.reload()?;
        self.reseal_certificates()?;
        self.revoke_expired_tokens(slot)?;
        self.transact(Action::MasterRemoved, |change| {
            ledger.reload()?;
            let state = ledger.state();
            if state.record.current_master == slot.number() {
                return Err(MasterError::InUse.into());
            }
            let mut record = state.record.clone();
            record.masters.retain(|master| master.slot != slot.number());
            if record.masters.len() == state.record.masters.len() {
                return Err(MasterError::SlotEmpty.into());
            }
            change.audit.details = Some(format!("slot {slot}"));
            change.expect(records::authority(), state.version);
            change.expect_unused(records::master_users(slot)).or(MasterError::InUse);
            change.put(records::authority(), &record);
            change.delete(records::master_users(slot));
            Ok(())
        })?;
        ledger.reload().map_err(Error::outcome_unknown)
    }

    /// Seals the keys of all enrollment certificates and requests under the current master key.
    fn reseal_certificates(&self) -> Result<(), Error> {
        // Requests first: one whose answer is imported meanwhile is found among the certificates.
        self.reseal_all::<CertificateRequestRecord>(records::CERTIFICATE_REQUESTS)?;
        self.reseal_all::<CertificateRecord>(records::CERTIFICATES)
    }

    fn reseal_all<T: HoldsKey>(&self, prefix: &str) -> Result<(), Error> {
        let ledger = self.ledger()?;
        for page in ledger.pages(prefix) {
            for record in page? {
                // It follows from a rotation, which has its own record, so this one names no actor.
                ledger.transact(None, Action::MasterRotated, |change| {
                    reseal::<T>(ledger, &record.key, change)
                })?;
            }
        }
        Ok(())
    }
}

fn make_current(ledger: &Ledger, keyring: &Keyring, change: &mut Change) -> Result<(), Error> {
    let state = ledger.state();
    let slot = keyring.current_slot();
    if state.record.current_master == slot.number() {
        change.skip();
        return Ok(());
    }
    if state.record.masters.iter().any(|master| master.slot == slot.number()) {
        return Err(MasterError::SlotTaken.into());
    }
    change.audit.details = Some(format!("slot {slot}"));
    change.expect(records::authority(), state.version);
    change.put(records::authority(), &rotated_record(ledger, &state, keyring)?);
    change.set_limit(records::master_users(slot), None);
    Ok(())
}

/// The authority's record after the rotation.
fn rotated_record(
    ledger: &Ledger,
    state: &State,
    keyring: &Keyring,
) -> Result<AuthorityRecord, Error> {
    let (slot, master) = (keyring.current_slot(), keyring.current());
    let mut record = state.record.clone();
    let place = seal::Place { authority: record.id, record: seal::ROOT };
    let spki = state.root.spki();
    let private_key = seal::open_pkcs8(keyring, &place, &record.root_key, spki)?;
    record.root_key = seal::seal((slot, master), &place, &private_key, spki, ledger.random())?;
    record.masters.push(describe_master(slot, master));
    record.current_master = slot.number();
    Ok(record)
}

/// Seals the key of one record under the current master key.
fn reseal<T: HoldsKey>(ledger: &Ledger, key: &RecordKey, change: &mut Change) -> Result<(), Error> {
    let state = ledger.state();
    let master = state.current_master()?;
    let found = ledger.read::<T>(key.clone())?;
    let Some((version, mut record)) = found else {
        change.skip();
        return Ok(());
    };
    let (id, spki) = (record.id(), record.spki()?);
    let stale = record.private_key().filter(|sealed| sealed.slot != master.0.number());
    let Some(sealed) = stale else {
        change.skip();
        return Ok(());
    };
    let old_slot = sealed.slot()?;
    let place = seal::Place { authority: state.record.id, record: id.as_str() };
    let private_key = seal::open_pkcs8(&state.keyring, &place, sealed, &spki)?;
    *sealed = seal::seal(master, &place, &private_key, &spki, ledger.random())?;
    change.audit.certificate = Some(id);
    change.expect(key.clone(), version);
    change.put(key.clone(), &record);
    change.count(records::master_users(old_slot), -1);
    change.count(records::master_users(master.0), 1);
    Ok(())
}
