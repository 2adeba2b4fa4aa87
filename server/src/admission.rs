//! Who is served when many ask.
//!
//! Connectors and administrators have permits apart, and in both lanes address neighborhoods take
//! turns ([`Lane`]): what one sends makes another wait for a permit or two, not for all of it.
//!
//! Whether a key or an admin token is proven costs some microseconds to find out, so nobody waits
//! longer for that because of what else came from the same address. A renewal is proven by two
//! signatures, which whoever asks may choose to be expensive: from an address from which much comes
//! that proves nothing, renewals are answered one after the other. What is counted for a key is only
//! a new enrollment, so nobody who does not hold the key can use up its rate, not even with a
//! captured request (`repeats.rs`).

use std::net::IpAddr;
use std::time::{Duration, Instant};

use axum::http::StatusCode;
use provkey::key::KeyId;

use crate::config::Config;
use crate::lane::{Lane, Permit};
use crate::origin::neighborhood;
use crate::problem::Problem;
use crate::rate::Rates;

/// How many renewals are checked at a time for addresses that are over the rate, and for one of them.
const SUSPECT: (usize, usize) = (2, 1);
/// One neighborhood may have this part of a lane's permits.
const SHARE: usize = 4;

/// Who is served, and when.
pub(crate) struct Admission {
    connectors: Lane,
    administrators: Lane,
    suspects: Lane,
    unproven: Rates<IpAddr>,
    keys: Rates<KeyId>,
}

impl Admission {
    pub(crate) fn new(config: &Config) -> Self {
        Self {
            connectors: Lane::new(config.calls_max, config.calls_max / SHARE),
            administrators: Lane::new(
                config.administrator_calls_max,
                config.administrator_calls_max / SHARE,
            ),
            suspects: Lane::new(SUSPECT.0, SUSPECT.1),
            unproven: Rates::new(config.unproven_per_second, config.unproven_burst),
            keys: Rates::new(config.per_key_per_second, config.per_key_burst),
        }
    }

    /// Waits for a turn to call the authority for a connector.
    pub(crate) async fn connector(&self, address: Option<IpAddr>) -> Result<Permit, Problem> {
        self.connectors.enter(address).await.ok_or_else(Problem::busy)
    }

    /// Waits for a turn to call the authority for an administrator.
    pub(crate) async fn administrator(&self, address: Option<IpAddr>) -> Result<Permit, Problem> {
        self.administrators.enter(address).await.ok_or_else(Problem::busy)
    }

    /// Refuses a request that claims to hold a key which is used too often.
    pub(crate) fn check_rate(&self, claimed: Option<KeyId>) -> Result<(), Problem> {
        let over = claimed.and_then(|key| self.keys.over(&key, Instant::now()));
        over.map_or(Ok(()), |wait| {
            Err(rate_limited("the provisioning key is used too often", wait))
        })
    }

    /// Lets a request in whose proof is expensive to check. What is returned is kept until it is
    /// answered.
    pub(crate) async fn check_expensive(
        &self,
        address: Option<IpAddr>,
    ) -> Result<Option<Permit>, Problem> {
        let over =
            address.and_then(|address| self.unproven.over(&neighborhood(address), Instant::now()));
        let Some(wait) = over else { return Ok(None) };
        self.suspects
            .enter(address)
            .await
            .map(Some)
            .ok_or_else(|| rate_limited("too many requests from this address prove nothing", wait))
    }

    /// Notes a request that proved nothing.
    pub(crate) fn unproven(&self, address: Option<IpAddr>) {
        if let Some(address) = address {
            self.unproven.count(neighborhood(address), Instant::now());
        }
    }

    /// Notes a new enrollment with this key.
    pub(crate) fn enrolled(&self, key: KeyId) {
        self.keys.count(key, Instant::now());
    }
}

/// RFC 6585, 4.
pub(crate) fn rate_limited(detail: &str, wait: Duration) -> Problem {
    let seconds = wait.as_secs().clamp(1, 60);
    Problem::new("rate_limited", StatusCode::TOO_MANY_REQUESTS, detail).retry_after(seconds)
}
