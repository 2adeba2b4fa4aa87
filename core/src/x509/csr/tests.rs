//! Requests that are refused, each for its own reason.

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
    Csr::parse(bytes).and_then(Csr::verify).map_or_else(CsrError::code, |_| "good")
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
fn only_strict_der_is_read() {
    let good = Forged::p256().build();
    check(&[&good[..], &[0]].concat(), "csr_trailing_data");
    check(&good[..good.len() - 1], "csr_malformed");
    // An indefinite length, and a length in more bytes than necessary.
    check(&[&[0x30, 0x80], &good[3..], &[0, 0]].concat(), "csr_malformed");
    check(&[&[0x30, 0x82, 0], &good[2..]].concat(), "csr_malformed");
    let version = |version: &[u8]| Forged { version: version.to_vec(), ..Forged::p256() }.build();
    check(&version(&[2, 1, 1]), "csr_unsupported_version");
    check(&version(&[2, 2, 0, 0]), "csr_malformed");
    check(&version(&[]), "csr_malformed");
    let subject = |subject: &[u8]| Forged { subject: subject.to_vec(), ..Forged::p256() }.build();
    check(&subject(&[0x30, 2, 0x31, 0]), "csr_malformed");
    check(&subject(&[0x31, 0]), "csr_malformed");
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
    check(&with(&[&one, &one]), "csr_attribute_not_single");
    check(&with(&[&attribute(PROOF_OID_DER, &[])]), "csr_attribute_not_single");
    check(&with(&[&attribute(PROOF_OID_DER, &[&[5, 0], &[5, 0]])]), "csr_attribute_not_single");
    let request =
        |oid| attribute(oid, &[&sequence(&extension(oid::SUBJECT_KEY_IDENTIFIER, &[4, 0]))]);
    let old_and_new = [request(oid::EXTENSION_REQUEST), request(oid::MICROSOFT_EXTENSION_REQUEST)];
    check(&with(&[&old_and_new[1]]), "good");
    check(&with(&[&old_and_new[0], &old_and_new[1]]), "csr_attribute_not_single");
    // challengePassword, and an unknown attribute.
    let password = attribute(b"\x2a\x86\x48\x86\xf7\x0d\x01\x09\x07", &[b"\x0c\x01x"]);
    check(&with(&[&password, &attribute(&[0x2a, 3], &[])]), "good");
    check(&with(&[&attribute(&[0x2a, 3], &[&[4, 9]])]), "csr_malformed");
}

#[test]
fn a_request_may_ask_for_what_every_connector_gets() {
    let asked = [
        extension(oid::BASIC_CONSTRAINTS, &[0x30, 0]),
        extension(oid::KEY_USAGE, &[3, 2, 7, 0x80]),
        extension(oid::EXTENDED_KEY_USAGE, b"\x30\x0a\x06\x08\x2b\x06\x01\x05\x05\x07\x03\x02"),
        extension(oid::SUBJECT_KEY_IDENTIFIER, &[4, 2, 1, 2]),
    ];
    check(&Forged::asking(&asked).build(), "good");
}

