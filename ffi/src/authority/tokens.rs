//! Admin tokens, which authenticate administrators over a network.

use core::ffi::c_char;

use provkey::authority::{AdminRole, AdminToken, AdminTokenText, Name, NewAdminToken};

use super::id::read_id;
use super::page::{moment, number, page, provkey_page_request};
use super::{describe, list, provkey_authority, run};
use crate::argument::output;
use crate::backing::Backing;
use crate::bytes::{self, provkey_bytes};
use crate::constants::{Constants, constant_for, value_of};
use crate::error::provkey_error;
use crate::handle::{self, provkey_header, record};
use crate::owned::Owned;
use crate::record::{self, Describe};
use crate::status::provkey_status;
use crate::text::text;

/// The role of an admin token. Each role includes those before it.
pub type provkey_admin_role = u32;

/// Read everything except secrets.
pub const PROVKEY_ADMIN_ROLE_VIEWER: provkey_admin_role = 1;
/// Manage provisioning keys, groups and connectors; copy the texts of keys.
pub const PROVKEY_ADMIN_ROLE_OPERATOR: provkey_admin_role = 2;
/// Manage enrollment certificates and admin tokens, too.
pub const PROVKEY_ADMIN_ROLE_ADMIN: provkey_admin_role = 3;

/// An admin token without its secret. Freed with `provkey_admin_token_free`.
#[repr(C)]
pub struct provkey_admin_token {
    /// The header.
    pub header: provkey_header,
    /// Its id, which is part of its text.
    pub id: *const c_char,
    /// Its name.
    pub name: *const c_char,
    /// Its role.
    pub role: provkey_admin_role,
    /// When it was created, in Unix milliseconds.
    pub created_at_ms: u64,
    /// Who created it. NULL: unknown.
    pub created_by: *const c_char,
    /// When it expires, in Unix milliseconds. 0: never.
    pub expires_at_ms: u64,
    /// When it was revoked, in Unix milliseconds. 0: it was not.
    pub revoked_at_ms: u64,
    /// What its holder is limited to: `operator:` and the id of a group. NULL: nothing. An
    /// application that authenticates tokens itself must enforce it.
    pub scope: *const c_char,
}

/// A page of admin tokens. Freed, with its items, with `provkey_admin_token_page_free`.
#[repr(C)]
pub struct provkey_admin_token_page {
    /// The header.
    pub header: provkey_header,
    /// The tokens.
    pub items: *const *const provkey_admin_token,
    /// The number of tokens.
    pub items_len: usize,
    /// The cursor of the next page. NULL: this is the last page.
    pub next: *const c_char,
}

record!(provkey_admin_token, 0x706b_0131, Backing);
page!(provkey_admin_token_page, 0x706b_0132, provkey_admin_token);

impl Describe<AdminToken> for provkey_admin_token {
    fn describe(header: provkey_header, token: &AdminToken, backing: &mut Backing) -> Self {
        Self {
            header,
            id: backing.text(token.id.as_str()),
            name: backing.text(token.name.as_str()),
            role: constant_for(ROLES, &token.role).unwrap_or(PROVKEY_ADMIN_ROLE_VIEWER),
            created_at_ms: token.created_at.unix_ms(),
            created_by: backing.optional_text(token.created_by.as_deref()),
            expires_at_ms: number(token.expires_at),
            revoked_at_ms: number(token.revoked_at),
            scope: backing.optional_text(token.scope),
        }
    }
}

const ROLES: &Constants<AdminRole> = &[
    (PROVKEY_ADMIN_ROLE_VIEWER, AdminRole::Viewer),
    (PROVKEY_ADMIN_ROLE_OPERATOR, AdminRole::Operator),
    (PROVKEY_ADMIN_ROLE_ADMIN, AdminRole::Admin),
];

