//! The application's clock.

use core::ffi::c_void;
use std::sync::Arc;

use provkey::time::{Clock, SystemClock, Timestamp};

use crate::argument::{plain, structure};
use crate::call::call_for;
use crate::error::provkey_error;
use crate::failure::Failure;
use crate::handle::{self, opaque, optional_object};
use crate::status::provkey_status;
use crate::user_data::{self, UserData, required};

/// The clock of an authority. Where a function takes one, NULL is the operating system's.
pub struct provkey_clock {
    _opaque: [u8; 0],
}

opaque!(provkey_clock, 0x706b_0104, Arc<dyn Clock>);

/// The callbacks of a clock.
#[repr(C)]
#[derive(Clone, Copy)]
pub struct provkey_clock_callbacks {
    /// `sizeof(provkey_clock_callbacks)`.
    pub struct_size: usize,
    /// The first argument of each callback.
    pub user_data: *mut c_void,
    /// Called once, after the last callback. May be NULL.
    pub destroy: Option<unsafe extern "C" fn(user_data: *mut c_void)>,
    /// Returns the current time in Unix milliseconds.
    pub now_ms: Option<unsafe extern "C" fn(user_data: *mut c_void) -> u64>,
}

plain!(provkey_clock_callbacks);

/// Makes a clock from callbacks. Freed with `provkey_clock_free`.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn provkey_clock_new(
    callbacks: *const provkey_clock_callbacks,
    clock: *mut *mut provkey_clock,
    error: *mut *mut provkey_error,
) -> provkey_status {
    call_for((clock, "clock"), error, || {
        let callbacks = structure(callbacks, "callbacks")?;
        let now_ms = required(callbacks.now_ms, "now_ms")?;
        let (pointer, destroy) = (callbacks.user_data, callbacks.destroy);
        Ok(user_data::hand_out::<provkey_clock>(pointer, destroy, |user_data| {
            Arc::new(CallbackClock { user_data, now_ms })
        }))
    })
}

/// Frees a clock. Authorities that use it keep it alive. NULL is allowed.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn provkey_clock_free(clock: *mut provkey_clock) {
    handle::free(clock);
}

/// The clock behind an argument; NULL is the operating system's.
pub(crate) unsafe fn clock_or_system(
    pointer: *const provkey_clock,
) -> Result<Arc<dyn Clock>, Failure> {
    let clock = optional_object(pointer, "clock")?;
    Ok(clock.map_or_else(|| Arc::new(SystemClock) as Arc<dyn Clock>, Arc::clone))
}

struct CallbackClock {
    user_data: UserData,
    now_ms: unsafe extern "C" fn(*mut c_void) -> u64,
}

impl Clock for CallbackClock {
    fn now(&self) -> Timestamp {
        // SAFETY: the header states what a callback may do.
        Timestamp::from_unix_ms(unsafe { (self.now_ms)(self.user_data.pointer()) })
    }
}
