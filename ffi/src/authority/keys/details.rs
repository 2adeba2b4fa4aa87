//! Provisioning keys as an operator sees them.

use core::ffi::c_char;

use provkey::authority::{KeyDetails, KeyState};

use crate::authority::page::number;
use crate::backing::Backing;
use crate::constants::{Constants, constant_for};
use crate::handle::{self, provkey_header, record};
use crate::record::Describe;

/// Whether a key can enroll connectors, or the first reason why not.
pub type provkey_key_state = u32;

/// It enrolls connectors.
pub const PROVKEY_KEY_STATE_USABLE: provkey_key_state = 1;
/// All of its uses are spent.
pub const PROVKEY_KEY_STATE_EXHAUSTED: provkey_key_state = 2;
/// It is disabled.
pub const PROVKEY_KEY_STATE_DISABLED: provkey_key_state = 3;
/// It has expired.
pub const PROVKEY_KEY_STATE_EXPIRED: provkey_key_state = 4;
/// It was reported as compromised. This is final.
pub const PROVKEY_KEY_STATE_COMPROMISED: provkey_key_state = 5;

pub(super) const KEY_STATES: &Constants<KeyState> = &[
    (PROVKEY_KEY_STATE_USABLE, KeyState::Usable),
    (PROVKEY_KEY_STATE_EXHAUSTED, KeyState::Exhausted),
    (PROVKEY_KEY_STATE_DISABLED, KeyState::Disabled),
    (PROVKEY_KEY_STATE_EXPIRED, KeyState::Expired),
    (PROVKEY_KEY_STATE_COMPROMISED, KeyState::Compromised),
];

/// A provisioning key without its secret. Freed with `provkey_key_details_free`.
#[repr(C)]
pub struct provkey_key_details {
    /// The header.
    pub header: provkey_header,
    /// Its id, which logs and listings show.
    pub id: *const c_char,
    /// Its name, unique among keys.
    pub name: *const c_char,
    /// The host that its text is for.
    pub host: *const c_char,
    /// The id of the group that its connectors join.
    pub group: *const c_char,
    /// The name of that group when the key was read.
    pub group_name: *const c_char,
    /// The id of the enrollment certificate that signs its connectors' certificates.
    pub certificate: *const c_char,
    /// The name of that certificate when the key was read.
    pub certificate_name: *const c_char,
    /// How many connectors may enroll.
    pub max_uses: u64,
    /// How many have enrolled. More than `max_uses` if that was lowered.
    pub used: u64,
    /// When a connector last enrolled, in Unix milliseconds; 0: never.
    pub last_used_at_ms: u64,
    /// When it expires, in Unix milliseconds; 0: never.
    pub expires_at_ms: u64,
    /// When it was created, in Unix milliseconds.
    pub created_at_ms: u64,
    /// The version of the key, for `provkey_key_update`. Edits change it, uses do not.
    pub version: u64,
    /// The CIDR ranges that connectors may enroll from. None: any address. Renewals are not
    /// restricted.
    pub allowed_addresses: *const *const c_char,
    /// The number of ranges.
    pub allowed_addresses_len: usize,
    /// Its state when it was read.
    pub state: provkey_key_state,
    /// Whether it is enabled.
    pub enabled: bool,
    /// Whether it must be proven inside the CSR, and its text beside a CSR is refused.
    pub proof_only: bool,
    /// Whether its text may be copied and downloaded. False once it is exhausted or compromised.
    pub copyable: bool,
    /// When it was reported as compromised, in Unix milliseconds; 0: it was not.
    pub compromised_at_ms: u64,
}

record!(provkey_key_details, 0x706b_010f, Backing);

impl Describe<KeyDetails> for provkey_key_details {
    fn describe(header: provkey_header, key: &KeyDetails, backing: &mut Backing) -> Self {
        let ranges: Vec<_> = key.allowed_addresses.iter().map(ToString::to_string).collect();
        let ranges: Vec<_> = ranges.iter().map(String::as_str).collect();
        Self {
            header,
            id: backing.text(key.id.as_str()),
            name: backing.text(key.name.as_str()),
            host: backing.text(key.host.as_str()),
            group: backing.text(key.group.id.as_str()),
            group_name: backing.text(&key.group.name),
            certificate: backing.text(key.certificate.id.as_str()),
            certificate_name: backing.text(&key.certificate.name),
            max_uses: key.max_uses,
            used: key.used,
            last_used_at_ms: number(key.last_used_at),
            expires_at_ms: number(key.expires_at),
            created_at_ms: key.created_at.unix_ms(),
            version: key.version,
            allowed_addresses: backing.texts(&ranges),
            allowed_addresses_len: ranges.len(),
            state: constant_for(KEY_STATES, &key.state).unwrap_or(0),
            enabled: key.enabled,
            proof_only: key.proof_only,
            copyable: key.copyable(),
            compromised_at_ms: number(key.compromised_at),
        }
    }
}

/// Frees the details of a key. NULL is allowed; an item of a page is left alone.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn provkey_key_details_free(key: *mut provkey_key_details) {
    handle::free(key);
}
