//! Rates of events, counted per key.

use std::collections::HashMap;
use std::hash::Hash;
use std::sync::{Mutex, PoisonError};
use std::time::{Duration, Instant};

/// A lower rate is raised to this one: its interval would overflow.
const PER_SECOND_MIN: f64 = 1e-6;
const KEYS_MAX: usize = 100_000;

/// The generic cell rate algorithm per key. Checking and counting are separate, because a request
/// is counted by its outcome.
pub(crate) struct RateLimiter<K> {
    /// The time between two events at the sustained rate.
    interval: Duration,
    burst: u32,
    /// The theoretical arrival time of each key's next event.
    arrivals: Mutex<HashMap<K, Instant>>,
}

impl<K: Eq + Hash> RateLimiter<K> {
    /// Allows `burst` events at once and `per_second` sustained; a rate of 0 is no limit.
    pub(crate) fn new(per_second: f64, burst: u32) -> Self {
        let interval = match per_second > 0.0 {
            true => Duration::from_secs_f64(1.0 / per_second.max(PER_SECOND_MIN)),
            false => Duration::ZERO,
        };
        Self { interval, burst, arrivals: Mutex::default() }
    }

    /// How long a key that is over the rate has to wait; `None` if it is not.
    pub(crate) fn wait(&self, key: &K, now: Instant) -> Option<Duration> {
        let arrivals = self.arrivals.lock().unwrap_or_else(PoisonError::into_inner);
        let ahead = arrivals.get(key)?.saturating_duration_since(now);
        let wait = ahead.checked_sub(self.interval * self.burst)?;
        (!wait.is_zero()).then_some(wait)
    }

    pub(crate) fn count(&self, key: K, now: Instant) {
        if self.interval.is_zero() {
            return;
        }
        let mut arrivals = self.arrivals.lock().unwrap_or_else(PoisonError::into_inner);
        if arrivals.len() >= KEYS_MAX {
            arrivals.retain(|_, arrival| *arrival > now);
            if arrivals.len() >= KEYS_MAX {
                arrivals.clear();
            }
        }
        let arrival = arrivals.entry(key).or_insert(now);
        *arrival = (*arrival).max(now) + self.interval;
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_burst_passes_and_then_the_rate() {
        let (rates, start) = (RateLimiter::new(10.0, 3), Instant::now());
        for _ in 0..3 {
            assert_eq!(rates.wait(&"a", start), None);
            rates.count("a", start);
        }
        assert_eq!(rates.wait(&"a", start), None);
        rates.count("a", start);
        assert_eq!(rates.wait(&"a", start), Some(Duration::from_millis(100)));
        assert_eq!(rates.wait(&"b", start), None, "each key has its own rate");
        assert_eq!(rates.wait(&"a", start + Duration::from_millis(100)), None);
    }

    #[test]
    fn a_rate_of_zero_is_no_limit() {
        let (rates, now) = (RateLimiter::new(0.0, 0), Instant::now());
        (0..1000).for_each(|_| rates.count(1, now));
        assert_eq!(rates.wait(&1, now), None);
    }

    #[test]
    fn a_rate_may_be_very_low() {
        let (rates, now) = (RateLimiter::new(1e-300, u32::MAX), Instant::now());
        (0..3).for_each(|_| rates.count(1, now));
        assert_eq!(rates.wait(&1, now), None);
    }

    #[test]
    fn memory_is_bounded() {
        let (rates, now) = (RateLimiter::new(1.0, 1), Instant::now());
        (0..KEYS_MAX + 10).for_each(|key| rates.count(key, now));
        assert!(rates.arrivals.lock().unwrap().len() <= KEYS_MAX);
    }
}
