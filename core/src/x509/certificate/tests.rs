//! Parsing issued certificates like another parser, and refusing damaged ones.

use std::format;
use std::string::ToString as _;
use std::sync::LazyLock;

use proptest::prelude::*;
use x509_cert::der::{Decode as _, Encode as _};

use super::*;
use crate::der::writer::{bit_string, nested, primitive};
use crate::der::{Reader, tag};
use crate::limits::EXTENSIONS_MAX;
use crate::x509::tests::{NOW, YEAR, at, enrollment, leaf, root, serial, signer};
use crate::x509::{KeyAlgorithm, Signer as _, issue_leaf};

fn issued() -> Certificate {
    let enrollment = enrollment(&root(KeyAlgorithm::Ed25519), KeyAlgorithm::Ed25519);
    let connector = signer(KeyAlgorithm::EcdsaP256);
    let issued = issue_leaf(&enrollment, &leaf(connector.public_key())).unwrap();
    Certificate::parse(&issued.der).unwrap()
}

/// A certificate for tests that change it many times.
static ISSUED: LazyLock<Certificate> = LazyLock::new(issued);

#[test]
fn parses_what_was_issued() {
    let certificate = issued();
    assert_eq!(certificate.serial(), serial().as_bytes());
    assert_eq!(certificate.common_name(), Some("c7"));
    assert_eq!(certificate.not_before(), at(NOW - 300));
    assert_eq!(certificate.not_after(), at(NOW + YEAR));
    assert_eq!(certificate.basic_constraints(), BasicConstraints { ca: false, path_length: None });
    assert_eq!(certificate.key_usage(), Some(KeyUsage::DIGITAL_SIGNATURE));
    assert_eq!(certificate.purposes(), Some(Purposes::CLIENT_AUTH));
    assert_eq!(certificate.uris(), ["spiffe://api.private.example.com/group/g1/connector/c7"]);
    let key_id = certificate.public_key().unwrap().key_id();
    assert_eq!(certificate.subject_key_id(), Some(&key_id[..]));
    assert!(!certificate.has_unknown_critical_extension());
}

#[test]
fn another_parser_agrees() {
    let ours = issued();
    let theirs = x509_cert::Certificate::from_der(ours.der()).unwrap();
    let tbs = theirs.tbs_certificate();
    assert_eq!(theirs.to_der().unwrap(), ours.der());
    assert_eq!(tbs.serial_number().as_bytes(), ours.serial());
    assert_eq!(tbs.issuer().to_der().unwrap(), ours.issuer());
    assert_eq!(tbs.subject().to_der().unwrap(), ours.subject());
    assert_eq!(tbs.subject_public_key_info().to_der().unwrap(), ours.spki());
    let not_after = tbs.validity().not_after.to_unix_duration().as_secs();
    assert_eq!(not_after, ours.not_after().unix_seconds());
}

#[test]
fn a_text_may_contain_several() {
    let (first, second) = (issued(), issued());
    let text = format!("s:CN = c7\r\n{}\nmore\n{}", first.to_pem(), second.to_pem());
    assert_eq!(Certificate::parse_all(text.as_bytes()).unwrap(), [first.clone(), second]);
    assert_eq!(Certificate::parse_all(first.der()).unwrap(), [first]);
}

#[test]
fn other_bytes_are_refused_with_a_code() {
    let certificate = issued();
    let (der, pem) = (certificate.der().to_vec(), certificate.to_pem());
    let check = |bytes: &[u8], code| {
        let error = Certificate::parse_all(bytes).unwrap_err();
        assert_eq!(error.code(), code);
        assert!(!error.to_string().is_empty());
    };
    check(b"", "certificate_missing");
    check(pem.replace("CERTIFICATE", "X509 CRL").as_bytes(), "certificate_missing");
    check(pem.replace("MII", "M-I").as_bytes(), "certificate_malformed");
    check(pem.replace("END CERT", "END X509 CERT").as_bytes(), "certificate_malformed");
    check(pem.repeat(CHAIN_CERTIFICATES_MAX + 1).as_bytes(), "certificate_too_many");
    check(&[0x30; CERTIFICATE_BYTES_MAX + 1], "certificate_too_large");
    check(&std::vec![b'-'; 2 << 20], "certificate_too_large");
    check(&[&der[..], &[0]].concat(), "certificate_trailing_data");
    check(&der[..der.len() - 1], "certificate_malformed");
}

