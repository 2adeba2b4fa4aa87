//! Reading certificates (RFC 5280, 4.1).

use alloc::string::String;
use alloc::vec::Vec;
use core::fmt;

use sha2::{Digest as _, Sha256};

use super::extensions::{
    BasicConstraints, Extensions, ExtensionsError, HostName, KeyUsage, Purposes,
};
use super::signed::{Signed, SignedError};
use super::validity::Validity;
use super::{PublicKey, PublicKeyError, name};
use crate::der::{Malformed, Reader, check_all, oid, pem, tag};
use crate::key::Host;
use crate::limits::{CERTIFICATE_BYTES_MAX, CHAIN_CERTIFICATES_MAX};
use crate::time::Timestamp;

const LABEL: &str = "CERTIFICATE";

/// Bytes that are not a certificate.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum CertificateError {
    /// Longer than [`CERTIFICATE_BYTES_MAX`].
    #[error("a certificate is longer than {CERTIFICATE_BYTES_MAX} bytes")]
    TooLarge,
    /// More than [`CHAIN_CERTIFICATES_MAX`] certificates.
    #[error("there are more than {CHAIN_CERTIFICATES_MAX} certificates")]
    TooMany,
    /// The text holds no certificate in PEM.
    #[error("there is no certificate: neither PEM nor DER")]
    Missing,
    /// Not the strict DER of a certificate, or damaged PEM.
    #[error("a certificate is damaged, or not strict DER")]
    Malformed,
    /// Something follows the certificate.
    #[error("something follows the certificate")]
    TrailingData,
    /// Not of version 3.
    #[error("a certificate is not of X.509 version 3")]
    UnsupportedVersion,
    /// The two places that name the signature algorithm differ.
    #[error("a certificate names two different signature algorithms")]
    AlgorithmMismatch,
    /// One extension occurs twice.
    #[error("a certificate holds one extension twice")]
    DuplicateExtension,
}

impl CertificateError {
    /// The stable code.
    pub const fn code(self) -> &'static str {
        match self {
            Self::TooLarge => "certificate_too_large",
            Self::TooMany => "certificate_too_many",
            Self::Missing => "certificate_missing",
            Self::Malformed => "certificate_malformed",
            Self::TrailingData => "certificate_trailing_data",
            Self::UnsupportedVersion => "certificate_unsupported_version",
            Self::AlgorithmMismatch => "certificate_algorithm_mismatch",
            Self::DuplicateExtension => "certificate_duplicate_extension",
        }
    }

    /// Whether the same call may succeed later: never.
    pub const fn retryable(self) -> bool {
        false
    }
}

impl From<Malformed> for CertificateError {
    fn from(Malformed: Malformed) -> Self {
        Self::Malformed
    }
}

impl From<SignedError> for CertificateError {
    fn from(error: SignedError) -> Self {
        match error {
            SignedError::Malformed => Self::Malformed,
            SignedError::TrailingData => Self::TrailingData,
        }
    }
}

impl From<ExtensionsError> for CertificateError {
    fn from(error: ExtensionsError) -> Self {
        match error {
            ExtensionsError::Malformed | ExtensionsError::TooMany => Self::Malformed,
            ExtensionsError::Duplicate => Self::DuplicateExtension,
        }
    }
}

/// What a certificate says, as yet unsigned (RFC 5280, 4.1.2).
pub(super) struct TbsCertificate<'a> {
    pub(super) serial: &'a [u8],
    pub(super) signature_algorithm: &'a [u8],
    pub(super) issuer: &'a [u8],
    pub(super) validity: Validity,
    pub(super) subject: &'a [u8],
    pub(super) spki: &'a [u8],
    pub(super) extensions: Extensions<'a>,
}

