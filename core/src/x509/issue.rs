//! Making certificates.

use alloc::sync::Arc;
use alloc::vec::Vec;
use core::fmt;

use super::extensions::HostName;
use super::extensions::KeyUsage;
use super::lint::{Expected, Flaw, Role, lint};
use super::profile::{
    Tbs, head, write_authority_key_id, write_ca_constraints, write_ca_name, write_certificate,
    write_client_auth, write_connector_name, write_leaf_constants, write_leaf_urls,
    write_subject_key_id, write_tbs, write_uri,
};
use super::profile::{write_host, write_server_constants, write_server_name};
use super::signature::{self, SignatureAlgorithm};
use super::signed::Signed;
use super::validity::Validity;
use super::{Certificate, ExternalCa, LeafUrls, PublicKey, SerialNumber, Signer, SignerError};
use crate::key::Host;
use crate::time::Timestamp;

/// A certificate could not be made.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum IssueError {
    /// The signer failed.
    #[error(transparent)]
    Signer(#[from] SignerError),
    /// The signer's public key is not the one in the issuer's certificate.
    #[error("the signer's key is not the one in the issuer's certificate")]
    WrongSigner,
    /// The signer made a signature that its own public key does not accept.
    #[error("the signer made a wrong signature")]
    BadSignature,
    /// The issuer's certificate does not allow it to sign such certificates.
    #[error("the issuer's certificate does not allow it to sign this")]
    NotAnIssuer,
    /// No moment lies both in the time asked for and in the issuer's.
    #[error("the issuer's certificate is not valid at any moment of the time asked for")]
    OutsideIssuerValidity,
    /// An id or a trust domain is empty, too long, or holds a character that needs quoting.
    #[error("an id or the trust domain cannot be written into a certificate")]
    BadName,
    /// The certificate, or the CRL, was written wrongly, and was not signed.
    #[error("it was not signed, for {0} would be wrong")]
    Flawed(Flaw),
}

impl IssueError {
    /// The stable code.
    pub const fn code(&self) -> &'static str {
        match self {
            Self::Signer(error) => error.code(),
            Self::WrongSigner => "issuer_wrong_signer",
            Self::BadSignature => "signer_bad_signature",
            Self::NotAnIssuer => "issuer_not_allowed",
            Self::OutsideIssuerValidity => "issuer_not_valid",
            Self::BadName => "certificate_bad_name",
            Self::Flawed(_) => "certificate_flawed",
        }
    }

    /// Whether the same call may succeed later without anybody doing anything.
    pub const fn retryable(&self) -> bool {
        match self {
            Self::Signer(error) => error.retryable(),
            _ => false,
        }
    }
}

/// What differs between the certificates of authorities.
#[derive(Clone, Copy, Debug)]
pub struct CaParameters<'a> {
    /// What people call it. Cut to 64 characters (RFC 5280, A.1).
    pub common_name: &'a str,
    /// Its id, which makes the subject unique: 1 to 64 letters, digits, `-` and `.`.
    pub id: &'a str,
    /// The serial number.
    pub serial: SerialNumber,
    /// From when it is valid; rounded down to a second, and not before its issuer.
    pub not_before: Timestamp,
    /// Until when it is valid; rounded down to a second, and not past its issuer.
    pub not_after: Timestamp,
}

/// What differs between the certificates of connectors.
#[derive(Clone, Copy, Debug)]
pub struct LeafParameters<'a> {
    /// The connector's id, its common name: 1 to 64 letters, digits, `-`, `.` and `_`.
    pub connector_id: &'a str,
    /// The group's id, likewise.
    pub group_id: &'a str,
    /// The trust domain: 1 to 255 lower-case letters, digits, `-`, `.` and `_` (SPIFFE-ID, 2.1).
    pub trust_domain: &'a str,
    /// The connector's public key.
    pub public_key: &'a PublicKey,
    /// The serial number.
    pub serial: SerialNumber,
    /// From when it is valid; rounded down to a second, and not before its issuer.
    pub not_before: Timestamp,
    /// Until when it is valid; rounded down to a second, and not past its issuer.
    pub not_after: Timestamp,
}

/// The certificate of a connector, just made.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct IssuedLeaf {
    /// The certificate in DER.
    pub der: Vec<u8>,
    /// From when it is valid.
    pub not_before: Timestamp,
    /// Until when it is valid.
    pub not_after: Timestamp,
}

/// A certificate that signs others, with its key.
pub struct Issuer {
    certificate: Certificate,
    signer: Arc<dyn Signer>,
    /// The fields from the signature algorithm to the issuer's name, the same for all.
    head: Vec<u8>,
    /// The extensions that all leaves have in common.
    leaf_extensions: Vec<u8>,
    /// The URLs among these.
    leaf_urls: LeafUrls,
    /// Whether each signature is checked.
    checking: bool,
}

