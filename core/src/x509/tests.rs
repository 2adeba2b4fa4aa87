//! A small authority for tests, and the path from a key to an accepted chain.

use std::string::String;
use std::sync::Arc;
use std::vec::Vec;

use super::*;
use crate::random::{Random, RandomError};
use crate::time::Timestamp;

pub(super) const SIGNING: [KeyAlgorithm; 3] =
    [KeyAlgorithm::EcdsaP256, KeyAlgorithm::EcdsaP384, KeyAlgorithm::Ed25519];

/// Seconds in a year, and the time of the tests.
pub(super) const YEAR: u64 = 365 * 86_400;
pub(super) const NOW: u64 = 1_800_000_000;

pub(super) fn at(seconds: u64) -> Timestamp {
    Timestamp::from_unix_seconds(seconds)
}

/// Not random at all.
struct Sevens;

impl Random for Sevens {
    fn fill(&self, bytes: &mut [u8]) -> Result<(), RandomError> {
        bytes.fill(0xf7);
        Ok(())
    }
}

pub(super) fn serial() -> SerialNumber {
    SerialNumber::random(&Sevens, at(NOW)).unwrap()
}

pub(super) fn signer(algorithm: KeyAlgorithm) -> SoftwareSigner {
    SoftwareSigner::generate(algorithm).unwrap().0
}

pub(super) fn ca(id: &str, years: u64) -> CaParameters<'_> {
    CaParameters {
        common_name: "Test",
        id,
        serial: serial(),
        not_before: at(NOW - 600),
        not_after: at(NOW + years * YEAR),
    }
}

pub(super) fn root(algorithm: KeyAlgorithm) -> Issuer {
    let signer = signer(algorithm);
    let certificate = issue_root(&signer, &ca("root", 30)).unwrap();
    Issuer::new(certificate, Arc::new(signer)).unwrap()
}

pub(super) fn enrollment(root: &Issuer, algorithm: KeyAlgorithm) -> Issuer {
    let signer = signer(algorithm);
    let certificate =
        issue_enrollment_certificate(root, signer.public_key(), &ca("enrollment", 10)).unwrap();
    Issuer::new(certificate, Arc::new(signer)).unwrap()
}

pub(super) fn leaf(public_key: &PublicKey) -> LeafParameters<'_> {
    LeafParameters {
        connector_id: "c7",
        group_id: "g1",
        trust_domain: "api.private.example.com",
        public_key,
        serial: serial(),
        not_before: at(NOW - 300),
        not_after: at(NOW + YEAR),
    }
}

#[test]
fn a_request_becomes_a_certificate_that_the_chain_accepts() {
    for (issuing, asking) in
        SIGNING.iter().flat_map(|&issuing| SIGNING.map(|asking| (issuing, asking)))
    {
        let root = root(issuing);
        let enrollment = enrollment(&root, issuing);
        let connector = signer(asking);
        let csr = Csr::parse(&build_csr(&connector, &[]).unwrap()).unwrap();
        let verified = csr.verify().unwrap();
        let issued = issue_leaf(&enrollment, &leaf(verified.public_key())).unwrap();
        let certificates = [
            root.certificate().clone(),
            Certificate::parse(&issued.der).unwrap(),
            enrollment.certificate().clone(),
        ];
        let spki = connector.public_key().spki();
        let pin = root.certificate().spki();
        let chain =
            Chain::build(&certificates, spki, ChainUse::ClientAuth, |spki| spki == pin).unwrap();
        chain.check_time(at(NOW)).unwrap();
        let names: Vec<_> = chain.certificates().iter().map(|c| c.common_name()).collect();
        assert_eq!(names, [Some("c7"), Some("Test"), Some("Test")]);
        let pem: String = chain.to_pem();
        assert_eq!(Certificate::parse_all(pem.as_bytes()).unwrap(), chain.certificates());
    }
}
