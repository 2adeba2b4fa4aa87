//! Permits to call the authority.
//!
//! Connectors and administrators have separate permits, and clients take turns for both
//! ([`FairSemaphore`]): however many requests one client sends, another waits for a permit or two.
//!
//! A forged key or admin token costs microseconds to detect, so no client waits because others at
//! its address forge. A renewal costs two signature checks, which an attacker may choose to be
//! expensive: from an address over its rate of unproven requests, renewals are checked one at a
//! time.

use std::net::IpAddr;

use crate::config::Config;
use crate::fair_semaphore::{FairSemaphore, Permit};
use crate::problem::Problem;

/// How many renewals from addresses over their rate are checked at a time.
const SUSPECT_RENEWALS_MAX: usize = 2;
/// One client may hold this part of the permits.
const CLIENT_SHARE: usize = 4;

/// Permits to call the authority.
pub(crate) struct Permits {
    connectors: FairSemaphore,
    administrators: FairSemaphore,
    suspect_renewals: FairSemaphore,
}

impl Permits {
    pub(crate) fn new(config: &Config) -> Self {
        let shared = |permits| FairSemaphore::new(permits, permits / CLIENT_SHARE);
        Self {
            connectors: shared(config.calls_max),
            administrators: shared(config.administrator_calls_max),
            suspect_renewals: FairSemaphore::new(SUSPECT_RENEWALS_MAX, 1),
        }
    }

    /// Waits for a permit to call the authority for a connector.
    pub(crate) async fn connector(&self, address: Option<IpAddr>) -> Result<Permit, Problem> {
        self.connectors.acquire(address).await.ok_or_else(Problem::busy)
    }

    /// Waits for a permit to call the authority for an administrator.
    pub(crate) async fn administrator(&self, address: Option<IpAddr>) -> Result<Permit, Problem> {
        self.administrators.acquire(address).await.ok_or_else(Problem::busy)
    }

    /// Waits for a permit to check a renewal from an address over its rate.
    pub(crate) async fn suspect_renewal(&self, address: Option<IpAddr>) -> Option<Permit> {
        self.suspect_renewals.acquire(address).await
    }
}
