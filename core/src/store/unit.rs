//! Units: operations that happen together, and their outcome.

use alloc::vec::Vec;

use super::{Counter, Record, RecordKey, Value};
use crate::limits::{COUNT_MAX, RECORD_BODY_BYTES_MAX, UNIT_OPERATIONS_MAX};

/// Operations that happen together or not at all.
///
/// All checks of a unit are decided on the state before the unit. A unit writes each key at most
/// once.
///
/// ```
/// use provkey::store::{Memory, Operation, Outcome, RecordKey, Store, Unit};
///
/// let store = Memory::new();
/// let key = RecordKey::new("greeting").expect("1 to 512 bytes");
/// let create = Unit::new(vec![
///     Operation::Expect { key: key.clone(), version: None },
///     Operation::Put { key, body: b"hello".to_vec() },
/// ]);
/// assert!(matches!(store.apply(&[create.clone()])?[0], Outcome::Applied(_)));
/// assert!(matches!(store.apply(&[create])?[0], Outcome::Refused(_)));
/// # Ok::<(), provkey::store::StoreError>(())
/// ```
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Unit {
    /// The operations. If several checks fail, the first is reported.
    pub operations: Vec<Operation>,
}

/// One operation of a [`Unit`].
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum Operation {
    /// Checks that the record has this version, or that it is absent.
    Expect {
        /// The record, a body or a counter.
        key: RecordKey,
        /// The version that it must have; `None`: it must be absent.
        version: Option<u64>,
    },
    /// Checks that the counter exists and is 0.
    ExpectUnused {
        /// The counter.
        counter: RecordKey,
    },
    /// Writes a body, whether or not there was one. Refused if the record is a counter.
    Put {
        /// The record.
        key: RecordKey,
        /// Its new body.
        body: Vec<u8>,
    },
    /// Deletes a record, body or counter, if there is one.
    Delete {
        /// The record.
        key: RecordKey,
    },
    /// Sets the limit of a counter, and creates the counter at 0 if it is absent. `used` does not
    /// change, and may be above the limit. Refused if the record is a body.
    SetLimit {
        /// The counter.
        counter: RecordKey,
        /// Its new limit.
        limit: Option<u64>,
    },
    /// Adds `by` to a counter. Refused if the counter is absent, if a positive `by` would exceed
    /// the limit, or if a negative one would go below 0. A positive `by` also raises `last_at_ms`
    /// to `at_ms`.
    Count {
        /// The counter.
        counter: RecordKey,
        /// How much to add, not 0.
        by: i64,
        /// When, in Unix milliseconds.
        at_ms: u64,
    },
}

impl Operation {
    /// The record that the operation checks or changes.
    pub fn key(&self) -> &RecordKey {
        match self {
            Self::Expect { key, .. } | Self::Put { key, .. } | Self::Delete { key } => key,
            Self::ExpectUnused { counter }
            | Self::SetLimit { counter, .. }
            | Self::Count { counter, .. } => counter,
        }
    }

    /// Decides the operation on its record as it was before the unit. Returns the new counter for
    /// [`Self::SetLimit`] and [`Self::Count`]. All stores call this function, so that all decide
    /// alike.
    ///
    /// # Errors
    /// Why the operation is refused.
    pub fn decide(&self, head: Option<Head>) -> Result<Option<Counter>, Reason> {
        match self {
            Self::Expect { version: None, .. } => match head {
                Some(_) => Err(Reason::Exists),
                None => Ok(None),
            },
            Self::Expect { version: Some(version), .. } => match head {
                Some(head) if head.version == *version => Ok(None),
                Some(_) => Err(Reason::Changed),
                None => Err(Reason::Absent),
            },
            Self::ExpectUnused { .. } => match existing_counter(head)?.used {
                0 => Ok(None),
                _ => Err(Reason::InUse),
            },
            Self::Put { .. } => match head {
                Some(Head { counter: Some(_), .. }) => Err(Reason::WrongKind),
                _ => Ok(None),
            },
            Self::Delete { .. } => Ok(None),
            Self::SetLimit { limit, .. } => {
                let counter = match head {
                    Some(_) => existing_counter(head)?,
                    None => Counter::default(),
                };
                Ok(Some(Counter { limit: *limit, ..counter }))
            }
            Self::Count { by, at_ms, .. } => existing_counter(head)?.count(*by, *at_ms).map(Some),
        }
    }

    /// Whether the operation changes its record.
    pub fn writes(&self) -> bool {
        !matches!(self, Self::Expect { .. } | Self::ExpectUnused { .. })
    }
}

