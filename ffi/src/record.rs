//! Records that C reads, made from values of the Rust library.

use crate::backing::Backing;
use crate::handle::{self, Handle, provkey_header};

/// A record that C sees for a `T` of the library.
pub(crate) trait Describe<T>: Handle<Head = Self, Value = Backing> {
    /// Makes the record; `backing` holds what its pointers point to.
    fn describe(header: provkey_header, value: &T, backing: &mut Backing) -> Self;
}

/// Hands out the record for a value.
pub(crate) fn hand_out<R: Describe<T>, T>(value: &T) -> *mut R {
    let mut backing = Backing::default();
    let record = R::describe(handle::header::<R>(), value, &mut backing);
    handle::hand_out_record(record, backing)
}
