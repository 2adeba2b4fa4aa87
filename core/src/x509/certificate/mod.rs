//! Parsing certificates (RFC 5280, 4.1).

mod error;
mod tbs;

use alloc::string::String;
use alloc::vec::Vec;
use core::fmt;

use sha2::{Digest as _, Sha256};

use super::extensions::{BasicConstraints, HostName, KeyUsage, Purposes};
use super::signed::Signed;
use super::validity::Validity;
use super::{PublicKey, PublicKeyError, name};
use crate::der::{check_all, oid, pem};
use crate::key::Host;
use crate::limits::{CERTIFICATE_BYTES_MAX, CHAIN_CERTIFICATES_MAX};
use crate::time::Timestamp;

pub use error::CertificateError;
pub(super) use tbs::TbsCertificate;

const LABEL: &str = "CERTIFICATE";

/// A parsed certificate. Nothing in it is verified: only `Chain` checks signatures.
///
/// ```
/// use provkey::x509::Certificate;
///
/// let error = Certificate::parse_all(b"no certificate here").unwrap_err();
/// assert_eq!(error.code(), "certificate_missing");
///
/// # #[cfg(feature = "connector")] {
/// use provkey::time::Timestamp;
/// use provkey::x509::{CaParameters, KeyAlgorithm, SerialNumber, SoftwareSigner, issue_root};
///
/// # struct Zeros;
/// # impl provkey::random::Random for Zeros {
/// #     fn fill(&self, bytes: &mut [u8]) -> Result<(), provkey::random::RandomError> {
/// #         bytes.fill(0);
/// #         Ok(())
/// #     }
/// # }
/// # let random = Zeros;
/// let (signer, _) = SoftwareSigner::generate(KeyAlgorithm::EcdsaP256)?;
/// let parameters = CaParameters {
///     common_name: "Example root",
///     id: "r1",
///     serial: SerialNumber::random(&random, Timestamp::from_unix_seconds(1_800_000_000))?,
///     not_before: Timestamp::from_unix_seconds(1_800_000_000),
///     not_after: Timestamp::from_unix_seconds(2_000_000_000),
/// };
/// let root = issue_root(&signer, &parameters)?;
/// assert_eq!(Certificate::parse_all(root.to_pem().as_bytes())?, [root.clone()]);
/// assert_eq!(root.subject_text(), "CN=Example root, serialNumber=r1");
/// # }
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
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
    /// Parses the DER of one certificate.
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

    /// Parses all certificates of a text in PEM, in their order, with any text around them; or the
    /// DER of one certificate.
    ///
    /// # Errors
    /// Any [`CertificateError`].
    pub fn parse_all(bytes: &[u8]) -> Result<Vec<Self>, CertificateError> {
        if pem::is_der(bytes) {
            return Ok(alloc::vec![Self::parse(bytes)?]);
        }
        // Base64 is a third longer than DER; the rest allows for line ends and other text.
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

    /// A hash that is the same for all names that are equal to the subject (RFC 5280, 7.1).
    #[cfg(feature = "authority")]
    pub(crate) fn subject_hash(&self) -> [u8; 32] {
        Sha256::digest(name::folded(&self.subject)).into()
    }

    /// The subject's last common name, if it is a UTF8String or a PrintableString.
    pub fn common_name(&self) -> Option<&str> {
        name::common_name(&self.subject)
    }

    /// The subject for people, such as `C=DE, O=Example, CN=one`. Programs compare
    /// [`subject`](Self::subject).
    pub fn subject_text(&self) -> String {
        name::to_text(&self.subject)
    }

    /// The issuer for people, like [`subject_text`](Self::subject_text).
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
    /// [`PublicKeyError`] if the key is refused.
    pub fn public_key(&self) -> Result<PublicKey, PublicKeyError> {
        PublicKey::from_spki(&self.spki)
    }

    /// Whether it is a CA certificate. Without the extension it is not.
    pub fn basic_constraints(&self) -> BasicConstraints {
        self.basic_constraints
    }

    /// The key usage; `None`: any.
    pub fn key_usage(&self) -> Option<KeyUsage> {
        self.key_usage
    }

    /// The extended key usage; `None`: any.
    pub fn purposes(&self) -> Option<Purposes> {
        self.purposes
    }

    /// The URIs among the subject's alternative names.
    pub fn uris(&self) -> &[String] {
        &self.uris
    }

    /// Whether the subject's alternative names contain this host's name or address. Its port is
    /// ignored, and wildcards match nothing.
    pub fn names_host(&self, host: &Host) -> bool {
        self.hosts.contains(&HostName::of(host))
    }

    /// The subject key identifier.
    pub fn subject_key_id(&self) -> Option<&[u8]> {
        self.subject_key_id.as_deref()
    }

    /// The authority key identifier: that of the issuer's key.
    pub fn authority_key_id(&self) -> Option<&[u8]> {
        self.authority_key_id.as_deref()
    }

    /// Whether it constrains the names in certificates below it (RFC 5280, 4.2.1.10). This library
    /// does not evaluate such constraints.
    pub fn has_name_constraints(&self) -> bool {
        self.name_constraints
    }

    /// Whether it has a critical extension that this library does not know. It must be refused
    /// then.
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