#[test]
fn a_request_may_ask_for_nothing_else() {
    let check = |oid, value: &[u8], code| {
        check(&Forged::asking(&[extension(oid, value)]).build(), code);
    };
    check(oid::BASIC_CONSTRAINTS, b"\x30\x03\x01\x01\xff", "csr_requests_ca");
    check(oid::BASIC_CONSTRAINTS, b"\x30\x03\x01\x01\x01", "csr_malformed");
    check(oid::BASIC_CONSTRAINTS, b"\x30\x03\x01\x01\x00", "csr_malformed");
    check(oid::KEY_USAGE, &[3, 2, 2, 0x84], "csr_requests_key_usage");
    check(oid::KEY_USAGE, &[3, 2, 6, 0xc0], "csr_requests_key_usage");
    check(oid::KEY_USAGE, &[3, 2, 0, 0x80], "csr_malformed");
    check(oid::KEY_USAGE, &[3, 1, 0], "csr_malformed");
    let server = b"\x30\x0a\x06\x08\x2b\x06\x01\x05\x05\x07\x03\x01";
    check(oid::EXTENDED_KEY_USAGE, server, "csr_requests_extended_key_usage");
    let any = b"\x30\x06\x06\x04\x55\x1d\x25\x00";
    check(oid::EXTENDED_KEY_USAGE, any, "csr_requests_extended_key_usage");
    check(oid::EXTENDED_KEY_USAGE, &[0x30, 0], "csr_malformed");
    check(oid::SUBJECT_ALT_NAME, b"\x30\x03\x82\x01a", "csr_requests_names");
    check(oid::SUBJECT_ALT_NAME, b"\x30\x0a\x86\x08spiffe:/", "csr_requests_names");
    check(oid::AUTHORITY_KEY_IDENTIFIER, &[0x30, 0], "csr_requests_extension");
    check(&[0x55, 0x1d, 18], b"\x30\x03\x82\x01a", "csr_requests_extension");
    check(&[0x2a, 3], &[], "csr_requests_extension");
    let twice = [extension(&[0x2a, 3], &[]), extension(&[0x2a, 3], &[])];
    self::check(&Forged::asking(&twice).build(), "csr_duplicate_extension");
    let twice = std::vec![extension(oid::KEY_USAGE, &[3, 2, 7, 0x80]); 2];
    self::check(&Forged::asking(&twice).build(), "csr_duplicate_extension");
    self::check(&Forged::asking(&[]).build(), "csr_malformed");
}

#[test]
fn elliptic_curve_keys_have_one_form() {
    let (p256, p384) = (KeyAlgorithm::EcdsaP256.identifier(), KeyAlgorithm::EcdsaP384.identifier());
    let point = Forged::p256().spki[26..].to_vec();
    check_spki(spki(p256, &[&[2], &point[1..33]].concat()), "csr_bad_key");
    check_spki(spki(p256, &[&[6], &point[1..]].concat()), "csr_bad_key");
    check_spki(spki(p384, &point), "csr_bad_key");
    check_spki(spki(p256, &[0; 65]), "csr_bad_key");
    check_spki(spki(p256, &[]), "csr_bad_key");
    // Well-formed, but not on the curve; nor is the point of zeros.
    let mut off_curve = point.clone();
    off_curve[64] ^= 1;
    check_spki(spki(p256, &off_curve), "csr_key_off_curve");
    check_spki(spki(p256, &[&[4][..], &[0; 64]].concat()), "csr_key_off_curve");
    // Parameters in full, and those of secp256k1.
    let explicit = b"\x30\x0d\x06\x07\x2a\x86\x48\xce\x3d\x02\x01\x30\x02\x05\x00";
    check_spki(spki(explicit, &point), "csr_bad_key");
    let koblitz = b"\x30\x10\x06\x07\x2a\x86\x48\xce\x3d\x02\x01\x06\x05\x2b\x81\x04\x00\x0a";
    check_spki(spki(koblitz, &point), "csr_unsupported_key");
}

#[test]
fn ed25519_keys_have_one_form() {
    let identifier = KeyAlgorithm::Ed25519.identifier();
    let check_point = |point: [u8; 32], code| check_spki(spki(identifier, &point), code);
    let with_null = b"\x30\x07\x06\x03\x2b\x65\x70\x05\x00";
    check_spki(spki(with_null, &[9; 32]), "csr_bad_key");
    check_spki(spki(identifier, &[9; 31]), "csr_bad_key");
    // Points of small order: 0 and 1, with either sign, and the largest.
    check_point([0; 32], "weak_key_small_order");
    let ends = |first, last, middle| {
        let mut point = [middle; 32];
        (point[0], point[31]) = (first, last);
        point
    };
    check_point(ends(1, 0, 0), "weak_key_small_order");
    check_point(ends(1, 0x80, 0), "weak_key_small_order");
    check_point(ends(0xec, 0x7f, 0xff), "weak_key_small_order");
    // Not below the prime: a second spelling of 0, and the largest.
    check_point(ends(0xed, 0x7f, 0xff), "csr_bad_key");
    check_point(ends(0xff, 0xff, 0xff), "csr_bad_key");
}

