//! A store that kills its process (SIGKILL) before or after one of its calls.

use std::env;
use std::num::ParseIntError;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};

use nix::sys::signal::{Signal, kill};
use nix::unistd::Pid;
use provkey::store::{Outcome, Record, RecordKey, ScanRange, Store, StoreError, Unit};

/// The moment at which a worker is killed: 2n is before the n-th call of its store, 2n + 1
/// after it.
pub const KILL_AT: &str = "PROVKEY_TEST_KILL_AT";

struct KillingStore {
    store: Arc<dyn Store>,
    /// The remaining moments.
    left: AtomicUsize,
}

/// Wraps the store so that it kills this process at the moment in [`KILL_AT`], if that is set.
///
/// # Errors
/// If [`KILL_AT`] is not a number.
pub fn killing(store: Arc<dyn Store>) -> Result<Arc<dyn Store>, ParseIntError> {
    let Ok(moment) = env::var(KILL_AT) else { return Ok(store) };
    Ok(Arc::new(KillingStore { store, left: AtomicUsize::new(moment.parse()?) }))
}

impl KillingStore {
    fn moment(&self) {
        let less = |left: usize| left.checked_sub(1);
        if self.left.fetch_update(Ordering::SeqCst, Ordering::SeqCst, less).is_err() {
            kill(Pid::this(), Signal::SIGKILL).expect("it is our own process");
        }
    }

    fn call<T>(&self, call: impl FnOnce(&dyn Store) -> T) -> T {
        self.moment();
        let result = call(&*self.store);
        self.moment();
        result
    }
}

impl Store for KillingStore {
    fn get(&self, keys: &[RecordKey]) -> Result<Vec<Option<Record>>, StoreError> {
        self.call(|store| store.get(keys))
    }

    fn scan(&self, range: &ScanRange, limit: usize) -> Result<Vec<Record>, StoreError> {
        self.call(|store| store.scan(range, limit))
    }

    fn apply(&self, units: &[Unit]) -> Result<Vec<Outcome>, StoreError> {
        self.call(|store| store.apply(units))
    }
}
