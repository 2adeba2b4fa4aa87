//! Limits on the number of connections, in all and per client.
//!
//! A client at its connection limit is refused. At the limit of all connections, a new connection
//! evicts one of the client that has most of them. So an attacker with many addresses ends up with
//! no more connections per address than any other client.

use std::collections::{BTreeMap, BTreeSet, HashMap};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use tokio::time::Instant;

use crate::activity::Activity;
use crate::origin::Origin;

/// A client with fewer connections may evict one that has been idle for this long.
const EVICTABLE_AFTER: Duration = Duration::from_secs(1);
/// The search for an idle connection restarts at the client with most connections this often. In
/// between it resumes where it stopped: there may be thousands of connections to look at.
const SEARCH_RESTARTS_AFTER: Duration = Duration::from_millis(20);

/// The open connections and their limits. Cheap to clone.
#[derive(Clone)]
pub(crate) struct ConnectionLimits(Arc<Inner>);

struct Inner {
    total_max: usize,
    per_client_max: usize,
    state: Mutex<State>,
}

#[derive(Default)]
struct State {
    total: usize,
    next_id: u64,
    /// The connections of each client, the oldest first.
    by_origin: HashMap<Origin, BTreeMap<u64, Arc<Activity>>>,
    /// The clients that have a limit, by their number of connections.
    by_count: BTreeSet<(usize, Origin)>,
    search: Option<Search>,
}

/// The progress of a search for an idle connection.
struct Search {
    began: Instant,
    /// Entries of `by_count` below this one have not been looked at.
    below: (usize, Origin),
}

/// Counts one connection until it is dropped.
pub(crate) struct ConnectionPermit {
    limits: ConnectionLimits,
    origin: Origin,
    id: u64,
}

impl ConnectionLimits {
    pub(crate) fn new(total_max: usize, per_client_max: usize) -> Self {
        Self(Arc::new(Inner { total_max, per_client_max, state: Mutex::default() }))
    }

    fn lock(&self) -> MutexGuard<'_, State> {
        self.0.state.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Admits a connection, if need be by evicting another one.
    pub(crate) fn admit(
        &self,
        origin: Origin,
        activity: &Arc<Activity>,
    ) -> Option<ConnectionPermit> {
        let mut state = self.lock();
        let own = match origin {
            // Any connection of a proxy may be that of a new client.
            Origin::Trusted => 0,
            _ => state.count(origin),
        };
        if own >= self.0.per_client_max && origin != Origin::Trusted {
            return None;
        }
        if state.total >= self.0.total_max {
            let (victim, id) = state.victim(own)?;
            if let Some(evicted) = state.remove(victim, id) {
                evicted.evict();
            }
        }
        let id = state.insert(origin, Arc::clone(activity));
        Some(ConnectionPermit { limits: self.clone(), origin, id })
    }
}

impl State {
    fn count(&self, origin: Origin) -> usize {
        self.by_origin.get(&origin).map_or(0, BTreeMap::len)
    }

    /// The connection that a client with `own` connections may evict: an idle one of a client that
    /// has more; else the oldest of the client that has most, if that client then still has at
    /// least as many.
    fn victim(&mut self, own: usize) -> Option<(Origin, u64)> {
        self.idle(own).or_else(|| {
            let (_, origin) = self.by_count.last().filter(|(count, _)| *count > own + 1)?;
            Some((*origin, *self.by_origin.get(origin)?.first_key_value()?.0))
        })
    }

    /// An idle connection of a client that has more than `own`.
    fn idle(&mut self, own: usize) -> Option<(Origin, u64)> {
        let search = self.search.take().filter(|it| it.began.elapsed() < SEARCH_RESTARTS_AFTER);
        let search = search.unwrap_or_else(Search::begin);
        let Search { began, mut below } = search;
        let idle =
            |activity: &Activity| activity.idle_for().is_some_and(|time| time >= EVICTABLE_AFTER);
        let most = self.by_count.range(..below).rev().take_while(|(count, _)| *count > own);
        let found = most.inspect(|looked_at| below = **looked_at).find_map(|(_, origin)| {
            let mut connections = self.by_origin.get(origin)?.iter();
            Some((*origin, *connections.find(|(_, activity)| idle(activity))?.0))
        });
        self.search = Some(Search { began, below });
        found
    }

    fn insert(&mut self, origin: Origin, activity: Arc<Activity>) -> u64 {
        let id = self.next_id;
        self.next_id += 1;
        self.total += 1;
        self.by_origin.entry(origin).or_default().insert(id, activity);
        self.recount(origin, self.count(origin) - 1);
        id
    }

    /// Returns `None` if the connection was evicted before.
    fn remove(&mut self, origin: Origin, id: u64) -> Option<Arc<Activity>> {
        let activity = self.by_origin.get_mut(&origin)?.remove(&id)?;
        self.total -= 1;
        self.recount(origin, self.count(origin) + 1);
        Some(activity)
    }

    fn recount(&mut self, origin: Origin, before: usize) {
        let count = self.count(origin);
        if count == 0 {
            self.by_origin.remove(&origin);
        }
        if origin != Origin::Trusted {
            self.by_count.remove(&(before, origin));
            if count > 0 {
                self.by_count.insert((count, origin));
            }
        }
    }
}

