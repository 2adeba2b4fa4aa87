//! The fingerprint of the machine that a connector runs on.

use core::ffi::c_char;

use provkey::key::Fingerprint;

use crate::argument::{buffer, check_pointer, output};
use crate::call::{call, call_for};
use crate::error::provkey_error;
use crate::failure::Failure;
use crate::status::{PROVKEY_STATUS_FINGERPRINT_EMPTY, provkey_status};

/// A machine's fingerprint as it is sent and stored: the left 128 bits of
/// HMAC-SHA256("provkey/1/fingerprint", material). It is not a secret.
#[repr(C)]
#[derive(Clone, Copy)]
pub struct provkey_fingerprint {
    /// Its bytes.
    pub bytes: [u8; 16],
}

/// Size of a fingerprint as text: 32 digits and a NUL.
pub const PROVKEY_FINGERPRINT_TEXT_SIZE: usize = 33;

/// Computes a machine's fingerprint from its material: a machine id, a serial number, or a key that
/// a TPM or a keystore derives. The material never leaves the machine. Material that can be guessed
/// detects accidental clones, but stops no attacker.
///
/// Errors: `fingerprint_empty`.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn provkey_fingerprint_of(
    material: *const u8,
    material_len: usize,
    fingerprint: *mut provkey_fingerprint,
    error: *mut *mut provkey_error,
) -> provkey_status {
    call_for((fingerprint, "fingerprint"), error, || {
        let material = buffer(material, material_len, "material")?;
        if material.is_empty() {
            return Err(Failure::new(
                PROVKEY_STATUS_FINGERPRINT_EMPTY,
                "the fingerprint material of this machine is empty",
            ));
        }
        let bytes = *Fingerprint::of_raw(material).as_bytes();
        Ok(provkey_fingerprint { bytes })
    })
}

/// Writes a fingerprint as 32 hexadecimal digits and a NUL into
/// `text[PROVKEY_FINGERPRINT_TEXT_SIZE]`.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn provkey_fingerprint_text(
    fingerprint: *const provkey_fingerprint,
    text: *mut c_char,
    error: *mut *mut provkey_error,
) -> provkey_status {
    call(error, || {
        check_pointer(fingerprint, "fingerprint")?;
        let fingerprint = Fingerprint::from_bytes((*fingerprint).bytes);
        let text = output(text.cast::<[u8; PROVKEY_FINGERPRINT_TEXT_SIZE]>(), "text")?;
        let mut bytes = [0; PROVKEY_FINGERPRINT_TEXT_SIZE];
        let digits = format!("{fingerprint}");
        bytes.iter_mut().zip(digits.bytes()).for_each(|(byte, digit)| *byte = digit);
        text.set(bytes);
        Ok(())
    })
}

/// The fingerprint that an argument points to; `None` for NULL.
///
/// # Safety
/// The pointer is NULL or to a fingerprint.
pub(crate) unsafe fn optional_fingerprint(
    pointer: *const provkey_fingerprint,
) -> Option<Fingerprint> {
    // Bytes have no alignment.
    pointer.as_ref().map(|fingerprint| Fingerprint::from_bytes(fingerprint.bytes))
}
