//! Pruning: old audit records, and enrollments that nothing needs any more.

use alloc::format;
use alloc::vec::Vec;

use super::rollback::remember_pruning;
use crate::authority::Authority;
use crate::ledger::Ledger;
use crate::ledger::error::Error;
use crate::ledger::listing::{Cursor, Examined, Page, PageRequest};
use crate::ledger::records::{self, Action, CrlRecord, EnrollmentRecord, Owner, RevokedRecord};
use crate::store::{Operation, Outcome, Record, Unit};
use crate::time::Timestamp;

/// What to prune. `None`: nothing of that kind.
///
/// ```
/// use core::time::Duration;
///
/// use provkey::authority::Retention;
/// use provkey::testing::TestAuthority;
/// use provkey::time::Clock;
///
/// let test = TestAuthority::new();
/// let year_ago = test.clock.now().minus(Duration::from_secs(365 * 86_400));
/// let retention = Retention::default().audit_before(year_ago).expired_before(year_ago);
/// assert_eq!(test.authority.prune(&retention)?.audit_records, 0);
/// # Ok::<(), provkey::authority::Error>(())
/// ```
#[derive(Clone, Copy, Debug, Default)]
#[non_exhaustive]
pub struct Retention {
    /// Audit records from before this moment.
    pub audit_before: Option<Timestamp>,
    /// Enrollments whose certificate expired before this moment, of keys that were deleted.
    ///
    /// Enrollments of a key that still exists stay, because its count counts them: without its
    /// enrollment, a connector that enrolls again would cost a second use. Enrollments of revoked
    /// connectors stay, too, so that these never enroll again; only the records that no CRL needs
    /// any more are pruned.
    pub expired_before: Option<Timestamp>,
}

crate::setters::setters!(Retention {
    audit_before: Option<Timestamp>,
    expired_before: Option<Timestamp>,
});

/// What was pruned.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
#[non_exhaustive]
pub struct Pruned {
    /// How many audit records.
    pub audit_records: u64,
    /// How many enrollments.
    pub enrollments: u64,
    /// How many revocations: certificates that have expired and been on a CRL since.
    pub revocations: u64,
}

/// # Retention
impl Authority {
    /// Deletes old records in many small units, so that other calls can proceed meanwhile. Nothing
    /// from after the present moment is deleted, whatever `retention` says. A record that another
    /// call changes at the same time stays until the next prune.
    ///
    /// # Errors
    /// Those of the store. Records that were deleted before the error stay deleted.
    pub fn prune(&self, retention: &Retention) -> Result<Pruned, Error> {
        let ledger = self.ledger()?;
        let now = ledger.now();
        let mut pruned = Pruned::default();
        if let Some(before) = retention.expired_before {
            pruned.enrollments = prune_enrollments(ledger, before.min(now))?;
            prune_renewed_keys(ledger)?;
            pruned.revocations = prune_revocations(ledger, before.min(now))?;
        }
        if let Some(before) = retention.audit_before {
            pruned.audit_records = prune_audit(ledger, before.min(now))?;
        }
        let mut audit = self.audit(Action::Pruned)?;
        let Pruned { audit_records, enrollments, revocations } = pruned;
        audit.details = Some(format!(
            "{audit_records} audit records, {enrollments} enrollments, {revocations} revocations"
        ));
        ledger.append_audit(&audit)?;
        Ok(pruned)
    }
}

fn prune_audit(ledger: &Ledger, before: Timestamp) -> Result<u64, Error> {
    let end = records::audit(before, [0; 8]);
    let mut pruned = 0;
    for page in ledger.pages(records::AUDIT) {
        let old: Vec<_> = page?.into_iter().filter(|record| record.key < end).collect();
        if old.is_empty() {
            break;
        }
        remember_pruning(ledger, before)?;
        pruned += delete_unchanged(ledger, &old, |record| alloc::vec![record.key.clone()])?;
    }
    Ok(pruned)
}

fn prune_enrollments(ledger: &Ledger, before: Timestamp) -> Result<u64, Error> {
    let mut pruned = 0;
    let mut after: Option<Cursor> = None;
    loop {
        let page = prunable_enrollments(ledger, before, after)?;
        pruned += delete_unchanged(ledger, &page.items, |record| {
            let mut keys = alloc::vec![record.key.clone()];
            if let Ok(enrollment) = records::decode::<EnrollmentRecord>(record) {
                keys.extend(records::enrollment_indexes(&enrollment));
                keys.extend(enrollment.issued().map(|(certificate, serial, _)| {
                    records::enrollment_by_serial(certificate, serial)
                }));
                keys.push(records::replays(enrollment.connector));
            }
            keys
        })?;
        after = page.next;
        if after.is_none() {
            return Ok(pruned);
        }
    }
}

