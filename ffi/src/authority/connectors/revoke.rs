//! Revocation of one connector, or of all that a provisioning key enrolled.

use core::ffi::c_char;

use provkey::authority::Compromise;
use provkey::x509::RevocationReason;

use crate::authority::id::read_id;
use crate::authority::page::moment;
use crate::authority::{provkey_authority, run, write};
use crate::error::provkey_error;
use crate::failure::Failure;
use crate::status::provkey_status;
use crate::text::optional_text;

/// The result of reporting a key as compromised.
#[repr(C)]
#[derive(Clone, Copy)]
pub struct provkey_compromised {
    /// The number of connectors that it enrolled, including those revoked before.
    pub connectors: u64,
    /// How many of them this call revoked, or would revoke.
    pub revoked: u64,
}

/// Revokes a connector permanently: its certificates are on the next CRL, and its public key never
/// enrolls again. `reason`: a name of RFC 5280, 5.3.1, such as `keyCompromise`; NULL: unspecified.
///
/// Errors: `connector_not_found`, `value_unknown` for an unknown reason, those of the store.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn provkey_authority_revoke_connector(
    authority: *const provkey_authority,
    id: *const c_char,
    reason: *const c_char,
    error: *mut *mut provkey_error,
) -> provkey_status {
    run(authority, error, |authority| {
        let id = read_id(id, "id")?;
        let reason = match optional_text(reason, "reason")? {
            None => RevocationReason::Unspecified,
            Some(name) => RevocationReason::parse(name).map_err(|_| Failure::unknown("reason"))?,
        };
        Ok(authority.revoke_connector(id, reason)?)
    })
}

/// Records that a key is compromised, which is final, then revokes its connectors with the reason
/// `keyCompromise`. The key may have been deleted. If the call fails halfway, repeat it.
/// `since_ms`: revoke only connectors that enrolled from this moment on; 0: all. `dry_run` other
/// than 0: only count them and change nothing.
///
/// Errors: `key_not_found`, those of the store.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn provkey_authority_compromise_key(
    authority: *const provkey_authority,
    id: *const c_char,
    since_ms: u64,
    dry_run: u32,
    compromised: *mut provkey_compromised,
    error: *mut *mut provkey_error,
) -> provkey_status {
    write(authority, (compromised, "compromised"), error, |authority| {
        let id = read_id(id, "id")?;
        let compromise = Compromise::default().since(moment(since_ms)).dry_run(dry_run != 0);
        let done = authority.compromise_key(id, &compromise)?;
        let (connectors, revoked) = (done.connectors, done.revoked);
        Ok(provkey_compromised { connectors, revoked })
    })
}
