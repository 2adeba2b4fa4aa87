use std::thread;

use provkey::x509::{Csr, KeyAlgorithm, Signer, build_csr};
use provkey_pkcs11::{KeySelector, SESSIONS_MAX};

use crate::fleet::Fleet;
use crate::softhsm::{SoftHsm, in_a_process_of_its_own};

const ALGORITHMS: [KeyAlgorithm; 4] =
    [KeyAlgorithm::EcdsaP256, KeyAlgorithm::EcdsaP384, KeyAlgorithm::Ed25519, KeyAlgorithm::Rsa];

#[test]
fn openssl_verifies_each_kind_of_key() {
    in_a_process_of_its_own("keys::openssl_verifies_each_kind_of_key", |hsm| {
        let token = hsm.open();
        for algorithm in ALGORITHMS {
            let signer = token.generate(algorithm.as_str(), algorithm).unwrap();
            assert_eq!(signer.public_key().algorithm(), algorithm);
            Fleet::new(signer).check_with_openssl(hsm);
        }
    });
}

#[test]
fn a_key_never_leaves_the_token() {
    in_a_process_of_its_own("keys::a_key_never_leaves_the_token", |hsm| {
        let signer = hsm.open().generate("ours", KeyAlgorithm::EcdsaP256).unwrap();
        assert!(signer.never_extractable());
        let objects = private_keys(hsm);
        assert!(objects.contains("sensitive, always sensitive, never extractable, local"));
        let usage = objects.lines().find(|line| line.contains("Usage:")).unwrap();
        assert_eq!(usage.split_whitespace().collect::<Vec<_>>(), ["Usage:", "sign"]);
    });
}

fn private_keys(hsm: &SoftHsm) -> String {
    hsm.pkcs11_tool(&["--list-objects", "--type", "privkey"])
}

#[test]
fn keys_are_found_again_by_label_and_by_id() {
    in_a_process_of_its_own("keys::keys_are_found_again_by_label_and_by_id", |hsm| {
        let made = hsm.open().generate("ours", KeyAlgorithm::EcdsaP384).unwrap();
        let token = hsm.open();
        let found = token.signer(KeySelector::Label("ours".into())).unwrap();
        assert_eq!(found.public_key(), made.public_key());

        let theirs = ["--keypairgen", "--key-type", "EC:prime256v1", "--label", "theirs"];
        hsm.pkcs11_tool(&[&theirs[..], &["--id", "c0de", "--usage-sign"]].concat());
        let theirs = token.signer(KeySelector::Id(vec![0xc0, 0xde])).unwrap();
        let found = token.signer(KeySelector::Label("theirs".into())).unwrap();
        assert_eq!(found.public_key(), theirs.public_key());
        Fleet::new(theirs).check_with_openssl(hsm);
    });
}

#[test]
fn imported_keys_are_distinguished() {
    in_a_process_of_its_own("keys::imported_keys_are_distinguished", |hsm| {
        let key = ["genpkey", "-algorithm", "ec", "-pkeyopt", "ec_paramgen_curve:P-256"];
        hsm.run("openssl", &[&key[..], &["-out", "key.pem"]].concat());
        hsm.import("key.pem", "imported", "07");
        let signer = hsm.open().signer(KeySelector::Label("imported".into())).unwrap();
        assert!(!signer.never_extractable());
        Fleet::new(signer).check_with_openssl(hsm);
    });
}

#[test]
fn many_threads_sign_at_once() {
    in_a_process_of_its_own("keys::many_threads_sign_at_once", |hsm| {
        let signer = hsm.open().generate("ours", KeyAlgorithm::EcdsaP256).unwrap();
        // 8 as a host has, and more than there are sessions.
        for threads in [8, 2 * SESSIONS_MAX] {
            thread::scope(|scope| {
                for _ in 0..threads {
                    scope.spawn(|| {
                        for _ in 0..10 {
                            let request = build_csr(&signer, &[]).unwrap();
                            Csr::parse(&request).unwrap().verify().unwrap();
                        }
                    });
                }
            });
        }
    });
}
