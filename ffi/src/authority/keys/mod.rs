//! Provisioning keys: create, edit, delete, copy, download.

pub mod details;
pub mod list;

use core::ffi::c_char;

use provkey::authority::{AddressRange, KeyUpdate, Name, NewKey};
use provkey::key::Host;

use self::details::provkey_key_details;
use crate::argument::{array, optional_output, output, plain, structure};
use crate::authority::id::read_id;
use crate::authority::page::moment;
use crate::authority::{describe, provkey_authority, run, write};
use crate::bytes::{self, provkey_bytes};
use crate::error::provkey_error;
use crate::failure::Failure;
use crate::owned::Owned;
use crate::record;
use crate::status::provkey_status;
use crate::text::{optional_text, text};

/// The parameters of a new provisioning key.
#[repr(C)]
#[derive(Clone, Copy)]
pub struct provkey_new_key {
    /// `sizeof(provkey_new_key)`.
    pub struct_size: usize,
    /// Its name, unique among keys.
    pub name: *const c_char,
    /// The id of the group that its connectors join.
    pub group: *const c_char,
    /// The id of the enrollment certificate that signs their certificates.
    pub certificate: *const c_char,
    /// How many connectors may enroll: 1 or more.
    pub max_uses: u64,
    /// The host in its text, one of the authority's. NULL: the first.
    pub host: *const c_char,
    /// When it expires, in Unix milliseconds. 0: never.
    pub expires_at_ms: u64,
    /// The CIDR ranges that connectors may enroll from, at most 64. None: any address. Renewals are
    /// not restricted.
    pub allowed_addresses: *const *const c_char,
    /// The number of ranges.
    pub allowed_addresses_len: usize,
    /// 1: it is created disabled.
    pub disabled: u8,
    /// 1: it must be proven inside the CSR.
    pub proof_only: u8,
}

/// Which fields of a `provkey_key_update` to apply: a sum of these bits.
pub type provkey_key_fields = u32;

/// `name`.
pub const PROVKEY_KEY_FIELDS_NAME: provkey_key_fields = 1;
/// `max_uses`.
pub const PROVKEY_KEY_FIELDS_MAX_USES: provkey_key_fields = 2;
/// `enabled`.
pub const PROVKEY_KEY_FIELDS_ENABLED: provkey_key_fields = 4;
/// `expires_at_ms`.
pub const PROVKEY_KEY_FIELDS_EXPIRES_AT: provkey_key_fields = 8;
/// `allowed_addresses`.
pub const PROVKEY_KEY_FIELDS_ALLOWED_ADDRESSES: provkey_key_fields = 16;
/// `certificate`.
pub const PROVKEY_KEY_FIELDS_CERTIFICATE: provkey_key_fields = 32;
/// `proof_only`.
pub const PROVKEY_KEY_FIELDS_PROOF_ONLY: provkey_key_fields = 64;

const KEY_FIELDS_ALL: provkey_key_fields = 127;

/// An edit of a provisioning key. It never changes the count of uses.
#[repr(C)]
#[derive(Clone, Copy)]
pub struct provkey_key_update {
    /// `sizeof(provkey_key_update)`.
    pub struct_size: usize,
    /// Which fields below to apply; all others of the key stay as they are.
    pub fields: provkey_key_fields,
    /// 1: it is enabled.
    pub enabled: u8,
    /// 1: it must be proven inside the CSR.
    pub proof_only: u8,
    /// The `version` of the details that the edit is based on. If the key has another version by
    /// now, the edit is refused. 0: any version.
    pub version: u64,
    /// Its name.
    pub name: *const c_char,
    /// How many connectors may enroll: 1 or more. A value below `used` stops further ones.
    pub max_uses: u64,
    /// When it expires, in Unix milliseconds. 0: never.
    pub expires_at_ms: u64,
    /// The CIDR ranges that connectors may enroll from, at most 64. None: any address. Renewals are
    /// not restricted.
    pub allowed_addresses: *const *const c_char,
    /// The number of ranges.
    pub allowed_addresses_len: usize,
    /// The id of the enrollment certificate that signs from now on.
    pub certificate: *const c_char,
}

plain!(provkey_new_key, provkey_key_update);

/// Creates a provisioning key. `provkey_authority_copy_key` returns its text.
///
/// Errors: the `name_` codes, `group_not_found`, `certificate_not_found`, `certificate_retired`,
/// `host_unknown`, `max_uses_invalid`, `expiry_in_past`, `address_range_invalid`,
/// `too_many_addresses`, those of the store.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn provkey_authority_create_key(
    authority: *const provkey_authority,
    new_key: *const provkey_new_key,
    key: *mut *mut provkey_key_details,
    error: *mut *mut provkey_error,
) -> provkey_status {
    describe(authority, (key, "key"), error, |authority| {
        Ok(authority.create_key(&self::new_key(new_key)?)?)
    })
}

/// Reads the provisioning key with this id.
///
/// Errors: `key_not_found`, `key_deleted`, those of the store.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn provkey_authority_key(
    authority: *const provkey_authority,
    id: *const c_char,
    key: *mut *mut provkey_key_details,
    error: *mut *mut provkey_error,
) -> provkey_status {
    describe(authority, (key, "key"), error, |authority| Ok(authority.key(read_id(id, "id")?)?))
}

/// Finds a provisioning key by id or name.
///
/// Errors: `key_not_found`, `key_deleted`, those of the store.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn provkey_authority_find_key(
    authority: *const provkey_authority,
    id_or_name: *const c_char,
    key: *mut *mut provkey_key_details,
    error: *mut *mut provkey_error,
) -> provkey_status {
    describe(authority, (key, "key"), error, |authority| {
        Ok(authority.find_key(text(id_or_name, "id_or_name")?)?)
    })
}

