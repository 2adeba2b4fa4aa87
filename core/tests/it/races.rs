//! Concurrent renewals. The histories of `tests/tests/it/linearizable` have concurrent enrollments,
//! edits and revocations.

use std::collections::BTreeSet;
use std::thread;
use std::time::Duration;

use provkey::store::ScanRange;
use provkey::testing::TestAuthority;
use provkey::x509::RevocationReason;

use crate::common::{TestConnector, code, renewal};

#[test]
fn concurrent_renewals_renew_a_certificate_once() {
    let world = TestAuthority::new();
    let text = world.provisioning_key(&world.key("fleet", 1));
    let connector = TestConnector::new();
    let first = world.authority.enroll(&connector.proof(&text)).unwrap();
    let new = [(); 4].map(|()| TestConnector::new().signer);
    let answers: Vec<_> = thread::scope(|scope| {
        let (authority, leaf, old, new) =
            (&world.authority, &first.chain[0], &connector.signer, &new);
        let ask = move |index: usize| authority.renew(&renewal(leaf, old, &new[index % 4], None));
        let threads: Vec<_> = (0..16).map(|index| scope.spawn(move || ask(index))).collect();
        threads.into_iter().map(|thread| thread.join().unwrap()).collect()
    });
    let serials: BTreeSet<_> = answers.iter().flatten().map(|one| &one.serial).collect();
    assert_eq!(serials.len(), 1);
    let codes: Vec<_> = answers.iter().map(|answer| code(answer.clone())).collect();
    let count = |code| codes.iter().filter(|one| **one == code).count();
    assert_eq!((count("enrolled"), count("replayed"), count("certificate_renewed")), (1, 3, 12));
    assert_eq!(world.authority.connector(first.connector).unwrap().renewals, 1);
}

/// A revocation wins: it covers earlier renewals, and later ones are refused.
#[test]
fn no_certificate_escapes_a_revocation() {
    for _ in 0..5 {
        let world = TestAuthority::new();
        let text = world.provisioning_key(&world.key("fleet", 1));
        let asks = TestConnector::new();
        let first = world.authority.enroll(&asks.proof(&text)).unwrap();
        let issued = thread::scope(|scope| {
            let renewing = scope.spawn(|| {
                let mut issued = vec![first.clone()];
                loop {
                    let leaf = &issued.last().unwrap().chain[0];
                    match world.authority.renew(&renewal(leaf, &asks.signer, &asks.signer, None)) {
                        Ok(renewed) => issued.push(renewed),
                        Err(error) => break (issued, error.code()),
                    }
                }
            });
            thread::sleep(Duration::from_millis(5));
            let reason = RevocationReason::default();
            world.authority.revoke_connector(first.connector, reason).unwrap();
            let (issued, code) = renewing.join().unwrap();
            assert!(["connector_revoked", "renewal_too_early"].contains(&code), "{code}");
            issued
        });
        let range = ScanRange { prefix: "revoked/".into(), after: None, reverse: false };
        let revoked = world.environment.store.scan(&range, 100).unwrap();
        assert_eq!(revoked.len(), issued.len());
    }
}

#[test]
fn values_may_be_shared_between_threads() {
    fn check<T: Send + Sync>() {}
    check::<provkey::authority::Authority>();
    check::<provkey::authority::Environment>();
    check::<provkey::authority::Error>();
    check::<provkey::connector::Error>();
    check::<provkey::connector::Identity>();
    check::<provkey::key::Keyring>();
    check::<provkey::key::ProvisioningKey>();
    check::<provkey::store::Memory>();
    check::<provkey::x509::Certificate>();
    check::<provkey::x509::Csr>();
    check::<provkey::x509::SoftwareSigner>();
}
