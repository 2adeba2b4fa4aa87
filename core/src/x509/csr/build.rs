use alloc::vec::Vec;

use crate::x509::signature::SignatureAlgorithm;
use crate::x509::writer::{self, bit_string, context, nested, primitive};
use crate::x509::{Signer, SignerError};

/// An attribute of a request: the contents of its object identifier, and the DER of its one value.
#[derive(Clone, Copy, Debug)]
pub struct CsrAttribute<'a> {
    /// The contents bytes of the object identifier's DER.
    pub oid: &'a [u8],
    /// The DER of the value.
    pub value: &'a [u8],
}

/// Makes a request in DER: an empty subject, the signer's public key, and these attributes.
///
/// # Errors
/// Whatever the signer fails with.
pub fn build_csr(
    signer: &dyn Signer,
    attributes: &[CsrAttribute<'_>],
) -> Result<Vec<u8>, SignerError> {
    let public_key = signer.public_key();
    let mut info = Vec::with_capacity(512);
    // RFC 2986, 4.1: CertificationRequestInfo.
    nested(&mut info, writer::SEQUENCE, |out| {
        primitive(out, writer::INTEGER, &[0]);
        nested(out, writer::SEQUENCE, |_| {});
        out.extend_from_slice(public_key.spki());
        nested(out, context(0), |out| write_attributes(out, attributes));
    });
    let signature = signer.sign(&info)?;
    let mut request = Vec::with_capacity(info.len() + signature.len() + 32);
    nested(&mut request, writer::SEQUENCE, |out| {
        out.extend_from_slice(&info);
        out.extend_from_slice(SignatureAlgorithm::of(public_key.algorithm()).identifier());
        bit_string(out, &signature);
    });
    Ok(request)
}

/// X.690, 11.6: the elements of a set stand in the order of their encodings.
fn write_attributes(out: &mut Vec<u8>, attributes: &[CsrAttribute<'_>]) {
    let mut encoded: Vec<Vec<u8>> = attributes.iter().map(encode_attribute).collect();
    encoded.sort();
    encoded.iter().for_each(|attribute| out.extend_from_slice(attribute));
}

fn encode_attribute(attribute: &CsrAttribute<'_>) -> Vec<u8> {
    let mut out = Vec::new();
    nested(&mut out, writer::SEQUENCE, |out| {
        primitive(out, writer::OBJECT_IDENTIFIER, attribute.oid);
        primitive(out, writer::SET, attribute.value);
    });
    out
}
