//! How many connections each address has.

use std::collections::HashMap;
use std::net::{IpAddr, Ipv6Addr};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

/// Counts those who are there by address. Whoever has as many as may be does not enter.
#[derive(Clone)]
pub(crate) struct Crowd(Arc<Inner>);

struct Inner {
    each_max: usize,
    there: Mutex<HashMap<IpAddr, usize>>,
}

impl Inner {
    fn lock(&self) -> MutexGuard<'_, HashMap<IpAddr, usize>> {
        self.there.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// Someone who is there, until it is dropped.
pub(crate) struct Place {
    crowd: Crowd,
    address: IpAddr,
}

impl Crowd {
    pub(crate) fn new(each_max: usize) -> Self {
        Self(Arc::new(Inner { each_max, there: Mutex::default() }))
    }

    pub(crate) fn enter(&self, address: IpAddr) -> Option<Place> {
        let address = neighborhood(address);
        let mut there = self.0.lock();
        let count = there.entry(address).or_default();
        if *count >= self.0.each_max {
            return None;
        }
        *count += 1;
        Some(Place { crowd: self.clone(), address })
    }
}

impl Drop for Place {
    fn drop(&mut self) {
        let mut there = self.crowd.0.lock();
        if let Some(count) = there.get_mut(&self.address) {
            *count -= 1;
            if *count == 0 {
                there.remove(&self.address);
            }
        }
    }
}

/// What one subscriber has: an IPv4 address, or a /64 of IPv6, in which addresses cost nothing.
pub(crate) fn neighborhood(address: IpAddr) -> IpAddr {
    match address.to_canonical() {
        IpAddr::V6(address) => {
            let bits = u128::from(address) >> 64 << 64;
            Ipv6Addr::from(bits).into()
        }
        v4 => v4,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn each_address_has_its_own_limit() {
        let crowd = Crowd::new(2);
        let enter = |address: &str| crowd.enter(address.parse().unwrap());
        let first = enter("192.0.2.1").unwrap();
        let _second = enter("::ffff:192.0.2.1").unwrap();
        assert!(enter("192.0.2.1").is_none());
        let _v6 = (enter("2001:db8::1").unwrap(), enter("2001:db8::2").unwrap());
        assert!(enter("2001:db8::3").is_none());
        assert!(enter("2001:db8:0:1::3").is_some());
        drop(first);
        assert!(enter("192.0.2.1").is_some());
    }
}
