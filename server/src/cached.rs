//! Answers that anybody may ask for, and that the store is therefore not asked for each time.

use std::future::Future;
use std::sync::Arc;
use std::time::Duration;

use tokio::sync::Mutex;
use tokio::time::{Instant, timeout};

use crate::problem::Problem;

/// How long somebody waits for an answer that is being made.
const WAIT_MAX: Duration = Duration::from_secs(10);

/// The answer that was made last. At most one is being made at a time, even if whoever asked for
/// it has gone. Cheap to clone.
#[derive(Clone)]
pub(crate) struct Cached<T> {
    fresh_for: Duration,
    last: Arc<Mutex<Option<(Instant, T)>>>,
}

impl<T: Clone + Send + 'static> Cached<T> {
    pub(crate) fn new(fresh_for: Duration) -> Self {
        Self { fresh_for, last: Arc::default() }
    }

    /// The last answer, if it is fresh, else what `make` makes.
    pub(crate) async fn get<F>(&self, make: impl FnOnce() -> F) -> Result<T, Problem>
    where
        F: Future<Output = T> + Send + 'static,
    {
        let waiting = timeout(WAIT_MAX, Arc::clone(&self.last).lock_owned()).await;
        let mut last = waiting.map_err(|_| Problem::busy())?;
        if let Some((_, answer)) = last.as_ref().filter(|(made, _)| made.elapsed() < self.fresh_for)
        {
            return Ok(answer.clone());
        }
        let making = make();
        let made = tokio::spawn(async move {
            let answer = making.await;
            *last = Some((Instant::now(), answer.clone()));
            answer
        });
        match timeout(WAIT_MAX, made).await {
            Ok(Ok(answer)) => Ok(answer),
            Ok(Err(_)) => Err(Problem::internal()),
            Err(_) => Err(Problem::busy()),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::sync::atomic::{AtomicUsize, Ordering};
    use tokio::time::{advance, sleep};

    static MADE: AtomicUsize = AtomicUsize::new(0);

    async fn slowly() -> usize {
        sleep(Duration::from_secs(3)).await;
        MADE.fetch_add(1, Ordering::Relaxed)
    }

    #[tokio::test(start_paused = true)]
    async fn an_answer_is_made_once_for_all_who_ask() {
        let cached = Cached::new(Duration::from_secs(1));
        // Whoever asks first is gone soon.
        assert!(timeout(Duration::from_secs(1), cached.get(slowly)).await.is_err());
        let (one, two) = tokio::join!(cached.get(slowly), cached.get(slowly));
        assert_eq!((one.unwrap(), two.unwrap()), (0, 0));
        advance(Duration::from_secs(1)).await;
        assert_eq!(cached.get(slowly).await.unwrap(), 1);
    }

    #[tokio::test(start_paused = true)]
    async fn an_answer_that_does_not_come_is_not_waited_for() {
        let cached = Cached::<()>::new(Duration::from_secs(1));
        for _ in 0..2 {
            let problem = cached.get(std::future::pending).await.unwrap_err();
            assert_eq!(problem.code, "server_busy");
        }
    }
}
