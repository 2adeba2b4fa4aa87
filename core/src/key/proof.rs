//! Proof of possession of a key, without sending it: an attribute in the connector's CSR.
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
//! The fingerprint may be absent, but never empty.

use core::fmt;

use subtle::ConstantTimeEq;

use super::{Fingerprint, Host, KeyId};
use crate::der::{Malformed, Reader, tag};
use crate::error_family::error_family;

#[cfg(feature = "connector")]
mod make;

/// The object identifier of the proof attribute, as the content bytes of its DER.
///
/// It is 2.25.79858817682699943544681890380647930141, from the UUID
/// 3c143fb3-5018-4c20-bf8d-9675e926991d (X.667). Compare bytes: many decoders refuse arcs of this
/// size.
pub const PROOF_OID_DER: &[u8] = &[
    0x69, 0xf8, 0x94, 0x9f, 0xec, 0xea, 0x81, 0xc2, 0xb0, 0xc1, 0xbf, 0xc6, 0xe5, 0xce, 0xde, 0xc9,
    0x9a, 0xb2, 0x1d,
];

/// The tag of the fingerprint.
const FINGERPRINT: u8 = tag::context_primitive(0);

/// A proof that the maker of a CSR holds a provisioning key.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Proof {
    host: Host,
    id: KeyId,
    fingerprint: Option<Fingerprint>,
    mac: Mac,
}

/// The authentication code. It is not secret by itself, but not printed either.
#[derive(Clone)]
struct Mac([u8; 32]);

/// In constant time, so that the time of a comparison does not reveal how many bytes are right.
impl PartialEq for Mac {
    fn eq(&self, other: &Self) -> bool {
        self.0.ct_eq(&other.0).into()
    }
}

impl Eq for Mac {}

impl fmt::Debug for Mac {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("elided")
    }
}

error_family! {
    /// The value of a proof attribute is not the DER of a ProvisioningProof.
    #[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
    #[error("the proof in the CSR is malformed")]
    pub struct ProofError => "proof_malformed";
}

impl Proof {
    /// Parses the value of a proof attribute. It verifies nothing.
    ///
    /// # Errors
    /// `proof_malformed` unless it is strict DER with a canonical host.
    pub fn from_der(value: &[u8]) -> Result<Self, ProofError> {
        Self::decode(value).map_err(|Malformed| ProofError)
    }

    fn decode(value: &[u8]) -> Result<Self, Malformed> {
        let mut fields = Reader::within(value, tag::SEQUENCE)?;
        let host = Host::parse(utf8(&mut fields)?).map_err(|_| Malformed)?;
        let id = KeyId::parse(utf8(&mut fields)?).map_err(|_| Malformed)?;
        let fingerprint = fields.optional(FINGERPRINT)?.map(sized).transpose()?;
        let mac = Mac(sized(fields.contents(tag::OCTET_STRING)?)?);
        fields.end()?;
        Ok(Self { host, id, fingerprint: fingerprint.map(Fingerprint::from_bytes), mac })
    }

    /// The host of the key.
    pub fn host(&self) -> &Host {
        &self.host
    }

    /// The id of the key.
    pub fn id(&self) -> KeyId {
        self.id
    }

    /// The fingerprint of the connector's machine, if the connector sent one.
    pub fn fingerprint(&self) -> Option<Fingerprint> {
        self.fingerprint
    }
}

fn utf8<'a>(fields: &mut Reader<'a>) -> Result<&'a str, Malformed> {
    str::from_utf8(fields.contents(tag::UTF8_STRING)?).map_err(|_| Malformed)
}

fn sized<const N: usize>(octets: &[u8]) -> Result<[u8; N], Malformed> {
    octets.try_into().map_err(|_| Malformed)
}
