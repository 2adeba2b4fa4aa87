//! Pruning of old audit records and of enrollments that nothing needs any more.

use provkey::authority::Retention;

use crate::authority::page::moment;
use crate::authority::{provkey_authority, write};
use crate::error::provkey_error;
use crate::status::provkey_status;

/// How much was pruned.
#[repr(C)]
#[derive(Clone, Copy)]
pub struct provkey_pruned {
    /// The number of audit records.
    pub audit_records: u64,
    /// The number of enrollments.
    pub enrollments: u64,
    /// The number of revocations: of certificates that have expired and were on a CRL since.
    pub revocations: u64,
}

/// Deletes audit records older than `audit_before_ms`, and enrollments of deleted keys whose
/// certificate expired before `expired_before_ms`; 0: none of that kind. It deletes in many small
/// units, so that other calls proceed.
///
/// Errors: those of the store. What was deleted before the error stays deleted.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn provkey_authority_prune(
    authority: *const provkey_authority,
    audit_before_ms: u64,
    expired_before_ms: u64,
    pruned: *mut provkey_pruned,
    error: *mut *mut provkey_error,
) -> provkey_status {
    write(authority, (pruned, "pruned"), error, |authority| {
        let (audit_before, expired_before) = (moment(audit_before_ms), moment(expired_before_ms));
        let done = authority.prune(
            &Retention::default().audit_before(audit_before).expired_before(expired_before),
        )?;
        Ok(provkey_pruned {
            audit_records: done.audit_records,
            enrollments: done.enrollments,
            revocations: done.revocations,
        })
    })
}
