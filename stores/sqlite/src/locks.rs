//! Locks on the files of a store that no other code in the process can drop.
//!
//! `locks.c` explains why and how. This is the only module of the crate that calls C directly.

#![allow(unsafe_code)]

use std::path::Path;

use provkey::store::{FaultKind, StoreError};

use crate::error::of_io;

/// The registration of the file of a store, which must exist. It must outlive all connections.
pub(crate) struct Locks {
    #[cfg(unix)]
    database: *mut unix::Database,
}

impl Locks {
    /// Registers the file, before SQLite opens it.
    pub(crate) fn register(path: &Path) -> Result<Self, StoreError> {
        Self::try_register(path).map_err(|error| of_io(path, &error))
    }
}

#[cfg(not(unix))]
impl Locks {
    // Elsewhere, SQLite's locks belong to a file handle, not to the process.
    fn try_register(_: &Path) -> std::io::Result<Self> {
        Ok(Self {})
    }

    pub(crate) fn check(&self) -> Result<(), (FaultKind, &'static str)> {
        Ok(())
    }
}

#[cfg(unix)]
mod unix {
    use std::ffi::{CStr, CString, c_char, c_int, c_void};
    use std::io::{Error, Result};
    use std::os::unix::ffi::OsStrExt;

    use rusqlite::ffi::{SQLITE_OK, sqlite3_vfs_find};

    use super::{FaultKind, Locks, Path};

    /// The entry of a file in the table of `locks.c`.
    #[repr(C)]
    pub(super) struct Database {
        _private: [u8; 0],
    }

    unsafe extern "C" {
        fn pvk_locks_start(install: extern "C" fn() -> c_int) -> c_int;
        fn pvk_locks_register(path: *const c_char) -> *mut Database;
        fn pvk_locks_unregister(database: *mut Database);
        fn pvk_locks_check(database: *const Database) -> c_int;
        fn pvk_locks_read_index(
            database: *const Database,
            into: *mut c_void,
            length: usize,
        ) -> bool;

        // SQLite passes their arguments; see `install`.
        fn pvk_locks_open();
        fn pvk_locks_close();
        fn pvk_locks_fcntl();
        fn pvk_locks_stat();
        fn pvk_locks_fstat();
    }

    const CALLS: [(&CStr, unsafe extern "C" fn()); 5] = [
        (c"open", pvk_locks_open),
        (c"close", pvk_locks_close),
        (c"fcntl", pvk_locks_fcntl),
        (c"stat", pvk_locks_stat),
        (c"fstat", pvk_locks_fstat),
    ];

    // SAFETY: a mutex in C guards what the pointer leads to.
    unsafe impl Send for Locks {}
    // SAFETY: as above.
    unsafe impl Sync for Locks {}

    impl Locks {
        pub(super) fn try_register(path: &Path) -> Result<Self> {
            // SAFETY: it calls `install`, one at a time, until that has succeeded.
            match unsafe { pvk_locks_start(install) } {
                0 => {}
                error => return Err(Error::from_raw_os_error(error)),
            }
            let path = CString::new(path.as_os_str().as_bytes())?;
            // SAFETY: the path ends with NUL and is only read during the call.
            let database = unsafe { pvk_locks_register(path.as_ptr()) };
            match database.is_null() {
                true => Err(Error::last_os_error()),
                false => Ok(Self { database }),
            }
        }

        /// Checks that the locks of SQLite on the files it has opened were taken here. They were
        /// not if the application opened the file with the same SQLite before.
        pub(crate) fn check(&self) -> std::result::Result<(), (FaultKind, &'static str)> {
            // SAFETY: it is registered.
            match unsafe { pvk_locks_check(self.database) } {
                0 => Ok(()),
                1 => Err((
                    FaultKind::Unavailable,
                    "this process opened the file with the same SQLite before, or its index cannot be locked",
                )),
                _ => Err((
                    FaultKind::Broken,
                    "its files were replaced while this process had the store open: close that first",
                )),
            }
        }

        /// Reads the beginning of the index. False if it is shorter or missing.
        pub(crate) fn read_index(&self, into: &mut [u8]) -> bool {
            // SAFETY: it is registered, and as many bytes may be written as `into` has.
            unsafe { pvk_locks_read_index(self.database, into.as_mut_ptr().cast(), into.len()) }
        }
    }

    impl Drop for Locks {
        fn drop(&mut self) {
            // SAFETY: it is registered, and this ends that once.
            unsafe { pvk_locks_unregister(self.database) }
        }
    }

    /// Has SQLite make its system calls through `locks.c`. Returns 0 or an `errno`.
    extern "C" fn install() -> c_int {
        // SAFETY: SQLite's documented way to replace system calls. Each is replaced by a function
        // with the arguments and the answer that SQLite's table of them has for the name.
        unsafe {
            // Also makes SQLite ready.
            let vfs = sqlite3_vfs_find(super::VFS.as_ptr());
            let Some(set) = vfs.as_ref().and_then(|vfs| vfs.xSetSystemCall) else { return ENOSYS };
            let replaced =
                CALLS.iter().all(|(name, call)| set(vfs, name.as_ptr(), Some(*call)) == SQLITE_OK);
            if replaced { 0 } else { ENOSYS }
        }
    }

    const ENOSYS: c_int = if cfg!(target_vendor = "apple") { 78 } else { 38 };
}

/// The VFS that stores are opened with, whatever the application has made the default.
#[cfg(unix)]
pub(crate) const VFS: &std::ffi::CStr = c"unix";
