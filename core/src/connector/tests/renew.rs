//! Renewals: what is stored until there is an answer, and that no failure does harm.

use proptest::prelude::*;

use super::authority::{authority, enroll};
use super::*;
use crate::authority::{Authority, RenewRequest};
use crate::connector::{KeyReference, RenewalKey, Request};
use crate::key::Fingerprint;

const NEW: RenewalKey = RenewalKey::New(KeyAlgorithm::Ed25519);

/// The public key that a renewal asks for.
fn asked_for(request: &Request) -> PublicKey {
    let csr = crate::x509::Csr::parse(request.der()).unwrap();
    assert!(csr.renewal().is_some() && csr.proof().is_none());
    csr.verify().unwrap().public_key().clone()
}

#[test]
fn the_old_certificate_and_key_stay_until_the_answer() {
    let (pki, mut identity) = enrolled();
    let (old_key, old) = (identity.public_key().clone(), identity.certificate().cloned());
    let new_key = asked_for(&identity.renew_request(NEW, None).unwrap());
    assert!(identity.is_renewing() && new_key != old_key);
    assert_eq!((identity.public_key(), identity.certificate()), (&old_key, old.as_ref()));
    // A further request is for the same renewal, whatever its key.
    for again in [RenewalKey::Same, NEW, RenewalKey::New(KeyAlgorithm::EcdsaP384)] {
        assert_eq!(asked_for(&identity.renew_request(again, None).unwrap()), new_key);
    }
    refused(&mut identity, &Pki::new().answer_for(&new_key), at(NOW), "chain_untrusted_root");
    let stranger = Identity::generate(KeyAlgorithm::Ed25519).unwrap();
    refused(&mut identity, &pki.answer(&stranger), at(NOW), "answer_for_another_key");
    let answer = pki.answer_for(&new_key);
    identity.accept_certificates(&answer, at(NOW)).unwrap();
    assert!(!identity.is_renewing());
    assert_eq!((identity.public_key(), identity.certificate()), (&new_key, Some(&answer[0])));
    assert_eq!(identity.enrolled_with(), Some(&KeyReference::from(&pki.key())));
}

#[test]
fn another_renewal_may_start_after_one_is_dropped() {
    let (pki, mut identity) = enrolled();
    identity.drop_renewal();
    let (key, taken) = (identity.public_key().clone(), identity.renew_request(NEW, None).unwrap());
    let taken = asked_for(&taken);
    identity.drop_renewal();
    assert!(!identity.is_renewing() && *identity.public_key() == key);
    refused(&mut identity, &pki.answer_for(&taken), at(NOW), "answer_for_another_key");
    let next = asked_for(&identity.renew_request(NEW, None).unwrap());
    assert_ne!(next, taken);
    identity.accept_certificates(&pki.answer_for(&next), at(NOW)).unwrap();
    assert_eq!(*identity.public_key(), next);
}

#[test]
fn a_renewal_for_the_same_key_pair_ends_with_its_answer() {
    let (pki, mut identity) = enrolled();
    let asked = asked_for(&identity.renew_request(RenewalKey::Same, None).unwrap());
    assert_eq!(asked, *identity.public_key());
    let answer = pki.answer(&identity);
    identity.accept_certificates(&answer, at(NOW)).unwrap();
    assert!(!identity.is_renewing());
    assert_eq!(identity.certificate(), Some(&answer[0]));
}

#[test]
fn without_a_certificate_there_is_nothing_to_renew() {
    let (_, mut identity) = asked();
    let error = identity.renew_request(NEW, None).unwrap_err();
    assert_eq!((error.code(), error.retryable()), ("renewal_without_certificate", false));
    let (_, mut identity) = enrolled();
    let error = identity.renew_request(RenewalKey::New(KeyAlgorithm::Rsa), None).unwrap_err();
    assert_eq!(error.code(), "signer_algorithm_unsupported");
    assert!(!identity.is_renewing());
}

/// A renewal is checked with the pin of the key that the certificate was issued for, whatever was
/// requested since.
#[test]
fn an_enrollment_elsewhere_is_distinguished_from_the_renewal() {
    let (pki, mut identity) = enrolled();
    let elsewhere = Pki::new();
    let new_key = asked_for(&identity.renew_request(NEW, None).unwrap());
    identity.request(&elsewhere.key(), None).unwrap();
    refused(&mut identity, &elsewhere.answer_for(&new_key), at(NOW), "chain_untrusted_root");
    identity.accept_certificates(&elsewhere.answer(&identity), at(NOW)).unwrap();
    assert_eq!(identity.enrolled_with(), Some(&KeyReference::from(&elsewhere.key())));
    // Now the certificate from there is renewed.
    refused(&mut identity, &pki.answer_for(&new_key), at(NOW), "chain_untrusted_root");
    identity.accept_certificates(&elsewhere.answer_for(&new_key), at(NOW)).unwrap();
    assert_eq!(*identity.public_key(), new_key);
}

