//! Group commit, and settling batches whose outcome is unknown.

use alloc::collections::VecDeque;
use alloc::sync::Arc;
use alloc::vec::Vec;
use core::fmt;

use super::guard::Guard;
use super::sync::{Condvar, Mutex, MutexGuard, PoisonError};
use super::{
    FaultKind, Operation, Outcome, Reason, RecordKey, Refused, Store, StoreError, StoreFault, Unit,
    Value,
};
use crate::limits::{BATCH_BYTES_MAX, BATCH_UNITS_MAX, SETTLE_TRIES_MAX};
use crate::process::Process;

/// Group commit: concurrent callers share one `apply`, and so one fsync.
///
/// There is no background thread. If no batch is being applied, a caller becomes the *leader* and
/// applies its own units at once. Callers that arrive meanwhile wait. The first of them leads the
/// next batch, of at most 256 units and 1 MiB. A lone caller never waits for others.
///
/// A batch whose outcome is [unknown](StoreError::Unknown) is *settled* by applying it again. For
/// this, each unit should begin by expecting the absence of a record that it also puts, under a key
/// that is never reused. A unit that its own record refuses was applied the first time. It is
/// answered as applied, without counters, because their values at that time are unknown.
///
/// Waiters are woken in a chain. Waking all of them at once would put the next leader behind that
/// many runnable threads each time it returns from fsync.
///
/// If the store panics, the leader panics, and the others get `Unknown`.
pub struct GroupCommit {
    process: Process,
    store: Arc<Guard>,
    queue: Mutex<Queue>,
    /// The record that the last applied unit put under a key that is never reused.
    latest: Mutex<Option<RecordKey>>,
}

#[derive(Default)]
struct Queue {
    waiting: VecDeque<Arc<Ticket>>,
    applying: bool,
}

/// The units of one caller, which are applied in one batch, and the state that it waits on.
struct Ticket {
    units: Mutex<Vec<Unit>>,
    count: usize,
    bytes: usize,
    state: Mutex<State>,
    changed: Condvar,
}

enum State {
    Waiting,
    /// It is this caller's turn to apply.
    Leads,
    /// The answer, and the caller to wake next.
    Done(Result<Vec<Outcome>, StoreError>, Option<Arc<Ticket>>),
    /// The leader panicked: the outcome of the batch is unknown.
    Lost,
}

impl fmt::Debug for GroupCommit {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("GroupCommit").finish_non_exhaustive()
    }
}

impl GroupCommit {
    /// Group commit in front of this store.
    pub fn new(store: Arc<dyn Store>) -> Self {
        Self {
            process: Process::current(),
            store: Arc::new(Guard::new(store)),
            queue: Mutex::default(),
            latest: Mutex::default(),
        }
    }

    /// The store, for reads.
    pub(crate) fn store(&self) -> Arc<Guard> {
        Arc::clone(&self.store)
    }

    /// The record that the last applied unit expected to be absent, and put. While it exists,
    /// nothing of that unit, or of an earlier one, is lost.
    pub(crate) fn latest(&self) -> Option<RecordKey> {
        lock(&self.latest).clone()
    }

    /// Applies one unit.
    ///
    /// # Errors
    /// Those of [`Store::apply`]; `reentrant_call` if the store itself calls; `used_after_fork`.
    pub fn apply(&self, unit: Unit) -> Result<Outcome, StoreError> {
        let outcomes = self.apply_together(alloc::vec![unit])?;
        outcomes.into_iter().next().ok_or_else(|| unknown("the store answered nothing"))
    }

    /// Applies the units of one caller in one batch: at most 256 units and 1 MiB.
    ///
    /// # Errors
    /// As [`GroupCommit::apply`].
    pub fn apply_together(&self, units: Vec<Unit>) -> Result<Vec<Outcome>, StoreError> {
        self.process.check()?;
        self.store.check_not_inside()?;
        let ticket = Arc::new(Ticket::new(units));
        let mut queue = lock(&self.queue);
        queue.waiting.push_back(Arc::clone(&ticket));
        let leads = !core::mem::replace(&mut queue.applying, true);
        drop(queue);
        if !leads && let Some(result) = ticket.wait() {
            return result;
        }
        self.lead(&ticket)
    }

    /// Applies the batch at the head of the queue, which begins with `own`.
    fn lead(&self, own: &Ticket) -> Result<Vec<Outcome>, StoreError> {
        let mut lead = Lead { commit: self, batch: Vec::new(), answered: 0 };
        lead.take_batch();
        let units: Vec<Unit> = lead
            .batch
            .iter()
            .flat_map(|ticket| core::mem::take(&mut *lock(&ticket.units)))
            .collect();
        let result = apply_settled(&self.store, &units);
        if let Ok(outcomes) = &result
            && let Some(latest) = latest_of(&units, outcomes)
        {
            *lock(&self.latest) = Some(latest);
        }
        lead.answer(result);
        drop(lead);
        own.wait().unwrap_or_else(|| Err(unknown("the batch was left without an answer")))
    }
}

/// The duty of a leader: its followers are answered and the next caller leads, whatever happens.
/// Dropping this does both, also when the store panicked or memory ran out; so it allocates
/// nothing.
struct Lead<'a> {
    commit: &'a GroupCommit,
    batch: Vec<Arc<Ticket>>,
    /// How many of the batch have their answer.
    answered: usize,
}

