//! The fields in an identity file, each with its length in front, as four bytes in big-endian
//! order.
//!
//! Their order is: private key (PKCS #8) and public key (SubjectPublicKeyInfo); host, id and pin of
//! the provisioning key of the last request; the same of the provisioning key that the certificate
//! was issued for; in a file of version 2 the private key and the public key of the pending
//! renewal; then the certificates of the chain, from the leaf to the root. A missing value is an
//! empty field. The fields of a renewal for the same key pair, and of a private key elsewhere, are
//! empty, too.

use alloc::boxed::Box;
use alloc::vec::Vec;

use zeroize::Zeroizing;

use super::identity::Enrolled;
use super::identity::Renewal;
use super::key_pair::KeyPair;
use super::{Identity, KeyReference};
use crate::limits::CHAIN_CERTIFICATES_MAX;
use crate::x509::{Certificate, Chain, ChainUse, Pkcs8, PublicKey};

const FIELDS_MAX: usize = 10 + CHAIN_CERTIFICATES_MAX;

/// Encodes an identity.
pub(super) fn write(identity: &Identity) -> Zeroizing<Vec<u8>> {
    let mut fields = Vec::from(key_pair(&identity.key_pair));
    fields.extend(KeyReference::to_fields(identity.asked_with()));
    fields.extend(KeyReference::to_fields(identity.enrolled_with()));
    match &identity.renewal {
        None => {}
        Some(Renewal::SameKey) => fields.extend([&[] as &[u8]; 2]),
        Some(Renewal::NewKey(new)) => {
            fields.extend(key_pair(new));
        }
    }
    let certificates = identity.chain().map(Chain::certificates).unwrap_or_default();
    fields.extend(certificates.iter().map(Certificate::der));
    // The capacity is exact: a vector that grew would leave copies of the private key behind.
    let length = fields.iter().map(|field| 4 + field.len()).sum();
    let mut bytes = Zeroizing::new(Vec::with_capacity(length));
    for field in fields {
        let length = u32::try_from(field.len()).expect("no field is longer than a certificate");
        bytes.extend_from_slice(&length.to_be_bytes());
        bytes.extend_from_slice(field);
    }
    bytes
}

/// The fields of a key pair. A private key elsewhere is empty.
fn key_pair(pair: &KeyPair) -> [&[u8]; 2] {
    let private_key = pair.private_key.as_ref().map_or(&[] as &[u8], Pkcs8::expose);
    [private_key, pair.public_key().spki()]
}

/// Decodes an identity, with a pending renewal if `renewing`. `None` if anything is not as it was
/// written. The chain is verified again.
pub(super) fn read(bytes: &[u8], renewing: bool) -> Option<Identity> {
    let fields = split(bytes)?;
    let (&[private_key, public_key], rest) = fields.split_first_chunk()?;
    let (&asked, rest) = rest.split_first_chunk()?;
    let (&with, rest) = rest.split_first_chunk()?;
    let (renewal, certificates) = match renewing {
        true => rest.split_first_chunk().map(|(&renewal, rest)| (Some(renewal), rest))?,
        false => (None, rest),
    };
    let mut identity = Identity::new(read_key_pair([private_key, public_key])?);
    identity.asked = KeyReference::from_fields(asked)?;
    identity.enrolled = match KeyReference::from_fields(with)? {
        Some(with) => {
            let chain = read_chain(certificates, identity.public_key(), &with)?;
            Some(Enrolled { with, chain })
        }
        // Only a certificate can be renewed.
        None if certificates.is_empty() && !renewing => None,
        None => return None,
    };
    identity.renewal = match renewal {
        None => None,
        Some([[], []]) => Some(Renewal::SameKey),
        Some(new) => Some(Renewal::NewKey(Box::new(read_key_pair(new)?))),
    };
    Some(identity)
}

fn read_key_pair([private_key, public_key]: [&[u8]; 2]) -> Option<KeyPair> {
    let public_key = PublicKey::from_spki(public_key).ok()?;
    if private_key.is_empty() {
        return Some(KeyPair::detached(public_key));
    }
    let private_key = Pkcs8::new(Zeroizing::new(private_key.to_vec()));
    KeyPair::new(private_key, &public_key).ok()
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
