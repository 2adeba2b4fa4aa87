//! Requests that are refused, each for its own reason. `tests/vectors/csrs.json` has most of them;
//! here are those that it lacks.

use std::string::String;
use std::sync::LazyLock;
use std::vec::Vec;

use proptest::prelude::*;

use super::*;
use crate::der::writer::{bit_string, nested, primitive};
use crate::x509::signature::SignatureAlgorithm;
use crate::x509::tests::{SIGNING, signer};
use crate::x509::{KeyAlgorithm, Signer as _, SoftwareSigner, WeakKey};

/// A request whose parts can be replaced before it is signed.
struct Forged {
    signer: SoftwareSigner,
    version: Vec<u8>,
    subject: Vec<u8>,
    spki: Vec<u8>,
    attributes: Vec<Vec<u8>>,
    algorithm: Vec<u8>,
}

impl Forged {
    fn new(algorithm: KeyAlgorithm) -> Self {
        let signer = signer(algorithm);
        Self {
            version: std::vec![2, 1, 0],
            subject: std::vec![0x30, 0],
            spki: signer.public_key().spki().to_vec(),
            attributes: Vec::new(),
            algorithm: SignatureAlgorithm::of(algorithm).identifier().to_vec(),
            signer,
        }
    }

    fn p256() -> Self {
        Self::new(KeyAlgorithm::EcdsaP256)
    }

    /// A request for these extensions.
    fn asking(extensions: &[Vec<u8>]) -> Self {
        let value = sequence(&extensions.concat());
        Self { attributes: std::vec![attribute(oid::EXTENSION_REQUEST, &[&value])], ..Self::p256() }
    }

    fn build(&self) -> Vec<u8> {
        let mut attributes = Vec::new();
        let mut sorted = self.attributes.clone();
        sorted.sort_unstable();
        primitive(&mut attributes, tag::context(0), &sorted.concat());
        let info = [&*self.version, &self.subject, &self.spki, &attributes].concat();
        let info = sequence(&info);
        let mut signature = Vec::new();
        bit_string(&mut signature, &self.signer.sign(&info).unwrap());
        sequence(&[info, self.algorithm.clone(), signature].concat())
    }
}

fn sequence(contents: &[u8]) -> Vec<u8> {
    let mut out = Vec::new();
    primitive(&mut out, tag::SEQUENCE, contents);
    out
}

fn attribute(oid: &[u8], values: &[&[u8]]) -> Vec<u8> {
    let mut out = Vec::new();
    primitive(&mut out, tag::OBJECT_IDENTIFIER, oid);
    primitive(&mut out, tag::SET, &values.concat());
    sequence(&out)
}

fn extension(oid: &[u8], value: &[u8]) -> Vec<u8> {
    let mut out = Vec::new();
    nested(&mut out, tag::SEQUENCE, |out| {
        primitive(out, tag::OBJECT_IDENTIFIER, oid);
        primitive(out, tag::OCTET_STRING, value);
    });
    out
}

fn spki(algorithm: &[u8], key: &[u8]) -> Vec<u8> {
    let mut contents = algorithm.to_vec();
    bit_string(&mut contents, key);
    sequence(&contents)
}

/// An RSA key without a private half.
fn rsa(modulus: &[u8], exponent: &[u8]) -> Vec<u8> {
    let mut contents = Vec::new();
    primitive(&mut contents, tag::INTEGER, modulus);
    primitive(&mut contents, tag::INTEGER, exponent);
    spki(KeyAlgorithm::Rsa.identifier(), &sequence(&contents))
}

/// Parses and verifies; the code of a refusal, or `"good"`.
fn outcome(bytes: &[u8]) -> &'static str {
    Csr::parse(bytes).and_then(Csr::verify).map_or_else(|error| error.code(), |_| "good")
}

#[track_caller]
fn check(bytes: &[u8], code: &str) {
    assert_eq!(outcome(bytes), code);
}

#[track_caller]
fn check_spki(spki: Vec<u8>, code: &str) {
    check(&Forged { spki, ..Forged::p256() }.build(), code);
}

