//! Identity files.

use std::format;

use proptest::prelude::*;
use sha2::{Digest as _, Sha256};

use super::*;
use crate::connector::identity::Renewal;
use crate::connector::{RenewalKey, fields};
use crate::random::{Random, RandomError};
use crate::x509::Pkcs8;

const MATERIAL: &[u8] = b"the machine's material";

/// An identity in each state: new, with a request, with a certificate, renewing for the same key
/// pair, renewing for another.
fn stages(algorithm: KeyAlgorithm) -> [Identity; 5] {
    let pki = Pki::new();
    let [new, mut asked, mut rest @ ..] = [(); 5].map(|()| Identity::generate(algorithm).unwrap());
    asked.request(&pki.key(), None).unwrap();
    for enrolled in &mut rest {
        enrolled.request(&pki.key(), None).unwrap();
        enrolled.accept_certificates(&pki.answer(enrolled), at(NOW)).unwrap();
    }
    let [enrolled, mut same, mut other] = rest;
    same.renew_request(RenewalKey::Same, None).unwrap();
    other.renew_request(RenewalKey::New(algorithm), None).unwrap();
    [new, asked, enrolled, same, other]
}

fn same(one: &Identity, other: &Identity) {
    assert_eq!(one.private_key().map(Pkcs8::expose), other.private_key().map(Pkcs8::expose));
    assert_eq!(one.public_key(), other.public_key());
    assert_eq!(one.asked_with(), other.asked_with());
    assert_eq!(one.enrolled_with(), other.enrolled_with());
    assert_eq!(one.chain(), other.chain());
    let renewal = |identity: &Identity| {
        identity.renewal.as_ref().map(|renewal| match renewal {
            Renewal::SameKey => None,
            Renewal::NewKey(new) => Some(new.private_key.as_ref().map(|key| key.expose().to_vec())),
        })
    };
    assert_eq!(renewal(one), renewal(other));
}

/// The file with a checksum that is right.
fn with_checksum(mut file: Vec<u8>) -> Vec<u8> {
    file.truncate(file.len() - 32);
    let checksum = Sha256::digest(&file);
    file.extend_from_slice(&checksum);
    file
}

#[track_caller]
fn code(result: Result<Identity, Error>) -> &'static str {
    result.unwrap_err().code()
}

#[test]
fn a_saved_identity_opens() {
    for identity in ALGORITHMS.into_iter().flat_map(stages) {
        same(&Identity::from_bytes(&identity.to_bytes()).unwrap(), &identity);
        let sealed = identity.seal(MATERIAL, &SystemRandom).unwrap();
        same(&Identity::open(&sealed, MATERIAL).unwrap(), &identity);
    }
}

/// Made by Python's hmac, hashlib and cryptography: the key pair of RFC 8032, 7.1, test 1, which
/// has asked with a key; sealed with a salt of the bytes 0 to 31.
const FOREIGN: &str = "\
    70726f766b65792f312f6964656e74697479017890febde2e207b0c75c948b9f05c2360001020304\
    05060708090a0b0c0d0e0f101112131415161718191a1b1c1d1e1faba5a9273385e8fa04e3f3c16b\
    35cb2fbe304dd20a2bfa76070ece15e9df5bc883665d69852084b63a5e9b6169bdffe4fe9bf80db5\
    9915e9ef30e3721ff805b96ecbfaa9c5c1b90ade16a0c1606dcc1fda42cb20376ec98e9bc799c51f\
    05efc7d84359a8a935bfa046246770b86115363936e5181424a6dc0d2a105e26e2d8e7414531a46e\
    358bc8df481a8abdc2c0572d82580cad6b664bec6df8474fcefe7afa0e4428a9bf608a9c5056033b\
    7b8f7efab75425e8ec7c77a2d75abc6f2ede1ab74b7466df22c12988030918cd5fab36dfe102e7b6\
    3b450b6fde586360b84b3f469f24feabe062f1db89b84db0f8f9ea75a748cff58fdc3a52b464d7c1\
    3401544e";

