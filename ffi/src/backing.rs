//! The memory that the pointers in a record point to.

use core::ffi::c_char;
use core::ptr;

use crate::bytes::provkey_slice;

/// Texts, bytes and lists, which live as long as the record that points to them.
///
/// Moving a `Vec` does not move its contents, so the pointers stay good.
#[derive(Default)]
pub(crate) struct Backing {
    bytes: Vec<Vec<u8>>,
    #[cfg(feature = "authority")]
    text_lists: Vec<Vec<*const c_char>>,
    #[cfg(feature = "authority")]
    slice_lists: Vec<Vec<provkey_slice>>,
    numbers: Vec<Vec<usize>>,
}

impl Backing {
    /// A C string. No text of the library contains a NUL. One from a callback may, and is cut
    /// there.
    pub(crate) fn text(&mut self, text: &str) -> *const c_char {
        let until_nul = text.split('\0').next().unwrap_or_default();
        let mut text = Vec::with_capacity(until_nul.len() + 1);
        text.extend_from_slice(until_nul.as_bytes());
        text.push(0);
        store(&mut self.bytes, text).cast()
    }

    /// What this displays as, as a C string; NULL for `None`.
    pub(crate) fn optional_text(&mut self, shown: Option<impl ToString>) -> *const c_char {
        shown.map_or(ptr::null(), |shown| self.text(&shown.to_string()))
    }

    pub(crate) fn slice(&mut self, bytes: &[u8]) -> provkey_slice {
        provkey_slice { data: store(&mut self.bytes, bytes.to_vec()), len: bytes.len() }
    }

    #[cfg(feature = "authority")]
    pub(crate) fn texts(&mut self, texts: &[&str]) -> *const *const c_char {
        let list = texts.iter().map(|text| self.text(text)).collect();
        store(&mut self.text_lists, list)
    }

    #[cfg(feature = "authority")]
    pub(crate) fn slices(&mut self, items: &[Vec<u8>]) -> *const provkey_slice {
        let list = items.iter().map(|bytes| self.slice(bytes)).collect();
        store(&mut self.slice_lists, list)
    }

    pub(crate) fn numbers(&mut self, numbers: &[usize]) -> *const usize {
        store(&mut self.numbers, numbers.to_vec())
    }
}

fn store<T>(lists: &mut Vec<Vec<T>>, list: Vec<T>) -> *const T {
    let pointer = list.as_ptr();
    lists.push(list);
    pointer
}
