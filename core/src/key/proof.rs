//! Proving the possession of a key without sending it: an attribute in the connector's CSR.
//!
//! ```text
//! ProvisioningProof ::= SEQUENCE {            -- the attribute's one value
//!     host         UTF8String,
//!     id           UTF8String,
//!     fingerprint  [0] IMPLICIT OCTET STRING (SIZE (16)) OPTIONAL,
//!     mac          OCTET STRING (SIZE (32)) }
//!
//! mac = HMAC-SHA256(HMAC-SHA256(secret, "provkey/1/proof"), DER of ProvenMessage)
//!
//! ProvenMessage ::= SEQUENCE {
//!     host         UTF8String,
//!     id           UTF8String,
//!     publicKey    SubjectPublicKeyInfo,      -- exactly as in the CSR
//!     fingerprint  [0] IMPLICIT OCTET STRING (SIZE (16)) OPTIONAL }
//! ```
//!
//! An absent fingerprint is something else than an empty one, which does not exist.

use alloc::vec::Vec;
use core::fmt;

use der::asn1::{ContextSpecific, OctetStringRef, Utf8StringRef};
use der::{Decode, Reader, SliceReader, Tag, TagNumber};

use super::{Fingerprint, Host, KeyId};

/// The object identifier of the proof attribute, as the content bytes of its DER.
///
/// It is 2.25.79858817682699943544681890380647930141, from the UUID
/// 3c143fb3-5018-4c20-bf8d-9675e926991d (X.667). Compare bytes: many decoders refuse arcs of this
/// size.
pub const PROOF_OID_DER: &[u8] = &[
    0x69, 0xf8, 0x94, 0x9f, 0xec, 0xea, 0x81, 0xc2, 0xb0, 0xc1, 0xbf, 0xc6, 0xe5, 0xce, 0xde, 0xc9,
    0x9a, 0xb2, 0x1d,
];

const SEQUENCE: u8 = 0x30;
const SET: u8 = 0x31;
const OBJECT_IDENTIFIER: u8 = 0x06;
const UTF8_STRING: u8 = 0x0c;
const OCTET_STRING: u8 = 0x04;
const FINGERPRINT: u8 = 0x80;

/// A proof that whoever made a CSR holds a provisioning key.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Proof {
    host: Host,
    id: KeyId,
    fingerprint: Option<Fingerprint>,
    mac: Mac,
}

/// The code that proves. Not secret by itself, but nothing to be printed either.
#[derive(Clone, PartialEq, Eq)]
struct Mac([u8; 32]);

impl fmt::Debug for Mac {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("elided")
    }
}

/// The value of a proof attribute is not the DER of a ProvisioningProof.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("the proof in the CSR is malformed")]
pub struct ProofError;

impl ProofError {
    /// The code of this error: `proof_malformed`.
    pub const fn code(&self) -> &'static str {
        "proof_malformed"
    }

    /// Whether trying again may help: no.
    pub const fn retryable(&self) -> bool {
        false
    }
}

impl Proof {
    /// Reads the value of a proof attribute. Verifies nothing yet.
    ///
    /// # Errors
    /// [`ProofError`] for anything but the one DER form, with a canonical host.
    pub fn from_der(value: &[u8]) -> Result<Self, ProofError> {
        let proof = Self::decode(value).map_err(|_| ProofError)?;
        // A second spelling of one proof would be a second proof to some comparison.
        if proof.to_attribute_value() == value { Ok(proof) } else { Err(ProofError) }
    }

    fn decode(value: &[u8]) -> der::Result<Self> {
        let mut reader = SliceReader::new(value)?;
        let proof = reader.sequence(Self::decode_body)?;
        reader.finish()?;
        Ok(proof)
    }

    fn decode_body(body: &mut SliceReader<'_>) -> der::Result<Self> {
        let host = Utf8StringRef::decode(body)?;
        let id = Utf8StringRef::decode(body)?;
        let fingerprint = ContextSpecific::<&OctetStringRef>::decode_implicit(body, TagNumber(0))?;
        let mac = <&OctetStringRef>::decode(body)?;
        Ok(Self {
            host: Host::parse(host.as_str()).map_err(|_| Tag::Utf8String.value_error())?,
            id: KeyId::parse(id.as_str()).map_err(|_| Tag::Utf8String.value_error())?,
            fingerprint: fingerprint
                .map(|tagged| sized(tagged.value).map(Fingerprint::from_bytes))
                .transpose()?,
            mac: Mac(sized(mac)?),
        })
    }

