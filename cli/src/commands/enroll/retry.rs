//! When to try again.

use std::time::{Duration, Instant};

use provkey::random::{Random as _, SystemRandom};

use super::attempt_error::AttemptError;

const FIRST_CEILING: Duration = Duration::from_secs(1);
const LAST_CEILING: Duration = Duration::from_secs(60);

/// The time since the first attempt, and the longest wait before the next.
pub(super) struct Retry {
    ceiling: Duration,
    started: Instant,
    time_max: Duration,
}

impl Retry {
    pub(super) fn new(time_max: Duration) -> Self {
        Self { ceiling: FIRST_CEILING, started: Instant::now(), time_max }
    }

    /// How long to wait before the next attempt, or `None` to give up. The wait is random, up to a
    /// ceiling that doubles, so that connectors that failed together do not retry together. The
    /// time that the server asks for is added.
    pub(super) fn next_wait(&mut self, error: &AttemptError) -> Option<Duration> {
        if !error.retryable {
            return None;
        }
        // A server may ask for any time.
        let jitter = self.ceiling.mul_f64(random_share());
        let wait = jitter.saturating_add(error.retry_after.unwrap_or_default());
        self.ceiling = (self.ceiling * 2).min(LAST_CEILING);
        (self.started.elapsed().saturating_add(wait) < self.time_max).then_some(wait)
    }
}

/// A random number from 0 to 1.
fn random_share() -> f64 {
    let mut bytes = [0; 2];
    match SystemRandom.fill(&mut bytes) {
        Ok(()) => f64::from(u16::from_be_bytes(bytes)) / f64::from(u16::MAX),
        Err(_) => 1.0,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_transient_errors_are_retried_and_ever_more_slowly() {
        let mut retry = Retry::new(Duration::from_secs(3600));
        assert_eq!(retry.next_wait(&AttemptError::new("key_invalid", "")), None);
        let transient = AttemptError::transient("dns_failed", "");
        for ceiling in [1, 2, 4, 8, 16, 32, 60, 60] {
            assert!(retry.next_wait(&transient).unwrap() <= Duration::from_secs(ceiling));
        }
        let asked = AttemptError { retry_after: Some(Duration::from_secs(100)), ..transient };
        assert!(retry.next_wait(&asked).unwrap() >= Duration::from_secs(100));
        assert_eq!(Retry::new(Duration::from_secs(1)).next_wait(&asked), None);
        assert_eq!(
            Retry::new(Duration::ZERO).next_wait(&AttemptError::transient("dns_failed", "")),
            None
        );
        let never = AttemptError { retry_after: Some(Duration::MAX), ..asked };
        assert_eq!(retry.next_wait(&never), None);
        assert_eq!(Retry::new(Duration::MAX).next_wait(&never), None);
    }
}
