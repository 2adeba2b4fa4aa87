//! OCSP requests and responses (RFC 6960), and their nonces (RFC 9654).

use alloc::vec::Vec;

use ring::digest::{Algorithm, SHA1_FOR_LEGACY_USE_ONLY, SHA256, digest};

use super::issue::sign_checked;
use super::profile::{write_extension, write_generalized_time};
use super::revocation::RevocationReason;
use super::{Certificate, IssueError, Issuer, PublicKey, SerialNumber};
use crate::der::writer::{nested, primitive};
use crate::der::{Malformed, Reader, check_all, oid, tag};
use crate::limits::OCSP_CERTIFICATES_MAX;
use crate::time::Timestamp;

/// RFC 9654, 2.1.
const NONCE_BYTES_MAX: usize = 128;

/// An OCSP request.
#[derive(Debug, PartialEq, Eq)]
pub(crate) struct OcspRequest<'a> {
    /// One or more.
    pub(crate) certificates: Vec<CertId<'a>>,
    nonce: Option<&'a [u8]>,
}

/// The certificate that a request asks about (RFC 6960, 4.1.1).
#[derive(Debug, PartialEq, Eq)]
pub(crate) struct CertId<'a> {
    /// Its DER, which the response repeats.
    der: &'a [u8],
    hash: &'a [u8],
    issuer_name: &'a [u8],
    issuer_key: &'a [u8],
    serial: &'a [u8],
}

/// The status of a certificate (RFC 6960, 2.2).
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum OcspStatus {
    Good,
    Revoked(Timestamp, RevocationReason),
    Unknown,
}

/// Why a request was not answered (RFC 6960, 4.2.1).
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum OcspFailure {
    MalformedRequest = 1,
    InternalError = 2,
    TryLater = 3,
    Unauthorized = 6,
}

impl From<Malformed> for OcspFailure {
    fn from(Malformed: Malformed) -> Self {
        Self::MalformedRequest
    }
}

impl<'a> OcspRequest<'a> {
    /// RFC 6960, 4.1.1. The requestor's name and signature are ignored.
    pub(crate) fn read(der: &'a [u8]) -> Result<Self, Malformed> {
        check_all(der)?;
        let mut request = Reader::within(der, tag::SEQUENCE)?;
        let mut fields = request.enter(tag::SEQUENCE)?;
        request.optional(tag::context(0))?;
        request.end()?;
        fields.optional(tag::context(1))?;
        let mut list = fields.enter(tag::SEQUENCE)?;
        let mut certificates = Vec::new();
        while !list.is_at_end() {
            let mut one = list.enter(tag::SEQUENCE)?;
            certificates.push(CertId::read(one.value(tag::SEQUENCE)?)?);
            read_nonce(one.optional(tag::context(0))?)?;
            one.end()?;
        }
        if !(1..=OCSP_CERTIFICATES_MAX).contains(&certificates.len()) {
            return Err(Malformed);
        }
        let nonce = read_nonce(fields.optional(tag::context(2))?)?;
        fields.end()?;
        Ok(Self { certificates, nonce })
    }
}

/// Reads the extensions. Returns the nonce, if there is one. Unknown extensions must not be
/// critical.
fn read_nonce(extensions: Option<&[u8]>) -> Result<Option<&[u8]>, Malformed> {
    let Some(extensions) = extensions else { return Ok(None) };
    let mut extensions = Reader::within(extensions, tag::SEQUENCE)?;
    let mut nonce = None;
    while !extensions.is_at_end() {
        let mut extension = extensions.enter(tag::SEQUENCE)?;
        let id = extension.contents(tag::OBJECT_IDENTIFIER)?;
        let critical = extension.default_false()?;
        let value = extension.contents(tag::OCTET_STRING)?;
        extension.end()?;
        if id == oid::OCSP_NONCE {
            let bytes = Reader::only(value, tag::OCTET_STRING)?;
            let sound = (1..=NONCE_BYTES_MAX).contains(&bytes.len());
            if !sound || nonce.replace(bytes).is_some() {
                return Err(Malformed);
            }
        } else if critical {
            return Err(Malformed);
        }
    }
    Ok(nonce)
}

impl<'a> CertId<'a> {
    fn read(der: &'a [u8]) -> Result<Self, Malformed> {
        let mut fields = Reader::within(der, tag::SEQUENCE)?;
        let mut algorithm = fields.enter(tag::SEQUENCE)?;
        let hash = algorithm.contents(tag::OBJECT_IDENTIFIER)?;
        // RFC 4055, 2.1: the parameters are NULL or absent.
        algorithm.optional(tag::NULL)?;
        algorithm.end()?;
        let issuer_name = fields.contents(tag::OCTET_STRING)?;
        let issuer_key = fields.contents(tag::OCTET_STRING)?;
        let serial = fields.unsigned()?;
        fields.end()?;
        Ok(Self { der, hash, issuer_name, issuer_key, serial })
    }

