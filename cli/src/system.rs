//! What the library leaves to its host: the clock, randomness, and who is acting.

use std::sync::Arc;
use std::time::SystemTime;

use nix::unistd::{Uid, User};
use provkey::authority::Environment;
use provkey::random::{Random, RandomError};
use provkey::store::Store;
use provkey::time::{Clock, Timestamp};

/// The clock of the machine.
pub(crate) struct SystemClock;

impl Clock for SystemClock {
    fn now(&self) -> Timestamp {
        SystemTime::now().into()
    }
}

/// The random numbers of the operating system.
pub(crate) struct SystemRandom;

impl Random for SystemRandom {
    fn fill(&self, bytes: &mut [u8]) -> Result<(), RandomError> {
        getrandom::getrandom(bytes).map_err(|_| RandomError)
    }
}

/// The environment of an authority that lives in this store.
pub(crate) fn environment(store: Arc<dyn Store>) -> Environment {
    let (clock, random) = (Arc::new(SystemClock), Arc::new(SystemRandom));
    Environment { store, clock, random, observer: None }
}

/// Who is acting, for the audit trail: the user that this process runs as.
pub(crate) fn actor() -> String {
    let uid = Uid::effective();
    let user = User::from_uid(uid).ok().flatten();
    user.map_or_else(|| format!("cli:uid {uid}"), |user| format!("cli:{}", user.name))
}
