//! Group read: concurrent reads that share one round trip.

use alloc::collections::VecDeque;
use alloc::sync::Arc;
use alloc::vec::Vec;
use core::fmt;
use std::sync::{Condvar, Mutex, MutexGuard, PoisonError};

use super::guard::Guard;
use super::{Record, RecordKey, StoreError};
use crate::limits::{GET_KEYS_MAX, READS_AT_ONCE_MAX};

/// Group read: up to [`READS_AT_ONCE_MAX`] callers read at the same time, each its own records.
/// Further callers wait. When a turn becomes free, the first of them reads for all that wait then.
///
/// So a store in this process is read by several threads and hardly ever makes a caller wait, and a
/// store across a network gets few large requests instead of many small ones. A lone caller never
/// waits. Each caller sees the store as it was at some moment after the call began.
pub(crate) struct GroupRead {
    store: Arc<Guard>,
    queue: Mutex<Queue>,
}

#[derive(Default)]
struct Queue {
    reading: usize,
    waiting: VecDeque<Arc<Ticket>>,
}

/// The keys of one caller, and the state that it waits on.
struct Ticket {
    keys: Vec<RecordKey>,
    state: Mutex<State>,
    changed: Condvar,
}

enum State {
    Waiting,
    /// It is this caller's turn to read.
    Reads,
    Done(Vec<Option<Record>>),
    /// The caller that read for all failed, perhaps because of another caller's record.
    Failed,
}

impl fmt::Debug for GroupRead {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("GroupRead").finish_non_exhaustive()
    }
}

impl GroupRead {
    pub(crate) fn new(store: Arc<Guard>) -> Self {
        Self { store, queue: Mutex::default() }
    }

    /// As [`Store::get`](super::Store::get).
    pub(crate) fn get(&self, keys: &[RecordKey]) -> Result<Vec<Option<Record>>, StoreError> {
        self.store.check_not_inside()?;
        let Some(ticket) = self.enqueue(keys) else {
            let _turn = Turn { group: self, others: Vec::new() };
            return self.store.get(keys);
        };
        match ticket.wait() {
            State::Done(records) => Ok(records),
            State::Reads => self.read_for_all(&ticket),
            State::Waiting | State::Failed => self.store.get(keys),
        }
    }

    /// `None`: the caller may read at once.
    fn enqueue(&self, keys: &[RecordKey]) -> Option<Arc<Ticket>> {
        let mut queue = lock(&self.queue);
        if queue.reading < READS_AT_ONCE_MAX {
            queue.reading += 1;
            return None;
        }
        let state = Mutex::new(State::Waiting);
        let ticket = Arc::new(Ticket { keys: keys.to_vec(), state, changed: Condvar::new() });
        queue.waiting.push_back(Arc::clone(&ticket));
        Some(ticket)
    }

    fn read_for_all(&self, own: &Ticket) -> Result<Vec<Option<Record>>, StoreError> {
        let mut turn = Turn { group: self, others: Vec::new() };
        turn.others = lock(&self.queue).take_fitting(own.keys.len());
        let others = turn.others.iter().flat_map(|ticket| &ticket.keys);
        let keys: Vec<_> = own.keys.iter().chain(others).cloned().collect();
        let mut records = match self.store.get(&keys) {
            Ok(records) => records.into_iter(),
            Err(error) if turn.others.is_empty() => return Err(error),
            Err(_) => {
                drop(turn);
                return self.store.get(&own.keys);
            }
        };
        let own = records.by_ref().take(own.keys.len()).collect();
        for ticket in turn.others.drain(..) {
            ticket.set(State::Done(records.by_ref().take(ticket.keys.len()).collect()));
        }
        Ok(own)
    }
}

impl Queue {
    /// Takes the tickets that fit into one request beside `keys` keys.
    fn take_fitting(&mut self, mut keys: usize) -> Vec<Arc<Ticket>> {
        let fits = |ticket: &&Arc<Ticket>| {
            keys += ticket.keys.len();
            keys <= GET_KEYS_MAX
        };
        let count = self.waiting.iter().take_while(fits).count();
        self.waiting.drain(..count).collect()
    }
}

/// The turn of a reader. It ends when this is dropped, also when the store panicked: callers
/// without an answer read for themselves, and the next one has its turn.
struct Turn<'a> {
    group: &'a GroupRead,
    others: Vec<Arc<Ticket>>,
}

impl Drop for Turn<'_> {
    fn drop(&mut self) {
        self.others.iter().for_each(|ticket| ticket.set(State::Failed));
        let mut queue = lock(&self.group.queue);
        match queue.waiting.pop_front() {
            Some(next) => next.set(State::Reads),
            None => queue.reading -= 1,
        }
    }
}

impl Ticket {
    fn set(&self, state: State) {
        *lock(&self.state) = state;
        self.changed.notify_one();
    }

    fn wait(&self) -> State {
        let waiting = |state: &mut State| matches!(state, State::Waiting);
        let mut state = self
            .changed
            .wait_while(lock(&self.state), waiting)
            .unwrap_or_else(PoisonError::into_inner);
        core::mem::replace(&mut *state, State::Waiting)
    }
}

