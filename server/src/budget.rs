//! How much memory clients may make the server use.
//!
//! What is buffered for a client is charged before it is kept. An address has its share, and the
//! last third of the whole is for addresses that use little: whoever fills the rest from many
//! addresses leaves it to those who come to enroll.

use std::collections::HashMap;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use crate::origin::Origin;

/// What an address may use of the last third.
const LITTLE: usize = 128 * 1024;

/// Bytes that are shared by all. Cheap to clone.
#[derive(Clone)]
pub(crate) struct Budget(Arc<Inner>);

struct Inner {
    total_max: usize,
    each_max: usize,
    used: Mutex<Used>,
}

#[derive(Default)]
struct Used {
    total: usize,
    by_origin: HashMap<Origin, usize>,
}

/// Bytes that are in use, until it is dropped.
pub(crate) struct Charge {
    budget: Budget,
    origin: Origin,
    bytes: usize,
}

impl Budget {
    /// So many bytes in all, and for each address.
    pub(crate) fn new(total_max: usize, each_max: usize) -> Self {
        Self(Arc::new(Inner { total_max, each_max, used: Mutex::default() }))
    }

    /// A charge of nothing yet.
    pub(crate) fn charge(&self, origin: Origin) -> Charge {
        Charge { budget: self.clone(), origin, bytes: 0 }
    }

    fn lock(&self) -> MutexGuard<'_, Used> {
        self.0.used.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn allows(&self, origin: Origin, own: usize, total: usize) -> bool {
        let Inner { total_max, each_max, .. } = *self.0;
        match origin {
            Origin::Trusted => total <= total_max,
            _ => {
                own <= each_max
                    && total <= if own <= LITTLE { total_max } else { total_max / 3 * 2 }
            }
        }
    }
}

impl Charge {
    /// Makes it so many bytes. If that is more than there may be, nothing changes.
    #[must_use]
    pub(crate) fn set(&mut self, bytes: usize) -> bool {
        if bytes == self.bytes {
            return true;
        }
        let mut used = self.budget.lock();
        let own = used.by_origin.get(&self.origin).copied().unwrap_or_default();
        let (own, total) = (own - self.bytes + bytes, used.total - self.bytes + bytes);
        if bytes > self.bytes && !self.budget.allows(self.origin, own, total) {
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

impl Drop for Charge {
    fn drop(&mut self) {
        let _ = self.set(0);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn origin(last: u8) -> Origin {
        Origin::of_client(Some([192, 0, 2, last].into()))
    }

    #[test]
    fn an_address_has_its_share() {
        let budget = Budget::new(3000 * 1024, 1000 * 1024);
        let mut charges: Vec<_> = (0..4).map(|_| budget.charge(origin(1))).collect();
        assert!(charges[0].set(900 * 1024));
        assert!(!charges[1].set(101 * 1024), "not more than its share");
        assert!(charges[1].set(100 * 1024));
        assert!(charges[0].set(800 * 1024), "less is always possible");
        assert!(charges[1].set(200 * 1024));
        charges.clear();
        assert!(budget.lock().by_origin.is_empty() && budget.lock().total == 0);
    }

    #[test]
    fn the_last_third_is_for_those_who_use_little() {
        let budget = Budget::new(3000 * 1024, 1000 * 1024);
        let mut many = [1, 2].map(|last| budget.charge(origin(last)));
        assert!(many.iter_mut().all(|charge| charge.set(1000 * 1024)));
        let mut more = budget.charge(origin(3));
        assert!(!more.set(LITTLE + 1));
        assert!(more.set(LITTLE));
        let mut proxy = budget.charge(Origin::Trusted);
        assert!(proxy.set(800 * 1024));
        assert!(!proxy.set(1000 * 1024));
    }
}
