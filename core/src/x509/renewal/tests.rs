//! Proofs of renewal, of every algorithm and bit by bit. `tests/vectors` has those of another
//! implementation.

use std::vec::Vec;

use super::*;
use crate::x509::tests::{SIGNING, enrollment, leaf, root, signer};
use crate::x509::{Csr, KeyAlgorithm, Signer as _, SoftwareSigner, build_csr, issue_leaf};

const FINGERPRINT: Fingerprint = Fingerprint::from_bytes([7; 16]);

fn host() -> Host {
    Host::parse("api.private.example.com").unwrap()
}

fn certificate(key: &SoftwareSigner) -> Certificate {
    let issuer = enrollment(&root(KeyAlgorithm::Ed25519), KeyAlgorithm::Ed25519);
    Certificate::parse(&issue_leaf(&issuer, &leaf(key.public_key())).unwrap().der).unwrap()
}

fn proof(old: &SoftwareSigner, new: &SoftwareSigner) -> RenewalProof {
    let spki = new.public_key().spki();
    RenewalProof::make(&host(), &certificate(old), old, spki, Some(FINGERPRINT)).unwrap()
}

#[test]
fn a_key_of_any_algorithm_renews_for_a_key_of_any_other() {
    for (old, new) in SIGNING.into_iter().flat_map(|old| SIGNING.map(|new| (old, new))) {
        let (old, new) = (signer(old), signer(new));
        let made = proof(&old, &new);
        let csr = Csr::parse(&build_csr(&new, &[&made.to_attribute()]).unwrap()).unwrap();
        let read = RenewalProof::from_der(csr.renewal().unwrap()).unwrap();
        assert_eq!(read, made);
        assert_eq!((read.host(), read.fingerprint()), (&host(), Some(FINGERPRINT)));
        assert_eq!(read.certificate().spki(), old.public_key().spki());
        assert!(read.verify(csr.spki()));
        assert!(!read.verify(old.public_key().spki()));
        assert_eq!(csr.proof(), None);
    }
}

#[test]
fn no_changed_bit_and_no_shorter_value_is_a_proof() {
    let (old, new) = (signer(KeyAlgorithm::Ed25519), signer(KeyAlgorithm::EcdsaP256));
    let (value, spki) = (proof(&old, &new).to_attribute_value(), new.public_key().spki());
    let proves = |value: &[u8]| RenewalProof::from_der(value).is_ok_and(|read| read.verify(spki));
    assert!(proves(&value));
    for bit in 0..8 * value.len() {
        let mut turned = value.clone();
        turned[bit / 8] ^= 1 << (bit % 8);
        assert!(!proves(&turned), "bit {bit}");
    }
    for length in 0..value.len() {
        assert!(!proves(&value[..length]), "{length} bytes");
    }
    assert!(!proves(&[&value, &[0][..]].concat()));
}

/// A signature for one purpose never verifies for another, and it covers every field.
#[test]
fn what_is_signed_begins_with_its_purpose_and_names_everything() {
    let (old, new) = (signer(KeyAlgorithm::Ed25519), signer(KeyAlgorithm::Ed25519));
    let (one, spki) = (proof(&old, &new), new.public_key().spki());
    let message = one.message(spki);
    assert!(message.starts_with(b"provkey/1/renew\0\x30"));
    let without = RenewalProof { fingerprint: None, ..one.clone() };
    let elsewhere = RenewalProof { host: Host::parse("localhost").unwrap(), ..one.clone() };
    let of_another = RenewalProof { certificate: certificate(&new), ..one.clone() };
    for other in [&without, &elsewhere, &of_another] {
        assert_ne!(other.message(spki), message);
        assert!(!other.verify(spki));
    }
    let printed = std::format!("{one:?}");
    assert!(printed.contains("api.private.example.com") && !printed.contains("signature"));
    let error = RenewalProof::from_der(&Vec::new()).unwrap_err();
    assert_eq!((error.code(), error.retryable()), ("renewal_malformed", false));
}
