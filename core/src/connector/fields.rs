//! What an identity file holds: fields, each after its length as four bytes, the first byte the
//! most significant.
//!
//! In this order: the private key (PKCS #8), the public key (SubjectPublicKeyInfo); host, id and pin
//! of the key last asked with; the same of the key enrolled with; then the certificates of the chain,
//! from the leaf to the root. What there is none of is empty.

use alloc::vec::Vec;

use zeroize::Zeroizing;

use super::identity::Enrolled;
use super::{Identity, KeyReference};
use crate::limits::CHAIN_CERTIFICATES_MAX;
use crate::x509::{Certificate, Chain, ChainUse, Pkcs8, PublicKey};

const FIELDS_MAX: usize = 8 + CHAIN_CERTIFICATES_MAX;

/// Writes an identity.
pub(super) fn write(identity: &Identity) -> Zeroizing<Vec<u8>> {
    let mut fields = Vec::from([identity.private_key().expose(), identity.public_key().spki()]);
    fields.extend(KeyReference::to_fields(identity.asked_with()));
    fields.extend(KeyReference::to_fields(identity.enrolled_with()));
    let certificates = identity.chain().map(Chain::certificates).unwrap_or_default();
    fields.extend(certificates.iter().map(Certificate::der));
    // Long enough from the start: bytes that grew would leave copies of the key behind.
    let length = fields.iter().map(|field| 4 + field.len()).sum();
    let mut bytes = Zeroizing::new(Vec::with_capacity(length));
    for field in fields {
        let length = u32::try_from(field.len()).expect("no field is longer than a certificate");
        bytes.extend_from_slice(&length.to_be_bytes());
        bytes.extend_from_slice(field);
    }
    bytes
}

/// Reads an identity; `None` if anything is not as it was written. The chain is checked anew.
pub(super) fn read(bytes: &[u8]) -> Option<Identity> {
    let fields = split(bytes)?;
    let (&[private_key, public_key], rest) = fields.split_first_chunk()?;
    let (&asked, rest) = rest.split_first_chunk()?;
    let (&with, certificates) = rest.split_first_chunk()?;
    let private_key = Pkcs8::new(Zeroizing::new(private_key.to_vec()));
    let public_key = PublicKey::from_spki(public_key).ok()?;
    let mut identity = Identity::from_private_key(private_key, &public_key).ok()?;
    identity.asked = KeyReference::from_fields(asked)?;
    identity.enrolled = match KeyReference::from_fields(with)? {
        Some(with) => Some(Enrolled { chain: read_chain(certificates, &public_key, &with)?, with }),
        None if certificates.is_empty() => None,
        None => return None,
    };
    Some(identity)
}

fn read_chain(fields: &[&[u8]], leaf: &PublicKey, with: &KeyReference) -> Option<Chain> {
    let certificates: Result<Vec<_>, _> =
        fields.iter().map(|field| Certificate::parse(field)).collect();
    let certificates = certificates.ok()?;
    let is_anchor = |spki: &[u8]| with.pin().matches_spki(spki);
    let chain = Chain::build(&certificates, leaf.spki(), ChainUse::ClientAuth, is_anchor).ok()?;
    (chain.certificates() == certificates).then_some(chain)
}

fn split(mut bytes: &[u8]) -> Option<Vec<&[u8]>> {
    let mut fields = Vec::with_capacity(FIELDS_MAX);
    while let Some((length, rest)) = bytes.split_first_chunk() {
        let length = usize::try_from(u32::from_be_bytes(*length)).ok()?;
        let (field, rest) = rest.split_at_checked(length)?;
        if fields.len() == FIELDS_MAX {
            return None;
        }
        fields.push(field);
        bytes = rest;
    }
    bytes.is_empty().then_some(fields)
}
