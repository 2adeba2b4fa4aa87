//! What the library hands out, and how it knows its own again.
//!
//! Everything that is handed out begins with a [`provkey_header`]. Its kind is checked whenever a
//! pointer comes back, so that a pointer to something else, which is easily passed from languages
//! where all pointers have one type, is an error and no crash.

use core::panic::AssertUnwindSafe;
use core::{mem, ptr};
use std::panic;

use provkey::process::Process;

use crate::failure::Failure;
use crate::status::{PROVKEY_STATUS_HANDLE_WRONG_KIND, PROVKEY_STATUS_NULL_ARGUMENT};

/// What everything begins with that the library hands out.
#[repr(C)]
#[derive(Clone, Copy)]
pub struct provkey_header {
    /// What it is. For the library alone.
    pub kind: u32,
    /// How many bytes of the struct this library has filled in. A field beyond them is one that a
    /// newer header knows and this library does not.
    pub size: u32,
}

/// What is freed already.
const FREED: u32 = 0xdead_0000;
/// A type that stands for something handed out to C.
///
/// # Safety
/// `Head` is `repr(C)` and begins with a [`provkey_header`]. If C sees fields of the type, `Head` is
/// the type itself.
pub(crate) unsafe trait Handle: Sized {
    /// What tells it from all others.
    const KIND: u32;
    /// What C may see of it.
    type Head;
    /// What is value behind that.
    type Value;
    /// Whether what is value has locks or connections, which a forked child must not touch.
    const OF_ITS_PROCESS: bool = false;
}

/// How something is laid out that was handed out.
#[repr(C)]
pub(crate) struct Block<T: Handle> {
    pub(crate) head: T::Head,
    process: Process,
    pub(crate) value: T::Value,
}

impl<T: Handle> Block<T> {
    pub(crate) fn new(head: T::Head, value: T::Value) -> Box<Self> {
        Box::new(Self { head, process: Process::current(), value })
    }
}

/// Declares what opaque types stand for: each is handed out as a header, with a value behind it.
/// `of_its_process`: the value has locks or connections.
macro_rules! opaque {
    ($type:ident, $kind:literal, $value:ty) => {
        $crate::handle::opaque!($type, $kind, $value, false);
    };
    ($type:ident, $kind:literal, $value:ty, of_its_process) => {
        $crate::handle::opaque!($type, $kind, $value, true);
    };
    ($type:ident, $kind:literal, $value:ty, $of_its_process:literal) => {
        // Any thread may use what it stands for.
        const _: () = {
            const fn shared<T: Send + Sync>() {}
            shared::<$value>();
        };
        // SAFETY: C sees no fields, and the head is a header.
        unsafe impl $crate::handle::Handle for $type {
            const KIND: u32 = $kind;
            type Head = $crate::handle::provkey_header;
            type Value = $value;
            const OF_ITS_PROCESS: bool = $of_its_process;
        }
    };
}

/// Declares a record: a struct that C reads, which begins with a header.
macro_rules! record {
    ($type:ident, $kind:literal, $value:ty) => {
        // SAFETY: the assertion below, and `repr(C)` where the struct is declared.
        unsafe impl $crate::handle::Handle for $type {
            const KIND: u32 = $kind;
            type Head = Self;
            type Value = $value;
        }
        const _: () = assert!(core::mem::offset_of!($type, header) == 0);
        impl $type {
            /// The header of one that is handed out.
            #[allow(dead_code, reason = "what is only ever part of a page has another")]
            const HEADER: $crate::handle::provkey_header = $crate::handle::header::<Self>();
        }
    };
}
pub(crate) use {opaque, record};

/// The header of something that is handed out.
pub(crate) const fn header<T: Handle>() -> provkey_header {
    provkey_header { kind: T::KIND, size: size_of::<T::Head>() as u32 }
}

/// Hands out a value whose type is opaque to C.
pub(crate) fn hand_out<T: Handle<Head = provkey_header>>(value: T::Value) -> *mut T {
    hand_out_record(header::<T>(), value)
}

/// Hands out a record, and what its pointers point to.
pub(crate) fn hand_out_record<T: Handle>(head: T::Head, value: T::Value) -> *mut T {
    Box::into_raw(Block::<T>::new(head, value)).cast()
}

