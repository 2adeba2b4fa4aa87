//! Byte strings: borrowed and owned.

use zeroize::Zeroizing;

use crate::handle::{self, record};

/// Borrowed bytes, which live as long as the struct that holds the slice. An empty slice has `len`
/// 0 and any `data`, NULL included.
#[repr(C)]
#[derive(Clone, Copy)]
pub struct provkey_slice {
    /// The first byte.
    pub data: *const u8,
    /// The number of bytes.
    pub len: usize,
}

/// Bytes that the caller owns and frees with `provkey_bytes_free`, which wipes them. A NUL byte
/// follows them, so that a text is a C string.
#[repr(C)]
pub struct provkey_bytes {
    /// The header.
    pub header: handle::provkey_header,
    /// The first byte. Never NULL.
    pub data: *const u8,
    /// The number of bytes, without the NUL byte that follows them.
    pub len: usize,
}

record!(provkey_bytes, 0x706b_0001, Zeroizing<Vec<u8>>);

/// Wipes and frees bytes. NULL is allowed.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn provkey_bytes_free(bytes: *mut provkey_bytes) {
    handle::free(bytes);
}

/// Hands out a copy of the bytes, which is wiped when it is freed. Wiping `bytes` is up to the
/// caller.
pub(crate) fn hand_out(bytes: &[u8]) -> *mut provkey_bytes {
    // Allocated at full length: growing would leave unwiped copies behind.
    let mut copy = Zeroizing::new(Vec::with_capacity(bytes.len() + 1));
    copy.extend_from_slice(bytes);
    copy.push(0);
    let header = handle::header::<provkey_bytes>();
    let head = provkey_bytes { header, data: copy.as_ptr(), len: bytes.len() };
    handle::hand_out_record(head, copy)
}
