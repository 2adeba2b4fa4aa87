//! Revocation: of one connector, or of all that a provisioning key enrolled.

use alloc::format;
use alloc::vec::Vec;

use crate::authority::connectors::connector_ids;
use crate::authority::keys::StoredKey;
use crate::authority::{Authority, Inner};
use crate::key::KeyId;
use crate::ledger::change::Change;
use crate::ledger::error::{Error, InputError, Refusal};
use crate::ledger::listing::{Cursor, Examined, Page, PageRequest};
use crate::ledger::model::ConnectorId;
use crate::ledger::records::{self, Action, EnrollmentRecord, RevokedRecord};
use crate::limits::COMPROMISE_CONNECTORS_MAX;
use crate::store::{Outcome, Record};
use crate::time::Timestamp;
use crate::x509::RevocationReason;

/// What to do about a key that others know.
#[derive(Clone, Copy, Debug, Default)]
pub struct Compromise {
    /// Only connectors that enrolled from this moment on. `None`: all.
    pub since: Option<Timestamp>,
    /// Only count them: nothing is changed.
    pub dry_run: bool,
}

/// What was done about a key that others know.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
#[non_exhaustive]
pub struct Compromised {
    /// How many connectors it enrolled, those that had been revoked before included.
    pub connectors: u64,
    /// How many of them are revoked now, or would be, that were not before.
    pub revoked: u64,
}

/// An enrollment as it was read, with its version.
struct Found {
    version: u64,
    record: EnrollmentRecord,
}

impl Found {
    fn read(record: &Record) -> Result<Option<Self>, Error> {
        let enrolled = records::enrolled(record)?;
        Ok(enrolled.map(|enrolled| Self { version: record.version, record: enrolled }))
    }
}

impl Authority {
    /// Revokes a connector, for ever: its certificates are on the next CRL, and its public key
    /// never enrolls again. Revoking it once more changes nothing, the reason included.
    ///
    /// # Errors
    /// `connector_not_found`, and those of the store.
    pub fn revoke_connector(&self, id: ConnectorId, reason: RevocationReason) -> Result<(), Error> {
        self.inner()?.until_undisturbed(|| {
            let found = self.inner()?.store.get(&[records::enrollment(id)])?;
            let found = found.iter().flatten().next().map(Found::read).transpose()?;
            let found = found.flatten().ok_or(InputError::ConnectorNotFound)?;
            let Some(change) = self.revocation(found, reason)? else {
                return Ok(Some(()));
            };
            Ok(self.inner()?.apply(change)?.is_ok().then_some(()))
        })
    }

    /// Records that a key is compromised, which is final, then revokes what it enrolled with the reason
    /// `keyCompromise`; of a deleted key too. From the first step on nobody enrolls with the key, not even as a
    /// replay, so no connector is missed. If it fails halfway, call it again.
    ///
    /// [`Authority::list_connectors`] lists those that a dry run counts.
    ///
    /// # Errors
    /// `key_not_found`, and those of the store.
    pub fn compromise_key(&self, id: KeyId, compromise: &Compromise) -> Result<Compromised, Error> {
        match compromise.dry_run {
            true => drop(self.key_unless_deleted(id)?),
            false => self.inner()?.until_undisturbed(|| self.mark_compromised(id))?,
        }
        let mut done = Compromised::default();
        let mut after = None;
        loop {
            let page = self.inner()?.enrolled_by(id, compromise.since, after)?;
            done.connectors += page.items.len() as u64;
            let unrevoked = page.items.into_iter().filter(|one| one.record.revoked_at.is_none());
            done.revoked += match compromise.dry_run {
                true => unrevoked.count() as u64,
                false => self.revoke_together(unrevoked.collect())?,
            };
            after = page.next;
            if after.is_none() {
                break;
            }
        }
        if !compromise.dry_run {
            let mut audit = self.audit(Action::KeyCompromised)?;
            audit.key = Some(id);
            let Compromised { connectors, revoked } = done;
            let since = compromise.since.map(|since| format!(" since {since}"));
            let since = since.unwrap_or_default();
            audit.details =
                Some(format!("{connectors} connectors enrolled{since}, {revoked} of them revoked"));
            self.inner()?.note(&audit)?;
        }
        Ok(done)
    }