/// What may happen to a connector. It saves its identity before it sends a request and after it
/// accepts an answer. A crash leaves the last saved identity.
#[derive(Clone, Debug)]
enum Step {
    Ask(RenewalKey),
    Save,
    /// Sends the last request, if it was saved.
    Send,
    Accept,
    Crash,
}

fn step() -> impl Strategy<Value = Step> {
    prop_oneof![
        3 => prop_oneof![Just(RenewalKey::Same), Just(NEW)].prop_map(Step::Ask),
        4 => Just(Step::Save),
        4 => Just(Step::Send),
        4 => Just(Step::Accept),
        1 => Just(Step::Crash),
    ]
}

/// A connector, and its authority.
struct Life {
    authority: Authority,
    identity: Identity,
    saved: Vec<u8>,
    request: Option<Request>,
    /// Whether the saved identity contains the renewal of the request.
    safe: bool,
    answer: Option<Vec<Vec<u8>>>,
}

const MATERIAL: &[u8] = b"the machine's material";

impl Life {
    fn new() -> Self {
        let (authority, key) = authority();
        let mut identity = Identity::generate(KeyAlgorithm::Ed25519).unwrap();
        let request = identity.request(&key, Some(Fingerprint::of_raw(MATERIAL))).unwrap();
        let enrolled = enroll(&authority, request.der());
        identity.accept(enrolled.chain_pem().as_bytes(), at(NOW)).unwrap();
        let saved = identity.seal(MATERIAL, &SystemRandom).unwrap();
        Self { authority, identity, saved, request: None, safe: false, answer: None }
    }

    fn take(&mut self, step: Step) {
        match step {
            Step::Ask(key) => {
                self.safe &= self.identity.is_renewing();
                let fingerprint = Some(Fingerprint::of_raw(MATERIAL));
                self.request = Some(self.identity.renew_request(key, fingerprint).unwrap());
            }
            Step::Save => {
                self.saved = self.identity.seal(MATERIAL, &SystemRandom).unwrap();
                self.safe = true;
            }
            Step::Send => {
                if let (Some(request), true) = (&self.request, self.safe) {
                    let csr = request.der().to_vec();
                    let request = RenewRequest { csr, ..RenewRequest::default() };
                    // A sent request is refused only for too many valid certificates.
                    match self.authority.renew(&request) {
                        Ok(renewed) => self.answer = Some(renewed.chain),
                        Err(error) => assert_eq!(error.code(), "renewal_too_early"),
                    }
                }
            }
            Step::Accept => {
                if let Some(answer) = self.answer.take() {
                    let answer: Result<Vec<_>, _> =
                        answer.iter().map(|der| Certificate::parse(der)).collect();
                    self.identity.accept_certificates(&answer.unwrap(), at(NOW)).unwrap();
                    self.request = None;
                    // Nothing is sent before this is saved.
                    self.safe = false;
                }
            }
            Step::Crash => {
                self.identity = Identity::open(&self.saved, MATERIAL).unwrap();
                (self.request, self.answer, self.safe) = (None, None, self.identity.is_renewing());
            }
        }
        let leaf = self.identity.certificate().unwrap();
        assert_eq!(leaf.spki(), self.identity.public_key().spki(), "it can always work");
    }
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(
        if std::env::var_os("PROVKEY_TEST_DEEP").is_some() { 2000 } else { 60 }
    ))]

    #[test]
    fn no_crash_and_no_lost_answer_strands_a_connector(steps in prop::collection::vec(step(), 1..40)) {
        let mut life = Life::new();
        for step in steps {
            life.take(step);
        }
        // Whatever happened, it has or gets the certificate that the authority has.
        for step in [Step::Crash, Step::Ask(NEW), Step::Save, Step::Send, Step::Accept] {
            life.take(step);
        }
        let connector = life.identity.certificate().unwrap().common_name().unwrap();
        let connector = crate::authority::ConnectorId::parse(connector).unwrap();
        let theirs = life.authority.connector(connector).unwrap();
        prop_assert_eq!(theirs.leaf, life.identity.certificate().unwrap().der());
    }
}