#[test]
fn a_file_sealed_by_another_implementation_opens() {
    let file: Vec<u8> = (0..FOREIGN.len())
        .step_by(2)
        .map(|at| u8::from_str_radix(&FOREIGN[at..at + 2], 16).unwrap())
        .collect();
    let identity = Identity::open(&file, MATERIAL).unwrap();
    assert_eq!(identity.private_key().unwrap().expose()[16..19], [0x9d, 0x61, 0xb1]);
    assert_eq!(identity.public_key().algorithm(), KeyAlgorithm::Ed25519);
    let asked = identity.asked_with().unwrap();
    assert_eq!(asked.host().as_str(), "api.private.example.com");
    assert_eq!(asked.id().as_str(), "q2w3e4r5t6y7");
    assert_eq!(asked.pin(), Pin::from_bytes(core::array::from_fn(|at| at as u8)));
    assert!(identity.enrolled_with().is_none());
}

#[test]
fn an_opened_identity_signs() {
    let (pki, identity) = asked();
    let mut identity = Identity::from_bytes(&identity.to_bytes()).unwrap();
    let request = identity.request(&pki.key(), None).unwrap();
    let csr = crate::x509::Csr::parse(request.der()).unwrap().verify().unwrap();
    assert_eq!(csr.public_key(), identity.public_key());
}

#[test]
fn a_sealed_identity_shows_nothing_and_is_never_sealed_twice_alike() {
    let (_, identity) = enrolled();
    let sealed = identity.seal(MATERIAL, &SystemRandom).unwrap();
    let secret = &identity.private_key().unwrap().expose()[40..60];
    assert!(identity.to_bytes().windows(20).any(|window| window == secret));
    assert!(!sealed.windows(20).any(|window| window == secret));
    assert_ne!(sealed, identity.seal(MATERIAL, &SystemRandom).unwrap());
}

#[test]
fn another_machine_and_another_form_are_reported() {
    let (_, identity) = enrolled();
    let (sealed, plain) = (identity.seal(MATERIAL, &SystemRandom).unwrap(), identity.to_bytes());
    assert_eq!(code(Identity::open(&sealed, b"another")), "identity_other_machine");
    assert_eq!(code(Identity::open(&sealed, b"")), "fingerprint_empty");
    assert_eq!(code(Identity::open(&plain, MATERIAL)), "identity_not_sealed");
    assert_eq!(code(Identity::from_bytes(&sealed)), "identity_sealed");
    assert_eq!(identity.seal(b"", &SystemRandom), Err(Error::FingerprintEmpty));
}

#[test]
fn without_randomness_nothing_is_sealed() {
    struct Broken;
    impl Random for Broken {
        fn fill(&self, _: &mut [u8]) -> Result<(), RandomError> {
            Err(RandomError)
        }
    }
    let identity = Identity::generate(KeyAlgorithm::Ed25519).unwrap();
    let error = identity.seal(MATERIAL, &Broken).unwrap_err();
    assert_eq!((error.code(), error.retryable()), ("random_unavailable", true));
}

#[test]
fn other_files_are_refused_with_a_code() {
    let file = Identity::generate(KeyAlgorithm::Ed25519).unwrap().to_bytes();
    let check = |file: &[u8], name: &str| assert_eq!(code(Identity::from_bytes(file)), name);
    check(b"", "identity_damaged");
    check(b"-----BEGIN PRIVATE KEY-----", "identity_not_recognized");
    check(b"provkey/1/identity", "identity_damaged");
    check(b"provkey/3/identity and whatever comes then", "identity_too_new");
    check(&[file.as_slice(), b"\n"].concat(), "identity_damaged");
    check(&std::vec![0; crate::limits::IDENTITY_BYTES_MAX + 1], "identity_too_large");
}

