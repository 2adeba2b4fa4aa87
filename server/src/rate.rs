//! How often something happens, for each of many.

use std::collections::HashMap;
use std::hash::Hash;
use std::sync::{Mutex, PoisonError};
use std::time::{Duration, Instant};

/// A rate that is lower is as this: times shall not overflow.
const PER_SECOND_MIN: f64 = 1e-6;
/// Most that are remembered at a time.
const REMEMBERED_MAX: usize = 100_000;

/// Counts for each of many, and tells who is over the rate: the generic cell rate algorithm, with
/// looking and counting apart, for what counts is known only afterwards.
pub(crate) struct Rates<K> {
    /// How far apart the rate has them.
    interval: Duration,
    /// How many may come at once.
    burst: u32,
    /// When all that was counted would be over, had it come evenly.
    even: Mutex<HashMap<K, Instant>>,
}

impl<K: Eq + Hash> Rates<K> {
    /// So many at once, and so many in a second for long; without a limit for a rate of 0.
    pub(crate) fn new(per_second: f64, burst: u32) -> Self {
        let interval = match per_second > 0.0 {
            true => Duration::from_secs_f64(1.0 / per_second.max(PER_SECOND_MIN)),
            false => Duration::ZERO,
        };
        Self { interval, burst, even: Mutex::default() }
    }

    /// How long somebody who is over the rate has to wait.
    pub(crate) fn over(&self, who: &K, now: Instant) -> Option<Duration> {
        let even = self.even.lock().unwrap_or_else(PoisonError::into_inner);
        let ahead = even.get(who)?.saturating_duration_since(now);
        let wait = ahead.checked_sub(self.interval * self.burst)?;
        (!wait.is_zero()).then_some(wait)
    }

    pub(crate) fn count(&self, who: K, now: Instant) {
        if self.interval.is_zero() {
            return;
        }
        let mut even = self.even.lock().unwrap_or_else(PoisonError::into_inner);
        if even.len() >= REMEMBERED_MAX {
            even.retain(|_, even| *even > now);
            if even.len() >= REMEMBERED_MAX {
                even.clear();
            }
        }
        let even = even.entry(who).or_insert(now);
        *even = (*even).max(now) + self.interval;
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_burst_is_let_through_and_then_the_rate() {
        let (rates, start) = (Rates::new(10.0, 3), Instant::now());
        for _ in 0..3 {
            assert_eq!(rates.over(&"a", start), None);
            rates.count("a", start);
        }
        assert_eq!(rates.over(&"a", start), None);
        rates.count("a", start);
        assert_eq!(rates.over(&"a", start), Some(Duration::from_millis(100)));
        assert_eq!(rates.over(&"b", start), None, "each has its own");
        assert_eq!(rates.over(&"a", start + Duration::from_millis(100)), None);
    }

    #[test]
    fn without_a_rate_nobody_is_over_it() {
        let (rates, now) = (Rates::new(0.0, 0), Instant::now());
        (0..1000).for_each(|_| rates.count(1, now));
        assert_eq!(rates.over(&1, now), None);
    }

    #[test]
    fn a_rate_may_be_very_low() {
        let (rates, now) = (Rates::new(1e-300, u32::MAX), Instant::now());
        (0..3).for_each(|_| rates.count(1, now));
        assert_eq!(rates.over(&1, now), None);
    }

    #[test]
    fn memory_is_bounded() {
        let (rates, now) = (Rates::new(1.0, 1), Instant::now());
        (0..REMEMBERED_MAX + 10).for_each(|who| rates.count(who, now));
        assert!(rates.even.lock().unwrap().len() <= REMEMBERED_MAX);
    }
}
