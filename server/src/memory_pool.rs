//! Limits on the memory that clients make the server use.
//!
//! Memory is reserved before anything is buffered for a client. A client has a limit, and the last
//! third of the pool is for clients that use little: an attacker who fills the rest from many
//! addresses leaves it to the connectors that come to enroll.

use std::collections::HashMap;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use crate::origin::Origin;

/// A client that uses at most this much may use the last third.
const SMALL_USE_BYTES_MAX: usize = 128 * 1024;

/// A number of bytes that all clients share. Cheap to clone.
#[derive(Clone)]
pub(crate) struct MemoryPool(Arc<Inner>);

struct Inner {
    total_max: usize,
    per_client_max: usize,
    used: Mutex<Used>,
}

#[derive(Default)]
struct Used {
    total: usize,
    by_origin: HashMap<Origin, usize>,
}

/// Reserved bytes, until it is dropped.
pub(crate) struct Reservation {
    pool: MemoryPool,
    origin: Origin,
    bytes: usize,
}

impl MemoryPool {
    pub(crate) fn new(total_max: usize, per_client_max: usize) -> Self {
        Self(Arc::new(Inner { total_max, per_client_max, used: Mutex::default() }))
    }

    /// An empty reservation.
    pub(crate) fn reserve(&self, origin: Origin) -> Reservation {
        Reservation { pool: self.clone(), origin, bytes: 0 }
    }

    fn lock(&self) -> MutexGuard<'_, Used> {
        self.0.used.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn allows(&self, origin: Origin, own: usize, total: usize) -> bool {
        let Inner { total_max, per_client_max, .. } = *self.0;
        let shared_max = if own <= SMALL_USE_BYTES_MAX { total_max } else { total_max / 3 * 2 };
        match origin {
            Origin::Trusted => total <= total_max,
            _ => own <= per_client_max && total <= shared_max,
        }
    }
}

impl Reservation {
    /// Resizes the reservation. If a limit forbids that, nothing changes; shrinking never fails.
    #[must_use]
    pub(crate) fn try_resize(&mut self, bytes: usize) -> bool {
        if bytes == self.bytes {
            return true;
        }
        let mut used = self.pool.lock();
        let own = used.by_origin.get(&self.origin).copied().unwrap_or_default();
        let (own, total) = (own - self.bytes + bytes, used.total - self.bytes + bytes);
        if bytes > self.bytes && !self.pool.allows(self.origin, own, total) {
            return false;
        }
        used.total = total;
        match own {
            0 => drop(used.by_origin.remove(&self.origin)),
            _ => drop(used.by_origin.insert(self.origin, own)),
        }
        self.bytes = bytes;
        true
    }
}

impl Drop for Reservation {
    fn drop(&mut self) {
        let _ = self.try_resize(0);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn origin(last: u8) -> Origin {
        Origin::of_client(Some([192, 0, 2, last].into()))
    }

    #[test]
    fn a_client_has_its_limit() {
        let pool = MemoryPool::new(3000 * 1024, 1000 * 1024);
        let mut reservations: Vec<_> = (0..4).map(|_| pool.reserve(origin(1))).collect();
        assert!(reservations[0].try_resize(900 * 1024));
        assert!(!reservations[1].try_resize(101 * 1024), "a client stays within its limit");
        assert!(reservations[1].try_resize(100 * 1024));
        assert!(reservations[0].try_resize(800 * 1024), "shrinking never fails");
        assert!(reservations[1].try_resize(200 * 1024));
        reservations.clear();
        assert!(pool.lock().by_origin.is_empty() && pool.lock().total == 0);
    }

    #[test]
    fn the_last_third_is_for_clients_that_use_little() {
        let pool = MemoryPool::new(3000 * 1024, 1000 * 1024);
        let mut many = [1, 2].map(|last| pool.reserve(origin(last)));
        assert!(many.iter_mut().all(|reservation| reservation.try_resize(1000 * 1024)));
        let mut more = pool.reserve(origin(3));
        assert!(!more.try_resize(SMALL_USE_BYTES_MAX + 1));
        assert!(more.try_resize(SMALL_USE_BYTES_MAX));
        let mut proxy = pool.reserve(Origin::Trusted);
        assert!(proxy.try_resize(800 * 1024));
        assert!(!proxy.try_resize(1000 * 1024));
    }
}
