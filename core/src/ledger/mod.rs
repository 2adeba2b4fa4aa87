//! Everything that talks to the store: records, changes, listings. The authority is built on it;
//! nothing here imports from the authority.
//!
//! Read-decide-write is [`Ledger::transact`]: a step reads what it needs, decides, and fills in a
//! [`Change`]; the ledger applies the change, and repeats the step if another change came first.

mod change;
mod entity;
pub(crate) mod error;
mod kinds;
pub(crate) mod listing;
pub(crate) mod model;
pub(crate) mod observer;
pub(crate) mod records;
mod state;
mod subject;

pub(crate) use change::{Change, ensure_transient};
pub(crate) use entity::{Entity, Stored};
pub(crate) use kinds::HoldsKey;
pub(crate) use state::{State, describe_master, missing_masters};

use alloc::string::String;
use alloc::sync::Arc;
use alloc::vec::Vec;
use std::sync::{PoisonError, RwLock};

use self::error::Error;
use self::observer::{Event, Observer};
use crate::key::{Host, Keyring};
use crate::limits::SCAN_RECORDS_MAX;
use crate::random::Random;
use crate::store::{
    GroupCommit, GroupRead, Guard, Operation, Outcome, QueryError, QueryLimits, QueryResult,
    Record, RecordKey, ScanRange, Store, StoreError, Unit,
};
use crate::time::{Clock, Timestamp};

/// The store of an authority, and what every change of it needs.
pub(crate) struct Ledger {
    store: Arc<Guard>,
    /// Reads what enrollments and renewals are decided on.
    reads: GroupRead,
    commit: GroupCommit,
    clock: Arc<dyn Clock>,
    random: Arc<dyn Random>,
    observer: Option<Arc<dyn Observer>>,
    state: RwLock<Arc<State>>,
}

impl Ledger {
    /// Opens the ledger that a store holds. The keyring must have every master key that the
    /// authority knows.
    pub(crate) fn open(
        store: Arc<dyn Store>,
        clock: Arc<dyn Clock>,
        random: Arc<dyn Random>,
        observer: Option<Arc<dyn Observer>>,
        keyring: Keyring,
    ) -> Result<Self, Error> {
        let commit = GroupCommit::new(store);
        let store = commit.store();
        let state = State::read(&store, Arc::new(keyring))?;
        let reads = GroupRead::new(Arc::clone(&store));
        let state = RwLock::new(Arc::new(state));
        Ok(Self { store, reads, commit, clock, random, observer, state })
    }

    pub(crate) fn now(&self) -> Timestamp {
        self.clock.now()
    }

    pub(crate) fn random(&self) -> &dyn Random {
        &*self.random
    }

    pub(crate) fn notify(&self, event: &Event) {
        if let Some(observer) = &self.observer {
            observer.observe(event);
        }
    }

    /// The record that the last durable change of this process made: usually its audit record.
    pub(crate) fn latest_change(&self) -> Option<RecordKey> {
        self.commit.latest()
    }

    /// Checks that the store accepts changes, by a unit that changes nothing. It bypasses the group
    /// commit, which would take it for the latest change.
    pub(crate) fn check_writable(&self) -> Result<(), StoreError> {
        let unit = Unit::new(alloc::vec![Operation::Expect {
            key: records::never_written(),
            version: None
        }]);
        self.store.apply(&[unit]).map(drop)
    }

    /// Applies units in one batch. Each is applied or refused independently.
    pub(crate) fn apply_together(&self, units: Vec<Unit>) -> Result<Vec<Outcome>, StoreError> {
        self.commit.apply_together(units)
    }
}

/// Reading.
impl Ledger {
    pub(crate) fn get(&self, keys: &[RecordKey]) -> Result<Vec<Option<Record>>, StoreError> {
        self.store.get(keys)
    }

    /// Reads `N` records from one snapshot.
    pub(crate) fn get_array<const N: usize>(
        &self,
        keys: [RecordKey; N],
    ) -> Result<[Option<Record>; N], StoreError> {
        let found = self.store.get(&keys)?;
        Ok(found.try_into().expect("a guarded store answers as many records as were asked for"))
    }

