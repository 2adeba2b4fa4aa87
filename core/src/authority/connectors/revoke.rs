//! Revocation of one connector, or of all connectors that a provisioning key enrolled.

use alloc::format;
use alloc::vec::Vec;

use super::connector_ids;
use crate::authority::Authority;
use crate::key::KeyId;
use crate::ledger::error::{Error, InputError, Refusal};
use crate::ledger::listing::{Cursor, Examined, Page, PageRequest};
use crate::ledger::model::ConnectorId;
use crate::ledger::records::{self, Action, EnrollmentRecord, KeyRecord, RevokedRecord};
use crate::ledger::{Change, Ledger, Stored};
use crate::limits::COMPROMISE_CONNECTORS_MAX;
use crate::store::{Outcome, Record};
use crate::time::Timestamp;
use crate::x509::RevocationReason;

/// How to act on a compromised key.
///
/// ```
/// use provkey::authority::Compromise;
/// use provkey::testing::TestAuthority;
///
/// let test = TestAuthority::new();
/// let key = test.key("first floor", 5);
/// test.authority.enroll(&test.request(&key))?;
///
/// let compromise = Compromise::default().dry_run(true);
/// assert_eq!(test.authority.compromise_key(key.id, &compromise)?.revoked, 1);
/// test.authority.compromise_key(key.id, &Compromise::default())?;
/// let error = test.authority.enroll(&test.request(&key)).unwrap_err();
/// assert_eq!(error.code(), "key_compromised");
/// # Ok::<(), provkey::authority::Error>(())
/// ```
#[derive(Clone, Copy, Debug, Default)]
#[non_exhaustive]
pub struct Compromise {
    /// Only connectors that enrolled from this moment on. `None`: all.
    pub since: Option<Timestamp>,
    /// Only count them: nothing is changed.
    pub dry_run: bool,
}

crate::setters::setters!(Compromise {
    since: Option<Timestamp>,
    dry_run: bool,
});

/// What was done about a compromised key.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
#[non_exhaustive]
pub struct Compromised {
    /// How many connectors it enrolled, including those that were already revoked.
    pub connectors: u64,
    /// How many of them this call revoked, or would revoke if it were no dry run.
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

/// # Revoking
impl Authority {
    /// Revokes a connector permanently: its certificates are on the next CRL, and its public key
    /// never enrolls again. Revoking it again changes nothing, not even the reason.
    ///
    /// # Errors
    /// `connector_not_found`, and those of the store.
    pub fn revoke_connector(&self, id: ConnectorId, reason: RevocationReason) -> Result<(), Error> {
        let ledger = self.ledger()?;
        self.transact(Action::ConnectorRevoked, |change| {
            let [found] = ledger.get_array([records::enrollment(id)])?;
            let found = found.as_ref().map(Found::read).transpose()?.flatten();
            let found = found.ok_or_else(|| InputError::ConnectorNotFound.about(id))?;
            if found.record.revoked_at.is_some() {
                change.skip();
                return Ok(());
            }
            revoke(found, reason, change);
            Ok(())
        })
    }

    /// Marks a key as compromised, which is final, then revokes the connectors that it enrolled,
    /// with the reason `keyCompromise`. The key can be a deleted one. After the first step no
    /// connector enrolls with the key, not even as a replay, so none is missed. If the call fails
    /// halfway, call it again.
    ///
    /// [`Authority::list_connectors`] lists those that a dry run counts.
    ///
    /// # Errors
    /// `key_not_found`, and those of the store.
    pub fn compromise_key(&self, id: KeyId, compromise: &Compromise) -> Result<Compromised, Error> {
        let ledger = self.ledger()?;
        match compromise.dry_run {
            true => drop(key_unless_deleted(ledger, id)?),
            false => self.mark_compromised(id)?,
        }
        let mut done = Compromised::default();
        let mut after = None;
        loop {
            let page = enrolled_by(ledger, id, compromise.since, after)?;
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
            ledger.append_audit(&audit)?;
        }
        Ok(done)
    }

    /// Marks a key as compromised, unless it is marked already. A connector that is enrolling at
    /// this moment is refused, because its unit expects the key's old version.
    fn mark_compromised(&self, id: KeyId) -> Result<(), Error> {
        let ledger = self.ledger()?;
        self.transact(Action::KeyCompromised, |change| {
            let stored = key_unless_deleted(ledger, id)?;
            let unmarked = stored.filter(|stored| stored.record.compromised_at.is_none());
            let Some(Stored { version, mut record, .. }) = unmarked else {
                change.skip();
                return Ok(());
            };
            record.compromised_at = Some(change.at());
            record.enabled = false;
            change.audit.key = Some(id);
            change.audit.details = Some("the key never enrolls again".into());
            change.expect(records::key(id), version);
            change.put(records::key(id), &record);
            Ok(())
        })
    }

    /// Revokes connectors in one batch, then one by one those whose records changed meanwhile.
    fn revoke_together(&self, found: Vec<Found>) -> Result<u64, Error> {
        let (ledger, reason) = (self.ledger()?, RevocationReason::KeyCompromise);
        let ids: Vec<_> = found.iter().map(|one| one.record.connector).collect();
        let mut units = Vec::with_capacity(found.len());
        for one in found {
            let mut change = Change::new(self.audit(Action::ConnectorRevoked)?);
            revoke(one, reason, &mut change);
            units.push(change.into_unit(ledger.random())?);
        }
        for (id, outcome) in ids.iter().zip(ledger.apply_together(units)?) {
            if let Outcome::Refused(_) = outcome {
                self.revoke_connector(*id, reason)?;
            }
        }
        Ok(ids.len() as u64)
    }
}

/// Revokes a connector: in its enrollment, which is decisive, and in one record for each of its
/// certificates that has not expired. CRLs are made from these records.
fn revoke(found: Found, reason: RevocationReason, change: &mut Change) {
    let Found { version, mut record } = found;
    let now = change.at();
    record.revoked_at = Some(now);
    record.revocation_reason = reason;
    change.audit.connector = Some(record.connector);
    change.audit.key = Some(record.key);
    change.audit.details = Some(format!("reason {reason}"));
    let key = records::enrollment(record.connector);
    change.expect(key.clone(), version);
    change.put(key, &record);
    for (certificate, serial, not_after) in record.issued() {
        if not_after >= now {
            let revoked = RevokedRecord { revoked_at: now, reason, not_after };
            change.put(records::revoked(certificate.as_str(), serial), &revoked);
            let last_revocation = records::last_revocation(certificate.as_str());
            change.put_once(last_revocation, record.connector.as_str());
        }
    }
}

fn key_unless_deleted(ledger: &Ledger, id: KeyId) -> Result<Option<Stored<KeyRecord>>, Error> {
    match ledger.entity(id) {
        Err(Error::Refused(Refusal::KeyDeleted)) => Ok(None),
        stored => stored.map(Some),
    }
}

/// The connectors that a key enrolled, a page at a time, in the order of enrollment.
fn enrolled_by(
    ledger: &Ledger,
    key: KeyId,
    since: Option<Timestamp>,
    after: Option<Cursor>,
) -> Result<Page<Found>, Error> {
    let page = PageRequest { limit: COMPROMISE_CONNECTORS_MAX, after };
    let prefix = records::enrollments_of_key(key);
    let mut listing = ledger.listing(prefix.clone(), false, &page)?;
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
        ledger.get(&keys)?.iter().map(found).collect()
    })
}
