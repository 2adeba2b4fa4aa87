//! Randomness from the application.

use core::ffi::c_void;
use std::sync::Arc;

use provkey::random::{Random, RandomError, SystemRandom};

use crate::argument::{plain, structure};
use crate::call::call_for;
use crate::error::provkey_error;
use crate::failure::Failure;
use crate::handle::{self, opaque, optional_object};
use crate::status::{PROVKEY_STATUS_OK, provkey_status};
use crate::user_data::{self, UserData, required};

/// A cryptographically secure source of random bytes. Where a function takes one, NULL is the
/// operating system's.
pub struct provkey_random {
    _opaque: [u8; 0],
}

opaque!(provkey_random, 0x706b_0004, Arc<dyn Random>);

/// The callbacks of a source of random bytes.
#[repr(C)]
#[derive(Clone, Copy)]
pub struct provkey_random_callbacks {
    /// `sizeof(provkey_random_callbacks)`.
    pub struct_size: usize,
    /// The first argument of each callback.
    pub user_data: *mut c_void,
    /// Called once, after the last callback. May be NULL.
    pub destroy: Option<unsafe extern "C" fn(user_data: *mut c_void)>,
    /// Fills all of `bytes` and returns `PROVKEY_STATUS_OK`. Any other status: there is no
    /// randomness.
    pub fill: Option<
        unsafe extern "C" fn(user_data: *mut c_void, bytes: *mut u8, len: usize) -> provkey_status,
    >,
}

plain!(provkey_random_callbacks);

/// Makes a source of randomness from callbacks. Freed with `provkey_random_free`.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn provkey_random_new(
    callbacks: *const provkey_random_callbacks,
    random: *mut *mut provkey_random,
    error: *mut *mut provkey_error,
) -> provkey_status {
    call_for((random, "random"), error, || {
        let callbacks = structure(callbacks, "callbacks")?;
        let fill = required(callbacks.fill, "fill")?;
        let (pointer, destroy) = (callbacks.user_data, callbacks.destroy);
        Ok(user_data::hand_out::<provkey_random>(pointer, destroy, |user_data| {
            Arc::new(CallbackRandom { user_data, fill })
        }))
    })
}

/// Frees a source of randomness. Objects that use it keep it alive. NULL is allowed.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn provkey_random_free(random: *mut provkey_random) {
    handle::free(random);
}

/// The source behind an argument; NULL is the operating system's.
pub(crate) unsafe fn random_or_system(
    pointer: *const provkey_random,
) -> Result<Arc<dyn Random>, Failure> {
    let random = optional_object(pointer, "random")?;
    Ok(random.map_or_else(|| Arc::new(SystemRandom) as Arc<dyn Random>, Arc::clone))
}

struct CallbackRandom {
    user_data: UserData,
    fill: unsafe extern "C" fn(*mut c_void, *mut u8, usize) -> provkey_status,
}

impl Random for CallbackRandom {
    fn fill(&self, bytes: &mut [u8]) -> Result<(), RandomError> {
        // SAFETY: the header states what a callback may do.
        let status =
            unsafe { (self.fill)(self.user_data.pointer(), bytes.as_mut_ptr(), bytes.len()) };
        if status == PROVKEY_STATUS_OK { Ok(()) } else { Err(RandomError) }
    }
}
