//! The lint: checks every certificate after it is written and before it is signed.
//!
//! The strict reader, which shares no code with the writer, parses the bytes again, and the lint
//! compares them with the profile. A [`Flaw`] is a defect of this library, or a parameter that
//! passed the checks of its type wrongly. A certificate with a flaw is never signed.

use super::certificate::TbsCertificate;
use super::extensions::{BasicConstraints, Extension, HostName, KeyUsage, Purposes};
use super::{Certificate, LeafUrl, LeafUrls, PublicKey, name};
use crate::der::{Malformed, Reader, oid, tag};
use crate::key::Host;

/// The role of a certificate, which determines its extensions.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Role<'a> {
    Root,
    Enrollment,
    /// An enrollment certificate with the name and the key of this external CA.
    Cross(&'a Certificate),
    /// A connector, with these URLs.
    Leaf(&'a LeafUrls),
    /// A server with this host.
    Server(&'a Host),
}

/// What a certificate is compared with.
pub(super) struct Expected<'a> {
    pub(super) role: Role<'a>,
    /// The signer's AlgorithmIdentifier.
    pub(super) signature_algorithm: &'a [u8],
    /// The issuer; `None` for a root.
    pub(super) issuer: Option<&'a Certificate>,
    pub(super) public_key: &'a PublicKey,
}

/// A part of a certificate or a CRL that violates the profile.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum Flaw {
    /// It is not strict DER of a version 3 certificate, or contains an extension twice.
    #[error("its encoding")]
    Encoding,
    /// The serial number does not have 17 bytes.
    #[error("its serial number")]
    Serial,
    /// The signature algorithm is not the signer's.
    #[error("its signature algorithm")]
    Algorithm,
    /// The issuer is not the issuer's subject, byte for byte.
    #[error("its issuer")]
    Issuer,
    /// It ends before it begins, or exceeds the validity of its issuer.
    #[error("its validity")]
    Validity,
    /// The subject is empty, equals the issuer's, or differs from the external CA's.
    #[error("its subject")]
    Subject,
    /// The public key is not the requested one.
    #[error("its public key")]
    PublicKey,
    /// The basic constraints are not critical, or not those of its role.
    #[error("its basic constraints")]
    BasicConstraints,
    /// The key usage is not critical, or not that of its role.
    #[error("its key usage")]
    KeyUsage,
    /// The extended key usage is not that of its role.
    #[error("its extended key usage")]
    Purposes,
    /// The subject key identifier is not that of RFC 7093, or differs from the external CA's.
    #[error("its subject key identifier")]
    SubjectKeyId,
    /// The authority key identifier is not its issuer's subject key identifier.
    #[error("its authority key identifier")]
    AuthorityKeyId,
    /// A connector does not have exactly one URI that ends with its common name, a server has other
    /// names than its host, or a CA has alternative names.
    #[error("its alternative names")]
    AltNames,
    /// The CRL distribution points are not those of the issuer, or are critical.
    #[error("its CRL distribution points")]
    CrlUrl,
    /// The authority information access is not that of the issuer, or is critical.
    #[error("its authority information access")]
    AccessUrls,
    /// It has an extension that the profile does not have.
    #[error("its extensions")]
    Extensions,
    /// The number of a CRL is not the requested one.
    #[error("its CRL number")]
    CrlNumber,
    /// The entries of a CRL are not the revoked certificates.
    #[error("its revoked certificates")]
    Revoked,
}

/// Compares a certificate that is about to be signed with what is expected.
pub(super) fn lint(tbs: &[u8], expected: &Expected<'_>) -> Result<(), Flaw> {
    let tbs = TbsCertificate::read(tbs).map_err(|_| Flaw::Encoding)?;
    // RFC 5280, 4.1.2.2: at most 20 bytes; the profile has 17.
    ensure(tbs.serial.len() == 17, Flaw::Serial)?;
    ensure(tbs.signature_algorithm == expected.signature_algorithm, Flaw::Algorithm)?;
    ensure(tbs.spki == expected.public_key.spki(), Flaw::PublicKey)?;
    lint_names(&tbs, expected)?;
    lint_validity(&tbs, expected)?;
    lint_usage(&tbs, expected.role)?;
    lint_key_ids(&tbs, expected)?;
    lint_alt_names(&tbs, expected.role)?;
    lint_urls(&tbs, expected.role)
}