/// A record without its body, which is all that an operation is decided on.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Head {
    /// Its version.
    pub version: u64,
    /// The counter; `None` if the record is a body.
    pub counter: Option<Counter>,
}

impl Record {
    /// The record without its body.
    pub fn head(&self) -> Head {
        let counter = match self.value {
            Value::Counter(counter) => Some(counter),
            Value::Body(_) => None,
        };
        Head { version: self.version, counter }
    }
}

fn existing_counter(head: Option<Head>) -> Result<Counter, Reason> {
    head.ok_or(Reason::Absent)?.counter.ok_or(Reason::WrongKind)
}

impl Counter {
    fn count(self, by: i64, at_ms: u64) -> Result<Self, Reason> {
        if by < 0 {
            let used = self.used.checked_sub(by.unsigned_abs()).ok_or(Reason::BelowZero)?;
            return Ok(Self { used, ..self });
        }
        let most = self.limit.unwrap_or(COUNT_MAX);
        let used = self.used.checked_add(by.unsigned_abs()).filter(|used| *used <= most);
        let used = used.ok_or(Reason::LimitReached)?;
        Ok(Self { used, last_at_ms: self.last_at_ms.max(Some(at_ms)), ..self })
    }
}

impl Unit {
    /// A unit of these operations.
    pub fn new(operations: Vec<Operation>) -> Self {
        Self { operations }
    }

    /// Its size: the bytes of all its keys and bodies.
    pub fn bytes(&self) -> usize {
        let size = |operation: &Operation| {
            let body = if let Operation::Put { body, .. } = operation { body.len() } else { 0 };
            operation.key().as_bytes().len() + body
        };
        self.operations.iter().map(size).sum()
    }

    /// Checks the form of the unit, without any record. Every store checks this first, and answers
    /// [`Reason::Malformed`] for the wrong operation.
    ///
    /// # Errors
    /// [`Malformed`]: which operation is wrong, and why.
    pub fn check_form(&self) -> Result<(), Malformed> {
        let malformed = |operation, what| Err(Malformed { operation, what });
        if self.operations.len() > UNIT_OPERATIONS_MAX {
            return malformed(UNIT_OPERATIONS_MAX, "too many operations");
        }
        for (index, operation) in self.operations.iter().enumerate() {
            match operation {
                Operation::Put { body, .. } if body.len() > RECORD_BODY_BYTES_MAX => {
                    return malformed(index, "the body is too long");
                }
                Operation::SetLimit { limit: Some(limit), .. } if *limit > COUNT_MAX => {
                    return malformed(index, "the limit is too high");
                }
                Operation::Count { by: 0, .. } => return malformed(index, "counts nothing"),
                Operation::Count { at_ms, .. } if *at_ms > COUNT_MAX => {
                    return malformed(index, "the moment is too late");
                }
                _ => {}
            }
            let twice = |earlier: &Operation| earlier.writes() && earlier.key() == operation.key();
            if operation.writes() && self.operations[..index].iter().any(twice) {
                return malformed(index, "writes a record for the second time");
            }
        }
        Ok(())
    }
}

/// Why no store can apply a [`Unit`].
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("operation {operation}: {what}")]
pub struct Malformed {
    /// The index of the operation.
    pub operation: usize,
    /// What is wrong with it.
    pub what: &'static str,
}

/// The outcome of one [`Unit`].
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Outcome {
    /// All of it was applied. Contains the counters of its [`Count`](Operation::Count) and
    /// [`SetLimit`](Operation::SetLimit) operations, in their order, as they were right after it.
    Applied(Vec<Counter>),
    /// Nothing of it was applied.
    Refused(Refused),
}

/// The first operation of a unit whose check failed, and why.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Refused {
    /// The index of the operation.
    pub operation: usize,
    /// Why.
    pub reason: Reason,
    /// The record that failed the check, as it was; `None` if it was absent.
    pub record: Option<Record>,
}

/// Why a unit was refused.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum Reason {
    /// `Expect` with `None`, but the record exists.
    Exists,
    /// `Expect` with a version, `ExpectUnused` or `Count`, but the record is absent.
    Absent,
    /// `Expect` with a version, but the record has another.
    Changed,
    /// `ExpectUnused`, but the counter is not 0.
    InUse,
    /// `Count` would exceed the limit.
    LimitReached,
    /// `Count` would go below 0.
    BelowZero,
    /// The operation needs a counter and the record is a body, or the reverse.
    WrongKind,
    /// The unit fails [`Unit::check_form`].
    Malformed,
}
