//! Permits that address neighborhoods share fairly.
//!
//! A semaphore serves in the order of arrival, so one client that asks a thousand times makes all
//! others wait for a thousand. Here each neighborhood has a queue, the next permit goes to
//! each of them in turn, and none has more than its share of the permits.

use std::collections::{HashMap, VecDeque};
use std::net::IpAddr;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use tokio::sync::oneshot;
use tokio::time::timeout;

use crate::origin::neighborhood;

/// How long a request waits for a permit.
const WAIT_MAX: Duration = Duration::from_secs(10);
/// Most requests of one neighborhood that wait.
const WAITING_MAX: usize = 1024;

/// Permits for one kind of work. Cheap to clone.
#[derive(Clone)]
pub(crate) struct Lane(Arc<Inner>);

struct Inner {
    each_max: usize,
    state: Mutex<State>,
}

/// Those whose address is unknown are one neighborhood.
type Neighborhood = Option<IpAddr>;

struct State {
    free: usize,
    queues: HashMap<Neighborhood, Queue>,
    /// The neighborhoods that wait and may have a permit, each once, in the order of their turns.
    turns: VecDeque<Neighborhood>,
}

/// What one neighborhood has and waits for.
#[derive(Default)]
struct Queue {
    permits: usize,
    waiting: VecDeque<oneshot::Sender<Permit>>,
    in_turns: bool,
}

/// A permit, until it is dropped.
pub(crate) struct Permit {
    lane: Arc<Inner>,
    of: Neighborhood,
}

impl Lane {
    /// So many permits, and so many for each neighborhood at most.
    pub(crate) fn new(permits: usize, each_max: usize) -> Self {
        let state = State { free: permits, queues: HashMap::new(), turns: VecDeque::new() };
        Self(Arc::new(Inner { each_max: each_max.max(1), state: Mutex::new(state) }))
    }

    /// Waits for a permit, but not for long.
    pub(crate) async fn enter(&self, address: Option<IpAddr>) -> Option<Permit> {
        let of = address.map(neighborhood);
        let waiting = {
            let mut state = self.0.lock();
            let queue = state.queues.entry(of).or_default();
            if queue.waiting.len() >= WAITING_MAX {
                queue.waiting.retain(|waiting| !waiting.is_closed());
                if queue.waiting.len() >= WAITING_MAX {
                    return None;
                }
            }
            let (sender, receiver) = oneshot::channel();
            queue.waiting.push_back(sender);
            state.queue_up(of, self.0.each_max);
            receiver
        };
        self.0.hand_out();
        timeout(WAIT_MAX, waiting).await.ok()?.ok()
    }
}

impl Inner {
    fn lock(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Gives the free permits to those whose turn it is. They are sent without the lock: one that
    /// nobody takes any more comes back at once.
    fn hand_out(self: &Arc<Self>) {
        let chosen = self.lock().choose(self.each_max);
        for (of, waiting) in chosen {
            let _ = waiting.send(Permit { lane: Arc::clone(self), of });
        }
    }
}

impl State {
    /// Gives a neighborhood its place among the turns, if it waits and may have a permit.
    fn queue_up(&mut self, of: Neighborhood, each_max: usize) {
        let Some(queue) = self.queues.get_mut(&of) else { return };
        if !queue.in_turns && !queue.waiting.is_empty() && queue.permits < each_max {
            queue.in_turns = true;
            self.turns.push_back(of);
        }
    }

    fn choose(&mut self, each_max: usize) -> Vec<(Neighborhood, oneshot::Sender<Permit>)> {
        let mut chosen = Vec::new();
        while self.free > 0
            && let Some(of) = self.turns.pop_front()
        {
            let Some(queue) = self.queues.get_mut(&of) else { continue };
            queue.in_turns = false;
            let next = std::iter::from_fn(|| queue.waiting.pop_front());
            if let Some(waiting) = next.into_iter().find(|waiting| !waiting.is_closed()) {
                queue.permits += 1;
                self.free -= 1;
                chosen.push((of, waiting));
            }
            self.queue_up(of, each_max);
            self.forget(of);
        }
        chosen
    }

