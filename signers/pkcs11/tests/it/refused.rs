//! What is refused, each by its code.

use std::path::PathBuf;

use provkey::x509::KeyAlgorithm;
use provkey_pkcs11::{KeySelector, LABEL_BYTES_MAX, TokenSelector};

use crate::softhsm::{LABEL, PIN, SoftHsm, in_a_process_of_its_own, module, open};

fn label(label: &str) -> TokenSelector {
    TokenSelector::Label(label.into())
}

#[test]
fn unusable_modules_and_tokens_are_refused() {
    in_a_process_of_its_own("refused::unusable_modules_and_tokens_are_refused", |hsm| {
        let check = |module: PathBuf, selector, pin, code| {
            let error = open(&module, selector, pin).unwrap_err();
            assert_eq!(error.code(), code, "{error}");
            assert!(!error.to_string().contains("161803"));
            assert!(!error.retryable());
        };
        check(hsm.path("missing.so"), label(LABEL), PIN, "token_module_unusable");
        check(hsm.path("softhsm2.conf"), label(LABEL), PIN, "token_module_unusable");
        check(module(), label("another"), PIN, "token_not_found");
        check(module(), TokenSelector::Serial("0".into()), PIN, "token_not_found");
        check(module(), TokenSelector::Slot(4242), PIN, "token_not_found");
        check(module(), label(LABEL), "161803", "token_pin_wrong");
        check(module(), label(LABEL), "", "token_pin_wrong");
        hsm.open();
    });
}

#[test]
fn tokens_with_one_label_are_selected_by_serial_number_or_slot() {
    let name = "refused::tokens_with_one_label_are_selected_by_serial_number_or_slot";
    in_a_process_of_its_own(name, |hsm| {
        hsm.make_token(LABEL);
        assert_eq!(open(&module(), label(LABEL), PIN).unwrap_err().code(), "token_ambiguous");
        let slots = hsm.run("softhsm2-util", &["--show-slots"]);
        let serial = slots.lines().find_map(|line| line.trim().strip_prefix("Serial number:"));
        let slot = slots.lines().find_map(|line| line.strip_prefix("Slot ")).unwrap();
        let slot = TokenSelector::Slot(slot.parse().unwrap());
        let token = open(&module(), TokenSelector::Serial(serial.unwrap().trim().into()), PIN);
        token.unwrap().generate("ours", KeyAlgorithm::Ed25519).unwrap();
        let token = open(&module(), slot, PIN).unwrap();
        token.signer(KeySelector::Label("ours".into())).unwrap();
    });
}

#[test]
fn a_new_key_needs_a_free_label() {
    in_a_process_of_its_own("refused::a_new_key_needs_a_free_label", |hsm| {
        let token = hsm.open();
        let longest = "x".repeat(LABEL_BYTES_MAX);
        token.generate(&longest, KeyAlgorithm::EcdsaP256).unwrap();
        let check = |label: &str, code| {
            let error = token.generate(label, KeyAlgorithm::EcdsaP256).unwrap_err();
            assert_eq!(error.code(), code, "{error}");
        };
        check(&longest, "token_key_exists");
        check(&format!("{longest}x"), "token_label_invalid");
        check("", "token_label_invalid");
    });
}

#[test]
fn keys_that_cannot_sign_certificates_are_refused() {
    in_a_process_of_its_own("refused::keys_that_cannot_sign_certificates_are_refused", |hsm| {
        let generate = |kind, label, id| {
            let arguments = ["--keypairgen", "--usage-sign", "--key-type", kind];
            hsm.pkcs11_tool(&[&arguments[..], &["--label", label, "--id", id]].concat());
        };
        generate("EC:secp521r1", "p521", "01");
        generate("rsa:1024", "weak", "02");
        generate("EC:prime256v1", "twice", "03");
        generate("EC:prime256v1", "twice", "04");
        generate("EC:prime256v1", "half", "05");
        generate("EC:prime256v1", "exchanged", "06");
        delete_public_key(hsm, "05");
        delete_public_key(hsm, "06");
        let key = ["genpkey", "-algorithm", "ec", "-pkeyopt", "ec_paramgen_curve:P-256"];
        hsm.run("openssl", &[&key[..], &["-out", "other.pem"]].concat());
        let public = ["pkey", "-in", "other.pem", "-pubout", "-outform", "DER"];
        hsm.run("openssl", &[&public[..], &["-out", "other.der"]].concat());
        hsm.pkcs11_tool(&["--write-object", "other.der", "--type", "pubkey", "--id", "06"]);

        let token = hsm.open();
        let check = |label: &str, code| {
            let error = token.signer(KeySelector::Label(label.into())).unwrap_err();
            assert_eq!(error.code(), code, "{label}: {error}");
            assert!(!error.retryable());
        };
        check("p521", "token_key_unsupported");
        check("weak", "token_key_rejected");
        check("twice", "token_key_ambiguous");
        check("half", "token_key_not_found");
        check("missing", "token_key_not_found");
        check("exchanged", "token_key_mismatch");
        token.signer(KeySelector::Id(vec![3])).unwrap();
        // Only those two, by their ids.
        assert_eq!(token.signers().unwrap().len(), 2);
    });
}

fn delete_public_key(hsm: &SoftHsm, id: &str) {
    hsm.pkcs11_tool(&["--delete-object", "--type", "pubkey", "--id", id]);
}