impl Issuer {
    /// Brings a certificate and its key together.
    ///
    /// # Errors
    /// `issuer_wrong_signer` if the key is another; `issuer_not_allowed` if the certificate is
    /// not that of an authority with a subject key identifier.
    pub fn new(certificate: Certificate, signer: Arc<dyn Signer>) -> Result<Self, IssueError> {
        if certificate.spki() != signer.public_key().spki() {
            return Err(IssueError::WrongSigner);
        }
        let signs = certificate.key_usage().is_none_or(|u| u.contains(KeyUsage::KEY_CERT_SIGN));
        let key_id = certificate.subject_key_id().ok_or(IssueError::NotAnIssuer)?;
        if !certificate.basic_constraints().ca || !signs {
            return Err(IssueError::NotAnIssuer);
        }
        let head = head(&*signer, certificate.subject());
        let leaf_urls = LeafUrls::default();
        let leaf_extensions = leaf_extensions(key_id, &leaf_urls);
        Ok(Self { certificate, signer, head, leaf_extensions, leaf_urls, checking: false })
    }

    /// The same for a signer outside this process: each signature that it makes on a leaf is
    /// checked, as those on authorities always are. A wrong one is `signer_bad_signature`.
    ///
    /// # Errors
    /// As [`new`](Self::new).
    pub fn new_checking(
        certificate: Certificate,
        signer: Arc<dyn Signer>,
    ) -> Result<Self, IssueError> {
        Ok(Self { checking: true, ..Self::new(certificate, signer)? })
    }

    /// The same, with these URLs in the certificates of connectors.
    pub fn with_leaf_urls(self, leaf_urls: LeafUrls) -> Self {
        let leaf_extensions = leaf_extensions(self.key_id(), &leaf_urls);
        Self { leaf_extensions, leaf_urls, ..self }
    }

    /// The issuer's certificate.
    pub fn certificate(&self) -> &Certificate {
        &self.certificate
    }

    /// The issuer's key, for another issuer with the same one.
    #[cfg(feature = "authority")]
    pub(crate) fn shared_signer(&self) -> Arc<dyn Signer> {
        Arc::clone(&self.signer)
    }

    /// The issuer's key.
    pub fn signer(&self) -> &dyn Signer {
        &*self.signer
    }

    /// The identifier of its key.
    pub(super) fn key_id(&self) -> &[u8] {
        self.certificate.subject_key_id().unwrap_or_default()
    }

    /// The DER of its signature algorithm and its name.
    pub(super) fn head(&self) -> &[u8] {
        &self.head
    }

    fn expected<'a>(&'a self, role: Role<'a>, public_key: &'a PublicKey) -> Expected<'a> {
        let algorithm = SignatureAlgorithm::of(self.signer.public_key().algorithm());
        Expected {
            role,
            signature_algorithm: algorithm.identifier(),
            issuer: Some(&self.certificate),
            public_key,
        }
    }

    fn validity(
        &self,
        not_before: Timestamp,
        not_after: Timestamp,
    ) -> Result<Validity, IssueError> {
        Validity { not_before, not_after }
            .within(self.certificate.validity())
            .ok_or(IssueError::OutsideIssuerValidity)
    }
}

/// The extensions that all leaves of an issuer have in common.
fn leaf_extensions(key_id: &[u8], urls: &LeafUrls) -> Vec<u8> {
    let mut extensions = Vec::with_capacity(128);
    write_leaf_constants(&mut extensions, key_id);
    write_leaf_urls(&mut extensions, urls);
    extensions
}

impl fmt::Debug for Issuer {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_tuple("Issuer").field(&self.certificate).finish()
    }
}

/// Makes the certificate of an authority root, signed by itself: for any purpose, and with
/// authorities below it.
///
/// # Errors
/// Any [`IssueError`] except `issuer_wrong_signer` and `issuer_not_allowed`.
pub fn issue_root(
    signer: &dyn Signer,
    parameters: &CaParameters<'_>,
) -> Result<Certificate, IssueError> {
    check_ca_id(parameters.id)?;
    let asked = Validity { not_before: parameters.not_before, not_after: parameters.not_after };
    let validity = asked.within(asked).ok_or(IssueError::OutsideIssuerValidity)?;
    let public_key = signer.public_key();
    let mut subject = Vec::new();
    write_ca_name(&mut subject, parameters.common_name, parameters.id);
    let tbs = write_tbs(&Tbs {
        serial: parameters.serial,
        head: &head(signer, &subject),
        validity,
        subject: &|out| out.extend_from_slice(&subject),
        public_key,
        extensions: &|out| {
            write_ca_constraints(out, None);
            write_subject_key_id(out, &public_key.key_id());
        },
    });
    let expected = Expected {
        role: Role::Root,
        signature_algorithm: SignatureAlgorithm::of(public_key.algorithm()).identifier(),
        issuer: None,
        public_key,
    };
    sign_checking(signer, &tbs, &expected)
}

