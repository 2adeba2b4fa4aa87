//! Making certificate signing requests.

use alloc::vec::Vec;

use crate::der::writer::{attribute, bit_string, nested, primitive};
use crate::der::{oid, tag};
use crate::x509::profile::{write_ca_constraints, write_ca_name};
use crate::x509::signature::SignatureAlgorithm;
use crate::x509::{Signer, SignerError};

/// Makes a request in DER for a CA certificate with path length 0: a subject with this common name
/// and this id, and the extensions that make a CA.
///
/// # Errors
/// Those of the signer.
pub fn build_ca_csr(
    signer: &dyn Signer,
    common_name: &str,
    id: &str,
) -> Result<Vec<u8>, SignerError> {
    let mut subject = Vec::new();
    write_ca_name(&mut subject, common_name, id);
    // RFC 2985, 5.4.2: the requested extensions.
    let extensions = attribute(oid::EXTENSION_REQUEST, |out| {
        nested(out, tag::SEQUENCE, |out| write_ca_constraints(out, Some(0)));
    });
    build(signer, &subject, &[&extensions])
}

/// Makes a request in DER: an empty subject, the signer's public key, and these attributes, each
/// the DER of an Attribute (RFC 2986, 4.1).
///
/// # Errors
/// Those of the signer.
pub fn build_csr(signer: &dyn Signer, attributes: &[&[u8]]) -> Result<Vec<u8>, SignerError> {
    build(signer, &[tag::SEQUENCE, 0], attributes)
}

fn build(
    signer: &dyn Signer,
    subject: &[u8],
    attributes: &[&[u8]],
) -> Result<Vec<u8>, SignerError> {
    // X.690, 11.6: the elements of a set are in the order of their encodings.
    let mut attributes = attributes.to_vec();
    attributes.sort_unstable();
    let public_key = signer.public_key();
    let mut info = Vec::with_capacity(512);
    // RFC 2986, 4.1: CertificationRequestInfo.
    nested(&mut info, tag::SEQUENCE, |out| {
        primitive(out, tag::INTEGER, &[0]);
        out.extend_from_slice(subject);
        out.extend_from_slice(public_key.spki());
        nested(out, tag::context(0), |out| out.extend(attributes.concat()));
    });
    let signature = signer.sign(&info)?;
    let mut request = Vec::with_capacity(info.len() + signature.len() + 32);
    nested(&mut request, tag::SEQUENCE, |out| {
        out.extend_from_slice(&info);
        out.extend_from_slice(SignatureAlgorithm::of(public_key.algorithm()).identifier());
        bit_string(out, &signature);
    });
    Ok(request)
}
