//! What every handler has: the authority, and what the host decided.

use std::sync::Arc;

use provkey::authority::{Authority, Error};

use crate::Config;
use crate::problem::Problem;

/// What every handler has. Cheap to clone.
#[derive(Clone)]
pub(crate) struct App {
    authority: Authority,
    pub(crate) config: Arc<Config>,
}

impl App {
    pub(crate) fn new(authority: Authority, config: Config) -> Self {
        Self { authority, config: Arc::new(config) }
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
