//! When to ask again.

use std::time::{Duration, Instant};

use provkey::random::{Random as _, SystemRandom};

use super::trouble::Trouble;

const FIRST: Duration = Duration::from_secs(1);
const LONGEST: Duration = Duration::from_secs(60);

/// How often it was asked, and until when it is asked again.
pub(super) struct Retry {
    ceiling: Duration,
    begun: Instant,
    patience: Duration,
}

impl Retry {
    pub(super) fn new(patience: Duration) -> Self {
        Self { ceiling: FIRST, begun: Instant::now(), patience }
    }

    /// How long to wait: anywhere up to a ceiling that doubles, so that many who failed together
    /// do not come back together; and as long as the server asks for. `None`: do not ask again.
    pub(super) fn wait(&mut self, trouble: &Trouble) -> Option<Duration> {
        if !trouble.retryable {
            return None;
        }
        // What a server asks for may be any number.
        let jitter = self.ceiling.mul_f64(random_share());
        let wait = jitter.saturating_add(trouble.retry_after.unwrap_or_default());
        self.ceiling = (self.ceiling * 2).min(LONGEST);
        (self.begun.elapsed().saturating_add(wait) < self.patience).then_some(wait)
    }
}

/// From 0 to 1.
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
    fn what_does_not_pass_is_not_tried_again_and_what_does_ever_more_slowly() {
        let mut retry = Retry::new(Duration::from_secs(3600));
        assert_eq!(retry.wait(&Trouble::new("key_invalid", "")), None);
        let passing = Trouble::passing("dns_failed", "");
        for ceiling in [1, 2, 4, 8, 16, 32, 60, 60] {
            assert!(retry.wait(&passing).unwrap() <= Duration::from_secs(ceiling));
        }
        let asked = Trouble { retry_after: Some(Duration::from_secs(100)), ..passing };
        assert!(retry.wait(&asked).unwrap() >= Duration::from_secs(100));
        assert_eq!(Retry::new(Duration::from_secs(1)).wait(&asked), None);
        assert_eq!(Retry::new(Duration::ZERO).wait(&Trouble::passing("dns_failed", "")), None);
        let never = Trouble { retry_after: Some(Duration::MAX), ..asked };
        assert_eq!(retry.wait(&never), None);
        assert_eq!(Retry::new(Duration::MAX).wait(&never), None);
    }
}
