//! Byte strings: borrowed and owned.

use zeroize::Zeroizing;

use crate::handle::{self, record};

/// Bytes of somebody else, good for as long as what they are a part of. No bytes: `data` may be
/// anything, NULL too, and `len` is 0.
#[repr(C)]
#[derive(Clone, Copy)]
pub struct provkey_slice {
    /// The first byte.
    pub data: *const u8,
    /// How many bytes there are.
    pub len: usize,
}

/// Bytes that belong to the caller, who frees them with `provkey_bytes_free`. A NUL byte stands
/// behind them, so that a text can be used as a C string. They are wiped when they are freed.
#[repr(C)]
pub struct provkey_bytes {
    /// For the library.
    pub header: handle::provkey_header,
    /// The first byte. Never NULL.
    pub data: *const u8,
    /// How many bytes there are, without the NUL byte behind them.
    pub len: usize,
}

record!(provkey_bytes, 0x706b_0001, Zeroizing<Vec<u8>>);

/// Frees bytes, and wipes them. NULL is fine.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn provkey_bytes_free(bytes: *mut provkey_bytes) {
    // SAFETY: the rules of the header.
    unsafe { handle::free(bytes) }
}

/// Hands out bytes. The copy that is handed out is wiped when it is freed; wiping `bytes` is up to
/// the caller.
pub(crate) fn hand_out(bytes: &[u8]) -> *mut provkey_bytes {
    // Long enough from the start: bytes that grew would leave copies of themselves behind.
    let mut copy = Zeroizing::new(Vec::with_capacity(bytes.len() + 1));
    copy.extend_from_slice(bytes);
    copy.push(0);
    let header = provkey_bytes::HEADER;
    let head = provkey_bytes { header, data: copy.as_ptr(), len: bytes.len() };
    handle::hand_out_record(head, copy)
}
