//! Handles: what the library hands out, and how it recognizes it.
//!
//! Everything that is handed out begins with a [`provkey_header`]. Its kind is checked whenever a
//! pointer comes back: a pointer to another object, easily passed from languages where all pointers
//! have one type, is an error and not a crash.

use core::panic::AssertUnwindSafe;
use core::{mem, ptr};
use std::panic;

use provkey::process::Process;

use crate::failure::Failure;
use crate::status::{PROVKEY_STATUS_HANDLE_WRONG_KIND, PROVKEY_STATUS_NULL_ARGUMENT};

/// The beginning of everything that the library hands out.
#[repr(C)]
#[derive(Clone, Copy)]
pub struct provkey_header {
    /// The kind of object. Only the library reads it.
    pub kind: u32,
    /// How many bytes of the struct this library has filled in. Fields beyond them are unknown to
    /// this library: the header is newer.
    pub size: u32,
}

/// The kind of a freed object.
const FREED: u32 = 0xdead_0000;
/// A type that C has a pointer to.
///
/// # Safety `Head` is `repr(C)` and begins with a [`provkey_header`]. If C sees fields of the type,
/// `Head` is the type itself.
pub(crate) unsafe trait Handle: Sized {
    /// The kind, which no other type has.
    const KIND: u32;
    /// The fields that C may read.
    type Head;
    /// What lies behind them, unseen by C.
    type Value;
    /// Whether the value has locks or connections, which a forked child must not touch.
    const OF_ITS_PROCESS: bool = false;
}

/// The layout of everything that is handed out.
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

/// Declares an opaque type: C gets a header, with a value behind it. `of_its_process`: the value
/// has locks or connections.
macro_rules! opaque {
    ($type:ident, $kind:literal, $value:ty) => {
        $crate::handle::opaque!($type, $kind, $value, false);
    };
    ($type:ident, $kind:literal, $value:ty, of_its_process) => {
        $crate::handle::opaque!($type, $kind, $value, true);
    };
    ($type:ident, $kind:literal, $value:ty, $of_its_process:literal) => {
        // Any thread may use the value.
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

/// Declares a record: a struct that begins with a header, and whose fields C reads.
macro_rules! record {
    ($type:ident, $kind:literal, $value:ty) => {
        // SAFETY: the assertion below, and `repr(C)` where the struct is declared.
        unsafe impl $crate::handle::Handle for $type {
            const KIND: u32 = $kind;
            type Head = Self;
            type Value = $value;
        }
        const _: () = assert!(core::mem::offset_of!($type, header) == 0);
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

/// Hands out a record, and the memory that its pointers point to.
pub(crate) fn hand_out_record<T: Handle>(head: T::Head, value: T::Value) -> *mut T {
    Box::into_raw(Block::<T>::new(head, value)).cast()
}

/// The value behind an argument.
///
/// # Safety
/// The pointer is NULL or to something that this library handed out and has not taken back.
pub(crate) unsafe fn object<'a, T: Handle>(
    pointer: *const T,
    name: &'static str,
) -> Result<&'a T::Value, Failure> {
    // SAFETY: what was handed out begins with a header.
    unsafe { check::<T>(pointer.cast(), name) }?;
    // SAFETY: its kind says so.
    let block = unsafe { &*pointer.cast::<Block<T>>() };
    if T::OF_ITS_PROCESS {
        block.process.check()?;
    }
    Ok(&block.value)
}

/// As [`object`], but NULL is `None`.
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

/// Frees a handle. NULL, an item of a page and a handle of another kind are left alone.
///
/// # Safety As for [`object`], and no call uses the object any more.
pub(crate) unsafe fn free<T: Handle>(pointer: *mut T) {
    // SAFETY: what was handed out begins with a header.
    if pointer.is_null() || !unsafe { is_kind::<T>(pointer.cast()) } {
        return;
    }
    let pointer: *mut Block<T> = pointer.cast();
    // SAFETY: its kind says that it came from `hand_out_record`. The kind is overwritten first: a
    // second free is noticed as long as the memory is not reused.
    let block = unsafe {
        ptr::write_volatile(pointer.cast::<u32>(), FREED);
        Box::from_raw(pointer)
    };
    // Closing an inherited connection would use it, so the child leaks it.
    if T::OF_ITS_PROCESS && !block.process.is_current() {
        return mem::forget(block);
    }
    // A value that panics in its `drop` is not used again.
    panic::catch_unwind(AssertUnwindSafe(|| drop(block))).unwrap_or_else(mem::forget);
}

/// Fails unless a pointer is to the header of a `T`.
///
/// # Safety
/// The pointer is NULL or to a header.
pub(crate) unsafe fn check<T: Handle>(
    pointer: *const provkey_header,
    name: &'static str,
) -> Result<(), Failure> {
    if pointer.is_null() {
        return Err(Failure::argument(PROVKEY_STATUS_NULL_ARGUMENT, name, "is NULL"));
    }
    // SAFETY: as the caller says.
    if !unsafe { is_kind::<T>(pointer) } {
        let what = "is another kind of object, or was freed";
        return Err(Failure::argument(PROVKEY_STATUS_HANDLE_WRONG_KIND, name, what));
    }
    Ok(())
}

/// Whether a header is that of a `T`.
///
/// # Safety
/// The pointer is to a header, unless it is not aligned.
unsafe fn is_kind<T: Handle>(pointer: *const provkey_header) -> bool {
    // SAFETY: as the caller says. Volatile, because a caller may pass freed memory by mistake.
    pointer.cast::<Block<T>>().is_aligned()
        && unsafe { ptr::read_volatile(&raw const (*pointer).kind) } == T::KIND
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
    fn a_handle_of_another_kind_is_refused() {
        let value = Arc::new(());
        let handed: *mut Opaque = hand_out(Arc::clone(&value));
        // SAFETY: it was handed out, and is freed once.
        unsafe {
            assert!(object(handed, "it").is_ok());
            assert!(optional_object(ptr::null::<Opaque>(), "it").is_ok_and(|it| it.is_none()));
            for wrong in [handed.cast::<Other>(), handed.cast::<u8>().wrapping_add(1).cast()] {
                let failure = object(wrong.cast_const(), "it").expect_err("its kind is another");
                assert_eq!(failure.status, PROVKEY_STATUS_HANDLE_WRONG_KIND);
                free(wrong);
            }
            assert_eq!(Arc::strong_count(&value), 2);
            free(handed);
        }
        assert_eq!(Arc::strong_count(&value), 1);
    }
}
