//! Issues certificates: the caller's parameters, then the profile, the lint, the signature.

mod error;
mod issuer;
mod parameters;

use alloc::vec::Vec;

use super::extensions::HostName;
use super::lint::{Expected, Flaw, Role, lint};
use super::profile::{
    Tbs, head, write_authority_key_id, write_ca_constraints, write_ca_name, write_certificate,
    write_client_auth, write_connector_name, write_host, write_server_constants, write_server_name,
    write_subject_key_id, write_tbs, write_uri,
};
use super::signature::{self, SignatureAlgorithm};
use super::signed::Signed;
use super::validity::Validity;
use super::{Certificate, ExternalCa, PublicKey, Signer};

pub use error::IssueError;
pub use issuer::Issuer;
pub use parameters::{CaParameters, CrossParameters, IssuedLeaf, LeafParameters, ServerParameters};

/// Makes the certificate of an authority root: self-signed, for any purpose, without a path length.
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

/// Makes an enrollment certificate: a CA that signs only TLS clients, and no other CA (path length
/// 0, RFC 5280, 4.2.1.9).
///
/// # Errors
/// Any [`IssueError`] except `issuer_wrong_signer`.
pub fn issue_enrollment_certificate(
    issuer: &Issuer,
    public_key: &PublicKey,
    parameters: &CaParameters<'_>,
) -> Result<Certificate, IssueError> {
    check_ca_id(parameters.id)?;
    if issuer.certificate().basic_constraints().path_length == Some(0) {
        return Err(IssueError::NotAnIssuer);
    }
    let validity = issuer.validity(parameters.not_before, parameters.not_after)?;
    let tbs = write_tbs(&Tbs {
        serial: parameters.serial,
        head: issuer.head(),
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
    sign_checking(issuer.signer(), &tbs, &issuer.expected(Role::Enrollment, public_key))
}

/// Makes a cross-certificate: an enrollment certificate with the subject, the public key and the
/// key identifier of an external CA, byte for byte. What that CA signs then has two chains.
///
/// # Errors
/// Any [`IssueError`] except `issuer_wrong_signer`.
pub fn issue_cross_certificate(
    issuer: &Issuer,
    external: &ExternalCa,
    parameters: &CrossParameters,
) -> Result<Certificate, IssueError> {
    if issuer.certificate().basic_constraints().path_length == Some(0) {
        return Err(IssueError::NotAnIssuer);
    }
    let (certificate, public_key) = (external.certificate(), external.public_key());
    let validity = issuer
        .validity(parameters.not_before, parameters.not_after)?
        .within(certificate.validity())
        .ok_or(IssueError::OutsideIssuerValidity)?;
    let tbs = write_tbs(&Tbs {
        serial: parameters.serial,
        head: issuer.head(),
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
    sign_checking(issuer.signer(), &tbs, &issuer.expected(Role::Cross(certificate), public_key))
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
        head: issuer.head(),
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
        true => sign_checking(issuer.signer(), &tbs, &expected)?.der().to_vec(),
        false => sign(issuer.signer(), &tbs, &expected)?,
    };
    let Validity { not_before, not_after } = validity;
    Ok(IssuedLeaf { der, not_before, not_after })
}

/// Makes the certificate of a TLS server.
///
/// # Errors
/// Any [`IssueError`] except `issuer_wrong_signer`. It is `issuer_not_allowed` if the issuer is
/// only for TLS clients, as enrollment certificates are.
pub fn issue_server(
    issuer: &Issuer,
    parameters: &ServerParameters<'_>,
) -> Result<Certificate, IssueError> {
    let ServerParameters { host, public_key, serial, .. } = *parameters;
    if issuer.certificate().purposes().is_some_and(|purposes| !purposes.server_auth) {
        return Err(IssueError::NotAnIssuer);
    }
    let validity = issuer.validity(parameters.not_before, parameters.not_after)?;
    let tbs = write_tbs(&Tbs {
        serial,
        head: issuer.head(),
        validity,
        subject: &|out| write_server_name(out, host),
        public_key,
        extensions: &|out| {
            write_server_constants(out, issuer.key_id());
            write_subject_key_id(out, &public_key.key_id());
            write_host(out, &HostName::of(host));
        },
    });
    sign_checking(issuer.signer(), &tbs, &issuer.expected(Role::Server(host), public_key))
}

/// Signs DER that is not a certificate, and verifies the signature.
pub(super) fn sign_checked(issuer: &Issuer, tbs: Vec<u8>) -> Result<Vec<u8>, IssueError> {
    let key = issuer.signer().public_key();
    let algorithm = SignatureAlgorithm::of(key.algorithm()).identifier();
    let signature = issuer.signer().sign(&tbs)?;
    let der = write_certificate(&tbs, algorithm, &signature);
    let signed = Signed { tbs, algorithm: algorithm.to_vec(), signature };
    signature::verify(&signed, key).map_err(|_| IssueError::BadSignature)?;
    Ok(der)
}

/// Signs a certificate that passes the lint.
fn sign(signer: &dyn Signer, tbs: &[u8], expected: &Expected<'_>) -> Result<Vec<u8>, IssueError> {
    lint(tbs, expected).map_err(IssueError::Flawed)?;
    let signature = signer.sign(tbs)?;
    Ok(write_certificate(tbs, expected.signature_algorithm, &signature))
}

/// Signs a certificate that passes the lint, and verifies the signature. A CA certificate is made
/// once, and everything below depends on it.
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

/// SPIFFE-ID, 2.2: a path segment. It has at most 64 characters, because it is a common name, too.
fn is_segment(id: &str) -> bool {
    let allowed = |byte: u8| byte.is_ascii_alphanumeric() || b"-._".contains(&byte);
    (1..=64).contains(&id.len()) && id.bytes().all(allowed) && id != "." && id != ".."
}

/// SPIFFE-ID, 2.1: a trust domain.
fn is_trust_domain(name: &str) -> bool {
    let allowed =
        |byte: u8| byte.is_ascii_lowercase() || byte.is_ascii_digit() || b"-._".contains(&byte);
    (1..=255).contains(&name.len()) && name.bytes().all(allowed)
}

#[cfg(test)]
mod tests;
