//! [`PostgresOptions`]: how many connections, and how long a call waits.

use std::time::Duration;

/// How a [`PostgresStore`](crate::PostgresStore) is used. `Default` suits most nodes.
#[derive(Clone, Debug)]
#[non_exhaustive]
pub struct PostgresOptions {
    /// How many connections the store opens at most. 8 by default; at least 1.
    pub connections_max: usize,
    /// How long a call waits for a connection or for a lock before it fails with `store_busy`.
    /// 10 seconds by default.
    pub busy_timeout: Duration,
}

impl PostgresOptions {
    /// These options with another [`Self::connections_max`].
    #[must_use]
    pub fn connections_max(self, connections_max: usize) -> Self {
        Self { connections_max, ..self }
    }

    /// These options with another [`Self::busy_timeout`].
    #[must_use]
    pub fn busy_timeout(self, busy_timeout: Duration) -> Self {
        Self { busy_timeout, ..self }
    }
}

impl Default for PostgresOptions {
    fn default() -> Self {
        Self { connections_max: 8, busy_timeout: Duration::from_secs(10) }
    }
}
