//! Ids as C strings.

use core::ffi::c_char;
use core::net::IpAddr;
use core::str::FromStr;

use provkey::authority::{AdminTokenId, CertificateId, ConnectorId, GroupId, InputError};
use provkey::key::KeyId;

use crate::failure::Failure;
use crate::status::PROVKEY_STATUS_ADDRESS_INVALID;
use crate::text::{optional_text, text};

/// An id that C passes as text.
pub(crate) trait Id: FromStr {
    /// A malformed id is one that is not found.
    const MISSING: InputError;
}

impl Id for KeyId {
    const MISSING: InputError = InputError::KeyNotFound;
}

impl Id for GroupId {
    const MISSING: InputError = InputError::GroupNotFound;
}

impl Id for CertificateId {
    const MISSING: InputError = InputError::CertificateNotFound;
}

impl Id for AdminTokenId {
    const MISSING: InputError = InputError::AdminTokenNotFound;
}

impl Id for ConnectorId {
    const MISSING: InputError = InputError::ConnectorNotFound;
}

pub(crate) unsafe fn read_id<T: Id>(
    pointer: *const c_char,
    name: &'static str,
) -> Result<T, Failure> {
    parse(text(pointer, name)?)
}

/// An id; `None` for NULL.
pub(crate) unsafe fn optional_id<T: Id>(
    pointer: *const c_char,
    name: &'static str,
) -> Result<Option<T>, Failure> {
    optional_text(pointer, name)?.map(parse).transpose()
}

fn parse<T: Id>(text: &str) -> Result<T, Failure> {
    text.parse().map_err(|_| T::MISSING.about(text).into())
}

/// An IP address; `None` for NULL.
pub(crate) unsafe fn optional_address(pointer: *const c_char) -> Result<Option<IpAddr>, Failure> {
    let invalid =
        |_| Failure::argument(PROVKEY_STATUS_ADDRESS_INVALID, "address", "is not an IP address");
    let text = optional_text(pointer, "address")?;
    text.map(|text| text.parse().map_err(invalid)).transpose()
}
