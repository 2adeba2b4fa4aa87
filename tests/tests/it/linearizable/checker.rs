//! Tests of the checker and the specification: they distinguish right from wrong.

use provkey_tests::history::{Answered, Call, Event, Step};

use super::specification::is_linearizable;

/// A call with its begin and end. One without an answer may still take effect.
type Lasting = (u64, u64, Step, Option<Answered>);

#[track_caller]
fn check(good: bool, lasting: &[Lasting]) {
    let (mut calls, mut events) = (Vec::new(), Vec::new());
    for (number, (called_ns, answered_ns, step, answer)) in lasting.iter().enumerate() {
        let (key, connector) = (String::new(), <(String, Vec<u8>)>::default());
        calls.push((*called_ns, Call { number, step: step.clone(), key, connector }));
        let (called_ns, answered_ns, answer) = (*called_ns, *answered_ns, answer.clone());
        events.push(Event { number, called_ns, answered_ns, answer });
    }
    assert_eq!(is_linearizable(&calls, &events), good);
}

fn granted(serial: &str, replay: bool) -> Option<Answered> {
    Some(Answered::Certificate { serial: serial.into(), replay })
}

fn refused(code: &str) -> Option<Answered> {
    Some(Answered::Refused(code.into()))
}

fn details(max_uses: u64, used: u64) -> Option<Answered> {
    Some(Answered::Details { max_uses, used, enabled: true })
}

#[test]
fn a_limit_holds() {
    let first = [
        (0, 9, Step::Enroll(0), granted("a", false)),
        (0, 9, Step::Enroll(1), granted("b", false)),
    ];
    let with = |more: Lasting| [&first[..], &[more]].concat();
    check(true, &with((1, 8, Step::Enroll(2), refused("key_exhausted"))));
    check(false, &with((1, 8, Step::Enroll(2), granted("c", false))));
    check(
        true,
        &[
            with((1, 8, Step::Enroll(2), granted("c", false))),
            vec![(0, 9, Step::SetLimit(3), Some(Answered::Done))],
        ]
        .concat(),
    );
}

#[test]
fn an_acknowledged_change_is_visible() {
    let enrolled = (0, 1, Step::Enroll(0), granted("a", false));
    check(true, &[enrolled.clone(), (2, 3, Step::Read, details(2, 1))]);
    check(false, &[enrolled.clone(), (2, 3, Step::Read, details(2, 0))]);
    check(true, &[enrolled, (1, 3, Step::Read, details(2, 0))]);
    let disabled = (0, 1, Step::Enable(false), Some(Answered::Done));
    check(false, &[disabled.clone(), (2, 3, Step::Enroll(0), granted("a", false))]);
    check(true, &[disabled, (1, 3, Step::Enroll(0), granted("a", false))]);
    let deleted = (0, 1, Step::Delete, Some(Answered::Done));
    check(false, &[deleted, (2, 3, Step::Read, details(2, 0))]);
}

#[test]
fn a_connector_has_one_certificate_and_costs_one_use() {
    let enrolled = (0, 9, Step::Enroll(0), granted("a", false));
    check(true, &[enrolled.clone(), (0, 9, Step::Enroll(0), granted("a", true))]);
    check(false, &[enrolled.clone(), (0, 9, Step::Enroll(0), granted("b", true))]);
    check(false, &[enrolled.clone(), (0, 9, Step::Enroll(0), granted("b", false))]);
    let revoked = (10, 11, Step::Revoke(0), Some(Answered::Done));
    let again = |answer| (12, 13, Step::Enroll(0), answer);
    check(true, &[enrolled.clone(), revoked.clone(), again(refused("connector_revoked"))]);
    check(false, &[enrolled, revoked, again(granted("a", true))]);
}

#[test]
fn a_call_without_an_answer_takes_effect_once_or_never() {
    let unknown = (0, 1, Step::Enroll(0), None);
    let read = |at, used| (at, at + 1, Step::Read, details(2, used));
    check(true, &[unknown.clone(), read(2, 0), read(4, 0)]);
    check(true, &[unknown.clone(), read(2, 1), read(4, 1)]);
    // It may take effect late, but is not undone.
    check(true, &[unknown.clone(), read(2, 0), read(4, 1)]);
    check(false, &[unknown.clone(), read(2, 1), read(4, 0)]);
    check(false, &[unknown.clone(), read(2, 2)]);
    // A repeated request gets the certificate that was issued then, always the same.
    let again = |at, serial| (at, at + 1, Step::Enroll(0), granted(serial, true));
    check(true, &[unknown.clone(), again(2, "a"), again(4, "a")]);
    check(false, &[unknown.clone(), again(2, "a"), again(4, "b")]);
    check(false, &[again(0, "a"), (2, 3, Step::Enroll(0), None)]);
    // A call that is known to have changed nothing.
    let nothing = (0, 1, Step::Enroll(0), Some(Answered::Nothing));
    check(false, &[nothing, read(2, 1)]);
}