/// Edits a provisioning key. `key` receives the edited key; it may be NULL.
///
/// Errors: `edit_conflict` if the key was edited since `version`; `key_not_found`, `key_deleted`,
/// the `name_` codes, `certificate_not_found`, `certificate_retired`, `max_uses_invalid`,
/// `expiry_in_past`, `address_range_invalid`, `too_many_addresses`, those of the store.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn provkey_authority_update_key(
    authority: *const provkey_authority,
    id: *const c_char,
    update: *const provkey_key_update,
    key: *mut *mut provkey_key_details,
    error: *mut *mut provkey_error,
) -> provkey_status {
    run(authority, error, |authority| {
        let id = read_id(id, "id")?;
        let update = read_update(&structure(update, "update")?)?;
        let output = optional_output(key, "key")?;
        let updated = authority.update_key(id, &update)?;
        if let Some(key) = output {
            key.set(record::hand_out(&updated));
        }
        Ok(())
    })
}

/// Deletes a provisioning key permanently. Connectors that enrolled with it keep their
/// certificates.
///
/// Errors: `key_not_found`, `key_deleted`, those of the store.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn provkey_authority_delete_key(
    authority: *const provkey_authority,
    id: *const c_char,
    error: *mut *mut provkey_error,
) -> provkey_status {
    run(authority, error, |authority| Ok(authority.delete_key(read_id(id, "id")?)?))
}

/// Writes the text of a key, to hand to a connector. It is a secret, and each copy is recorded in
/// the audit trail.
///
/// Errors: `key_exhausted` until its `max_uses` is raised; `key_not_found`, `key_deleted`, those of
/// the store.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn provkey_authority_copy_key(
    authority: *const provkey_authority,
    id: *const c_char,
    text: *mut *mut provkey_bytes,
    error: *mut *mut provkey_error,
) -> provkey_status {
    write(authority, (text, "text"), error, |authority| {
        Ok(bytes::hand_out(authority.copy_key(read_id(id, "id")?)?.expose().as_bytes()))
    })
}

/// Writes the text of a key as a file: its name, of letters, digits, `-`, `_` and `.` only, and its
/// contents, which are a secret. Each download is recorded in the audit trail.
///
/// Errors: as `provkey_authority_copy_key`.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn provkey_authority_download_key(
    authority: *const provkey_authority,
    id: *const c_char,
    file_name: *mut *mut provkey_bytes,
    contents: *mut *mut provkey_bytes,
    error: *mut *mut provkey_error,
) -> provkey_status {
    run(authority, error, |authority| {
        let id = read_id(id, "id")?;
        let file_name = output(file_name, "file_name")?;
        let contents = output(contents, "contents")?;
        let file = authority.download_key(id)?;
        let name = Owned::new(bytes::hand_out(file.file_name.as_bytes()));
        contents.set(bytes::hand_out(file.contents.expose().as_bytes()));
        file_name.set(name.release());
        Ok(())
    })
}

unsafe fn new_key(pointer: *const provkey_new_key) -> Result<NewKey, Failure> {
    let input = structure(pointer, "new_key")?;
    let name = Name::parse(text(input.name, "name")?)?;
    let (group, certificate) =
        (read_id(input.group, "group")?, read_id(input.certificate, "certificate")?);
    let mut new = NewKey::new(name, group, certificate, input.max_uses);
    new.host = optional_text(input.host, "host")?.map(Host::parse).transpose()?;
    new.expires_at = moment(input.expires_at_ms);
    new.allowed_addresses = ranges(input.allowed_addresses, input.allowed_addresses_len)?;
    new.enabled = input.disabled == 0;
    new.proof_only = input.proof_only != 0;
    Ok(new)
}

unsafe fn read_update(input: &provkey_key_update) -> Result<KeyUpdate, Failure> {
    if input.fields & !KEY_FIELDS_ALL != 0 {
        return Err(Failure::unknown("fields"));
    }
    let counts = |field| input.fields & field != 0;
    let mut update = KeyUpdate::default()
        .version((input.version != 0).then_some(input.version))
        .max_uses(counts(PROVKEY_KEY_FIELDS_MAX_USES).then_some(input.max_uses))
        .enabled(counts(PROVKEY_KEY_FIELDS_ENABLED).then_some(input.enabled != 0))
        .proof_only(counts(PROVKEY_KEY_FIELDS_PROOF_ONLY).then_some(input.proof_only != 0));
    update.expires_at = counts(PROVKEY_KEY_FIELDS_EXPIRES_AT).then(|| moment(input.expires_at_ms));
    if counts(PROVKEY_KEY_FIELDS_NAME) {
        update.name = Some(Name::parse(text(input.name, "name")?)?);
    }
    if counts(PROVKEY_KEY_FIELDS_ALLOWED_ADDRESSES) {
        update.allowed_addresses =
            Some(ranges(input.allowed_addresses, input.allowed_addresses_len)?);
    }
    if counts(PROVKEY_KEY_FIELDS_CERTIFICATE) {
        update.certificate = Some(read_id(input.certificate, "certificate")?);
    }
    Ok(update)
}

unsafe fn ranges(list: *const *const c_char, len: usize) -> Result<Vec<AddressRange>, Failure> {
    let texts = array(list, len, "allowed_addresses")?;
    let range = |pointer: &*const c_char| {
        let text = text(*pointer, "allowed_addresses")?;
        Ok(AddressRange::parse(text)?)
    };
    texts.iter().map(range).collect()
}
