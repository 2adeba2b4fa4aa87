//! Arguments from C, checked before they are used.

use core::mem::MaybeUninit;
use core::{ptr, slice};

use crate::failure::Failure;
use crate::status::{
    PROVKEY_STATUS_ARGUMENT_TOO_LARGE, PROVKEY_STATUS_NULL_ARGUMENT,
    PROVKEY_STATUS_STRUCT_SIZE_INVALID,
};

/// Longest buffer, in bytes. What a buffer holds has a far lower limit.
pub(crate) const BUFFER_BYTES_MAX: usize = 16 * 1024 * 1024;
/// Largest struct, in bytes.
const STRUCT_BYTES_MAX: usize = 4096;

/// Fails if a pointer is NULL or not aligned.
pub(crate) fn check_pointer<T>(pointer: *const T, name: &'static str) -> Result<(), Failure> {
    match pointer {
        pointer if pointer.is_null() => {
            Err(Failure::argument(PROVKEY_STATUS_NULL_ARGUMENT, name, "is NULL"))
        }
        pointer if !pointer.is_aligned() => {
            Err(Failure::argument(PROVKEY_STATUS_NULL_ARGUMENT, name, "is not aligned"))
        }
        _ => Ok(()),
    }
}

/// A buffer. `(NULL, 0)` is empty.
///
/// # Safety `data` is NULL or points to `len` bytes that do not change during the call.
pub(crate) unsafe fn buffer<'a>(
    data: *const u8,
    len: usize,
    name: &'static str,
) -> Result<&'a [u8], Failure> {
    match (data.is_null(), len) {
        (_, 0) => Ok(&[]),
        (true, _) => {
            Err(Failure::argument(PROVKEY_STATUS_NULL_ARGUMENT, name, "is NULL and has a length"))
        }
        (false, len) if len > BUFFER_BYTES_MAX => {
            Err(Failure::argument(PROVKEY_STATUS_ARGUMENT_TOO_LARGE, name, "is too long"))
        }
        // SAFETY: as the caller says.
        _ => Ok(unsafe { slice::from_raw_parts(data, len) }),
    }
}

/// An array of `len` items.
///
/// # Safety `items` is NULL or points to `len` items that do not change during the call.
#[cfg(feature = "authority")]
pub(crate) unsafe fn array<'a, T>(
    items: *const T,
    len: usize,
    name: &'static str,
) -> Result<&'a [T], Failure> {
    if len == 0 {
        return Ok(&[]);
    }
    check_pointer(items, name)?;
    if len > BUFFER_BYTES_MAX / size_of::<T>() {
        return Err(Failure::argument(PROVKEY_STATUS_ARGUMENT_TOO_LARGE, name, "is too long"));
    }
    // SAFETY: as the caller says.
    Ok(unsafe { slice::from_raw_parts(items, len) })
}

/// A struct that the caller has filled in.
///
/// # Safety
/// It is `repr(C)`, begins with its size as a `usize`, all bytes 0 are a value of it, and so are
/// any other bytes.
pub(crate) unsafe trait Plain: Copy {
    /// Its size in the first version of this library that had it.
    const SIZE_MIN: usize;
}

/// Declares structs that callers fill in.
macro_rules! plain {
    ($($type:ident),* $(,)?) => {$(
        // SAFETY: they are declared `repr(C)`, of numbers and pointers.
        unsafe impl $crate::argument::Plain for $type {
            const SIZE_MIN: usize = size_of::<Self>();
        }
        const _: () = assert!(core::mem::offset_of!($type, struct_size) == 0);
    )*};
}
pub(crate) use plain;

/// A struct that the caller filled in. Fields that an older header lacks are 0; fields that only a
/// newer header knows must be 0.
///
/// # Safety The pointer is NULL or to a struct that begins with its own size and does not change
/// during the call.
pub(crate) unsafe fn structure<T: Plain>(
    pointer: *const T,
    name: &'static str,
) -> Result<T, Failure> {
    check_pointer(pointer, name)?;
    // SAFETY: it begins with its size.
    let size = unsafe { *pointer.cast::<usize>() };
    let wrong = |what| Err(Failure::argument(PROVKEY_STATUS_STRUCT_SIZE_INVALID, name, what));
    if !(T::SIZE_MIN..=STRUCT_BYTES_MAX).contains(&size) {
        return wrong("has a wrong struct_size");
    }
    let bytes: *const u8 = pointer.cast();
    // SAFETY: as the caller says, all of its bytes are there.
    if (size_of::<T>()..size).any(|at| unsafe { *bytes.add(at) } != 0) {
        return wrong("has fields that this version of libprovkey does not know");
    }
    let mut copy = MaybeUninit::<T>::zeroed();
    // SAFETY: both have that many bytes, and all bytes 0 are a value.
    unsafe {
        ptr::copy_nonoverlapping(bytes, copy.as_mut_ptr().cast(), size.min(size_of::<T>()));
        Ok(copy.assume_init())
    }
}

