//! What a provisioning key does when nobody else is there, and the checker's view of a history.

use std::collections::BTreeMap;

use provkey_tests::history::{Answered, Call, Event, Step};
use todc_utils::linearizability::WGLChecker;
use todc_utils::linearizability::history::{Action, History};
use todc_utils::specifications::Specification;

pub(super) const CONNECTORS: usize = 4;
pub(super) const LIMIT: u64 = 2;

/// A step and what it came to. Serial numbers are numbered, from 0 on.
#[derive(Clone, Debug)]
pub(super) struct Operation {
    step: Step,
    /// `None`: nobody knows.
    answer: Option<Answered>,
    serial: Option<usize>,
}

#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub(super) struct Key {
    limit: u64,
    used: u64,
    enabled: bool,
    deleted: bool,
    connectors: [Connector; CONNECTORS],
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
enum Connector {
    New,
    /// With the certificate that it has; `None`: it got one, and nobody has seen it.
    Enrolled(Option<usize>),
    Revoked,
}

pub(super) struct OneKey;

impl Specification for OneKey {
    type State = Key;
    type Operation = Operation;

    fn init() -> Key {
        let connectors = [Connector::New; CONNECTORS];
        Key { limit: LIMIT, used: 0, enabled: true, deleted: false, connectors }
    }

    fn apply(operation: &Operation, before: &Key) -> (bool, Key) {
        if operation.answer == Some(Answered::Nothing) {
            return (true, before.clone());
        }
        let mut after = before.clone();
        let expected = after.take(operation);
        // What nobody knows the answer of may have had any.
        let fits = operation.answer.as_ref().is_none_or(|answer| *answer == expected);
        if fits { (true, after) } else { (false, before.clone()) }
    }
}

impl Key {
    fn take(&mut self, operation: &Operation) -> Answered {
        let taken = match operation.step {
            Step::Enroll(connector) => return self.enroll(connector, operation),
            Step::Revoke(connector) => self.revoke(connector),
            _ if self.deleted => Err("key_deleted"),
            Step::Read => {
                let Self { limit, used, enabled, .. } = *self;
                return Answered::Details { max_uses: limit, used, enabled };
            }
            Step::SetLimit(limit) => {
                self.limit = limit;
                Ok(())
            }
            Step::Enable(enabled) => {
                self.enabled = enabled;
                Ok(())
            }
            Step::Delete => {
                self.deleted = true;
                Ok(())
            }
        };
        taken.map_or_else(|code| Answered::Refused(code.into()), |()| Answered::Done)
    }

    fn enroll(&mut self, connector: usize, operation: &Operation) -> Answered {
        let refused = |code: &str| Answered::Refused(code.into());
        // The serial number is chosen freely, once.
        let certificate = |replay| match &operation.answer {
            Some(Answered::Certificate { serial, .. }) => {
                Answered::Certificate { serial: serial.clone(), replay }
            }
            _ => Answered::Certificate { serial: String::new(), replay },
        };
        match self.connectors[connector] {
            _ if self.deleted => refused("key_deleted"),
            _ if !self.enabled => refused("key_disabled"),
            Connector::Revoked => refused("connector_revoked"),
            Connector::Enrolled(Some(had)) if operation.serial.is_some_and(|now| now != had) => {
                refused("another certificate")
            }
            Connector::Enrolled(had) => {
                self.connectors[connector] = Connector::Enrolled(had.or(operation.serial));
                certificate(true)
            }
            Connector::New if self.used >= self.limit => refused("key_exhausted"),
            Connector::New => {
                self.used += 1;
                self.connectors[connector] = Connector::Enrolled(operation.serial);
                certificate(false)
            }
        }
    }

    fn revoke(&mut self, connector: usize) -> Result<(), &'static str> {
        match self.connectors[connector] {
            Connector::New => Err("connector_not_found"),
            Connector::Enrolled(_) | Connector::Revoked => {
                self.connectors[connector] = Connector::Revoked;
                Ok(())
            }
        }
    }
}

/// Whether there is an order of these calls, each at some moment between its beginning and its end,
/// in which one after the other would be answered like this. A call without an event, or without an
/// answer, began and may have happened at any moment after that, or not at all: one that comes
/// after everything else is one that did not.
pub(super) fn is_linearizable(calls: &[(u64, Call)], events: &[Event]) -> bool {
    let mut serials = BTreeMap::new();
    let by_number: BTreeMap<_, _> = events.iter().map(|event| (event.number, event)).collect();
    let mut actions = Vec::new();
    for (asked_ns, call) in calls {
        let event = by_number.get(&call.number);
        let answer = event.and_then(|event| event.answer.clone());
        let called_ns = event.map_or(*asked_ns, |event| event.called_ns);
        let answered_ns = match (event, &answer) {
            (Some(event), Some(_)) => event.answered_ns,
            _ => u64::MAX,
        };
        let serial = match &answer {
            Some(Answered::Certificate { serial, .. }) => {
                let next = serials.len();
                Some(*serials.entry(serial.clone()).or_insert(next))
            }
            _ => None,
        };
        let operation = Operation { step: call.step.clone(), answer, serial };
        // At one moment a call comes before an answer: the two may have been at the same time.
        actions.push(((called_ns, 0), call.number, Action::Call(operation.clone())));
        actions.push(((answered_ns, 1), call.number, Action::Response(operation)));
    }
    actions.sort_by_key(|(at, ..)| *at);
    // Each call is a process of its own: what one thread does one after the other is so by the
    // clock.
    let actions = actions.into_iter().map(|(_, number, action)| (number, action)).collect();
    WGLChecker::<OneKey>::is_linearizable(History::from_actions(actions))
}
