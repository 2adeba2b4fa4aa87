//! Ids as text. A malformed one is reported as not found, like any unknown one.

use provkey::authority::{
    AdminTokenId, CertificateId, ConnectorId, GroupId, InputError, RejectedInput,
};
use provkey::key::KeyId;

pub(crate) fn key(text: &str) -> Result<KeyId, RejectedInput> {
    text.parse().map_err(|_| InputError::KeyNotFound.about(text))
}

pub(crate) fn group(text: &str) -> Result<GroupId, RejectedInput> {
    text.parse().map_err(|_| InputError::GroupNotFound.about(text))
}

pub(crate) fn certificate(text: &str) -> Result<CertificateId, RejectedInput> {
    text.parse().map_err(|_| InputError::CertificateNotFound.about(text))
}

/// The id of a request, and of its future certificate.
pub(crate) fn certificate_request(text: &str) -> Result<CertificateId, RejectedInput> {
    text.parse().map_err(|_| InputError::CertificateRequestNotFound.about(text))
}

pub(crate) fn connector(text: &str) -> Result<ConnectorId, RejectedInput> {
    text.parse().map_err(|_| InputError::ConnectorNotFound.about(text))
}

pub(crate) fn admin_token(text: &str) -> Result<AdminTokenId, RejectedInput> {
    text.parse().map_err(|_| InputError::AdminTokenNotFound.about(text))
}

/// An id that a filter may have.
pub(crate) fn optional<Id>(
    text: Option<&String>,
    read: impl Fn(&str) -> Result<Id, RejectedInput>,
) -> Result<Option<Id>, RejectedInput> {
    text.map(|text| read(text)).transpose()
}
