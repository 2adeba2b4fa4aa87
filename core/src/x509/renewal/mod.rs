//! Proof of possession of the certificate that is to be renewed: an attribute in the CSR for the
//! new one.
//!
//! ```text
//! RenewalProof ::= SEQUENCE {                 -- the attribute's one value
//!     host         UTF8String,
//!     certificate  Certificate,               -- the old one, as it was issued
//!     fingerprint  [0] IMPLICIT OCTET STRING (SIZE (16)) OPTIONAL,
//!     signature    OCTET STRING }
//!
//! signature = by the key of the old certificate, over "provkey/1/renew" ‖ 0x00 ‖ DER of
//!             RenewedMessage, in the form that a certificate's BIT STRING contains
//!
//! RenewedMessage ::= SEQUENCE {
//!     host         UTF8String,
//!     certificate  OCTET STRING (SIZE (32)),  -- SHA-256 of the old one
//!     publicKey    SubjectPublicKeyInfo,      -- the new one, exactly as in the CSR
//!     fingerprint  [0] IMPLICIT OCTET STRING (SIZE (16)) OPTIONAL }
//! ```
//!
//! P-256 signs with SHA-256, P-384 with SHA-384, RSA with PKCS #1 v1.5 and SHA-256.

use alloc::vec::Vec;
use core::fmt;

use super::Certificate;
use crate::der::{Malformed, Reader, tag};
use crate::error_family::error_family;
use crate::key::{Fingerprint, Host};

#[cfg(feature = "connector")]
mod make;

/// The object identifier of the renewal attribute, as the content bytes of its DER.
///
/// It is 2.25.281616953042276250925741459717998473241, from the UUID
/// d3dd73c8-0a4b-4cc3-91ea-5be683237019 (X.667). Compare bytes: many decoders refuse arcs of this
/// size.
pub const RENEWAL_OID_DER: &[u8] = &[
    0x69, 0x83, 0xa7, 0xdd, 0xb9, 0xf2, 0x81, 0xa4, 0xda, 0xb3, 0x87, 0x91, 0xf5, 0x96, 0xfc, 0xe8,
    0x99, 0x8d, 0xe0, 0x19,
];

/// The tag of the fingerprint.
const FINGERPRINT: u8 = tag::context_primitive(0);

/// A proof that the maker of a CSR holds the private key of the certificate to renew.
#[derive(Clone, PartialEq, Eq)]
pub struct RenewalProof {
    host: Host,
    certificate: Certificate,
    fingerprint: Option<Fingerprint>,
    signature: Vec<u8>,
}

error_family! {
    /// The value of a renewal attribute is not the DER of a RenewalProof.
    #[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
    #[error("the proof of renewal in the CSR is malformed")]
    pub struct RenewalProofError => "renewal_malformed";
}

impl RenewalProof {
    /// Parses the value of a renewal attribute. It verifies nothing.
    ///
    /// # Errors
    /// `renewal_malformed` unless it is strict DER with a canonical host.
    pub fn from_der(value: &[u8]) -> Result<Self, RenewalProofError> {
        Self::decode(value).map_err(|Malformed| RenewalProofError)
    }

    fn decode(value: &[u8]) -> Result<Self, Malformed> {
        let mut fields = Reader::within(value, tag::SEQUENCE)?;
        let host = fields.contents(tag::UTF8_STRING)?;
        let host = str::from_utf8(host).ok().and_then(|host| Host::parse(host).ok());
        let certificate = Certificate::parse(fields.value(tag::SEQUENCE)?);
        let fingerprint = fields.optional(FINGERPRINT)?.map(<[u8; 16]>::try_from).transpose();
        let signature = fields.contents(tag::OCTET_STRING)?.to_vec();
        fields.end()?;
        Ok(Self {
            host: host.ok_or(Malformed)?,
            certificate: certificate.map_err(|_| Malformed)?,
            fingerprint: fingerprint.map_err(|_| Malformed)?.map(Fingerprint::from_bytes),
            signature,
        })
    }

    /// The host of the authority that the request is for.
    pub fn host(&self) -> &Host {
        &self.host
    }

    /// The certificate to renew, as the connector sent it. The authority must still find it among
    /// its own.
    pub fn certificate(&self) -> &Certificate {
        &self.certificate
    }

    /// The fingerprint of the connector's machine, if the connector sent one.
    pub fn fingerprint(&self) -> Option<Fingerprint> {
        self.fingerprint
    }
}

impl fmt::Debug for RenewalProof {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("RenewalProof")
            .field("host", &self.host)
            .field("certificate", &self.certificate)
            .field("fingerprint", &self.fingerprint)
            .finish_non_exhaustive()
    }
}

#[cfg(test)]
#[cfg(feature = "connector")]
mod tests;
