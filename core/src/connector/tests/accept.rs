//! Answers, good and bad.

use std::vec;

use proptest::prelude::*;

use super::*;
use crate::connector::KeyReference;

#[test]
fn only_the_answer_to_the_request_is_accepted() {
    let (pki, mut identity) = asked();
    let other = Identity::generate(KeyAlgorithm::Ed25519).unwrap();
    let [leaf, enrollment, root] = pki.answer(&identity);
    let [other_leaf, ..] = pki.answer(&other);
    let mut check = |answer: &[&Certificate], code: &str| {
        let answer: Vec<_> = answer.iter().copied().cloned().collect();
        refused(&mut identity, &answer, at(NOW), code);
    };
    check(&[], "chain_untrusted_root");
    check(&[&leaf, &enrollment], "chain_untrusted_root");
    check(&[&leaf, &root], "chain_incomplete");
    check(&[&enrollment, &root], "answer_for_another_key");
    check(&[&other_leaf, &enrollment, &root], "answer_for_another_key");
    check(&[&root; 9], "chain_too_many_certificates");
    identity.accept_certificates(&[leaf, enrollment, root], at(NOW)).unwrap();
}

#[test]
fn another_authority_with_the_same_names_is_not_trusted() {
    let (pki, mut identity) = asked();
    let attacker = Pki::new();
    let [leaf, enrollment, root] = pki.answer(&identity);
    let [false_leaf, false_enrollment, false_root] = attacker.answer(&identity);
    let mut check = |answer: [&Certificate; 3], code: &str| {
        refused(&mut identity, &answer.map(Certificate::clone), at(NOW), code);
    };
    check([&false_leaf, &false_enrollment, &false_root], "chain_untrusted_root");
    check([&leaf, &enrollment, &false_root], "chain_untrusted_root");
    check([&false_leaf, &false_enrollment, &root], "chain_incomplete");
    check([&false_leaf, &enrollment, &root], "chain_incomplete");
    check([&leaf, &false_enrollment, &root], "chain_incomplete");
    // Nothing that an attacker adds to a good answer does harm.
    let both = [false_leaf, false_enrollment, false_root, leaf, enrollment, root];
    identity.accept_certificates(&both, at(NOW)).unwrap();
    assert_eq!(identity.chain().unwrap().certificates(), &both[3..]);
}

#[test]
fn a_key_of_another_authority_does_not_accept() {
    let (pki, mut identity) = asked();
    let answer = pki.answer(&identity);
    identity.request(&Pki::new().key(), None).unwrap();
    refused(&mut identity, &answer, at(NOW), "chain_untrusted_root");
}

#[test]
fn without_a_request_nothing_is_accepted() {
    let (pki, _) = asked();
    let mut identity = Identity::generate(KeyAlgorithm::EcdsaP256).unwrap();
    let answer = pki.answer(&identity);
    refused(&mut identity, &answer, at(NOW), "answer_without_request");
}

#[test]
fn a_certificate_stays_until_a_better_answer_comes() {
    let (pki, mut identity) = enrolled();
    let old = identity.certificate().unwrap().clone();
    let other = Pki::new();
    let answer = other.answer(&identity);
    refused(&mut identity, &answer, at(NOW), "chain_untrusted_root");
    identity.request(&other.key(), None).unwrap();
    assert_eq!(identity.certificate(), Some(&old));
    assert_eq!(identity.enrolled_with(), Some(&KeyReference::from(&pki.key())));
    identity.accept_certificates(&answer, at(NOW)).unwrap();
    assert_eq!(identity.certificate(), Some(&answer[0]));
    assert_eq!(identity.enrolled_with(), identity.asked_with());
}

#[test]
fn other_texts_are_refused() {
    let (pki, mut identity) = asked();
    let pem = to_pem(&pki.answer(&identity));
    let before = identity.to_bytes();
    let mut check = |answer: &[u8], code: &str| {
        let error = identity.accept(answer, at(NOW)).unwrap_err();
        assert_eq!((error.code(), error.retryable()), (code, false));
        assert_eq!(identity.to_bytes(), before);
    };
    check(b"", "certificate_missing");
    check(b"<html>502 Bad Gateway</html>", "certificate_missing");
    check(&vec![b' '; 4 * 1024 * 1024], "certificate_too_large");
    check(pem.repeat(3).as_bytes(), "certificate_too_many");
    check(&pem.as_bytes()[..pem.len() - 40], "certificate_malformed");
    let around = std::format!("Here it is:\r\n{}\r\nBye", pem.replace('\n', "\r\n"));
    identity.accept(around.as_bytes(), at(NOW)).unwrap();
}

#[test]
fn no_changed_bit_of_an_answer_passes() {
    let (pki, mut identity) = asked();
    let answer = pki.answer(&identity);
    for (place, certificate) in answer.iter().enumerate() {
        for byte in 0..certificate.der().len() {
            let Ok(changed) = Certificate::parse(&flipped(certificate.der(), byte * 8 + byte % 8))
            else {
                continue;
            };
            let mut answer = answer.clone();
            answer[place] = changed;
            let accepted = identity.accept_certificates(&answer, at(NOW));
            assert!(accepted.is_err(), "byte {byte} of certificate {place}");
        }
    }
    assert!(identity.chain().is_none());
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(32))]

    #[test]
    fn no_bytes_panic_or_change_the_certificate(
        noise in prop::collection::vec(any::<u8>(), 0..200),
        cut in any::<prop::sample::Index>(),
    ) {
        let (pki, mut identity) = enrolled();
        let before = identity.to_bytes();
        let mut pem = to_pem(&pki.answer(&identity)).into_bytes();
        prop_assert!(identity.accept(&noise, at(NOW)).is_err());
        let start = cut.index(pem.len() - noise.len());
        pem[start..start + noise.len()].copy_from_slice(&noise);
        // Noise may fall on a line break, and only then leave the certificates as they were.
        let same_chain = pki.answer(&identity).len();
        if identity.accept(&pem, at(NOW)).is_err() {
            prop_assert_eq!(identity.to_bytes(), before);
        } else {
            prop_assert_eq!(identity.chain().unwrap().certificates().len(), same_chain);
        }
    }
}