/// What an argument stands for.
///
/// # Safety
/// The pointer is NULL or to something that this library handed out and has not taken back.
pub(crate) unsafe fn object<'a, T: Handle>(
    pointer: *const T,
    name: &'static str,
) -> Result<&'a T::Value, Failure> {
    let pointer: *const Block<T> = pointer.cast();
    if pointer.is_null() {
        return Err(Failure::argument(PROVKEY_STATUS_NULL_ARGUMENT, name, "is NULL"));
    }
    // SAFETY: what was handed out begins with a header.
    if !pointer.is_aligned() || unsafe { kind(pointer.cast()) } != T::KIND {
        return Err(Failure::argument(
            PROVKEY_STATUS_HANDLE_WRONG_KIND,
            name,
            "is something else, or was freed",
        ));
    }
    // SAFETY: its kind says so.
    let block = unsafe { &*pointer };
    if T::OF_ITS_PROCESS {
        block.process.check()?;
    }
    Ok(&block.value)
}

/// As [`object`]; NULL is nothing.
///
/// # Safety
/// As for [`object`].
pub(crate) unsafe fn optional_object<'a, T: Handle>(
    pointer: *const T,
    name: &'static str,
) -> Result<Option<&'a T::Value>, Failure> {
    if pointer.is_null() {
        return Ok(None);
    }
    // SAFETY: as the caller says.
    unsafe { object(pointer, name) }.map(Some)
}

/// Takes back what was handed out. Nothing happens to NULL, to what is part of something else, and
/// to what is of another kind.
///
/// # Safety
/// As for [`object`], and nothing uses it any more.
pub(crate) unsafe fn free<T: Handle>(pointer: *mut T) {
    let pointer: *mut Block<T> = pointer.cast();
    // SAFETY: what was handed out begins with a header.
    if pointer.is_null() || !pointer.is_aligned() || unsafe { kind(pointer.cast()) } != T::KIND {
        return;
    }
    // SAFETY: its kind says that it came from `hand_out_record`. The kind is overwritten first, so
    // that freeing it again is noticed as long as its memory is not used for something else.
    let block = unsafe {
        ptr::write_volatile(pointer.cast::<u32>(), FREED);
        Box::from_raw(pointer)
    };
    // To close a connection is to use it, so what was inherited is leaked.
    if T::OF_ITS_PROCESS && !block.process.is_current() {
        return mem::forget(block);
    }
    // What panics while it is dropped is not seen again.
    panic::catch_unwind(AssertUnwindSafe(|| drop(block))).unwrap_or_else(mem::forget);
}

/// The kind of something that begins with a header.
///
/// # Safety
/// The pointer is to a header, and aligned.
unsafe fn kind(pointer: *const provkey_header) -> u32 {
    // SAFETY: as the caller says. Volatile, for memory that was freed may be read here by mistake.
    unsafe { ptr::read_volatile(&raw const (*pointer).kind) }
}

#[cfg(test)]
mod tests {
    use std::sync::Arc;

    use super::*;

    struct Opaque;
    struct Other;
    opaque!(Opaque, 0x706b_fff0, Arc<()>);
    opaque!(Other, 0x706b_fff1, Arc<()>);

    #[test]
    fn a_kind_is_known_again_and_no_other() {
        let value = Arc::new(());
        let handed: *mut Opaque = hand_out(Arc::clone(&value));
        // SAFETY: it was handed out, and is freed once.
        unsafe {
            assert!(object(handed, "it").is_ok());
            assert!(optional_object(ptr::null::<Opaque>(), "it").is_ok_and(|it| it.is_none()));
            for wrong in [handed.cast::<Other>(), handed.cast::<u8>().wrapping_add(1).cast()] {
                let failure = object(wrong.cast_const(), "it").expect_err("it is of another kind");
                assert_eq!(failure.status, PROVKEY_STATUS_HANDLE_WRONG_KIND);
                free(wrong);
            }
            assert_eq!(Arc::strong_count(&value), 2);
            free(handed);
        }
        assert_eq!(Arc::strong_count(&value), 1);
    }
}
