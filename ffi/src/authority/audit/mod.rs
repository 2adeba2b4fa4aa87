//! The audit trail: changes, enrollments, and refusals after a key was proven.

pub mod checkpoint;
pub mod prune;

use core::ffi::c_char;

use provkey::authority::{Action, AuditFilter, AuditRecord};

use crate::argument::{optional_structure, plain};
use crate::authority::id::optional_id;
use crate::authority::page::{moment, number, page, provkey_page_request};
use crate::authority::{list, provkey_authority, run};
use crate::backing::Backing;
use crate::error::provkey_error;
use crate::failure::Failure;
use crate::handle::{self, provkey_header, record};
use crate::record::Describe;
use crate::status::provkey_status;
use crate::text::optional_text;

/// One entry of the audit trail. The action determines which fields are set; the others are NULL.
/// Freed with its page.
#[repr(C)]
pub struct provkey_audit_record {
    /// The header.
    pub header: provkey_header,
    /// When, by the clock of the node that did it, in Unix milliseconds. For tallied entries
    /// (refusals and replays): the beginning of the minute.
    pub at_ms: u64,
    /// For tallied entries: how often in that minute. Otherwise 0.
    pub count: u64,
    /// What happened, such as `connector_enrolled`.
    pub action: *const c_char,
    /// Who did it, as named by the application.
    pub actor: *const c_char,
    /// The id of the provisioning key.
    pub key: *const c_char,
    /// The id of the connector group.
    pub group: *const c_char,
    /// The id of the enrollment certificate.
    pub certificate: *const c_char,
    /// The id of the connector.
    pub connector: *const c_char,
    /// The address of the connector or the administrator; for tallied entries the latest one.
    pub address: *const c_char,
    /// The error code of a refusal.
    pub code: *const c_char,
    /// Details in words.
    pub details: *const c_char,
    /// The id of the admin token that the actor used.
    pub admin_token: *const c_char,
    /// For tallied entries: the latest moment, in Unix milliseconds. Otherwise 0.
    pub last_at_ms: u64,
}

/// Which audit records to list. NULL, or all fields 0: all of them, oldest first.
#[repr(C)]
#[derive(Clone, Copy)]
pub struct provkey_audit_filter {
    /// `sizeof(provkey_audit_filter)`.
    pub struct_size: usize,
    /// Only records of this provisioning key, by id. NULL: any.
    pub key: *const c_char,
    /// Only records of this connector, by id. NULL: any.
    pub connector: *const c_char,
    /// Only this action. NULL: any.
    pub action: *const c_char,
    /// Only from this moment on, in Unix milliseconds. 0: from the first.
    pub since_ms: u64,
    /// 1: latest first.
    pub latest_first: u8,
    /// Only before this moment, in Unix milliseconds. 0: up to the last.
    pub until_ms: u64,
}

plain!(provkey_audit_filter);

/// A page of the audit trail. Freed, with its items, with `provkey_audit_page_free`.
#[repr(C)]
pub struct provkey_audit_page {
    /// The header.
    pub header: provkey_header,
    /// The records.
    pub items: *const *const provkey_audit_record,
    /// The number of records.
    pub items_len: usize,
    /// The cursor of the next page. NULL: this is the last page.
    pub next: *const c_char,
}

record!(provkey_audit_record, 0x706b_0115, Backing);
page!(provkey_audit_page, 0x706b_0116, provkey_audit_record);

impl Describe<AuditRecord> for provkey_audit_record {
    fn describe(header: provkey_header, record: &AuditRecord, backing: &mut Backing) -> Self {
        Self {
            header,
            at_ms: record.at.unix_ms(),
            count: record.count.unwrap_or(0),
            action: backing.text(record.action.as_str()),
            actor: backing.optional_text(record.actor.as_deref()),
            key: backing.optional_text(record.key),
            group: backing.optional_text(record.group),
            certificate: backing.optional_text(record.certificate),
            connector: backing.optional_text(record.connector),
            address: backing.optional_text(record.address),
            code: backing.optional_text(record.code.as_deref()),
            details: backing.optional_text(record.details.as_deref()),
            admin_token: backing.optional_text(record.admin_token),
            last_at_ms: number(record.last_at),
        }
    }
}

/// Lists the audit trail in order of time. A page examines a bounded number of records: it may be
/// short or empty and still have a `next`.
///
/// Errors: `cursor_invalid`; `key_not_found` and `connector_not_found` for a malformed id;
/// `value_unknown` for an unknown action; those of the store.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn provkey_authority_list_audit(
    authority: *const provkey_authority,
    filter: *const provkey_audit_filter,
    page: *const provkey_page_request,
    records: *mut *mut provkey_audit_page,
    error: *mut *mut provkey_error,
) -> provkey_status {
    list(authority, page, (records, "records"), error, |authority, page| {
        let filter = self::filter(filter)?;
        Ok(authority.list_audit(&filter, page)?)
    })
}

/// Stores the counts of refusals and replays that wait in memory, for up to ten seconds. Call it
/// before you free the last authority, and whenever the audit trail must be complete.
///
/// Errors: those of the store. Counts that could not be stored are lost.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn provkey_authority_flush(
    authority: *const provkey_authority,
    error: *mut *mut provkey_error,
) -> provkey_status {
    run(authority, error, |authority| Ok(authority.flush()?))
}

/// Frees a page of the audit trail. NULL is allowed.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn provkey_audit_page_free(records: *mut provkey_audit_page) {
    handle::free(records);
}

unsafe fn filter(pointer: *const provkey_audit_filter) -> Result<AuditFilter, Failure> {
    let Some(input) = optional_structure(pointer, "filter")? else {
        return Ok(AuditFilter::default());
    };
    let action = optional_text(input.action, "action")?
        .map(|name| Action::parse(name).map_err(|_| Failure::unknown("action")));
    Ok(AuditFilter::default()
        .key(optional_id(input.key, "key")?)
        .connector(optional_id(input.connector, "connector")?)
        .action(action.transpose()?)
        .since(moment(input.since_ms))
        .until(moment(input.until_ms))
        .latest_first(input.latest_first != 0))
}
