//! Clocks that are behind or ahead, and when to renew.

use core::time::Duration;

use proptest::prelude::*;

use super::*;
use crate::connector::CertificateState;

const LEAF_START: u64 = NOW - 300;

#[test]
fn a_clock_behind_is_reported_and_replaced() {
    let check = |clock: Timestamp, now: Timestamp, behind: Option<Duration>| {
        let (pki, mut identity) = asked();
        let accepted = identity.accept_certificates(&pki.answer(&identity), clock).unwrap();
        assert_eq!((accepted.now, accepted.clock_behind), (now, behind));
        assert_eq!(identity.state(clock), CertificateState::Valid);
    };
    let start = at(LEAF_START);
    let millisecond = Duration::from_millis(1);
    check(at(NOW), at(NOW), None);
    check(start, start, None);
    check(start.minus(millisecond), start, Some(millisecond));
    check(at(LEAF_START - DAY), start, Some(Duration::from_secs(DAY)));
    check(at(0), start, Some(Duration::from_secs(LEAF_START)));
}

#[test]
fn a_clock_past_the_end_is_ahead() {
    let (pki, mut identity) = asked();
    let answer = pki.answer(&identity);
    let now = at(LEAF_END + 1);
    let error = refused(&mut identity, &answer, now, "clock_ahead");
    assert_eq!(error, Error::ClockAhead { now, not_after: at(LEAF_END) });
    refused(&mut identity, &answer, Timestamp::MAX, "clock_ahead");
    // The last second is included, to its end.
    let last = at(LEAF_END).plus(Duration::from_millis(999));
    identity.accept_certificates(&answer, last).unwrap();
    assert_eq!(identity.state(last), CertificateState::RenewSoon);
}

#[test]
fn an_issuer_outside_its_time_is_not_the_clocks_fault() {
    let check = |not_before: u64, not_after: u64, code: &str, retryable: bool| {
        let (mut pki, mut identity) = asked();
        let signer = Arc::new(signer());
        let [_, _, root] = pki.answer(&identity);
        pki.enrollment = enrollment(&pki.root, Arc::clone(&signer), NOW - DAY, NOW + 90 * DAY);
        let leaf = pki.leaf(identity.public_key());
        let other = enrollment(&pki.root, signer, not_before, not_after);
        let answer = [leaf, other.certificate().clone(), root];
        let error = refused(&mut identity, &answer, at(NOW), code);
        assert_eq!(error.retryable(), retryable);
    };
    check(NOW - DAY, NOW - 1, "chain_expired", false);
    check(NOW + 1, NOW + DAY, "chain_not_yet_valid", true);
}

#[test]
fn a_certificate_is_renewed_in_the_last_third_of_its_time() {
    let (_, identity) = enrolled();
    let third = (LEAF_END - LEAF_START) / 3;
    let renew_at = identity.renew_at().unwrap();
    assert!((at(LEAF_END - third)..at(LEAF_END - third / 2)).contains(&renew_at));
    assert_eq!(Identity::from_bytes(&identity.to_bytes()).unwrap().renew_at(), Some(renew_at));
    let check = |now, state: &str| assert_eq!(identity.state(now).as_str(), state);
    check(at(0), "valid");
    check(at(NOW), "valid");
    check(renew_at.minus(Duration::from_millis(1)), "valid");
    check(renew_at, "renew_soon");
    check(at(LEAF_END), "renew_soon");
    check(at(LEAF_END + 1), "expired");
    let fresh = Identity::generate(KeyAlgorithm::EcdsaP256).unwrap();
    assert_eq!(fresh.state(at(NOW)).as_str(), "none");
    assert_eq!(fresh.renew_at(), None);
}

#[test]
fn a_fleet_does_not_renew_at_once() {
    let (pki, mut identity) = asked();
    let moments: std::collections::BTreeSet<_> = (0..20)
        .map(|_| {
            identity.accept_certificates(&pki.answer(&identity), at(NOW)).unwrap();
            identity.renew_at()
        })
        .collect();
    assert!(moments.len() > 10, "{moments:?}");
}

#[test]
fn states_follow_each_other() {
    let (_, identity) = enrolled();
    let order = [CertificateState::Valid, CertificateState::RenewSoon, CertificateState::Expired];
    let place = |ms| {
        let state = identity.state(Timestamp::from_unix_ms(ms));
        order.iter().position(|&known| known == state)
    };
    proptest!(|(earlier: u64, later: u64)| {
        let (earlier, later) = (earlier.min(later), earlier.max(later));
        prop_assert!(place(earlier).is_some() && place(earlier) <= place(later));
    });
}
