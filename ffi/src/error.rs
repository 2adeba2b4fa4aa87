//! Errors, as C sees them.

use core::ffi::c_char;

use crate::backing::Backing;
use crate::failure::Failure;
use crate::handle::{self, record};
use crate::status::{provkey_status, provkey_status_code};

/// Why a call did not do what it was called for. Holds no secret and no key text. The caller frees
/// it with `provkey_error_free`.
///
/// The positions and what stands behind them are of a key text that was read, see
/// `provkey_provisioning_key_read`.
#[repr(C)]
pub struct provkey_error {
    /// For the library.
    pub header: handle::provkey_header,
    /// The status that the call returned.
    pub status: provkey_status,
    /// Whether the same call may succeed later without anybody doing anything.
    pub retryable: bool,
    /// Whether it is not known if what was asked for has happened: the store does not know, or this
    /// library failed. Asking again finds out, and counts nothing twice. Of all other errors it is
    /// known: nothing was changed.
    pub outcome_unknown: bool,
    /// The stable code, such as `key_exhausted`: the same in every language, over HTTP and in the
    /// audit trail.
    pub code: *const c_char,
    /// A sentence for people.
    pub message: *const c_char,
    /// Where a key text is wrong: in characters of the cleaned text, counted from 0.
    pub positions: *const usize,
    /// How many positions there are.
    pub positions_len: usize,
    /// The cleaned key text in UTF-8, with U+00B7 for each character that may be part of the secret;
    /// what is wrong is shown as it is. NULL: nothing can be shown.
    pub shown: *const c_char,
    /// A line to be printed under `shown`, with `^` under every position. NULL if `shown` is.
    pub marks: *const c_char,
    /// How many characters are missing, at least; 0 if none are.
    pub missing: usize,
    /// How many characters are too many, at least; 0 if none are.
    pub extra: usize,
    /// Whether `provkey_provisioning_key_repair` has a repair of the key text to offer.
    pub repairable: bool,
}

record!(provkey_error, 0x706b_0002, Backing);

/// Frees an error. NULL is fine.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn provkey_error_free(error: *mut provkey_error) {
    // SAFETY: the rules of the header.
    unsafe { handle::free(error) }
}

/// Hands out the error that C reads.
pub(crate) fn hand_out(failure: &Failure) -> *mut provkey_error {
    let mut backing = Backing::default();
    let finding = failure.key_text.as_deref();
    let positions = finding.map_or(&[][..], |finding| &finding.positions);
    let shown = finding.filter(|finding| !finding.shown.is_empty());
    let head = provkey_error {
        header: provkey_error::HEADER,
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
    };
    handle::hand_out_record(head, backing)
}
