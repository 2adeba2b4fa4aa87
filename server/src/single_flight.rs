//! Responses that are public, and therefore not read from the store for each request.

use std::future::Future;
use std::sync::Arc;
use std::time::Duration;

use tokio::sync::Mutex;
use tokio::time::{Instant, timeout};

use crate::problem::Problem;

/// How long a request waits for a response that is being made.
const WAIT_MAX: Duration = Duration::from_secs(10);

/// The latest response, which is made once for all requests that wait for it, even if the request
/// that began it is gone. Cheap to clone.
#[derive(Clone)]
pub(crate) struct SingleFlight<T> {
    fresh_for: Duration,
    latest: Arc<Mutex<Option<(Instant, T)>>>,
}

impl<T: Clone + Send + 'static> SingleFlight<T> {
    pub(crate) fn new(fresh_for: Duration) -> Self {
        Self { fresh_for, latest: Arc::default() }
    }

    /// The latest response while it is fresh, else a new one.
    pub(crate) async fn get<F>(&self, make: impl FnOnce() -> F) -> Result<T, Problem>
    where
        F: Future<Output = T> + Send + 'static,
    {
        let locked = timeout(WAIT_MAX, Arc::clone(&self.latest).lock_owned()).await;
        let mut latest = locked.map_err(|_| Problem::busy())?;
        if let Some((made_at, response)) = &*latest
            && made_at.elapsed() < self.fresh_for
        {
            return Ok(response.clone());
        }
        let making = make();
        let made = tokio::spawn(async move {
            let response = making.await;
            *latest = Some((Instant::now(), response.clone()));
            response
        });
        match timeout(WAIT_MAX, made).await {
            Ok(Ok(response)) => Ok(response),
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
    async fn a_response_is_made_once_for_all_requests() {
        let shared = SingleFlight::new(Duration::from_secs(1));
        // The request that begins it is gone soon.
        assert!(timeout(Duration::from_secs(1), shared.get(slowly)).await.is_err());
        let (one, two) = tokio::join!(shared.get(slowly), shared.get(slowly));
        assert_eq!((one.unwrap(), two.unwrap()), (0, 0));
        advance(Duration::from_secs(1)).await;
        assert_eq!(shared.get(slowly).await.unwrap(), 1);
    }

    #[tokio::test(start_paused = true)]
    async fn a_response_that_takes_too_long_is_not_waited_for() {
        let shared = SingleFlight::<()>::new(Duration::from_secs(1));
        for _ in 0..2 {
            let problem = shared.get(std::future::pending).await.unwrap_err();
            assert_eq!(problem.code, "server_busy");
        }
    }
}