#[test]
fn good_requests_of_every_algorithm() {
    for algorithm in SIGNING {
        check(&Forged::new(algorithm).build(), "good");
    }
    check(include_bytes!("fixtures/rsa2048.pem"), "good");
    // The subject is ignored.
    let subject = Forged {
        subject: b"\x30\x0d\x31\x0b\x30\x09\x06\x03\x55\x04\x03\x0c\x02no".to_vec(),
        ..Forged::p256()
    };
    check(&subject.build(), "good");
}

#[test]
fn a_request_may_be_pem() {
    let der = Forged::p256().build();
    let pem = pem::encode(LABELS[0], &der);
    check(pem.as_bytes(), "good");
    check(pem::encode(LABELS[1], &der).as_bytes(), "good");
    check(std::format!("Certificate Request:\r\n{}", pem.replace('\n', "\r\n")).as_bytes(), "good");
    check(pem.repeat(2).as_bytes(), "csr_trailing_data");
    check(pem::encode("CERTIFICATE", &der).as_bytes(), "csr_malformed");
    check(pem.replace("END", "AND").as_bytes(), "csr_malformed");
}

#[test]
fn sizes_are_checked_first() {
    check(&[0x30; CSR_BYTES_MAX + 1], "csr_too_large");
    check(&[b'-'; 2 * CSR_BYTES_MAX + 1], "csr_too_large");
    check(&[0x30; 100 * 1024], "csr_too_large");
    check(&[], "csr_malformed");
}

#[test]
fn attributes_that_mean_something_occur_once() {
    let with = |attributes: &[&Vec<u8>]| {
        let attributes = attributes.iter().map(|&attribute| attribute.clone()).collect();
        Forged { attributes, ..Forged::p256() }.build()
    };
    let one = attribute(PROOF_OID_DER, &[&[4, 1, 7]]);
    assert_eq!(Csr::parse(&with(&[&one])).unwrap().proof(), Some(&[4, 1, 7][..]));
    assert_eq!(Csr::parse(&with(&[])).unwrap().proof(), None);
    check(&with(&[&one]), "good");
    check(&with(&[&attribute(PROOF_OID_DER, &[])]), "csr_attribute_not_single");
    check(&with(&[&attribute(PROOF_OID_DER, &[&[5, 0], &[5, 0]])]), "csr_attribute_not_single");
    let request =
        |oid| attribute(oid, &[&sequence(&extension(oid::SUBJECT_KEY_IDENTIFIER, &[4, 0]))]);
    check(&with(&[&request(oid::MICROSOFT_EXTENSION_REQUEST)]), "good");
    // Unknown attributes.
    check(&with(&[&attribute(&[0x2a, 3], &[])]), "good");
    check(&with(&[&attribute(&[0x2a, 3], &[&[4, 9]])]), "csr_malformed");
}

#[test]
fn a_key_usage_is_for_signatures_alone() {
    let check = |value: &[u8], code| {
        check(&Forged::asking(&[extension(oid::KEY_USAGE, value)]).build(), code);
    };
    check(&[3, 2, 6, 0xc0], "csr_requests_key_usage");
    check(&[3, 1, 0], "csr_malformed");
}

#[test]
fn points_of_ed25519_of_small_order_or_past_the_prime_are_refused() {
    let check = |first, last, middle, code| {
        let mut point = [middle; 32];
        (point[0], point[31]) = (first, last);
        check_spki(spki(KeyAlgorithm::Ed25519.identifier(), &point), code);
    };
    // 1 with the other sign, and the largest.
    check(1, 0x80, 0, "weak_key_small_order");
    check(0xec, 0x7f, 0xff, "weak_key_small_order");
    // A second spelling of 0, and the largest.
    check(0xed, 0x7f, 0xff, "csr_bad_key");
    check(0xff, 0xff, 0xff, "csr_bad_key");
}

