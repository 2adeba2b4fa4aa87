//! Parsing requests. OpenSSL verifies the responses in `tests/`.

use proptest::prelude::*;

use super::*;
use crate::x509::tests::{enrollment, root, serial};
use crate::x509::{KeyAlgorithm, Signer as _};

type Write<'a> = &'a dyn Fn(&mut Vec<u8>);

/// A CertID by SHA-256.
fn cert_id(issuer: &Certificate) -> Vec<u8> {
    let mut out = Vec::new();
    let key = issuer.public_key().unwrap();
    nested(&mut out, tag::SEQUENCE, |out| {
        nested(out, tag::SEQUENCE, |out| primitive(out, tag::OBJECT_IDENTIFIER, oid::SHA256));
        primitive(out, tag::OCTET_STRING, digest(&SHA256, issuer.subject()).as_ref());
        primitive(out, tag::OCTET_STRING, digest(&SHA256, key.key()).as_ref());
        primitive(out, tag::INTEGER, serial().as_bytes());
    });
    out
}

/// A request for `count` times this certificate, with extensions.
fn request(id: &[u8], count: usize, extensions: &[Write<'_>]) -> Vec<u8> {
    let mut out = Vec::new();
    nested(&mut out, tag::SEQUENCE, |out| {
        nested(out, tag::SEQUENCE, |out| {
            nested(out, tag::SEQUENCE, |out| {
                for _ in 0..count {
                    primitive(out, tag::SEQUENCE, id);
                }
            });
            if !extensions.is_empty() {
                nested(out, tag::context(2), |out| {
                    nested(out, tag::SEQUENCE, |out| extensions.iter().for_each(|one| one(out)));
                });
            }
        });
    });
    out
}

fn nonce(out: &mut Vec<u8>, length: usize) {
    write_extension(out, oid::OCSP_NONCE, false, |out| {
        primitive(out, tag::OCTET_STRING, &std::vec![7; length]);
    });
}

#[test]
fn requests_are_read_strictly() {
    let issuer = enrollment(&root(KeyAlgorithm::Ed25519), KeyAlgorithm::Ed25519);
    let other = enrollment(&root(KeyAlgorithm::Ed25519), KeyAlgorithm::Ed25519);
    let id = cert_id(issuer.certificate());
    let check = |count, extensions: &[Write<'_>], expected: bool| {
        let der = request(&id, count, extensions);
        let read = OcspRequest::read(&der);
        assert_eq!(read.is_ok(), expected, "{count} {der:02x?}");
        for one in read.iter().flat_map(|request| &request.certificates) {
            assert_eq!(one.serial(), Some(serial()));
            assert!(one.is_of(issuer.certificate()) && !one.is_of(other.certificate()));
        }
        for end in 0..der.len() {
            assert_eq!(OcspRequest::read(&der[..end]), Err(Malformed));
        }
        assert_eq!(OcspRequest::read(&[&der[..], &[0]].concat()), Err(Malformed));
    };
    check(1, &[], true);
    check(OCSP_CERTIFICATES_MAX, &[], true);
    check(0, &[], false);
    check(OCSP_CERTIFICATES_MAX + 1, &[], false);
    check(1, &[&|out| nonce(out, 1)], true);
    check(1, &[&|out| nonce(out, 128)], true);
    check(1, &[&|out| nonce(out, 0)], false);
    check(1, &[&|out| nonce(out, 129)], false);
    check(1, &[&|out| nonce(out, 8), &|out| nonce(out, 8)], false);
    check(1, &[&|out| write_extension(out, oid::KEY_USAGE, false, |_| {})], true);
    check(1, &[&|out| write_extension(out, oid::KEY_USAGE, true, |_| {})], false);
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(256))]

    #[test]
    fn no_request_causes_a_panic(at in any::<usize>(), byte in any::<u8>()) {
        let issuer = root(KeyAlgorithm::Ed25519);
        let mut der = request(&cert_id(issuer.certificate()), 2, &[&|out| nonce(out, 16)]);
        let at = at % der.len();
        der[at] = byte;
        if let Ok(request) = OcspRequest::read(&der) {
            let statuses = [OcspStatus::Good; 2];
            let (now, next) = (Timestamp::from_unix_seconds(1), Timestamp::from_unix_seconds(2));
            let response = issue_ocsp_response(&issuer, &request, &statuses, now, next);
            prop_assert!(response.unwrap().len() > der.len());
        }
    }
}

#[test]
fn a_wrong_signature_is_noticed() {
    struct Wrong(crate::x509::SoftwareSigner);
    impl crate::x509::Signer for Wrong {
        fn public_key(&self) -> &PublicKey {
            self.0.public_key()
        }
        fn sign(&self, message: &[u8]) -> Result<Vec<u8>, crate::x509::SignerError> {
            self.0.sign(&[message, b"!"].concat())
        }
    }
    let root = root(KeyAlgorithm::Ed25519);
    let (signer, _) = crate::x509::SoftwareSigner::generate(KeyAlgorithm::Ed25519).unwrap();
    let parameters = crate::x509::tests::ca("wrong", 1);
    let certificate =
        crate::x509::issue_enrollment_certificate(&root, signer.public_key(), &parameters).unwrap();
    let issuer = Issuer::new(certificate, std::sync::Arc::new(Wrong(signer))).unwrap();
    assert_eq!(sign_checked(&issuer, std::vec![1]), Err(IssueError::BadSignature));
}