impl<'a> TbsCertificate<'a> {
    pub(super) fn read(der: &'a [u8]) -> Result<Self, CertificateError> {
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
        // RFC 5280, 4.1.2.8: unique identifiers are not made any more, and mean nothing here.
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

/// A certificate, read but not trusted. What follows from its signature is a chain's business.
#[derive(Clone, PartialEq, Eq)]
pub struct Certificate {
    der: Vec<u8>,
    signed: Signed,
    serial: Vec<u8>,
    issuer: Vec<u8>,
    validity: Validity,
    subject: Vec<u8>,
    spki: Vec<u8>,
    basic_constraints: BasicConstraints,
    key_usage: Option<KeyUsage>,
    purposes: Option<Purposes>,
    uris: Vec<String>,
    hosts: Vec<HostName>,
    subject_key_id: Option<Vec<u8>>,
    authority_key_id: Option<Vec<u8>>,
    name_constraints: bool,
    critical_other: bool,
}

impl Certificate {
    /// Reads the DER of one certificate.
    ///
    /// # Errors
    /// Any [`CertificateError`] except `certificate_missing` and `certificate_too_many`.
    pub fn parse(der: &[u8]) -> Result<Self, CertificateError> {
        if der.len() > CERTIFICATE_BYTES_MAX {
            return Err(CertificateError::TooLarge);
        }
        let signed = Signed::read(der)?;
        check_all(der)?;
        let tbs = TbsCertificate::read(&signed.tbs)?;
        // RFC 5280, 4.1.1.2: both algorithm identifiers are the same.
        if tbs.signature_algorithm != signed.algorithm {
            return Err(CertificateError::AlgorithmMismatch);
        }
        let extensions = tbs.extensions;
        let name_constraints = extensions.other(oid::NAME_CONSTRAINTS).is_some();
        let names = extensions.alt_names.map(|names| names.value).unwrap_or_default();
        Ok(Self {
            der: der.to_vec(),
            serial: tbs.serial.to_vec(),
            issuer: tbs.issuer.to_vec(),
            validity: tbs.validity,
            subject: tbs.subject.to_vec(),
            spki: tbs.spki.to_vec(),
            basic_constraints: extensions.basic_constraints.map(|e| e.value).unwrap_or_default(),
            key_usage: extensions.key_usage.map(|e| e.value),
            purposes: extensions.purposes.map(|e| e.value),
            uris: names.uris.into_iter().map(String::from).collect(),
            hosts: names.hosts,
            subject_key_id: extensions.subject_key_id.map(|e| e.value.to_vec()),
            authority_key_id: extensions.authority_key_id.and_then(|e| Some(e.value?.to_vec())),
            name_constraints,
            critical_other: extensions.critical_other,
            signed,
        })
    }

    /// Reads certificates in PEM, in the order in which they stand, with any text around them;
    /// or the DER of one.
    ///
    /// # Errors
    /// Any [`CertificateError`].
    pub fn parse_all(bytes: &[u8]) -> Result<Vec<Self>, CertificateError> {
        if pem::is_der(bytes) {
            return Ok(alloc::vec![Self::parse(bytes)?]);
        }
        // Base64 is a third longer than DER, and line ends and text may come with it.
        if bytes.len() > CHAIN_CERTIFICATES_MAX * CERTIFICATE_BYTES_MAX * 2 {
            return Err(CertificateError::TooLarge);
        }
        let mut certificates = Vec::new();
        for block in pem::Blocks::new(bytes).filter(|block| block.label == LABEL.as_bytes()) {
            if certificates.len() == CHAIN_CERTIFICATES_MAX {
                return Err(CertificateError::TooMany);
            }
            certificates.push(Self::parse(&block.decode().ok_or(CertificateError::Malformed)?)?);
        }
        if certificates.is_empty() { Err(CertificateError::Missing) } else { Ok(certificates) }
    }

    /// The whole certificate in DER.
    pub fn der(&self) -> &[u8] {
        &self.der
    }

    /// The whole certificate in PEM, with a line end after the last line.
    pub fn to_pem(&self) -> String {
        pem::encode(LABEL, &self.der)
    }

    /// SHA-256 of the DER.
    pub fn sha256(&self) -> [u8; 32] {
        Sha256::digest(&self.der).into()
    }

    /// The serial number, most significant byte first, without leading zero.
    pub fn serial(&self) -> &[u8] {
        &self.serial
    }

    /// The issuer's name in DER.
    pub fn issuer(&self) -> &[u8] {
        &self.issuer
    }

    /// The subject's name in DER.
    pub fn subject(&self) -> &[u8] {
        &self.subject
    }

    /// The same for all names that are equal to the subject (RFC 5280, 7.1).
    #[cfg(feature = "authority")]
    pub(crate) fn subject_hash(&self) -> [u8; 32] {
        Sha256::digest(name::folded(&self.subject)).into()
    }

    /// The subject's last common name, if it can be shown.
    pub fn common_name(&self) -> Option<&str> {
        name::common_name(&self.subject)
    }

    /// The subject, for people: `C=DE, O=Example, CN=one`. See [`subject`](Self::subject) for what
    /// programs compare.
    pub fn subject_text(&self) -> String {
        name::to_text(&self.subject)
    }

    /// The issuer, for people.
    pub fn issuer_text(&self) -> String {
        name::to_text(&self.issuer)
    }

    /// The first second at which it is valid.
    pub fn not_before(&self) -> Timestamp {
        self.validity.not_before
    }

    /// The last second at which it is valid.
    pub fn not_after(&self) -> Timestamp {
        self.validity.not_after
    }

    /// The SubjectPublicKeyInfo in DER.
    pub fn spki(&self) -> &[u8] {
        &self.spki
    }

    /// The public key.
    ///
    /// # Errors
    /// [`PublicKeyError`] if it is not accepted.
    pub fn public_key(&self) -> Result<PublicKey, PublicKeyError> {
        PublicKey::from_spki(&self.spki)
    }

    /// Whether it may sign others; not, if it does not say.
    pub fn basic_constraints(&self) -> BasicConstraints {
        self.basic_constraints
    }

    /// What the key may be used for; `None`: anything.
    pub fn key_usage(&self) -> Option<KeyUsage> {
        self.key_usage
    }

    /// What the certificate may be used for; `None`: anything.
    pub fn purposes(&self) -> Option<Purposes> {
        self.purposes
    }

    /// The URIs among the subject's alternative names.
    pub fn uris(&self) -> &[String] {
        &self.uris
    }

    /// Whether the subject's alternative names have this host, whatever its port: its name, or its
    /// address. What a name with a wildcard covers does not count.
    pub fn names_host(&self, host: &Host) -> bool {
        self.hosts.contains(&HostName::of(host))
    }

    /// The identifier of its key.
    pub fn subject_key_id(&self) -> Option<&[u8]> {
        self.subject_key_id.as_deref()
    }

    /// The identifier of its issuer's key.
    pub fn authority_key_id(&self) -> Option<&[u8]> {
        self.authority_key_id.as_deref()
    }

    /// Whether it constrains the names in certificates below it (RFC 5280, 4.2.1.10), which is
    /// not obeyed here.
    pub fn has_name_constraints(&self) -> bool {
        self.name_constraints
    }

    /// Whether a critical extension is not known here, so that the certificate must be refused.
    pub fn has_unknown_critical_extension(&self) -> bool {
        self.critical_other
    }

    #[cfg(feature = "connector")]
    pub(super) fn validity(&self) -> Validity {
        self.validity
    }

    #[cfg(feature = "connector")]
    pub(super) fn signed(&self) -> &Signed {
        &self.signed
    }
}

impl fmt::Debug for Certificate {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Certificate")
            .field("common_name", &self.common_name())
            .field("not_before", &self.not_before())
            .field("not_after", &self.not_after())
            .finish_non_exhaustive()
    }
}

#[cfg(test)]
#[cfg(feature = "connector")]
mod tests;
