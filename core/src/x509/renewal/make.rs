//! Makes, encodes and verifies proofs of renewal.

use alloc::vec::Vec;

use sha2::{Digest as _, Sha256};

use super::{FINGERPRINT, RENEWAL_OID_DER, RenewalProof};
use crate::der::tag;
use crate::der::writer::{attribute, nested, primitive};
use crate::key::{Fingerprint, Host};
use crate::x509::{Certificate, PublicKey, Signer, SignerError, signature};

/// The first bytes of the signed message. No other signature with a connector's key covers them.
const CONTEXT: &[u8] = b"provkey/1/renew\0";

impl RenewalProof {
    /// Proves that the maker of a CSR with this SubjectPublicKeyInfo (DER, exactly as it will be in
    /// the CSR) holds the private key of `certificate`, which is `old_key`.
    ///
    /// # Errors
    /// Those of the signer.
    pub fn make(
        host: &Host,
        certificate: &Certificate,
        old_key: &dyn Signer,
        spki: &[u8],
        fingerprint: Option<Fingerprint>,
    ) -> Result<Self, SignerError> {
        let (host, certificate) = (host.clone(), certificate.clone());
        let mut proof = Self { host, certificate, fingerprint, signature: Vec::new() };
        proof.signature = old_key.sign(&proof.message(spki))?;
        Ok(proof)
    }

    /// Whether the key of the old certificate signed this proof for a CSR with this
    /// SubjectPublicKeyInfo.
    #[must_use]
    pub fn verify(&self, spki: &[u8]) -> bool {
        PublicKey::from_spki(self.certificate.spki())
            .is_ok_and(|key| signature::verify_message(&self.message(spki), &self.signature, &key))
    }

    /// The DER of the attribute's one value.
    pub fn to_attribute_value(&self) -> Vec<u8> {
        let mut value = Vec::new();
        self.write_value(&mut value);
        value
    }

    /// The DER of the whole attribute of a CSR: SEQUENCE { OID, SET { value } } (RFC 2986, 4.1).
    pub fn to_attribute(&self) -> Vec<u8> {
        attribute(RENEWAL_OID_DER, |out| self.write_value(out))
    }

    fn write_value(&self, out: &mut Vec<u8>) {
        nested(out, tag::SEQUENCE, |out| {
            primitive(out, tag::UTF8_STRING, self.host.as_str().as_bytes());
            out.extend_from_slice(self.certificate.der());
            self.write_fingerprint(out);
            primitive(out, tag::OCTET_STRING, &self.signature);
        });
    }

    /// The signed message.
    pub(super) fn message(&self, spki: &[u8]) -> Vec<u8> {
        let mut message = Vec::with_capacity(512);
        message.extend_from_slice(CONTEXT);
        nested(&mut message, tag::SEQUENCE, |out| {
            primitive(out, tag::UTF8_STRING, self.host.as_str().as_bytes());
            primitive(out, tag::OCTET_STRING, &Sha256::digest(self.certificate.der()));
            out.extend_from_slice(spki);
            self.write_fingerprint(out);
        });
        message
    }

    fn write_fingerprint(&self, out: &mut Vec<u8>) {
        if let Some(fingerprint) = &self.fingerprint {
            primitive(out, FINGERPRINT, fingerprint.as_bytes());
        }
    }
}
