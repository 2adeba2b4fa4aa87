//! What every handler has: the authority, and what the host decided.

use std::sync::Arc;

use provkey::authority::{Authority, Error};

use crate::admission::Admission;
use crate::config::Config;
use crate::est::CaCertificates;
use crate::problem::Problem;

/// What every handler has. Cheap to clone.
#[derive(Clone)]
pub(crate) struct App {
    authority: Authority,
    pub(crate) config: Arc<Config>,
    pub(crate) admission: Arc<Admission>,
    pub(crate) ca_certificates: CaCertificates,
}

impl App {
    pub(crate) fn new(authority: Authority, config: Config) -> Self {
        let ca_certificates = CaCertificates::default();
        let admission = Arc::new(Admission::new(&config));
        Self { authority, config: Arc::new(config), admission, ca_certificates }
    }

    /// Calls the authority, which blocks, on a thread that may.
    pub(crate) async fn call<T: Send + 'static>(
        &self,
        work: impl FnOnce(&Authority) -> Result<T, Error> + Send + 'static,
    ) -> Result<T, Problem> {
        let (authority, turn) = (self.authority.clone(), self.admission.call().await?);
        let work = move || {
            // Until it is done, whoever asked may be gone.
            let _turn = turn;
            work(&authority)
        };
        match tokio::task::spawn_blocking(work).await {
            Ok(result) => Ok(result?),
            Err(_) => Err(Problem::internal()),
        }
    }
}
