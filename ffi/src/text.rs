//! Texts from C: UTF-8, NUL-terminated.

use core::ffi::c_char;
use core::{slice, str};

use crate::argument::check_pointer;
use crate::failure::Failure;
use crate::status::{PROVKEY_STATUS_TEXT_NOT_UTF8, PROVKEY_STATUS_TEXT_TOO_LONG};

/// Longest C string, in bytes without its NUL.
const TEXT_BYTES_MAX: usize = 4096;
/// A NUL-terminated text in UTF-8.
///
/// # Safety The pointer is NULL or to a NUL-terminated string that does not change during the call.
pub(crate) unsafe fn text<'a>(
    pointer: *const c_char,
    name: &'static str,
) -> Result<&'a str, Failure> {
    check_pointer(pointer, name)?;
    // SAFETY: as the caller says; nothing is read beyond the NUL.
    let nul = (0..=TEXT_BYTES_MAX).find(|&at| unsafe { *pointer.add(at) } == 0);
    let Some(len) = nul else {
        return Err(Failure::argument(PROVKEY_STATUS_TEXT_TOO_LONG, name, "is too long"));
    };
    // SAFETY: these bytes were just read.
    let bytes = unsafe { slice::from_raw_parts(pointer.cast(), len) };
    str::from_utf8(bytes)
        .map_err(|_| Failure::argument(PROVKEY_STATUS_TEXT_NOT_UTF8, name, "is not UTF-8"))
}

/// A text; `None` for NULL.
///
/// # Safety
/// As for [`text`].
pub(crate) unsafe fn optional_text<'a>(
    pointer: *const c_char,
    name: &'static str,
) -> Result<Option<&'a str>, Failure> {
    if pointer.is_null() {
        return Ok(None);
    }
    // SAFETY: as the caller says.
    unsafe { text(pointer, name) }.map(Some)
}
