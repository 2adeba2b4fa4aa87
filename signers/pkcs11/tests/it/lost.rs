//! Tokens that go away, and come back.

use std::fs;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::thread;
use std::time::{Duration, Instant};

use cryptoki::context::{CInitializeArgs, CInitializeFlags, Pkcs11};
use provkey::authority::{Enrolled, Error};
use provkey::x509::{KeyAlgorithm, Signer as _, SignerError};
use provkey_pkcs11::KeySelector;

use crate::fleet::Fleet;
use crate::softhsm::{LABEL, PIN, SoftHsm, in_a_process_of_its_own, module};

/// How long a token that is back may take to be found.
const PATIENCE: Duration = Duration::from_secs(20);

fn fleet(hsm: &SoftHsm) -> Fleet {
    Fleet::new(hsm.open().generate("ours", KeyAlgorithm::EcdsaP256).unwrap())
}

/// Enrolls a connector as soon as the token is there again.
fn enroll_patiently(fleet: &Fleet) -> Result<Enrolled, Error> {
    let started = Instant::now();
    loop {
        match fleet.enroll() {
            Err(error) if error.retryable() && started.elapsed() < PATIENCE => {
                thread::sleep(Duration::from_millis(20));
            }
            result => return result,
        }
    }
}

fn unplug(hsm: &SoftHsm) {
    fs::rename(hsm.tokens(), hsm.path("unplugged")).unwrap();
}

fn plug_in(hsm: &SoftHsm) {
    fs::rename(hsm.path("unplugged"), hsm.tokens()).unwrap();
}

#[test]
fn a_token_that_is_gone_costs_no_use_and_works_again_later() {
    let name = "lost::a_token_that_is_gone_costs_no_use_and_works_again_later";
    in_a_process_of_its_own(name, |hsm| {
        let fleet = fleet(hsm);
        for used in [0, 2] {
            fleet.check_with_openssl(hsm);
            unplug(hsm);
            for _ in 0..3 {
                let error = fleet.enroll().unwrap_err();
                assert_eq!(error.code(), "signer_unavailable", "{error}");
                assert!(error.retryable());
            }
            assert_eq!(fleet.used(), used + 1);
            plug_in(hsm);
            enroll_patiently(&fleet).unwrap();
            assert_eq!(fleet.used(), used + 2);
        }
    });
}

#[test]
fn every_use_is_counted_while_the_token_goes_and_comes_back() {
    let name = "lost::every_use_is_counted_while_the_token_goes_and_comes_back";
    in_a_process_of_its_own(name, |hsm| {
        let fleet = fleet(hsm);
        let (done, enrolled) = (AtomicBool::new(false), AtomicU64::new(0));
        thread::scope(|scope| {
            let enrolling = || {
                while !done.load(Ordering::Relaxed) {
                    match fleet.enroll() {
                        Ok(_) => drop(enrolled.fetch_add(1, Ordering::Relaxed)),
                        Err(error) => assert!(error.retryable(), "{error}"),
                    }
                }
            };
            (0..8).for_each(|_| drop(scope.spawn(enrolling)));
            let back = [(); 2].map(|()| {
                thread::sleep(Duration::from_millis(100));
                unplug(hsm);
                thread::sleep(Duration::from_millis(100));
                plug_in(hsm);
                enroll_patiently(&fleet)
            });
            done.store(true, Ordering::Relaxed);
            assert!(back.iter().all(Result::is_ok));
        });
        enroll_patiently(&fleet).unwrap();
        assert_eq!(fleet.used(), enrolled.into_inner() + 3);
    });
}

/// Another user of the module in the same process.
fn somebody_else() -> Pkcs11 {
    Pkcs11::new(module()).unwrap()
}

/// It runs after that, and knows none of our sessions.
fn restart_module() {
    somebody_else().finalize().unwrap();
    let locking = CInitializeArgs::new(CInitializeFlags::OS_LOCKING_OK);
    somebody_else().initialize(locking).unwrap();
}

#[test]
fn a_module_that_other_code_finalized_is_restarted() {
    in_a_process_of_its_own("lost::a_module_that_other_code_finalized_is_restarted", |hsm| {
        let fleet = fleet(hsm);
        restart_module();
        fleet.enroll().unwrap();
        somebody_else().finalize().unwrap();
        fleet.enroll().unwrap();
    });
}

#[test]
fn a_replaced_key_does_not_sign() {
    in_a_process_of_its_own("lost::a_replaced_key_does_not_sign", |hsm| {
        let token = hsm.open();
        token.generate("ours", KeyAlgorithm::EcdsaP256).unwrap();
        let signer = token.signer(KeySelector::Label("ours".into())).unwrap();
        unplug(hsm);
        fs::create_dir(hsm.tokens()).unwrap();
        hsm.make_token(LABEL);
        let pair = ["--keypairgen", "--key-type", "EC:prime256v1", "--usage-sign"];
        hsm.pkcs11_tool(&[&pair[..], &["--label", "ours", "--id", "01"]].concat());
        assert_eq!(signer.sign(b"").unwrap_err(), SignerError::KeyMismatch);
    });
}

#[test]
fn a_deleted_key_is_signer_unavailable() {
    in_a_process_of_its_own("lost::a_deleted_key_is_signer_unavailable", |hsm| {
        let fleet = fleet(hsm);
        hsm.pkcs11_tool(&["--delete-object", "--type", "privkey", "--label", "ours"]);
        let error = fleet.enroll().unwrap_err();
        assert_eq!(error.code(), "signer_unavailable", "{error}");
        assert_eq!(fleet.used(), 0);
    });
}

#[test]
fn a_rejected_pin_is_not_tried_again() {
    in_a_process_of_its_own("lost::a_rejected_pin_is_not_tried_again", |hsm| {
        let fleet = fleet(hsm);
        let check = |expected| {
            restart_module();
            assert_eq!(fleet.enroll().map(drop).map_err(|error| error.code()), expected);
        };
        check(Ok(()));
        hsm.pkcs11_tool(&["--change-pin", "--new-pin", "141421"]);
        check(Err("signer_failed"));
        hsm.pkcs11_tool(&["--change-pin", "--new-pin", PIN, "--pin", "141421"]);
        check(Err("signer_failed"));
        hsm.open().signer(KeySelector::Label("ours".into())).unwrap();
    });
}
