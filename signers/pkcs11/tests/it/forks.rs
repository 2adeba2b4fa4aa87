//! Forks of a process that has a token open.

#![allow(unsafe_code)]

use nix::libc::_exit;
use nix::sys::wait::{WaitStatus, waitpid};
use nix::unistd::{ForkResult, alarm, fork};
use provkey::x509::{KeyAlgorithm, Signer as _};
use provkey_pkcs11::{Pkcs11Signer, Token, TokenError};

use crate::softhsm::{SoftHsm, in_a_process_of_its_own};

const SECONDS_MAX: u32 = 20;

/// Whether all that is inherited, and all that is opened anew, is refused by name.
fn is_refused(hsm: &SoftHsm, token: &Token, signer: &Pkcs11Signer) -> bool {
    let refused = |error: Option<TokenError>| error == Some(TokenError::UsedAfterFork);
    refused(token.signers().err())
        && signer.sign(b"message").is_err_and(|error| !error.retryable())
        && refused(hsm.try_open().err())
}

#[test]
fn a_forked_child_is_refused_and_the_parent_goes_on() {
    in_a_process_of_its_own("forks::a_forked_child_is_refused_and_the_parent_goes_on", |hsm| {
        let token = hsm.open();
        let signer = token.generate("ours", KeyAlgorithm::EcdsaP256).unwrap();
        for _ in 0..5 {
            // SAFETY: the child only calls what is to be tested.
            match unsafe { fork() }.unwrap() {
                ForkResult::Child => {
                    alarm::set(SECONDS_MAX);
                    let refused = is_refused(hsm, &token, &signer);
                    drop((token, signer));
                    // SAFETY: it ends the child without what the parent does at its end.
                    unsafe { _exit(i32::from(!refused)) }
                }
                ForkResult::Parent { child } => {
                    assert_eq!(waitpid(child, None).unwrap(), WaitStatus::Exited(child, 0));
                }
            }
            signer.sign(b"message").unwrap();
        }
    });
}