/// A struct that the caller filled in; `None` for NULL.
///
/// # Safety
/// As for [`structure`].
#[cfg(feature = "authority")]
pub(crate) unsafe fn optional_structure<T: Plain>(
    pointer: *const T,
    name: &'static str,
) -> Result<Option<T>, Failure> {
    if pointer.is_null() {
        return Ok(None);
    }
    // SAFETY: as the caller says.
    unsafe { structure(pointer, name) }.map(Some)
}

/// An output argument: checked at the beginning of a call, written at its end.
pub(crate) struct Output<T>(*mut T);

impl<T> Output<T> {
    pub(crate) fn set(self, value: T) {
        // SAFETY: `output` checked it.
        unsafe { self.0.write(value) }
    }
}

/// # Safety
/// The pointer is NULL or to where a `T` may be written.
pub(crate) unsafe fn output<T>(pointer: *mut T, name: &'static str) -> Result<Output<T>, Failure> {
    check_pointer(pointer, name)?;
    Ok(Output(pointer))
}

/// An output argument that may be NULL.
///
/// # Safety
/// As for [`output`].
pub(crate) unsafe fn optional_output<T>(
    pointer: *mut T,
    name: &'static str,
) -> Result<Option<Output<T>>, Failure> {
    if pointer.is_null() {
        return Ok(None);
    }
    // SAFETY: as the caller says.
    unsafe { output(pointer, name) }.map(Some)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[repr(C)]
    #[derive(Clone, Copy)]
    struct Grown {
        struct_size: usize,
        first: u64,
        second: u64,
    }

    // SAFETY: it consists of numbers. Its field `second` came in a later version.
    unsafe impl Plain for Grown {
        const SIZE_MIN: usize = 16;
    }

    /// What `structure` reads if the caller's header says `size`.
    fn read(size: usize, rest: [u64; 3]) -> Result<(u64, u64), i32> {
        let input = [size as u64, rest[0], rest[1], rest[2]];
        // SAFETY: the size is at most that of the array, or is refused.
        let read = unsafe { structure(input.as_ptr().cast::<Grown>(), "it") };
        read.map(|it| (it.first, it.second)).map_err(|failure| failure.status)
    }

    #[test]
    fn structs_of_older_and_newer_headers_are_read() {
        assert_eq!(read(24, [1, 2, 3]), Ok((1, 2)));
        assert_eq!(read(16, [1, 2, 3]), Ok((1, 0)));
        assert_eq!(read(32, [1, 2, 0]), Ok((1, 2)));
        for (size, rest) in [(32, [1, 2, 3]), (15, [1, 2, 0]), (0, [1, 2, 0]), (4097, [1, 2, 0])] {
            assert_eq!(read(size, rest), Err(PROVKEY_STATUS_STRUCT_SIZE_INVALID), "{size}");
        }
    }

    #[test]
    fn a_buffer_that_is_too_long_is_not_read() {
        let one = 7_u8;
        // SAFETY: the length is refused before anything is read.
        let refused = unsafe { buffer(&raw const one, usize::MAX, "it") };
        assert!(refused.is_err_and(|it| it.status == PROVKEY_STATUS_ARGUMENT_TOO_LARGE));
        // SAFETY: nothing is read.
        let empty = unsafe { buffer(ptr::null(), 0, "it") };
        assert!(empty.is_ok_and(<[u8]>::is_empty));
        // SAFETY: likewise.
        let refused = unsafe { buffer(ptr::null(), 1, "it") };
        assert!(refused.is_err_and(|it| it.status == PROVKEY_STATUS_NULL_ARGUMENT));
    }
}
