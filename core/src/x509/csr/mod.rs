//! Certificate signing requests (PKCS #10, RFC 2986).

#[cfg(feature = "connector")]
mod build;
mod error;
mod subject;
#[cfg(feature = "connector")]
mod verify;

#[cfg(feature = "connector")]
pub use build::{build_ca_csr, build_csr};
pub use error::CsrError;
#[cfg(feature = "connector")]
pub use verify::VerifiedCsr;

use alloc::collections::BTreeSet;
use alloc::vec::Vec;
use core::fmt;

use super::RENEWAL_OID_DER;
use super::signed::Signed;
use crate::der::{Reader, is_deeper_than, oid, pem, tag};
use crate::key::PROOF_OID_DER;
use crate::limits::{CSR_BYTES_MAX, CSR_LEVELS_MAX};

const LABELS: [&str; 2] = ["CERTIFICATE REQUEST", "NEW CERTIFICATE REQUEST"];

/// What a request is for, as far as its attributes say.
#[cfg(feature = "authority")]
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Purpose {
    Enrollment,
    Renewal,
}

/// A well-formed request. Nothing in it is verified: `verify`, with the feature `connector`, does
/// that.
///
/// The subject, if it is well-formed, and unknown attributes are ignored: only the public key is
/// ever copied from a request.
///
/// ```
/// use provkey::x509::Csr;
///
/// # #[cfg(feature = "connector")] {
/// use provkey::connector::Identity;
/// use provkey::key::{Host, KeyId, Pin, Proof, ProvisioningKey, Secret};
/// use provkey::x509::KeyAlgorithm;
///
/// # let (host, id) = (Host::parse("api.example.com")?, KeyId::parse("q2w3e4r5t6y7")?);
/// # let (secret, pin) = (Secret::from_bytes([7; 20]), Pin::from_bytes([7; 15]));
/// # let key = ProvisioningKey::from_parts(host, id, secret, pin);
/// let mut identity = Identity::generate(KeyAlgorithm::EcdsaP256)?;
/// let request = identity.request(&key, None)?;
///
/// let csr = Csr::parse(request.to_pem().as_bytes())?;
/// let proof = Proof::from_der(csr.proof().ok_or("a connector's request has a proof")?)?;
/// assert!(proof.verify(key.secret(), csr.spki()));
/// assert_eq!(csr.verify()?.public_key(), identity.public_key());
/// # }
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
#[derive(Clone, PartialEq, Eq)]
pub struct Csr {
    signed: Signed,
    spki: Vec<u8>,
    proof: Option<Vec<u8>>,
    renewal: Option<Vec<u8>>,
    requested_extensions: Option<Vec<u8>>,
}

impl Csr {
    /// Parses a request in DER, or in PEM with any text around it.
    ///
    /// # Errors
    /// `csr_too_large`, `csr_malformed`, `csr_trailing_data`, `csr_nested_too_deeply`,
    /// `csr_unsupported_version`, `csr_subject_text`, `csr_subject_length` or
    /// `csr_attribute_not_single`.
    pub fn parse(bytes: &[u8]) -> Result<Self, CsrError> {
        if pem::is_der(bytes) { Self::parse_der(bytes) } else { Self::parse_pem(bytes) }
    }

    fn parse_pem(text: &[u8]) -> Result<Self, CsrError> {
        // Base64 is a third longer than DER; the rest allows for line ends and other text.
        if text.len() > 2 * CSR_BYTES_MAX {
            return Err(CsrError::TooLarge);
        }
        let is_request = |label| LABELS.iter().any(|known| known.as_bytes() == label);
        let mut blocks = pem::Blocks::new(text).filter(|block| is_request(block.label));
        let block = blocks.next().ok_or(CsrError::Malformed)?;
        if blocks.next().is_some() {
            return Err(CsrError::TrailingData);
        }
        Self::parse_der(&block.decode().ok_or(CsrError::Malformed)?)
    }

