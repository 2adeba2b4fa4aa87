//! Makes, encodes and verifies proofs.

use alloc::vec::Vec;

use ring::hmac::{HMAC_SHA256, Key, sign};

use super::{FINGERPRINT, Mac, PROOF_OID_DER, Proof};
use crate::der::tag;
use crate::der::writer::{attribute, nested, primitive};
use crate::key::{Fingerprint, ProvisioningKey, Secret};

impl Proof {
    /// Proves that the maker of a CSR with this SubjectPublicKeyInfo (DER, exactly as it will be in
    /// the CSR) holds `key`.
    pub fn make(key: &ProvisioningKey, spki: &[u8], fingerprint: Option<Fingerprint>) -> Self {
        let (host, id) = (key.host().clone(), key.id());
        let mut proof = Self { host, id, fingerprint, mac: Mac([0; 32]) };
        proof.mac = proof.mac_under(key.secret(), spki);
        proof
    }

    /// Whether the maker of a CSR with this SubjectPublicKeyInfo holds `secret`. Takes the same
    /// time for every wrong proof.
    #[must_use]
    pub fn verify(&self, secret: &Secret, spki: &[u8]) -> bool {
        self.mac_under(secret, spki) == self.mac
    }

    /// The DER of the attribute's one value.
    pub fn to_attribute_value(&self) -> Vec<u8> {
        let mut value = Vec::new();
        self.write_value(&mut value);
        value
    }

    /// The DER of the whole attribute of a CSR: SEQUENCE { OID, SET { value } } (RFC 2986, 4.1).
    pub fn to_attribute(&self) -> Vec<u8> {
        attribute(PROOF_OID_DER, |out| self.write_value(out))
    }

    fn write_value(&self, out: &mut Vec<u8>) {
        nested(out, tag::SEQUENCE, |out| {
            self.write_names(out);
            self.write_fingerprint(out);
            primitive(out, tag::OCTET_STRING, &self.mac.0);
        });
    }

    fn mac_under(&self, secret: &Secret, spki: &[u8]) -> Mac {
        let proof_key = sign(&Key::new(HMAC_SHA256, secret.expose()), b"provkey/1/proof");
        let proof_key = Key::new(HMAC_SHA256, proof_key.as_ref());
        let mut mac = [0; 32];
        mac.copy_from_slice(sign(&proof_key, &self.message(spki)).as_ref());
        Mac(mac)
    }

    /// The DER of the ProvenMessage.
    fn message(&self, spki: &[u8]) -> Vec<u8> {
        let mut message = Vec::with_capacity(512);
        nested(&mut message, tag::SEQUENCE, |out| {
            self.write_names(out);
            out.extend_from_slice(spki);
            self.write_fingerprint(out);
        });
        message
    }

    fn write_names(&self, out: &mut Vec<u8>) {
        primitive(out, tag::UTF8_STRING, self.host.as_str().as_bytes());
        primitive(out, tag::UTF8_STRING, self.id.as_str().as_bytes());
    }

    fn write_fingerprint(&self, out: &mut Vec<u8>) {
        if let Some(fingerprint) = &self.fingerprint {
            primitive(out, FINGERPRINT, fingerprint.as_bytes());
        }
    }
}
