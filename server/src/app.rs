//! What every handler has: the authority, and what the host decided.

use std::net::IpAddr;
use std::sync::Arc;
use std::time::Duration;

use axum::body::Bytes;
use axum::http::StatusCode;
use provkey::authority::{Authority, Error};
use tracing::Instrument as _;

use crate::admission::Admission;
use crate::budget::Budget;
use crate::cached::Cached;
use crate::config::Config;
use crate::keyring::{self, with_masters};
use crate::lane::Permit;
use crate::operations::Readiness;
use crate::problem::Problem;
use crate::repeats::Repeats;

/// How long the answers are given again that anybody may ask for.
const CA_CERTIFICATES_FRESH_FOR: Duration = Duration::from_secs(5);
/// When to ask again for what needs a master key that is missing.
const MASTER_KEY_RETRY_SECONDS: u64 = 5;
const READINESS_FRESH_FOR: Duration = Duration::from_secs(1);

/// What every handler has. Cheap to clone.
#[derive(Clone)]
pub(crate) struct App {
    authority: Authority,
    pub(crate) config: Arc<Config>,
    pub(crate) admission: Arc<Admission>,
    pub(crate) repeats: Arc<Repeats>,
    /// What the bodies of requests use.
    pub(crate) bodies: Budget,
    /// The answer to `cacerts`.
    pub(crate) ca_certificates: Cached<Result<Bytes, Problem>>,
    /// The answer to `/readyz`.
    pub(crate) readiness: Cached<Readiness>,
}

impl App {
    pub(crate) fn new(authority: Authority, config: Config) -> Self {
        Self {
            authority,
            admission: Arc::new(Admission::new(&config)),
            repeats: Arc::new(Repeats::new(&config)),
            bodies: Budget::new(config.bodies_bytes_max, config.bodies_bytes_per_address_max),
            config: Arc::new(config),
            ca_certificates: Cached::new(CA_CERTIFICATES_FRESH_FOR),
            readiness: Cached::new(READINESS_FRESH_FOR),
        }
    }

    /// Calls the authority for a connector that asks from this address, and responds. Once called,
    /// both are done even if whoever asked hangs up: else nobody who does would be counted.
    pub(crate) async fn call<T: Send + 'static, R: Send + 'static>(
        &self,
        address: Option<IpAddr>,
        work: impl Fn(&Authority) -> Result<T, Error> + Send + 'static,
        respond: impl FnOnce(Result<T, Problem>) -> R + Send + 'static,
    ) -> Result<R, Problem> {
        let permit = self.admission.connector(address).await?;
        let app = self.clone();
        let done = async move {
            let called = app.block(Some(permit), work).await;
            respond(called.and_then(|called| called.map_err(|error| app.problem(error))))
        };
        tokio::spawn(done.in_current_span()).await.map_err(|_| Problem::internal())
    }

    /// Calls the authority for an administrator who asks from this address.
    pub(crate) async fn administer<T: Send + 'static>(
        &self,
        address: Option<IpAddr>,
        work: impl Fn(&Authority) -> Result<T, Error> + Send + 'static,
    ) -> Result<Result<T, Error>, Problem> {
        let permit = self.admission.administrator(address).await?;
        self.block(Some(permit), work).await
    }

    /// Calls the authority, which blocks, on a thread that may. Without a permit: for what is called
    /// once at a time.
    pub(crate) async fn block<T: Send + 'static>(
        &self,
        permit: Option<Permit>,
        work: impl Fn(&Authority) -> Result<T, Error> + Send + 'static,
    ) -> Result<Result<T, Error>, Problem> {
        let (authority, keyring) = (self.authority.clone(), self.config.keyring.clone());
        let work = move || {
            // Until it is done, whoever asked may be gone.
            let _permit = permit;
            with_masters(keyring.as_ref(), &authority, work)
        };
        tokio::task::spawn_blocking(work).await.map_err(|_| Problem::internal())
    }

    /// What an error of the authority is to whoever asked. A master key that is missing is found as
    /// soon as it is in the place that is read again.
    pub(crate) fn problem(&self, error: Error) -> Problem {
        let passes = keyring::is_missing(&error) && self.config.keyring.is_some();
        let problem = Problem::from(error);
        if !passes {
            return problem;
        }
        let problem = Problem { status: StatusCode::SERVICE_UNAVAILABLE, ..problem };
        problem.retry_after(MASTER_KEY_RETRY_SECONDS)
    }
}