    /// Records that a key is compromised, unless that is on record. A connector that is being enrolled
    /// right now is refused, for its unit expects the key as it was.
    fn mark_compromised(&self, id: KeyId) -> Result<Option<()>, Error> {
        let Some(StoredKey { version, mut record, .. }) = self.key_unless_deleted(id)? else {
            return Ok(Some(()));
        };
        if record.compromised_at.is_some() {
            return Ok(Some(()));
        }
        let mut audit = self.audit(Action::KeyCompromised)?;
        audit.key = Some(id);
        audit.details = Some("it enrolls nobody any more, for good".into());
        record.compromised_at = Some(audit.at);
        record.enabled = false;
        let mut change = self.inner()?.change(&audit)?;
        change.expect(records::key(id), version);
        change.put(records::key(id), &record);
        Ok(self.inner()?.apply(change)?.is_ok().then_some(()))
    }

    fn key_unless_deleted(&self, id: KeyId) -> Result<Option<StoredKey>, Error> {
        match self.inner()?.stored_key(id) {
            Err(Error::Refused(Refusal::KeyDeleted)) => Ok(None),
            stored => stored.map(Some),
        }
    }

    /// Revokes connectors in one batch, and one by one those that others were changing.
    fn revoke_together(&self, found: Vec<Found>) -> Result<u64, Error> {
        let reason = RevocationReason::KeyCompromise;
        let ids: Vec<_> = found.iter().map(|one| one.record.connector).collect();
        let changes = found.into_iter().filter_map(|one| self.revocation(one, reason).transpose());
        let units = changes.map(|change| Ok(change?.into_unit()));
        let outcomes = self.inner()?.commit.apply_together(units.collect::<Result<_, Error>>()?)?;
        for (id, outcome) in ids.iter().zip(outcomes) {
            if let Outcome::Refused(_) = outcome {
                self.revoke_connector(*id, reason)?;
            }
        }
        Ok(ids.len() as u64)
    }

    /// The change that revokes a connector, unless it is revoked: in its enrollment, which decides;
    /// and one record for each of its certificates that has not expired, for CRLs are made of
    /// these.
    fn revocation(&self, found: Found, reason: RevocationReason) -> Result<Option<Change>, Error> {
        let Found { version, mut record } = found;
        if record.revoked_at.is_some() {
            return Ok(None);
        }
        let mut audit = self.audit(Action::ConnectorRevoked)?;
        audit.connector = Some(record.connector);
        audit.key = Some(record.key);
        audit.details = Some(format!("reason {reason}"));
        record.revoked_at = Some(audit.at);
        record.revocation_reason = reason;
        let mut change = self.inner()?.change(&audit)?;
        let key = records::enrollment(record.connector);
        change.expect(key.clone(), version);
        change.put(key, &record);
        let unexpired = record.issued().filter(|(_, _, not_after)| *not_after >= audit.at);
        for (certificate, serial, not_after) in unexpired {
            let revoked = RevokedRecord { revoked_at: audit.at, reason, not_after };
            let issuer = certificate.as_str();
            change.put(records::revoked(issuer, serial), &revoked);
            change.put_once(records::last_revocation(issuer), record.connector.as_str());
        }
        Ok(Some(change))
    }
}

impl Inner {
    /// The connectors that a key enrolled, a page at a time, in the order of enrollment.
    fn enrolled_by(
        &self,
        key: KeyId,
        since: Option<Timestamp>,
        after: Option<Cursor>,
    ) -> Result<Page<Found>, Error> {
        let page = PageRequest { limit: COMPROMISE_CONNECTORS_MAX, after };
        let prefix = records::enrollments_of_key(key);
        let mut listing = self.listing(prefix.clone(), false, &page)?;
        if let (Some(since), None) = (since, &page.after) {
            listing.begin_after(records::enrolled_since(&prefix, since));
        }
        listing.run(|index| {
            let ids = connector_ids(index)?;
            let keys: Vec<_> = ids.into_iter().map(records::enrollment).collect();
            let found = |one: &Option<Record>| {
                let found = one.as_ref().map(Found::read).transpose()?;
                Ok(Examined::or_skip(found.flatten()))
            };
            self.store.get(&keys)?.iter().map(found).collect()
        })
    }
}
