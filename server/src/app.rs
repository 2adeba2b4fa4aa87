//! The state of every handler, and its calls of the authority.

use std::net::IpAddr;
use std::sync::Arc;
use std::time::Duration;

use axum::body::Bytes;
use axum::http::StatusCode;
use provkey::authority::{Authority, Error};
use tracing::Instrument as _;

use crate::config::Config;
use crate::fair_semaphore::Permit;
use crate::keyring::{self, call_with_fresh_keyring};
use crate::memory_pool::MemoryPool;
use crate::permits::Permits;
use crate::problem::Problem;
use crate::rate_limits::RateLimits;
use crate::single_flight::SingleFlight;

const CA_CERTIFICATES_FRESH_FOR: Duration = Duration::from_secs(5);
const READINESS_FRESH_FOR: Duration = Duration::from_secs(1);
/// `Retry-After` of a request that needs a missing master key.
const MASTER_KEY_RETRY_SECONDS: u64 = 5;

/// What `/readyz` answers.
pub(crate) type Readiness = Result<&'static str, Problem>;

/// The state of every handler. Cheap to clone.
#[derive(Clone)]
pub(crate) struct App {
    authority: Authority,
    pub(crate) config: Arc<Config>,
    pub(crate) permits: Arc<Permits>,
    pub(crate) rate_limits: Arc<RateLimits>,
    /// The memory of request bodies.
    pub(crate) bodies: MemoryPool,
    /// The response to `cacerts`.
    pub(crate) ca_certificates: SingleFlight<Result<Bytes, Problem>>,
    /// The response to `/readyz`.
    pub(crate) readiness: SingleFlight<Readiness>,
}

impl App {
    pub(crate) fn new(authority: Authority, config: Config) -> Self {
        Self {
            authority,
            permits: Arc::new(Permits::new(&config)),
            rate_limits: Arc::new(RateLimits::new(&config)),
            bodies: MemoryPool::new(config.bodies_bytes_max, config.bodies_bytes_per_address_max),
            config: Arc::new(config),
            ca_certificates: SingleFlight::new(CA_CERTIFICATES_FRESH_FOR),
            readiness: SingleFlight::new(READINESS_FRESH_FOR),
        }
    }

    /// Calls the authority for a connector, and responds. Once the call has begun, both are done
    /// even if the client hangs up: hanging up must not bypass the rate limits.
    pub(crate) async fn call_for_connector<T: Send + 'static, R: Send + 'static>(
        &self,
        address: Option<IpAddr>,
        work: impl Fn(&Authority) -> Result<T, Error> + Send + 'static,
        respond: impl FnOnce(Result<T, Problem>) -> R + Send + 'static,
    ) -> Result<R, Problem> {
        let permit = self.permits.connector(address).await?;
        let app = self.clone();
        let done = async move {
            let called = app.call_blocking(Some(permit), work).await;
            respond(called.and_then(|called| called.map_err(|error| app.problem(error))))
        };
        tokio::spawn(done.in_current_span()).await.map_err(|_| Problem::internal())
    }

    /// Calls the authority for an administrator.
    pub(crate) async fn call_for_administrator<T: Send + 'static>(
        &self,
        address: Option<IpAddr>,
        work: impl Fn(&Authority) -> Result<T, Error> + Send + 'static,
    ) -> Result<Result<T, Error>, Problem> {
        let permit = self.permits.administrator(address).await?;
        self.call_blocking(Some(permit), work).await
    }

    /// Calls the authority on the blocking pool. A call that is made once at a time needs no
    /// permit.
    pub(crate) async fn call_blocking<T: Send + 'static>(
        &self,
        permit: Option<Permit>,
        work: impl Fn(&Authority) -> Result<T, Error> + Send + 'static,
    ) -> Result<Result<T, Error>, Problem> {
        let (authority, keyring) = (self.authority.clone(), self.config.keyring.clone());
        let work = move || {
            // The call holds its permit until it returns, even if the client is gone.
            let _permit = permit;
            call_with_fresh_keyring(keyring.as_ref(), &authority, work)
        };
        tokio::task::spawn_blocking(work).await.map_err(|_| Problem::internal())
    }

    /// The problem that an error of the authority is to the client. A missing master key is worth a
    /// retry if its file is read again.
    pub(crate) fn problem(&self, error: Error) -> Problem {
        let retryable = keyring::is_missing(&error) && self.config.keyring.is_some();
        let problem = Problem::from(error);
        if !retryable {
            return problem;
        }
        let problem = Problem { status: StatusCode::SERVICE_UNAVAILABLE, ..problem };
        problem.retry_after(MASTER_KEY_RETRY_SECONDS)
    }
}
