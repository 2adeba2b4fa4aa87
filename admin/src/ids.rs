//! Ids as text. A malformed one is reported as not found, like any unknown one.

use provkey::authority::{AdminTokenId, CertificateId, ConnectorId, GroupId, InputError};
use provkey::key::KeyId;

pub(crate) fn key(text: &str) -> Result<KeyId, InputError> {
    text.parse().map_err(|_| InputError::KeyNotFound)
}

pub(crate) fn group(text: &str) -> Result<GroupId, InputError> {
    text.parse().map_err(|_| InputError::GroupNotFound)
}

pub(crate) fn certificate(text: &str) -> Result<CertificateId, InputError> {
    text.parse().map_err(|_| InputError::CertificateNotFound)
}

/// The id of a request, and of its future certificate.
pub(crate) fn certificate_request(text: &str) -> Result<CertificateId, InputError> {
    text.parse().map_err(|_| InputError::CertificateRequestNotFound)
}

pub(crate) fn connector(text: &str) -> Result<ConnectorId, InputError> {
    text.parse().map_err(|_| InputError::ConnectorNotFound)
}

pub(crate) fn admin_token(text: &str) -> Result<AdminTokenId, InputError> {
    text.parse().map_err(|_| InputError::AdminTokenNotFound)
}

/// An id that a filter may have.
pub(crate) fn optional<Id>(
    text: Option<&String>,
    read: impl Fn(&str) -> Result<Id, InputError>,
) -> Result<Option<Id>, InputError> {
    text.map(|text| read(text)).transpose()
}