impl Search {
    fn begin() -> Self {
        Self { began: Instant::now(), below: (usize::MAX, Origin::Unknown) }
    }
}

impl Drop for ConnectionPermit {
    fn drop(&mut self) {
        self.limits.lock().remove(self.origin, self.id);
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::memory_pool::MemoryPool;
    use tokio::time::{advance, timeout};

    struct Admitted {
        activity: Arc<Activity>,
        _permit: ConnectionPermit,
    }

    impl Admitted {
        async fn is_evicted(&self) -> bool {
            timeout(Duration::ZERO, self.activity.closed()).await.is_ok()
        }
    }

    fn admit_as(limits: &ConnectionLimits, origin: Origin) -> Option<Admitted> {
        let activity = Activity::new(Duration::from_secs(60), Duration::from_secs(60));
        let permit = limits.admit(origin, &activity)?;
        Some(Admitted { activity, _permit: permit })
    }

    fn admit(limits: &ConnectionLimits, last: u8) -> Option<Admitted> {
        admit_as(limits, Origin::of_client(Some([192, 0, 2, last].into())))
    }

    #[tokio::test]
    async fn each_client_has_its_own_limit() {
        let limits = ConnectionLimits::new(10, 2);
        let first = admit(&limits, 1).unwrap();
        let _second = admit(&limits, 1).unwrap();
        assert!(admit(&limits, 1).is_none());
        assert!(admit(&limits, 2).is_some());
        drop(first);
        assert!(admit(&limits, 1).is_some());
        let proxies: Vec<_> = (0..5).map(|_| admit_as(&limits, Origin::Trusted).unwrap()).collect();
        assert_eq!(proxies.len(), 5);
    }

    #[tokio::test(start_paused = true)]
    async fn a_new_client_evicts_connections_of_those_that_have_most() {
        let limits = ConnectionLimits::new(8, 4);
        let attack: Vec<_> =
            [1, 2].iter().flat_map(|last| (0..4).map(|_| admit(&limits, *last).unwrap())).collect();
        let mut honest = Vec::new();
        for last in 3..=6 {
            honest.push(admit(&limits, last).unwrap());
        }
        let mut evicted = 0;
        for admitted in &attack {
            evicted += usize::from(admitted.is_evicted().await);
        }
        assert_eq!(evicted, 4, "two of each client, which leaves each two");
        for admitted in &honest {
            assert!(!admitted.is_evicted().await);
        }
        assert!(admit(&limits, 1).is_none(), "the client with most connections evicts none");
    }

    #[tokio::test(start_paused = true)]
    async fn among_equals_only_the_idle_are_evicted() {
        let limits = ConnectionLimits::new(3, 4);
        let proxy = admit_as(&limits, Origin::Trusted).unwrap();
        let [idle, busy] = [1, 2].map(|last| admit(&limits, last).unwrap());
        let memory = MemoryPool::new(0, 0).reserve(Origin::Unknown);
        let _in_flight = busy.activity.begin_request(memory);
        assert!(admit(&limits, 3).is_none(), "it is not idle for long enough");
        advance(EVICTABLE_AFTER).await;
        let newcomer = admit(&limits, 3).unwrap();
        assert!(idle.is_evicted().await);
        for other in [&proxy, &busy, &newcomer] {
            assert!(!other.is_evicted().await);
        }
        drop(idle);
        assert_eq!(limits.lock().total, 3, "its permit is not released twice");
    }

    #[tokio::test(start_paused = true)]
    async fn an_idle_connection_is_found_among_many_that_are_busy() {
        let limits = ConnectionLimits::new(200, 4);
        let all: Vec<_> = (1..=200).map(|last| admit(&limits, last).unwrap()).collect();
        let pool = MemoryPool::new(0, 0);
        let in_flight =
            |admitted: &Admitted| admitted.activity.begin_request(pool.reserve(Origin::Unknown));
        let _in_flight: Vec<_> = all[2..].iter().map(in_flight).collect();
        advance(EVICTABLE_AFTER).await;
        let newcomers = [201, 202].map(|last| admit(&limits, last).unwrap());
        assert!(all[0].is_evicted().await && all[1].is_evicted().await);
        assert!(admit(&limits, 203).is_none(), "the others are busy, or not idle for long enough");
        advance(EVICTABLE_AFTER).await;
        assert!(admit(&limits, 203).is_some());
        assert!(newcomers[0].is_evicted().await != newcomers[1].is_evicted().await);
    }

    #[tokio::test(start_paused = true)]
    async fn a_connection_of_a_trusted_proxy_counts_as_a_new_client() {
        let limits = ConnectionLimits::new(6, 4);
        let _proxy = [(); 3].map(|()| admit_as(&limits, Origin::Trusted).unwrap());
        let many = [(); 3].map(|()| admit(&limits, 1).unwrap());
        assert!(admit_as(&limits, Origin::Trusted).is_some());
        assert!(many[0].is_evicted().await);
    }
}