fn prunable_enrollments(
    ledger: &Ledger,
    before: Timestamp,
    after: Option<Cursor>,
) -> Result<Page<Record>, Error> {
    let page = PageRequest { limit: 200, after };
    ledger.listing(records::ENROLLMENTS.into(), false, &page)?.run(|found| {
        let enrollments = found.iter().map(records::enrolled).collect::<Result<Vec<_>, _>>()?;
        let keys = enrollments.iter().flatten().map(|one| records::key(one.key));
        let mut keys = ledger.get(&keys.collect::<Vec<_>>())?.into_iter();
        let mut prunable = |one: &EnrollmentRecord| {
            let key = keys.next().flatten();
            one.not_after < before && one.revoked_at.is_none() && key.is_none()
        };
        let prunable = enrollments.iter().zip(found).map(|(one, record)| {
            let old = one.as_ref().is_some_and(&mut prunable);
            Examined::or_skip(old.then(|| record.clone()))
        });
        Ok(prunable.collect())
    })
}

/// Deletes the records of public keys that connectors without an enrollment had renewed with.
fn prune_renewed_keys(ledger: &Ledger) -> Result<(), Error> {
    let mut page = PageRequest { limit: 200, after: None };
    loop {
        let found = ledger.listing(records::ENROLLMENTS.into(), false, &page)?.run(|found| {
            let owners = found.iter().map(Owner::read).collect::<Result<Vec<_>, _>>()?;
            let renewed = |owner: &Owner| match owner {
                Owner::Renewed(connector) => Some(records::enrollment(*connector)),
                Owner::Enrolled(_) => None,
            };
            let keys: Vec<_> = owners.iter().filter_map(renewed).collect();
            let mut enrollments = ledger.get(&keys)?.into_iter();
            let orphans = owners.iter().zip(found).map(|(owner, record)| {
                let orphan = renewed(owner).is_some() && enrollments.next().flatten().is_none();
                Examined::or_skip(orphan.then(|| record.clone()))
            });
            Ok(orphans.collect())
        })?;
        delete_unchanged(ledger, &found.items, |record| alloc::vec![record.key.clone()])?;
        page.after = found.next;
        if page.after.is_none() {
            return Ok(());
        }
    }
}

/// Deletes revocations that no further CRL contains. The connectors stay revoked: their enrollments
/// say so.
fn prune_revocations(ledger: &Ledger, before: Timestamp) -> Result<u64, Error> {
    let mut pruned = 0;
    for page in ledger.pages(records::REVOCATIONS) {
        let over = revocations_that_are_over(ledger, page?, before)?;
        pruned += delete_unchanged(ledger, &over, |record| alloc::vec![record.key.clone()])?;
    }
    Ok(pruned)
}

fn revocations_that_are_over(
    ledger: &Ledger,
    found: Vec<Record>,
    before: Timestamp,
) -> Result<Vec<Record>, Error> {
    let crls = found.iter().map(records::crl_of).collect::<Result<Vec<_>, _>>()?;
    let crls = ledger.get(&crls)?;
    let mut over = Vec::new();
    for (record, crl) in found.into_iter().zip(&crls) {
        let revoked: RevokedRecord = records::decode(&record)?;
        let crl: Option<CrlRecord> = crl.as_ref().map(records::decode).transpose()?;
        if revoked.not_after < before && crl.is_some_and(|crl| crl.is_over(&revoked)) {
            over.push(record);
        }
    }
    Ok(over)
}

/// Deletes records, and those that belong to them, unless they have changed since they were read.
fn delete_unchanged(
    ledger: &Ledger,
    found: &[Record],
    keys: impl Fn(&Record) -> Vec<crate::store::RecordKey>,
) -> Result<u64, Error> {
    let unit = |record: &Record| {
        let (key, version) = (record.key.clone(), Some(record.version));
        let deletions = keys(record).into_iter().map(|key| Operation::Delete { key });
        let expect = core::iter::once(Operation::Expect { key, version });
        Unit::new(expect.chain(deletions).collect())
    };
    let mut deleted = 0;
    for chunk in found.chunks(crate::limits::BATCH_UNITS_MAX) {
        let outcomes = ledger.apply_together(chunk.iter().map(unit).collect())?;
        deleted += outcomes.iter().filter(|o| matches!(o, Outcome::Applied(_))).count() as u64;
    }
    Ok(deleted)
}
