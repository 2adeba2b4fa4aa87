//! The part of a certificate that is signed (RFC 5280, 4.1.2).

use super::error::CertificateError;
use crate::der::{Reader, tag};
use crate::x509::extensions::Extensions;
use crate::x509::name;
use crate::x509::validity::Validity;

/// A TBSCertificate, parsed but unsigned.
pub(in crate::x509) struct TbsCertificate<'a> {
    pub(in crate::x509) serial: &'a [u8],
    pub(in crate::x509) signature_algorithm: &'a [u8],
    pub(in crate::x509) issuer: &'a [u8],
    pub(in crate::x509) validity: Validity,
    pub(in crate::x509) subject: &'a [u8],
    pub(in crate::x509) spki: &'a [u8],
    pub(in crate::x509) extensions: Extensions<'a>,
}

impl<'a> TbsCertificate<'a> {
    pub(in crate::x509) fn read(der: &'a [u8]) -> Result<Self, CertificateError> {
        let mut fields = Reader::within(der, tag::SEQUENCE)?;
        // RFC 5280, 4.1.2.1: version 3 is the value 2.
        let mut version = match fields.optional(tag::context(0))? {
            Some(version) => Reader::new(version),
            None => return Err(CertificateError::UnsupportedVersion),
        };
        if version.unsigned()? != [2] {
            return Err(CertificateError::UnsupportedVersion);
        }
        version.end()?;
        let serial = fields.unsigned()?;
        let signature_algorithm = fields.value(tag::SEQUENCE)?;
        let issuer = fields.value(tag::SEQUENCE)?;
        let validity = Validity::read(fields.enter(tag::SEQUENCE)?)?;
        let subject = fields.value(tag::SEQUENCE)?;
        let spki = fields.value(tag::SEQUENCE)?;
        // RFC 5280, 4.1.2.8: unique identifiers are obsolete, and ignored.
        fields.optional_implicit(tag::context_primitive(1), tag::BIT_STRING)?;
        fields.optional_implicit(tag::context_primitive(2), tag::BIT_STRING)?;
        let extensions = match fields.optional(tag::context(3))? {
            Some(extensions) => Extensions::read(extensions)?,
            None => Extensions::default(),
        };
        fields.end()?;
        name::check(Reader::only(issuer, tag::SEQUENCE)?)?;
        name::check(Reader::only(subject, tag::SEQUENCE)?)?;
        Ok(Self { serial, signature_algorithm, issuer, validity, subject, spki, extensions })
    }
}