#[test]
fn rsa_keys_have_2048_to_4096_bits_and_a_small_exponent() {
    // Odd, of so many bits, and without a small factor.
    let number = |bits: usize| {
        let mut bytes = std::vec![0; bits / 8 + 1];
        (bytes[1], bytes[bits / 8]) = (0x80, 3);
        bytes
    };
    let usual = [1, 0, 1];
    check_spki(rsa(&number(2048), &usual), "csr_algorithm_mismatch");
    check_spki(rsa(&number(4096), &usual), "csr_algorithm_mismatch");
    check_spki(rsa(&number(4104), &usual), "csr_unsupported_key");
    check_spki(rsa(&number(2048), &[2, 0, 0, 0, 1]), "csr_unsupported_key");
    check_spki(rsa(&number(2048), &[1; 9]), "csr_unsupported_key");
}

#[test]
fn the_signature_is_the_keys_own() {
    for algorithm in SIGNING {
        let spki = signer(algorithm).public_key().spki().to_vec();
        check(&Forged { spki, ..Forged::new(algorithm) }.build(), "csr_bad_signature");
    }
    let other_hash = SignatureAlgorithm::EcdsaSha384.identifier().to_vec();
    check(&Forged { algorithm: other_hash, ..Forged::p256() }.build(), "csr_bad_signature");
}

proptest! {
    #[test]
    fn arbitrary_bytes_are_only_refused(bytes in prop::collection::vec(any::<u8>(), 0..300)) {
        prop_assert_ne!(outcome(&bytes), "good");
        prop_assert_ne!(outcome(&[&[0x30][..], &bytes].concat()), "good");
    }

    #[test]
    fn arbitrary_text_is_only_refused(text in "(-----BEGIN|CERTIFICATE REQUEST|-----|END|[A-Za-z=\n -])*") {
        prop_assert_ne!(outcome(text.as_bytes()), "good");
    }

    /// Any change of a request is noticed.
    #[test]
    fn a_changed_request_is_refused(at in any::<prop::sample::Index>(), to in any::<u8>()) {
        static GOOD: LazyLock<Vec<u8>> = LazyLock::new(|| {
            Forged::asking(&[extension(oid::KEY_USAGE, &[3, 2, 7, 0x80])]).build()
        });
        let (good, mut bytes) = (GOOD.clone(), GOOD.clone());
        let at = at.index(bytes.len());
        bytes[at] = to;
        prop_assert_eq!(outcome(&bytes) == "good", bytes == good);
    }
}

#[test]
fn every_error_has_a_message_and_its_own_code() {
    let all = [
        CsrError::TooLarge,
        CsrError::Malformed,
        CsrError::TrailingData,
        CsrError::UnsupportedVersion,
        CsrError::NestedTooDeeply,
        CsrError::SubjectText,
        CsrError::SubjectLength,
        CsrError::AttributeNotSingle,
        CsrError::DuplicateExtension,
        CsrError::BadKey,
        CsrError::KeyOffCurve,
        CsrError::WeakKey(WeakKey::Short),
        CsrError::WeakKey(WeakKey::SmallExponent),
        CsrError::WeakKey(WeakKey::EvenExponent),
        CsrError::WeakKey(WeakKey::SmallFactor),
        CsrError::WeakKey(WeakKey::CloseFactors),
        CsrError::WeakKey(WeakKey::Roca),
        CsrError::WeakKey(WeakKey::SmallOrder),
        CsrError::UnsupportedKey,
        CsrError::WeakAlgorithm,
        CsrError::UnsupportedAlgorithm,
        CsrError::AlgorithmMismatch,
        CsrError::BadSignature,
        CsrError::RequestsCa,
        CsrError::RequestsKeyUsage,
        CsrError::RequestsExtendedKeyUsage,
        CsrError::RequestsNames,
        CsrError::RequestsExtension,
    ];
    let mut codes: Vec<_> = all.iter().map(|error| error.code()).collect();
    codes.sort_unstable();
    codes.dedup();
    assert_eq!(codes.len(), all.len());
    assert!(all.iter().map(std::string::ToString::to_string).all(|text: String| !text.is_empty()));
}
