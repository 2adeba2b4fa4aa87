//! Who may connect when there are many.
//!
//! There is room for so many connections, and an address has its share. Once there is no room, a
//! newcomer takes the place of a connection from the address that has most of them: so whoever
//! opens as many as may be, from however many addresses, has no more than everybody else who comes.

use std::collections::{BTreeMap, BTreeSet, HashMap};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use tokio::time::Instant;

use crate::life::Life;
use crate::origin::Origin;

/// A connection that was idle for so long may be displaced by an address that has fewer.
const DISPLACED_AFTER: Duration = Duration::from_secs(1);
/// How often the search for an idle connection begins anew with the address that has most. In between
/// it goes on where it was: there may be thousands of connections to look at.
const SEARCHED_ANEW_AFTER: Duration = Duration::from_millis(20);

/// The connections that there are. Cheap to clone.
#[derive(Clone)]
pub(crate) struct Crowd(Arc<Inner>);

struct Inner {
    total_max: usize,
    each_max: usize,
    state: Mutex<State>,
}

#[derive(Default)]
struct State {
    total: usize,
    next: u64,
    /// In the order in which they came.
    by_origin: HashMap<Origin, BTreeMap<u64, Arc<Life>>>,
    /// The origins that have a share, by how many they have.
    by_count: BTreeSet<(usize, Origin)>,
    search: Option<Search>,
}

/// How far the search for an idle connection has come.
struct Search {
    begun: Instant,
    /// What is left of `by_count`.
    below: (usize, Origin),
}

/// The place of a connection, until it is dropped.
pub(crate) struct Place {
    crowd: Crowd,
    origin: Origin,
    number: u64,
}

impl Crowd {
    /// So many connections in all, and of each address.
    pub(crate) fn new(total_max: usize, each_max: usize) -> Self {
        Self(Arc::new(Inner { total_max, each_max, state: Mutex::default() }))
    }

    fn lock(&self) -> MutexGuard<'_, State> {
        self.0.state.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// A place for a connection, perhaps that of another one, which ends then.
    pub(crate) fn enter(&self, origin: Origin, life: &Arc<Life>) -> Option<Place> {
        let mut state = self.lock();
        let own = match origin {
            // Each that is behind it may be a newcomer.
            Origin::Trusted => 0,
            _ => state.count(origin),
        };
        if own >= self.0.each_max && origin != Origin::Trusted {
            return None;
        }
        if state.total >= self.0.total_max {
            let (victim, number) = state.victim(own)?;
            if let Some(displaced) = state.remove(victim, number) {
                displaced.displace();
            }
        }
        let number = state.insert(origin, Arc::clone(life));
        Some(Place { crowd: self.clone(), origin, number })
    }
}

impl State {
    fn count(&self, origin: Origin) -> usize {
        self.by_origin.get(&origin).map_or(0, BTreeMap::len)
    }

    /// Whose place an origin with so many connections may have: an idle one of an address that has
    /// more, of the one with most if possible; or any of that one if it still has no fewer then.
    fn victim(&mut self, own: usize) -> Option<(Origin, u64)> {
        self.idle(own).or_else(|| {
            let (_, origin) = self.by_count.last().filter(|(count, _)| *count > own + 1)?;
            Some((*origin, *self.by_origin.get(origin)?.first_key_value()?.0))
        })
    }

    /// A connection that is idle, of an address that has more.
    fn idle(&mut self, own: usize) -> Option<(Origin, u64)> {
        let search = self.search.take().filter(|it| it.begun.elapsed() < SEARCHED_ANEW_AFTER);
        let search = search.unwrap_or_else(Search::begin);
        let Search { begun, mut below } = search;
        let idle = |life: &Life| life.idle_for().is_some_and(|time| time >= DISPLACED_AFTER);
        let most = self.by_count.range(..below).rev().take_while(|(count, _)| *count > own);
        let found = most.inspect(|looked_at| below = **looked_at).find_map(|(_, origin)| {
            let mut connections = self.by_origin.get(origin)?.iter();
            Some((*origin, *connections.find(|(_, life)| idle(life))?.0))
        });
        self.search = Some(Search { begun, below });
        found
    }

    fn insert(&mut self, origin: Origin, life: Arc<Life>) -> u64 {
        let number = self.next;
        self.next += 1;
        self.total += 1;
        self.by_origin.entry(origin).or_default().insert(number, life);
        self.recount(origin, self.count(origin) - 1);
        number
    }

    /// `None`: it has been displaced before.
    fn remove(&mut self, origin: Origin, number: u64) -> Option<Arc<Life>> {
        let life = self.by_origin.get_mut(&origin)?.remove(&number)?;
        self.total -= 1;
        self.recount(origin, self.count(origin) + 1);
        Some(life)
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
        Self { begun: Instant::now(), below: (usize::MAX, Origin::Unknown) }
    }
}