#[test]
fn rsa_keys_have_one_form() {
    // Odd, of so many bits, and without a small factor: 2^(bits - 1) + `low`.
    let modulus = |bits: usize, low: u8| {
        let mut bytes = std::vec![0; bits / 8 + 1];
        (bytes[1], bytes[bits / 8]) = (0x80, low);
        bytes
    };
    let number = |bits| modulus(bits, 3);
    let usual = [1, 0, 1];
    check_spki(rsa(&number(2048), &usual), "csr_algorithm_mismatch");
    check_spki(rsa(&number(4096), &usual), "csr_algorithm_mismatch");
    check_spki(rsa(&number(1024), &usual), "weak_key_short");
    check_spki(rsa(&number(2040), &usual), "weak_key_short");
    check_spki(rsa(&modulus(2048, 2), &usual), "weak_key_small_factor");
    check_spki(rsa(&modulus(2048, 1), &usual), "weak_key_small_factor");
    check_spki(rsa(&number(4104), &usual), "csr_unsupported_key");
    check_spki(rsa(&number(2048), &[1]), "weak_key_small_exponent");
    check_spki(rsa(&number(2048), &[3]), "weak_key_small_exponent");
    check_spki(rsa(&number(2048), &[1, 0, 0]), "weak_key_even_exponent");
    check_spki(rsa(&number(2048), &[2, 0, 0, 0, 1]), "csr_unsupported_key");
    check_spki(rsa(&number(2048), &[1; 9]), "csr_unsupported_key");
    check_spki(rsa(&number(2048)[1..], &usual), "csr_bad_key");
    check_spki(rsa(&[0], &usual), "weak_key_short");
    let without_null = b"\x30\x0b\x06\x09\x2a\x86\x48\x86\xf7\x0d\x01\x01\x01";
    let good = rsa(&number(2048), &usual);
    check_spki(spki(without_null, &good[24..]), "csr_bad_key");
    let dsa = b"\x30\x09\x06\x07\x2a\x86\x48\xce\x38\x04\x01";
    check_spki(spki(dsa, &[2, 1, 7]), "csr_unsupported_key");
}

#[test]
fn the_signature_is_the_keys_own() {
    let algorithm =
        |algorithm: &[u8]| Forged { algorithm: algorithm.to_vec(), ..Forged::p256() }.build();
    check(&algorithm(b"\x30\x09\x06\x07\x2a\x86\x48\xce\x3d\x04\x01"), "csr_weak_algorithm");
    check(
        &algorithm(b"\x30\x0a\x06\x08\x2a\x86\x48\xce\x3d\x04\x03\x04"),
        "csr_unsupported_algorithm",
    );
    check(&algorithm(SignatureAlgorithm::Ed25519.identifier()), "csr_algorithm_mismatch");
    check(&algorithm(SignatureAlgorithm::RsaSha256.identifier()), "csr_algorithm_mismatch");
    check(&algorithm(SignatureAlgorithm::EcdsaSha384.identifier()), "csr_bad_signature");
    check_spki(signer(KeyAlgorithm::EcdsaP256).public_key().spki().to_vec(), "csr_bad_signature");
    check_spki(
        signer(KeyAlgorithm::Ed25519).public_key().spki().to_vec(),
        "csr_algorithm_mismatch",
    );
    let mut other = Forged::p256().build();
    *other.last_mut().unwrap() ^= 1;
    check(&other, "csr_bad_signature");
    for algorithm in SIGNING {
        let spki = signer(algorithm).public_key().spki().to_vec();
        check(&Forged { spki, ..Forged::new(algorithm) }.build(), "csr_bad_signature");
    }
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