    /// Forgets a neighborhood that neither has nor wants anything.
    fn forget(&mut self, of: Neighborhood) {
        if self.queues.get(&of).is_some_and(|queue| queue.permits == 0 && queue.waiting.is_empty())
        {
            self.queues.remove(&of);
        }
    }
}

impl Drop for Permit {
    fn drop(&mut self) {
        let mut state = self.lane.lock();
        state.free += 1;
        if let Some(queue) = state.queues.get_mut(&self.of) {
            queue.permits -= 1;
        }
        state.queue_up(self.of, self.lane.each_max);
        state.forget(self.of);
        drop(state);
        self.lane.hand_out();
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::future::Future;
    use std::pin::Pin;
    use std::task::{Context, Poll, Waker};

    type Entering = Pin<Box<dyn Future<Output = Option<Permit>>>>;

    fn address(last: u8) -> Option<IpAddr> {
        Some([192, 0, 2, last].into())
    }

    fn entering(lane: &Lane, last: u8) -> Entering {
        let lane = lane.clone();
        let mut entering: Entering = Box::pin(async move { lane.enter(address(last)).await });
        assert!(now(&mut entering).is_none(), "it waits, in its place of the queue");
        entering
    }

    fn now(entering: &mut Entering) -> Option<Permit> {
        match entering.as_mut().poll(&mut Context::from_waker(Waker::noop())) {
            Poll::Ready(permit) => permit,
            Poll::Pending => None,
        }
    }

    #[tokio::test]
    async fn a_newcomer_waits_for_one_permit_however_many_wait_elsewhere() {
        let lane = Lane::new(1, 1);
        let held = lane.enter(address(1)).await.unwrap();
        let mut many: Vec<_> = (0..100).map(|_| entering(&lane, 1)).collect();
        let mut newcomer = entering(&lane, 2);
        drop(held);
        let permit = now(&mut newcomer).unwrap();
        assert!(many.iter_mut().find_map(now).is_none());
        drop(permit);
        assert_eq!(many.iter_mut().find_map(now).unwrap().of, address(1));
    }

    #[tokio::test]
    async fn a_neighborhood_has_its_share_and_no_more() {
        let lane = Lane::new(4, 3);
        let mut held = Vec::new();
        for _ in 0..3 {
            held.push(lane.enter(address(1)).await.unwrap());
        }
        let mut fourth = entering(&lane, 1);
        let other = lane.enter(address(2)).await.unwrap();
        drop(other);
        assert!(now(&mut fourth).is_none());
        held.pop();
        assert!(now(&mut fourth).is_some());
    }

    #[tokio::test(start_paused = true)]
    async fn nobody_waits_for_long_and_who_has_gone_takes_no_permit() {
        let lane = Lane::new(1, 1);
        let held = lane.enter(address(1)).await.unwrap();
        assert!(lane.enter(address(2)).await.is_none());
        drop((0..50).map(|_| entering(&lane, 3)).collect::<Vec<_>>());
        let mut waiting = entering(&lane, 4);
        drop(held);
        drop(now(&mut waiting).unwrap());
        assert!(lane.enter(None).await.is_some());
        assert!(lane.0.lock().queues.is_empty());
        assert_eq!(lane.0.lock().free, 1);
    }

    #[tokio::test]
    async fn a_queue_has_an_end() {
        let lane = Lane::new(1, 1);
        let _held = lane.enter(None).await.unwrap();
        let lanes = lane.clone();
        let waiting: Vec<_> = (0..WAITING_MAX)
            .map(|_| {
                let lane = lanes.clone();
                let mut entering: Entering = Box::pin(async move { lane.enter(None).await });
                assert!(now(&mut entering).is_none());
                entering
            })
            .collect();
        assert!(lane.enter(None).await.is_none());
        drop(waiting);
        let lane_again = lane.clone();
        let mut entering: Entering = Box::pin(async move { lane_again.enter(None).await });
        assert!(now(&mut entering).is_none());
        assert_eq!(lane.0.lock().queues[&None].waiting.len(), 1);
    }
}
