//! The checker's view of a history: the reference model is the sequential specification.

use std::collections::BTreeMap;
use std::hash::{Hash, Hasher};

use provkey_tests::history::{Answered, Call, Event, Step};
use todc_utils::linearizability::WGLChecker;
use todc_utils::linearizability::history::{Action, History};
use todc_utils::specifications::Specification;

use crate::model::{self, Answer, Edit, GROUPS, Model, NewKey, Request};

pub(super) const CONNECTORS: usize = 4;
pub(super) const LIMIT: u64 = 2;

/// A step and its answer.
#[derive(Clone, Debug)]
pub(super) struct Operation {
    step: Step,
    /// `None` if it is unknown.
    answer: Option<Answered>,
    /// The number of the serial number in the answer.
    serial: Option<usize>,
}

/// The model of an authority with one key.
#[derive(Clone, Debug)]
pub(super) struct State {
    model: Model,
    /// The serial number of each connector, once an answer shows it.
    serials: [Option<usize>; CONNECTORS],
}

impl State {
    /// All that later answers depend on. The model also has what depends on the order of the steps,
    /// such as numbers of certificates; states that differ only in that are the same.
    fn essence(&self) -> impl Eq + Hash {
        let key = self.model.key(0).map(|key| (key.max_uses, key.used, key.enabled));
        let revoked: Vec<_> = (0..CONNECTORS).map(|one| self.model.is_revoked(one)).collect();
        (key, revoked, self.serials)
    }

    /// Performs the step. Returns whether the model gives this answer.
    fn take(&mut self, operation: &Operation) -> bool {
        let edit = |edit| model::Step::Edit { key: 0, edit };
        let step = match operation.step {
            Step::Enroll(connector) => {
                model::Step::Enroll(vec![Request { key: 0, connector, bearer: false }])
            }
            Step::SetLimit(limit) => edit(Edit { max_uses: Some(limit), ..Edit::default() }),
            Step::Enable(enabled) => edit(Edit { enabled: Some(enabled), ..Edit::default() }),
            Step::Delete => model::Step::Delete { key: 0 },
            Step::Revoke(connector) => model::Step::Revoke { connector },
            Step::Read => return self.reads_as(operation),
        };
        let wanted = self.model.take(&step).remove(0);
        self.model.clear_audit();
        match (&operation.answer, wanted) {
            (None, _) | (Some(Answered::Done), Answer::Done) => true,
            (Some(Answered::Refused(code)), Answer::Refused(wanted)) => code == wanted,
            (
                Some(Answered::Certificate { replay, .. }),
                Answer::Certificate { replay: wanted, .. },
            ) => *replay == wanted && self.has_serial(operation),
            _ => false,
        }
    }

    fn reads_as(&self, operation: &Operation) -> bool {
        let wanted = match self.model.key(0) {
            Ok(key) => {
                Answered::Details { max_uses: key.max_uses, used: key.used, enabled: key.enabled }
            }
            Err(code) => Answered::Refused(code.into()),
        };
        operation.answer.as_ref().is_none_or(|answer| *answer == wanted)
    }

    /// The serial number is free to choose, once.
    fn has_serial(&mut self, operation: &Operation) -> bool {
        let (Step::Enroll(connector), Some(serial)) = (&operation.step, operation.serial) else {
            return false;
        };
        *self.serials[*connector].get_or_insert(serial) == serial
    }
}

impl PartialEq for State {
    fn eq(&self, other: &Self) -> bool {
        self.essence() == other.essence()
    }
}

impl Eq for State {}

impl Hash for State {
    fn hash<H: Hasher>(&self, state: &mut H) {
        self.essence().hash(state);
    }
}

pub(super) struct OneKey;

impl Specification for OneKey {
    type State = State;
    type Operation = Operation;

    fn init() -> State {
        let mut model = Model::new(GROUPS);
        let (name, group, certificate, max_uses) = (0, 0, 0, LIMIT);
        let (expires, proof_only) = (None, false);
        let new = NewKey { name, group, certificate, max_uses, expires, proof_only };
        model.take(&model::Step::CreateKey(new));
        model.clear_audit();
        State { model, serials: [None; CONNECTORS] }
    }

    fn apply(operation: &Operation, before: &State) -> (bool, State) {
        let mut after = before.clone();
        match operation.answer == Some(Answered::Nothing) || after.take(operation) {
            true => (true, after),
            false => (false, before.clone()),
        }
    }
}

/// Whether the calls have an order in which the model gives these answers, each call between its
/// beginning and its end. A call without an answer has no end: it happened at any time after its
/// beginning, or not at all, which is the same as after all others.
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
        // At equal times, a call comes before an answer: the two may overlap.
        actions.push(((called_ns, 0), call.number, Action::Call(operation.clone())));
        actions.push(((answered_ns, 1), call.number, Action::Response(operation)));
    }
    actions.sort_by_key(|(at, ..)| *at);
    // To the checker, each call is a process: the times order the calls of one thread.
    let actions = actions.into_iter().map(|(_, number, action)| (number, action)).collect();
    WGLChecker::<OneKey>::is_linearizable(History::from_actions(actions))
}
