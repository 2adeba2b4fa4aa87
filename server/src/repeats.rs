//! How often a connector is answered that got its answer before.
//!
//! A request that was answered or refused once can be captured and sent again by anyone, so it must
//! not use up what others need: the rate of a provisioning key counts new enrollments alone. Repeats
//! have rates of their own, for each pair of key and connector and for each address.

use std::net::IpAddr;
use std::time::Instant;

use crate::admission::rate_limited;
use crate::asker::Asker;
use crate::config::Config;
use crate::origin::neighborhood;
use crate::problem::Problem;
use crate::rate::Rates;

/// Counts replays, and refusals of requests that proved their key.
pub(crate) struct Repeats {
    askers: Rates<Asker>,
    addresses: Rates<IpAddr>,
    /// Which addresses have repeated anything lately.
    repeating: Rates<IpAddr>,
}

impl Repeats {
    pub(crate) fn new(config: &Config) -> Self {
        Self {
            askers: Rates::new(config.per_connector_per_second, config.per_connector_burst),
            addresses: Rates::new(config.repeats_per_second, config.repeats_burst),
            repeating: Rates::new(config.per_connector_per_second, 0),
        }
    }

    /// Refuses what may be a repeat and is over a rate.
    ///
    /// A captured request uses up the rate of its connector. The connector itself still passes: it
    /// asks from an address that has repeated nothing.
    pub(crate) fn check(
        &self,
        asker: Option<Asker>,
        address: Option<IpAddr>,
    ) -> Result<(), Problem> {
        let (now, address) = (Instant::now(), address.map(neighborhood));
        let wait = asker.and_then(|asker| self.askers.over(&asker, now));
        let repeating = address.is_none_or(|address| self.repeating.over(&address, now).is_some());
        if let Some(wait) = wait.filter(|_| repeating) {
            return Err(rate_limited("this connector repeats its request too often", wait));
        }
        if let Some(wait) = address.and_then(|address| self.addresses.over(&address, now)) {
            return Err(rate_limited("requests from this address are repeated too often", wait));
        }
        Ok(())
    }

    /// Notes a replay, or the refusal of a request that proved its key.
    pub(crate) fn count(&self, asker: Asker, address: Option<IpAddr>) {
        let now = Instant::now();
        self.askers.count(asker, now);
        if let Some(address) = address {
            self.addresses.count(neighborhood(address), now);
            self.repeating.count(neighborhood(address), now);
        }
    }
}
