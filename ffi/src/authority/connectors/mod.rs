//! Connectors that have enrolled.

pub mod enroll;
pub mod renew;
pub mod revoke;

use core::ffi::c_char;

use provkey::authority::{Connector, ConnectorFilter};

use crate::argument::{optional_structure, plain};
use crate::authority::id::{optional_id, read_id};
use crate::authority::page::{moment, number, page, provkey_page_request};
use crate::authority::{describe, list, provkey_authority};
use crate::backing::Backing;
use crate::bytes::provkey_slice;
use crate::error::provkey_error;
use crate::failure::Failure;
use crate::fingerprint::provkey_fingerprint;
use crate::handle::{self, provkey_header, record};
use crate::record::Describe;
use crate::status::provkey_status;

/// A connector that has enrolled. Freed with `provkey_connector_free`.
#[repr(C)]
pub struct provkey_connector {
    /// The header.
    pub header: provkey_header,
    /// Its id, as in its certificate.
    pub id: *const c_char,
    /// The id of the provisioning key that it enrolled with, which may have been deleted.
    pub key: *const c_char,
    /// The id of the group that it belongs to.
    pub group: *const c_char,
    /// The id of the enrollment certificate that signed its certificate.
    pub certificate: *const c_char,
    /// The address that it enrolled from. NULL: the application passed none.
    pub address: *const c_char,
    /// The serial number of its certificate, in lower-case hexadecimal.
    pub serial: *const c_char,
    /// Why it was revoked, as named in RFC 5280, 5.3.1. NULL: it was not.
    pub revocation_reason: *const c_char,
    /// Its certificate, in DER.
    pub leaf: provkey_slice,
    /// When it enrolled, in Unix milliseconds.
    pub enrolled_at_ms: u64,
    /// From when its certificate is valid.
    pub not_before_ms: u64,
    /// Until when its certificate is valid.
    pub not_after_ms: u64,
    /// How often it has renewed its certificate.
    pub renewals: u64,
    /// When it renewed last; 0: never.
    pub renewed_at_ms: u64,
    /// When it was revoked; 0: it was not.
    pub revoked_at_ms: u64,
    /// How often it received its certificate again (a replay). A few may be missing.
    pub replays: u64,
    /// The latest replay; 0: none.
    pub last_replay_at_ms: u64,
    /// Its fingerprint, if `has_fingerprint`.
    pub fingerprint: provkey_fingerprint,
    /// Whether it sent a fingerprint.
    pub has_fingerprint: bool,
}

/// Which connectors to list. NULL, or all fields 0: all of them, by id.
#[repr(C)]
#[derive(Clone, Copy)]
pub struct provkey_connector_filter {
    /// `sizeof(provkey_connector_filter)`.
    pub struct_size: usize,
    /// Only connectors that enrolled with this key, by id. NULL: any.
    pub key: *const c_char,
    /// Only connectors of this group, by id. NULL: any.
    pub group: *const c_char,
    /// Only connectors with a certificate from this enrollment certificate, by id. A connector that
    /// renewed is listed once for each certificate that is remembered. NULL: any.
    pub certificate: *const c_char,
    /// Only connectors that enrolled from this moment on, in Unix milliseconds.
    pub since_ms: u64,
    /// 1: latest first, if listed by key or group.
    pub descending: u8,
}

plain!(provkey_connector_filter);

/// A page of connectors. Freed, with its items, with `provkey_connector_page_free`.
#[repr(C)]
pub struct provkey_connector_page {
    /// The header.
    pub header: provkey_header,
    /// The connectors.
    pub items: *const *const provkey_connector,
    /// The number of connectors.
    pub items_len: usize,
    /// The cursor of the next page. NULL: this is the last page.
    pub next: *const c_char,
}

record!(provkey_connector, 0x706b_0111, Backing);
page!(provkey_connector_page, 0x706b_0112, provkey_connector);

impl Describe<Connector> for provkey_connector {
    fn describe(header: provkey_header, connector: &Connector, backing: &mut Backing) -> Self {
        let fingerprint = connector.fingerprint.map(|fingerprint| *fingerprint.as_bytes());
        Self {
            header,
            id: backing.text(connector.id.as_str()),
            key: backing.text(connector.key.as_str()),
            group: backing.text(connector.group.as_str()),
            certificate: backing.text(connector.certificate.as_str()),
            address: backing.optional_text(connector.address),
            serial: backing.text(&connector.serial),
            revocation_reason: backing.optional_text(connector.revocation_reason),
            leaf: backing.slice(&connector.leaf),
            enrolled_at_ms: connector.enrolled_at.unix_ms(),
            not_before_ms: connector.not_before.unix_ms(),
            not_after_ms: connector.not_after.unix_ms(),
            renewals: connector.renewals,
            renewed_at_ms: number(connector.renewed_at),
            revoked_at_ms: number(connector.revoked_at),
            replays: connector.replays,
            last_replay_at_ms: number(connector.last_replay_at),
            fingerprint: provkey_fingerprint { bytes: fingerprint.unwrap_or_default() },
            has_fingerprint: fingerprint.is_some(),
        }
    }
}

/// Reads the connector with this id.
///
/// Errors: `connector_not_found`, those of the store.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn provkey_authority_connector(
    authority: *const provkey_authority,
    id: *const c_char,
    connector: *mut *mut provkey_connector,
    error: *mut *mut provkey_error,
) -> provkey_status {
    describe(authority, (connector, "connector"), error, |authority| {
        Ok(authority.connector(read_id(id, "id")?)?)
    })
}

/// Lists connectors: those of a key or a group in order of enrollment, those of a certificate by
/// serial number, otherwise by id.
///
/// Errors: `cursor_invalid`; `key_not_found`, `group_not_found` and `certificate_not_found` for a
/// malformed id; those of the store.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn provkey_authority_list_connectors(
    authority: *const provkey_authority,
    filter: *const provkey_connector_filter,
    page: *const provkey_page_request,
    connectors: *mut *mut provkey_connector_page,
    error: *mut *mut provkey_error,
) -> provkey_status {
    list(authority, page, (connectors, "connectors"), error, |authority, page| {
        let filter = self::filter(filter)?;
        Ok(authority.list_connectors(&filter, page)?)
    })
}

/// Frees a connector. NULL is allowed; an item of a page is left alone.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn provkey_connector_free(connector: *mut provkey_connector) {
    handle::free(connector);
}

/// Frees a page of connectors. NULL is allowed.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn provkey_connector_page_free(connectors: *mut provkey_connector_page) {
    handle::free(connectors);
}

unsafe fn filter(pointer: *const provkey_connector_filter) -> Result<ConnectorFilter, Failure> {
    let Some(input) = optional_structure(pointer, "filter")? else {
        return Ok(ConnectorFilter::default());
    };
    Ok(ConnectorFilter::default()
        .key(optional_id(input.key, "key")?)
        .group(optional_id(input.group, "group")?)
        .certificate(optional_id(input.certificate, "certificate")?)
        .since(moment(input.since_ms))
        .descending(input.descending != 0))
}
