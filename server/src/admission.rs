//! Who is served when many ask.
//!
//! Whether a key is proven costs less to find out than to remember who asked, so nobody is turned
//! away for what others have sent from the same address. But an address from which much comes that
//! proves nothing has a lane of its own, a narrow one: it slows down nobody else, and those behind it
//! who hold a key still pass. What is counted for a key is only what proved it, so nobody who does
//! not hold the key can use up its rate.

use std::net::IpAddr;
use std::sync::Arc;
use std::time::{Duration, Instant};

use axum::http::StatusCode;
use provkey::key::KeyId;
use tokio::sync::{OwnedSemaphorePermit, Semaphore};
use tokio::time::timeout;

use crate::config::Config;
use crate::crowd::neighborhood;
use crate::problem::Problem;
use crate::rate::Rates;

/// How long a request waits for its turn.
const WAIT_MAX: Duration = Duration::from_secs(10);
/// How many requests the narrow lane takes at a time.
const NARROW: usize = 2;

/// Who is served, and when.
pub(crate) struct Admission {
    calls: Arc<Semaphore>,
    narrow: Arc<Semaphore>,
    unproven: Rates<IpAddr>,
    keys: Rates<KeyId>,
}

impl Admission {
    pub(crate) fn new(config: &Config) -> Self {
        Self {
            calls: Arc::new(Semaphore::new(config.calls_max)),
            narrow: Arc::new(Semaphore::new(NARROW)),
            unproven: Rates::new(config.unproven_per_second, config.unproven_burst),
            keys: Rates::new(config.per_key_per_second, config.per_key_burst),
        }
    }

    /// Waits for a turn to call the authority.
    pub(crate) async fn call(&self) -> Result<OwnedSemaphorePermit, Problem> {
        let turn = timeout(WAIT_MAX, Arc::clone(&self.calls).acquire_owned()).await;
        turn.ok().and_then(Result::ok).ok_or_else(|| {
            let status = StatusCode::SERVICE_UNAVAILABLE;
            Problem::new("server_busy", status, "the server has too much to do").retry_after(5)
        })
    }

    /// Lets a request in that claims to hold a key. What is returned is kept until it is answered.
    pub(crate) async fn enter(
        &self,
        address: Option<IpAddr>,
        claimed: Option<KeyId>,
    ) -> Result<Option<OwnedSemaphorePermit>, Problem> {
        let now = Instant::now();
        if let Some(wait) = claimed.and_then(|key| self.keys.over(&key, now)) {
            return Err(rate_limited("the provisioning key is used too often", wait));
        }
        let over = address.and_then(|address| self.unproven.over(&neighborhood(address), now));
        let Some(wait) = over else { return Ok(None) };
        let lane = timeout(WAIT_MAX, Arc::clone(&self.narrow).acquire_owned()).await;
        let lane = lane.ok().and_then(Result::ok);
        lane.map(Some).ok_or_else(|| {
            rate_limited("too many requests from this address prove no provisioning key", wait)
        })
    }

    /// Notes a request that proved nothing.
    pub(crate) fn unproven(&self, address: Option<IpAddr>) {
        if let Some(address) = address {
            self.unproven.count(neighborhood(address), Instant::now());
        }
    }

    /// Notes a request that proved this key.
    pub(crate) fn proven(&self, key: KeyId) {
        self.keys.count(key, Instant::now());
    }
}

/// RFC 6585, 4.
fn rate_limited(detail: &str, wait: Duration) -> Problem {
    let seconds = wait.as_secs().clamp(1, 60);
    Problem::new("rate_limited", StatusCode::TOO_MANY_REQUESTS, detail).retry_after(seconds)
}