#[test]
fn no_changed_bit_and_no_shorter_file_passes() {
    let [new, ..] = stages(KeyAlgorithm::EcdsaP256);
    let sealed = new.seal(MATERIAL, &SystemRandom).unwrap();
    let plain = new.to_bytes();
    for bit in 0..sealed.len() * 8 {
        assert!(Identity::open(&flipped(&sealed, bit), MATERIAL).is_err(), "bit {bit}");
    }
    for bit in 0..plain.len() * 8 {
        assert!(Identity::from_bytes(&flipped(&plain, bit)).is_err(), "bit {bit}");
    }
    for length in 0..sealed.len() {
        let name = "identity_damaged";
        assert_eq!(code(Identity::open(&sealed[..length], MATERIAL)), name);
    }
}

/// An attacker who changes a file and its checksum does not know the sealing key.
#[test]
fn a_changed_sealed_file_with_a_good_checksum_is_refused() {
    let [new, ..] = stages(KeyAlgorithm::Ed25519);
    let sealed = new.seal(MATERIAL, &SystemRandom).unwrap();
    let fingerprint = 19..35;
    for byte in 18..sealed.len() - 32 {
        let changed = with_checksum(flipped(&sealed, byte * 8));
        let name = match byte {
            18 => "identity_not_sealed",
            byte if fingerprint.contains(&byte) => "identity_other_machine",
            _ => "identity_damaged",
        };
        assert_eq!(code(Identity::open(&changed, MATERIAL)), name, "byte {byte}");
    }
}

#[test]
fn only_the_chain_itself_is_read_in_its_order() {
    let [_, _, enrolled, ..] = stages(KeyAlgorithm::Ed25519);
    let written = fields::write(&enrolled);
    let certificates = enrolled.chain().unwrap().certificates();
    let field = |certificate: &Certificate| {
        let der = certificate.der();
        [&(der.len() as u32).to_be_bytes(), der].concat()
    };
    let length: usize = certificates.iter().map(|certificate| field(certificate).len()).sum();
    let before = &written[..written.len() - length];
    let check = |order: &[usize], good: bool| {
        let chain: Vec<u8> = order.iter().flat_map(|&at| field(&certificates[at])).collect();
        let read = fields::read(&[before, &chain].concat(), false);
        assert_eq!(read.is_some(), good, "{order:?}");
    };
    check(&[0, 1, 2], true);
    check(&[1, 0, 2], false);
    check(&[0, 1, 2, 2], false);
    check(&[0, 2], false);
    check(&[], false);
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(64))]

    /// Fields have one spelling: what is read at all is what would be written.
    #[test]
    fn fields_are_read_as_they_are_written_or_not_at_all(
        stage in 0_usize..5,
        at in any::<prop::sample::Index>(),
        noise in prop::collection::vec(any::<u8>(), 0..8),
        cut in 0_usize..8,
    ) {
        let written = fields::write(&stages(KeyAlgorithm::Ed25519)[stage]);
        let at = at.index(written.len());
        let end = (at + cut).min(written.len());
        let changed = [&written[..at], noise.as_slice(), &written[end..]].concat();
        for renewing in [false, true] {
            if let Some(identity) = fields::read(&changed, renewing) {
                prop_assert_eq!(identity.is_renewing(), renewing);
                prop_assert_eq!(&**fields::write(&identity), &changed);
            }
            prop_assert!(fields::read(&noise, renewing).is_none());
        }
    }
}

/// A program without renewal wrote version 1. Its files are read, and files that it can read
/// without losing a renewal are still written as version 1.
#[test]
fn a_file_has_the_oldest_version_that_can_express_it() {
    for identity in stages(KeyAlgorithm::Ed25519) {
        let version = if identity.is_renewing() { b'2' } else { b'1' };
        for file in [identity.to_bytes().to_vec(), identity.seal(MATERIAL, &SystemRandom).unwrap()]
        {
            assert_eq!(file["provkey/".len()], version);
        }
    }
}

#[test]
fn nothing_secret_is_printed() {
    let (_, identity) = enrolled();
    let printed = format!("{identity:?}");
    assert!(printed.contains("q2w3e4r5t6y7"));
    assert!(!printed.contains(&format!("{:?}", identity.private_key().unwrap().expose())));
    assert!(printed.contains("Identity") && !printed.contains("private_key"));
}
