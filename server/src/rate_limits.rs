//! Rate limits of enrollment.
//!
//! Anyone can capture a request and send it again, so a replay must not use up what others need:
//! the rate of a provisioning key counts new enrollments alone, which take the key. Replays, and
//! refusals of requests that proved their key, have rates of their own: per connector and key, and
//! per address. Requests that prove nothing have a rate per address.

use std::net::IpAddr;
use std::time::{Duration, Instant};

use axum::http::StatusCode;
use provkey::key::KeyId;

use crate::config::Config;
use crate::origin::client_prefix;
use crate::problem::Problem;
use crate::rate_limiter::RateLimiter;
use crate::requester::Requester;

/// What has been counted for keys, connectors and addresses.
pub(crate) struct RateLimits {
    unproven: RateLimiter<IpAddr>,
    enrollments: RateLimiter<KeyId>,
    repeats: RateLimiter<Requester>,
    repeats_by_address: RateLimiter<IpAddr>,
    /// The addresses that have repeated a request lately.
    repeating: RateLimiter<IpAddr>,
}

impl RateLimits {
    pub(crate) fn new(config: &Config) -> Self {
        Self {
            unproven: RateLimiter::new(config.unproven_per_second, config.unproven_burst),
            enrollments: RateLimiter::new(config.per_key_per_second, config.per_key_burst),
            repeats: RateLimiter::new(config.per_connector_per_second, config.per_connector_burst),
            repeats_by_address: RateLimiter::new(config.repeats_per_second, config.repeats_burst),
            repeating: RateLimiter::new(config.per_connector_per_second, 0),
        }
    }

    /// Refuses a request that claims a key which is over its rate of new enrollments.
    pub(crate) fn check_key(&self, claimed: Option<KeyId>) -> Result<(), Problem> {
        let wait = claimed.and_then(|key| self.enrollments.wait(&key, Instant::now()));
        refuse(wait, "the provisioning key is used too often")
    }

    /// Refuses a request that may be a repeat and is over a rate.
    ///
    /// A captured request uses up the rate of its connector. The connector itself still passes: its
    /// address has repeated nothing.
    pub(crate) fn check_repeat(
        &self,
        claimed: Option<Requester>,
        address: Option<IpAddr>,
    ) -> Result<(), Problem> {
        let (now, address) = (Instant::now(), address.map(client_prefix));
        let wait = claimed.and_then(|requester| self.repeats.wait(&requester, now));
        let repeating = address.is_none_or(|address| self.repeating.wait(&address, now).is_some());
        refuse(wait.filter(|_| repeating), "this connector repeats its request too often")?;
        let wait = address.and_then(|address| self.repeats_by_address.wait(&address, now));
        refuse(wait, "requests from this address are repeated too often")
    }

    /// How long an address that is over its rate of unproven requests has to wait.
    pub(crate) fn unproven_wait(&self, address: Option<IpAddr>) -> Option<Duration> {
        self.unproven.wait(&client_prefix(address?), Instant::now())
    }

    /// Counts a request that proved nothing.
    pub(crate) fn count_unproven(&self, address: Option<IpAddr>) {
        if let Some(address) = address {
            self.unproven.count(client_prefix(address), Instant::now());
        }
    }

    /// Counts a new enrollment with this key.
    pub(crate) fn count_enrollment(&self, key: KeyId) {
        self.enrollments.count(key, Instant::now());
    }

    /// Counts a replay, or the refusal of a request that proved its key.
    pub(crate) fn count_repeat(&self, requester: Requester, address: Option<IpAddr>) {
        let now = Instant::now();
        self.repeats.count(requester, now);
        if let Some(address) = address.map(client_prefix) {
            self.repeats_by_address.count(address, now);
            self.repeating.count(address, now);
        }
    }
}

fn refuse(wait: Option<Duration>, detail: &str) -> Result<(), Problem> {
    wait.map_or(Ok(()), |wait| Err(rate_limited(detail, wait)))
}

/// RFC 6585, 4.
pub(crate) fn rate_limited(detail: &str, wait: Duration) -> Problem {
    let seconds = wait.as_secs().clamp(1, 60);
    Problem::new("rate_limited", StatusCode::TOO_MANY_REQUESTS, detail).retry_after(seconds)
}
