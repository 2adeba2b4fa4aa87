//! Errors as C reads them.

use core::ffi::c_char;

use crate::backing::Backing;
use crate::failure::Failure;
use crate::handle::{self, provkey_header, record};
use crate::record::Describe;
use crate::status::{provkey_status, provkey_status_code};

/// Why a call failed. Holds no secret and no key text. Freed with `provkey_error_free`.
///
/// `positions` and the fields after it explain a key text that could not be read: see
/// `provkey_provisioning_key_read`.
#[repr(C)]
pub struct provkey_error {
    /// The header.
    pub header: provkey_header,
    /// The status that the call returned.
    pub status: provkey_status,
    /// Whether the same call may succeed later by itself.
    pub retryable: bool,
    /// Whether the change may have happened: the store does not know, or the library itself failed.
    /// Asking again settles it and counts nothing twice. If this is false, nothing was changed.
    pub outcome_unknown: bool,
    /// The stable code, such as `key_exhausted`: the same in every language, over HTTP and in the
    /// audit trail.
    pub code: *const c_char,
    /// A sentence for people to read.
    pub message: *const c_char,
    /// Where a key text is wrong: indexes of characters in `shown`, from 0.
    pub positions: *const usize,
    /// The number of positions.
    pub positions_len: usize,
    /// The cleaned key text in UTF-8. Wrong characters are shown as they are; U+00B7 replaces every
    /// other character that may be part of the secret. NULL: nothing can be shown.
    pub shown: *const c_char,
    /// A line to print under `shown`, with `^` under each position. NULL if `shown` is NULL.
    pub marks: *const c_char,
    /// At least how many characters are missing; 0: none.
    pub missing: usize,
    /// At least how many characters are too many; 0: none.
    pub extra: usize,
    /// Whether `provkey_provisioning_key_repair` can repair the key text.
    pub repairable: bool,
}

record!(provkey_error, 0x706b_0002, Backing);

/// Frees an error. NULL is allowed.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn provkey_error_free(error: *mut provkey_error) {
    handle::free(error);
}

impl Describe<Failure> for provkey_error {
    fn describe(header: provkey_header, failure: &Failure, backing: &mut Backing) -> Self {
        let finding = failure.key_text.as_deref();
        let positions = finding.map_or(&[][..], |finding| &finding.positions);
        let shown = finding.filter(|finding| !finding.shown.is_empty());
        Self {
            header,
            status: failure.status,
            retryable: failure.retryable,
            outcome_unknown: failure.outcome_unknown,
            code: provkey_status_code(failure.status),
            message: backing.text(&failure.message),
            positions: backing.numbers(positions),
            positions_len: positions.len(),
            shown: backing.optional_text(shown.map(|finding| finding.shown.as_str())),
            marks: backing.optional_text(shown.map(|finding| finding.marks.as_str())),
            missing: finding.map_or(0, |finding| finding.missing),
            extra: finding.map_or(0, |finding| finding.extra),
            repairable: finding.is_some_and(|finding| finding.repairable),
        }
    }
}
