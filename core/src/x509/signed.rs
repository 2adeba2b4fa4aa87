//! What certificates, requests and CRLs have in common: some DER, and a signature over it.

use alloc::vec::Vec;

use crate::der::{Malformed, Reader, tag};

/// The three fields of a certificate (RFC 5280, 4.1.1) or a request (RFC 2986, 4.2).
#[derive(Clone, PartialEq, Eq)]
pub(super) struct Signed {
    /// The signed part, in DER.
    pub(super) tbs: Vec<u8>,
    /// The AlgorithmIdentifier of the signature, in DER.
    pub(super) algorithm: Vec<u8>,
    pub(super) signature: Vec<u8>,
}

/// Why the fields cannot be read.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum SignedError {
    Malformed,
    /// Bytes follow the last field.
    TrailingData,
}

impl From<Malformed> for SignedError {
    fn from(Malformed: Malformed) -> Self {
        Self::Malformed
    }
}

impl Signed {
    pub(super) fn read(der: &[u8]) -> Result<Self, SignedError> {
        let mut reader = Reader::new(der);
        let mut fields = reader.enter(tag::SEQUENCE)?;
        if !reader.is_at_end() {
            return Err(SignedError::TrailingData);
        }
        let tbs = fields.value(tag::SEQUENCE)?.to_vec();
        let algorithm = fields.value(tag::SEQUENCE)?.to_vec();
        let signature = fields.bit_string()?.to_vec();
        fields.end()?;
        Ok(Self { tbs, algorithm, signature })
    }
}
