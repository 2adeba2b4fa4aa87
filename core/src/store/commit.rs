//! Group commit, and the settling of commits whose outcome is unknown.

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

/// Group commit: callers that wait at the same moment share one `apply`, and so one fsync.
///
/// There is no background thread. A caller that finds nobody applying applies at once, its own
/// units first; callers that come meanwhile wait, and the first of them applies the next batch,
/// of at most 256 units and 1 MiB. A lone caller never waits for others.
///
/// A batch whose outcome is [unknown](StoreError::Unknown) is *settled* by applying it again:
/// each unit should begin with [`Operation::Expect`] absent of a record that it also puts, under
/// a key that is never reused. A unit that is refused by its own record has happened: it is
/// answered as applied, without counters, for those of that moment are not known.
///
/// Callers that have their answer wake each other, one after the other. If all were woken at once,
/// the one who applies the next batch would, after each wait for the disk, wait again, behind all of
/// them, for a processor.
///
/// If the store panics, the caller that was inside panics; the others get `Unknown`.
pub struct GroupCommit {
    process: Process,
    store: Arc<Guard>,
    queue: Mutex<Queue>,
    /// What the last unit that was applied put under a key that is never reused.
    latest: Mutex<Option<RecordKey>>,
}

#[derive(Default)]
struct Queue {
    waiting: VecDeque<Arc<Ticket>>,
    applying: bool,
}

/// The units of one caller, which are applied in one batch, and where it waits for the answer.
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
    /// The answer, and whom this caller wakes once it has it.
    Done(Result<Vec<Outcome>, StoreError>, Option<Arc<Ticket>>),
    /// The leader panicked: nobody knows what became of the batch.
    Lost,
}

impl fmt::Debug for GroupCommit {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("GroupCommit").finish_non_exhaustive()
    }
}

impl GroupCommit {
    /// Applies to this store from now on.
    pub fn new(store: Arc<dyn Store>) -> Self {
        Self {
            process: Process::current(),
            store: Arc::new(Guard::new(store)),
            queue: Mutex::default(),
            latest: Mutex::default(),
        }
    }

    /// The store, to read from.
    pub(crate) fn store(&self) -> Arc<Guard> {
        Arc::clone(&self.store)
    }

    /// The record that the last unit which was applied was expected not to have, and has put: it
    /// is there for as long as what that unit did, and all before it, is.
    pub(crate) fn latest(&self) -> Option<RecordKey> {
        lock(&self.latest).clone()
    }

    /// Applies one unit.
    ///
    /// # Errors
    /// Those of [`Store::apply`], `reentrant_call` if the store itself calls, and `used_after_fork`.
    pub fn apply(&self, unit: Unit) -> Result<Outcome, StoreError> {
        let outcomes = self.apply_together(alloc::vec![unit])?;
        outcomes.into_iter().next().ok_or_else(|| unknown("the store answered nothing"))
    }

    /// Applies the units of one caller as part of one batch: at most 256 units, 1 MiB in all.
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

/// The duty of a leader: whatever happens, its followers are answered and the next one leads. It ends
/// when this is dropped, perhaps because the store panicked or memory ran out; so that needs none.
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

    /// Comes before the callers of this batch are woken: the next one is as large as it will be, for
    /// whoever is to be in it has come while this one was applied.
    fn hand_over(&self) {
        let mut queue = lock(&self.commit.queue);
        if self.batch.is_empty() {
            // The leader's own ticket, at the head of the queue: it never got to apply.
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
            // Who would wake whom has come apart.
            self.batch.iter().for_each(|ticket| ticket.changed.notify_one());
        }
        self.hand_over();
    }
}

impl Queue {
    /// How many make up the next batch: the first ticket, and those behind it that fit into one batch
    /// with it.
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

    /// Waits for the answer; `None` if this caller is to lead instead.
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

/// No code of ours can panic while it holds one of these locks, so a poisoned one is sound.
fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}

fn unknown(message: &str) -> StoreError {
    StoreError::Unknown(StoreFault::new(FaultKind::Unavailable, message))
}

/// Applies units, and again while it is unknown whether they were applied.
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
            // That this try changed nothing says nothing of the ones before it.
            Err(_) => Err(StoreError::Unknown(fault)),
        };
    }
    result
}

/// What came of a unit that may have been applied before.
fn settle((outcome, unit): (Outcome, &Unit)) -> Outcome {
    match outcome {
        Outcome::Refused(refused) if stands_already(unit, &refused) => Outcome::Applied(Vec::new()),
        outcome => outcome,
    }
}

/// What the last unit that was applied began with expecting to be absent.
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

/// Whether a unit was refused by the very record that it puts.
fn stands_already(unit: &Unit, refused: &Refused) -> bool {
    let Refused { operation: 0, reason: Reason::Exists, record: Some(record) } = refused else {
        return false;
    };
    unit.operations.iter().any(|operation| {
        matches!(operation, Operation::Put { key, body }
            if *key == record.key && record.value == Value::Body(body.clone()))
    })
}
