//! The version of the library.

use core::ffi::c_char;

/// The major version of this header.
pub const PROVKEY_VERSION_MAJOR: u32 = 0;
/// The minor version of this header.
pub const PROVKEY_VERSION_MINOR: u32 = 1;
/// The patch version of this header.
pub const PROVKEY_VERSION_PATCH: u32 = 0;
/// The number of the ABI. When it changes, programs must be built again, and the name of the shared
/// library, `libprovkey.so.N`, changes with it.
pub const PROVKEY_ABI_VERSION: u32 = 1;

/// Returns the version of this library, such as `0.1.0`. The string is static.
#[unsafe(no_mangle)]
pub extern "C" fn provkey_version() -> *const c_char {
    concat!(env!("CARGO_PKG_VERSION"), "\0").as_ptr().cast()
}

/// Returns the ABI number of this library. A program that loads the library at run time compares it
/// with `PROVKEY_ABI_VERSION`.
#[unsafe(no_mangle)]
pub extern "C" fn provkey_abi_version() -> u32 {
    PROVKEY_ABI_VERSION
}

/// Panics, to show that a panic becomes a status.
#[cfg(feature = "test-faults")]
#[unsafe(no_mangle)]
pub unsafe extern "C" fn provkey_test_panic(
    error: *mut *mut crate::error::provkey_error,
) -> crate::status::provkey_status {
    #[expect(clippy::panic, reason = "this is what it is for")]
    crate::call::call(error, || panic!("asked for"))
}

#[cfg(test)]
mod tests {
    use core::ffi::CStr;

    use super::*;

    #[test]
    fn the_version_is_cargos() {
        let numbers = [PROVKEY_VERSION_MAJOR, PROVKEY_VERSION_MINOR, PROVKEY_VERSION_PATCH];
        let [major, minor, patch] = numbers;
        assert_eq!(format!("{major}.{minor}.{patch}"), env!("CARGO_PKG_VERSION"));
        let define = format!("#define PROVKEY_VERSION \"{}\"", env!("CARGO_PKG_VERSION"));
        assert!(include_str!("../../include/provkey.h").contains(&define));
        // SAFETY: it is a C string that lives for ever.
        let version = unsafe { CStr::from_ptr(provkey_version()) };
        assert_eq!(version.to_str(), Ok(env!("CARGO_PKG_VERSION")));
    }
}