/// Creates an admin token that expires at `expires_at_ms`, in Unix milliseconds; 0: never. Its text
/// is a secret that this call alone returns: only a verifier is stored.
///
/// Errors: the `name_` codes, `expiry_in_past`, those of the store.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn provkey_authority_create_token(
    authority: *const provkey_authority,
    name: *const c_char,
    role: provkey_admin_role,
    expires_at_ms: u64,
    token: *mut *mut provkey_admin_token,
    token_text: *mut *mut provkey_bytes,
    error: *mut *mut provkey_error,
) -> provkey_status {
    run(authority, error, |authority| {
        let name = Name::parse(text(name, "name")?)?;
        let role = value_of(ROLES, role, "role")?;
        let token = output(token, "token")?;
        let token_text = output(token_text, "token_text")?;
        let new = NewAdminToken::new(name, role).expires_at(moment(expires_at_ms));
        let (made, made_text) = authority.create_token(&new)?;
        let made_text = Owned::new(bytes::hand_out(made_text.expose().as_bytes()));
        token.set(record::hand_out(&made));
        token_text.set(made_text.release());
        Ok(())
    })
}

/// Authenticates the text of an admin token, and reads the token.
///
/// Errors: `admin_token_malformed`, found without a look-up; `admin_token_invalid`,
/// `admin_token_revoked`, `admin_token_expired`, those of the store.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn provkey_authority_authenticate_token(
    authority: *const provkey_authority,
    token_text: *const c_char,
    token: *mut *mut provkey_admin_token,
    error: *mut *mut provkey_error,
) -> provkey_status {
    describe(authority, (token, "token"), error, |authority| {
        let token_text = AdminTokenText::new(text(token_text, "token_text")?.to_owned());
        Ok(authority.authenticate_token(&token_text)?)
    })
}

/// Records in the audit trail that the actor signed in: see `provkey_authority_acting_for`. For
/// applications that people sign in to.
///
/// Errors: those of the store.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn provkey_authority_record_sign_in(
    authority: *const provkey_authority,
    error: *mut *mut provkey_error,
) -> provkey_status {
    run(authority, error, |authority| Ok(authority.record_sign_in()?))
}

/// Records in the audit trail that the actor signed out.
///
/// Errors: those of the store.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn provkey_authority_record_sign_out(
    authority: *const provkey_authority,
    error: *mut *mut provkey_error,
) -> provkey_status {
    run(authority, error, |authority| Ok(authority.record_sign_out()?))
}

/// Finds an admin token by id, or by name unless it is revoked.
///
/// Errors: `admin_token_not_found`, those of the store.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn provkey_authority_find_token(
    authority: *const provkey_authority,
    id_or_name: *const c_char,
    token: *mut *mut provkey_admin_token,
    error: *mut *mut provkey_error,
) -> provkey_status {
    describe(authority, (token, "token"), error, |authority| {
        Ok(authority.find_token(text(id_or_name, "id_or_name")?)?)
    })
}

/// Lists admin tokens by id, including revoked and expired ones. `page`: NULL for the first page.
///
/// Errors: `cursor_invalid`, those of the store.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn provkey_authority_list_tokens(
    authority: *const provkey_authority,
    page: *const provkey_page_request,
    tokens: *mut *mut provkey_admin_token_page,
    error: *mut *mut provkey_error,
) -> provkey_status {
    list(authority, page, (tokens, "tokens"), error, |authority, page| {
        Ok(authority.list_tokens(page)?)
    })
}

/// Revokes an admin token permanently. Revoking it again changes nothing.
///
/// Errors: `admin_token_not_found`, those of the store.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn provkey_authority_revoke_token(
    authority: *const provkey_authority,
    id: *const c_char,
    error: *mut *mut provkey_error,
) -> provkey_status {
    run(authority, error, |authority| {
        authority.revoke_token(read_id(id, "id")?)?;
        Ok(())
    })
}

/// Frees an admin token. NULL is allowed; an item of a page is left alone.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn provkey_admin_token_free(token: *mut provkey_admin_token) {
    handle::free(token);
}

/// Frees a page of admin tokens. NULL is allowed.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn provkey_admin_token_page_free(tokens: *mut provkey_admin_token_page) {
    handle::free(tokens);
}
