//! Changes: units with an audit record, applied until no other change comes first.

use alloc::format;
use alloc::string::ToString;
use alloc::vec::Vec;

use serde::Serialize;

use super::Ledger;
use super::entity::{Entity, Stored};
use super::error::{Error, InputError};
use super::model::Actor;
use super::records::{self, Action, AuditRecord};
use crate::limits::ENROLL_TRIES_MAX;
use crate::random::{Random, RandomError};
use crate::store::{
    FaultKind, Operation, Outcome, Reason, RecordKey, Refused, StoreError, StoreFault, Unit,
};
use crate::time::Timestamp;

/// Operations that are applied together with an audit record.
///
/// The audit record comes first in the unit, under a key that is never reused: a unit that is
/// applied for the second time is refused by its own audit record, and so known to have happened.
pub(crate) struct Change {
    /// The audit record. A step fills in what it knows.
    pub(crate) audit: AuditRecord,
    operations: Vec<Operation>,
    /// The caller's error if this operation is refused for this reason.
    errors: Vec<(usize, Reason, Error)>,
    skipped: bool,
}

impl Change {
    /// Begins a change that `audit` describes.
    pub(crate) fn new(audit: AuditRecord) -> Self {
        Self { audit, operations: Vec::with_capacity(16), errors: Vec::new(), skipped: false }
    }

    /// The moment of the change.
    pub(crate) fn at(&self) -> Timestamp {
        self.audit.at
    }

    /// Nothing is to be written, not even the audit record: the store is as the caller wants it.
    pub(crate) fn skip(&mut self) {
        self.skipped = true;
    }

    pub(crate) fn expect(&mut self, key: RecordKey, version: u64) {
        self.operations.push(Operation::Expect { key, version: Some(version) });
    }

    pub(crate) fn expect_absent(&mut self, key: RecordKey) -> Expectation<'_> {
        self.expectation(Operation::Expect { key, version: None }, Reason::Exists)
    }

    pub(crate) fn expect_unused(&mut self, counter: RecordKey) -> Expectation<'_> {
        self.expectation(Operation::ExpectUnused { counter }, Reason::InUse)
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

    /// Counts. The counter has to exist.
    pub(crate) fn count(&mut self, counter: RecordKey, by: i64) -> Expectation<'_> {
        let at_ms = self.at().unix_ms();
        self.expectation(Operation::Count { counter, by, at_ms }, Reason::Absent)
    }

    /// Puts a new entity and its name, which must be free.
    pub(crate) fn create<E: Entity>(&mut self, record: &E) {
        self.expect_absent(E::key(record.id()));
        self.claim_name(record);
        self.put(E::key(record.id()), record);
    }

    /// Puts the name of an entity, which must be free.
    pub(crate) fn claim_name<E: Entity>(&mut self, record: &E) {
        let by_name = E::by_name(&record.name().folded());
        self.expect_absent(by_name.clone()).or(InputError::NameInUse.about(record.name()));
        self.put_bytes(by_name, record.id().to_string());
    }

    /// Deletes an entity as it was read, its name, and its counter.
    pub(crate) fn remove<E: Entity>(&mut self, stored: &Stored<E>) {
        let id = stored.record.id();
        self.expect(E::key(id), stored.version);
        self.delete(E::key(id));
        if let Some(counter) = E::counter(id) {
            self.delete(counter);
        }
        self.delete(E::by_name(&stored.record.name().folded()));
    }

    pub(crate) fn into_unit(self, random: &dyn Random) -> Result<Unit, RandomError> {
        let mut tail = [0; 8];
        random.fill(&mut tail)?;
        let key = records::audit(self.audit.at, tail);
        let mut operations = Vec::with_capacity(self.operations.len() + 2);
        operations.push(Operation::Expect { key: key.clone(), version: None });
        operations.push(Operation::Put { key, body: records::encode(&self.audit) });
        operations.extend(self.operations);
        Ok(Unit::new(operations))
    }

    fn expectation(&mut self, operation: Operation, reason: Reason) -> Expectation<'_> {
        self.operations.push(operation);
        Expectation { change: self, reason }
    }
}

/// The operation that was added last.
pub(crate) struct Expectation<'c> {
    change: &'c mut Change,
    reason: Reason,
}

impl Expectation<'_> {
    /// If the expectation is not met, the change fails with this error instead of being retried.
    pub(crate) fn or(self, error: impl Into<Error>) {
        let index = self.change.operations.len() - 1;
        self.change.errors.push((index, self.reason, error.into()));
    }
}

/// Why a change was not applied: another change came first.
pub(crate) struct Conflict {
    key: Option<RecordKey>,
}

