//! Listings of provisioning keys: filters, order, pages.

use core::ffi::c_char;

use provkey::authority::{KeyFilter, KeyOrder};

use super::details::{KEY_STATES, provkey_key_details, provkey_key_state};
use crate::argument::{optional_structure, plain};
use crate::authority::id::optional_id;
use crate::authority::page::{moment, page, provkey_page_request};
use crate::authority::{list, provkey_authority};
use crate::constants::{Constants, value_of};
use crate::error::provkey_error;
use crate::failure::Failure;
use crate::handle::{self, provkey_header};
use crate::status::provkey_status;
use crate::text::optional_text;

/// The order of provisioning keys in a listing.
pub type provkey_key_order = u32;

/// By name, ignoring case.
pub const PROVKEY_KEY_ORDER_NAME: provkey_key_order = 0;
/// By creation time.
pub const PROVKEY_KEY_ORDER_CREATED: provkey_key_order = 1;

const KEY_ORDERS: &Constants<KeyOrder> =
    &[(PROVKEY_KEY_ORDER_NAME, KeyOrder::Name), (PROVKEY_KEY_ORDER_CREATED, KeyOrder::Created)];

/// Which provisioning keys to list, and in which order. NULL, or all fields 0: all of them, by
/// name.
#[repr(C)]
#[derive(Clone, Copy)]
pub struct provkey_key_filter {
    /// `sizeof(provkey_key_filter)`.
    pub struct_size: usize,
    /// Only keys whose name contains this, ignoring case. NULL: any.
    pub name_contains: *const c_char,
    /// Only keys of this group, by id. NULL: any.
    pub group: *const c_char,
    /// Only keys of this enrollment certificate, by id. NULL: any.
    pub certificate: *const c_char,
    /// Only keys in this state. 0: any.
    pub state: provkey_key_state,
    /// The order.
    pub order: provkey_key_order,
    /// 1: in reverse order.
    pub descending: u8,
    /// Only keys whose id contains this. NULL: any.
    pub id_contains: *const c_char,
    /// Only keys with at least this `max_uses`.
    pub max_uses_min: u64,
    /// Only keys with at most this `max_uses`. 0: any.
    pub max_uses_max: u64,
    /// Only keys with at least this many uses.
    pub used_min: u64,
    /// Only keys with at most this many uses. 0: any.
    pub used_max: u64,
    /// 1: only keys without uses; `used_max` is ignored.
    pub unused: u8,
    /// Only keys used at or after this moment, in Unix milliseconds. 0: any.
    pub last_used_since_ms: u64,
    /// Only keys not used at or after this moment, or never. 0: any.
    pub last_used_before_ms: u64,
}

plain!(provkey_key_filter);

/// A page of provisioning keys. Freed, with its items, with `provkey_key_page_free`.
#[repr(C)]
pub struct provkey_key_page {
    /// The header.
    pub header: provkey_header,
    /// The keys.
    pub items: *const *const provkey_key_details,
    /// The number of keys.
    pub items_len: usize,
    /// The cursor of the next page. NULL: this is the last page.
    pub next: *const c_char,
}

page!(provkey_key_page, 0x706b_0110, provkey_key_details);

/// Lists provisioning keys. A page examines a bounded number of keys: unless the filter is only a
/// group or a certificate, it may be short and still have a `next`.
///
/// Errors: `cursor_invalid`; `group_not_found` and `certificate_not_found` for a malformed id;
/// those of the store.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn provkey_authority_list_keys(
    authority: *const provkey_authority,
    filter: *const provkey_key_filter,
    page: *const provkey_page_request,
    keys: *mut *mut provkey_key_page,
    error: *mut *mut provkey_error,
) -> provkey_status {
    list(authority, page, (keys, "keys"), error, |authority, page| {
        let filter = self::filter(filter)?;
        Ok(authority.list_keys(&filter, page)?)
    })
}

/// Frees a page of keys. NULL is allowed.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn provkey_key_page_free(keys: *mut provkey_key_page) {
    handle::free(keys);
}

unsafe fn filter(pointer: *const provkey_key_filter) -> Result<KeyFilter, Failure> {
    let Some(input) = optional_structure(pointer, "filter")? else {
        return Ok(KeyFilter::default());
    };
    let state = (input.state != 0).then(|| value_of(KEY_STATES, input.state, "state"));
    Ok(KeyFilter::default()
        .name_contains(optional_text(input.name_contains, "name_contains")?.map(Into::into))
        .group(optional_id(input.group, "group")?)
        .certificate(optional_id(input.certificate, "certificate")?)
        .state(state.transpose()?)
        .order(value_of(KEY_ORDERS, input.order, "order")?)
        .descending(input.descending != 0)
        .id_contains(optional_text(input.id_contains, "id_contains")?.map(Into::into))
        .max_uses_min(nonzero(input.max_uses_min))
        .max_uses_max(nonzero(input.max_uses_max))
        .used_min(nonzero(input.used_min))
        .used_max(match input.unused {
            0 => nonzero(input.used_max),
            _ => Some(0),
        })
        .last_used_since(moment(input.last_used_since_ms))
        .last_used_before(moment(input.last_used_before_ms)))
}

fn nonzero(number: u64) -> Option<u64> {
    (number != 0).then_some(number)
}