    /// The DER of the attribute's one value.
    pub fn to_attribute_value(&self) -> Vec<u8> {
        let mut body = self.names();
        push(&mut body, FINGERPRINT, self.fingerprint.as_ref().map(|f| &f.as_bytes()[..]));
        push(&mut body, OCTET_STRING, Some(&self.mac.0));
        tlv(SEQUENCE, &body)
    }

    /// The DER of the whole attribute of a CSR: SEQUENCE { OID, SET { value } } (RFC 2986, 4.1).
    pub fn to_attribute(&self) -> Vec<u8> {
        let mut attribute = tlv(OBJECT_IDENTIFIER, PROOF_OID_DER);
        attribute.extend(tlv(SET, &self.to_attribute_value()));
        tlv(SEQUENCE, &attribute)
    }

    /// The host of the key.
    pub fn host(&self) -> &Host {
        &self.host
    }

    /// The id of the key.
    pub fn id(&self) -> KeyId {
        self.id
    }

    /// The fingerprint of the connector's machine, if it gave one.
    pub fn fingerprint(&self) -> Option<Fingerprint> {
        self.fingerprint
    }

    fn names(&self) -> Vec<u8> {
        let mut names = tlv(UTF8_STRING, self.host.as_str().as_bytes());
        names.extend(tlv(UTF8_STRING, self.id.as_str().as_bytes()));
        names
    }
}

#[cfg(feature = "connector")]
impl Proof {
    /// Proves that the maker of a CSR with this SubjectPublicKeyInfo (DER, exactly as it will be in
    /// the CSR) holds `key`.
    pub fn make(
        key: &super::ProvisioningKey,
        spki: &[u8],
        fingerprint: Option<Fingerprint>,
    ) -> Self {
        let (host, id) = (key.host().clone(), key.id());
        let mut proof = Self { host, id, fingerprint, mac: Mac([0; 32]) };
        proof.mac = proof.mac_under(key.secret(), spki);
        proof
    }

    /// Whether this proves the possession of `secret` by the maker of a CSR with this
    /// SubjectPublicKeyInfo. Takes the same time for every wrong answer.
    #[must_use]
    pub fn verify(&self, secret: &super::Secret, spki: &[u8]) -> bool {
        use subtle::ConstantTimeEq;
        self.mac_under(secret, spki).0.ct_eq(&self.mac.0).into()
    }

    fn mac_under(&self, secret: &super::Secret, spki: &[u8]) -> Mac {
        use ring::hmac::{HMAC_SHA256, Key, sign};
        let proof_key = sign(&Key::new(HMAC_SHA256, secret.expose()), b"provkey/1/proof");
        let proof_key = Key::new(HMAC_SHA256, proof_key.as_ref());
        let mut mac = [0; 32];
        mac.copy_from_slice(sign(&proof_key, &self.message(spki)).as_ref());
        Mac(mac)
    }

    /// The DER of the ProvenMessage.
    fn message(&self, spki: &[u8]) -> Vec<u8> {
        let mut body = self.names();
        body.extend(spki);
        push(&mut body, FINGERPRINT, self.fingerprint.as_ref().map(|f| &f.as_bytes()[..]));
        tlv(SEQUENCE, &body)
    }
}

fn sized<const N: usize>(octets: &OctetStringRef) -> der::Result<[u8; N]> {
    octets.as_bytes().try_into().map_err(|_| Tag::OctetString.length_error().into())
}

fn push(body: &mut Vec<u8>, tag: u8, contents: Option<&[u8]>) {
    body.extend(contents.into_iter().flat_map(|contents| tlv(tag, contents)));
}

/// One DER element: tag, length in its shortest form, contents (X.690, 10.1).
fn tlv(tag: u8, contents: &[u8]) -> Vec<u8> {
    let length = contents.len().to_be_bytes();
    let leading = length.iter().take_while(|&&byte| byte == 0).count();
    let length = length.get(leading..).unwrap_or_default();
    let mut element = Vec::with_capacity(2 + length.len() + contents.len());
    element.push(tag);
    match length {
        [] => element.push(0),
        [short] if *short < 0x80 => element.push(*short),
        long => {
            element.push(0x80 | long.len() as u8);
            element.extend(long);
        }
    }
    element.extend(contents);
    element
}
