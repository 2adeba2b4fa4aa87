//! What the pointers of records point to.

use core::ffi::c_char;
use core::ptr;
use std::ffi::CString;

use crate::bytes::provkey_slice;

/// Texts, bytes and lists that live as long as the record that points to them.
#[derive(Default)]
pub(crate) struct Kept {
    texts: Vec<CString>,
    bytes: Vec<Box<[u8]>>,
    #[cfg(feature = "authority")]
    text_lists: Vec<Box<[*const c_char]>>,
    #[cfg(feature = "authority")]
    slice_lists: Vec<Box<[provkey_slice]>>,
    numbers: Vec<Box<[usize]>>,
}

impl Kept {
    /// A text for C. No text of the library holds a NUL; one of a host's own part might, and loses
    /// what stands behind it.
    pub(crate) fn text(&mut self, text: &str) -> *const c_char {
        let until_nul = text.split('\0').next().unwrap_or_default();
        let text = CString::new(until_nul).unwrap_or_default();
        // What a `CString` points to stays where it is when the list grows.
        let pointer = text.as_ptr();
        self.texts.push(text);
        pointer
    }

    /// A text for C, or NULL.
    pub(crate) fn optional_text(&mut self, text: Option<&str>) -> *const c_char {
        text.map_or(ptr::null(), |text| self.text(text))
    }

    pub(crate) fn slice(&mut self, bytes: &[u8]) -> provkey_slice {
        let bytes: Box<[u8]> = bytes.into();
        let slice = provkey_slice { data: bytes.as_ptr(), len: bytes.len() };
        self.bytes.push(bytes);
        slice
    }

    #[cfg(feature = "authority")]
    pub(crate) fn texts(&mut self, texts: &[&str]) -> *const *const c_char {
        let list: Box<[_]> = texts.iter().map(|text| self.text(text)).collect();
        let pointer = list.as_ptr();
        self.text_lists.push(list);
        pointer
    }

    #[cfg(feature = "authority")]
    pub(crate) fn slices(&mut self, items: &[Vec<u8>]) -> *const provkey_slice {
        let list: Box<[_]> = items.iter().map(|bytes| self.slice(bytes)).collect();
        let pointer = list.as_ptr();
        self.slice_lists.push(list);
        pointer
    }

    pub(crate) fn numbers(&mut self, numbers: &[usize]) -> *const usize {
        let numbers: Box<[usize]> = numbers.into();
        let pointer = numbers.as_ptr();
        self.numbers.push(numbers);
        pointer
    }
}