    fn parse_der(der: &[u8]) -> Result<Self, CsrError> {
        if der.len() > CSR_BYTES_MAX {
            return Err(CsrError::TooLarge);
        }
        let signed = Signed::read(der)?;
        if is_deeper_than(CSR_LEVELS_MAX, der)? {
            return Err(CsrError::NestedTooDeeply);
        }
        let (spki, attributes) = read_info(&signed.tbs)?;
        Ok(Self {
            spki: spki.to_vec(),
            proof: attributes.proof.map(<[u8]>::to_vec),
            renewal: attributes.renewal.map(<[u8]>::to_vec),
            requested_extensions: attributes.extensions.map(<[u8]>::to_vec),
            signed,
        })
    }

    /// The SubjectPublicKeyInfo, exactly as it is in the request.
    pub fn spki(&self) -> &[u8] {
        &self.spki
    }

    /// The DER of the value of the proof attribute, if there is one: see
    /// [`Proof::from_der`](crate::key::Proof::from_der).
    pub fn proof(&self) -> Option<&[u8]> {
        self.proof.as_deref()
    }

    /// The DER of the value of the renewal attribute, if there is one. The request is then for the
    /// renewal of a certificate: see [`RenewalProof::from_der`](super::RenewalProof::from_der).
    pub fn renewal(&self) -> Option<&[u8]> {
        self.renewal.as_deref()
    }

    /// Whether none of its attributes belongs to the other purpose. A plain request, as common
    /// tools make it, serves both.
    #[cfg(feature = "authority")]
    pub(crate) fn serves(&self, purpose: Purpose) -> bool {
        match purpose {
            Purpose::Enrollment => self.renewal.is_none(),
            Purpose::Renewal => self.proof.is_none(),
        }
    }
}

impl fmt::Debug for Csr {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Csr").field("spki", &self.spki).finish_non_exhaustive()
    }
}

/// The attributes that this library knows.
#[derive(Default)]
struct Attributes<'a> {
    /// The DER of the requested Extensions.
    extensions: Option<&'a [u8]>,
    /// The DER of the proof.
    proof: Option<&'a [u8]>,
    /// The DER of the proof of renewal.
    renewal: Option<&'a [u8]>,
}

/// Parses a CertificationRequestInfo (RFC 2986, 4.1): its SubjectPublicKeyInfo and its attributes.
fn read_info(info: &[u8]) -> Result<(&[u8], Attributes<'_>), CsrError> {
    let mut fields = Reader::within(info, tag::SEQUENCE)?;
    if fields.unsigned()? != [0] {
        return Err(CsrError::UnsupportedVersion);
    }
    subject::check(fields.contents(tag::SEQUENCE)?)?;
    let spki = fields.value(tag::SEQUENCE)?;
    let mut list = fields.enter_set_of(tag::context(0))?;
    fields.end()?;
    let mut attributes = Attributes::default();
    let mut types = BTreeSet::new();
    while !list.is_at_end() {
        let mut attribute = list.enter(tag::SEQUENCE)?;
        let oid = attribute.contents(tag::OBJECT_IDENTIFIER)?;
        let values = attribute.enter_set_of(tag::SET)?;
        attribute.end()?;
        if !types.insert(oid) {
            return Err(CsrError::AttributeNotSingle);
        }
        match oid {
            PROOF_OID_DER => set_single(&mut attributes.proof, values)?,
            RENEWAL_OID_DER => set_single(&mut attributes.renewal, values)?,
            oid::EXTENSION_REQUEST | oid::MICROSOFT_EXTENSION_REQUEST => {
                set_single(&mut attributes.extensions, values)?;
            }
            _ => {}
        }
    }
    Ok((spki, attributes))
}

fn set_single<'a>(place: &mut Option<&'a [u8]>, mut values: Reader<'a>) -> Result<(), CsrError> {
    if values.is_at_end() {
        return Err(CsrError::AttributeNotSingle);
    }
    let value = values.any()?;
    if !values.is_at_end() || place.replace(value).is_some() {
        return Err(CsrError::AttributeNotSingle);
    }
    Ok(())
}

#[cfg(test)]
#[cfg(feature = "connector")]
mod tests;
