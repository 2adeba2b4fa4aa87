//! Real and fake authorities, and tests of every answer that a connector may get.

mod accept;
mod authority;
mod clock;
mod elsewhere;
mod file;
mod renew;
mod server;

use std::string::String;
use std::sync::Arc;
use std::vec::Vec;

use super::{Error, Identity};
use crate::key::{Host, KeyId, Pin, ProvisioningKey, Secret};
use crate::random::SystemRandom;
use crate::time::Timestamp;
use crate::x509::{
    CaParameters, Certificate, Issuer, KeyAlgorithm, LeafParameters, PublicKey, SerialNumber,
    Signer as _, SoftwareSigner, issue_enrollment_certificate, issue_leaf, issue_root,
};

const ALGORITHMS: [KeyAlgorithm; 3] =
    [KeyAlgorithm::EcdsaP256, KeyAlgorithm::EcdsaP384, KeyAlgorithm::Ed25519];

/// The time of the tests, and a day, in seconds.
const NOW: u64 = 1_800_000_000;
const DAY: u64 = 86_400;
/// When leaves end.
const LEAF_END: u64 = NOW + 30 * DAY;

fn at(seconds: u64) -> Timestamp {
    Timestamp::from_unix_seconds(seconds)
}

fn signer() -> SoftwareSigner {
    SoftwareSigner::generate(KeyAlgorithm::EcdsaP256).unwrap().0
}

fn ca(id: &str, not_before: u64, not_after: u64) -> CaParameters<'_> {
    let serial = SerialNumber::random(&SystemRandom, at(NOW)).unwrap();
    let (not_before, not_after) = (at(not_before), at(not_after));
    CaParameters { common_name: "Test", id, serial, not_before, not_after }
}

/// An authority that signs anything. All instances have the same names.
struct Pki {
    root: Issuer,
    enrollment: Issuer,
}

impl Pki {
    fn new() -> Self {
        let signer = Arc::new(signer());
        let certificate = issue_root(&*signer, &ca("root", NOW - DAY, NOW + 900 * DAY)).unwrap();
        let root = Issuer::new(certificate, signer).unwrap();
        let (not_before, not_after) = (NOW - DAY, NOW + 900 * DAY);
        let enrollment = enrollment(&root, Arc::new(self::signer()), not_before, not_after);
        Self { root, enrollment }
    }

    /// A provisioning key whose pin is this root's.
    fn key(&self) -> ProvisioningKey {
        ProvisioningKey::from_parts(
            Host::parse("api.private.example.com").unwrap(),
            KeyId::parse("q2w3e4r5t6y7").unwrap(),
            Secret::from_bytes([7; 20]),
            Pin::of_spki(self.root.certificate().spki()),
        )
    }

    fn leaf(&self, public_key: &PublicKey) -> Certificate {
        let parameters = LeafParameters {
            connector_id: "c7",
            group_id: "g1",
            trust_domain: "api.private.example.com",
            public_key,
            serial: SerialNumber::random(&SystemRandom, at(NOW)).unwrap(),
            not_before: at(NOW - 300),
            not_after: at(LEAF_END),
        };
        Certificate::parse(&issue_leaf(&self.enrollment, &parameters).unwrap().der).unwrap()
    }

    /// The answer to an identity: leaf, enrollment certificate, root.
    fn answer(&self, identity: &Identity) -> [Certificate; 3] {
        self.answer_for(identity.public_key())
    }

    fn answer_for(&self, public_key: &PublicKey) -> [Certificate; 3] {
        let issuer = self.enrollment.certificate().clone();
        [self.leaf(public_key), issuer, self.root.certificate().clone()]
    }
}

/// An enrollment certificate with the key of `signer`.
fn enrollment(
    root: &Issuer,
    signer: Arc<SoftwareSigner>,
    not_before: u64,
    not_after: u64,
) -> Issuer {
    let parameters = ca("enrollment", not_before, not_after);
    let certificate = issue_enrollment_certificate(root, signer.public_key(), &parameters).unwrap();
    Issuer::new(certificate, signer).unwrap()
}

/// An authority, and an identity that has asked it.
fn asked() -> (Pki, Identity) {
    let pki = Pki::new();
    let mut identity = Identity::generate(KeyAlgorithm::EcdsaP256).unwrap();
    identity.request(&pki.key(), None).unwrap();
    (pki, identity)
}

/// An authority, and an identity that has its certificate.
fn enrolled() -> (Pki, Identity) {
    let (pki, mut identity) = asked();
    identity.accept_certificates(&pki.answer(&identity), at(NOW)).unwrap();
    (pki, identity)
}

fn to_pem(certificates: &[Certificate]) -> String {
    certificates.iter().map(Certificate::to_pem).collect()
}

/// Checks that the answer is refused with this code, and the identity is unchanged.
#[track_caller]
fn refused(identity: &mut Identity, answer: &[Certificate], now: Timestamp, code: &str) -> Error {
    let before = identity.to_bytes();
    let error = identity.accept_certificates(answer, now).unwrap_err();
    assert_eq!(error.code(), code);
    assert_eq!(identity.to_bytes(), before);
    error
}

/// The same bytes with one bit changed.
fn flipped(bytes: &[u8], bit: usize) -> Vec<u8> {
    let mut bytes = bytes.to_vec();
    bytes[bit / 8] ^= 1 << (bit % 8);
    bytes
}
