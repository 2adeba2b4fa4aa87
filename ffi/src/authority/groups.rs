//! Connector groups.

use core::ffi::c_char;

use provkey::authority::{ConnectorGroup, Name};

use super::id::read_id;
use super::page::{page, provkey_page_request};
use super::{describe, list, provkey_authority, run};
use crate::backing::Backing;
use crate::error::provkey_error;
use crate::handle::{self, provkey_header, record};
use crate::record::Describe;
use crate::status::provkey_status;
use crate::text::text;

/// A group of connectors. Freed with `provkey_connector_group_free`.
#[repr(C)]
pub struct provkey_connector_group {
    /// The header.
    pub header: provkey_header,
    /// Its id, which is in the certificates of its connectors.
    pub id: *const c_char,
    /// Its name, unique among groups.
    pub name: *const c_char,
    /// When it was created, in Unix milliseconds.
    pub created_at_ms: u64,
    /// The number of provisioning keys for it.
    pub keys: u64,
}

/// A page of groups. Freed, with its items, with `provkey_connector_group_page_free`.
#[repr(C)]
pub struct provkey_connector_group_page {
    /// The header.
    pub header: provkey_header,
    /// The groups.
    pub items: *const *const provkey_connector_group,
    /// The number of groups.
    pub items_len: usize,
    /// The cursor of the next page. NULL: this is the last page.
    pub next: *const c_char,
}

record!(provkey_connector_group, 0x706b_0109, Backing);
page!(provkey_connector_group_page, 0x706b_010a, provkey_connector_group);

impl Describe<ConnectorGroup> for provkey_connector_group {
    fn describe(header: provkey_header, group: &ConnectorGroup, backing: &mut Backing) -> Self {
        Self {
            header,
            id: backing.text(group.id.as_str()),
            name: backing.text(group.name.as_str()),
            created_at_ms: group.created_at.unix_ms(),
            keys: group.keys,
        }
    }
}

/// Creates a connector group. Its name has 1 to 128 bytes and is unique, ignoring case.
///
/// Errors: the `name_` codes, those of the store.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn provkey_authority_create_group(
    authority: *const provkey_authority,
    name: *const c_char,
    group: *mut *mut provkey_connector_group,
    error: *mut *mut provkey_error,
) -> provkey_status {
    describe(authority, (group, "group"), error, |authority| {
        let name = Name::parse(text(name, "name")?)?;
        Ok(authority.create_group(&name)?)
    })
}

/// Reads the group with this id.
///
/// Errors: `group_not_found`, those of the store.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn provkey_authority_group(
    authority: *const provkey_authority,
    id: *const c_char,
    group: *mut *mut provkey_connector_group,
    error: *mut *mut provkey_error,
) -> provkey_status {
    describe(authority, (group, "group"), error, |authority| {
        Ok(authority.group(read_id(id, "id")?)?)
    })
}

/// Finds a group by id or name.
///
/// Errors: `group_not_found`, those of the store.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn provkey_authority_find_group(
    authority: *const provkey_authority,
    id_or_name: *const c_char,
    group: *mut *mut provkey_connector_group,
    error: *mut *mut provkey_error,
) -> provkey_status {
    describe(authority, (group, "group"), error, |authority| {
        Ok(authority.find_group(text(id_or_name, "id_or_name")?)?)
    })
}

/// Lists groups by name. `page`: NULL for the first page.
///
/// Errors: `cursor_invalid`, those of the store.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn provkey_authority_list_groups(
    authority: *const provkey_authority,
    page: *const provkey_page_request,
    groups: *mut *mut provkey_connector_group_page,
    error: *mut *mut provkey_error,
) -> provkey_status {
    list(authority, page, (groups, "groups"), error, |authority, page| {
        Ok(authority.list_groups(page)?)
    })
}

/// Deletes a group without keys and connectors.
///
/// Errors: `group_not_found`, `group_in_use`, those of the store.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn provkey_authority_delete_group(
    authority: *const provkey_authority,
    id: *const c_char,
    error: *mut *mut provkey_error,
) -> provkey_status {
    run(authority, error, |authority| Ok(authority.delete_group(read_id(id, "id")?)?))
}

/// Frees a group. NULL is allowed; an item of a page is left alone.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn provkey_connector_group_free(group: *mut provkey_connector_group) {
    handle::free(group);
}

/// Frees a page of groups. NULL is allowed.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn provkey_connector_group_page_free(
    groups: *mut provkey_connector_group_page,
) {
    handle::free(groups);
}
