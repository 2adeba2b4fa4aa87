//! What every handler has: the authority, and what the host decided.

use std::sync::Arc;

use provkey::authority::{Authority, Error};

use crate::config::Config;
use crate::est::CaCertificates;
use crate::problem::Problem;

/// What every handler has. Cheap to clone.
#[derive(Clone)]
pub(crate) struct App {
    authority: Authority,
    pub(crate) config: Arc<Config>,
    pub(crate) ca_certificates: CaCertificates,
}

impl App {
    pub(crate) fn new(authority: Authority, config: Config) -> Self {
        let ca_certificates = CaCertificates::default();
        Self { authority, config: Arc::new(config), ca_certificates }
    }

    /// Calls the authority, which blocks, on a thread that may.
    pub(crate) async fn call<T: Send + 'static>(
        &self,
        work: impl FnOnce(&Authority) -> Result<T, Error> + Send + 'static,
    ) -> Result<T, Problem> {
        let authority = self.authority.clone();
        match tokio::task::spawn_blocking(move || work(&authority)).await {
            Ok(result) => Ok(result?),
            Err(_) => Err(Problem::internal()),
        }
    }
}