pub(super) fn ensure(holds: bool, flaw: Flaw) -> Result<(), Flaw> {
    if holds { Ok(()) } else { Err(flaw) }
}

fn lint_names(tbs: &TbsCertificate<'_>, expected: &Expected<'_>) -> Result<(), Flaw> {
    ensure(
        match expected.role {
            Role::Cross(external) => tbs.subject == external.subject(),
            _ => name::common_name(tbs.subject).is_some_and(|name| !name.is_empty()),
        },
        Flaw::Subject,
    )?;
    match expected.issuer {
        None => ensure(tbs.issuer == tbs.subject, Flaw::Issuer),
        // RFC 5280, 4.1.2.4 and 6.1.3(a)(4).
        Some(issuer) => {
            ensure(tbs.issuer == issuer.subject(), Flaw::Issuer)?;
            ensure(tbs.subject != tbs.issuer, Flaw::Subject)
        }
    }
}

fn lint_validity(tbs: &TbsCertificate<'_>, expected: &Expected<'_>) -> Result<(), Flaw> {
    let outer = expected.issuer.map_or(tbs.validity, Certificate::validity);
    ensure(tbs.validity.within(outer) == Some(tbs.validity), Flaw::Validity)?;
    match expected.role {
        Role::Cross(external) => {
            let outer = external.validity();
            ensure(tbs.validity.within(outer) == Some(tbs.validity), Flaw::Validity)
        }
        _ => Ok(()),
    }
}

fn lint_usage(tbs: &TbsCertificate<'_>, role: Role<'_>) -> Result<(), Flaw> {
    let (ca, path_length) = match role {
        Role::Root => (true, None),
        Role::Enrollment | Role::Cross(_) => (true, Some(0)),
        Role::Leaf(_) | Role::Server(_) => (false, None),
    };
    let constraints = BasicConstraints { ca, path_length };
    // RFC 5280, 4.2.1.9 and 4.2.1.3: both critical.
    let constraints = Extension { critical: true, value: constraints };
    ensure(tbs.extensions.basic_constraints == Some(constraints), Flaw::BasicConstraints)?;
    let usage = match role {
        Role::Root | Role::Enrollment | Role::Cross(_) => {
            KeyUsage::KEY_CERT_SIGN.and(KeyUsage::CRL_SIGN)
        }
        Role::Leaf(_) | Role::Server(_) => KeyUsage::DIGITAL_SIGNATURE,
    };
    let usage = Extension { critical: true, value: usage };
    ensure(tbs.extensions.key_usage == Some(usage), Flaw::KeyUsage)?;
    let purposes = match role {
        Role::Root => None,
        Role::Enrollment | Role::Cross(_) | Role::Leaf(_) => Some(Purposes::CLIENT_AUTH),
        Role::Server(_) => Some(Purposes::SERVER_AUTH),
    };
    let purposes = purposes.map(|value| Extension { critical: false, value });
    ensure(tbs.extensions.purposes == purposes, Flaw::Purposes)
}

fn lint_key_ids(tbs: &TbsCertificate<'_>, expected: &Expected<'_>) -> Result<(), Flaw> {
    let key_id = expected.public_key.key_id();
    // RFC 5280, 4.2.1.1 and 4.2.1.2: neither is critical.
    let key_id = match expected.role {
        Role::Cross(external) => external.subject_key_id().unwrap_or_default(),
        _ => key_id.as_slice(),
    };
    let subject = Extension { critical: false, value: key_id };
    ensure(tbs.extensions.subject_key_id.as_ref() == Some(&subject), Flaw::SubjectKeyId)?;
    let authority =
        expected.issuer.map(|issuer| Extension { critical: false, value: issuer.subject_key_id() });
    ensure(tbs.extensions.authority_key_id == authority, Flaw::AuthorityKeyId)
}

