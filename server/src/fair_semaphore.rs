//! A semaphore that clients share fairly.
//!
//! A plain semaphore serves in the order of arrival: a client that asks a thousand times makes
//! every other client wait for a thousand permits. Here each client has a queue, the clients take
//! turns, and none holds more than its share of the permits.

use std::collections::{HashMap, VecDeque};
use std::net::IpAddr;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use tokio::sync::oneshot;
use tokio::time::timeout;

use crate::origin::client_prefix;

/// How long a request waits for a permit.
const WAIT_MAX: Duration = Duration::from_secs(10);
/// How many requests of one client may wait.
const PENDING_MAX: usize = 1024;

/// Permits for one kind of work. Cheap to clone.
#[derive(Clone)]
pub(crate) struct FairSemaphore(Arc<Inner>);

struct Inner {
    per_client_max: usize,
    state: Mutex<State>,
}

/// The prefix of an address. All requests from unknown addresses are one client.
type Client = Option<IpAddr>;

struct State {
    free: usize,
    queues: HashMap<Client, Queue>,
    /// The clients that wait and may have a permit, each once, in the order of their turns.
    turns: VecDeque<Client>,
}

/// The permits that one client holds, and its requests that wait for one.
#[derive(Default)]
struct Queue {
    held: usize,
    pending: VecDeque<oneshot::Sender<Permit>>,
    in_turns: bool,
}

/// A permit, until it is dropped.
pub(crate) struct Permit {
    semaphore: Arc<Inner>,
    client: Client,
}

impl FairSemaphore {
    pub(crate) fn new(permits: usize, per_client_max: usize) -> Self {
        let state = State { free: permits, queues: HashMap::new(), turns: VecDeque::new() };
        let per_client_max = per_client_max.max(1);
        Self(Arc::new(Inner { per_client_max, state: Mutex::new(state) }))
    }

    /// Waits for a permit, for ten seconds at most. `None`: there was none, or the queue of the
    /// client is full.
    pub(crate) async fn acquire(&self, address: Option<IpAddr>) -> Option<Permit> {
        let client = address.map(client_prefix);
        let pending = {
            let mut state = self.0.lock();
            let queue = state.queues.entry(client).or_default();
            if queue.pending.len() >= PENDING_MAX {
                queue.pending.retain(|pending| !pending.is_closed());
                if queue.pending.len() >= PENDING_MAX {
                    return None;
                }
            }
            let (sender, receiver) = oneshot::channel();
            queue.pending.push_back(sender);
            state.enqueue(client, self.0.per_client_max);
            receiver
        };
        self.0.grant();
        timeout(WAIT_MAX, pending).await.ok()?.ok()
    }
}

impl Inner {
    fn lock(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Grants the free permits to the clients whose turn it is. They are sent without the lock: a
    /// permit whose receiver is gone is dropped, and takes the lock.
    fn grant(self: &Arc<Self>) {
        let next = self.lock().next(self.per_client_max);
        for (client, pending) in next {
            let _ = pending.send(Permit { semaphore: Arc::clone(self), client });
        }
    }
}

impl State {
    /// Appends a client to the turns, if it waits and may have a permit.
    fn enqueue(&mut self, client: Client, per_client_max: usize) {
        let Some(queue) = self.queues.get_mut(&client) else { return };
        if !queue.in_turns && !queue.pending.is_empty() && queue.held < per_client_max {
            queue.in_turns = true;
            self.turns.push_back(client);
        }
    }

    fn next(&mut self, per_client_max: usize) -> Vec<(Client, oneshot::Sender<Permit>)> {
        let mut next = Vec::new();
        while self.free > 0
            && let Some(client) = self.turns.pop_front()
        {
            let Some(queue) = self.queues.get_mut(&client) else { continue };
            queue.in_turns = false;
            let open = std::iter::from_fn(|| queue.pending.pop_front());
            if let Some(pending) = open.into_iter().find(|pending| !pending.is_closed()) {
                queue.held += 1;
                self.free -= 1;
                next.push((client, pending));
            }
            self.enqueue(client, per_client_max);
            self.forget_idle(client);
        }
        next
    }

