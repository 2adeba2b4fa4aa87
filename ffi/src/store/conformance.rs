//! The conformance checks of stores.

use core::ffi::{c_char, c_void};
use core::ptr;

use provkey::store::conformance::CHECKS;

use super::provkey_store;
use crate::backing::Backing;
use crate::call::call_for;
use crate::error::provkey_error;
use crate::handle::object;
use crate::status::provkey_status;
use crate::text::text;

/// Runs the checks that every store must pass. A failed check does not stop the others.
///
/// The store need not be empty: each check uses keys that contain `run`, a name of at most 100
/// bytes, and removes them if it passes. Runs with different names may share a store. `report`,
/// unless it is NULL, is called for each check with its name and, if it failed, with what was seen;
/// otherwise with NULL. `failed` receives the number of failed checks.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn provkey_store_check(
    store: *const provkey_store,
    run: *const c_char,
    report: Option<
        unsafe extern "C" fn(user_data: *mut c_void, check: *const c_char, seen: *const c_char),
    >,
    user_data: *mut c_void,
    failed: *mut usize,
    error: *mut *mut provkey_error,
) -> provkey_status {
    call_for((failed, "failed"), error, || {
        let store = object(store, "store")?;
        let run = text(run, "run")?;
        let mut failures = 0;
        for check in CHECKS {
            let mut backing = Backing::default();
            let seen = match check.run(&**store, run) {
                Ok(()) => ptr::null(),
                Err(failure) => {
                    failures += 1;
                    backing.text(&failure.seen)
                }
            };
            if let Some(report) = report {
                report(user_data, backing.text(check.name), seen);
            }
        }
        Ok(failures)
    })
}