fn lint_alt_names(tbs: &TbsCertificate<'_>, role: Role<'_>) -> Result<(), Flaw> {
    let names = tbs.extensions.alt_names.as_ref();
    let sound = match (role, names) {
        (Role::Leaf(_), Some(Extension { critical: false, value })) => {
            !value.other
                && value.hosts.is_empty()
                && matches!(*value.uris, [uri] if is_connector(uri, tbs.subject))
        }
        (Role::Server(host), Some(Extension { critical: false, value })) => {
            !value.other && value.uris.is_empty() && *value.hosts == [HostName::of(host)]
        }
        (Role::Leaf(_) | Role::Server(_), _) => false,
        (Role::Root | Role::Enrollment | Role::Cross(_), names) => names.is_none(),
    };
    ensure(sound, Flaw::AltNames)
}

/// The optional extensions: only a connector's certificate has them, and only with a URL.
fn lint_urls(tbs: &TbsCertificate<'_>, role: Role<'_>) -> Result<(), Flaw> {
    let none = LeafUrls::default();
    let urls = match role {
        Role::Leaf(urls) => urls,
        Role::Root | Role::Enrollment | Role::Cross(_) | Role::Server(_) => &none,
    };
    let crl = tbs.extensions.other(oid::CRL_DISTRIBUTION_POINTS);
    let sound = match (&urls.crl, crl) {
        (None, None) => true,
        (Some(url), Some(Extension { critical: false, value })) => is_crl_url(value, url),
        _ => false,
    };
    ensure(sound, Flaw::CrlUrl)?;
    let access = tbs.extensions.other(oid::AUTHORITY_INFO_ACCESS);
    let sound = match access {
        None => urls.ocsp.is_none() && urls.ca_issuers.is_none(),
        Some(Extension { critical, value }) => {
            !critical && are_access_urls(value, urls) == Ok(true)
        }
    };
    ensure(sound, Flaw::AccessUrls)?;
    let known = usize::from(crl.is_some()) + usize::from(access.is_some());
    ensure(tbs.extensions.others.len() == known, Flaw::Extensions)
}

/// RFC 5280, 4.2.1.13: one DistributionPoint, which is a fullName of this one URI.
fn is_crl_url(value: &[u8], url: &LeafUrl) -> bool {
    let point = Reader::only(value, tag::SEQUENCE);
    let point = point.and_then(|points| Reader::only(points, tag::SEQUENCE));
    let name = point.and_then(|point| Reader::only(point, tag::context(0)));
    let full_name = name.and_then(|name| Reader::only(name, tag::context(0)));
    let uri = full_name.and_then(|names| Reader::only(names, tag::context_primitive(6)));
    uri == Ok(url.as_str().as_bytes())
}

/// RFC 5280, 4.2.2.1: an AccessDescription for each of these URLs that is set, and at least one.
fn are_access_urls(value: &[u8], urls: &LeafUrls) -> Result<bool, Malformed> {
    let mut list = Reader::within(value, tag::SEQUENCE)?;
    let mut sound = !list.is_at_end();
    for (method, url) in [(oid::OCSP, &urls.ocsp), (oid::CA_ISSUERS, &urls.ca_issuers)] {
        if let Some(url) = url {
            let mut fields = list.enter(tag::SEQUENCE)?;
            sound &= fields.contents(tag::OBJECT_IDENTIFIER)? == method;
            sound &= fields.contents(tag::context_primitive(6))? == url.as_str().as_bytes();
            fields.end()?;
        }
    }
    list.end()?;
    Ok(sound)
}

/// Whether this is `spiffe://<trust domain>/group/<group>/connector/<common name>`.
fn is_connector(uri: &str, subject: &[u8]) -> bool {
    let Some(path) = uri.strip_prefix("spiffe://") else { return false };
    let mut parts = path.split('/');
    parts.next().is_some_and(|domain| !domain.is_empty())
        && parts.next() == Some("group")
        && parts.next().is_some_and(|group| !group.is_empty())
        && parts.next() == Some("connector")
        && parts.next() == name::common_name(subject)
        && parts.next().is_none()
}

#[cfg(test)]
mod tests;
