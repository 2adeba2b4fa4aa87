//! Guards against stores that call back into their own authority, or return too few answers.

use alloc::format;
use alloc::sync::Arc;
use alloc::vec::Vec;
use core::cell::RefCell;

use super::{
    FaultKind, Outcome, QueryError, QueryLimits, QueryResult, Record, RecordKey, ScanRange, Store,
    StoreError, StoreFault, Unit,
};

super::thread_local! {
    /// The stores that this thread is calling, by address.
    static ENTERED: RefCell<Vec<usize>> = const { RefCell::new(Vec::new()) };
}

/// An application's store, as the authority calls it.
///
/// A store that calls its own authority would wait for itself in the group commit. It gets
/// [`FaultKind::Reentrant`] instead.
pub(crate) struct Guard(Arc<dyn Store>);

impl Guard {
    pub(crate) fn new(store: Arc<dyn Store>) -> Self {
        Self(store)
    }

    /// Fails if this thread is already inside the store.
    pub(crate) fn check_not_inside(&self) -> Result<(), StoreError> {
        let inside = ENTERED.with(|entered| entered.borrow().contains(&self.address()));
        if inside {
            let message = "the store called back into its own authority";
            return Err(StoreError::NotApplied(StoreFault::new(FaultKind::Reentrant, message)));
        }
        Ok(())
    }

    pub(crate) fn get(&self, keys: &[RecordKey]) -> Result<Vec<Option<Record>>, StoreError> {
        let _entered = self.enter()?;
        let records = self.0.get(keys)?;
        check_number("records", records.len(), keys.len())?;
        Ok(records)
    }

    pub(crate) fn scan(&self, range: &ScanRange, limit: usize) -> Result<Vec<Record>, StoreError> {
        let _entered = self.enter()?;
        let mut records = self.0.scan(range, limit)?;
        records.truncate(limit);
        Ok(records)
    }

    pub(crate) fn apply(&self, units: &[Unit]) -> Result<Vec<Outcome>, StoreError> {
        let _entered = self.enter()?;
        let outcomes = self.0.apply(units)?;
        check_number("outcomes", outcomes.len(), units.len())?;
        Ok(outcomes)
    }

    pub(crate) fn query(&self, sql: &str, limits: &QueryLimits) -> Result<QueryResult, QueryError> {
        let _entered = self.enter()?;
        self.0.query(sql, limits)
    }

    fn address(&self) -> usize {
        Arc::as_ptr(&self.0).cast::<()>().addr()
    }

    fn enter(&self) -> Result<Entered, StoreError> {
        self.check_not_inside()?;
        ENTERED.with(|entered| entered.borrow_mut().push(self.address()));
        Ok(Entered)
    }
}

/// While this exists, the thread is inside a store. It is dropped even if the store panics.
struct Entered;

impl Drop for Entered {
    fn drop(&mut self) {
        ENTERED.with(|entered| entered.borrow_mut().pop());
    }
}

/// An application's store may return any number of answers. With too few, callers of one batch
/// would get each other's.
fn check_number(what: &str, got: usize, wanted: usize) -> Result<(), StoreError> {
    if got == wanted {
        return Ok(());
    }
    let message = format!("the store returned {got} {what} instead of {wanted}");
    Err(StoreError::Unknown(StoreFault::new(FaultKind::Corrupt, message)))
}