impl Conflict {
    /// Whether this record is the one that has changed.
    pub(crate) fn is(&self, key: &RecordKey) -> bool {
        self.key.as_ref() == Some(key)
    }
}

/// Checks that the reason why a unit was refused may be gone at the next try.
pub(crate) fn ensure_transient(refused: &Refused) -> Result<(), Error> {
    let what = match refused.reason {
        Reason::Malformed => {
            let fault = StoreFault::new(FaultKind::TooLarge, "the change is too large to store");
            return Err(StoreError::NotApplied(fault).into());
        }
        Reason::WrongKind => "the record is a counter and should be a body, or the reverse",
        Reason::BelowZero => "the counter would fall below zero",
        _ => return Ok(()),
    };
    let key = refused.record.as_ref().map(|record| format!("{:?}", record.key));
    Err(Error::RecordDamaged { key: key.unwrap_or_default(), what: what.into() })
}

impl Ledger {
    /// An audit record of this moment.
    pub(crate) fn audit(&self, actor: Option<&Actor>, action: Action) -> AuditRecord {
        let mut audit = AuditRecord::new(self.now(), action);
        audit.set_actor(actor);
        audit
    }

    /// Reads, decides and writes. `step` reads what it needs and fills in the change; if a record
    /// that the change expects has changed meanwhile, the step is taken again.
    ///
    /// A change whose outcome is unknown is settled by its audit record; see [`Change`].
    pub(crate) fn transact<T>(
        &self,
        actor: Option<&Actor>,
        action: Action,
        mut step: impl FnMut(&mut Change) -> Result<T, Error>,
    ) -> Result<T, Error> {
        self.retry_on_conflict(|| {
            let mut change = Change::new(self.audit(actor, action));
            let value = step(&mut change)?;
            if change.skipped {
                return Ok(Some(value));
            }
            Ok(self.commit(change)?.is_ok().then_some(value))
        })
    }

    /// Makes a change durable, or finds what conflicts with it. A change of the authority's own
    /// record by another process is read at once.
    pub(crate) fn commit(&self, mut change: Change) -> Result<Result<(), Conflict>, Error> {
        let errors = core::mem::take(&mut change.errors);
        let keys: Vec<_> =
            change.operations.iter().map(|operation| operation.key().clone()).collect();
        let unit = change.into_unit(self.random())?;
        // Those of the audit record come first.
        let first = unit.operations.len() - keys.len();
        let refused = match self.commit.apply(unit)? {
            Outcome::Applied(_) => return Ok(Ok(())),
            Outcome::Refused(refused) => refused,
        };
        ensure_transient(&refused)?;
        let Some(index) = refused.operation.checked_sub(first) else {
            return Ok(Err(Conflict { key: None }));
        };
        let is_refused = |(at, reason, _): &(_, _, _)| (*at, *reason) == (index, refused.reason);
        if let Some((.., error)) = errors.into_iter().find(is_refused) {
            return Err(error);
        }
        let conflict = Conflict { key: keys.into_iter().nth(index) };
        if conflict.is(&records::authority()) {
            self.reload()?;
        }
        Ok(Err(conflict))
    }

    /// Makes an audit record durable that goes with no other change. Nothing but the record's own
    /// presence can refuse its unit.
    pub(crate) fn append_audit(&self, audit: &AuditRecord) -> Result<(), Error> {
        self.retry_on_conflict(|| Ok(self.commit(Change::new(audit.clone()))?.ok()))
    }

    /// Puts one record without an audit record, if it still has this version. Whether it had.
    pub(crate) fn replace<T: Serialize>(
        &self,
        key: RecordKey,
        version: Option<u64>,
        value: &T,
    ) -> Result<bool, Error> {
        let body = records::encode(value);
        let expect = Operation::Expect { key: key.clone(), version };
        let unit = Unit::new(alloc::vec![expect, Operation::Put { key, body }]);
        match self.commit.apply(unit)? {
            Outcome::Applied(_) => Ok(true),
            Outcome::Refused(refused) => ensure_transient(&refused).map(|()| false),
        }
    }

    /// Takes a step until it meets no conflict (`None`). What it met may have been its own change,
    /// see [`Error::outcome_unknown`].
    pub(crate) fn retry_on_conflict<T>(
        &self,
        mut step: impl FnMut() -> Result<Option<T>, Error>,
    ) -> Result<T, Error> {
        if let Some(done) = step()? {
            return Ok(done);
        }
        for _ in 1..ENROLL_TRIES_MAX {
            if let Some(done) = step().map_err(Error::outcome_unknown)? {
                return Ok(done);
            }
        }
        Err(Error::Contended)
    }
}