/// A certificate of these fields, signed with nothing.
fn unsigned(version: &[u8], algorithm: &[u8], extensions: &[u8]) -> Vec<u8> {
    let certificate = issued();
    let mut fields = Reader::within(&certificate.signed.tbs, tag::SEQUENCE).unwrap();
    fields.any().unwrap();
    let mut out = Vec::new();
    nested(&mut out, tag::SEQUENCE, |out| {
        nested(out, tag::SEQUENCE, |out| {
            out.extend_from_slice(version);
            (0..6).for_each(|_| out.extend_from_slice(fields.any().unwrap()));
            nested(out, tag::context(3), |out| primitive(out, tag::SEQUENCE, extensions));
        });
        out.extend_from_slice(algorithm);
        bit_string(out, &[]);
    });
    out
}

#[test]
fn contradictions_and_excesses_are_refused() {
    let (v3, ed25519) = (b"\xa0\x03\x02\x01\x02", KeyAlgorithm::Ed25519.identifier());
    let extension = |number| [0x30, 0x0b, 6, 3, 0x55, 0x1d, number, 4, 4, 4, 2, 1, 2];
    let check = |der: &[u8], error| assert_eq!(Certificate::parse(der), Err(error));
    assert!(Certificate::parse(&unsigned(v3, ed25519, &extension(14))).is_ok());
    let twice = unsigned(v3, ed25519, &extension(14).repeat(2));
    check(&twice, CertificateError::DuplicateExtension);
    let twice = unsigned(v3, ed25519, &extension(99).repeat(2));
    check(&twice, CertificateError::DuplicateExtension);
    let v1 = unsigned(b"", ed25519, &extension(14));
    check(&v1, CertificateError::UnsupportedVersion);
    let v2 = unsigned(b"\xa0\x03\x02\x01\x01", ed25519, &extension(14));
    check(&v2, CertificateError::UnsupportedVersion);
    let rsa = unsigned(v3, KeyAlgorithm::Rsa.identifier(), &extension(14));
    check(&rsa, CertificateError::AlgorithmMismatch);
    let most: Vec<_> = (60..).take(EXTENSIONS_MAX).flat_map(extension).collect();
    assert!(Certificate::parse(&unsigned(v3, ed25519, &most)).is_ok());
    let not_minimal =
        unsigned(v3, ed25519, b"\x30\x0c\x06\x04\x55\x80\x1d\x63\x04\x04\x04\x02\x01\x02");
    check(&not_minimal, CertificateError::Malformed);
    let more: Vec<_> = (60..).take(EXTENSIONS_MAX + 1).flat_map(extension).collect();
    check(&unsigned(v3, ed25519, &more), CertificateError::Malformed);
}

proptest! {
    #[test]
    fn arbitrary_bytes_are_only_refused(bytes in prop::collection::vec(any::<u8>(), 0..300)) {
        prop_assert!(Certificate::parse_all(&bytes).is_err());
        prop_assert!(Certificate::parse(&[&[0x30][..], &bytes].concat()).is_err());
    }

    /// If both parsers accept a changed certificate, they agree on it.
    #[test]
    fn a_changed_certificate_is_read_as_others_read_it(
        at in any::<prop::sample::Index>(),
        to in any::<u8>(),
    ) {
        let mut der = ISSUED.der().to_vec();
        let at = at.index(der.len());
        der[at] = to;
        let theirs = x509_cert::Certificate::from_der(&der);
        if let (Ok(ours), Ok(theirs)) = (Certificate::parse(&der), theirs) {
            let tbs = theirs.tbs_certificate();
            let serial = tbs.serial_number().as_bytes();
            prop_assert_eq!(serial.strip_prefix(&[0]).unwrap_or(serial), ours.serial());
            let spki = tbs.subject_public_key_info().to_der().unwrap();
            prop_assert_eq!(&spki, ours.spki());
        }
    }
}