    /// Reads records together with other callers that read at the same moment.
    pub(crate) fn get_shared(&self, keys: &[RecordKey]) -> Result<Vec<Option<Record>>, StoreError> {
        self.reads.get(keys)
    }

    /// Reads the body of a record, with its version.
    pub(crate) fn read<T: serde::de::DeserializeOwned>(
        &self,
        key: RecordKey,
    ) -> Result<Option<(u64, T)>, Error> {
        state::read(&self.store, key)
    }

    /// Reads an index entry.
    pub(crate) fn read_text(&self, key: RecordKey) -> Result<Option<String>, Error> {
        let [record] = self.get_array([key])?;
        record.map(|record| records::text(&record).map(Into::into)).transpose()
    }

    /// The first record of a range.
    pub(crate) fn first(&self, range: &ScanRange) -> Result<Option<Record>, StoreError> {
        Ok(self.store.scan(range, 1)?.into_iter().next())
    }

    /// Whether any record has a key that begins with `prefix`.
    pub(crate) fn any(&self, prefix: String) -> Result<bool, StoreError> {
        Ok(self.first(&ScanRange::prefix(prefix))?.is_some())
    }

    /// All records whose keys begin with `prefix`, page by page. Each page is one snapshot.
    pub(crate) fn pages(
        &self,
        prefix: impl Into<Vec<u8>>,
    ) -> impl Iterator<Item = Result<Vec<Record>, StoreError>> {
        let mut range = Some(ScanRange::prefix(prefix));
        core::iter::from_fn(move || {
            let mut next = range.take()?;
            let page = match self.store.scan(&next, SCAN_RECORDS_MAX) {
                Ok(page) => page,
                Err(error) => return Some(Err(error)),
            };
            next.after = Some(page.last()?.key.clone());
            range = Some(next);
            Some(Ok(page))
        })
    }

    /// Answers one SELECT over the views of the store.
    pub(crate) fn query(&self, sql: &str, limits: &QueryLimits) -> Result<QueryResult, QueryError> {
        self.store.query(sql, limits)
    }
}

/// The authority's own record.
impl Ledger {
    pub(crate) fn state(&self) -> Arc<State> {
        Arc::clone(&self.state.read().unwrap_or_else(PoisonError::into_inner))
    }

    /// Reads the authority's record again, with the same master keys. Another process may have
    /// rotated, so the keyring may lack a master key; calls that do not need it still work.
    pub(crate) fn reload(&self) -> Result<(), Error> {
        let state = State::read_any(&self.store, Arc::clone(&self.state().keyring))?;
        let mut current = self.state.write().unwrap_or_else(PoisonError::into_inner);
        // The keyring may have been replaced meanwhile.
        *current = Arc::new(State { keyring: Arc::clone(&current.keyring), ..state });
        Ok(())
    }

    /// Whether the authority has a host. A host that it lacks causes a read of the store: another
    /// process may have added it.
    pub(crate) fn has_host(&self, host: &Host) -> Result<bool, Error> {
        let known = || self.state().record.hosts.contains(host);
        if known() {
            return Ok(true);
        }
        self.reload()?;
        Ok(known())
    }

    /// Reads the authority's record again, with other master keys.
    pub(crate) fn reload_with(&self, keyring: Arc<Keyring>) -> Result<(), Error> {
        let state = State::read(&self.store, keyring)?;
        *self.state.write().unwrap_or_else(PoisonError::into_inner) = Arc::new(state);
        Ok(())
    }

    /// Replaces the keyring after checking it against the authority's record, and starts over if
    /// another thread replaced the state meanwhile.
    pub(crate) fn replace_keyring(&self, keyring: Keyring) -> Result<(), Error> {
        let keyring = Arc::new(keyring);
        self.retry_on_conflict(|| {
            let before = self.state();
            let state = State::read(&self.store, Arc::clone(&keyring))?;
            let mut current = self.state.write().unwrap_or_else(PoisonError::into_inner);
            let unchanged = Arc::ptr_eq(&current, &before);
            if unchanged {
                *current = Arc::new(state);
            }
            Ok(unchanged.then_some(()))
        })
    }
}
