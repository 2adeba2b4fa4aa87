//! Ids as C strings.

use core::ffi::c_char;
use core::net::IpAddr;

use provkey::authority::{AdminTokenId, CertificateId, ConnectorId, GroupId, InputError};
use provkey::key::KeyId;

use crate::failure::Failure;
use crate::status::PROVKEY_STATUS_ADDRESS_INVALID;
use crate::text::{optional_text, text};

/// An id that C passes as text.
pub(crate) trait Id: Sized {
    /// Reads an id. A malformed id is one that is not found.
    fn read(text: &str) -> Result<Self, InputError>;
}

impl Id for KeyId {
    fn read(text: &str) -> Result<Self, InputError> {
        Self::parse(text).map_err(|_| InputError::KeyNotFound)
    }
}

impl Id for GroupId {
    fn read(text: &str) -> Result<Self, InputError> {
        Self::parse(text).map_err(|_| InputError::GroupNotFound)
    }
}

impl Id for CertificateId {
    fn read(text: &str) -> Result<Self, InputError> {
        Self::parse(text).map_err(|_| InputError::CertificateNotFound)
    }
}

impl Id for AdminTokenId {
    fn read(text: &str) -> Result<Self, InputError> {
        Self::parse(text).map_err(|_| InputError::AdminTokenNotFound)
    }
}

impl Id for ConnectorId {
    fn read(text: &str) -> Result<Self, InputError> {
        Self::parse(text).map_err(|_| InputError::ConnectorNotFound)
    }
}

/// # Safety
/// The rules of the header.
pub(crate) unsafe fn id<T: Id>(pointer: *const c_char, name: &'static str) -> Result<T, Failure> {
    // SAFETY: as the caller says.
    Ok(T::read(unsafe { text(pointer, name) }?)?)
}

/// # Safety
/// The rules of the header.
pub(crate) unsafe fn optional_id<T: Id>(
    pointer: *const c_char,
    name: &'static str,
) -> Result<Option<T>, Failure> {
    // SAFETY: as the caller says.
    let text = unsafe { optional_text(pointer, name) }?;
    Ok(text.map(T::read).transpose()?)
}

/// An IP address; `None` for NULL.
///
/// # Safety
/// The rules of the header.
pub(crate) unsafe fn optional_address(pointer: *const c_char) -> Result<Option<IpAddr>, Failure> {
    // SAFETY: as the caller says.
    let text = unsafe { optional_text(pointer, "address") }?;
    let invalid =
        |_| Failure::argument(PROVKEY_STATUS_ADDRESS_INVALID, "address", "is not an IP address");
    text.map(|text| text.parse().map_err(invalid)).transpose()
}
