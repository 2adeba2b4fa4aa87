//! One change of the authority: a unit with its audit record.

use alloc::format;
use alloc::vec::Vec;

use serde::Serialize;

use crate::authority::Inner;
use crate::ledger::error::Error;
use crate::ledger::records::{self, AuditRecord};
use crate::limits::ENROLL_TRIES_MAX;
use crate::random::{Random, RandomError};
use crate::store::{
    FaultKind, Operation, Outcome, Reason, RecordKey, Refused, StoreError, StoreFault, Unit,
};
use crate::time::Timestamp;

/// Operations that happen together with an audit record, which comes first: a unit that is
/// applied for the second time is refused by it, and so known to have happened.
pub(crate) struct Change {
    operations: Vec<Operation>,
}

impl Change {
    /// Begins a change that `audit` tells of.
    pub(crate) fn new(random: &dyn Random, audit: &AuditRecord) -> Result<Self, RandomError> {
        let mut tail = [0; 8];
        random.fill(&mut tail)?;
        let key = records::audit(audit.at, tail);
        let mut change = Self { operations: Vec::with_capacity(16) };
        change.expect_absent(key.clone());
        change.put(key, audit);
        Ok(change)
    }

    pub(crate) fn expect(&mut self, key: RecordKey, version: u64) {
        self.operations.push(Operation::Expect { key, version: Some(version) });
    }

    pub(crate) fn expect_absent(&mut self, key: RecordKey) {
        self.operations.push(Operation::Expect { key, version: None });
    }

    pub(crate) fn expect_unused(&mut self, counter: RecordKey) {
        self.operations.push(Operation::ExpectUnused { counter });
    }

    pub(crate) fn put<T: Serialize>(&mut self, key: RecordKey, value: &T) {
        self.put_bytes(key, records::encode(value));
    }

    pub(crate) fn put_bytes(&mut self, key: RecordKey, body: impl Into<Vec<u8>>) {
        self.operations.push(Operation::Put { key, body: body.into() });
    }

    /// Puts a record, unless this change does so already.
    pub(crate) fn put_once(&mut self, key: RecordKey, body: impl Into<Vec<u8>>) {
        if !self.operations.iter().any(|other| other.writes() && *other.key() == key) {
            self.put_bytes(key, body);
        }
    }

    pub(crate) fn delete(&mut self, key: RecordKey) {
        self.operations.push(Operation::Delete { key });
    }

    pub(crate) fn set_limit(&mut self, counter: RecordKey, limit: Option<u64>) {
        self.operations.push(Operation::SetLimit { counter, limit });
    }

    pub(crate) fn count(&mut self, counter: RecordKey, by: i64, at: Timestamp) {
        self.operations.push(Operation::Count { counter, by, at_ms: at.unix_ms() });
    }

    pub(crate) fn into_unit(self) -> Unit {
        Unit::new(self.operations)
    }
}

/// What stood in the way of a change.
pub(crate) struct Obstacle {
    /// The record.
    key: Option<RecordKey>,
    /// Why.
    pub(crate) reason: Reason,
}

impl Obstacle {
    /// Whether it is this record.
    pub(crate) fn is(&self, key: &RecordKey) -> bool {
        self.key.as_ref() == Some(key)
    }
}

/// Checks that what stood in the way of a unit may be gone at the next try.
pub(crate) fn check_passing(refused: &Refused) -> Result<(), Error> {
    let what = match refused.reason {
        Reason::Malformed => {
            let fault = StoreFault::new(FaultKind::TooLarge, "the change is too large to store");
            return Err(StoreError::NotApplied(fault).into());
        }
        Reason::WrongKind => "it is a counter where a body should be, or a body for a counter",
        Reason::BelowZero => "it counts less than there is",
        _ => return Ok(()),
    };
    let key = refused.record.as_ref().map(|record| format!("{:?}", record.key));
    Err(Error::RecordDamaged { key: key.unwrap_or_default(), what: what.into() })
}

impl Inner {
    /// Begins a change that `audit` tells of.
    pub(crate) fn change(&self, audit: &AuditRecord) -> Result<Change, Error> {
        Ok(Change::new(&*self.random, audit)?)
    }

    /// Makes a change durable, or finds what stands in its way. If that is a change of the
    /// authority itself by another process, it is known here from now on.
    pub(crate) fn apply(&self, change: Change) -> Result<Result<(), Obstacle>, Error> {
        let keys: Vec<_> =
            change.operations.iter().map(|operation| operation.key().clone()).collect();
        let refused = match self.commit.apply(change.into_unit())? {
            Outcome::Applied(_) => return Ok(Ok(())),
            Outcome::Refused(refused) => refused,
        };
        check_passing(&refused)?;
        let key = keys.into_iter().nth(refused.operation);
        let obstacle = Obstacle { key, reason: refused.reason };
        if obstacle.is(&records::authority()) {
            self.reload()?;
        }
        Ok(Err(obstacle))
    }

    /// Makes an audit record durable that goes with no other change. Nothing but the record's own
    /// presence can refuse its unit.
    pub(crate) fn note(&self, audit: &AuditRecord) -> Result<(), Error> {
        self.until_undisturbed(|| {
            let change = self.change(audit)?;
            Ok(self.apply(change)?.is_ok().then_some(()))
        })
    }

    /// Takes a step until it no longer meets changes of others (`None`). What it met may have been its
    /// own, see [`Error::after_conflict`].
    pub(crate) fn until_undisturbed<T>(
        &self,
        mut step: impl FnMut() -> Result<Option<T>, Error>,
    ) -> Result<T, Error> {
        if let Some(done) = step()? {
            return Ok(done);
        }
        for _ in 1..ENROLL_TRIES_MAX {
            if let Some(done) = step().map_err(Error::after_conflict)? {
                return Ok(done);
            }
        }
        Err(Error::Contended)
    }
}
