//! With a real authority.

use super::*;
use crate::authority::{Authority, EnrollRequest, Enrolled};
use crate::connector::{CertificateState, Request};
use crate::key::Fingerprint;
use crate::testing::TestAuthority;

/// An authority, and a key of it with one use.
pub(super) fn authority() -> (Authority, ProvisioningKey) {
    let test = TestAuthority::new();
    test.clock.set(at(NOW));
    let key = test.key("first floor", 1);
    let provisioning_key = test.provisioning_key(&key);
    (test.authority, provisioning_key)
}

pub(super) fn enroll(authority: &Authority, csr: &[u8]) -> Enrolled {
    let request = EnrollRequest { csr: csr.to_vec(), ..EnrollRequest::default() };
    authority.enroll(&request).unwrap()
}

#[test]
fn an_identity_of_each_algorithm_enrolls_by_proof() {
    for algorithm in ALGORITHMS {
        let (authority, key) = authority();
        let mut identity = Identity::generate(algorithm).unwrap();
        assert_eq!(identity.state(at(NOW)), CertificateState::None);
        let fingerprint = Some(Fingerprint::of_raw(b"machine"));
        let request = identity.request(&key, fingerprint).unwrap();
        let enrolled = enroll(&authority, request.der());
        let accepted = identity.accept(enrolled.chain_pem().as_bytes(), at(NOW)).unwrap();
        assert_eq!(accepted.not_before, enrolled.not_before);
        assert_eq!(accepted.not_after, enrolled.not_after);
        assert_eq!((accepted.now, accepted.clock_behind), (at(NOW), None));
        assert_eq!(identity.state(at(NOW)), CertificateState::Valid);
        let name = identity.certificate().unwrap().common_name();
        assert_eq!(name, Some(enrolled.connector.as_str()));
        assert_eq!(identity.enrolled_with().unwrap().id(), key.id());
    }
}

#[test]
fn a_repeated_request_gets_the_same_certificate_at_no_cost() {
    let (authority, key) = authority();
    let mut identity = Identity::generate(KeyAlgorithm::EcdsaP256).unwrap();
    let first = enroll(&authority, identity.request(&key, None).unwrap().der());
    // The answer is lost, and the process ends. The saved identity repeats the request.
    let mut identity = Identity::from_bytes(&identity.to_bytes()).unwrap();
    let request: Request = identity.request(&key, None).unwrap();
    let second = enroll(&authority, request.to_pem().as_bytes());
    assert!(second.replay);
    assert_eq!(second.chain, first.chain);
    identity.accept(second.chain_pem().as_bytes(), at(NOW)).unwrap();
    assert_eq!(authority.key(key.id()).unwrap().used, 1);
}