/// Makes an enrollment certificate: an authority that signs nothing but TLS clients (RFC 5280,
/// 4.2.1.9: path length 0).
///
/// # Errors
/// Any [`IssueError`] except `issuer_wrong_signer`.
pub fn issue_enrollment_certificate(
    issuer: &Issuer,
    public_key: &PublicKey,
    parameters: &CaParameters<'_>,
) -> Result<Certificate, IssueError> {
    check_ca_id(parameters.id)?;
    if issuer.certificate.basic_constraints().path_length == Some(0) {
        return Err(IssueError::NotAnIssuer);
    }
    let validity = issuer.validity(parameters.not_before, parameters.not_after)?;
    let tbs = write_tbs(&Tbs {
        serial: parameters.serial,
        head: &issuer.head,
        validity,
        subject: &|out| write_ca_name(out, parameters.common_name, parameters.id),
        public_key,
        extensions: &|out| {
            write_ca_constraints(out, Some(0));
            write_client_auth(out);
            write_authority_key_id(out, issuer.key_id());
            write_subject_key_id(out, &public_key.key_id());
        },
    });
    sign_checking(&*issuer.signer, &tbs, &issuer.expected(Role::Enrollment, public_key))
}

/// What differs between the cross-certificates of authorities.
#[derive(Clone, Copy, Debug)]
pub struct CrossParameters {
    /// The serial number.
    pub serial: SerialNumber,
    /// From when it is valid; not before its issuer, nor before the external certificate.
    pub not_before: Timestamp,
    /// Until when it is valid; not past its issuer, nor past the external certificate.
    pub not_after: Timestamp,
}

/// Makes a cross-certificate: an enrollment certificate with the subject, the public key and the
/// key identifier of an external one, byte for byte, so that what that CA signs has two chains.
///
/// # Errors
/// Any [`IssueError`] except `issuer_wrong_signer`.
pub fn issue_cross_certificate(
    issuer: &Issuer,
    external: &ExternalCa,
    parameters: &CrossParameters,
) -> Result<Certificate, IssueError> {
    if issuer.certificate.basic_constraints().path_length == Some(0) {
        return Err(IssueError::NotAnIssuer);
    }
    let (certificate, public_key) = (external.certificate(), external.public_key());
    let validity = issuer
        .validity(parameters.not_before, parameters.not_after)?
        .within(certificate.validity())
        .ok_or(IssueError::OutsideIssuerValidity)?;
    let tbs = write_tbs(&Tbs {
        serial: parameters.serial,
        head: &issuer.head,
        validity,
        subject: &|out| out.extend_from_slice(certificate.subject()),
        public_key,
        extensions: &|out| {
            write_ca_constraints(out, Some(0));
            write_client_auth(out);
            write_authority_key_id(out, issuer.key_id());
            write_subject_key_id(out, certificate.subject_key_id().unwrap_or_default());
        },
    });
    sign_checking(&*issuer.signer, &tbs, &issuer.expected(Role::Cross(certificate), public_key))
}

/// Makes the certificate of a connector.
///
/// # Errors
/// Any [`IssueError`] except `issuer_wrong_signer` and `issuer_not_allowed`.
pub fn issue_leaf(
    issuer: &Issuer,
    parameters: &LeafParameters<'_>,
) -> Result<IssuedLeaf, IssueError> {
    let LeafParameters { connector_id, group_id, trust_domain, public_key, .. } = *parameters;
    if !is_segment(connector_id) || !is_segment(group_id) || !is_trust_domain(trust_domain) {
        return Err(IssueError::BadName);
    }
    let validity = issuer.validity(parameters.not_before, parameters.not_after)?;
    let tbs = write_tbs(&Tbs {
        serial: parameters.serial,
        head: &issuer.head,
        validity,
        subject: &|out| write_connector_name(out, connector_id),
        public_key,
        extensions: &|out| {
            out.extend_from_slice(&issuer.leaf_extensions);
            write_subject_key_id(out, &public_key.key_id());
            write_uri(
                out,
                &["spiffe://", trust_domain, "/group/", group_id, "/connector/", connector_id],
            );
        },
    });
    let expected = issuer.expected(Role::Leaf(&issuer.leaf_urls), public_key);
    let der = match issuer.checking {
        true => sign_checking(&*issuer.signer, &tbs, &expected)?.der().to_vec(),
        false => sign(&*issuer.signer, &tbs, &expected)?,
    };
    let Validity { not_before, not_after } = validity;
    Ok(IssuedLeaf { der, not_before, not_after })
}

