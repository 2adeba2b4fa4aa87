//! [`SqliteOptions`]: how long a call waits for a lock.

use std::time::Duration;

/// How a [`SqliteStore`](crate::SqliteStore) is used. `Default` suits most applications.
#[derive(Clone, Debug)]
#[non_exhaustive]
pub struct SqliteOptions {
    /// How long a call waits for another process that writes before it fails with `store_busy`.
    /// 10 seconds by default.
    pub busy_timeout: Duration,
}

impl SqliteOptions {
    /// These options with another [`Self::busy_timeout`].
    #[must_use]
    pub fn busy_timeout(self, busy_timeout: Duration) -> Self {
        Self { busy_timeout }
    }
}

impl Default for SqliteOptions {
    fn default() -> Self {
        Self { busy_timeout: Duration::from_secs(10) }
    }
}
