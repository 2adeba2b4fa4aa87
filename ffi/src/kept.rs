//! What the pointers of records point to.

use core::ffi::c_char;
use core::ptr;

use crate::bytes::provkey_slice;

/// Texts, bytes and lists that live as long as the record that points to them.
///
/// What a `Vec` points to stays where it is when the vector itself moves.
#[derive(Default)]
pub(crate) struct Kept {
    bytes: Vec<Vec<u8>>,
    #[cfg(feature = "authority")]
    text_lists: Vec<Vec<*const c_char>>,
    #[cfg(feature = "authority")]
    slice_lists: Vec<Vec<provkey_slice>>,
    numbers: Vec<Vec<usize>>,
}

impl Kept {
    /// A text for C. No text of the library holds a NUL; one of a host's own part might, and loses
    /// what stands behind it.
    pub(crate) fn text(&mut self, text: &str) -> *const c_char {
        let until_nul = text.split('\0').next().unwrap_or_default();
        let mut text = Vec::with_capacity(until_nul.len() + 1);
        text.extend_from_slice(until_nul.as_bytes());
        text.push(0);
        keep(&mut self.bytes, text).cast()
    }

    /// A text for C, or NULL.
    pub(crate) fn optional_text(&mut self, text: Option<&str>) -> *const c_char {
        text.map_or(ptr::null(), |text| self.text(text))
    }

    pub(crate) fn slice(&mut self, bytes: &[u8]) -> provkey_slice {
        provkey_slice { data: keep(&mut self.bytes, bytes.to_vec()), len: bytes.len() }
    }

    #[cfg(feature = "authority")]
    pub(crate) fn texts(&mut self, texts: &[&str]) -> *const *const c_char {
        let list = texts.iter().map(|text| self.text(text)).collect();
        keep(&mut self.text_lists, list)
    }

    #[cfg(feature = "authority")]
    pub(crate) fn slices(&mut self, items: &[Vec<u8>]) -> *const provkey_slice {
        let list = items.iter().map(|bytes| self.slice(bytes)).collect();
        keep(&mut self.slice_lists, list)
    }

    pub(crate) fn numbers(&mut self, numbers: &[usize]) -> *const usize {
        keep(&mut self.numbers, numbers.to_vec())
    }
}

fn keep<T>(lists: &mut Vec<Vec<T>>, list: Vec<T>) -> *const T {
    let pointer = list.as_ptr();
    lists.push(list);
    pointer
}
