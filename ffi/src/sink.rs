//! Sinks: callbacks write their results into them, so that no memory changes its owner.
//!
//! A sink lives on the stack of the call that passes it to a callback.

use core::mem;

use crate::argument::buffer;
use crate::call::call;
use crate::failure::Failure;
use crate::handle::{self, Handle, opaque, provkey_header};
use crate::status::{PROVKEY_STATUS_ARGUMENT_TOO_LARGE, provkey_status};

/// Most bytes that a sink for bytes takes. No signature has that many.
const SINK_BYTES_MAX: usize = 16 * 1024;

/// Where a callback writes bytes. Valid until the callback returns, on its thread only.
pub struct provkey_bytes_sink {
    _opaque: [u8; 0],
}

opaque!(provkey_bytes_sink, 0x706b_0006, Vec<u8>);

/// Appends bytes to a sink.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn provkey_bytes_sink_write(
    sink: *mut provkey_bytes_sink,
    bytes: *const u8,
    len: usize,
) -> provkey_status {
    // SAFETY: the rules of the header.
    unsafe {
        call(core::ptr::null_mut(), || {
            let bytes = buffer(bytes, len, "bytes")?;
            let written = contents(sink)?;
            if written.len() + bytes.len() > SINK_BYTES_MAX {
                return Err(Failure::new(
                    PROVKEY_STATUS_ARGUMENT_TOO_LARGE,
                    "more bytes than a sink takes",
                ));
            }
            written.extend_from_slice(bytes);
            Ok(())
        })
    }
}

/// A sink, and what has been written to it.
#[repr(C)]
pub(crate) struct Sink<T: Handle> {
    header: provkey_header,
    value: T::Value,
}

impl<T: Handle<Head = provkey_header>> Sink<T> {
    pub(crate) fn new(value: T::Value) -> Self {
        Self { header: handle::header::<T>(), value }
    }

    /// The pointer that a callback gets.
    pub(crate) fn as_pointer(&mut self) -> *mut T {
        (&raw mut *self).cast()
    }

    pub(crate) fn into_value(mut self) -> T::Value
    where
        T::Value: Default,
    {
        mem::take(&mut self.value)
    }
}

/// The contents of a sink that a callback passed back.
///
/// # Safety The pointer is NULL, or to a sink of the call that runs on this thread.
pub(crate) unsafe fn contents<'a, T: Handle<Head = provkey_header>>(
    sink: *mut T,
) -> Result<&'a mut T::Value, Failure> {
    // SAFETY: it begins with a header.
    unsafe { handle::check::<T>(sink.cast(), "sink") }?;
    // SAFETY: its kind says so, and only the callback uses it now.
    Ok(unsafe { &mut (*sink.cast::<Sink<T>>()).value })
}