/// What differs between the certificates of servers.
#[derive(Clone, Copy, Debug)]
pub struct ServerParameters<'a> {
    /// The server's host. Its port does not matter.
    pub host: &'a Host,
    /// The server's public key.
    pub public_key: &'a PublicKey,
    /// The serial number.
    pub serial: SerialNumber,
    /// From when it is valid; rounded down to a second, and not before its issuer.
    pub not_before: Timestamp,
    /// Until when it is valid; rounded down to a second, and not past its issuer.
    pub not_after: Timestamp,
}

/// Makes the certificate of a TLS server.
///
/// # Errors
/// Any [`IssueError`] except `issuer_wrong_signer`; `issuer_not_allowed` if the issuer is for TLS
/// clients only, as enrollment certificates are.
pub fn issue_server(
    issuer: &Issuer,
    parameters: &ServerParameters<'_>,
) -> Result<Certificate, IssueError> {
    let ServerParameters { host, public_key, serial, .. } = *parameters;
    if issuer.certificate.purposes().is_some_and(|purposes| !purposes.server_auth) {
        return Err(IssueError::NotAnIssuer);
    }
    let validity = issuer.validity(parameters.not_before, parameters.not_after)?;
    let tbs = write_tbs(&Tbs {
        serial,
        head: &issuer.head,
        validity,
        subject: &|out| write_server_name(out, host),
        public_key,
        extensions: &|out| {
            write_server_constants(out, issuer.key_id());
            write_subject_key_id(out, &public_key.key_id());
            write_host(out, &HostName::of(host));
        },
    });
    sign_checking(&*issuer.signer, &tbs, &issuer.expected(Role::Server(host), public_key))
}

/// Signs something else than a certificate, and checks the signature.
pub(super) fn sign_checked(issuer: &Issuer, tbs: Vec<u8>) -> Result<Vec<u8>, IssueError> {
    let key = issuer.signer.public_key();
    let algorithm = SignatureAlgorithm::of(key.algorithm()).identifier();
    let signature = issuer.signer.sign(&tbs)?;
    let der = write_certificate(&tbs, algorithm, &signature);
    let signed = Signed { tbs, algorithm: algorithm.to_vec(), signature };
    signature::verify(&signed, key).map_err(|_| IssueError::BadSignature)?;
    Ok(der)
}

/// Signs a certificate, if it is what it must be.
fn sign(signer: &dyn Signer, tbs: &[u8], expected: &Expected<'_>) -> Result<Vec<u8>, IssueError> {
    lint(tbs, expected).map_err(IssueError::Flawed)?;
    let signature = signer.sign(tbs)?;
    Ok(write_certificate(tbs, expected.signature_algorithm, &signature))
}

/// Signs a certificate, and checks the signature. That of an authority is made once, and all
/// that follows rests on it.
fn sign_checking(
    signer: &dyn Signer,
    tbs: &[u8],
    expected: &Expected<'_>,
) -> Result<Certificate, IssueError> {
    let certificate = Certificate::parse(&sign(signer, tbs, expected)?)
        .map_err(|_| IssueError::Flawed(Flaw::Encoding))?;
    signature::verify(certificate.signed(), signer.public_key())
        .map_err(|_| IssueError::BadSignature)?;
    Ok(certificate)
}

/// RFC 5280, A.1: `serialNumber` is a PrintableString of 1 to 64 characters.
fn check_ca_id(id: &str) -> Result<(), IssueError> {
    let printable = is_segment(id) && !id.contains('_');
    if printable { Ok(()) } else { Err(IssueError::BadName) }
}

/// SPIFFE-ID, 2.2: a segment of a path; at most 64 characters, as it is a common name too.
fn is_segment(id: &str) -> bool {
    let allowed = |byte: u8| byte.is_ascii_alphanumeric() || b"-._".contains(&byte);
    (1..=64).contains(&id.len()) && id.bytes().all(allowed) && id != "." && id != ".."
}

/// SPIFFE-ID, 2.1.
fn is_trust_domain(name: &str) -> bool {
    let allowed =
        |byte: u8| byte.is_ascii_lowercase() || byte.is_ascii_digit() || b"-._".contains(&byte);
    (1..=255).contains(&name.len()) && name.bytes().all(allowed)
}

#[cfg(test)]
mod tests;