impl Drop for Place {
    fn drop(&mut self) {
        self.crowd.lock().remove(self.origin, self.number);
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::budget::Budget;
    use tokio::time::{advance, timeout};

    struct Entered {
        life: Arc<Life>,
        _place: Place,
    }

    impl Entered {
        async fn is_displaced(&self) -> bool {
            timeout(Duration::ZERO, self.life.over()).await.is_ok()
        }
    }

    fn enter_as(crowd: &Crowd, origin: Origin) -> Option<Entered> {
        let life = Life::new(Duration::from_secs(60), Duration::from_secs(60));
        let place = crowd.enter(origin, &life)?;
        Some(Entered { life, _place: place })
    }

    fn enter(crowd: &Crowd, last: u8) -> Option<Entered> {
        enter_as(crowd, Origin::of_client(Some([192, 0, 2, last].into())))
    }

    #[tokio::test]
    async fn each_address_has_its_own_limit() {
        let crowd = Crowd::new(10, 2);
        let first = enter(&crowd, 1).unwrap();
        let _second = enter(&crowd, 1).unwrap();
        assert!(enter(&crowd, 1).is_none());
        assert!(enter(&crowd, 2).is_some());
        drop(first);
        assert!(enter(&crowd, 1).is_some());
        let proxies: Vec<_> = (0..5).map(|_| enter_as(&crowd, Origin::Trusted).unwrap()).collect();
        assert_eq!(proxies.len(), 5);
    }

    #[tokio::test(start_paused = true)]
    async fn a_newcomer_takes_the_place_of_those_who_have_most() {
        let crowd = Crowd::new(8, 4);
        let attack: Vec<_> =
            [1, 2].iter().flat_map(|last| (0..4).map(|_| enter(&crowd, *last).unwrap())).collect();
        let mut honest = Vec::new();
        for last in 3..=6 {
            honest.push(enter(&crowd, last).unwrap());
        }
        let mut displaced = 0;
        for entered in &attack {
            displaced += usize::from(entered.is_displaced().await);
        }
        assert_eq!(displaced, 4, "two of each, and they have two each now");
        for entered in &honest {
            assert!(!entered.is_displaced().await);
        }
        assert!(enter(&crowd, 1).is_none(), "who has most displaces nobody");
    }

    #[tokio::test(start_paused = true)]
    async fn among_equals_only_the_idle_are_displaced() {
        let crowd = Crowd::new(3, 4);
        let proxy = enter_as(&crowd, Origin::Trusted).unwrap();
        let [idle, busy] = [1, 2].map(|last| enter(&crowd, last).unwrap());
        let charge = Budget::new(0, 0).charge(Origin::Unknown);
        let _in_work = busy.life.request(charge);
        assert!(enter(&crowd, 3).is_none(), "it has just come");
        advance(DISPLACED_AFTER).await;
        let newcomer = enter(&crowd, 3).unwrap();
        assert!(idle.is_displaced().await);
        for other in [&proxy, &busy, &newcomer] {
            assert!(!other.is_displaced().await);
        }
        drop(idle);
        assert_eq!(crowd.lock().total, 3, "its place is not given back twice");
    }

    #[tokio::test(start_paused = true)]
    async fn an_idle_connection_is_found_among_many_that_are_busy() {
        let crowd = Crowd::new(200, 4);
        let all: Vec<_> = (1..=200).map(|last| enter(&crowd, last).unwrap()).collect();
        let budget = Budget::new(0, 0);
        let in_work = |entered: &Entered| entered.life.request(budget.charge(Origin::Unknown));
        let _in_work: Vec<_> = all[2..].iter().map(in_work).collect();
        advance(DISPLACED_AFTER).await;
        let newcomers = [201, 202].map(|last| enter(&crowd, last).unwrap());
        assert!(all[0].is_displaced().await && all[1].is_displaced().await);
        assert!(enter(&crowd, 203).is_none(), "the others are busy, or have just come");
        advance(DISPLACED_AFTER).await;
        assert!(enter(&crowd, 203).is_some());
        assert!(newcomers[0].is_displaced().await != newcomers[1].is_displaced().await);
    }

    #[tokio::test(start_paused = true)]
    async fn what_comes_through_a_trusted_proxy_is_a_newcomer() {
        let crowd = Crowd::new(6, 4);
        let _proxy = [(); 3].map(|()| enter_as(&crowd, Origin::Trusted).unwrap());
        let many = [(); 3].map(|()| enter(&crowd, 1).unwrap());
        assert!(enter_as(&crowd, Origin::Trusted).is_some());
        assert!(many[0].is_displaced().await);
    }
}