impl Lead<'_> {
    fn take_batch(&mut self) {
        let mut queue = lock(&self.commit.queue);
        let count = queue.next_batch();
        self.batch.reserve_exact(count);
        self.batch.extend(queue.waiting.drain(..count));
    }

    fn answer(&mut self, result: Result<Vec<Outcome>, StoreError>) {
        let mut outcomes = result.map(Vec::into_iter);
        for (ticket, next) in self.batch.iter().zip(1..) {
            let answer = match &mut outcomes {
                Ok(outcomes) => Ok(outcomes.by_ref().take(ticket.count).collect()),
                Err(error) => Err(error.clone()),
            };
            *lock(&ticket.state) = State::Done(answer, self.batch.get(next).cloned());
            self.answered += 1;
        }
    }

    /// Makes the next caller lead, before this batch's callers are woken: the callers of the next
    /// batch arrived while this one was applied, so waiting would not make it larger.
    fn hand_over(&self) {
        let mut queue = lock(&self.commit.queue);
        if self.batch.is_empty() {
            // The leader never took its batch: its own ticket is still first in the queue.
            queue.waiting.pop_front();
        }
        match queue.waiting.front() {
            Some(next) => next.set(State::Leads),
            None => queue.applying = false,
        }
    }
}

impl Drop for Lead<'_> {
    fn drop(&mut self) {
        if self.answered < self.batch.len() {
            for ticket in &self.batch[self.answered..] {
                *lock(&ticket.state) = State::Lost;
            }
            // The chain of wake-ups is broken, so all are woken.
            self.batch.iter().for_each(|ticket| ticket.changed.notify_one());
        }
        self.hand_over();
    }
}

impl Queue {
    /// How many tickets make up the next batch: the first one, and those behind it that fit.
    fn next_batch(&self) -> usize {
        let (mut count, mut bytes) = (0, 0);
        let fits = |ticket: &&Arc<Ticket>| {
            count += ticket.count;
            bytes += ticket.bytes;
            count <= BATCH_UNITS_MAX && bytes <= BATCH_BYTES_MAX
        };
        self.waiting.iter().take_while(fits).count().max(1)
    }
}

impl Ticket {
    fn new(units: Vec<Unit>) -> Self {
        Self {
            count: units.len(),
            bytes: units.iter().map(Unit::bytes).sum(),
            units: Mutex::new(units),
            state: Mutex::new(State::Waiting),
            changed: Condvar::new(),
        }
    }

    fn set(&self, state: State) {
        *lock(&self.state) = state;
        self.changed.notify_one();
    }

    /// Waits for the answer; `None` if this caller leads instead.
    fn wait(&self) -> Option<Result<Vec<Outcome>, StoreError>> {
        let mut state = lock(&self.state);
        // `wait_while` would stop waiting if the lock were poisoned.
        while matches!(*state, State::Waiting) {
            state = self.changed.wait(state).unwrap_or_else(PoisonError::into_inner);
        }
        match core::mem::replace(&mut *state, State::Waiting) {
            State::Done(result, next) => {
                drop(state);
                if let Some(next) = next {
                    next.changed.notify_one();
                }
                Some(result)
            }
            State::Lost => Some(Err(unknown("the store panicked"))),
            State::Leads | State::Waiting => None,
        }
    }
}

/// No code of ours can panic under one of these locks, so a poisoned lock guards sound data.
fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}

fn unknown(message: &str) -> StoreError {
    StoreError::Unknown(StoreFault::new(FaultKind::Unavailable, message))
}

/// Applies units, and applies them again while the outcome is unknown.
fn apply_settled(store: &Guard, units: &[Unit]) -> Result<Vec<Outcome>, StoreError> {
    let mut result = store.apply(units);
    let mut tries = 1;
    while let Err(StoreError::Unknown(fault)) = &result
        && tries < SETTLE_TRIES_MAX
    {
        let fault = fault.clone();
        tries += 1;
        result = match store.apply(units) {
            Ok(outcomes) => Ok(outcomes.into_iter().zip(units).map(settle).collect()),
            // That this try changed nothing says nothing about the earlier ones.
            Err(_) => Err(StoreError::Unknown(fault)),
        };
    }
    result
}

/// The outcome of a unit that may have been applied by an earlier try.
fn settle((outcome, unit): (Outcome, &Unit)) -> Outcome {
    match outcome {
        Outcome::Refused(refused) if stands_already(unit, &refused) => Outcome::Applied(Vec::new()),
        outcome => outcome,
    }
}

/// The record whose absence the last applied unit began by expecting.
fn latest_of(units: &[Unit], outcomes: &[Outcome]) -> Option<RecordKey> {
    units.iter().zip(outcomes).rev().find_map(|(unit, outcome)| {
        match (outcome, unit.operations.first()) {
            (Outcome::Applied(_), Some(Operation::Expect { key, version: None })) => {
                Some(key.clone())
            }
            _ => None,
        }
    })
}

/// Whether a unit was refused by the record that it puts itself.
fn stands_already(unit: &Unit, refused: &Refused) -> bool {
    let Refused { operation: 0, reason: Reason::Exists, record: Some(record) } = refused else {
        return false;
    };
    unit.operations.iter().any(|operation| {
        matches!(operation, Operation::Put { key, body }
            if *key == record.key && record.value == Value::Body(body.clone()))
    })
}
