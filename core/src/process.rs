//! Values that only the process that made them may use.
//!
//! A forked child inherits locks in an arbitrary state, and shares open files and connections with
//! its parent. Using them would hang the child or corrupt the parent's work. So each handle with
//! locks or connections stores its process, and refuses any other.

use std::fmt;
use std::process;

use crate::error_family::error_family;

/// The process that made a value.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Process(u32);

impl Process {
    /// This process.
    pub fn current() -> Self {
        Self(process::id())
    }

    /// Whether this is still the same process, and not a forked child.
    pub fn is_current(self) -> bool {
        self == Self::current()
    }

    /// Fails in a forked child.
    ///
    /// # Errors
    /// [`UsedAfterFork`].
    pub fn check(self) -> Result<(), UsedAfterFork> {
        if self.is_current() { Ok(()) } else { Err(UsedAfterFork) }
    }
}

error_family! {
    /// A handle was used in a forked child of the process that made it. Nothing was done.
    #[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
    #[error("the handle was opened before the process forked: open it again in the new process")]
    pub struct UsedAfterFork => "used_after_fork";
}

/// A value with locks or connections that only the process that made it can use.
///
/// A forked child leaks it instead of dropping it, because closing a connection uses it.
///
/// ```
/// use provkey::process::Owned;
///
/// let owned = Owned::new(String::from("a connection"));
/// assert_eq!(owned.get()?, "a connection");
/// # Ok::<(), provkey::process::UsedAfterFork>(())
/// ```
pub struct Owned<T> {
    process: Process,
    /// `Some` until it is dropped.
    value: Option<T>,
}

impl<T> Owned<T> {
    /// Binds a value to this process.
    pub fn new(value: T) -> Self {
        Self { process: Process::current(), value: Some(value) }
    }

    /// The value.
    ///
    /// # Errors
    /// [`UsedAfterFork`] in a forked child.
    pub fn get(&self) -> Result<&T, UsedAfterFork> {
        self.process.check()?;
        self.value.as_ref().ok_or(UsedAfterFork)
    }
}

impl<T: Default> Default for Owned<T> {
    fn default() -> Self {
        Self::new(T::default())
    }
}

/// The value is not shown: formatting it may take its locks.
impl<T> fmt::Debug for Owned<T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Owned").field("process", &self.process).finish_non_exhaustive()
    }
}

impl<T> Drop for Owned<T> {
    fn drop(&mut self) {
        if !self.process.is_current() {
            core::mem::forget(self.value.take());
        }
    }
}

#[cfg(test)]
mod tests {
    use alloc::rc::Rc;

    use super::*;

    fn of_another_process<T>(value: T) -> Owned<T> {
        Owned { process: Process(process::id().wrapping_add(1)), value: Some(value) }
    }

    #[test]
    fn only_the_process_that_made_a_value_uses_and_drops_it() {
        let value = Rc::new(());
        drop((Owned::new(Rc::clone(&value)), Owned::new(Rc::clone(&value)).get()));
        assert_eq!(Rc::strong_count(&value), 1);
        let inherited = of_another_process(Rc::clone(&value));
        assert_eq!(inherited.get(), Err(UsedAfterFork));
        drop(inherited);
        assert_eq!(Rc::strong_count(&value), 2, "it is leaked");
    }
}