/// No code of ours can panic under one of these locks, so a poisoned lock guards sound data.
fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}

#[cfg(test)]
mod tests {
    use alloc::vec;
    use std::sync::atomic::{AtomicUsize, Ordering};
    use std::sync::{Barrier, mpsc};
    use std::thread;

    use super::*;
    use crate::store::{FaultKind, Memory, Operation, Outcome, ScanRange, Store, StoreFault, Unit};

    /// Delays reads while a test locks the gate, and fails or panics at certain keys.
    struct Slow {
        memory: Memory,
        gate: Mutex<()>,
        gets: AtomicUsize,
    }

    impl Store for Slow {
        fn get(&self, keys: &[RecordKey]) -> Result<Vec<Option<Record>>, StoreError> {
            self.gets.fetch_add(1, Ordering::SeqCst);
            drop(lock(&self.gate));
            let asks_for = |text: &str| keys.iter().any(|key| key.as_bytes() == text.as_bytes());
            assert!(!asks_for("panics"), "as asked");
            if asks_for("fails") {
                let fault = StoreFault::new(FaultKind::Corrupt, "as asked");
                return Err(StoreError::NotApplied(fault));
            }
            self.memory.get(keys)
        }

        fn scan(&self, range: &ScanRange, limit: usize) -> Result<Vec<Record>, StoreError> {
            self.memory.scan(range, limit)
        }

        fn apply(&self, units: &[Unit]) -> Result<Vec<Outcome>, StoreError> {
            self.memory.apply(units)
        }
    }

    fn key(text: &str) -> RecordKey {
        RecordKey::new(text).unwrap()
    }

    /// Reads while all turns are taken, so that all callers wait. Returns which records each caller
    /// found, and how many requests the store got.
    fn read_together(wanted: &[&str]) -> (Vec<Option<Vec<bool>>>, usize) {
        let memory = Memory::new();
        let put = |text| Operation::Put { key: key(text), body: Vec::new() };
        memory.apply(&[Unit::new(["a", "b", "c"].map(put).to_vec())]).unwrap();
        let slow = Arc::new(Slow { memory, gate: Mutex::default(), gets: AtomicUsize::new(0) });
        let group = GroupRead::new(Arc::new(Guard::new(slow.clone())));
        thread::scope(|scope| {
            let held = lock(&slow.gate);
            for _ in 0..READS_AT_ONCE_MAX {
                scope.spawn(|| group.get(&[key("a")]).unwrap());
            }
            while slow.gets.load(Ordering::SeqCst) < READS_AT_ONCE_MAX {
                thread::yield_now();
            }
            let readers: Vec<_> = wanted
                .iter()
                .map(|text| {
                    let group = &group;
                    scope.spawn(move || {
                        let found = group.get(&[key(text), key("missing")]).ok()?;
                        Some(found.iter().map(Option::is_some).collect())
                    })
                })
                .collect();
            while lock(&group.queue).waiting.len() < wanted.len() {
                thread::yield_now();
            }
            drop(held);
            let got = readers.into_iter().map(|reader| reader.join().unwrap_or(None)).collect();
            (got, slow.gets.load(Ordering::SeqCst) - READS_AT_ONCE_MAX)
        })
    }

    #[test]
    fn waiting_callers_share_few_reads_and_each_gets_its_own_records() {
        let wanted: Vec<_> = (0..60).map(|n| ["a", "none", "b", "c"][n % 4]).collect();
        let (got, reads) = read_together(&wanted);
        for (text, got) in wanted.iter().zip(got) {
            assert_eq!(got, Some(vec![*text != "none", false]), "{text}");
        }
        assert!(reads <= READS_AT_ONCE_MAX, "{reads} reads for 60 callers");
    }

    #[test]
    fn a_callers_failure_never_fails_another() {
        for trouble in ["fails", "panics"] {
            let mut wanted = vec!["a", "b", "c", "none", "a", "b", "c", "a"];
            for place in [0, 4, 8] {
                wanted.insert(place, trouble);
            }
            let (got, _) = read_together(&wanted);
            for (text, got) in wanted.iter().zip(got) {
                let expected = (*text != trouble).then(|| vec![*text != "none", false]);
                // A caller that reads for one that makes the store panic panics, too.
                assert!(got == expected || trouble == "panics" && got.is_none(), "{text}");
            }
        }
    }

    #[test]
    fn no_caller_is_left_waiting() {
        let group = Arc::new(GroupRead::new(Arc::new(Guard::new(Arc::new(Memory::new())))));
        let (barrier, (sender, receiver)) = (Arc::new(Barrier::new(32)), mpsc::channel());
        for _ in 0..32 {
            let (group, barrier, sender) = (group.clone(), barrier.clone(), sender.clone());
            thread::spawn(move || {
                barrier.wait();
                (0..500).for_each(|_| drop(group.get(&[key("a")]).unwrap()));
                sender.send(()).unwrap();
            });
        }
        for _ in 0..32 {
            receiver.recv_timeout(core::time::Duration::from_secs(60)).expect("no caller hangs");
        }
        let queue = lock(&group.queue);
        assert_eq!((queue.reading, queue.waiting.len()), (0, 0));
    }
}