    /// The serial number, if it has the form of ours.
    pub(crate) fn serial(&self) -> Option<SerialNumber> {
        SerialNumber::from_bytes(self.serial)
    }

    /// Whether the request is about a certificate of this issuer. Issuers that are named by other
    /// hashes than SHA-1 and SHA-256 are unknown.
    pub(crate) fn is_of(&self, issuer: &Certificate) -> bool {
        let with: &Algorithm = match self.hash {
            oid::SHA1 => &SHA1_FOR_LEGACY_USE_ONLY,
            oid::SHA256 => &SHA256,
            _ => return false,
        };
        let Ok(key) = issuer.public_key() else { return false };
        digest(with, issuer.subject()).as_ref() == self.issuer_name
            && digest(with, key.key()).as_ref() == self.issuer_key
    }
}

/// Makes a response with these statuses, in the order of the request, as of `now`. It contains no
/// certificates, because the client has the issuer's.
///
/// # Errors
/// `signer_bad_signature`, and those of the signer.
pub(crate) fn issue_ocsp_response(
    issuer: &Issuer,
    request: &OcspRequest<'_>,
    statuses: &[OcspStatus],
    now: Timestamp,
    next_update: Timestamp,
) -> Result<Vec<u8>, IssueError> {
    let mut data = Vec::with_capacity(256 * (1 + statuses.len()));
    nested(&mut data, tag::SEQUENCE, |out| {
        write_responder(out, issuer.signer().public_key());
        write_generalized_time(out, now);
        nested(out, tag::SEQUENCE, |out| {
            for (id, status) in request.certificates.iter().zip(statuses) {
                write_single(out, id, *status, now, next_update);
            }
        });
        if let Some(nonce) = request.nonce {
            nested(out, tag::context(1), |out| {
                nested(out, tag::SEQUENCE, |out| {
                    write_extension(out, oid::OCSP_NONCE, false, |out| {
                        primitive(out, tag::OCTET_STRING, nonce);
                    });
                });
            });
        }
    });
    let basic = sign_checked(issuer, data)?;
    let mut out = Vec::with_capacity(basic.len() + 32);
    nested(&mut out, tag::SEQUENCE, |out| {
        primitive(out, tag::ENUMERATED, &[0]);
        nested(out, tag::context(0), |out| {
            nested(out, tag::SEQUENCE, |out| {
                primitive(out, tag::OBJECT_IDENTIFIER, oid::OCSP_BASIC);
                primitive(out, tag::OCTET_STRING, &basic);
            });
        });
    });
    Ok(out)
}

/// The unsigned response that says why the request was not answered.
pub(crate) fn ocsp_failure(failure: OcspFailure) -> Vec<u8> {
    let mut out = Vec::new();
    nested(&mut out, tag::SEQUENCE, |out| primitive(out, tag::ENUMERATED, &[failure as u8]));
    out
}

/// RFC 6960, 4.2.2.3: by the SHA-1 of the key.
fn write_responder(out: &mut Vec<u8>, key: &PublicKey) {
    let hash = digest(&SHA1_FOR_LEGACY_USE_ONLY, key.key());
    nested(out, tag::context(2), |out| primitive(out, tag::OCTET_STRING, hash.as_ref()));
}

/// RFC 6960, 4.2.1: a SingleResponse.
fn write_single(
    out: &mut Vec<u8>,
    id: &CertId<'_>,
    status: OcspStatus,
    now: Timestamp,
    next_update: Timestamp,
) {
    nested(out, tag::SEQUENCE, |out| {
        out.extend_from_slice(id.der);
        match status {
            OcspStatus::Good => primitive(out, tag::context_primitive(0), &[]),
            OcspStatus::Revoked(at, reason) => nested(out, tag::context(1), |out| {
                write_generalized_time(out, at);
                // RFC 5280, 5.3.1: the reason `unspecified` is left out.
                if let Some(number) = reason.number() {
                    nested(out, tag::context(0), |out| primitive(out, tag::ENUMERATED, &[number]));
                }
            }),
            OcspStatus::Unknown => primitive(out, tag::context_primitive(2), &[]),
        }
        write_generalized_time(out, now);
        nested(out, tag::context(0), |out| write_generalized_time(out, next_update));
    });
}

#[cfg(test)]
mod tests;