    /// Forgets a client that neither holds a permit nor waits for one.
    fn forget_idle(&mut self, client: Client) {
        let idle = |queue: &Queue| queue.held == 0 && queue.pending.is_empty();
        if self.queues.get(&client).is_some_and(idle) {
            self.queues.remove(&client);
        }
    }
}

impl Drop for Permit {
    fn drop(&mut self) {
        let mut state = self.semaphore.lock();
        state.free += 1;
        if let Some(queue) = state.queues.get_mut(&self.client) {
            queue.held -= 1;
        }
        state.enqueue(self.client, self.semaphore.per_client_max);
        state.forget_idle(self.client);
        drop(state);
        self.semaphore.grant();
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::future::Future;
    use std::pin::Pin;
    use std::task::{Context, Poll, Waker};

    type Acquiring = Pin<Box<dyn Future<Output = Option<Permit>>>>;

    fn address(last: u8) -> Option<IpAddr> {
        Some([192, 0, 2, last].into())
    }

    fn acquiring(semaphore: &FairSemaphore, address: Option<IpAddr>) -> Acquiring {
        let semaphore = semaphore.clone();
        let mut acquiring: Acquiring = Box::pin(async move { semaphore.acquire(address).await });
        assert!(now(&mut acquiring).is_none(), "it waits in its queue");
        acquiring
    }

    fn now(acquiring: &mut Acquiring) -> Option<Permit> {
        match acquiring.as_mut().poll(&mut Context::from_waker(Waker::noop())) {
            Poll::Ready(permit) => permit,
            Poll::Pending => None,
        }
    }

    #[tokio::test]
    async fn a_new_client_waits_for_one_permit_however_many_requests_wait() {
        let semaphore = FairSemaphore::new(1, 1);
        let permits = semaphore.acquire(address(1)).await.unwrap();
        let mut many: Vec<_> = (0..100).map(|_| acquiring(&semaphore, address(1))).collect();
        let mut new_client = acquiring(&semaphore, address(2));
        drop(permits);
        let permit = now(&mut new_client).unwrap();
        assert!(many.iter_mut().find_map(now).is_none());
        drop(permit);
        assert_eq!(many.iter_mut().find_map(now).unwrap().client, address(1));
    }

    #[tokio::test]
    async fn a_client_has_its_share_and_no_more() {
        let semaphore = FairSemaphore::new(4, 3);
        let mut permits = Vec::new();
        for _ in 0..3 {
            permits.push(semaphore.acquire(address(1)).await.unwrap());
        }
        let mut fourth = acquiring(&semaphore, address(1));
        let other = semaphore.acquire(address(2)).await.unwrap();
        drop(other);
        assert!(now(&mut fourth).is_none());
        permits.pop();
        assert!(now(&mut fourth).is_some());
    }

    #[tokio::test(start_paused = true)]
    async fn waiting_ends_and_a_request_that_is_gone_takes_no_permit() {
        let semaphore = FairSemaphore::new(1, 1);
        let permits = semaphore.acquire(address(1)).await.unwrap();
        assert!(semaphore.acquire(address(2)).await.is_none());
        drop((0..50).map(|_| acquiring(&semaphore, address(3))).collect::<Vec<_>>());
        let mut waiting = acquiring(&semaphore, address(4));
        drop(permits);
        drop(now(&mut waiting).unwrap());
        assert!(semaphore.acquire(None).await.is_some());
        assert!(semaphore.0.lock().queues.is_empty());
        assert_eq!(semaphore.0.lock().free, 1);
    }

    #[tokio::test]
    async fn a_queue_is_bounded() {
        let semaphore = FairSemaphore::new(1, 1);
        let _permit = semaphore.acquire(None).await.unwrap();
        let waiting: Vec<_> = (0..PENDING_MAX).map(|_| acquiring(&semaphore, None)).collect();
        assert!(semaphore.acquire(None).await.is_none());
        drop(waiting);
        let _acquiring = acquiring(&semaphore, None);
        assert_eq!(semaphore.0.lock().queues[&None].pending.len(), 1);
    }
}
