//! Errors, as C sees them.

use core::ffi::c_char;
use core::fmt::Display;
use std::borrow::Cow;

use provkey::connector;
use provkey::key::{HostError, KeyTextError};
use provkey::process::UsedAfterFork;
use provkey::random::RandomError;
use provkey::x509::{CertificateError, PublicKeyError, SignerError};

use crate::handle::{self, record};
use crate::kept::Kept;
use crate::status::{CODES, PROVKEY_STATUS_INTERNAL_ERROR, provkey_status};

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

record!(provkey_error, 0x706b_0002, Kept);

/// Frees an error. NULL is fine.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn provkey_error_free(error: *mut provkey_error) {
    // SAFETY: the rules of the header.
    unsafe { handle::free(error) }
}

/// The code of a status, such as `key_exhausted`, as a string that lives for ever; NULL if there is
/// no such status.
#[unsafe(no_mangle)]
pub extern "C" fn provkey_status_code(status: provkey_status) -> *const c_char {
    let found = CODES.iter().find(|(number, _)| *number == status);
    found.map_or(core::ptr::null(), |(_, code)| code.as_ptr().cast())
}

/// The code that a status stands for, without the NUL at its end.
pub(crate) fn code_of(status: provkey_status) -> Option<&'static str> {
    let (_, code) = CODES.iter().find(|(number, _)| *number == status)?;
    code.strip_suffix('\0')
}

/// The status that stands for a code.
pub(crate) fn status_of(code: &str) -> provkey_status {
    let found = CODES.iter().find(|(_, known)| known.strip_suffix('\0') == Some(code));
    found.map_or(PROVKEY_STATUS_INTERNAL_ERROR, |(status, _)| *status)
}

/// Why a call failed, on its way to C.
pub(crate) struct Failure {
    status: provkey_status,
    retryable: bool,
    pub(crate) outcome_unknown: bool,
    message: Cow<'static, str>,
    key_text: Option<Box<KeyTextFinding>>,
}

/// What was found out about a key text.
struct KeyTextFinding {
    positions: Vec<usize>,
    shown: String,
    marks: String,
    missing: usize,
    extra: usize,
    repairable: bool,
}

impl Failure {
    /// A failure of this library's own, which a caller can do something about.
    pub(crate) const fn new(status: provkey_status, message: &'static str) -> Self {
        Self {
            status,
            retryable: false,
            outcome_unknown: false,
            message: Cow::Borrowed(message),
            key_text: None,
        }
    }

    /// An argument is wrong.
    pub(crate) fn argument(status: provkey_status, name: &str, what: &str) -> Self {
        Self { message: Cow::Owned(format!("{name} {what}")), ..Self::new(status, "") }
    }

    /// An error of the library.
    pub(crate) fn of(code: &str, retryable: bool, message: &dyn Display) -> Self {
        let message = Cow::Owned(message.to_string());
        Self { retryable, message, ..Self::new(status_of(code), "") }
    }

    pub(crate) const fn status(&self) -> provkey_status {
        self.status
    }

    /// The error that C gets.
    pub(crate) fn hand_out(self) -> *mut provkey_error {
        let mut kept = Kept::default();
        let finding = self.key_text.as_deref();
        let positions = finding.map_or(&[][..], |finding| &finding.positions);
        let shown = finding.filter(|finding| !finding.shown.is_empty());
        let head = provkey_error {
            header: provkey_error::HEADER,
            status: self.status,
            retryable: self.retryable,
            outcome_unknown: self.outcome_unknown,
            code: provkey_status_code(self.status),
            message: kept.text(&self.message),
            positions: kept.numbers(positions),
            positions_len: positions.len(),
            shown: kept.optional_text(shown.map(|finding| finding.shown.as_str())),
            marks: kept.optional_text(shown.map(|finding| finding.marks.as_str())),
            missing: finding.map_or(0, |finding| finding.missing),
            extra: finding.map_or(0, |finding| finding.extra),
            repairable: finding.is_some_and(|finding| finding.repairable),
        };
        handle::hand_out_record(head, kept)
    }
}

impl From<KeyTextError> for Failure {
    fn from(error: KeyTextError) -> Self {
        let finding = KeyTextFinding {
            positions: error.positions().to_vec(),
            shown: error.shown().to_string(),
            marks: error.marks(),
            missing: error.missing().unwrap_or(0),
            extra: error.extra().unwrap_or(0),
            repairable: error.repaired().is_some(),
        };
        let failure = Self::of(error.code(), error.retryable(), &error);
        Self { key_text: Some(Box::new(finding)), ..failure }
    }
}

impl From<RandomError> for Failure {
    fn from(error: RandomError) -> Self {
        connector::Error::from(error).into()
    }
}

/// Errors of the library that have a code and say whether they may pass.
macro_rules! failures {
    ($($error:ty),* $(,)?) => {$(
        impl From<$error> for Failure {
            fn from(error: $error) -> Self {
                Self::of(error.code(), error.retryable(), &error)
            }
        }
    )*};
}
#[cfg(feature = "authority")]
pub(crate) use failures;

failures! {
    CertificateError, HostError, PublicKeyError, SignerError, UsedAfterFork, connector::Error,
}
