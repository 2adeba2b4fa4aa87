//! The funnel that every export goes through.

use core::any::Any;
use core::mem;
use core::panic::AssertUnwindSafe;
use std::panic;

use crate::argument::output;
use crate::error::provkey_error;
use crate::failure::Failure;
use crate::memory;
use crate::record;
use crate::status::{
    PROVKEY_STATUS_INTERNAL_ERROR, PROVKEY_STATUS_OK, PROVKEY_STATUS_OUT_OF_MEMORY, provkey_status,
};

/// Runs the work of an export. A failure becomes a status, and an error if the caller wants one. So
/// does a panic, which is stopped here.
///
/// # Safety
/// `error` is NULL or to a pointer that may be overwritten.
pub(crate) unsafe fn call(
    error: *mut *mut provkey_error,
    work: impl FnOnce() -> Result<(), Failure>,
) -> provkey_status {
    memory::unwind_when_it_runs_out();
    // Whatever a panic leaves half done is behind a lock that notices it, or is not used again.
    let done = panic::catch_unwind(AssertUnwindSafe(|| match work() {
        Ok(()) => PROVKEY_STATUS_OK,
        // SAFETY: as the caller says.
        Err(failure) => unsafe { report(error, failure) },
    }));
    done.unwrap_or_else(|payload| {
        let failure = fault(&*payload);
        let status = failure.status;
        catch(|| drop(payload));
        // SAFETY: as the caller says.
        catch(|| unsafe { report(error, failure) });
        status
    })
}

/// Runs the work of an export with one output: its pointer and its name. The output is checked
/// first and written last. If several arguments are wrong, it is not promised which is reported.
///
/// # Safety
/// As for [`call`], and the output is NULL or to where a `T` may be written.
pub(crate) unsafe fn call_for<T>(
    (pointer, name): (*mut T, &'static str),
    error: *mut *mut provkey_error,
    work: impl FnOnce() -> Result<T, Failure>,
) -> provkey_status {
    // SAFETY: as the caller says.
    unsafe {
        call(error, || {
            let output = output(pointer, name)?;
            output.set(work()?);
            Ok(())
        })
    }
}

/// Runs what must not panic. A payload that panics when it is dropped is leaked.
fn catch<T>(work: impl FnOnce() -> T) {
    panic::catch_unwind(AssertUnwindSafe(work)).map_or_else(mem::forget, drop);
}

/// What a panic means for the caller. Its message is not passed on, because it may hold a secret.
fn fault(payload: &(dyn Any + Send)) -> Failure {
    let mut failure = match memory::ran_out(payload) {
        true => Failure::new(PROVKEY_STATUS_OUT_OF_MEMORY, "memory ran out"),
        false => Failure::new(
            PROVKEY_STATUS_INTERNAL_ERROR,
            "libprovkey panicked: please report this bug",
        ),
    };
    failure.outcome_unknown = true;
    failure
}

/// # Safety
/// `error` is NULL or to a pointer that may be overwritten.
unsafe fn report(error: *mut *mut provkey_error, failure: Failure) -> provkey_status {
    let status = failure.status;
    if !error.is_null() && error.is_aligned() {
        // SAFETY: as the caller says.
        unsafe { error.write(record::hand_out(&failure)) };
    }
    status
}

#[cfg(test)]
mod tests {
    use core::ffi::CStr;
    use core::ptr;

    use super::*;
    use crate::error::provkey_error_free;
    use crate::status::{PROVKEY_STATUS_NULL_ARGUMENT, PROVKEY_STATUS_VALUE_UNKNOWN};

    #[test]
    fn a_panic_is_a_status_without_its_message() {
        let mut error = ptr::null_mut();
        // SAFETY: the error may be overwritten, and is freed once.
        unsafe {
            let status = call(&raw mut error, || panic!("the secret is {}", 42));
            assert_eq!(status, PROVKEY_STATUS_INTERNAL_ERROR);
            assert_eq!((*error).status, status);
            assert!((*error).outcome_unknown && !(*error).retryable);
            assert_eq!(CStr::from_ptr((*error).code), c"internal_error");
            assert!(!CStr::from_ptr((*error).message).to_str().unwrap().contains("42"));
            provkey_error_free(error);
            assert_eq!(call(ptr::null_mut(), || panic!("again")), status);
            assert_eq!(call(ptr::null_mut(), || Ok(())), PROVKEY_STATUS_OK);
        }
    }

    #[test]
    fn an_output_is_checked_before_the_work_and_written_after_it() {
        let mut output = 1;
        // SAFETY: the output may be overwritten or is NULL, and the error may be NULL.
        unsafe {
            let no_work = || unreachable!("the output is NULL");
            let status = call_for((ptr::null_mut::<u32>(), "it"), ptr::null_mut(), no_work);
            assert_eq!(status, PROVKEY_STATUS_NULL_ARGUMENT);
            let refuse = || Err(Failure::unknown("it"));
            let status = call_for((&raw mut output, "it"), ptr::null_mut(), refuse);
            assert_eq!((status, output), (PROVKEY_STATUS_VALUE_UNKNOWN, 1));
            let status = call_for((&raw mut output, "it"), ptr::null_mut(), || Ok(2));
            assert_eq!((status, output), (PROVKEY_STATUS_OK, 2));
        }
    }

    struct Bomb;

    impl Drop for Bomb {
        fn drop(&mut self) {
            panic!("dropped");
        }
    }

    #[test]
    fn a_panic_that_panics_when_it_is_dropped_is_a_status_too() {
        // SAFETY: the error may be NULL.
        let status = unsafe { call(ptr::null_mut(), || panic::panic_any(Bomb)) };
        assert_eq!(status, PROVKEY_STATUS_INTERNAL_ERROR);
    }
}
